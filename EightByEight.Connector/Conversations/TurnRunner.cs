using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Conversations;

/// <summary>Runs an event through the Endpoint's Flow, within its session. It changes nothing outside.</summary>
internal sealed class TurnRunner(FlowDirectory flows, TimeProvider time)
{
    /// <summary>The turn that an event makes, and the state after it; its sequence is not given yet.</summary>
    /// <exception cref="FlowMissingException">The Endpoint's Flow is not stored.</exception>
    public async Task<(Turn Turn, ConversationState State)> RunAsync(
        StoredEvent stored, JsonElement body, ConversationState state, EndpointSettings settings, CancellationToken cancellation)
    {
        var flow = await flows.FindAsync(settings.Flow, cancellation) ?? throw new FlowMissingException(settings.Flow);
        var (session, sessions) = SessionFor(stored, state, settings);
        var content = IncomingContent.Of(body);
        var said = content.Text;
        if (stored.EventType is "MESSAGE" or "TEXT" && flow.TakesChoices(session.Position) && session.Offer?.PayloadOf(said) is { } payload)
            content = content.AsChoice(payload);
        var result = flow.Run(new FlowInput
        {
            Input = InputFor(stored, content, state.Facts, session, flow),
            Context = session.Context,
            Profile = session.Profile,
            Position = session.Position,
        }, cancellation);
        var (messages, offer, cards) = Convert(result.Outputs, state, sessions, settings);
        var turn = new Turn
        {
            Sequence = 0,
            EventId = stored.EventId,
            EventType = stored.EventType,
            SessionId = session.Id,
            Text = stored.EventType == "CONVERSATION_UPDATE" ? null : said,
            Timestamp = stored.Timestamp,
            ReceivedAt = stored.ReceivedAt,
            CommittedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
            Outputs = messages,
            Failure = result.Failure,
            Warnings = result.Warnings.Count == 0 ? null : result.Warnings,
        };
        return (turn, state with
        {
            Sessions = sessions,
            Cards = cards,
            Session = session with
            {
                Context = result.Context,
                Profile = result.Profile,
                Position = result.Position,
                // After a failure the place is the one before the turn, and so is what can be chosen there.
                Offer = result.Failure is not null ? session.Offer : offer ?? session.Offer?.After(Click.Of(body)),
            },
        });
    }

    /// <summary>The messages, what they offer (null: nothing was said), and how many cards the conversation has had then.</summary>
    private static (IReadOnlyList<OutgoingMessage> Messages, Offer? Offer, long Cards) Convert(
        IReadOnlyList<Output> outputs, ConversationState state, int session, EndpointSettings settings)
    {
        var kind = ChannelContext.KindOf(state.Facts.Channel.Value);
        var messages = new List<OutgoingMessage>();
        Offer? offer = null;
        var cards = state.Cards;
        foreach (var output in outputs)
        {
            var converted = OutgoingContent.ToMessages(output, new(kind, settings.Content, $"{session}-{++cards}"));
            messages.AddRange(converted.Messages);
            if (converted.Messages.Count > 0) offer = (offer ?? Offer.Nothing).And(converted.Offer);
        }

        return (messages, offer, cards);
    }

    /// <summary>The running session, or a fresh one: the first, after expiry, and after 8x8 activated the conversation anew.</summary>
    private static (Session Session, int Sessions) SessionFor(StoredEvent stored, ConversationState state, EndpointSettings settings)
    {
        if (state.Session is { } running && GoesOn(stored, state, running, settings))
            return (running with
            {
                LastInputAt = stored.ReceivedAt,
                Execution = running.Execution + 1,
                LastTimestamp = Math.Max(running.LastTimestamp, stored.Timestamp),
                Position = running.Flow == settings.Flow ? running.Position : null,
                Flow = settings.Flow,
            }, state.Sessions);
        var number = state.Sessions + 1;
        return (new Session
        {
            Id = $"{stored.ConversationId}-{number}",
            Flow = settings.Flow,
            LastInputAt = stored.ReceivedAt,
            Execution = 1,
            LastTimestamp = stored.Timestamp,
        }, number);
    }

    /// <summary>Whether an event goes on with the session that runs.</summary>
    public static bool GoesOn(StoredEvent stored, ConversationState state, Session running, EndpointSettings settings) =>
        settings.Session.ExpirationMinutes is var minutes
        && (minutes == 0 || stored.ReceivedAt - running.LastInputAt <= minutes * 60_000L)
        && !IsReopened(state.Facts, running, stored);

    /// <summary>Whether 8x8 activated the conversation anew between the session's last input and this one.</summary>
    private static bool IsReopened(ConversationFacts facts, Session running, StoredEvent stored) =>
        facts.ReopenedAt > running.LastTimestamp && stored.Timestamp >= facts.ReopenedAt;

    private static JsonObject InputFor(StoredEvent stored, IncomingContent content, ConversationFacts facts, Session session, Flow flow)
    {
        var user = facts.User.Value is { } known ? JsonNode.Parse(known)!.AsObject() : [];
        return new JsonObject
        {
            ["text"] = content.Text,
            ["data"] = content.Data,
            ["user"] = user,
            ["userId"] = (user["userId"] is JsonValue id ? id.ToString() : null) is { Length: > 0 } userId ? userId : stored.ConversationId,
            ["sessionId"] = session.Id,
            ["conversationId"] = stored.ConversationId,
            ["inputId"] = stored.EventId,
            ["channel"] = facts.Channel.Value,
            ["endpointType"] = "eightByEight",
            ["flowName"] = flow.Name,
            ["execution"] = session.Execution,
            ["mode"] = content.Text.Length == 0 ? "TextData" : "TextOnly",
            ["receivedAt"] = DateTimeOffset.FromUnixTimeMilliseconds(stored.ReceivedAt).ToString("O", System.Globalization.CultureInfo.InvariantCulture),
        };
    }
}

/// <summary>The Endpoint names a Flow that is not stored.</summary>
internal sealed class FlowMissingException(string flow)
    : Exception($"There is no Flow named '{flow}': store it with PUT /api/flows/{flow}, then retry.");
