using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Privacy;

namespace EightByEight.Connector.Analytics;

/// <summary>
/// Records and what they add up to. A record is committed with its turn, in the conversation's partition, which costs no request; from
/// there it is gathered into the table <c>Analytics</c>, one partition an Endpoint and day (retention deletes ranges of partitions), and
/// each day that got records is added up anew into the table <c>AnalyticsDays</c>, one partition an Endpoint. Every step may be repeated.
/// </summary>
internal sealed class AnalyticsStore(ConnectorStorage storage)
{
    /// <summary>Some records are 50 KB large, and a transaction takes 4 MiB.</summary>
    private const int MostInTransaction = 50;

    /// <summary>The partition of the days that must be added up anew.</summary>
    private const string Stale = "$stale";

    /// <summary>The row that holds the day of the last sweep: what is of days before, it gathered.</summary>
    private const string Swept = "$swept";

    /// <summary>Beside an Endpoint's days, the row that holds the first one whose records are all there still.</summary>
    private const string Whole = "$whole";

    /// <summary>The row of a record that is committed with its turn.</summary>
    public static TableEntity Row(ConversationKey key, AnalyticsRecord record)
    {
        var row = new TableEntity(key.ToString(), RowKeys.Analytics(record.Sequence));
        record.WriteTo(row);
        return row;
    }

    /// <summary>Records of a time, oldest first. What is not gathered yet is not among them.</summary>
    /// <param name="to">The first moment that is not meant any more.</param>
    public async IAsyncEnumerable<AnalyticsRecord> ReadAsync(
        string endpointId, DateTimeOffset from, DateTimeOffset to, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (first, last) = (AnalyticsKeys.Partition(endpointId, from), AnalyticsKeys.Partition(endpointId, to));
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey ge {first} and PartitionKey le {last} and At ge {from} and At lt {to}");
        await foreach (var row in storage.Analytics.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
            yield return AnalyticsRecord.From(row);
    }

    /// <summary>Totals of days, both included, oldest first: one query. A day without a turn has none.</summary>
    public async Task<IReadOnlyList<AnalyticsDay>> DaysAsync(string endpointId, DateOnly from, DateOnly to, CancellationToken cancellation)
    {
        var days = new List<AnalyticsDay>();
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {endpointId} and RowKey ge {Name(from)} and RowKey le {Name(to)}");
        await foreach (var row in storage.AnalyticsDays.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
            days.Add(JsonSerializer.Deserialize(row.GetBinary("Totals"), AnalyticsJson.Default.AnalyticsDay)!);
        return days;
    }

    /// <summary>Gathers what an Endpoint's conversations of today and yesterday have, for a reader who wants the newest too.</summary>
    public async Task GatherAsync(string endpointId, DateTimeOffset now, CancellationToken cancellation)
    {
        foreach (var day in (string[])[ActiveIndex.Day(now.AddDays(-1)), ActiveIndex.Day(now)])
            for (var shard = 0; shard < ActiveIndex.Shards; shard++)
                await GatherAsync(TableClient.CreateQueryFilter(
                    $"PartitionKey eq {ActiveIndex.Partition(day, shard)} and RowKey ge {endpointId + "|"} and RowKey lt {endpointId + "}"}"), cancellation);
    }

    /// <summary>Gathers what a conversation has had since it was gathered last.</summary>
    /// <param name="pointer">Its row in the index of the day, which remembers that.</param>
    /// <param name="sequence">The number of its last turn.</param>
    public async Task GatherAsync(TableEntity pointer, ConversationKey key, long sequence, CancellationToken cancellation)
    {
        if (sequence <= (pointer.GetInt64("Gathered") ?? 0)) return;
        await GatherAsync(key, cancellation);
        var gathered = new TableEntity(pointer.PartitionKey, pointer.RowKey) { ["Gathered"] = sequence };
        await IsFirstAsync(storage.Index.UpdateEntityAsync(gathered, ETag.All, TableUpdateMode.Merge, cancellation));
    }

    /// <summary>Gathers the days before yesterday that no sweep looked at: to be done before retention deletes conversations.</summary>
    public async Task GatherMissedAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var row = await storage.AnalyticsDays.GetEntityIfExistsAsync<TableEntity>(Swept, Swept, cancellationToken: cancellation);
        var yesterday = DateOnly.FromDateTime(now.UtcDateTime).AddDays(-1);
        var swept = row.HasValue ? row.Value!.GetString("Day") : "";
        if (swept == Name(yesterday.AddDays(1))) return;
        var (first, end) = (ActiveIndex.Prefix + swept, ActiveIndex.Prefix + Name(yesterday));
        await GatherAsync(TableClient.CreateQueryFilter($"PartitionKey ge {first} and PartitionKey lt {end}"), cancellation);
        await storage.AnalyticsDays.UpsertEntityAsync(
            new TableEntity(Swept, Swept) { ["Day"] = Name(yesterday.AddDays(1)) }, TableUpdateMode.Replace, cancellation);
    }

