using Azure.Storage.Queues.Models;
using EightByEight.Connector.Conversations;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Takes the wake-ups that the host gave up on.</summary>
public sealed class ParkConversation(ConversationWorker worker)
{
    /// <summary>Puts back what has attempts left and parks the rest.</summary>
    [Function(nameof(ParkConversation))]
    public Task RunAsync([QueueTrigger("conversations-poison")] QueueMessage message, CancellationToken cancellationToken) =>
        worker.ReviveAsync(message.MessageText, cancellationToken);
}
