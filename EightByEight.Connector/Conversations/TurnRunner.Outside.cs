using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Injection;
using EightByEight.Connector.Transformers;

namespace EightByEight.Connector.Conversations;

/// <content>Turns that neither 8x8 nor a handover makes: what is injected, what is notified, and the end of a session by an operator.</content>
internal sealed partial class TurnRunner
{
    /// <summary>The turn, and the state after it. What cannot be delivered any more is a turn that says why.</summary>
    /// <exception cref="FlowMissingException">The Endpoint's Flow is not stored.</exception>
    public async Task<(Turn Turn, ConversationState State)> RunFromOutsideAsync(
        StoredEvent stored, JsonElement body, bool peopleTalk, ConversationState state, Endpoint endpoint, CancellationToken cancellation)
    {
        // What goes on with people, or is on its way, goes on: only the Flow's memory ends.
        if (stored.EventType == StoredEvent.Reset) return (
            TurnOf(stored, state.Session, null), state with { Session = null, Paused = null, OtherSessions = new Dictionary<string, Session>() });
        var notifies = stored.EventType == StoredEvent.Notified;
        if (OutsideMessage.Read(body, notifies, out var fault) is not { } message)
            return (TurnOf(stored, state.Session, null) with { UnsentReason = fault }, state);
        state = state.WithSessionOf(message, stored.ConversationId);
        if (FaultIn(message, stored.ReceivedAt, state, peopleTalk, endpoint.Settings) is { } reason)
            return (TurnOf(stored, state.Session, notifies ? null : message.Text) with { UnsentReason = reason, Unsent = [] }, state);
        return notifies
            ? await NotifiedAsync(message, stored, state, endpoint, cancellation)
            : await InjectedAsync(message, stored, state, endpoint, cancellation);
    }

    /// <summary>
    /// The turn of what the virtual agent that has the customer said since, as it is asked now, and the state after it. Null: it said
    /// nothing, or nobody listens to it any more; or, as the fault says, it could not be asked.
    /// </summary>
    /// <exception cref="FlowMissingException">The Endpoint's Flow is not stored.</exception>
    public async Task<(Turn? Turn, ConversationState State, string? Fault)> HearAsync(
        StoredEvent stored, ConversationState state, Endpoint endpoint, CancellationToken cancellation)
    {
        var (settings, before) = (endpoint.Settings, state.Session!);
        var session = before with { LastInputAt = stored.ReceivedAt, Execution = before.Execution + 1 };
        var (flow, isOver) = await FlowAsync(settings, before, cancellation);
        var input = InputFor(stored, new IncomingContent("", []), state.Facts, session, flow, settings);
        if (isOver || FaultIn(new OutsideMessage(), stored.ReceivedAt, state, peopleTalk: false, settings) is not null
            || flow.Later(before.Position, before.Marks) is not { } later)
            return (null, state with { Session = before with { Listening = null } }, null);
        later = later with { UserId = (string)input["userId"]! };
        var answer = await outside.AnswerAsync(later, endpoint, stored.ConversationId, cancellation);
        if (answer is not AgentAnswer { IsEmpty: false } said)
            return (null, state with { Session = before with { Listening = before.Listening!.Next(time.GetUtcNow(), agents.Value) } }, answer.Error);
        var (turn, after) = await RunAsync(flow, input, null, stored, null, session, state, endpoint, cancellation, said: said);
        return (turn with { ReachedOutside = true }, after, null);
    }

    /// <summary>Why a message from outside must not be delivered; null: it may.</summary>
    /// <param name="at">When it was received, in milliseconds since 1970.</param>
    public string? FaultIn(OutsideMessage message, long at, ConversationState state, bool peopleTalk, EndpointSettings settings)
    {
        if (state.Facts.State.Value == "IDLE") return "The conversation is closed: 8x8 takes nothing more for it.";
        var handedOver = state.Handover is { IsActive: true };
        if (!message.PastAgent && (handedOver || peopleTalk
            || state.Facts.People.TalkAt(time.GetUtcNow(), options.Value.TransferGrace) != Talk.No))
            return "An agent is in the conversation, or is being called. Send it with \"whenAgent\": \"deliver\" to speak nevertheless.";
        if (message.PastEnd) return null;
        const string hint = " Send it with \"whenEnded\": \"deliver\" to speak nevertheless.";
        return state.Session is not { } session ? "No session runs in the conversation." + hint
            : message.SessionId is { } id && !session.IsCalled(id) ? $"The session {id} has ended." + hint
            : !handedOver && (HasExpired(at, session, state.Facts, settings, LongestSession) || state.Facts.ReopenedAt > session.LastTimestamp) ? $"The session {session.Id} has ended." + hint
            : null;
    }

    private async Task<(Turn Turn, ConversationState State)> NotifiedAsync(
        OutsideMessage message, StoredEvent stored, ConversationState state, Endpoint endpoint, CancellationToken cancellation)
    {
        var settings = endpoint.Settings;
        // It prolongs a session, but makes none live again.
        var session = state.Session is { } running && !HasExpired(stored.ReceivedAt, running, state.Facts, settings, LongestSession)
            ? running with { LastInputAt = stored.ReceivedAt } : state.Session;
        var transformer = transformers.Outputs(endpoint, TransformerView.UserId(stored.ConversationId, state), session?.Id ?? stored.ConversationId,
            TransformerView.Conversation(stored.ConversationId, state));
        var outputs = message.ToOutputs();
        var (messages, _, cards, _) = await ConvertAsync(outputs, outputs, state, state.Sessions, settings, transformer, cancellation);
        return (TurnOf(stored, session, null) with { Outputs = messages, ReachedOutside = transformer is not null },
            state with { Cards = cards, Session = session });
    }

    private async Task<(Turn Turn, ConversationState State)> InjectedAsync(
        OutsideMessage message, StoredEvent stored, ConversationState state, Endpoint endpoint, CancellationToken cancellation)
    {
        var settings = endpoint.Settings;
        // By 8x8's clock, which tells whether the conversation was opened anew.
        var at = stored with { Timestamp = Math.Max(state.Session?.LastTimestamp ?? 0, state.Facts.NewestAt) };
        var paused = state.Handover is { IsActive: true } ? state.Session : null;
        var (flow, isOver) = await FlowAsync(settings, paused ?? Living(at, state, settings), cancellation);
        var (session, sessions) = paused is null
            ? SessionFor(at, state, settings, state.Session?.Name, isOver)
            : (paused with { LastInputAt = stored.ReceivedAt, Execution = paused.Execution + 1 }, state.Sessions);
        if (message.Agent is not null && (paused is not null || !flow.AwaitsAgent(session.Position)))
            return (TurnOf(stored, session, null) with { UnsentReason = "No step 'agent' waits for it: the conversation has gone on.", Unsent = [] }, state);
        var input = InputFor(stored, message.ToContent(), state.Facts, session, flow, settings);
        if (message.Agent is { } said) input["agent"] = JsonNode.Parse(said.GetRawText());
        // The step that waits for the end of a handover goes on waiting.
        if (paused is not null) session = session with { Position = null };
        var (turn, after) = await RunAsync(
            flow, input, message.Text, stored, null, session, state with { Sessions = sessions }, endpoint, cancellation);
        if (paused is null) return (turn, after);
        return (turn with { Action = null }, after with
        {
            Handover = state.Handover,
            Session = after.Session! with { Position = paused.Position, Offer = paused.Offer },
        });
    }
}