    /// <summary>Adds up every day that got records, late ones included.</summary>
    public async Task AddUpAsync(CancellationToken cancellation)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Stale}");
        await foreach (var stale in storage.AnalyticsDays.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            var cut = stale.RowKey.LastIndexOf('|');
            // Records that came meanwhile said so again, and the day stays stale.
            if (await AddUpAsync(stale.RowKey[..cut], DayOf(stale.RowKey[(cut + 1)..]), cancellation))
                await IsFirstAsync(storage.AnalyticsDays.DeleteEntityAsync(stale, stale.ETag, cancellation));
        }
    }

    /// <summary>
    /// Deletes an Endpoint's records of the days before that of a time. Their totals stay: first it is written down that what is left of
    /// these days, or still comes, is not all of them. Can be repeated.
    /// </summary>
    /// <returns>How many there were.</returns>
    public async Task<int> DeleteBeforeAsync(string endpointId, DateTimeOffset before, CancellationToken cancellation)
    {
        await KeepTotalsAsync(endpointId, AnalyticsKeys.Day(before), cancellation);
        return await new DayTable(storage.Analytics).DeleteBeforeAsync(endpointId, before, cancellation);
    }

    /// <param name="pointers">Of the index of active conversations.</param>
    private async Task GatherAsync(string pointers, CancellationToken cancellation)
    {
        await foreach (var pointer in storage.Index.QueryAsync<TableEntity>(pointers, cancellationToken: cancellation))
            if (ConversationKey.Parse(pointer.RowKey) is { } key) await GatherAsync(key, cancellation);
    }

    /// <summary>Copies, says that the days must be added up, and only then deletes: whoever dies in between leaves it to the next.</summary>
    private async Task GatherAsync(ConversationKey key, CancellationToken cancellation)
    {
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {key.ToString()} and RowKey ge {RowKeys.FirstAnalytics} and RowKey lt {RowKeys.EndOfAnalytics}");
        await foreach (var page in storage.Conversations.QueryAsync<TableEntity>(filter, MostInTransaction, cancellationToken: cancellation).AsPages())
        {
            var records = page.Values.Select(AnalyticsRecord.From).ToList();
            foreach (var day in records.GroupBy(record => AnalyticsKeys.Partition(key.EndpointId, record.At)))
            {
                await storage.Analytics.SubmitTransactionAsync(day.Select(record =>
                {
                    var row = new TableEntity(day.Key, AnalyticsKeys.Row(key, record.At, record.Sequence));
                    record.WriteTo(row);
                    return new TableTransactionAction(TableTransactionActionType.UpsertReplace, row);
                }), cancellation);
                await storage.AnalyticsDays.UpsertEntityAsync(new TableEntity(Stale, day.Key), TableUpdateMode.Replace, cancellation);
            }

            if (page.Values.Count > 0 && !await IsFirstAsync(storage.Conversations.SubmitTransactionAsync(
                page.Values.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, ETag.All)), cancellation)))
                // Another who gathers has deleted some.
                foreach (var row in page.Values)
                    await storage.Conversations.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellation);
        }
    }

    private async Task KeepTotalsAsync(string endpointId, string end, CancellationToken cancellation)
    {
        bool written;
        do
        {
            var before = await WholeAsync(endpointId, cancellation);
            if (string.CompareOrdinal(before?.GetString("Day"), end) >= 0) return;
            var row = new TableEntity(endpointId, Whole) { ["Day"] = end };
            written = await IsFirstAsync(before is null
                ? storage.AnalyticsDays.AddEntityAsync(row, cancellation)
                : storage.AnalyticsDays.UpdateEntityAsync(row, before.ETag, TableUpdateMode.Replace, cancellation));
        }
        while (!written);
    }

    private async Task<TableEntity?> WholeAsync(string endpointId, CancellationToken cancellation)
    {
        var row = await storage.AnalyticsDays.GetEntityIfExistsAsync<TableEntity>(endpointId, Whole, cancellationToken: cancellation);
        return row.HasValue ? row.Value : null;
    }

    /// <summary>
    /// Adds a day up from all its records; one whose records have begun to be deleted keeps the total that it has. Of two at a time, the
    /// one that began first gives way, and the day stays stale.
    /// </summary>
    private async Task<bool> AddUpAsync(string endpointId, DateOnly day, CancellationToken cancellation)
    {
        var before = await storage.AnalyticsDays.GetEntityIfExistsAsync<TableEntity>(endpointId, Name(day), cancellationToken: cancellation);
        var start = new DateTimeOffset(day, TimeOnly.MinValue, TimeSpan.Zero);
        var totals = await AnalyticsDay.OfAsync(day, ReadAsync(endpointId, start, start.AddDays(1), cancellation));
        // Asked after the records were read: if they are all there now, they were then.
        if (string.CompareOrdinal(Name(day), (await WholeAsync(endpointId, cancellation))?.GetString("Day")) < 0) return true;
        var row = new TableEntity(endpointId, Name(day))
        {
            ["Totals"] = JsonSerializer.SerializeToUtf8Bytes(totals, AnalyticsJson.Default.AnalyticsDay),
        };
        return await IsFirstAsync(before.HasValue
            ? storage.AnalyticsDays.UpdateEntityAsync(row, before.Value!.ETag, TableUpdateMode.Replace, cancellation)
            : storage.AnalyticsDays.AddEntityAsync(row, cancellation));
    }

    private static async Task<bool> IsFirstAsync(Task write)
    {
        try
        {
            await write;
            return true;
        }
        catch (RequestFailedException late) when (late.Status is 404 or 409 or 412)
        {
            return false;
        }
    }

    private static string Name(DateOnly day) => day.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private static DateOnly DayOf(string name) => DateOnly.ParseExact(name, "yyyyMMdd", CultureInfo.InvariantCulture);
}
