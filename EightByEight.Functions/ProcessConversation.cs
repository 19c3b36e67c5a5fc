using Azure.Storage.Queues.Models;
using EightByEight.Connector.Conversations;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Runs the Flow for the conversation that a wake-up names, and answers 8x8.</summary>
public sealed class ProcessConversation(ConversationWorker worker)
{
    /// <summary>The host has decoded the Base64 of the message; <see cref="QueueMessage.MessageText"/> is the wake-up.</summary>
    [Function(nameof(ProcessConversation))]
    public Task RunAsync([QueueTrigger("conversations")] QueueMessage message, CancellationToken cancellationToken) =>
        worker.ProcessAsync(message.MessageText, message.DequeueCount, cancellationToken);
}
