using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Conversations;

/// <summary>Reads and commits one conversation's rows. Every commit carries the head's ETag.</summary>
internal sealed partial class ConversationStore(ConnectorStorage storage, Seals seals, ILogger<ConversationStore> logger)
{
    /// <summary>How many events move to history in one transaction: two actions each, of a hundred.</summary>
    public const int MaxAbsorbed = 45;

    private const int MaxRead = 50;
    private static readonly ETag NeverMatches = new("W/\"datetime'1970-01-01T00%3A00%3A00.0000000Z'\"");

    private TableClient Table => storage.Conversations;

    /// <summary>One bounded query: head, bell, and the front of the inbox.</summary>
    public async Task<Snapshot> ReadAsync(ConversationKey key, CancellationToken cancellation)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {key.ToString()} and RowKey lt {RowKeys.EndOfPending}");
        var snapshot = new Snapshot();
        var inbox = new List<Waiting>();
        await foreach (var page in Table.QueryAsync<TableEntity>(filter, MaxRead, cancellationToken: cancellation).AsPages())
        {
            foreach (var row in page.Values)
                if (row.RowKey == RowKeys.Head) snapshot = await WithHeadAsync(key, snapshot, row, cancellation);
                else if (row.RowKey == RowKeys.Bell) snapshot = snapshot with { BellTag = row.ETag };
                else inbox.Add(new(row.RowKey, StoredEvent.From(row)));
            snapshot = snapshot with { IsPartial = page.ContinuationToken is not null };
            break;
        }

