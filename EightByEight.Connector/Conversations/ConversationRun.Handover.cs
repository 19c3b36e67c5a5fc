using System.Text.Json;
using Azure.Data.Tables;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Conversations;

/// <content>The course of a handover: what is due although nothing came in, what the Flow is told, and what is done at 8x8.</content>
internal sealed partial class ConversationRun
{
    /// <summary>How often 8x8 is asked whether an agent's leaving was the end, before the events are believed.</summary>
    private const int MostQuestions = 5;

    /// <summary>Whether the action of the turn being sent may have been done already.</summary>
    private bool _actionInDoubt;

    /// <summary>Tells the Flow what it is to be told, or does what is due; in this order, before anything that waits.</summary>
    private async Task<(bool Attended, RunEnd? End)> AttendAsync(
        Snapshot snapshot, HandoverCase handover, CancellationToken cancellation)
    {
        if (handover.Notices.Count > 0) return (true, await TellAsync(snapshot, handover.Notices[0], cancellation));
        var now = Now.ToUnixTimeMilliseconds();
        if (handover.DueAt is not { } due) return (false, null);
        if (due > now)
        {
            // A wake-up may come a moment early where clocks differ: it puts itself again.
            if (due - now < _options.ClockSkew.TotalMilliseconds)
                await workshop.WakeUps.PutPairAsync(key, TimeSpan.FromMilliseconds(due - now), cancellation);
            return (false, null);
        }

        if (handover.TimeoutAt <= now && !handover.HasPeople) return (true, await TimeOutAsync(snapshot, handover, cancellation));
        var next = handover.DecideAt <= now ? await DecideAsync(snapshot, handover, cancellation)
            : handover.TimeoutAt <= now ? handover with { TimeoutAt = null }
            : handover is { Status: HandoverStatus.Requested } && handover.CheckAt <= now ? await CheckAsync(snapshot, handover, cancellation)
            : handover.Silent(Now);
        var head = snapshot.Head! with { Lease = NewHold() };
        await CommitAsync(snapshot, head, snapshot.State with { Handover = next }, [], release: false, cancellation);
        return (true, null);
    }

    private async Task<RunEnd?> TellAsync(Snapshot snapshot, HandoverNotice notice, CancellationToken cancellation)
    {
        var head = snapshot.Head!;
        var stored = StoredEvent.Now(StoredEvent.HandoverNotice, $"handover-{snapshot.State.Handover!.RequestedAt}-{notice.Number}", head.ConversationId, Now);
        var (endpoint, never) = await AdmitAsync(snapshot, stored.EventId, cancellation);
        if (never is not null) return await DropAsync(snapshot, notice, never, cancellation);
        if (endpoint is null) return null;
        try
        {
            using var indicator = notice.Status < HandoverStatus.Completed ? null
                : workshop.Indicators.Begin(token => AccountAsync(endpoint, token), head.ConversationId);
            var (turn, state) = await workshop.Turns.TellAsync(stored, notice, snapshot.State, endpoint, cancellation);
            return await CommitOwnAsync(snapshot, stored, turn with { StartedAt = stored.ReceivedAt }, state, endpoint, cancellation);
        }
        catch (FlowMissingException missing)
        {
            return await DropAsync(snapshot, notice, missing.Message, cancellation);
        }
    }

    /// <summary>The Flow cannot be told: the operator is, and the conversation goes on.</summary>
    private async Task<RunEnd?> DropAsync(Snapshot snapshot, HandoverNotice notice, string reason, CancellationToken cancellation)
    {
        Log.NotTold(workshop.Logger, snapshot.Head!.ConversationId, HandoverCase.Name(notice.Status), reason);
        await CommitAsync(snapshot, snapshot.Head with { Lease = NewHold(), LastError = reason },
            snapshot.State with { Handover = snapshot.State.Handover!.WithoutNotice() }, [], release: false, cancellation);
        return null;
    }

