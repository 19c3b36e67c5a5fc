using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover;

namespace EightByEight.Functions.Tests.Handover;

/// <summary>
/// A story as the connector learns of it, each event some seconds late, and what the connector does: what acts, what is absorbed, what is
/// due. The Flow hands over at "human", goes on after that, and says something to everything else.
/// </summary>
internal sealed class ToldStory
{
    /// <summary>How long an event takes at most, in milliseconds: less than the grace time in which a transfer is waited for.</summary>
    public const int Latest = 6_000;

    private static readonly ConversationOptions Options = new();
    private static readonly EndpointSettings Settings = new()
    {
        Name = "Test",
        Flow = "test",
        EightByEight = new(),
        Handover = new() { ReturnScriptId = "bot" },
    };

    private readonly Random _random;
    private readonly long _start = 1_700_000_000_000;
    private readonly SortedDictionary<string, Waiting> _inbox = new(StringComparer.Ordinal);
    private readonly List<(long At, WorldEvent Event)> _underWay = [];
    private readonly List<WorldEvent> _received = [];
    private readonly Dictionary<int, long> _absorbed = [];
    private readonly StringBuilder _protocol = new();
    private ConversationState _state = new();
    private long? _heldUntil;
    private readonly bool _inOrder;
    private int _taken;
    private long _arrives;

    public ToldStory(Random random, bool inOrder)
    {
        (_random, _inOrder) = (random, inOrder);
        World = new(_start);
    }

    public World World { get; }

    /// <summary>What the customer said.</summary>
    public List<WorldEvent> Texts { get; } = [];

    /// <summary>What made a turn.</summary>
    public List<int> Answered { get; } = [];

    /// <summary>What the bot said although it had heard that an agent is in.</summary>
    public List<string> SpokenBeside { get; } = [];

    private DateTimeOffset Now => DateTimeOffset.FromUnixTimeMilliseconds(World.Now);

    public bool IsAnswered(WorldEvent text) => Answered.Contains(text.Number);

    /// <summary>When it was decided that it makes no turn.</summary>
    public long AbsorbedAt(WorldEvent text) => _absorbed.GetValueOrDefault(text.Number, World.Now);

    public async Task TellAsync(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            Happen();
            await PassAsync(_random.Next(3) == 0 ? 15_000 : 1_500);
        }

