using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Connector.Privacy;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// What failed again and again, with its reason, for a person to retry or discard. A parked item rests with its
/// conversation; a pointer in the index makes it findable without a scan.
/// </summary>
public sealed class ParkedWork
{
    /// <summary>The partition of the index that points to parked items.</summary>
    internal const string Partition = "parked";

    private readonly ConnectorStorage _storage;
    private readonly WakeUps _wakeUps;
    private readonly Seals _seals;
    private readonly TimeProvider _time;

    internal ParkedWork(ConnectorStorage storage, WakeUps wakeUps, Seals seals, TimeProvider time) =>
        (_storage, _wakeUps, _seals, _time) = (storage, wakeUps, seals, time);

    /// <summary>Parked items, oldest first.</summary>
    /// <param name="endpointId">Only of that Endpoint; null: of all.</param>
    /// <param name="limit">1 to 1,000.</param>
    /// <param name="continuation">Where an earlier page ended.</param>
    public async Task<(IReadOnlyList<ParkedItem> Items, string? Continue)> ListAsync(
        string? endpointId, int limit, string? continuation, CancellationToken cancellation)
    {
        await _storage.ReadyAsync().WaitAsync(cancellation);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Partition} and RowKey gt {continuation ?? ""}");
        if (endpointId is not null) filter += " and " + TableClient.CreateQueryFilter($"EndpointId eq {endpointId}");
        var items = new List<ParkedItem>();
        await foreach (var pointer in _storage.Index.QueryAsync<TableEntity>(filter, limit, cancellationToken: cancellation))
        {
            if (items.Count == limit) return (items, items[^1].Id);
            items.Add(ParkedItem.From(pointer));
        }

        return (items, null);
    }

    /// <summary>Puts an item back as the newest work of its conversation.</summary>
    /// <returns>False when there is no such item.</returns>
    public async Task<bool> RetryAsync(string id, CancellationToken cancellation)
    {
        if (await FindAsync(id, cancellation) is not var (key, pointer, row)) return false;
        if (row is not null && HandoverKey.IsHandover(key))
        {
            var stored = StoredHandoverEvent.From(row) with { At = _time.GetUtcNow().ToUnixTimeMilliseconds() };
            await TableOf(key).SubmitTransactionAsync(
            [
                new(TableTransactionActionType.Delete, row, row.ETag),
                new(TableTransactionActionType.UpsertReplace, stored.ToEntity(row.PartitionKey, HandoverRows.Again(stored.Number))),
            ], cancellation);
        }
        else if (row is not null)
        {
            var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            var stored = StoredEvent.From(row) with { IsRetry = true, Timestamp = now, ReceivedAt = now };
            try
            {
                await _storage.Conversations.SubmitTransactionAsync(
                [
                    new(TableTransactionActionType.Delete, row, row.ETag),
                    new(TableTransactionActionType.UpsertReplace, stored.ToEntity(key, RowKeys.Inbox(now, 1, stored.EventId))),
                ], cancellation);
            }
            catch (RequestFailedException gone) when (gone.Status is 404 or 412)
            {
                // Someone else retried or discarded it at the same time: ringing once more does no harm.
            }
        }

        await _wakeUps.PutPairAsync(key, TimeSpan.Zero, cancellation);
        await _storage.Index.DeleteEntityAsync(Partition, pointer.RowKey, ETag.All, cancellation);
        return true;
    }

    /// <summary>Deletes an item for good.</summary>
    /// <returns>False when there is no such item.</returns>
    public async Task<bool> DiscardAsync(string id, CancellationToken cancellation)
    {
        if (await FindAsync(id, cancellation) is not var (key, pointer, row)) return false;
        if (row is not null)
        {
            // The row goes first: a row whose body is gone could never be processed. Who retried it at the same time needs the body.
            var deleted = await TableOf(key).DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellation);
            if (deleted.Status != 404 && Body.From(row).Blob is { } blob && !HandoverKey.IsHandover(key))
                await _storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
        }

        await _storage.Index.DeleteEntityAsync(Partition, pointer.RowKey, ETag.All, cancellation);
        return true;
    }

    /// <summary>
    /// Announces an item in the index and gives the row that parks it, to be committed with the conversation. Parking the same
    /// thing twice gives the same id. An attempt whose commit was lost leaves at most its announcement: the next attempt uses it, or who
    /// retries or discards it takes it away.
    /// </summary>
    internal async Task<TableEntity> PrepareAsync(
        ConversationKey key, StoredEvent stored, ParkedKind kind, string source, string reason, CancellationToken cancellation)
    {
        var item = new ParkedItem
        {
            Id = IdOf(stored.ReceivedAt, $"{key}|{source}"),
            EndpointId = key.EndpointId,
            ConversationId = stored.ConversationId,
            Kind = kind,
            EventId = stored.EventId,
            EventType = stored.EventType,
            Reason = reason,
            ParkedAt = _time.GetUtcNow(),
        };
        await AnnounceAsync(item, key, cancellation);
        var row = stored.ToEntity(key, RowKeys.Parked(item.Id));
        row["Reason"] = reason;
        return row;
    }

    /// <summary>The id of an item: sorted by time, and the same for the same thing.</summary>
    /// <param name="at">Milliseconds since 1970.</param>
    internal static string IdOf(long at, string thing)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(thing)))[..16];
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, at):D15}-{hash}");
    }

    /// <summary>Makes an item findable, before the row that parks it is committed.</summary>
    internal Task AnnounceAsync(ParkedItem item, ConversationKey key, CancellationToken cancellation) =>
        _storage.Index.UpsertEntityAsync(item.ToPointer(Partition, key), TableUpdateMode.Replace, cancellation);

    /// <summary>Outputs that could not be sent, as an event whose retry sends them.</summary>
    internal async Task<StoredEvent> OutputsAsync(
        ConversationKey key, Turn turn, string conversationId, int first, int count, CancellationToken cancellation)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes<IReadOnlyList<OutgoingMessage>>(
            [.. turn.Outputs.Skip(first).Take(count)], ConversationJson.Default.IReadOnlyListOutgoingMessage);
        var id = string.Create(CultureInfo.InvariantCulture, $"outputs-{turn.Sequence}-{first}");
        return new StoredEvent
        {
            EventId = id,
            EventType = StoredEvent.RetriedOutputs,
            ConversationId = conversationId,
            Timestamp = turn.Timestamp,
            ReceivedAt = turn.CommittedAt,
            Body = await Body.StoreAsync(_storage.Bodies, key, id, await _seals.SealAsync(key, json, cancellation), cancellation),
        };
    }

    /// <summary>Says that a conversation's processing dies before it can count attempts: only a person can help.</summary>
    internal Task AnnounceStuckAsync(ConversationKey key, string reason, CancellationToken cancellation)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key.ToString())))[..16];
        var now = _time.GetUtcNow();
        var item = new ParkedItem
        {
            Id = $"999999999999999-{hash}",
            EndpointId = key.EndpointId,
            ConversationId = key.Conversation,
            Kind = ParkedKind.Conversation,
            EventId = "",
            EventType = "",
            Reason = reason,
            ParkedAt = now,
        };
        return AnnounceAsync(item, key, cancellation);
    }

    private TableClient TableOf(ConversationKey key) => HandoverKey.IsHandover(key) ? _storage.Handovers : _storage.Conversations;

    private async Task<(ConversationKey Key, TableEntity Pointer, TableEntity? Row)?> FindAsync(string id, CancellationToken cancellation)
    {
        await _storage.ReadyAsync().WaitAsync(cancellation);
        var pointer = await _storage.Index.GetEntityIfExistsAsync<TableEntity>(
            Partition, ConversationKey.Escape(id), cancellationToken: cancellation);
        if (!pointer.HasValue || ConversationKey.Parse(pointer.Value!.GetString("K")) is not { } key) return null;
        var partition = HandoverKey.IsHandover(key) ? HandoverKey.Of(key.Conversation) : key;
        var row = await TableOf(key).GetEntityIfExistsAsync<TableEntity>(
            partition.ToString(), RowKeys.Parked(id), cancellationToken: cancellation);
        return (key, pointer.Value, row.HasValue ? row.Value : null);
    }
}

