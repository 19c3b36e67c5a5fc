using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover;
using EightByEight.Connector.Privacy;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>
/// One conversation with a Flow, in memory. Events of 8x8 go through the product's own plan and turns, and what is said is the messages
/// that 8x8 would get; what 8x8 does is done here at once.
/// </summary>
internal sealed class Rehearsal(RehearsalStage stage, Endpoint endpoint)
{
    private const string Agent = "agent-1";
    private const int MostTurnsAtOnce = 1_000;

    private readonly List<Waiting> _inbox = [];
    private readonly List<Turn> _turns = [];
    private int _events;
    private int _taken;

    /// <summary>The conversation's id, of which its sessions have theirs.</summary>
    public string ConversationId { get; init; } = "rehearsal";

    /// <summary>What ids of events begin with: servers that are really asked tell repetitions by them.</summary>
    public string EventPrefix { get; init; } = "event-";

    /// <summary>The Endpoint whose Flow it is.</summary>
    public Endpoint Endpoint { get; set; } = endpoint;

    /// <summary>Is shown each part of a turn once it is over; null: nobody looks.</summary>
    public Action<Turn>? Watch { get; init; }

    public ConversationState State { get; private set; } = new();

    /// <summary>Whether the Flow closed the conversation.</summary>
    public bool HasEnded { get; private set; }

    private DateTimeOffset Now => stage.Clock.Now;

    /// <summary>All turns so far.</summary>
    public IReadOnlyList<Turn> Turns => _turns;

    /// <summary>The turns since they were taken last.</summary>
    public IReadOnlyList<Turn> TakeTurns()
    {
        var turns = _turns[_taken..];
        _taken = _turns.Count;
        return turns;
    }

    // ---- What happens ------------------------------------------------------------------------------------------

    /// <summary>8x8 tells of the conversation.</summary>
    public Task BeginAsync(string? channel, JsonObject? user, CancellationToken cancellation)
    {
        stage.Outside.Transcript = asked => Outside.Said([.. _turns.Select(turn => TurnView.Of(Masking.Shown(turn)))], asked);
        return HappenAsync("CONVERSATION_UPDATE", new JsonObject { ["state"] = "active", ["channel"] = channel, ["user"] = user?.DeepClone() }, cancellation);
    }

    /// <summary>The customer writes.</summary>
    /// <param name="attachments">As 8x8 sends them; null: none.</param>
    public Task SayAsync(string text, JsonArray? attachments, CancellationToken cancellation) =>
        MessageAsync("user", new JsonObject { ["text"] = text, ["attachments"] = attachments }, cancellation);

    /// <summary>The customer clicks on a button with that title.</summary>
    /// <exception cref="RehearsalException">There is none.</exception>
    public Task ClickAsync(string title, CancellationToken cancellation)
    {
        var choices = State.Session?.Offer?.Choices ?? [];
        var choice = choices.LastOrDefault(one => one.Title == title) ?? throw new RehearsalException(
            $"There is no button '{title}' to click. {(choices.Count == 0 ? "None is shown." : $"Shown are: {string.Join(", ", choices.Select(one => one.Title))}.")}");
        return ClickAsync(choice, cancellation);
    }

    /// <summary>The customer clicks on that button.</summary>
    public Task ClickAsync(OfferedChoice choice, CancellationToken cancellation) => HappenAsync("ACTIVITY", new JsonObject
    {
        ["name"] = "quickReply/action",
        ["value"] = new JsonObject { ["title"] = choice.Title, ["payload"] = choice.Payload },
    }, cancellation);

    /// <summary>The customer submits the last Adaptive Card.</summary>
    public Task SubmitAsync(JsonObject form, CancellationToken cancellation)
    {
        var data = (JsonObject)form.DeepClone();
        if (State.Session?.Offer?.Cards is { Count: > 0 } cards) data[AdaptiveCards.IdMember] = cards[^1];
        return HappenAsync("ACTIVITY", new JsonObject { ["name"] = "adaptiveCard/action", ["value"] = new JsonObject { ["data"] = data } }, cancellation);
    }

