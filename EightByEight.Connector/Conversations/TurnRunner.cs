using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Analytics;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Handover;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Transformers;
using EightByEight.Connector.Translation;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Conversations;

/// <summary>Runs an event through the Endpoint's Flow, within its session. It changes nothing outside.</summary>
internal sealed partial class TurnRunner(
    IFlows flows, EndpointDirectory endpoints, IOutside outside, TransformerRoom transformers, TurnTranslation translation,
    Profiles profiles, Computing computing, IOptions<ConversationOptions> options, IOptions<AgentOptions> agents, IOptions<FlowLimits> limits,
    TimeProvider time)
{
    /// <summary>Why nothing is said beside an agent.</summary>
    public const string AgentTalks = "An agent talks with the customer.";

    /// <summary>
    /// The turn that an event makes, and the state after it; its sequence is not given yet. Null: the input transformer lets none be made.
    /// </summary>
    /// <param name="files">What became of the files that came with it.</param>
    /// <param name="isShown">Whether only the input transformer can make a turn of it.</param>
    /// <param name="onlyLooks">Whether not even that can.</param>
    /// <exception cref="FlowMissingException">The Endpoint's Flow is not stored.</exception>
    public async Task<(Turn? Turn, ConversationState State)> RunAsync(
        StoredEvent stored, JsonElement body, IReadOnlyList<IncomingFile> files, ConversationState state, Endpoint endpoint,
        CancellationToken cancellation, bool isShown = false, bool onlyLooks = false)
    {
        var settings = endpoint.Settings;
        var given = stored.EventType == TransformerRoutes.Input ? Transformed.Read(JsonNode.Parse(body.GetRawText()), out _)!
            : stored.IsOurs ? Transformed.Unchanged
            : await transformers.InputAsync(endpoint, TransformerView.Request(stored, body), TransformerView.Conversation(stored.ConversationId, state), cancellation);
        if (given.Stops || onlyLooks || (isShown && !given.IsTransformed)) return (null, state);
        var name = Session.NameOf(given.SessionId, stored.ConversationId);
        state = state.WithSession(name);
        var (flow, isOver) = await FlowAsync(settings, Living(stored, state, settings), cancellation);
        var (session, sessions) = SessionFor(stored, state, settings, name, isOver);
        session = session with { UserId = given.UserId };
        var content = IncomingContent.Of(body);
        content = new(given.Text ?? content.Text, given.Data ?? content.Data);
        // Last: whatever a transformer made of it, no URL leads around the storage.
        IncomingFile.Show(files, content.Data);
        if (settings.DataProtection.SanitizeInput)
            content = Sanitizing.Of(content, isClick: stored.EventType == "ACTIVITY" && given.Text is null);
        var said = content.Text;
        var isClick = stored.EventType == "ACTIVITY" && given.Text is null;
        var payload = isClick ? Click.Of(body) is { } clicked ? (session.Offer ?? state.Session?.Offer)?.PayloadOf(clicked) : null
            : stored.EventType is "MESSAGE" or "TEXT" && flow.TakesChoices(session.Position) ? session.Offer?.PayloadOf(said) : null;
        // A click that brought its payload is one already.
        if (payload is not null && !(isClick && payload == said)) content = content.AsChoice(payload);
        // What was offered comes back as the bot gave it: it is a name, not what the customer says.
        var translated = payload is not null ? new(content.Text, session.Language) : await translation.InputAsync(
            endpoint, Translated(session, settings), content.Text, isClick, ChannelLanguage(state.Facts), session.Language, cancellation);
        session = session with { Language = translated.Language };
        content = content with { Text = translated.Text };
        var input = InputFor(stored, content, state.Facts, session, flow, settings);
        if (translated.From is not null || translated.Fault is not null)
            input["translation"] = new JsonObject
            {
                ["original"] = said,
                ["from"] = translated.From,
                ["to"] = Translated(session, settings).FlowLanguage,
                ["failed"] = translated.Fault is not null,
                ["error"] = translated.Fault,
            };
        // An agent who took the conversation unasked is told of when the bot has it again.
        if (state.Session is { } before && session.Id == before.Id && state.Facts.People is var people
            && people.WereThere(before.LastTimestamp))
            input["handover"] = new JsonObject { ["status"] = "completed", ["unasked"] = true };
        // The turn that was to tell the Flow of the end failed: it is told again with what the customer says next.
        if (state.Handover is { IsActive: false } ended && flow.AwaitsHandover(session.Position)) input["handover"] = ended.ToInput(null);
        var text = stored.EventType == "CONVERSATION_UPDATE" && !given.IsTransformed ? null : said;
        return await RunAsync(flow, input, text, stored, Click.Of(body), session, state with { Sessions = sessions }, endpoint, cancellation);
    }

    /// <summary>The turn in which the Flow is told how its handover goes, at the step that waits for it.</summary>
    /// <exception cref="FlowMissingException">The Endpoint's Flow is not stored.</exception>
    public async Task<(Turn Turn, ConversationState State)> TellAsync(
        StoredEvent stored, HandoverNotice notice, ConversationState state, Endpoint endpoint, CancellationToken cancellation)
    {
        var settings = endpoint.Settings;
        var (flow, isOver) = await FlowAsync(settings, state.Session, cancellation);
        var handover = state.Handover!;
        state = state with { Handover = handover.WithoutNotice() };
        // The session's time stands still during a handover: it starts to run again when that is over.
        var session = state.Session is { } running ? running with
        {
            LastInputAt = stored.ReceivedAt,
            LastTimestamp = Math.Max(running.LastTimestamp, state.Facts.NewestAt),
            Execution = running.Execution + 1,
        } : null;
        if (session?.Position?.Step != handover.Request.Step || isOver || !flow.AwaitsHandover(session.Position))
            return (TurnOf(stored, session, null), state with { Session = session });
        var input = InputFor(stored, new IncomingContent("", []), state.Facts, session, flow, settings);
        input["handover"] = handover.ToInput(notice);
        return await RunAsync(flow, input, null, stored, null, session, state, endpoint, cancellation);
    }

    /// <summary>The next part of a turn that paused.</summary>
    /// <exception cref="FlowMissingException">The Endpoint's Flow is not stored.</exception>
    public async Task<(Turn Turn, ConversationState State)> ContinueAsync(
        PausedTurn rest, StoredEvent stored, ConversationState state, Endpoint endpoint, CancellationToken cancellation)
    {
        var settings = endpoint.Settings;
        var (flow, isOver) = await FlowAsync(settings, state.Session, cancellation, rest.At);
        state = state with { Paused = null };
        if (state.Session is not { } session || isOver)
            return (TurnOf(stored, state.Session, null) with
            {
                Part = rest.Part,
                Failure = new FlowFailure(rest.At.Step, 0, "The Endpoint got another Flow, or this version was deleted, while the turn paused here: the rest of it is left out."),
            }, state);
        var (turn, after) = await RunAsync(flow, rest.Input, null, stored, null, session, state, endpoint, cancellation, rest);
        // What is injected during a handover leaves the step alone that waits for its end.
        return stored.EventType != StoredEvent.Injected || state.Handover is not { IsActive: true } ? (turn, after)
            : (turn with { Action = null }, after with
            {
                Handover = state.Handover,
                Session = after.Session! with { Position = session.Position, Offer = session.Offer },
            });
    }

    /// <summary>What the session's Flow understands of a text while it does not run; null: nothing.</summary>
    public async ValueTask<string?> IntentAsync(string text, ConversationState state, Endpoint endpoint, CancellationToken cancellation)
    {
        if (state.Session is not { } session || await flows.FindAsync(endpoint.Settings.Flow, cancellation) is null) return null;
        var (flow, _) = await FlowAsync(endpoint.Settings, session, cancellation);
        using var heard = new Flows.Turn(flow, new FlowInput
        {
            Input = new JsonObject { ["text"] = text },
            Context = session.Context,
            Profile = session.Profile,
            Locale = endpoint.Settings.Locale,
            Nlu = endpoint.Settings.Nlu,
            Marks = session.Marks,
            Limits = limits.Value,
        }, cancellation);
        if (heard.ListenerAt(session.Position) is not { } listener) return null;
        var answer = listener.Ask(heard) is { } asked ? await outside.AnswerAsync(asked, endpoint, session.Id, cancellation) : null;
        return listener.Hear(heard, answer).Intent;
    }

    /// <summary>Whether a turn asks something of the world, so that it should not be tried by two at a time.</summary>
    public async ValueTask<bool> ReachesOutsideAsync(EndpointSettings settings, ConversationState state, CancellationToken cancellation)
    {
        if (settings.Transformers.Run || settings.Translation.Enabled || settings.Nlu is { Service: not null }) return true;
        if (await flows.CurrentAsync(settings.Flow, settings.FlowVersion, cancellation) is not { } current) return false;
        if (current.Asks) return true;
        // A session that waits goes on with the versions that it began with.
        foreach (var session in state.OtherSessions.Values.Append(state.Session))
            if ((session is not null && Translated(session, settings).Enabled) || (await FlowAsync(settings, session, cancellation)).Flow.Asks) return true;
        return false;
    }

    /// <summary>Why nothing may be said now; null: the bot may speak.</summary>
    /// <param name="said">When the customer said what is answered, by 8x8; null: nothing is answered.</param>
    public string? Silence(ConversationFacts facts, long? said)
    {
        if (facts.People.TalkAt(time.GetUtcNow(), options.Value.TransferGrace) == Talk.Yes) return AgentTalks;
        var closed = facts.State is { Value: "IDLE", At: var idle } && (said is null || idle >= said);
        return closed ? "The conversation is closed." : null;
    }

    /// <summary>
    /// The Flow that a session goes on with: one that waits finishes on the versions it began with, its own and those that it called. A
    /// session is over where the Endpoint has got another Flow since, or one of those is gone.
    /// </summary>
    /// <param name="paused">Where it goes on in the middle of a turn; null: it is not in one.</param>
    private async Task<(Flow Flow, bool IsOver)> FlowAsync(
        EndpointSettings settings, Session? running, CancellationToken cancellation, FlowPosition? paused = null)
    {
        var current = await flows.CurrentAsync(settings.Flow, settings.FlowVersion, cancellation)
            ?? throw new FlowMissingException(settings.Flow);
        if (running is null) return (current, false);
        if (running.Flow != settings.Flow) return (current, true);
        var place = paused ?? running.Position;
        var flow = current;
        if (running.FlowVersion is { } began && began != current.Version)
        {
            // The version to which the Endpoint was bound was deleted under it.
            if (began == settings.FlowVersion) return (current, true);
            if (place is null) return (current, false);
            if (await flows.FindAsync(settings.Flow, began, cancellation) is not { IsWhole: true } before) return (current, true);
            flow = before;
        }

        return await WithCalledAsync(flow, place, cancellation) is { } whole ? (whole, false) : (current, true);
    }

    /// <summary>A Flow with the versions in which a session waits of what it called; null where one is gone.</summary>
    private async ValueTask<Flow?> WithCalledAsync(Flow flow, FlowPosition? place, CancellationToken cancellation)
    {
        List<Flow>? before = null;
        foreach (var call in place?.Calls ?? [])
        {
            if (call.Version is not { } version || flow.Find(call) is not null) continue;
            if (await flows.FindAsync(call.Flow, version, cancellation) is not { IsWhole: true } found) return null;
            (before ??= []).Add(found);
        }

        return before is null ? flow : flow.With(before);
    }

    private async Task<(Turn Turn, ConversationState State)> RunAsync(
        Flow flow, JsonObject input, string? text, StoredEvent stored, Click? click, Session session, ConversationState state,
        Endpoint endpoint, CancellationToken cancellation, PausedTurn? rest = null, AgentAnswer? said = null)
    {
        var settings = endpoint.Settings;
        if (settings.DataProtection.MaskIpAddress) Masking.MaskAddresses(input);
        if (flow.NamesUrlToken) input["URLToken"] = await endpoints.UrlTokenAsync(endpoint, cancellation);
        var customer = CustomerOf(input, state, endpoint);
        var profile = customer is null ? session.Profile
            : state.OwnProfile ?? await ProfileAsync(customer, stored, state, endpoint, cancellation);
        var isBlind = session.Blind || rest is { IsBlind: true };
        using var run = flow.Begin(new FlowInput
        {
            Input = input,
            Context = session.Context,
            Profile = profile,
            Position = session.Position,
            Rest = rest?.Pause(),
            Said = said,
            Hides = settings.DataProtection.HidesOf(isBlind),
            CanReturn = settings.Handover.ReturnScriptId is not null,
            Id = stored.EventId,
            At = DateTimeOffset.FromUnixTimeMilliseconds(stored.ReceivedAt),
            Locale = settings.Locale,
            Nlu = settings.Nlu,
            Marks = session.Marks,
            Limits = limits.Value,
        }, cancellation);
        FlowAnswer? answer = null;
        var reachesOutside = settings.Transformers.Run;
        for (; await computing.RunAsync(endpoint.Id, () => run.Next(answer), cancellation) is { } asked; reachesOutside = true)
            answer = await outside.AnswerAsync(asked, endpoint, stored.ConversationId, cancellation);
        var result = run.Result;
        var silence = stored.IsBesideAgent ? null : Silence(state.Facts, stored.IsOurs ? null : stored.Timestamp);
        var transformer = silence is not null ? null : transformers.Outputs(
            endpoint, (string)input["userId"]!, session.Id, TransformerView.Conversation(stored.ConversationId, state));
        var (outputs, fault) = await translation.OutputsAsync(
            endpoint, Translated(result.Marks, settings), result.Outputs, ChannelLanguage(state.Facts), session.Language, cancellation);
        var (messages, offer, cards, unseen) = await ConvertAsync(outputs, result.Outputs, state, state.Sessions, settings, transformer, cancellation);
        IReadOnlyList<FlowFailure> warnings = [.. Warnings(result, rest is null ? input : [], fault), .. unseen];
        var change = customer is null ? null : ProfileChange.Between(customer, profile, result.Profile);
        if (change is not null && Memory.Size(result.Profile) > Profiles.MaxSize)
            (change, warnings) = (null, [.. warnings, new FlowFailure("profile", 0,
                $"With what this turn set in it, 'profile' is larger than {Profiles.MaxSize} bytes: it stays as it was. Keep less in it.")]);
        var turn = TurnOf(stored, session, text) with
        {
            Outputs = messages,
            Action = result.EndsConversation ? ConversationAction.End : null,
            Failure = result.Failure,
            Warnings = warnings.Count == 0 ? null : warnings,
            Hides = isBlind || result.IsBlind ? Hidden.All : null,
            Part = rest?.Part ?? 0,
            ReachedOutside = reachesOutside,
        };
        turn = Told(turn, input, session, result with { Warnings = warnings }, endpoint);
        // After a failure, and until its turn is over, the place is the one before the turn; and so is what can be chosen there.
        var position = result.Failure is null && result.Pause is null ? result.Position : session.Position;
        state = state with
        {
            Cards = cards,
            Paused = result.Pause is not { } pause ? null : PausedTurn.Of(pause, stored, turn.Part, time.GetUtcNow()) with
            {
                HasSpoken = rest is { HasSpoken: true } || offer is not null,
                IsBlind = isBlind || result.IsBlind,
            },
            ProfileChange = change,
            Session = session with
            {
                FlowVersion = flow.Version,
                Context = result.Context,
                Marks = result.Marks,
                Profile = customer is null ? result.Profile : [],
                Blind = result.Blind ?? session.Blind,
                Position = position,
                Listening = result.Pause is null && flow.Later(position, result.Marks) is not null ? ListeningAfter(stored, session) : null,
                Offer = result.Failure is not null || silence is not null ? session.Offer
                    : offer is null ? session.Offer?.After(click)
                    : rest is { HasSpoken: true } ? (session.Offer ?? Offer.Nothing).And(offer)
                    : result.Position is { } place && place.Step == session.Position?.Step && session.Offer?.After(click) is { } before
                    ? before.AskedAgain(offer) : offer,
            },
        };
        // As by a cancel of the customer; an agent who is there goes on.
        if (result.ClosesHandover && state.Handover is { IsActive: true, HasPeople: false } waiting)
            (turn, state) = (turn with { Action = ConversationAction.TakeBack }, state with { Handover = waiting.Return(HandoverStatus.Cancelled) });
        if (result.Handover is { } request)
            (turn, state) = state.Handover is { IsActive: true } ? (HandedOverTwice(turn, request), state)
                : HandedOver(turn, state, request, settings, silence, stored);
        return (silence is null ? turn : turn.Silenced(silence), state);
    }

    /// <summary>When the agent that has the customer is asked next: up to some time after the last input, which what it says itself is not.</summary>
    private Listening? ListeningAfter(StoredEvent stored, Session session) => Listening.Begin(
        time.GetUtcNow(),
        stored.EventType == StoredEvent.Heard && session.Listening is { } before ? before.Until
            : stored.ReceivedAt + (long)agents.Value.LaterUntil.TotalMilliseconds,
        agents.Value);

    /// <summary>The Endpoint's settings, as the session's Flow changed them.</summary>
    private static TranslationSettings Translated(FlowMarks marks, EndpointSettings settings) =>
        marks.Translation is { } change ? change.On(settings.Translation) : settings.Translation;

    private static TranslationSettings Translated(Session session, EndpointSettings settings) => Translated(session.Marks, settings);

    /// <summary>The language that the channel says the customer speaks; null: it does not.</summary>
    private static string? ChannelLanguage(ConversationFacts facts) =>
        facts.User.Value is { } known && JsonNode.Parse(known) is JsonObject user && user["language"] is JsonValue value
        && value.TryGetValue<string>(out var language) && TranslationSettings.IsLanguage(language) ? language : null;

    /// <summary>With those that say what was not translated.</summary>
    private static IReadOnlyList<FlowFailure> Warnings(FlowResult result, JsonObject input, string? fault)
    {
        var faults = new[] { (string?)input["translation"]?["error"], fault };
        return faults.All(one => one is null) ? result.Warnings
            : [.. result.Warnings, .. faults.OfType<string>().Distinct().Select(TurnTranslation.Warning)];
    }

    /// <summary>A turn with what analytics and the Endpoint's log get of it.</summary>
    private Turn Told(Turn turn, JsonObject input, Session session, FlowResult result, Endpoint endpoint)
    {
        var settings = endpoint.Settings.DataProtection;
        // Looked through only where something is masked.
        var words = Masking.Said(input).Concat(Masking.Slots(result.Understanding?.Slots))
            .Concat(Masking.Leaves(session.Context)).Concat(Masking.Leaves(result.Context)).Concat(Masking.Leaves(result.Profile));
        return turn with
        {
            // What the customer said is not masked while the bot repeats it.
            Hides = turn.Hides ?? (settings.MaskSensitiveAnalytics && Masking.Quotes(turn, words) ? Hidden.All : null),
            Record = settings.CollectAnalytics || Dashbot.IsTold(endpoint)
                ? AnalyticsRecord.Of(input, result, words) with { IsKept = settings.CollectAnalytics } : null,
            Log = EndpointLog.LinesOf(result, time.GetUtcNow(), turn.Hides is not null, line => settings.MaskSensitiveLogging ? Masking.WithoutQuotes(line, words) : line),
        };
    }

    /// <summary>Whose profile it is; null: the Endpoint keeps none, and it lives with the session.</summary>
    private static string? CustomerOf(JsonObject input, ConversationState state, Endpoint endpoint) =>
        endpoint.Settings.DataProtection.ContactProfiles
            ? new CustomerKey(endpoint.Settings.EightByEight.TenantId ?? endpoint.Id, state.Facts.Channel.Value ?? "", (string)input["userId"]!).Id
            : null;

    /// <summary>The profile, with what an earlier turn could not lay into it any more.</summary>
    private async Task<JsonObject> ProfileAsync(
        string customer, StoredEvent stored, ConversationState state, Endpoint endpoint, CancellationToken cancellation)
    {
        if (state.ProfileChange is { } pending)
            await profiles.ApplyAsync(pending, ConversationKey.Of(endpoint.Id, stored.ConversationId), cancellation);
        return (await profiles.FindAsync(customer, cancellation))?.Profile ?? [];
    }

    /// <summary>What is injected while people have the conversation cannot call others: the operator is told.</summary>
    private Turn HandedOverTwice(Turn turn, HandoverRequest request)
    {
        const string why = "A handover is going on already, so this one is not made. Ask for it when input.handover says that the other is over.";
        return turn with
        {
            Warnings = [.. turn.Warnings ?? [], new FlowFailure(request.Step, 0, why)],
            Log = [.. turn.Log, new(time.GetUtcNow(), LogLevel.Warning, "flow", $"{request.Step}: {why}")],
        };
    }

    private (Turn Turn, ConversationState State) HandedOver(
        Turn turn, ConversationState state, HandoverRequest request, EndpointSettings settings, string? silence, StoredEvent stored)
    {
        request = request with
        {
            QueueId = request.QueueId ?? (request.ScriptId is null ? settings.Handover.QueueId : null),
            InactivityMinutes = request.OnInactivity ? request.InactivityMinutes ?? settings.Handover.InactivityMinutes : null,
            Properties = Merged(request.Properties, settings.Handover.Properties),
        };
        var since = Math.Max(state.Facts.NewestAt, Math.Max(state.Handover?.QueuedAt ?? 0, stored.IsOurs ? 0 : stored.Timestamp));
        var begun = HandoverCase.Begin(request, since, time.GetUtcNow());
        var refused = silence ?? (request.QueueId is null && request.ScriptId is null
            ? "Neither the step nor the Endpoint's settings name a queue: write queueId in the handover, or set handover.queueId."
            : null);
        return refused is null
            ? (turn with { Action = ConversationAction.HandOver }, state with { Handover = begun })
            : (turn, state with { Handover = begun.Ended(HandoverStatus.Failed, refused) });
    }

    /// <summary>The turn that takes the customer back. The Flow is told once that is done: an agent may be quicker.</summary>
    /// <param name="text">What the customer cancelled with; null: it was not the customer.</param>
    public (Turn Turn, ConversationState State) TakenBack(StoredEvent stored, string? text, ConversationState state, HandoverStatus ending) =>
        (TurnOf(stored, state.Session, text is null ? null : Sanitizing.Text(text)) with { Action = ConversationAction.TakeBack },
            state with { Handover = state.Handover!.Return(ending) });

    /// <summary>A turn before anything came of it.</summary>
    public Turn TurnOf(StoredEvent stored, Session? session, string? text) => new()
    {
        Sequence = 0,
        EventId = stored.EventId,
        EventType = stored.EventType,
        SessionId = session?.Id,
        Text = text,
        Timestamp = stored.Timestamp,
        ReceivedAt = stored.ReceivedAt,
        CommittedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
        IsBesideAgent = stored.IsBesideAgent,
    };

    private static Dictionary<string, string> Merged(
        IReadOnlyDictionary<string, string> flow, IReadOnlyDictionary<string, string> endpoint)
    {
        var merged = new Dictionary<string, string>(flow);
        foreach (var (name, value) in endpoint) merged.TryAdd(name, value);
        return merged;
    }

    /// <summary>
    /// The messages, what they offer (null: nothing was said), how many cards the conversation has had then, and what the channel shows nothing of.
    /// </summary>
    /// <param name="originals">The outputs before they were translated.</param>
    private static async Task<(IReadOnlyList<OutgoingMessage> Messages, Offer? Offer, long Cards, IReadOnlyList<FlowFailure> Unseen)> ConvertAsync(
        IReadOnlyList<Output> outputs, IReadOnlyList<Output> originals, ConversationState state, int session, EndpointSettings settings,
        OutputTransformer? transformer, CancellationToken cancellation)
    {
        var kind = ChannelContext.KindOf(state.Facts.Channel.Value);
        var messages = new List<OutgoingMessage>();
        Offer? offer = null;
        var cards = state.Cards;
        var unseen = new List<FlowFailure>();
        foreach (var (output, original) in outputs.Zip(originals))
        {
            var channel = new ChannelContext(kind, settings.Content, $"{session}-{++cards}");
            var converted = OutgoingContent.ToMessages(output, channel);
            var isUnseen = converted.Messages.Count == 0 && output.Rich is not null;
            if (transformer is not null) converted = await transformer.TransformAsync(output, converted, channel.CardId, cancellation);
            messages.AddRange(output.IsUnrecorded ? converted.Messages.Select(message => message with { IsUnrecorded = true }) : converted.Messages);
            if (isUnseen && converted.Messages.Count == 0)
                unseen.Add(new FlowFailure("content", 0, $"{output.Rich!.GetType().Name} shows nothing on {kind}, and nothing was sent: give it a 'fallbackText'."));
            if (converted.Messages.Count == 0) continue;
            var offered = ReferenceEquals(output, original) ? converted.Offer
                : converted.Offer.With(OutgoingContent.ToMessages(original, channel).Offer);
            offer = (offer ?? Offer.Nothing).And(offered);
        }

        return (messages, offer, cards, unseen);
    }

    /// <summary>The running session, or a fresh one: the first, after expiry, and after 8x8 activated the conversation anew.</summary>
    private (Session Session, int Sessions) SessionFor(
        StoredEvent stored, ConversationState state, EndpointSettings settings, string? name, bool isOver)
    {
        var expired = state.Session is { } last && HasExpired(stored.ReceivedAt, last, state.Facts, settings, LongestSession);
        var reopened = state.Session is { } before && IsReopened(state.Facts, before, stored);
        if (state.Session is { } running && !expired && !reopened && !isOver)
            return (running with
            {
                LastInputAt = stored.ReceivedAt,
                Execution = running.Execution + 1,
                LastTimestamp = Math.Max(running.LastTimestamp, stored.Timestamp),
            }, state.Sessions);
        var number = state.Sessions + 1;
        var goesOn = expired && !reopened && !isOver && settings.Session.OnExpiry == OnExpiry.Continue ? state.Session : null;
        return (new Session
        {
            Id = name ?? $"{stored.ConversationId}-{number}",
            Name = name,
            Flow = settings.Flow,
            LastInputAt = stored.ReceivedAt,
            Execution = 1,
            LastTimestamp = stored.Timestamp,
            Context = goesOn?.Context ?? [],
            Profile = goesOn?.Profile ?? [],
            Marks = goesOn?.Marks ?? new(),
            Language = goesOn?.Language,
            Position = goesOn?.Position,
            FlowVersion = goesOn?.FlowVersion,
            Offer = goesOn?.Offer,
        }, number);
    }

    /// <summary>The session whose place an event finds; null: it begins at the start.</summary>
    private Session? Living(StoredEvent stored, ConversationState state, EndpointSettings settings) =>
        state.Session is { } last && !IsReopened(state.Facts, last, stored)
        && (settings.Session.OnExpiry == OnExpiry.Continue || !HasExpired(stored.ReceivedAt, last, state.Facts, settings, LongestSession)) ? last : null;

    /// <summary>Whether an event goes on with the session that runs.</summary>
    public static bool GoesOn(
        StoredEvent stored, ConversationState state, Session running, EndpointSettings settings, TimeSpan longestSession) =>
        running.Flow == settings.Flow && !HasExpired(stored.ReceivedAt, running, state.Facts, settings, longestSession) && !IsReopened(state.Facts, running, stored);

    private TimeSpan LongestSession => options.Value.LongestSession;

    /// <summary>The lower of the Endpoint's time and the system's wins; 0 is the Endpoint's "never".</summary>
    private static TimeSpan Lifetime(Session session, EndpointSettings settings, TimeSpan longest) =>
        (session.Marks.ExpirationMinutes ?? settings.Session.ExpirationMinutes) is > 0 and var minutes && TimeSpan.FromMinutes(minutes) < longest
            ? TimeSpan.FromMinutes(minutes) : longest;

    /// <param name="at">In milliseconds since 1970, by our clock.</param>
    private static bool HasExpired(long at, Session running, ConversationFacts facts, EndpointSettings settings, TimeSpan longestSession) =>
        !facts.People.IsAgentIn && at - running.RestsSince(facts.People) > Lifetime(running, settings, longestSession).TotalMilliseconds;

    /// <summary>Whether 8x8 activated the conversation anew between the session's last input and this one.</summary>
    private static bool IsReopened(ConversationFacts facts, Session running, StoredEvent stored) =>
        facts.ReopenedAt > running.LastTimestamp && stored.Timestamp >= facts.ReopenedAt;

    private static JsonObject InputFor(
        StoredEvent stored, IncomingContent content, ConversationFacts facts, Session session, Flow flow, EndpointSettings settings)
    {
        var user = facts.User.Value is { } known ? JsonNode.Parse(known)!.AsObject() : [];
        // JavaScript's numbers would lose the last digits of a long one.
        if (user["userId"] is JsonValue number && number.GetValueKind() == JsonValueKind.Number) user["userId"] = number.ToString();
        return new JsonObject
        {
            ["text"] = content.Text,
            ["data"] = content.Data,
            ["user"] = user,
            ["userId"] = session.UserId ?? ((user["userId"] is JsonValue id ? id.ToString() : null) is { Length: > 0 } userId ? userId : stored.ConversationId),
            ["sessionId"] = session.Id,
            ["session"] = new JsonObject { ["id"] = session.Id, ["isNew"] = session.Execution == 1 },
            ["conversationId"] = stored.ConversationId,
            ["inputId"] = stored.EventId,
            ["channel"] = facts.Channel.Value is { Length: > 0 } channel ? channel : null,
            ["endpointType"] = "eightByEight",
            ["localeId"] = session.Marks.Locale ?? settings.Locale,
            ["language"] = Locales.LanguageOf(session.Marks.Locale ?? settings.Locale),
            ["currentTime"] = CurrentTime.In(settings.TimeZone, stored.ReceivedAt),
            ["flowName"] = flow.Name,
            ["state"] = session.Marks.State,
            ["attachments"] = content.Data["attachments"]?.DeepClone(),
            ["intent"] = null,
            ["intentScore"] = null,
            ["intentFlow"] = null,
            ["slots"] = new JsonObject(),
            ["understood"] = null,
            ["result"] = null,
            ["activeQuestion"] = null,
            ["transcript"] = null,
            ["completedGoals"] = new JsonArray(),
            ["execution"] = session.Execution,
            ["mode"] = content.Mode,
            ["receivedAt"] = DateTimeOffset.FromUnixTimeMilliseconds(stored.ReceivedAt).ToString("O", System.Globalization.CultureInfo.InvariantCulture),
        };
    }
}

/// <summary>The Endpoint names a Flow that is not stored.</summary>
internal sealed class FlowMissingException(string flow)
    : Exception($"There is no Flow named '{flow}': store it with PUT /api/flows/{flow}, then retry.");
