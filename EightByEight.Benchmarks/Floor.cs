using System.Net.Http.Json;
using System.Text;
using Azure.Data.Tables;
using Azure.Storage.Queues.Models;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Benchmarks;

/// <summary>
/// The least that any connector has to do: bare Kestrel and the same storage requests, with the same clients and rows of the
/// same size, in the protocol's order. It checks nothing, decides nothing and runs no Flow.
/// </summary>
internal sealed class Floor : IAsyncDisposable
{
    /// <summary>The pause after a look at an empty queue, here and in the connector that is compared.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan Forever = TimeSpan.FromSeconds(-1);
    private static readonly string EndpointId = new('f', 26);

    private readonly WebApplication _app;
    private readonly ConnectorStorage _storage;
    private readonly CancellationTokenSource _stopping = new();
    private readonly HttpClient _gateway = new();
    private Task _worker = Task.CompletedTask;

    private Floor(WebApplication app, ConnectorStorage storage) => (_app, _storage) = (app, storage);

    public Uri Url { get; private set; } = null!;

    /// <param name="gatewayUrl">Where replies are posted to; null: wake-ups stay in the queue.</param>
    public static async Task<Floor> StartAsync(string storage, string? gatewayUrl)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["AzureWebJobsStorage"] = storage }).Build();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        var app = builder.Build();
        var floor = new Floor(app, new ConnectorStorage(configuration, StorageTimeouts.Work, []));
        await floor._storage.ReadyAsync();
        app.Run(floor.AcknowledgeAsync);
        await app.StartAsync();
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        floor.Url = new Uri(addresses.First() + "/webhooks/f");
        if (gatewayUrl is not null)
        {
            floor._gateway.BaseAddress = new Uri(gatewayUrl);
            floor._gateway.DefaultRequestHeaders.Add("x-api-key", Stage.ApiKey);
            floor._worker = floor.WorkAsync(floor._stopping.Token);
        }

        return floor;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _worker.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _app.StopAsync();
        await _app.DisposeAsync();
        _gateway.Dispose();
        _stopping.Dispose();
    }

    private async Task AcknowledgeAsync(HttpContext context)
    {
        var body = new byte[context.Request.ContentLength!.Value];
        await context.Request.Body.ReadExactlyAsync(body);
        WebhookEvent.TryRead(body, out var read);
        var eventId = (string)context.Request.Headers["x-8x8-event-id"]!;
        var key = ConversationKey.Of(EndpointId, read.ConversationId!).ToString();
        var row = new TableEntity(key, read.IsSilent ? RowKeys.History(0, eventId) : RowKeys.Inbox(read.Timestamp ?? 0, 1, eventId))
        {
            ["EventId"] = eventId,
            ["EventType"] = read.EventType,
            ["Conversation"] = read.ConversationId,
            ["At"] = read.Timestamp,
            ["ReceivedAt"] = read.Timestamp,
            ["Body"] = body,
        };
        if (read.IsSilent) await _storage.Conversations.AddEntityAsync(row);
        else if (read.EventType == "MESSAGE")
        {
            var put = PutAsync(new WakeUp { Key = key, IsBackup = true }, TimeSpan.FromSeconds(20));
            await _storage.Conversations.SubmitTransactionAsync(
            [
                new(TableTransactionActionType.Add, new TableEntity(key, RowKeys.Tombstone(eventId))),
                new(TableTransactionActionType.Add, row),
            ]);
            var backup = await put;
            await PutAsync(new WakeUp { Key = key, BackupId = backup.MessageId, BackupReceipt = backup.PopReceipt }, TimeSpan.Zero);
        }

        context.Response.ContentLength = 0;
    }

    private async Task<SendReceipt> PutAsync(WakeUp wakeUp, TimeSpan delay) =>
        await _storage.WakeUps.SendMessageAsync(wakeUp.ToMessage(), delay, Forever);

    private async Task WorkAsync(CancellationToken stopping)
    {
        while (true)
        {
            var messages = (await _storage.WakeUps.ReceiveMessagesAsync(16, TimeSpan.FromMinutes(10), stopping)).Value;
            foreach (var message in messages) await ReplyAsync(message, stopping);
            if (messages.Length == 0) await Task.Delay(Poll, stopping);
        }
    }

    private async Task ReplyAsync(QueueMessage message, CancellationToken stopping)
    {
        if (!WakeUp.TryParse(message.MessageText, out var wakeUp)) throw new InvalidOperationException("Not a wake-up.");
        var table = _storage.Conversations;
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {wakeUp.Key} and RowKey lt {RowKeys.EndOfPending}");
        var rows = new List<TableEntity>();
        await foreach (var row in table.QueryAsync<TableEntity>(filter, 50, cancellationToken: stopping)) rows.Add(row);
        var head = new TableEntity(wakeUp.Key, RowKeys.Head)
        {
            ["Head"] = new byte[400],
            ["State"] = new byte[400],
            ["Write"] = new string('w', 32),
        };
        var bell = new TableEntity(wakeUp.Key, RowKeys.Bell);
        foreach (var pending in rows.Where(r => r.RowKey.StartsWith('2')))
        {
            var body = pending.GetBinary("Body");
            var turn = new TableEntity(wakeUp.Key, RowKeys.Turn(pending.GetInt64("At")!.Value)) { ["Body"] = body, ["At"] = 0L };
            await table.SubmitTransactionAsync(
            [
                new(TableTransactionActionType.UpsertReplace, head),
                new(TableTransactionActionType.Delete, pending),
                new(TableTransactionActionType.Add, turn),
            ], stopping);
            using var sent = await _gateway.PostAsJsonAsync(
                $"/chat-gateway/v1/conversations/{pending.GetString("Conversation")}/messages",
                new { authorType = "bot", text = Encoding.UTF8.GetString(body) }, stopping);
            sent.EnsureSuccessStatusCode();
            await table.SubmitTransactionAsync(
            [
                new(TableTransactionActionType.UpsertReplace, head),
                new(TableTransactionActionType.UpsertReplace, bell),
            ], stopping);
        }

        await _storage.WakeUps.DeleteMessageAsync(wakeUp.BackupId, wakeUp.BackupReceipt, stopping);
        await _storage.WakeUps.DeleteMessageAsync(message.MessageId, message.PopReceipt, stopping);
    }
}