    /// <summary>Somebody else speaks to the Flow, as through the inject API: to this conversation, where the body names none.</summary>
    /// <exception cref="RehearsalException">The inject API would refuse it.</exception>
    public async Task InjectAsync(JsonObject body, CancellationToken cancellation)
    {
        if (body["sessionId"] is null) body["conversationId"] ??= ConversationId;
        if (body["conversationId"] is { } other && other.ToString() != ConversationId)
            throw new RehearsalException($"There is no conversation '{other}': this one is '{ConversationId}', and a body need not name it.");
        var before = _turns.Count;
        await EnterAsync(StoredEvent.Injected, body, cancellation);
        if (_turns.ElementAtOrDefault(before)?.UnsentReason is { } reason) throw new RehearsalException(reason);
    }

    /// <summary>The virtual agent that has the customer says something without being asked.</summary>
    /// <param name="said">In our own JSON.</param>
    /// <exception cref="RehearsalException">Nobody listens to it.</exception>
    public Task AnswerLaterAsync(JsonObject said, CancellationToken cancellation) => InjectAsync(new JsonObject { ["agent"] = said }, cancellation);

    public Task QueueAsync(string name, CancellationToken cancellation) => HappenAsync("QUEUED", new JsonObject
    {
        ["queueId"] = State.Handover?.Request.QueueId,
        ["queueName"] = name,
    }, cancellation);

    public Task AgentJoinsAsync(CancellationToken cancellation) => HappenAsync("MEMBERS_CHANGED", Member("joined"), cancellation);

    public Task AgentSaysAsync(string text, CancellationToken cancellation) =>
        MessageAsync("agent", new JsonObject { ["text"] = text }, cancellation);

    /// <summary>The agent leaves, and no other comes.</summary>
    public async Task AgentLeavesAsync(CancellationToken cancellation)
    {
        await HappenAsync("MEMBERS_CHANGED", Member("left"), cancellation);
        await WaitAsync(stage.Options.TransferGrace + TimeSpan.FromSeconds(1), cancellation);
    }

    /// <summary>Time passes, and what is due meanwhile is done.</summary>
    public async Task WaitAsync(TimeSpan time, CancellationToken cancellation)
    {
        var end = Now + time;
        while (NextDue() is { } due && due <= end)
        {
            if (due > Now) stage.Clock.Now = due;
            await WorkAsync(cancellation);
        }

        stage.Clock.Now = end;
        await WorkAsync(cancellation);
    }

    private static JsonObject Member(string change) => new() { ["memberType"] = "agent", ["change"] = change, ["id"] = Agent };

    private Task MessageAsync(string by, JsonObject data, CancellationToken cancellation)
    {
        data["id"] = $"message-{_events + 1}";
        data["sender"] = new JsonObject { ["type"] = by, ["id"] = by == "agent" ? Agent : "customer" };
        return HappenAsync("MESSAGE", data, cancellation);
    }

    private Task HappenAsync(string type, JsonObject data, CancellationToken cancellation) => EnterAsync(type, new JsonObject
    {
        ["eventType"] = type,
        ["conversationId"] = ConversationId,
        ["timestamp"] = Now.ToUnixTimeMilliseconds(),
        ["data"] = data,
    }, cancellation);

    private Task EnterAsync(string type, JsonObject body, CancellationToken cancellation)
    {
        // Nothing happens at the same time as something else.
        stage.Clock.Now += TimeSpan.FromSeconds(2);
        if (type != StoredEvent.Injected) body["timestamp"] = Now.ToUnixTimeMilliseconds();
        _inbox.Add(new($"{_events:D6}", EventOf(type, $"{EventPrefix}{++_events}") with
        {
            Body = new(Encoding.UTF8.GetBytes(body.ToJsonString()), null),
            IsBesideAgent = type == StoredEvent.Injected && body["whenAgent"]?.ToString() == "deliver",
        }));
        return WorkAsync(cancellation);
    }

    private StoredEvent EventOf(string type, string id) => new()
    {
        EventId = id,
        EventType = type,
        ConversationId = ConversationId,
        Timestamp = Now.ToUnixTimeMilliseconds(),
        ReceivedAt = Now.ToUnixTimeMilliseconds(),
        Body = default,
    };

    // ---- What comes of it --------------------------------------------------------------------------------------

    private DateTimeOffset? NextDue() => new[] { State.Paused?.DueAt, State.Handover?.DueAt }.Min() is { } due
        ? DateTimeOffset.FromUnixTimeMilliseconds(due) : null;

    /// <summary>All that can be done now, in the order of the product.</summary>
    private async Task WorkAsync(CancellationToken cancellation)
    {
        for (var turns = 0; await StepAsync(cancellation); turns++)
            if (turns == MostTurnsAtOnce) throw new RehearsalException("The Flow does not come to rest.");
    }

