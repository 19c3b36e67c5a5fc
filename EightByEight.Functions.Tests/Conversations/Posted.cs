using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>
/// Events that a test posts by itself, unsigned, where the simulator would not make them; and a look at the rows that become of them.
/// </summary>
internal static class Posted
{
    private static readonly HttpClient Client = new();

    /// <summary>Settings of an Endpoint that takes unsigned events.</summary>
    public static JsonObject Unsigned => new() { ["eightByEight"] = new JsonObject { ["verifySignatures"] = false } };

    /// <summary>The intervals of tests, and no worker: the test is the host.</summary>
    public static Dictionary<string, string?> Unpumped => new(TestConnector.Quick) { ["DevHost:Queues:Concurrency"] = "0" };

    /// <summary>The same, where what a process leaves behind as it dies is free again soon.</summary>
    public static Dictionary<string, string?> Mortal => new(Unpumped)
    {
        ["Connector:Conversations:Lease"] = "00:00:04",
        ["Connector:Conversations:ClockSkew"] = "00:00:00",
        ["Connector:Conversations:Visibility"] = "00:00:00.1",
        ["Connector:ChatGateway:AttemptTimeout"] = "00:00:02",
        ["Connector:ChatGateway:TotalTimeout"] = "00:00:02.5",
    };

    public static JsonObject Said(string text, string? sender = "user") => new()
    {
        ["sender"] = sender is null ? null : new JsonObject { ["type"] = sender },
        ["text"] = text,
    };

    public static async Task PostAsync(
        this TestConnector connector, string conversation, string type, JsonObject? data, long? at = null, string? eventId = null,
        string? raw = null)
    {
        var body = new JsonObject
        {
            ["eventType"] = type,
            ["conversationId"] = conversation,
            ["timestamp"] = at ?? DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
        };
        if (data is not null) body["data"] = data;
        using var request = new HttpRequestMessage(HttpMethod.Post, connector.EndpointUrl) { Content = new StringContent(raw ?? body.ToJsonString()) };
        request.Headers.Add("x-8x8-event-id", eventId ?? Guid.NewGuid().ToString());
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}");
    }

    public static ConversationKey KeyOf(this TestConnector connector, string conversation) => ConversationKey.Of(connector.EndpointId, conversation);

    public static T Service<T>(this TestConnector connector) where T : notnull => connector.Host.Services.GetRequiredService<T>();

    public static Task<Snapshot> ReadAsync(this TestConnector connector, string conversation) =>
        connector.Service<ConversationStore>().ReadAsync(connector.KeyOf(conversation), TestContext.Current.CancellationToken);

    /// <summary>A conversation's rows whose keys start so.</summary>
    public static async Task<List<TableEntity>> RowsAsync(this TestConnector connector, string conversation, string start)
    {
        var rows = new List<TableEntity>();
        var key = connector.KeyOf(conversation).ToString();
        await foreach (var row in connector.Service<ConnectorStorage>().Conversations.QueryAsync<TableEntity>(
                           $"PartitionKey eq '{key}'", cancellationToken: TestContext.Current.CancellationToken))
            if (row.RowKey.StartsWith(start, StringComparison.Ordinal)) rows.Add(row);
        return rows;
    }

    /// <summary>Does what the host does with a message.</summary>
    public static Task ProcessAsync(
        this TestConnector connector, string conversation, bool backup = false, long dequeueCount = 1, CancellationToken? cancellation = null) =>
        connector.Service<ConversationWorker>().ProcessAsync(
            new WakeUp { Key = connector.KeyOf(conversation).ToString(), IsBackup = backup, BackupId = backup ? null : "none", BackupReceipt = "none" }
                .ToMessage(), dequeueCount, cancellation ?? TestContext.Current.CancellationToken);

    /// <summary>How many messages are in the queue, hidden ones included.</summary>
    public static async Task<int> QueuedAsync(this TestConnector connector) =>
        (await connector.Service<ConnectorStorage>().WakeUps.GetPropertiesAsync(TestContext.Current.CancellationToken)).Value.ApproximateMessagesCount;
}
