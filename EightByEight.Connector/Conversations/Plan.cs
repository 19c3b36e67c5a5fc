using System.Text.Json;
using Azure;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover;
using EightByEight.Connector.Transformers;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// What is to be done next with what waits: which events only change what is known and move to history, and which one makes a turn.
/// </summary>
internal sealed record Plan
{
    /// <summary>Events that cause no turn, in order.</summary>
    public required IReadOnlyList<Waiting> Absorbed { get; init; }

    /// <summary>The event that makes a turn, after the absorbed ones; null: none can now.</summary>
    public Waiting? Acting { get; init; }

    /// <summary>The acting event's body; undefined for outputs that are sent again.</summary>
    public JsonElement Body { get; init; }

    /// <summary>The facts after all of them.</summary>
    public required ConversationFacts Facts { get; init; }

    /// <summary>The facts after the absorbed ones, before the acting one.</summary>
    public required ConversationFacts FactsBefore { get; init; }

    /// <summary>The handover after all of them.</summary>
    public HandoverCase? Handover { get; init; }

    /// <summary>The handover after the absorbed ones, before the acting one.</summary>
    public HandoverCase? HandoverBefore { get; init; }

    /// <summary>Whether the acting event calls the handover off.</summary>
    public bool Cancels { get; init; }

    /// <summary>Whether people talk after all that waits, so that outputs that are sent again stay unsent.</summary>
    public bool PeopleTalk { get; init; }

    /// <summary>Customers' events wait until it is clear whether people still talk; null: none do.</summary>
    public DateTimeOffset? HeldUntil { get; init; }

    /// <summary>An event that cannot be read; what came before it is not absorbed yet.</summary>
    public (Waiting Waiting, Exception Cause)? Unreadable { get; init; }

    /// <summary>
    /// Whether the acting event would make no turn of its own: the input transformer sees it, and may make one of it.
    /// </summary>
    public bool IsShown { get; init; }

    /// <summary>Whether not even the input transformer can make a turn of it, since people talk or the bot itself said it.</summary>
    public bool OnlyLooks { get; init; }

    /// <summary>The state after the absorbed events.</summary>
    public ConversationState Before(ConversationState state) => state with { Facts = FactsBefore, Handover = HandoverBefore };

    /// <summary>The state after all events.</summary>
    public ConversationState After(ConversationState state) => state with { Facts = Facts, Handover = Handover };

