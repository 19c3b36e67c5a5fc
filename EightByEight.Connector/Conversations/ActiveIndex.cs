using System.Globalization;
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

    private static int ShardOf(ConversationKey key)
    {
        // string.GetHashCode differs from process to process.
        var hash = 0;
        foreach (var c in key.Conversation) hash = (hash * 31 + c) & 0x7fffffff;
        return hash % Shards;
    }
}