        await SettleAsync();
    }

    public async Task<WorldEvent> SaysAtTheEndAsync(string text)
    {
        var said = Say(text);
        await SettleAsync();
        return said;
    }

    private WorldEvent Say(string text)
    {
        var said = World.Says(text);
        Texts.Add(said);
        return said;
    }

    private void Happen()
    {
        switch (World.Who)
        {
            case Who.Bot when _random.Next(5) == 0: World.AgentComes(); break;
            case Who.Bot when _random.Next(8) == 0: World.CustomerLeaves(); break;
            case Who.Bot: Say(_random.Next(2) == 0 ? "human" : $"text {Texts.Count}"); break;
            case Who.Queue when _random.Next(2) == 0: World.AgentComes(); break;
            case Who.Queue when _random.Next(6) == 0: World.CustomerLeaves(); break;
            case Who.Queue: Say(_random.Next(3) == 0 ? "never mind" : $"text {Texts.Count}"); break;
            case Who.Agent when _random.Next(3) == 0: World.AgentLeaves(silently: _random.Next(3) == 0); break;
            case Who.Agent when _random.Next(3) == 0: World.AgentTransfers(_random.Next(2) == 0); break;
            case Who.Agent when _random.Next(3) == 0: World.AgentSays(); break;
            default: Say($"text {Texts.Count}"); break;
        }
    }

    /// <summary>Lets time go by, with all that happens in it.</summary>
    private async Task PassAsync(int longest)
    {
        var until = World.Now + _random.Next(longest);
        while (true)
        {
            Send();
            var next = NextAt();
            if (next > until) break;
            World.Now = Math.Max(World.Now, next);
            World.Pass();
            Send();
            await ReceiveAsync();
        }

        World.Now = Math.Max(World.Now, until);
    }

    private async Task SettleAsync()
    {
        for (var waits = 0; waits < 500; waits++)
        {
            Send();
            var next = NextAt();
            if (next == long.MaxValue) return;
            World.Now = Math.Max(World.Now, next);
            World.Pass();
            Send();
            await ReceiveAsync();
        }

        Assert.Fail($"It never came to rest.\n{this}");
    }

    private long NextAt() => new[]
    {
        _underWay.Count == 0 ? long.MaxValue : _underWay.Min(one => one.At),
        World.AssignsAt ?? long.MaxValue,
        _state.Handover?.DueAt ?? long.MaxValue,
        _heldUntil ?? long.MaxValue,
    }.Min();

    private void Send()
    {
        for (; _taken < World.Events.Count; _taken++)
        {
            var arrives = World.Events[_taken].At + _random.Next(Latest);
            _arrives = Math.Max(_arrives, arrives);
            _underWay.Add((_inOrder ? _arrives : arrives, World.Events[_taken]));
        }
    }

    private async Task ReceiveAsync()
    {
        foreach (var (_, told) in _underWay.Where(one => one.At <= World.Now).OrderBy(one => one.At).ToList())
        {
            _underWay.RemoveAll(one => one.Event == told);
            _received.Add(told);
            var body = Encoding.UTF8.GetBytes(new JsonObject { ["eventType"] = told.Type, ["data"] = told.Data.DeepClone() }.ToJsonString());
            var stored = new StoredEvent
            {
                EventId = told.Number.ToString(CultureInfo.InvariantCulture),
                EventType = told.Type,
                ConversationId = "c",
                Timestamp = told.At,
                ReceivedAt = World.Now,
                Body = new(body, null),
            };
            var row = RowKeys.Inbox(told.At, told.Type == "CONVERSATION_UPDATE" ? 0 : 1, stored.EventId);
            _inbox.Add(row, new(row, stored));
        }

        await WorkAsync();
    }

    /// <summary>What a run does, without storage: it ends when nothing can be done now.</summary>
    private async Task WorkAsync()
    {
        _heldUntil = null;
        for (var rounds = 0; rounds < 200; rounds++)
        {
            if (_state.Handover is { } handover && Attend(handover)) continue;
            if (_state.Handover is not { IsActive: true }) World.Forget();
            if (_inbox.Count == 0) return;
            var plan = await Plan.MakeAsync(
                new Snapshot { State = _state, Inbox = [.. _inbox.Values] }, Settings, Now, Options, stored => ValueTask.FromResult(stored.Body.Inline!));
            Assert.Null(plan.Unreadable);
            foreach (var absorbed in plan.Absorbed)
            {
                _inbox.Remove(absorbed.RowKey);
                _absorbed[Number(absorbed)] = World.Now;
            }

            _state = plan.After(_state);
            if (plan.Acting is { } acting)
            {
                _inbox.Remove(acting.RowKey);
                Act(acting, plan);
            }
            else if (plan.HeldUntil > Now)
            {
                _heldUntil = plan.HeldUntil.Value.ToUnixTimeMilliseconds();
                if (plan.Absorbed.Count == 0) return;
            }
        }

        Assert.Fail($"A run never ended.\n{this}");
    }

    private static int Number(Waiting waiting) => int.Parse(waiting.Event.EventId, CultureInfo.InvariantCulture);

    private void Act(Waiting acting, Plan plan)
    {
        Answered.Add(Number(acting));
        var text = plan.Body.GetProperty("data").GetProperty("text").GetString()!;
        if (plan.Cancels) TakeBack();
        else if (Speak($"to '{text}'") && text == "human") HandOver(acting.Event);
    }

    private bool Speak(string what)
    {
        // What came meanwhile is looked at before anything is sent.
        var facts = _inbox.Values.Aggregate(_state.Facts, (known, waiting) => known.After(waiting.Event, JsonElement.Parse(waiting.Event.Body.Inline!)));
        if (facts.People.TalkAt(Now, Options.TransferGrace) == Talk.Yes) return false;
        Write($"the bot speaks {what}");
        if (IsAgentInByWhatWasHeard()) SpokenBeside.Add(string.Create(CultureInfo.InvariantCulture, $"{World.Now - _start}: {what}"));
        return true;
    }

    private void HandOver(StoredEvent stored)
    {
        var since = Math.Max(_state.Facts.NewestAt, Math.Max(_state.Handover?.QueuedAt ?? 0, stored.Timestamp));
        _state = _state with
        {
            Handover = HandoverCase.Begin(new HandoverRequest { QueueId = "101", CancelButton = "never mind", Continues = true, OnQueued = true, OnAgent = true }, since, Now) with
            {
                CheckAt = World.Now + (long)Options.AssignmentGrace.TotalMilliseconds,
            },
        };
        World.Accept(TimeSpan.FromMilliseconds(_random.Next(3_000)), stored.Timestamp);
        Write("handed over");
    }

    private void TakeBack()
    {
        var handover = _state.Handover!.Return(HandoverStatus.Cancelled);
        if (World.Who == Who.Agent) handover = handover.KeepWaiting();
        else
        {
            if (World.Who != Who.Nobody) World.TakenBack();
            handover = handover.Ended(HandoverStatus.Cancelled, null);
            var people = _state.Facts.People;
            _state = _state with
            {
                Facts = _state.Facts with { People = people with { EndedAt = Math.Max(people.EndedAt, _state.Facts.NewestAt) } },
            };
        }

        _state = _state with { Handover = handover };
        Write($"taken back: {handover.Status}");
    }

    private bool Attend(HandoverCase handover)
    {
        if (handover.Notices.Count > 0)
        {
            _state = _state with { Handover = handover.WithoutNotice() };
            var closed = _state.Facts.State.Value == "IDLE";
            if (!closed) Speak($"of {handover.Notices[0].Status}");
            return true;
        }

        if (!(handover.DueAt <= World.Now)) return false;
        var next = handover.DecideAt <= World.Now ? Decide(handover) : handover.Checked(
            World.SeenAt(World.Now).Who is Who.Queue or Who.Agent, Now + Options.AssignmentGrace);
        Write($"{handover.Status} -> {next.Status}");
        _state = _state with { Handover = next };
        return true;
    }

    private HandoverCase Decide(HandoverCase handover)
    {
        var people = _state.Facts.People;
        if (people.TalkAt(Now, Options.TransferGrace) == Talk.Yes)
            return handover.Judged(_state.Facts, Now, Options.TransferGrace) with { DecideAt = null };
        var (who, agent) = World.SeenAt(World.Now - _random.Next(3_000));
        var goesOn = who == Who.Queue || (who == Who.Agent && !people.WhoLeft.Contains(agent));
        return goesOn ? handover.GoesOn(people.LeftAt, Now + Options.TransferGrace) : handover.Ended(HandoverStatus.Completed, null);
    }

    /// <summary>By the time at which things happened, as far as they were heard of.</summary>
    private bool IsAgentInByWhatWasHeard()
    {
        var agents = new HashSet<string>();
        foreach (var told in _received.OrderBy(one => one.At))
        {
            var data = told.Data;
            if (told.Type == "MEMBERS_CHANGED")
            {
                if ((string?)data["memberType"] == "user") agents.Clear();
                else if ((string?)data["change"] == "joined") agents.Add((string)data["id"]!);
                else agents.Remove((string)data["id"]!);
            }
            else if (told.Type == "CONVERSATION_UPDATE" && ((string?)data["state"] == "idle" || (string?)data["assignment"]?["type"] == "script"))
            {
                agents.Clear();
            }
        }

        return agents.Count > 0;
    }

    private void Write(string what) => _protocol.AppendLine(CultureInfo.InvariantCulture, $"{World.Now - _start,7} {what}");

    public override string ToString() => $"{World}\n---\n{_protocol}\n{JsonSerializer.Serialize(_state.Handover)}\n{JsonSerializer.Serialize(_state.Facts)}";
}