    /// <summary>Looks at what waits, in order.</summary>
    /// <param name="read">Gets an event's body.</param>
    /// <param name="understand">Gets the intent of what a customer says who waits for people; null: only one that is named counts.</param>
    public static async ValueTask<Plan> MakeAsync(
        Snapshot snapshot, EndpointSettings? settings, DateTimeOffset now, ConversationOptions options, Func<StoredEvent, ValueTask<byte[]>> read,
        Func<string, ValueTask<string?>>? understand = null)
    {
        var grace = options.TransferGrace;
        var facts = snapshot.State.Facts;
        var handover = snapshot.State.Handover;
        var absorbed = new List<Waiting>();
        // A turn that paused is not over: what comes meanwhile waits for its end.
        DateTimeOffset? heldUntil = snapshot.State.Paused is { } rest ? DateTimeOffset.FromUnixTimeMilliseconds(rest.DueAt) : null;
        var pauses = heldUntil is not null;
        var showsAll = settings is { Enabled: true, Transformers: { Input: true, Source.Length: > 0 } };
        Plan Rests() => new()
        {
            Absorbed = absorbed,
            Facts = facts,
            FactsBefore = facts,
            Handover = handover,
            HandoverBefore = handover,
        };
        Plan Acts(Waiting waiting, JsonElement body, ConversationFacts after, HandoverCase? handoverAfter) =>
            Rests() with { Acting = waiting, Body = body, Facts = after, Handover = handoverAfter };
        Plan Fails(Waiting waiting, Exception cause) => Rests() with { Absorbed = [], Unreadable = (waiting, cause) };
        var bodies = new Dictionary<string, JsonElement>(snapshot.Inbox.Count);
        var gone = new Dictionary<string, RequestFailedException>();
        foreach (var waiting in snapshot.Inbox)
        {
            if (waiting.Event.EventType == StoredEvent.RetriedOutputs) continue;
            try
            {
                bodies[waiting.RowKey] = JsonElement.Parse(await read(waiting.Event));
            }
            catch (RequestFailedException missing) when (missing.ErrorCode == "BlobNotFound")
            {
                gone[waiting.RowKey] = missing;
            }
        }

        var peopleTalk = DoPeopleTalk(snapshot, bodies, now, grace);
        foreach (var waiting in snapshot.Inbox)
        {
            if (absorbed.Count == ConversationStore.MaxAbsorbed) break;
            var stored = waiting.Event;
            if (stored.EventType == StoredEvent.RetriedOutputs)
            {
                if (heldUntil is not null) continue;
                return Acts(waiting, default, facts, handover) with { PeopleTalk = peopleTalk };
            }

            if (!bodies.TryGetValue(waiting.RowKey, out var body))
                return Fails(waiting, new BodyGoneException(stored, gone[waiting.RowKey]));
            if (stored.IsFromOutside)
            {
                // Whether an agent is in must be clear before it is spoken past one.
                if (stored.EventType != StoredEvent.Reset) heldUntil ??= UndecidedUntil(facts, handover, now, grace);
                if (heldUntil is not null && !(pauses && stored.EventType == StoredEvent.Reset)) continue;
                return Acts(waiting, body, facts, handover) with { PeopleTalk = peopleTalk };
            }

            if (pauses && showsAll) continue;
            var goesOn = handover is { IsActive: true };
            ConversationFacts after;
            HandoverCase? next;
            Role role;
            try
            {
                // What is retried runs as the newest, but what it told of the conversation is old.
                after = stored.IsRetry ? facts : facts.After(stored, body);
                next = stored.IsRetry ? handover : handover?.After(stored, body, after, now, grace);
                role = RoleOf(stored, body, after.BeganActivation(facts), settings);
                if (role == Role.Input && !stored.IsRetry)
                {
                    if (facts.IsRepeated(stored, body)
                        || (!goesOn && IsStale(stored, body, snapshot.State with { Facts = after }, settings, options))) role = Role.None;
                    after = after.AfterInput(stored, body);
                }
            }
            catch (InvalidOperationException notText)
            {
                // Valid JSON may hold a string that is no Unicode text.
                return Fails(waiting, notText);
            }

            // An agent who left may turn out to be a transfer: what the customer says then waits for its meaning.
            var talk = role == Role.None ? Talk.No
                : goesOn ? next!.Status == HandoverStatus.Left || next.IsUnconfirmed ? Talk.Undecided : Talk.Yes
                : peopleTalk ? Talk.Yes : after.People.TalkAt(now, grace);
            if (talk == Talk.Undecided && role == Role.Input)
            {
                heldUntil = goesOn ? DateTimeOffset.FromUnixTimeMilliseconds(next!.DecideAt!.Value) : after.People.DecidedAt(grace);
                continue;
            }

            if (heldUntil is not null && role == Role.Input) continue;
            // It comes too late to be said to the agent, who has seen it all the same.
            if (talk == Talk.No && role == Role.Input && !stored.IsRetry
                && (after.People.WasAgentInAt(stored.Timestamp) || next?.HadCustomerAt(stored.Timestamp) == true)) role = Role.None;
            if (role != Role.None && talk == Talk.No) return Acts(waiting, body, after, next);
            if (goesOn && role == Role.Input)
            {
                if (CanReturn(next!, settings)
                    && await next!.IsCancelledByAsync(Chosen(IncomingContent.Of(body), snapshot.State.Session), understand))
                    return Acts(waiting, body, after, next) with { Cancels = true };
                next = next!.Heard(stored.ReceivedAt);
            }

            if (!stored.IsOurs && showsAll && !facts.IsRepeated(stored, body))
                return Acts(waiting, body, after, next) with
                {
                    IsShown = true,
                    OnlyLooks = goesOn || peopleTalk || after.People.TalkAt(now, grace) != Talk.No
                        || (stored.EventType is "MESSAGE" or "TEXT" && Speaker.Of(body) != Speaker.Customer),
                };

            (facts, handover) = (after, next);
            absorbed.Add(waiting);
            // The Flow is told first, and what comes next may depend on it.
            if (handover is { Notices.Count: > 0 }) break;
        }

        // A transfer or a new agent that was absorbed may have decided: those held are looked at again at once.
        if (heldUntil is not null && !pauses && !(handover is { IsActive: true, Status: HandoverStatus.Left } or { IsUnconfirmed: true }
            || facts.People.TalkAt(now, grace) == Talk.Undecided)) heldUntil = now;
        return Rests() with { HeldUntil = heldUntil };
    }

