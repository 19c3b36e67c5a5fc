using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// One invocation's work on the callbacks of one handover: its events in order, one in flight. A callback may come twice after a
/// crash, with the same <c>webhook-id</c>. What the bot does not take for long is parked, and the next goes on.
/// </summary>
internal sealed partial class CallbackRun(Desk desk, ConversationKey key, WakeUp wakeUp) : LeasedRun<CallbackHead>(
    new(desk.Storage.Handovers, Partition(key), HandoverRows.CallbackHead, HandoverRows.CallbackBell, HandoverRows.EndOfCallback,
        HandoverJson.Default.CallbackHead),
    key, wakeUp, desk.WakeUps, desk.Conversations.Value, desk.Time)
{
    /// <summary>Older news of typing is of no use to anybody.</summary>
    private static readonly TimeSpan TypingIsNews = TimeSpan.FromSeconds(10);

    private readonly string _partition = Partition(key);

    private string HandoverId { get; } = key.Conversation;

    protected override CallbackHead? NewHead() => new();

    protected override async Task<RunEnd?> DoNextAsync(Leased<CallbackHead> read, CancellationToken cancellation)
    {
        var head = read.Head!;
        if (await NextAsync(read, cancellation) is not { } row) return await ReleaseAsync(read, null, cancellation);
        if (head.RetryAt > NowMs) return await ReleaseAsync(read, head.RetryAt, cancellation);
        var stored = StoredHandoverEvent.From(row);
        if (!stored.WantsCallback || await ProviderAsync(cancellation) is not { Settings.Callback.Url: not null } provider)
            return await PassAsync(read, row, stored, cancellation);
        if (stored.Type == EventTypes.AgentTyping && NowMs - stored.At > TypingIsNews.TotalMilliseconds)
            return await PassAsync(read, row, stored, cancellation);

        // No longer than the lease can cover, renewed if need be.
        var atMost = desk.Options.CallbackTimeout < Options.Lease / 2 ? desk.Options.CallbackTimeout : Options.Lease / 2;
        if (!Fits(atMost))
        {
            await KeepAsync(read, head, [], cancellation);
            return null;
        }

        var body = await desk.Bodies.ReadAsync(HandoverKey.Of(HandoverId), stored.Body, cancellation);
        var failure = await desk.Callbacks.PostAsync(provider, IdOf(stored), body, atMost, cancellation);
        if (failure is null) return await PassAsync(read, row, stored, cancellation);
        if (NowMs - stored.At > (long)desk.Options.CallbackFor.TotalMilliseconds)
            return await ParkAsync(read, row, stored, provider, failure, cancellation);
        return await LaterAsync(read, stored, failure, cancellation);
    }

    private static string Partition(ConversationKey key) => HandoverKey.Of(key.Conversation).ToString();

    private string IdOf(StoredHandoverEvent stored) => $"{HandoverId}-{stored.Number}";

    /// <summary>What a person retries goes first.</summary>
    private async Task<TableEntity?> NextAsync(Leased<CallbackHead> read, CancellationToken cancellation)
    {
        if (read.Rows.Count > 0) return read.Rows[0];
        var row = await desk.Storage.Handovers.GetEntityIfExistsAsync<TableEntity>(
            _partition, HandoverRows.Event(read.Head!.Delivered + 1), cancellationToken: cancellation);
        return row.HasValue ? row.Value : null;
    }

    private async Task<HandoverProvider?> ProviderAsync(CancellationToken cancellation) =>
        await desk.Inbox.FindAsync(HandoverId, cancellation) is { } handover
            ? await desk.Providers.FindAsync(handover.ProviderId, pastCache: false, cancellation)
            : null;

    /// <summary>The event is dealt with.</summary>
    private async Task<RunEnd?> PassAsync(
        Leased<CallbackHead> read, TableEntity row, StoredHandoverEvent stored, CancellationToken cancellation)
    {
        var kept = await KeepAsync(read, Past(read.Head!, row, stored), Gone(row), cancellation);
        return kept is null ? null : await DoNextAsync(kept, cancellation);
    }

    private async Task<RunEnd?> LaterAsync(
        Leased<CallbackHead> read, StoredHandoverEvent stored, CallbackFailure failure, CancellationToken cancellation)
    {
        var failures = read.Head!.Failures + 1;
        var exact = desk.Options.CallbackRetryFirst * Math.Pow(2, Math.Min(failures - 1, 20));
        var delay = exact < desk.Options.CallbackRetryLongest ? exact : desk.Options.CallbackRetryLongest;
        if (failure.RetryAfter > delay)
            delay = failure.RetryAfter.Value < desk.Options.CallbackRetryLongest ? failure.RetryAfter.Value : desk.Options.CallbackRetryLongest;
        Log.Later(desk.Logger, stored.Number, HandoverId, delay, failure.Reason);
        var until = await ScheduleAsync(delay, cancellation);
        await KeepAsync(read, read.Head! with { RetryAt = until, Failures = failures, LastError = failure.Reason }, [], cancellation);
        return null;
    }

    /// <summary>Sets the event aside for a person, announced in the index before it is gone from here.</summary>
    private async Task<RunEnd?> ParkAsync(
        Leased<CallbackHead> read, TableEntity row, StoredHandoverEvent stored, HandoverProvider provider, CallbackFailure failure,
        CancellationToken cancellation)
    {
        var reason = $"The callback was tried for {desk.Options.CallbackFor}. Last: {failure.Reason}";
        var item = new ParkedItem
        {
            Id = ParkedWork.IdOf(stored.At, IdOf(stored)),
            EndpointId = provider.Id,
            ConversationId = HandoverId,
            Kind = ParkedKind.Callback,
            EventId = IdOf(stored),
            EventType = stored.Type,
            Reason = reason,
            ParkedAt = Now,
        };
        await desk.Parked.AnnounceAsync(item, HandoverKey.Callbacks(HandoverId), cancellation);
        var parked = stored.ToEntity(_partition, RowKeys.Parked(item.Id));
        parked["Reason"] = reason;
        var kept = await KeepAsync(read, Past(read.Head!, row, stored) with { LastError = failure.Reason },
            [.. Gone(row), new(TableTransactionActionType.UpsertReplace, parked)], cancellation);
        if (kept is null) return null;
        Log.Parked(desk.Logger, stored.Number, HandoverId, reason);
        Telemetry.Parked.Add(1, new KeyValuePair<string, object?>("kind", nameof(ParkedKind.Callback)));
        return await DoNextAsync(kept, cancellation);
    }

    private static CallbackHead Past(CallbackHead head, TableEntity row, StoredHandoverEvent stored) => head with
    {
        Delivered = IsAgain(row) ? head.Delivered : stored.Number,
        Failures = 0,
        RetryAt = null,
        LastError = null,
    };

    private static IReadOnlyList<TableTransactionAction> Gone(TableEntity row) =>
        IsAgain(row) ? [new(TableTransactionActionType.Delete, new TableEntity(row.PartitionKey, row.RowKey) { ETag = ETag.All })] : [];

    private static bool IsAgain(TableEntity row) => row.RowKey.StartsWith(HandoverRows.CallbackAgain, StringComparison.Ordinal);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Event {Number} of handover {HandoverId} waits {Delay} for its callback: {Reason}")]
        public static partial void Later(ILogger logger, long number, string handoverId, TimeSpan delay, string reason);

        [LoggerMessage(2, LogLevel.Error, "Event {Number} of handover {HandoverId} is parked: {Reason}")]
        public static partial void Parked(ILogger logger, long number, string handoverId, string reason);
    }
}
