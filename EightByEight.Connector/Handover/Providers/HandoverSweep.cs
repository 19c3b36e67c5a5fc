using System.Globalization;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// Deletes handovers that are over and older than their retention, and events of 8x8 that no handover ever claimed. An index by day
/// says where they are; one that still goes on is looked at again a retention later.
/// </summary>
internal sealed partial class HandoverSweep(
    ConnectorStorage storage, IOptions<HandoverProviderOptions> options, ILogger<HandoverSweep> logger)
{
    /// <summary>How many days past the retention are looked at, so that a sweep that did not run for a while catches up.</summary>
    private const int CatchUpDays = 14;

    /// <summary>Unclaimed events are kept this long, in days.</summary>
    private const int UnclaimedDays = 1;

    /// <summary>Makes a handover findable by its day, before it exists.</summary>
    public static Task AddAsync(ConnectorStorage storage, HandoverHead head, CancellationToken cancellation) => AddAsync(
        storage, "handovers", HandoverKey.Of(head.Id).ToString(), DateTimeOffset.FromUnixTimeMilliseconds(head.CreatedAt), cancellation);

    /// <summary>Makes events findable that no handover has claimed yet.</summary>
    public static Task AddAsync(ConnectorStorage storage, string conversationPartition, DateTimeOffset now, CancellationToken cancellation) =>
        AddAsync(storage, "unclaimed", conversationPartition, now, cancellation);

    /// <summary>Sweeps once. Safe to run twice, or on several instances at a time.</summary>
    public async Task SweepAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await foreach (var pointer in DueAsync("handovers", options.Value.RetentionDays, now, cancellation))
            await ExpireAsync(pointer, now, cancellation);
        await foreach (var pointer in DueAsync("unclaimed", UnclaimedDays, now, cancellation))
            await ForgetAsync(pointer, cancellation);
    }

    private async Task ExpireAsync(TableEntity pointer, DateTimeOffset now, CancellationToken cancellation)
    {
        var key = ConversationKey.Parse(pointer.RowKey)!.Value;
        var read = await HandoverInbox.RowOf(storage, key.Conversation).ReadAsync(cancellation);
        if (read.Head is { HasEnded: false } alive)
            await AddAsync(storage, "handovers", pointer.RowKey, now, cancellation);
        else await DeleteAsync(key, read.Head, cancellation);
        await storage.Index.DeleteEntityAsync(pointer.PartitionKey, pointer.RowKey, ETag.All, cancellation);
    }

    /// <summary>Deletes a handover that is over, before its time.</summary>
    public async Task EraseAsync(ConversationKey key, CancellationToken cancellation)
    {
        var head = (await HandoverInbox.RowOf(storage, key.Conversation).ReadAsync(cancellation)).Head;
        await DeleteAsync(key, head, cancellation);
        if (head is null) return;
        var created = DateTimeOffset.FromUnixTimeMilliseconds(head.CreatedAt);
        await storage.Index.DeleteEntityAsync(Day("handovers", created), key.ToString(), ETag.All, cancellation);
        // What 8x8 told before the handover knew its conversation was set aside, and may still be named.
        if (head.ConversationId is { } conversation)
            foreach (var at in (DateTimeOffset[])[created.AddDays(-1), created, created.AddDays(1)])
                await storage.Index.DeleteEntityAsync(
                    Day("unclaimed", at), HandoverRows.OfConversation(head.TenantId, conversation), ETag.All, cancellation);
    }

    private async Task DeleteAsync(ConversationKey key, HandoverHead? head, CancellationToken cancellation)
    {
        if (head is { ConversationId: { } conversation, TenantId: var tenant })
            await DeleteAllAsync(HandoverRows.OfConversation(tenant, conversation), cancellation);
        if (head?.CustomerPlace is { } place) await new Customers(storage).DeleteAsync(place, cancellation);
        if (head?.CustomerId is { } customer) await new Customers(storage).DeleteAsync(customer, key, cancellation);
        var rows = await DeleteAllAsync(key.ToString(), cancellation);
        await foreach (var blob in storage.Bodies.GetBlobsAsync(BlobTraits.None, BlobStates.None, Body.Folder(key), cancellation))
            await storage.Bodies.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancellation);
        Log.Expired(logger, key.Conversation, rows);
    }

    /// <summary>A conversation that was claimed meanwhile has no events left here, and keeps its way to the handover.</summary>
    private async Task ForgetAsync(TableEntity pointer, CancellationToken cancellation)
    {
        await DeleteAllAsync(pointer.RowKey, cancellation, from: HandoverRows.Incoming);
        await storage.Index.DeleteEntityAsync(pointer.PartitionKey, pointer.RowKey, ETag.All, cancellation);
    }

    /// <summary>The head goes last: what is interrupted is found again.</summary>
    private async Task<int> DeleteAllAsync(string partition, CancellationToken cancellation, string from = HandoverRows.Head)
    {
        var count = 0;
        TableEntity? head = null;
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {from}");
        await foreach (var row in storage.Handovers.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            count++;
            if (row.RowKey == HandoverRows.Head)
            {
                head = row;
                continue;
            }

            if (row.RowKey.StartsWith(RowKeys.Parked(""), StringComparison.Ordinal))
                await storage.Index.DeleteEntityAsync(ParkedWork.Partition, row.RowKey[RowKeys.Parked("").Length..], ETag.All, cancellation);
            if (row.GetString("BodyBlob") is { } blob) await storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
            await storage.Handovers.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellation);
        }

        if (head is not null) await storage.Handovers.DeleteEntityAsync(head.PartitionKey, head.RowKey, ETag.All, cancellation);
        return count;
    }

    private static async Task AddAsync(
        ConnectorStorage storage, string what, string partition, DateTimeOffset at, CancellationToken cancellation) =>
        await storage.Index.UpsertEntityAsync(new TableEntity(Day(what, at), partition), TableUpdateMode.Replace, cancellation);

    private async IAsyncEnumerable<TableEntity> DueAsync(
        string what, int days, DateTimeOffset now, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var age = days + 1; age <= days + CatchUpDays; age++)
        {
            var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Day(what, now.AddDays(-age))}");
            await foreach (var pointer in storage.Index.QueryAsync<TableEntity>(filter, cancellationToken: cancellation)) yield return pointer;
        }
    }

    private static string Day(string what, DateTimeOffset at) =>
        $"{what}|{at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}";

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Retention of handover {HandoverId}: {Rows} rows deleted.")]
        public static partial void Expired(ILogger logger, string handoverId, int rows);
    }
}