    /// <summary>Until when it is not clear whether an agent who left is replaced by another; null: it is clear.</summary>
    private static DateTimeOffset? UndecidedUntil(ConversationFacts facts, HandoverCase? handover, DateTimeOffset now, TimeSpan grace) =>
        handover is { IsActive: true, DecideAt: { } at } ? DateTimeOffset.FromUnixTimeMilliseconds(at)
        : facts.People.TalkAt(now, grace) == Talk.Undecided ? facts.People.DecidedAt(grace) : null;

    /// <summary>
    /// Whether the newest of what waits says that people talk: an agent who joined meanwhile answers what the customer said before.
    /// </summary>
    private static bool DoPeopleTalk(
        Snapshot snapshot, Dictionary<string, JsonElement> bodies, DateTimeOffset now, TimeSpan grace)
    {
        var facts = snapshot.State.Facts;
        foreach (var (rowKey, stored) in snapshot.Inbox)
        {
            if (stored.IsRetry || !bodies.TryGetValue(rowKey, out var body)) continue;
            try
            {
                facts = facts.After(stored, body);
            }
            catch (InvalidOperationException)
            {
                // It is found unreadable when it is its turn.
            }
        }

        return facts.People.TalkAt(now, grace) == Talk.Yes;
    }

    /// <summary>What was typed may be the number of the button that calls the handover off.</summary>
    private static IncomingContent Chosen(IncomingContent content, Session? session) =>
        session?.Offer?.PayloadOf(content.Text) is { } payload ? content.AsChoice(payload) : content;

    /// <summary>Whether there is a way to take the customer back, so that calling off means something.</summary>
    private static bool CanReturn(HandoverCase handover, EndpointSettings? settings) =>
        settings?.Handover.ReturnScriptId is not null || handover.Request.WithoutReturn == WithoutReturn.End;

    private static Role RoleOf(StoredEvent stored, JsonElement body, bool beganActivation, EndpointSettings? settings) => stored.EventType switch
    {
        "MESSAGE" or "TEXT" => Speaker.Of(body) == Speaker.Customer ? Role.Input : Role.None,
        TransformerRoutes.Input => Role.Input,
        "ACTIVITY" => IncomingContent.IsReply(body) ? Role.Input : Role.None,
        "CONVERSATION_UPDATE" when settings is { EightByEight.AcceptConversationActiveEvent: true } =>
            beganActivation || (stored.IsRetry && IsActive(body)) ? Role.Activation : Role.None,
        _ => Role.None,
    };

    /// <summary>
    /// Whether a click is not about what was offered last while something waits: a second click on a card, or one on an older card. It
    /// must not answer the question that waits now. While nothing waits it is input like any other.
    /// </summary>
    private static bool IsStale(
        StoredEvent stored, JsonElement body, ConversationState state, EndpointSettings? settings, ConversationOptions options)
    {
        if (stored.EventType != "ACTIVITY" || settings is null || Click.Of(body) is not { } click) return false;
        if (state.Session is not { Position: not null, Offer: { } offer } session
            || !TurnRunner.GoesOn(stored, state, session, settings, options.LongestSession)) return false;
        if (click.CardId is { } card) return !offer.Cards.Contains(card);
        // What has no id of ours cannot be told from the newest.
        if (click.Form.ValueKind != JsonValueKind.Undefined || click.Location.ValueKind != JsonValueKind.Undefined) return false;
        return offer.PayloadOf(click) is null;
    }

    private static bool IsActive(JsonElement body) =>
        string.Equals(body.Member("data").Text("state"), "active", StringComparison.OrdinalIgnoreCase);

    private enum Role
    {
        /// <summary>Cannot make a turn.</summary>
        None,

        /// <summary>The customer said or clicked something.</summary>
        Input,

        /// <summary>The conversation became active, and the bot may speak first.</summary>
        Activation,
    }
}

/// <summary>The blob with an event's body does not exist any more.</summary>
internal sealed class BodyGoneException(StoredEvent stored, Exception cause)
    : Exception($"The blob with the event's body is gone: {stored.Body.Blob}. It was deleted by hand, or by a lifecycle rule of the account.", cause);
