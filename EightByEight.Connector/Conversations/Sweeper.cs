using Azure.Data.Tables;
using EightByEight.Connector.Analytics;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Transformers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// Once an hour: looks whether any conversation of the day is stuck, and deletes what is older than its retention. It reads the index of
/// the days that are due, never all conversations. Recovery does not depend on it.
/// </summary>
public sealed partial class Sweeper
{
    /// <summary>Work that waits longer than this is reported, and woken once more.</summary>
    private static readonly TimeSpan Stuck = TimeSpan.FromMinutes(15);

    private readonly ConnectorStorage _storage;
    private readonly ConversationStore _store;
    private readonly WakeUps _wakeUps;
    private readonly HandoverSweep _handovers;
    private readonly Retention _retention;
    private readonly CustomerErasure _erasures;
    private readonly ConversationOptions _options;
    private readonly SessionStorage _transformers;
    private readonly AnalyticsStore _analytics;
    private readonly TimeProvider _time;
    private readonly ILogger<Sweeper> _logger;

    internal Sweeper(
        ConnectorStorage storage, ConversationStore store, WakeUps wakeUps, HandoverSweep handovers,
        Retention retention, CustomerErasure erasures, SessionStorage transformers, AnalyticsStore analytics,
        IOptions<ConversationOptions> options, TimeProvider time, ILogger<Sweeper> logger)
    {
        (_storage, _store, _wakeUps, _handovers) = (storage, store, wakeUps, handovers);
        (_retention, _erasures, _transformers, _analytics) = (retention, erasures, transformers, analytics);
        (_options, _time, _logger) = (options.Value, time, logger);
    }

    /// <summary>Sweeps once. Safe to run twice, or on several instances at a time.</summary>
    public Task SweepAsync(CancellationToken cancellation) => SweepAsync(_time.GetUtcNow(), cancellation);

    internal async Task SweepAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await _storage.ReadyAsync().WaitAsync(cancellation);
        var seen = new HashSet<string>();
        await AuditAsync(now, ActiveIndex.Day(now), seen, cancellation);
        await AuditAsync(now, ActiveIndex.Day(now.AddDays(-1)), seen, cancellation);
        await _analytics.GatherMissedAsync(now, cancellation);
        await _analytics.AddUpAsync(cancellation);
        await _retention.SweepAsync(now, seen, cancellation);
        await _erasures.SweepAsync(cancellation);
        await _transformers.DeleteBeforeAsync(now.AddDays(-_options.RetentionDays), cancellation);
        await Injection.TrialSessions.SweepAsync(_storage, now, cancellation);
        await _handovers.SweepAsync(now, cancellation);
    }

    /// <summary>Looks at the conversations of today and yesterday: what waits for long is reported and gets a wake-up.</summary>
    private async Task AuditAsync(DateTimeOffset now, string day, HashSet<string> seen, CancellationToken cancellation)
    {
        await foreach (var pointer in PointersAsync(day, cancellation))
        {
            if (ConversationKey.Parse(pointer.RowKey) is not { } key) continue;
            seen.Add(key.EndpointId);
            var snapshot = await _store.ReadAsync(key, cancellation);
            await _analytics.GatherAsync(pointer, key, snapshot.Head?.Sequence ?? 0, cancellation);
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
        [LoggerMessage(2, LogLevel.Error, "{Conversation} has work waiting since {Since}; it is woken again. Last error: {LastError}")]
        public static partial void Waiting(ILogger logger, ConversationKey conversation, DateTimeOffset since, string? lastError);
    }
}
