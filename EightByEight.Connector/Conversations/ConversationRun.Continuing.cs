using EightByEight.Connector.Flows;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Conversations;

/// <content>The rest of a turn that paused: before anything else of the conversation, and once.</content>
internal sealed partial class ConversationRun
{
    /// <summary>A shorter pause is waited for on the spot, with the typing indicator; a longer one is a delayed wake-up.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    /// <returns>Not gone on: it is too early, and what waits is looked at.</returns>
    private async Task<(bool WentOn, RunEnd? End)> GoOnAsync(Snapshot snapshot, PausedTurn rest, CancellationToken cancellation)
    {
        if (Until(rest) > LongestWait) return (false, null);
        var head = snapshot.Head!;
        // One alone goes on, under a lease that outlasts the pause.
        if (head.Lease?.Id != _lease || !FitsLease())
            return (true, await RetakeAsync(snapshot, cancellation));
        var (endpoint, never) = await AdmitAsync(snapshot, rest.EventId, cancellation);
        if (never is not null) return (true, await LeaveOutAsync(snapshot, rest, never, cancellation));
        if (endpoint is null) return (true, null);
        using var indicator = workshop.Indicators.Begin(token => AccountAsync(endpoint, token), head.ConversationId);
        if (Until(rest) is var wait && wait > TimeSpan.Zero)
        {
            // What comes meanwhile, such as an agent, is looked at before anything is said.
            await Task.Delay(wait < _options.Lease / 3 ? wait : _options.Lease / 3, workshop.Time, cancellation);
            return (true, null);
        }

        var stored = rest.Event(head.ConversationId);
        var started = Now.ToUnixTimeMilliseconds();
        try
        {
            var (turn, state) = await workshop.Turns.ContinueAsync(rest, stored, snapshot.State, endpoint, cancellation);
            return (true, await CommitOwnAsync(snapshot, stored, turn with { StartedAt = started }, state, endpoint, cancellation));
        }
        catch (FlowMissingException missing)
        {
            return (true, await LeaveOutAsync(snapshot, rest, missing.Message, cancellation));
        }
    }

    private TimeSpan Until(PausedTurn rest) => DateTimeOffset.FromUnixTimeMilliseconds(rest.DueAt) - Now;

    private async Task<RunEnd?> RetakeAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        if (snapshot.Head?.Lease?.Id == _lease) await HoldAsync(snapshot, cancellation);
        else await AcquireAsync(snapshot, cancellation);
        return null;
    }

    /// <summary>The rest cannot be run: the transcript says so, and the conversation goes on.</summary>
    private async Task<RunEnd?> LeaveOutAsync(Snapshot snapshot, PausedTurn rest, string reason, CancellationToken cancellation)
    {
        var stored = rest.Event(snapshot.Head!.ConversationId);
        Log.LeftOut(workshop.Logger, stored.ConversationId, rest.At.Step, reason);
        var turn = workshop.Turns.TurnOf(stored, snapshot.State.Session, null) with
        {
            Part = rest.Part,
            Failure = new FlowFailure(rest.At.Step, 0, $"{reason} What was left of the turn is not done."),
        };
        return await CommitTurnAsync(
            snapshot, [], null, stored, turn, snapshot.State with { Paused = null }, cancellation);
    }

    /// <summary>Rule 10: the wake-up for a long pause is put before the pause is written.</summary>
    private Task WakeForRestAsync(PausedTurn? before, PausedTurn? after, CancellationToken cancellation) =>
        after is not null && (after.DueAt, after.Part) != (before?.DueAt, before?.Part) && Until(after) is var wait && wait > LongestWait
            ? workshop.WakeUps.PutPairAsync(key, wait, cancellation)
            : Task.CompletedTask;

    private static partial class Log
    {
        [LoggerMessage(18, LogLevel.Error, "The rest of a turn of {ConversationId}, from {Step}, is left out: {Reason}")]
        public static partial void LeftOut(ILogger logger, string conversationId, string step, string reason);
    }
}
