using System.Globalization;
using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Handover;

internal enum Who
{
    Bot,
    Queue,
    Agent,

    /// <summary>The conversation is idle.</summary>
    Nobody,
}

/// <summary>One event as 8x8 makes it.</summary>
internal sealed record WorldEvent(int Number, string Type, long At, JsonObject Data);

/// <summary>
/// What truly happens to a conversation at 8x8, whatever anybody is told of it. Times are in milliseconds since 1970.
/// </summary>
internal sealed class World
{
    private readonly List<(long At, Who Who)> _history;
    private int _agents;
    private string _agent = "";
    private bool _returns;

    public World(long start)
    {
        Now = start;
        _history = [(start, Who.Bot)];
    }

    public long Now { get; set; }
    public Who Who => _history[^1].Who;
    public List<WorldEvent> Events { get; } = [];

    /// <summary>A handover that 8x8 accepted and has not carried out.</summary>
    public long? AssignsAt { get; private set; }

    private void Become(Who who) => _history.Add((Now, who));

    /// <summary>Whether a queue or an agent had the conversation, or was asked to, at some time of a span.</summary>
    public bool WereInCharge(long from, long until)
    {
        for (var i = 0; i < _history.Count; i++)
        {
            var end = i + 1 < _history.Count ? _history[i + 1].At : long.MaxValue;
            if (_history[i].Who is Who.Queue or Who.Agent && _history[i].At <= until && end >= from) return true;
        }

        return _asked.Any(one => one.From <= until && one.Until >= from);
    }

    private readonly List<(long From, long Until)> _asked = [];

    public bool AgentAfter(long at) => _history.Any(one => one.Who == Who.Agent && one.At >= at);

    /// <summary>What the conversation's resource said some time ago.</summary>
    public (Who Who, string Agent) SeenAt(long at) => (_history.Last(one => one.At <= at || one.At == _history[0].At).Who, _agent);

    public WorldEvent Says(string text)
    {
        if (Who == Who.Nobody)
        {
            TakenBack();
        }

        return Emit("MESSAGE", new() { ["sender"] = new JsonObject { ["type"] = "user" }, ["text"] = text });
    }

    /// <summary>8x8 accepts a handover, and carries it out later.</summary>
    /// <param name="saidAt">When the customer said what the bot answers with it.</param>
    public void Accept(TimeSpan later, long saidAt)
    {
        AssignsAt = Now + (long)later.TotalMilliseconds;
        _returns = true;
        _asked.Add((saidAt, AssignsAt.Value));
    }

    /// <summary>Whether somebody else had the conversation between what the last handover answers and the handover.</summary>
    public bool IsTangled { get; private set; }

    /// <summary>Carries out what is due.</summary>
    public void Pass()
    {
        if (AssignsAt is not { } due || due > Now) return;
        AssignsAt = null;
        if (Who == Who.Nobody)
        {
            _asked[^1] = (_asked[^1].From, long.MaxValue);
            return;
        }

        if (Who == Who.Agent) Left();
        IsTangled = _history.Any(one => one.At > _asked[^1].From);
        Queue();
    }

    /// <summary>Who asked for the handover does not wait for it any more.</summary>
    public void Forget()
    {
        if (_asked.Count > 0 && _asked[^1].Until == long.MaxValue) _asked[^1] = (_asked[^1].From, Now);
    }

    public void TakenBack()
    {
        Become(Who.Bot);
        Tell();
    }

    public void AgentComes()
    {
        _agent = $"agent-{++_agents % 3}";
        if (Who == Who.Bot) _returns = false;
        Become(Who.Agent);
        Update("active", "agent", _agent);
        Emit("MEMBERS_CHANGED", new() { ["memberType"] = "agent", ["change"] = "joined", ["id"] = _agent });
    }

    public void AgentSays() => Emit("MESSAGE", new() { ["sender"] = new JsonObject { ["type"] = "agent", ["id"] = _agent }, ["text"] = "Hm." });

    public void AgentTransfers(bool transferFirst)
    {
        if (transferFirst) Emit("TRANSFER", []);
        Left();
        if (!transferFirst) Emit("TRANSFER", []);
        Queue();
    }

    /// <param name="silently">Whether no event tells to whom the conversation goes; none is promised.</param>
    public void AgentLeaves(bool silently)
    {
        Left();
        Become(_returns ? Who.Bot : Who.Nobody);
        if (!silently) Tell();
        _returns = false;
    }

    public void CustomerLeaves()
    {
        Emit("MEMBERS_CHANGED", new() { ["memberType"] = "user", ["change"] = "left", ["id"] = "customer" });
        Idle();
    }

    private void Idle()
    {
        Become(Who.Nobody);
        Tell();
    }

    private void Left() => Emit("MEMBERS_CHANGED", new() { ["memberType"] = "agent", ["change"] = "left", ["id"] = _agent });

    private void Queue()
    {
        Become(Who.Queue);
        Update("active", "queue", "101");
        Emit("QUEUED", new() { ["queueId"] = "101", ["queueName"] = "Support" });
    }

    private void Tell()
    {
        if (Who == Who.Bot) Update("active", "script", "bot");
        else Update("idle", null, null);
    }

    private void Update(string state, string? type, string? id) => Emit("CONVERSATION_UPDATE", new()
    {
        ["state"] = state,
        ["assignment"] = type is null ? null : new JsonObject { ["type"] = type, ["id"] = id },
    });

    private WorldEvent Emit(string type, JsonObject data)
    {
        var made = new WorldEvent(Events.Count + 1, type, Now++, data);
        Events.Add(made);
        return made;
    }

    public override string ToString() => string.Join('\n', Events.Select(one =>
        string.Create(CultureInfo.InvariantCulture, $"{one.At - _history[0].At,7} {one.Type} {one.Data.ToJsonString()}")));
}