    private async Task<bool> StepAsync(CancellationToken cancellation)
    {
        if (State.Paused is { } rest)
        {
            // Nobody waits for a delay in a test.
            if (DateTimeOffset.FromUnixTimeMilliseconds(rest.DueAt) is var due && due > Now) stage.Clock.Now = due;
            await CommitAsync(await stage.Turns.ContinueAsync(rest, rest.Event(ConversationId), State, Endpoint, cancellation), cancellation);
            return true;
        }

        if (State.Handover is { Notices.Count: > 0 } told)
        {
            var stored = EventOf(StoredEvent.HandoverNotice, $"handover-{told.RequestedAt}-{told.Notices[0].Number}");
            await CommitAsync(await stage.Turns.TellAsync(stored, told.Notices[0], State, Endpoint, cancellation), cancellation);
            return true;
        }

        if (State.Handover is { } handover && handover.DueAt <= Now.ToUnixTimeMilliseconds())
        {
            State = State with { Handover = Due(handover) };
            return true;
        }

        return await ReadAsync(cancellation);
    }

    private HandoverCase Due(HandoverCase handover)
    {
        var now = Now.ToUnixTimeMilliseconds();
        if (handover.TimeoutAt <= now && !handover.HasPeople) return TakenBack(handover.Return(HandoverStatus.TimedOut)) with { TimeoutAt = null };
        return handover.DecideAt <= now ? handover.Ended(HandoverStatus.Completed, null)
            : handover.TimeoutAt <= now ? handover with { TimeoutAt = null } : handover.Silent(Now);
    }

    private async Task<bool> ReadAsync(CancellationToken cancellation)
    {
        if (_inbox.Count == 0) return false;
        var plan = await Plan.MakeAsync(new Snapshot { State = State, Inbox = _inbox }, Endpoint.Settings, Now, stage.Options, stored => new(stored.Body.Inline!),
            text => stage.Turns.IntentAsync(text, State, Endpoint, cancellation));
        if (plan.Unreadable is { } unreadable) throw new RehearsalException($"The event cannot be read: {unreadable.Cause.Message}");
        foreach (var absorbed in plan.Absorbed) _inbox.Remove(absorbed);
        if (plan.Acting is not { } acting)
        {
            State = plan.After(State);
            return plan.Absorbed.Count > 0;
        }

        _inbox.Remove(acting);
        var state = plan.After(State);
        if (acting.Event.IsFromOutside)
            await CommitAsync(await stage.Turns.RunFromOutsideAsync(acting.Event, plan.Body, plan.PeopleTalk, state, Endpoint, cancellation), cancellation);
        else if (plan.Cancels)
            await CommitAsync(stage.Turns.TakenBack(acting.Event, IncomingContent.Of(plan.Body).Text, state, HandoverStatus.Cancelled), cancellation);
        else if (await stage.Turns.RunAsync(acting.Event, plan.Body, [], state, Endpoint, cancellation) is ({ } turn, var after))
            await CommitAsync((turn, after), cancellation);
        return true;
    }

    private async Task CommitAsync((Turn Turn, ConversationState State) made, CancellationToken cancellation)
    {
        // As it is stored and read again.
        State = JsonSerializer.Deserialize(JsonSerializer.Serialize(made.State, ConversationJson.Default.ConversationState), ConversationJson.Default.ConversationState)!;
        _turns.Add(Masking.Of(made.Turn, Endpoint.Settings.DataProtection, State.Session));
        Watch?.Invoke(made.Turn);
        switch (made.Turn.Action)
        {
            case ConversationAction.TakeBack:
                State = State with { Handover = TakenBack(State.Handover!) };
                break;
            case ConversationAction.End:
                HasEnded = true;
                await HappenAsync("CONVERSATION_UPDATE", new JsonObject { ["state"] = "idle" }, cancellation);
                break;
        }
    }

    /// <summary>8x8 gives the customer back, where there is something to give the customer to.</summary>
    private HandoverCase TakenBack(HandoverCase handover) =>
        Endpoint.Settings.Handover.ReturnScriptId is not null || handover.Request.WithoutReturn == WithoutReturn.End
            ? handover.Ended(handover.Ending ?? HandoverStatus.Cancelled, null) : handover.KeepWaiting();
}
