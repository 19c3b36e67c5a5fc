using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Privacy;

/// <summary>
/// A table with one partition an Endpoint and day (<c>{endpointId}|yyyyMMdd</c>) whose rows name their conversation in the column
/// <c>Conversation</c>: what is too old is a range of partitions, and no other row is read.
/// </summary>
internal sealed record DayTable(TableClient Table)
{
    private const int MostInTransaction = 100;
    private static readonly string[] Keys = ["PartitionKey", "RowKey"];

    /// <summary>Deletes an Endpoint's rows of the days before that of a time. Can be repeated.</summary>
    public Task<int> DeleteBeforeAsync(string endpointId, DateTimeOffset before, CancellationToken cancellation) =>
        DeleteAsync(Range(endpointId, ActiveIndex.Day(before)), cancellation);

    /// <summary>What a conversation left behind, oldest first.</summary>
    public async IAsyncEnumerable<TableEntity> OfConversationAsync(
        string endpointId, string conversationId, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var row in Table.QueryAsync<TableEntity>(Filter(endpointId, conversationId), cancellationToken: cancellation))
            yield return row;
    }

    /// <summary>Deletes what a conversation left behind. Can be repeated.</summary>
    /// <returns>How many rows there were.</returns>
    public Task<int> DeleteConversationAsync(string endpointId, string conversationId, CancellationToken cancellation) =>
        DeleteAsync(Filter(endpointId, conversationId), cancellation);

    private static string Range(string endpointId, string end) =>
        TableClient.CreateQueryFilter($"PartitionKey ge {endpointId + "|"} and PartitionKey lt {$"{endpointId}|{end}"}");

    private static string Filter(string endpointId, string conversationId) =>
        $"{Range(endpointId, "~")} and {TableClient.CreateQueryFilter($"Conversation eq {conversationId}")}";

    private async Task<int> DeleteAsync(string filter, CancellationToken cancellation)
    {
        var deleted = 0;
        await foreach (var page in Table.QueryAsync<TableEntity>(filter, 1000, Keys, cancellation).AsPages())
            foreach (var day in page.Values.GroupBy(row => row.PartitionKey))
                foreach (var some in day.Chunk(MostInTransaction))
                    deleted += await DeleteAsync(some, cancellation);
        return deleted;
    }

    private async Task<int> DeleteAsync(TableEntity[] rows, CancellationToken cancellation)
    {
        try
        {
            await Table.SubmitTransactionAsync(
                rows.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, Azure.ETag.All)), cancellation);
        }
        catch (Azure.RequestFailedException gone) when (gone.Status == 404)
        {
            // Another instance sweeps at the same time.
            foreach (var row in rows) await Table.DeleteEntityAsync(row.PartitionKey, row.RowKey, Azure.ETag.All, cancellation);
        }

        return rows.Length;
    }
}
