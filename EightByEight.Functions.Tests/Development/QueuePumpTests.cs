using System.Collections.Concurrent;
using System.Text.Json;
using Azure.Core;
using Azure.Storage.Queues;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.DevHost;
using EightByEight.Functions.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Development;

/// <summary>DevHost treats queues as the Functions host does.</summary>
public sealed class QueuePumpTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_message_that_was_received_too_often_goes_to_the_poison_queue_untried_and_stays_until_it_is_taken()
    {
        var account = azurite.NewAccount();
        var queue = new QueueClient(account, "conversations", new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });
        await queue.CreateAsync(cancellationToken: TestContext.Current.CancellationToken);
        await queue.SendMessageAsync(
            new WakeUp { Key = ConversationKey.Of("endpoint", "untried").ToString() }.ToMessage(), TestContext.Current.CancellationToken);
        // Somebody took it and died.
        await queue.ReceiveMessageAsync(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        var requests = new Requests();

        await using var connector = await TestConnector.StartAsync(azurite, storage: account,
            options: new Dictionary<string, string?>(TestConnector.Quick) { ["DevHost:Queues:MaxDequeueCount"] = "1" },
            configure: builder => builder.Services.AddSingleton<HttpPipelinePolicyPerCall>(requests));

        await Eventually.GetAsync(() => connector.Logs.Lines.Count(line => line.Contains("came back from the poison queue", StringComparison.Ordinal)),
            revived => revived == 1, "a message from the poison queue", null, connector.Logs);
        Assert.Contains(requests.Seen, request =>
            request.StartsWith("POST ", StringComparison.Ordinal) && request.Contains("/conversations-poison/messages", StringComparison.Ordinal)
            && request.Contains("messagettl=-1", StringComparison.Ordinal));
        Assert.DoesNotContain(requests.Seen, request => request.Contains("untried", StringComparison.Ordinal));
    }

    [Fact]
    public void Its_defaults_are_those_of_host_json()
    {
        var queues = JsonDocument.Parse(Repository.Read("host.json")).RootElement.GetProperty("extensions").GetProperty("queues");
        var defaults = new QueuePumpOptions();

        Assert.Equal(queues.GetProperty("maxDequeueCount").GetInt32(), defaults.MaxDequeueCount);
        Assert.Equal(queues.GetProperty("visibilityTimeout").GetString(), defaults.RetryDelay.ToString());
    }

    /// <summary>Notes what is asked of storage. A turn would read its conversation's partition by name.</summary>
    private sealed class Requests : HttpPipelinePolicyPerCall
    {
        public ConcurrentQueue<string> Seen { get; } = new();

        public override void OnSendingRequest(HttpMessage message) => Seen.Enqueue($"{message.Request.Method} {message.Request.Uri}");
    }
}