        return snapshot with { Inbox = inbox };
    }

    /// <summary>The conversation that an id names: its own, or that of a session, which is the conversation's and a number; null: there is none.</summary>
    public async Task<(string Id, Snapshot Snapshot)?> NamedAsync(string endpointId, string id, CancellationToken cancellation)
    {
        if (id.Length == 0) return null;
        var cut = id.LastIndexOf('-');
        foreach (var candidate in cut > 0 ? [id, id[..cut]] : new[] { id })
            if (await ReadAsync(ConversationKey.Of(endpointId, candidate), cancellation) is { Head: not null } snapshot) return (candidate, snapshot);
        return null;
    }

    /// <summary>
    /// Writes the head and what goes with it in one transaction, if the head is still as it was read.
    /// </summary>
    /// <param name="release">Also demands that no wake-up rang since: else something new may have come in.</param>
    /// <returns>The conversation afterwards, without the rows that were deleted; null when another write came first.</returns>
    public async Task<Snapshot?> CommitAsync(
        ConversationKey key, Snapshot before, Head head, ConversationState state, IReadOnlyList<TableTransactionAction> actions,
        bool release, CancellationToken cancellation)
    {
        head = head with { Write = Guid.NewGuid().ToString("N") };
        var stateBody = ReferenceEquals(state, before.State) && before.Head is not null
            ? before.StateBody
            : await Body.StoreAsync(storage.Bodies, key, $"state-{head.Sequence}",
                await seals.SealAsync(key, JsonSerializer.SerializeToUtf8Bytes(state, ConversationJson.Default.ConversationState), cancellation),
                cancellation);
        var transaction = new List<TableTransactionAction>(actions.Count + 2) { HeadAction(key, before, head, stateBody) };
        var bell = new TableEntity(key.ToString(), RowKeys.Bell);
        if (before.Head is null) transaction.Add(new(TableTransactionActionType.UpsertReplace, bell));
        else if (release) transaction.Add(new(TableTransactionActionType.UpdateReplace, bell, before.BellTag));
        transaction.AddRange(actions);

        var tags = await SubmitAsync(key, head, transaction, cancellation);
        if (tags is not { } written) return null;
        if (before.StateBody.Blob is { } old && old != stateBody.Blob) await DeleteBlobAsync(old, cancellation);
        var gone = actions.Where(a => a.ActionType == TableTransactionActionType.Delete).Select(a => a.Entity.RowKey).ToHashSet();
        return before with
        {
            Head = head,
            HeadTag = written.Head,
            BellTag = written.Bell ?? before.BellTag,
            State = state,
            StateBody = stateBody,
            Inbox = [.. before.Inbox.Where(w => !gone.Contains(w.RowKey))],
        };
    }

    /// <summary>Deletes head and bell, if the head is still as it was read.</summary>
    /// <returns>False: it is not, or it is gone.</returns>
    public async Task<bool> ForgetAsync(ConversationKey key, Snapshot snapshot, CancellationToken cancellation)
    {
        try
        {
            await Table.SubmitTransactionAsync(
            [
                new(TableTransactionActionType.Delete, new TableEntity(key.ToString(), RowKeys.Head), snapshot.HeadTag),
                new(TableTransactionActionType.Delete, new TableEntity(key.ToString(), RowKeys.Bell), ETag.All),
            ], cancellation);
            return true;
        }
        catch (RequestFailedException alive) when (alive.Status is 404 or 412)
        {
            return false;
        }
    }

    /// <summary>Tells whoever holds the lease that something came in: its release fails, and it looks again.</summary>
    public Task RingAsync(ConversationKey key, CancellationToken cancellation) =>
        Table.UpsertEntityAsync(new TableEntity(key.ToString(), RowKeys.Bell), TableUpdateMode.Replace, cancellation);

    /// <summary>What rests in a body, opened; an empty object when its Endpoint, and with it the key, is deleted.</summary>
    public async ValueTask<byte[]> ReadBodyAsync(ConversationKey key, Body body, CancellationToken cancellation) =>
        await seals.OpenAsync(key, await body.ReadAsync(storage.Bodies, cancellation), cancellation) ?? "{}"u8.ToArray();

    /// <summary>The outputs of a committed turn.</summary>
    public async Task<Turn> ReadTurnAsync(ConversationKey key, long sequence, CancellationToken cancellation)
    {
        var full = await Table.GetEntityIfExistsAsync<TableEntity>(key.ToString(), RowKeys.Outbox(sequence), cancellationToken: cancellation);
        if (full.HasValue && await seals.OpenAsync(
            key, await Body.From(full.Value!).ReadAsync(storage.Bodies, cancellation), cancellation) is { } opened)
            return JsonSerializer.Deserialize(opened, ConversationJson.Default.Turn)! with { IsInOutbox = true };
        var row = await Table.GetEntityAsync<TableEntity>(key.ToString(), RowKeys.Turn(sequence), cancellationToken: cancellation);
        return JsonSerializer.Deserialize(
            await Body.From(row.Value).ReadAsync(storage.Bodies, cancellation), ConversationJson.Default.Turn)!;
    }

    /// <summary>The row of a turn that is about to be committed, as its transcript shows it.</summary>
    public async Task<TableEntity> TurnRowAsync(ConversationKey key, Turn turn, CancellationToken cancellation)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(Masking.Shown(turn), ConversationJson.Default.Turn);
        var entity = new TableEntity(key.ToString(), RowKeys.Turn(turn.Sequence)) { ["At"] = turn.CommittedAt };
        (await Body.StoreAsync(storage.Bodies, key, $"turn-{turn.Sequence}", bytes, cancellation)).WriteTo(entity);
        return entity;
    }

    /// <summary>The row with all that a turn says, for as long as it has to be sent and its transcript does not show it.</summary>
    public async Task<TableEntity> OutboxRowAsync(ConversationKey key, Turn turn, CancellationToken cancellation)
    {
        var bytes = await seals.SealAsync(key, JsonSerializer.SerializeToUtf8Bytes(turn, ConversationJson.Default.Turn), cancellation);
        var entity = new TableEntity(key.ToString(), RowKeys.Outbox(turn.Sequence)) { ["At"] = turn.CommittedAt };
        (await Body.StoreAsync(storage.Bodies, key, $"outbox-{turn.Sequence}", bytes, cancellation)).WriteTo(entity);
        return entity;
    }

    private async Task<Snapshot> WithHeadAsync(ConversationKey key, Snapshot snapshot, TableEntity row, CancellationToken cancellation)
    {
        var stateBody = Body.From(row, "State");
        var state = await seals.OpenAsync(key, await stateBody.ReadAsync(storage.Bodies, cancellation), cancellation) ?? [];
        return snapshot with
        {
            Head = JsonSerializer.Deserialize(row.GetBinary("Head"), ConversationJson.Default.Head),
            HeadTag = row.ETag,
            StateBody = stateBody,
            State = state.Length == 0 ? new() : JsonSerializer.Deserialize(state, ConversationJson.Default.ConversationState)!,
        };
    }

    private static TableTransactionAction HeadAction(ConversationKey key, Snapshot before, Head head, Body stateBody)
    {
        var entity = new TableEntity(key.ToString(), RowKeys.Head)
        {
            ["Head"] = JsonSerializer.SerializeToUtf8Bytes(head, ConversationJson.Default.Head),
            ["Write"] = head.Write,
        };
        stateBody.WriteTo(entity, "State");
        return before.Head is null
            ? new(TableTransactionActionType.Add, entity)
            : new(TableTransactionActionType.UpdateReplace, entity, before.HeadTag);
    }

    /// <returns>The new ETags; null when another write came first.</returns>
    private async Task<(ETag Head, ETag? Bell)?> SubmitAsync(
        ConversationKey key, Head head, List<TableTransactionAction> transaction, CancellationToken cancellation)
    {
        try
        {
            var replies = (await Table.SubmitTransactionAsync(transaction, cancellation)).Value;
            var bell = transaction.FindIndex(a => a.Entity.RowKey == RowKeys.Bell);
            return (replies[0].Headers.ETag!.Value, bell < 0 ? null : replies[bell].Headers.ETag);
        }
        catch (Exception doubtful) when (IsDoubtful(doubtful, cancellation))
        {
            // The reply may be lost and the transaction done, or repeated and refused as its own rival: the head knows.
            Log.Doubtful(logger, key, doubtful.GetType().Name);
            var row = await Table.GetEntityIfExistsAsync<TableEntity>(key.ToString(), RowKeys.Head, ["Write"], cancellation);
            if (!row.HasValue || row.Value!.GetString("Write") != head.Write)
            {
                // Another write came first; or storage failed, and then nobody knows what will still land: what this run
                // believes must not outlive it.
                if (doubtful is RequestFailedException { Status: 404 or 409 or 412 }) return null;
                throw;
            }

            // The bell may have rung since: without its ETag from the lost reply, the release has to look again.
            return (row.Value.ETag, NeverMatches);
        }
    }

    private static bool IsDoubtful(Exception exception, CancellationToken cancellation) => exception switch
    {
        RequestFailedException { Status: 400 or 403 or 413 } => false,
        RequestFailedException or AggregateException or IOException or HttpRequestException => true,
        OperationCanceledException => !cancellation.IsCancellationRequested,
        _ => false,
    };

    private async Task DeleteBlobAsync(string blob, CancellationToken cancellation)
    {
        try
        {
            await storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
        }
        catch (Exception failed) when (IsDoubtful(failed, cancellation))
        {
            // It is swept with its conversation.
            Log.BlobStays(logger, blob, failed.GetType().Name);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "A commit to {Conversation} is in doubt ({Cause}): the head is read again.")]
        public static partial void Doubtful(ILogger logger, ConversationKey conversation, string cause);

        [LoggerMessage(2, LogLevel.Warning, "The blob {Blob} could not be deleted ({Cause}); the sweep will.")]
        public static partial void BlobStays(ILogger logger, string blob, string cause);
    }
}
