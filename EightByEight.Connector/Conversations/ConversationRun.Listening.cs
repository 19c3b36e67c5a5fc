using EightByEight.Connector.Endpoints;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Conversations;

/// <content>
/// What a virtual agent says when nobody asks it, where it does not call: it is asked again by delayed wake-ups, while nothing else waits.
/// To look changes nothing there; how far it was heard is committed with what it said.
/// </content>
internal sealed partial class ConversationRun
{
    private async Task<RunEnd?> ListenAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        if (snapshot.State.Listener is not { } session) return await ReleaseAsync(snapshot, cancellation);
        var head = snapshot.Head!;
        var isMine = head.Lease?.Id == _lease;
        if (DateTimeOffset.FromUnixTimeMilliseconds(session.Listening!.DueAt) - Now is var early && early > TimeSpan.Zero)
        {
            // A wake-up may come a moment early where clocks differ: it puts itself again.
            if (!isMine && early < _options.ClockSkew) await workshop.WakeUps.PutPairAsync(key, early, cancellation);
            return await ReleaseAsync(snapshot, cancellation);
        }

        if (!isMine || !FitsLease()) return await RetakeAsync(snapshot, cancellation);
        var stored = StoredEvent.Now(StoredEvent.Heard, $"agent-{session.Id}-{session.Execution + 1}", head.ConversationId, Now);
        var (endpoint, never) = await AdmitAsync(snapshot, stored.EventId, cancellation);
        if (endpoint is null && never is null) return null;
        var before = snapshot.State.WithSession(session.Name);
        var (turn, state, fault) = endpoint is null ? (null, Deaf(before), null) : await HearAsync(stored, before, endpoint, cancellation);
        if (turn is not null) return await CommitOwnAsync(snapshot, stored, turn with { StartedAt = stored.ReceivedAt }, state, endpoint!, cancellation);
        if (fault is not null)
            await SayAsync(LogLevel.Warning, "agent", $"What the virtual agent has said since could not be fetched: {fault}", head.ConversationId, cancellation);
        var released = await CommitAsync(snapshot, head with { Lease = null, Attempts = Without(head.Attempts, stored.EventId) },
            snapshot.State.With(state.Session!), [], release: true, cancellation);
        return released is null ? null : RunEnd.Finished;
    }

    private async Task<(Turn? Turn, ConversationState State, string? Fault)> HearAsync(
        StoredEvent stored, ConversationState state, Endpoint endpoint, CancellationToken cancellation)
    {
        try
        {
            return await workshop.Turns.HearAsync(stored, state, endpoint, cancellation);
        }
        catch (FlowMissingException)
        {
            return (null, Deaf(state), null);
        }
    }

    private static ConversationState Deaf(ConversationState state) => state with { Session = state.Session! with { Listening = null } };

    /// <summary>Rule 10: the wake-up for the next look is put before that is written.</summary>
    private Task WakeForAgentAsync(Listening? before, Listening? after, CancellationToken cancellation) =>
        after is not null && after.DueAt != before?.DueAt
            ? workshop.WakeUps.PutPairAsync(key, DateTimeOffset.FromUnixTimeMilliseconds(after.DueAt) - Now, cancellation)
            : Task.CompletedTask;
}
