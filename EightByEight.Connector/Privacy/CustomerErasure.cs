using System.Text.Json;
using System.Text.Json.Serialization;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Connector.Transformers;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Privacy;

/// <summary>What was erased of a customer, and what nobody here can erase. It names no customer.</summary>
public sealed record ErasureReceipt
{
    /// <summary>Names it in the admin API.</summary>
    public string Id { get; set; } = "";

    /// <summary>When it was asked for.</summary>
    public DateTimeOffset RequestedAt { get; set; }

    /// <summary>When all was erased; null: not yet, the sweep goes on.</summary>
    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>Conversations that were erased with all that rests of them.</summary>
    public int Conversations { get; set; }

    /// <summary>Handovers of other bots that were erased.</summary>
    public int Handovers { get; set; }

    /// <summary>Contact profiles that were erased.</summary>
    public int Profiles { get; set; }

    /// <summary>Files that were erased.</summary>
    public int Files { get; set; }

    /// <summary>What goes on and must end before it is erased.</summary>
    public IReadOnlyList<string> Pending { get; set; } = [];

    /// <summary>What stays outside, with what to do about it.</summary>
    public IReadOnlyList<string> Outside { get; set; } = [];
}

/// <summary>
/// Erases a customer. What leads to a conversation goes after the conversation, so that an erasure that is cut short is found
/// again where it was: by the next attempt, or by the sweep.
/// </summary>
internal sealed partial class CustomerErasure(
    ConnectorStorage storage, Customers customers, ConversationStore conversations, Profiles profiles, EndpointDirectory endpoints,
    StoredFiles files, SessionStorage transformers, DayTables days, HandoverSweep handovers, HandoverInbox handoverInbox, TimeProvider time,
    ILogger<CustomerErasure> logger)
{
    private const string Receipts = "erasure";
    private const string Open = "erasure-open";
    private const int MostAttempts = 20;

    private static readonly string[] Outside =
    [
        "8x8: conversations, messages, recordings and contacts of the customer; erase them there.",
        "Dashbot, and whatever a Flow, a transformer or a callback sent elsewhere: erase it there.",
        "Backups of the storage account, and logs and traces that were exported: they hold no text of customers, but ids of conversations, until they expire.",
    ];

    /// <summary>Writes down that a customer is to be erased.</summary>
    /// <param name="userIdPartition">See <see cref="Customers.PartitionOf"/>.</param>
    public async Task<ErasureReceipt> BeginAsync(string userIdPartition, CustomerFilter filter, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var receipt = new ErasureReceipt { Id = Guid.NewGuid().ToString("n"), RequestedAt = time.GetUtcNow(), Outside = Outside };
        await PutAsync(receipt, cancellation);
        await storage.Index.AddEntityAsync(new TableEntity(Open, receipt.Id)
        {
            ["Customers"] = userIdPartition,
            ["Filter"] = JsonSerializer.Serialize(filter, ErasureJson.Default.CustomerFilter),
        }, cancellation);
        return receipt;
    }

    /// <summary>Null: there is none.</summary>
    public async Task<ErasureReceipt?> FindAsync(string id, CancellationToken cancellation)
    {
        if (!id.All(char.IsAsciiLetterOrDigit)) return null;
        await storage.ReadyAsync().WaitAsync(cancellation);
        var row = await storage.Index.GetEntityIfExistsAsync<TableEntity>(Receipts, id, cancellationToken: cancellation);
        return row.HasValue ? JsonSerializer.Deserialize(row.Value!.GetString("Receipt"), ErasureJson.Default.ErasureReceipt) : null;
    }

    /// <summary>Goes on with an erasure. Can be repeated, also by two at a time.</summary>
    public async Task<ErasureReceipt?> RunAsync(string id, CancellationToken cancellation)
    {
        var open = await storage.Index.GetEntityIfExistsAsync<TableEntity>(Open, id, cancellationToken: cancellation);
        if (await FindAsync(id, cancellation) is not { } receipt || !open.HasValue) return await FindAsync(id, cancellation);
        var filter = JsonSerializer.Deserialize(open.Value!.GetString("Filter"), ErasureJson.Default.CustomerFilter)!;
        var pending = new List<string>();
        await foreach (var trace in customers.FindAsync(open.Value.GetString("Customers"), cancellation))
        {
            if (!filter.Takes(trace)) continue;
            if (trace.Key is not { } key)
            {
                if (await profiles.DeleteAsync(trace.ProfileId!, cancellation)) receipt.Profiles++;
            }
            else if (!HandoverKey.IsHandover(key)) await EraseAsync(trace, key, receipt, cancellation);
            else if (await EraseHandoverAsync(key, cancellation)) receipt.Handovers++;
            else
            {
                pending.Add($"The handover {key.Conversation} is being ended at 8x8.");
                continue;
            }

            await customers.DeleteAsync(trace.Row, cancellation);
            await PutAsync(receipt, cancellation);
        }

        receipt.Pending = pending;
        if (pending.Count == 0) receipt.FinishedAt = time.GetUtcNow();
        await PutAsync(receipt, cancellation);
        if (pending.Count == 0) await storage.Index.DeleteEntityAsync(Open, id, ETag.All, cancellation);
        return receipt;
    }

    /// <summary>Goes on with all that are not finished.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Open}");
        await foreach (var open in storage.Index.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
            try
            {
                await RunAsync(open.RowKey, cancellation);
            }
            catch (Exception failed) when (!cancellation.IsCancellationRequested)
            {
                Log.Failed(logger, open.RowKey, StoredFiles.Told(failed));
            }
    }

    /// <summary>Nothing is said any more: a worker that is at it loses what it commits to, and what waits is gone.</summary>
    private async Task EraseAsync(CustomerTrace trace, ConversationKey key, ErasureReceipt receipt, CancellationToken cancellation)
    {
        var state = await StopAsync(key, cancellation);
        var oldest = await EraseRowsAsync(key, cancellation);
        await foreach (var blob in storage.Bodies.GetBlobsAsync(BlobTraits.None, BlobStates.None, Body.Folder(key), cancellation))
            await storage.Bodies.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancellation);
        if (await endpoints.FindAsync(key.EndpointId, pastCache: true, cancellation) is { } endpoint)
            receipt.Files += await files.DeleteConversationAsync(endpoint, trace.ConversationId, cancellation);
        else await files.ForgetConversationAsync(key.EndpointId, trace.ConversationId, cancellation);
        foreach (var (_, table) in days.All) await table.DeleteConversationAsync(key.EndpointId, trace.ConversationId, cancellation);
        foreach (var storageKey in CustomerExport.StorageKeys(trace.ConversationId, state))
            await transformers.DeleteAsync(key.EndpointId, storageKey, cancellation);
        foreach (var other in state.Customers)
        {
            if (await profiles.DeleteAsync(other, cancellation)) receipt.Profiles++;
            await customers.DeleteAsync(other, key, cancellation);
        }

        var active = new ActiveIndex(storage);
        for (var day = oldest.AddDays(-2); day <= time.GetUtcNow().AddDays(1); day = day.AddDays(1))
            await active.DeleteAsync(key, ActiveIndex.Day(day), cancellation);
        receipt.Conversations++;
    }

    /// <summary>Takes away what waits, then the head as it was read: until nothing came in between.</summary>
    private async Task<ConversationState> StopAsync(ConversationKey key, CancellationToken cancellation)
    {
        ConversationState? state = null;
        for (var attempt = 1; ; attempt++)
        {
            var snapshot = await conversations.ReadAsync(key, cancellation);
            if (snapshot.Head is not null) state = snapshot.State;
            if (snapshot.Head is null && snapshot.Inbox.Count == 0) return state ?? new();
            foreach (var waiting in snapshot.Inbox)
            {
                if (waiting.Event.Body.Blob is { } blob) await storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
                await storage.Conversations.DeleteEntityAsync(key.ToString(), waiting.RowKey, ETag.All, cancellation);
            }

            if (snapshot.Head is not null) await conversations.ForgetAsync(key, snapshot, cancellation);
            if (attempt == MostAttempts)
                throw new InvalidOperationException($"{key} could not be stopped: it goes on and on. The sweep tries again.");
        }
    }

    /// <returns>When the oldest of them was written.</returns>
    private async Task<DateTimeOffset> EraseRowsAsync(ConversationKey key, CancellationToken cancellation)
    {
        var oldest = time.GetUtcNow();
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {key.ToString()}");
        await foreach (var row in storage.Conversations.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            if (row.Timestamp < oldest) oldest = row.Timestamp.Value;
            await ConversationRetention.DeleteRowAsync(storage, row, cancellation);
        }

        return oldest;
    }

    /// <returns>False: it goes on; the customer leaves it now.</returns>
    private async Task<bool> EraseHandoverAsync(ConversationKey key, CancellationToken cancellation)
    {
        if (await handoverInbox.FindAsync(key.Conversation, cancellation) is { HasEnded: false })
        {
            await handoverInbox.AddLeaveAsync(key.Conversation, cancellation);
            return false;
        }

        await handovers.EraseAsync(key, cancellation);
        return true;
    }

    private async Task PutAsync(ErasureReceipt receipt, CancellationToken cancellation) => await storage.Index.UpsertEntityAsync(
        new TableEntity(Receipts, receipt.Id) { ["Receipt"] = JsonSerializer.Serialize(receipt, ErasureJson.Default.ErasureReceipt) },
        TableUpdateMode.Replace, cancellation);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The erasure {Id} could not go on; the next sweep tries again. {Reason}")]
        public static partial void Failed(ILogger logger, string id, string reason);
    }
}

/// <summary>Which of the customers with a user id are meant; null: any.</summary>
internal sealed record CustomerFilter(string? Tenant, string? Channel, string? Endpoint)
{
    public bool Takes(CustomerTrace trace)
    {
        bool Is(string? wanted, string part) => wanted is null || part == wanted || part == ConversationKey.Escape(wanted);
        return Is(Tenant, trace.Tenant) && Is(Channel, trace.Channel)
            && (Endpoint is null || trace.Key is null || trace.Key.Value.EndpointId == Endpoint);
    }
}

/// <summary>JSON of receipts.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ErasureReceipt))]
[JsonSerializable(typeof(CustomerFilter))]
internal sealed partial class ErasureJson : JsonSerializerContext;
