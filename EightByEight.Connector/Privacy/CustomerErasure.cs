using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using EightByEight.Connector.Conversations;
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

    /// <summary>What cannot be erased yet: it goes on, or its store does not answer. The sweep goes on with it.</summary>
    public IReadOnlyList<string> Pending { get; set; } = [];

    /// <summary>What stays since it is not this customer's alone.</summary>
    public IReadOnlyList<string> Kept { get; set; } = [];

    /// <summary>Where transformers keep what this customer's conversations wrote and others did, too.</summary>
    public IReadOnlyList<string> Shared { get; set; } = [];

    /// <summary>What stays outside, with what to do about it.</summary>
    public IReadOnlyList<string> Outside { get; set; } = [];
}

/// <summary>
/// Erases a customer. What leads to a conversation goes after the conversation, so that an erasure that is cut short is found
/// again where it was: by the next attempt, or by the sweep.
/// </summary>
internal sealed partial class CustomerErasure(
    ConnectorStorage storage, Customers customers, ConversationStore conversations, Profiles profiles, ProfileUse profileUse,
    StoredFiles files, SessionStorage transformers, DayTables days, HandoverSweep handovers, HandoverInbox handoverInbox, TimeProvider time,
    ILogger<CustomerErasure> logger)
{
    private const string Receipts = "erasure";
    private const string Open = "erasure-open";
    private const int MostAttempts = 20;
    private const string ProfileKept = "The contact profile: conversations of other Endpoints use it.";

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
        if (!row.HasValue) return null;
        var json = row.Value!.GetString("Receipt") is { } text
            ? Encoding.UTF8.GetBytes(text)
            : (await storage.Bodies.GetBlobClient(LongReceipt(id)).DownloadContentAsync(cancellation)).Value.Content.ToArray();
        return JsonSerializer.Deserialize(json, ErasureJson.Default.ErasureReceipt);
    }

    /// <summary>Goes on with an erasure. Can be repeated, also by two at a time.</summary>
    public async Task<ErasureReceipt?> RunAsync(string id, CancellationToken cancellation)
    {
        var open = await storage.Index.GetEntityIfExistsAsync<TableEntity>(Open, id, cancellationToken: cancellation);
        if (await FindAsync(id, cancellation) is not { } receipt || !open.HasValue) return await FindAsync(id, cancellation);
        var filter = JsonSerializer.Deserialize(open.Value!.GetString("Filter"), ErasureJson.Default.CustomerFilter)!;
        var pending = new List<string>();
        await foreach (var trace in customers.FindAsync(open.Value.GetString("Customers"), cancellation).Where(filter.Takes))
            try
            {
                if (await EraseAsync(trace, filter, receipt, cancellation) is { } waits) pending.Add(waits);
                await PutAsync(receipt, cancellation);
            }
            catch (Exception failed) when (!cancellation.IsCancellationRequested)
            {
                var reason = StoredFiles.Told(failed);
                Log.Waits(logger, id, reason);
                pending.Add($"{WhatIs(trace)} could not be erased yet. {reason}");
            }

        receipt.Shared = await receipt.Shared.ToAsyncEnumerable()
            .Where(async (place, c) => await transformers.StaysAsync(place, c)).ToListAsync(cancellation);
        receipt.Pending = pending;
        if (pending.Count == 0) receipt.FinishedAt = time.GetUtcNow();
        await PutAsync(receipt, cancellation);
        if (pending.Count == 0) await storage.Index.DeleteEntityAsync(Open, id, ETag.All, cancellation);
        return receipt;
    }

    /// <returns>What has to end first; null: it is erased, and the way to it forgotten.</returns>
    private async Task<string?> EraseAsync(CustomerTrace trace, CustomerFilter filter, ErasureReceipt receipt, CancellationToken cancellation)
    {
        if (trace.Key is not { } key)
        {
            if (await profileUse.IsElsewhereAsync(trace.Row.PartitionKey, trace.Tenant, trace.Channel, filter.Endpoint, cancellation))
            {
                receipt.Kept = [ProfileKept];
                return null;
            }

            if (await profiles.DeleteAsync(trace.ProfileId!, cancellation)) receipt.Profiles++;
        }
        else if (!HandoverKey.IsHandover(key)) await EraseAsync(trace, key, filter, receipt, cancellation);
        else if (await EraseHandoverAsync(key, cancellation)) receipt.Handovers++;
        else return $"The handover {key.Conversation} is being ended at 8x8.";
        await customers.DeleteAsync(trace.Row, cancellation);
        return null;
    }

    private static string WhatIs(CustomerTrace trace) => trace.Key switch
    {
        null => "The contact profile",
        { } key when HandoverKey.IsHandover(key) => $"The handover {key.Conversation}",
        { } key => $"A conversation of Endpoint {key.EndpointId}",
    };

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
    private async Task EraseAsync(
        CustomerTrace trace, ConversationKey key, CustomerFilter filter, ErasureReceipt receipt, CancellationToken cancellation)
    {
        // What the head alone leads to goes before it, so that an erasure cut short finds it; and once more with what was written meanwhile.
        await EraseKnownAsync(trace, key, (await conversations.ReadAsync(key, cancellation)).State, filter, receipt, cancellation);
        await EraseKnownAsync(trace, key, await StopAsync(key, cancellation), filter, receipt, cancellation);
        await foreach (var file in files.DeleteConversationAsync(key.EndpointId, trace.ConversationId, cancellation))
        {
            receipt.Files++;
            if (file.Left is { } left && !receipt.Outside.Contains(left)) receipt.Outside = [.. receipt.Outside, left];
            await PutAsync(receipt, cancellation);
        }

        foreach (var (_, table) in days.All) await table.DeleteConversationAsync(key.EndpointId, trace.ConversationId, cancellation);
        await EraseRowsAsync(key, cancellation);
        await foreach (var blob in storage.Bodies.GetBlobsAsync(BlobTraits.None, BlobStates.None, Body.Folder(key), cancellation))
            await storage.Bodies.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancellation);
        receipt.Conversations++;
    }

    /// <summary>What its state leads to: what transformers keep, profiles, and who else its customer was.</summary>
    private async Task EraseKnownAsync(
        CustomerTrace trace, ConversationKey key, ConversationState state, CustomerFilter filter, ErasureReceipt receipt,
        CancellationToken cancellation)
    {
        var names = ConversationNames.Of(trace.ConversationId, state);
        foreach (var storageKey in names.StorageKeys) await transformers.DeleteAsync(key.EndpointId, storageKey, cancellation);
        await foreach (var place in transformers.EraseAsync(key.EndpointId, names.Ids, cancellation))
            if (!receipt.Shared.Contains(place))
            {
                receipt.Shared = [.. receipt.Shared, place];
                await PutAsync(receipt, cancellation);
            }

        foreach (var customer in state.Customers)
        {
            var (tenant, channel) = Customers.PartsOf(customer);
            if (await profileUse.IsElsewhereAsync(Customers.PartitionOfCustomer(customer), tenant, channel, filter.Endpoint, cancellation))
                receipt.Kept = [ProfileKept];
            else if (await profiles.DeleteAsync(customer, cancellation)) receipt.Profiles++;
            // The way by which it was found goes last.
            if (Customers.PlaceOf(customer, key) != $"{trace.Row.PartitionKey}|{trace.Row.RowKey}")
                await customers.DeleteAsync(customer, key, cancellation);
        }
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

    /// <summary>The rows go last: their age tells where the index leads to them.</summary>
    private async Task EraseRowsAsync(ConversationKey key, CancellationToken cancellation)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {key.ToString()}");
        var oldest = time.GetUtcNow();
        await foreach (var row in storage.Conversations.QueryAsync<TableEntity>(filter, select: ["Timestamp"], cancellationToken: cancellation))
            if (row.Timestamp < oldest) oldest = row.Timestamp.Value;
        var active = new ActiveIndex(storage);
        for (var day = oldest.AddDays(-2); day <= time.GetUtcNow().AddDays(1); day = day.AddDays(1))
            await active.DeleteAsync(key, ActiveIndex.Day(day), cancellation);
        // An announcement may have no row: of a conversation that died before it began, or of a commit that was lost.
        var announced = TableClient.CreateQueryFilter($"PartitionKey eq {ParkedWork.Partition} and K eq {key.ToString()}");
        await foreach (var pointer in storage.Index.QueryAsync<TableEntity>(announced, cancellationToken: cancellation))
            await storage.Index.DeleteEntityAsync(pointer.PartitionKey, pointer.RowKey, ETag.All, cancellation);
        await foreach (var row in storage.Conversations.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
            await ConversationRetention.DeleteRowAsync(storage, row, cancellation);
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

    /// <summary>One that names many files does not fit into its row.</summary>
    private async Task PutAsync(ErasureReceipt receipt, CancellationToken cancellation)
    {
        var row = new TableEntity(Receipts, receipt.Id);
        var json = JsonSerializer.SerializeToUtf8Bytes(receipt, ErasureJson.Default.ErasureReceipt);
        if (json.Length <= Body.MaxInline) row["Receipt"] = Encoding.UTF8.GetString(json);
        else await storage.Bodies.GetBlobClient(LongReceipt(receipt.Id)).UploadAsync(BinaryData.FromBytes(json), overwrite: true, cancellation);
        await storage.Index.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellation);
    }

    private static string LongReceipt(string id) => $"{Receipts}/{id}";

    private static partial class Log
    {
        [LoggerMessage(2, LogLevel.Warning, "The erasure {Id} left something out; the next sweep tries again. {Reason}")]
        public static partial void Waits(ILogger logger, string id, string reason);

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