    /// <summary>Nobody came in time.</summary>
    private async Task<RunEnd?> TimeOutAsync(Snapshot snapshot, HandoverCase handover, CancellationToken cancellation)
    {
        var endpoint = await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation);
        if (endpoint?.Settings.Handover.ReturnScriptId is null && handover.Request.WithoutReturn == WithoutReturn.Wait)
        {
            Log.Handover(workshop.Logger, snapshot.Head!.ConversationId, "timed out, and goes on waiting",
                "The Endpoint names no script to return to (handover.returnScriptId).");
            await CommitAsync(snapshot, snapshot.Head with { Lease = NewHold() },
                snapshot.State with { Handover = handover with { TimeoutAt = null } }, [], release: false, cancellation);
            return null;
        }

        var stored = StoredEvent.Now(StoredEvent.HandoverNotice, $"handover-{handover.RequestedAt}-timeout", snapshot.Head!.ConversationId, Now);
        var (turn, state) = workshop.Turns.TakenBack(stored, null, snapshot.State, HandoverStatus.TimedOut);
        return await CommitTurnAsync(snapshot, [], null, stored, turn with { StartedAt = stored.ReceivedAt }, state, cancellation);
    }

    /// <summary>The grace time is over: the conversation resource says whether an agent's leaving was the end.</summary>
    private async Task<HandoverCase> DecideAsync(Snapshot snapshot, HandoverCase handover, CancellationToken cancellation)
    {
        if (snapshot.State.Facts.People.TalkAt(Now, _options.TransferGrace) == Talk.Yes)
            return handover.Judged(snapshot.State.Facts, Now, _options.TransferGrace) with { DecideAt = null };
        var people = snapshot.State.Facts.People;
        var endpoint = await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation);
        if (endpoint is null || await AccountAsync(endpoint, cancellation) is not { } account) return handover.Ended(HandoverStatus.Completed, null);
        try
        {
            var conversation = await workshop.Gateway.GetConversationAsync(account, snapshot.Head!.ConversationId, cancellation);
            // Who has left has not got it: the resource is behind the events, unless it says so for long.
            var isStale = HandoverPatch.IsWith(conversation, "agent", people.WhoLeft);
            if (isStale && handover.Undecided < MostQuestions) return Undecided(handover);
            if (isStale || !HandoverPatch.IsWithPeople(conversation)) return handover.Ended(HandoverStatus.Completed, null);
            var wait = Backoff.After(handover.GoesOnAfter == people.LeftAt ? handover.Undecided + 1 : 1, _options);
            return handover.GoesOn(people.LeftAt, Now + (wait > _options.TransferGrace ? wait : _options.TransferGrace));
        }
        catch (ChatGatewayException failed) when (failed.Delivery != Delivery.Refused && handover.Undecided < MostQuestions)
        {
            return Undecided(handover);
        }
        catch (ChatGatewayException)
        {
            return handover.Ended(HandoverStatus.Completed, null);
        }
    }

    private HandoverCase Undecided(HandoverCase handover) => handover with
    {
        Undecided = handover.Undecided + 1,
        DecideAt = (Now + Backoff.After(handover.Undecided + 1, _options)).ToUnixTimeMilliseconds(),
    };

    /// <summary>8x8 takes an assignment with 202 and carries it out later: without a word of it, it is looked at.</summary>
    private async Task<HandoverCase> CheckAsync(Snapshot snapshot, HandoverCase handover, CancellationToken cancellation)
    {
        var again = Now + _options.AssignmentGrace;
        // It may be over already: what waits tells all of it, and the resource only how it is now.
        if (await WasWithPeopleAsync(snapshot, handover, cancellation)) return handover.Checked(null, again);
        var endpoint = await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation);
        bool? isDone = null;
        try
        {
            if (endpoint is not null && await AccountAsync(endpoint, cancellation) is { } account)
                isDone = HandoverPatch.IsDone(
                    handover.Request, await workshop.Gateway.GetConversationAsync(account, snapshot.Head!.ConversationId, cancellation));
        }
        catch (ChatGatewayException unknown)
        {
            Log.NotChecked(workshop.Logger, snapshot.Head!.ConversationId, unknown.Message);
        }

        return handover.Checked(isDone, again);
    }

    // ---- At 8x8 ------------------------------------------------------------------------------------------------

    /// <summary>Does the action of the turn whose outputs are sent.</summary>
    private async Task<Sent?> ActAsync(Snapshot snapshot, Endpoint endpoint, ChatGatewayAccount account, CancellationToken cancellation)
    {
        try
        {
            if (!FitsLease())
            {
                if (await HoldAsync(snapshot, cancellation) is not { } renewed) return null;
                snapshot = renewed;
            }

            var state = _turn!.Action switch
            {
                ConversationAction.HandOver => snapshot.State with
                {
                    Handover = await HandOverAsync(snapshot, snapshot.State.Handover!, endpoint, account, cancellation),
                },
                ConversationAction.TakeBack => WithoutPeople(snapshot.State with
                {
                    Handover = await TakeBackAsync(snapshot, snapshot.State.Handover!, endpoint, account, cancellation),
                }),
                _ => await EndAsync(snapshot, account, cancellation),
            };
            return await ActedAsync(snapshot, state, null, cancellation);
        }
        catch (ChatGatewayException failed) when (IsEndpointsFault(failed))
        {
            return await PauseAsync(snapshot, failed, cancellation, inDoubt: false);
        }
        catch (ChatGatewayException failed) when (failed.Delivery == Delivery.Refused)
        {
            Log.ActionRefused(workshop.Logger, snapshot.Head!.ConversationId, _turn!.Action!.Value.ToString(), Words(failed, snapshot));
            return await ActedAsync(snapshot, AfterLostAction(snapshot.State, Words(failed, snapshot)), Words(failed, snapshot), cancellation);
        }
        catch (ChatGatewayException failed)
        {
            return await LaterAsync(snapshot, failed.RetryAfter, Words(failed, snapshot), cancellation, inDoubt: false);
        }
    }

    private async Task<Sent?> ActedAsync(Snapshot snapshot, ConversationState state, string? error, CancellationToken cancellation)
    {
        _progress = _progress! with { Sent = _progress.Sent + 1 };
        var head = snapshot.Head! with { Lease = NewHold(), LastError = error ?? snapshot.Head.LastError };
        return await CommitAsync(snapshot, head, state, [], release: false, cancellation) is { } acted ? new Sent(acted) : null;
    }

    private async Task<HandoverCase> HandOverAsync(
        Snapshot snapshot, HandoverCase handover, Endpoint endpoint, ChatGatewayAccount account, CancellationToken cancellation)
    {
        var conversationId = snapshot.Head!.ConversationId;
        var isDone = _actionInDoubt && await IsHandedOverAsync(snapshot, handover, account, cancellation);
        var comesBack = handover.Request.Continues
            && await ComesBackAsync(conversationId, endpoint, account, cancellation);
        if (!isDone)
            await workshop.Gateway.AssignAsync(account, conversationId, HandoverPatch.Of(handover.Request), cancellation);
        return handover with { ComesBack = comesBack, CheckAt = (Now + _options.AssignmentGrace).ToUnixTimeMilliseconds() };
    }

    /// <summary>
    /// Whether a handover in doubt was made: asked for again, a conversation that an agent took meanwhile would be taken from the agent,
    /// and one that an agent has finished would get another.
    /// </summary>
    private async Task<bool> IsHandedOverAsync(
        Snapshot snapshot, HandoverCase handover, ChatGatewayAccount account, CancellationToken cancellation)
    {
        if (await WasWithPeopleAsync(snapshot, handover, cancellation)) return true;
        for (var looks = 0; ; looks++)
        {
            var now = await workshop.Gateway.GetConversationAsync(account, snapshot.Head!.ConversationId, cancellation);
            if (HandoverPatch.IsDone(handover.Request, now)) return true;
            if (looks > 0) return false;
            // What 8x8 accepted with 202 may not be visible yet.
            await Task.Delay(_options.Visibility, workshop.Time, cancellation);
        }
    }

    /// <summary>Whether an event tells of a queue or an agent since the handover was asked for.</summary>
    private async Task<bool> WasWithPeopleAsync(Snapshot snapshot, HandoverCase handover, CancellationToken cancellation)
    {
        var facts = snapshot.State.Facts;
        foreach (var (stored, body) in await WaitingAsync(snapshot, cancellation))
        {
            facts = facts.After(stored, body);
            handover = handover.After(stored, body, facts, Now, _options.TransferGrace);
        }

        return handover.Status != HandoverStatus.Requested;
    }

    /// <summary>Has 8x8 give the conversation back to the bot after the agent: it would go idle otherwise.</summary>
    private async Task<bool> ComesBackAsync(
        string conversationId, Endpoint endpoint, ChatGatewayAccount account, CancellationToken cancellation)
    {
        var settings = endpoint.Settings.Handover.PostAgent;
        try
        {
            if (await Handback.ArrangeAsync(workshop.Gateway, conversationId, endpoint, account, settings, cancellation) is { } fault)
            {
                Log.NoWayBack(workshop.Logger, conversationId, fault);
                return false;
            }

            return true;
        }
        catch (ChatGatewayException refused) when (refused.Delivery == Delivery.Refused && !IsEndpointsFault(refused))
        {
            Log.NoWayBack(workshop.Logger, conversationId, refused.Message);
            return false;
        }
    }

    private async Task<HandoverCase> TakeBackAsync(
        Snapshot snapshot, HandoverCase handover, Endpoint endpoint, ChatGatewayAccount account, CancellationToken cancellation)
    {
        var conversationId = snapshot.Head!.ConversationId;
        var now = await workshop.Gateway.GetConversationAsync(account, conversationId, cancellation);
        // An agent was quicker, and the events that say so are on their way.
        if (string.Equals(now.Assignment?.Type, "agent", StringComparison.OrdinalIgnoreCase)) return handover.KeepWaiting();
        if (string.Equals(now.State, "idle", StringComparison.OrdinalIgnoreCase))
            return handover.Ended(handover.Ending ?? HandoverStatus.Cancelled, "The conversation was closed.");
        if (endpoint.Settings.Handover.ReturnScriptId is { } script)
            await workshop.Gateway.AssignAsync(
                account, conversationId, new ConversationChange(new Assignment("script", script)), cancellation);
        else if (handover.Request.WithoutReturn == WithoutReturn.End)
            await workshop.Gateway.RemoveUserAsync(account, conversationId, cancellation);
        else return handover.KeepWaiting();
        return handover.TakenBack();
    }

    private async Task<ConversationState> EndAsync(Snapshot snapshot, ChatGatewayAccount account, CancellationToken cancellation)
    {
        try
        {
            await workshop.Gateway.RemoveUserAsync(account, snapshot.Head!.ConversationId, cancellation);
        }
        catch (ChatGatewayException closed) when (closed is { Delivery: Delivery.Refused, Status: 404 or 409 or 410 })
        {
            // It is closed already.
        }

        return snapshot.State;
    }

    /// <summary>Who was taken back is with nobody: the event that says so may come later than the bot speaks.</summary>
    private static ConversationState WithoutPeople(ConversationState state) => state.Handover is { IsActive: true } ? state : state with
    {
        Facts = state.Facts with { People = state.Facts.People with { EndedAt = Math.Max(state.Facts.People.EndedAt, state.Facts.NewestAt) } },
    };

    /// <summary>The action cannot be done: a handover has failed, and one that was to end goes on.</summary>
    private static ConversationState AfterLostAction(ConversationState state, string reason) => state.Handover switch
    {
        { Status: HandoverStatus.Returning } returning => state with { Handover = returning.KeepWaiting() },
        { Status: HandoverStatus.Requested } requested => state with { Handover = requested.Ended(HandoverStatus.Failed, reason) },
        _ => state,
    };

    // ---- Silence -----------------------------------------------------------------------------------------------

    /// <summary>Why nothing may be said any more, by what came in meanwhile; null: go on.</summary>
    private async Task<string?> SilenceAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        var facts = snapshot.State.Facts;
        foreach (var (stored, body) in await WaitingAsync(snapshot, cancellation)) facts = facts.After(stored, body);
        return workshop.Turns.Silence(facts, _turn!.EventType.StartsWith('$') ? null : _turn.Timestamp);
    }

    /// <summary>The events that wait, as far as they can be read: the others are dealt with when it is their turn.</summary>
    private async Task<IReadOnlyList<(StoredEvent Event, JsonElement Body)>> WaitingAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        var events = new List<(StoredEvent, JsonElement)>(snapshot.Inbox.Count);
        foreach (var waiting in snapshot.Inbox)
        {
            if (waiting.Event.IsOurs || waiting.Event.IsRetry) continue;
            try
            {
                events.Add((waiting.Event, JsonElement.Parse(await workshop.Store.ReadBodyAsync(key, waiting.Event.Body, cancellation))));
            }
            catch (InvalidOperationException)
            {
                // Its body is missing.
            }
        }

        return events;
    }

    /// <summary>Records what is left of the turn instead of sending it.</summary>
    private async Task<Sent?> UnsentAsync(Snapshot snapshot, string reason, CancellationToken cancellation)
    {
        var sending = snapshot.Head!.Sending!;
        Log.Unsent(workshop.Logger, sending.Sequence, snapshot.Head.ConversationId, reason);
        await SayAsync(LogLevel.Information, "connector", $"Outputs are not sent: {reason}", snapshot.Head.ConversationId, cancellation);
        _turn = _turn!.Silenced(reason, Math.Min(_progress!.Sent, _turn.Outputs.Count));
        _progress = _progress with { Sent = sending.Count };
        var state = snapshot.State.Handover is { Status: HandoverStatus.Returning } returning
            ? snapshot.State with { Handover = returning.KeepWaiting() }
            : snapshot.State;
        var row = await workshop.Store.TurnRowAsync(key, _turn, cancellation);
        return await CommitAsync(snapshot, snapshot.Head with { Lease = NewHold() }, state,
            [new(TableTransactionActionType.UpsertReplace, row)], release: false, cancellation) is { } written ? new Sent(written) : null;
    }

    // ---- Time and telling --------------------------------------------------------------------------------------

    /// <summary>Rule 10: waiting is a delayed wake-up, put before what it waits for is written.</summary>
    private Task WakeForHandoverAsync(HandoverCase? before, HandoverCase? after, CancellationToken cancellation) =>
        after?.DueAt is { } due && due != before?.DueAt
            ? workshop.WakeUps.PutPairAsync(key, DateTimeOffset.FromUnixTimeMilliseconds(due) - Now, cancellation)
            : Task.CompletedTask;

    private async Task ReportHandoverAsync(
        ConversationState stateBefore, ConversationState stateAfter, string conversationId, CancellationToken cancellation)
    {
        var (before, after) = (stateBefore.Handover, stateAfter.Handover);
        if (after is not { IsActive: true } && before is not { IsActive: true } && !stateBefore.Facts.People.IsAgentIn
            && stateAfter.Facts.People.WereThere(stateBefore.Facts.NewestAt))
            Log.TakenByAgent(workshop.Logger, conversationId);
        if (after is null || (after.Status == before?.Status && after.RequestedAt == before.RequestedAt)) return;
        if (after.Status == HandoverStatus.Failed)
        {
            Log.HandoverFailed(workshop.Logger, conversationId, after.Reason);
            await SayAsync(LogLevel.Error, "handover", $"The handover failed: {after.Reason}", conversationId, cancellation);
        }
        else Log.Handover(workshop.Logger, conversationId, HandoverCase.Name(after.Status), after.Reason);
    }
}
