using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>A row that orders everything about what it heads, as it was read.</summary>
internal sealed record Leased<T> where T : class
{
    /// <summary>Null: there is no such row.</summary>
    public T? Head { get; init; }

    /// <summary>Who works on it; null: nobody.</summary>
    public Lease? Lease { get; init; }

    public ETag Tag { get; init; }
    public ETag BellTag { get; init; }

    /// <summary>The other rows that were read, in order.</summary>
    public IReadOnlyList<TableEntity> Rows { get; init; } = [];

    /// <summary>Whether there is more than was read.</summary>
    public bool IsPartial { get; init; }
}

/// <summary>Reads and commits such a row. Every commit carries its ETag, and a release that of the bell as well.</summary>
internal sealed class LeasedRow<T>(
    TableClient table, string partition, string headKey, string bellKey, string end, JsonTypeInfo<T> json) where T : class
{
    private const int MaxRead = 60;
    private static readonly ETag NeverMatches = new("W/\"datetime'1970-01-01T00%3A00%3A00.0000000Z'\"");

    /// <summary>One bounded query: head, bell and what waits.</summary>
    public async Task<Leased<T>> ReadAsync(CancellationToken cancellation)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {headKey} and RowKey lt {end}");
        var read = new Leased<T>();
        var rows = new List<TableEntity>();
        await foreach (var page in table.QueryAsync<TableEntity>(filter, MaxRead, cancellationToken: cancellation).AsPages())
        {
            foreach (var row in page.Values)
                if (row.RowKey == headKey) read = read with { Head = HeadOf(row), Lease = LeaseOf(row), Tag = row.ETag };
                else if (row.RowKey == bellKey) read = read with { BellTag = row.ETag };
                else rows.Add(row);
            read = read with { IsPartial = page.ContinuationToken is not null };
            break;
        }

        return read with { Rows = rows };
    }

    /// <summary>Reads the head of a row that was read elsewhere.</summary>
    public T HeadOf(TableEntity row) => JsonSerializer.Deserialize(row.GetBinary("Head"), json)!;

    /// <summary>The row of a new head, without a lease.</summary>
    public TableEntity NewRow(T head) => Row(head, null, Guid.NewGuid().ToString("N"));

    /// <summary>Writes the head and what goes with it in one transaction, if the head is still as it was read.</summary>
    /// <param name="release">Also demands that nothing rang since.</param>
    /// <returns>What is there afterwards, without the rows that were deleted; null when another write came first.</returns>
    public async Task<Leased<T>?> CommitAsync(
        Leased<T> before, T head, Lease? lease, IReadOnlyList<TableTransactionAction> actions, bool release, CancellationToken cancellation)
    {
        var write = Guid.NewGuid().ToString("N");
        var row = Row(head, lease, write);
        List<TableTransactionAction> transaction =
        [
            before.Head is null ? new(TableTransactionActionType.Add, row) : new(TableTransactionActionType.UpdateReplace, row, before.Tag),
        ];
        var bell = new TableEntity(partition, bellKey);
        if (before.Head is null) transaction.Add(new(TableTransactionActionType.UpsertMerge, bell));
        else if (release) transaction.Add(new(TableTransactionActionType.UpdateMerge, bell, before.BellTag));
        transaction.AddRange(actions);
        if (await SubmitAsync(transaction, write, cancellation) is not var (tag, bellTag)) return null;
        var gone = actions.Where(a => a.ActionType == TableTransactionActionType.Delete).Select(a => a.Entity.RowKey).ToHashSet();
        return before with
        {
            Head = head,
            Lease = lease,
            Tag = tag,
            BellTag = bellTag ?? before.BellTag,
            Rows = [.. before.Rows.Where(r => !gone.Contains(r.RowKey))],
        };
    }

    /// <summary>Tells whoever holds the lease that something came in: its release fails, and it looks again.</summary>
    public Task RingAsync(CancellationToken cancellation) =>
        table.UpsertEntityAsync(new TableEntity(partition, bellKey), TableUpdateMode.Merge, cancellation);

    private TableEntity Row(T head, Lease? lease, string write) => new(partition, headKey)
    {
        ["Head"] = JsonSerializer.SerializeToUtf8Bytes(head, json),
        ["Write"] = write,
        ["Lease"] = lease?.Id,
        ["LeaseUntil"] = lease?.Until,
    };

    private static Lease? LeaseOf(TableEntity row) =>
        row.GetString("Lease") is { } id ? new Lease(id, row.GetInt64("LeaseUntil") ?? 0) : null;

    /// <returns>The new ETags; null when another write came first.</returns>
    private async Task<(ETag Head, ETag? Bell)?> SubmitAsync(
        List<TableTransactionAction> transaction, string write, CancellationToken cancellation)
    {
        try
        {
            var replies = (await table.SubmitTransactionAsync(transaction, cancellation)).Value;
            var bell = transaction.FindIndex(a => a.Entity.RowKey == bellKey);
            return (replies[0].Headers.ETag!.Value, bell < 0 ? null : replies[bell].Headers.ETag);
        }
        catch (Exception doubtful) when (IsDoubtful(doubtful, cancellation))
        {
            // The reply may be lost and the transaction done, or repeated and refused as its own rival: the head knows.
            var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, headKey, ["Write"], cancellation);
            if (row.HasValue && row.Value!.GetString("Write") == write) return (row.Value.ETag, NeverMatches);
            if (doubtful is RequestFailedException { Status: 404 or 409 or 412 }) return null;
            throw;
        }
    }

    private static bool IsDoubtful(Exception exception, CancellationToken cancellation) => exception switch
    {
        RequestFailedException { Status: 400 or 403 or 413 } => false,
        RequestFailedException or AggregateException or IOException or HttpRequestException => true,
        OperationCanceledException => !cancellation.IsCancellationRequested,
        _ => false,
    };
}
