using System.Globalization;
using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// Which conversations were active on which day, in a few partitions a day: lists and the sweep read it instead of scanning.
/// </summary>
internal sealed class ActiveIndex(ConnectorStorage storage)
{
    public const int Shards = 4;

    public static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    /// <summary>What the partitions of all days begin with.</summary>
    public const string Prefix = "active|";

    public static string Partition(string day, int shard) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{day}|{shard}");

    /// <summary>The day of a partition.</summary>
    public static string DayOf(string partition) => partition[Prefix.Length..partition.LastIndexOf('|')];

    /// <summary>Written once a conversation and day, before the commit that relies on it.</summary>
    public Task AddAsync(ConversationKey key, string conversationId, string day, CancellationToken cancellation) =>
        storage.Index.UpsertEntityAsync(
            new TableEntity(Partition(day, ShardOf(key)), key.ToString()) { ["Conversation"] = conversationId },
            TableUpdateMode.Replace, cancellation);

    /// <summary>An Endpoint's conversations of the days before one, oldest day first, from where an earlier look ended.</summary>
    /// <param name="from">Where it ended.</param>
    /// <param name="end">The first day that is not meant any more.</param>
    public async IAsyncEnumerable<(ConversationKey Key, string ConversationId, Place Place)> BeforeAsync(
        string endpointId, Place from, string end, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var (partitions, first) in PartitionsOf(from, end))
        {
            var (low, high) = (first == from.Partition && from.Row.Length > 0 ? from.Row : $"{endpointId}|", endpointId + "}");
            var filter = $"({partitions}) and " + TableClient.CreateQueryFilter($"RowKey gt {low} and RowKey lt {high}");
            await foreach (var pointer in storage.Index.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
                if (ConversationKey.Parse(pointer.RowKey) is { } key)
                    yield return (key, pointer.GetString("Conversation"), new(pointer.PartitionKey, pointer.RowKey));
        }
    }

    /// <summary>Takes a conversation out of a day, if it is there.</summary>
    public Task DeleteAsync(ConversationKey key, string day, CancellationToken cancellation) =>
        DeleteAsync(new Place(Partition(day, ShardOf(key)), key.ToString()), cancellation);

    public Task DeleteAsync(Place place, CancellationToken cancellation) =>
        storage.Index.DeleteEntityAsync(place.Partition, place.Row, ETag.All, cancellation);

    /// <summary>
    /// Partitions one by one, since a range of them holds pointers of other Endpoints, too. Only where many days are to be made up for, a
    /// range is asked.
    /// </summary>
    private static IEnumerable<(string Filter, string First)> PartitionsOf(Place from, string end)
    {
        var first = from.Partition.Length == 0 ? Prefix : from.Partition;
        if (DateOnly.TryParseExact(from.Partition.Length == 0 ? "" : DayOf(from.Partition), "yyyyMMdd", out var day)
            && DateOnly.ParseExact(end, "yyyyMMdd") is var last && last.DayNumber - day.DayNumber <= MostDaysApart)
        {
            for (; day < last; day = day.AddDays(1))
                for (var shard = 0; shard < Shards; shard++)
                    if (Partition(day.ToString("yyyyMMdd", CultureInfo.InvariantCulture), shard) is var one
                        && string.CompareOrdinal(one, first) >= 0)
                        yield return (TableClient.CreateQueryFilter($"PartitionKey eq {one}"), one);
            yield break;
        }

        // What is left of the partition in which it ended, then all that follow.
        if (from.Row.Length > 0) yield return (TableClient.CreateQueryFilter($"PartitionKey eq {first}"), first);
        var after = from.Row.Length > 0 ? first + "\u0001" : first;
        yield return (TableClient.CreateQueryFilter($"PartitionKey ge {after} and PartitionKey lt {Prefix + end}"), "");
    }

    private const int MostDaysApart = 7;

    /// <summary>A pointer's place; how far a look came.</summary>
    public readonly record struct Place(string Partition, string Row)
    {
        /// <summary>Before all pointers of a day; of all days: an empty one.</summary>
        public static Place Of(string day) => day.Length == 0 ? new("", "") : new(ActiveIndex.Partition(day, 0), "");

        public static Place Parse(string? text) =>
            text?.Split('\n') is [var partition, var row] ? new(partition, row) : new("", "");

        public bool IsBefore(Place other) =>
            string.CompareOrdinal(Partition, other.Partition) is var by && (by < 0 || (by == 0 && string.CompareOrdinal(Row, other.Row) < 0));

        public override string ToString() => $"{Partition}\n{Row}";
    }

    private static int ShardOf(ConversationKey key)
    {
        // string.GetHashCode differs from process to process.
        var hash = 0;
        foreach (var c in key.Conversation) hash = (hash * 31 + c) & 0x7fffffff;
        return hash % Shards;
    }
}
