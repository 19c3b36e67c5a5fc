using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Connector.Transformers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// Once an hour: deletes what is older than its retention, and looks whether any conversation of the day is stuck. It reads the index of
/// the days that are due, never all conversations. Recovery does not depend on it.
/// </summary>
public sealed partial class Sweeper
{
    /// <summary>Work that waits longer than this is reported, and woken once more.</summary>
    private static readonly TimeSpan Stuck = TimeSpan.FromMinutes(15);

    private readonly ConnectorStorage _storage;
    private readonly ConversationStore _store;
    private readonly ActiveIndex _active;
    private readonly WakeUps _wakeUps;
    private readonly HandoverSweep _handovers;
    private readonly ConversationOptions _options;
    private readonly SessionStorage _transformers;
    private readonly TimeProvider _time;
    private readonly ILogger<Sweeper> _logger;

    internal Sweeper(
        ConnectorStorage storage, ConversationStore store, ActiveIndex active, WakeUps wakeUps, HandoverSweep handovers,
        SessionStorage transformers, IOptions<ConversationOptions> options, TimeProvider time, ILogger<Sweeper> logger)
    {
        (_storage, _store, _active, _wakeUps, _handovers) = (storage, store, active, wakeUps, handovers);
        _transformers = transformers;
        (_options, _time, _logger) = (options.Value, time, logger);
    }

    /// <summary>Sweeps once. Safe to run twice, or on several instances at a time.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        await _storage.ReadyAsync().WaitAsync(cancellation);
        var now = _time.GetUtcNow();
        await ExpireAsync(now.AddDays(-_options.RetentionDays), cancellation);
        await _transformers.DeleteBeforeAsync(now.AddDays(-_options.RetentionDays), cancellation);
        await AuditAsync(now, ActiveIndex.Day(now), cancellation);
        await AuditAsync(now, ActiveIndex.Day(now.AddDays(-1)), cancellation);
        await Injection.TrialSessions.SweepAsync(_storage, now, cancellation);
        await _handovers.SweepAsync(now, cancellation);
    }

    /// <summary>Goes through all days before, however long no sweep ran. What is left of a conversation is indexed under its own day.</summary>
    private async Task ExpireAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        var end = ActiveIndex.Prefix + ActiveIndex.Day(before);
        var filter = TableClient.CreateQueryFilter($"PartitionKey ge {ActiveIndex.Prefix} and PartitionKey lt {end}");
        await foreach (var pointer in _storage.Index.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            if (ConversationKey.Parse(pointer.RowKey) is { } key
                && await ExpireAsync(key, ActiveIndex.DayOf(pointer.PartitionKey), before, cancellation) is { } newest)
                await _active.AddAsync(key, pointer.GetString("Conversation"), ActiveIndex.Day(newest), cancellation);
            await _storage.Index.DeleteEntityAsync(pointer.PartitionKey, pointer.RowKey, ETag.All, cancellation);
        }
    }

    /// <summary>
    /// Deletes what is older. The head goes last, if it is still as it was read: a conversation that comes to life meanwhile keeps it.
    /// </summary>
    /// <returns>When the newest of what is left was written; null: nothing is left, or a newer day of the index has it.</returns>
    private async Task<DateTimeOffset?> ExpireAsync(ConversationKey key, string day, DateTimeOffset before, CancellationToken cancellation)
    {
        var snapshot = await _store.ReadAsync(key, cancellation);
        var now = _time.GetUtcNow();
        var deleted = 0;
        DateTimeOffset? newest = snapshot.Inbox.Count > 0 ? now : null;
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {key.ToString()} and RowKey ge {RowKeys.EndOfPending}");
        await foreach (var row in _storage.Conversations.QueryAsync<TableEntity>(filter, 200, cancellationToken: cancellation))
        {
            if (row.Timestamp >= before)
            {
                if (newest is null || row.Timestamp > newest) newest = row.Timestamp;
                continue;
            }

            if (row.GetString("BodyBlob") is { } blob)
                await _storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
            if (row.RowKey.StartsWith(RowKeys.Parked(""), StringComparison.Ordinal))
                await _storage.Index.DeleteEntityAsync(ParkedWork.Partition, row.RowKey[RowKeys.Parked("").Length..], ETag.All, cancellation);
            await _storage.Conversations.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellation);
            deleted++;
        }

        var elsewhere = string.CompareOrdinal(snapshot.Head?.ActiveDay ?? day, day) > 0;
        if (newest is null && !elsewhere && !await EndAsync(key, snapshot, before, cancellation)) newest = now;
        Log.Expired(_logger, key, deleted, newest is null && !elsewhere);
        return newest;
    }

    private async Task<bool> EndAsync(ConversationKey key, Snapshot snapshot, DateTimeOffset before, CancellationToken cancellation)
    {
        try
        {
            if (snapshot.Head is not null)
                await _storage.Conversations.SubmitTransactionAsync(
                [
                    new(TableTransactionActionType.Delete, new TableEntity(key.ToString(), RowKeys.Head), snapshot.HeadTag),
                    new(TableTransactionActionType.Delete, new TableEntity(key.ToString(), RowKeys.Bell), ETag.All),
                ], cancellation);
        }
        catch (RequestFailedException alive) when (alive.Status is 404 or 412)
        {
            return false;
        }

        await foreach (var blob in _storage.Bodies.GetBlobsAsync(BlobTraits.None, BlobStates.None, Body.Folder(key), cancellation))
            if (blob.Properties.CreatedOn < before)
                await _storage.Bodies.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancellation);
        return true;
    }

    /// <summary>Looks at the conversations of today and yesterday: what waits for long is reported and gets a wake-up.</summary>
    private async Task AuditAsync(DateTimeOffset now, string day, CancellationToken cancellation)
    {
        await foreach (var pointer in PointersAsync(day, cancellation))
        {
            if (ConversationKey.Parse(pointer.RowKey) is not { } key) continue;
            var snapshot = await _store.ReadAsync(key, cancellation);
            var since = snapshot.Head?.Sending?.Since ?? long.MaxValue;
            if (snapshot.Inbox is [var first, ..]) since = Math.Min(since, first.Event.ReceivedAt);
            if (since == long.MaxValue || now - DateTimeOffset.FromUnixTimeMilliseconds(since) < Stuck) continue;
            Telemetry.InboxAge.Record((now.ToUnixTimeMilliseconds() - since) / 1000d);
            Log.Waiting(_logger, key, DateTimeOffset.FromUnixTimeMilliseconds(since), snapshot.Head?.LastError);
            await _wakeUps.PutPairAsync(key, TimeSpan.Zero, cancellation);
        }
    }

    private async IAsyncEnumerable<TableEntity> PointersAsync(
        string day, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var shard = 0; shard < ActiveIndex.Shards; shard++)
        {
            var partition = ActiveIndex.Partition(day, shard);
            var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition}");
            await foreach (var pointer in _storage.Index.QueryAsync<TableEntity>(filter, cancellationToken: cancellation)) yield return pointer;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Retention of {Conversation}: {Rows} rows deleted, the whole conversation: {Whole}.")]
        public static partial void Expired(ILogger logger, ConversationKey conversation, int rows, bool whole);

        [LoggerMessage(2, LogLevel.Error, "{Conversation} has work waiting since {Since}; it is woken again. Last error: {LastError}")]
        public static partial void Waiting(ILogger logger, ConversationKey conversation, DateTimeOffset since, string? lastError);
    }
}