/// <summary>What was parked.</summary>
public enum ParkedKind
{
    /// <summary>An event whose turn failed too often, or whose Endpoint is gone.</summary>
    Event,

    /// <summary>Outputs that 8x8 did not take.</summary>
    Outputs,

    /// <summary>An output of which nobody can tell whether the customer got it: a retry may show it twice.</summary>
    Unconfirmed,

    /// <summary>A conversation whose processing dies before it begins.</summary>
    Conversation,

    /// <summary>An event of a handover that the bot's callback did not take.</summary>
    Callback,
}

/// <summary>One parked item, without its text.</summary>
public sealed record ParkedItem
{
    /// <summary>Names it in the admin API.</summary>
    public required string Id { get; init; }

    /// <summary>Whose it is: an Endpoint's, or a handover provider's.</summary>
    public required string EndpointId { get; init; }

    /// <summary>8x8's conversation id; for a callback, the id of the handover.</summary>
    public required string ConversationId { get; init; }

    /// <summary>What it is.</summary>
    public required ParkedKind Kind { get; init; }

    /// <summary>8x8's event id; for outputs, the turn and the first output.</summary>
    public required string EventId { get; init; }

    /// <summary>8x8's event type; <c>$outputs</c> for outputs.</summary>
    public required string EventType { get; init; }

    /// <summary>Why it was parked.</summary>
    public required string Reason { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset ParkedAt { get; init; }

    internal TableEntity ToPointer(string partition, ConversationKey key) => new(partition, Id)
    {
        ["K"] = key.ToString(),
        ["EndpointId"] = EndpointId,
        ["Conversation"] = ConversationId,
        ["Kind"] = Kind.ToString(),
        ["EventId"] = EventId,
        ["EventType"] = EventType,
        ["Reason"] = Reason,
        ["ParkedAt"] = ParkedAt.ToUnixTimeMilliseconds(),
    };

    internal static ParkedItem From(TableEntity pointer) => new()
    {
        Id = pointer.RowKey,
        EndpointId = pointer.GetString("EndpointId"),
        ConversationId = pointer.GetString("Conversation"),
        Kind = Enum.TryParse<ParkedKind>(pointer.GetString("Kind"), out var kind) ? kind : ParkedKind.Event,
        EventId = pointer.GetString("EventId"),
        EventType = pointer.GetString("EventType"),
        Reason = pointer.GetString("Reason"),
        ParkedAt = DateTimeOffset.FromUnixTimeMilliseconds(pointer.GetInt64("ParkedAt") ?? 0),
    };
}
