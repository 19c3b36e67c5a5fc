using System.Text.Json;
using System.Text.Json.Serialization;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// Whether a person of the contact centre talks with the customer; the bot then is silent. 8x8 says it in several
/// ways (an assignment, a member, a message), in no promised order, and a transfer looks like an agent who left.
/// All times are milliseconds since 1970 by 8x8's timestamps, but for <see cref="LeftReceivedAt"/>.
/// </summary>
internal sealed record People
{
    private const int MaxAgents = 30;

    /// <summary>Agents who joined or left, by id.</summary>
    public IReadOnlyDictionary<string, Presence> Agents { get; set; } = new Dictionary<string, Presence>();

    /// <summary>The newest sign of an agent other than joining: an assignment or a message.</summary>
    public long SeenAt { get; set; }

    /// <summary>When the last agent left.</summary>
    public long LeftAt { get; set; }

    /// <summary>When we learned of it: the grace time for a transfer starts then.</summary>
    public long LeftReceivedAt { get; set; }

    /// <summary>When an agent last passed the conversation to another queue.</summary>
    public long TransferAt { get; set; }

    /// <summary>When it was certainly over: the conversation went idle, the customer left, or a script took over.</summary>
    public long EndedAt { get; set; }

    /// <summary>When the customer last left.</summary>
    public long CustomerLeftAt { get; set; }

    /// <summary>Whether an agent is there, by a member or by any newer sign of one.</summary>
    [JsonIgnore]
    public bool IsAgentIn => SeenAt > Math.Max(LeftAt, EndedAt) || Agents.Values.Any(a => a.Present && a.At > EndedAt);

    /// <summary>Whether any agent was there after a time.</summary>
    public bool WereThere(long since) => Math.Max(SeenAt, LeftAt) > since || Agents.Values.Any(a => a.At > since);

    /// <summary>When the last of them was gone, by our clock as far as it tells.</summary>
    [JsonIgnore]
    public long GoneAt => Math.Max(LeftReceivedAt, EndedAt);

    /// <summary>The agent who joined last and is there; null: nobody named.</summary>
    [JsonIgnore]
    public string? NewestAgent => Agents.Where(a => a.Value.Present && a.Key.Length > 0)
        .OrderByDescending(a => a.Value.At).Select(a => a.Key).FirstOrDefault();

    /// <summary>Whether an agent who is not there any more was at a time: what the customer said then was said to that agent.</summary>
    public bool WasAgentInAt(long at) => Agents.Values.Any(a => a.JoinedAt > 0 && a.JoinedAt <= at && at <= (a.Present ? EndedAt : a.At));

    /// <summary>The agents who left and did not come back.</summary>
    [JsonIgnore]
    public IEnumerable<string> WhoLeft => Agents.Where(a => !a.Value.Present && a.Key.Length > 0).Select(a => a.Key);

    /// <summary>Whether people talk, at a time of our clock.</summary>
    public Talk TalkAt(DateTimeOffset now, TimeSpan grace)
    {
        var over = Math.Max(LeftAt, EndedAt);
        long joined = 0;
        foreach (var agent in Agents.Values)
        {
            if (agent.Present && agent.At > EndedAt) return Talk.Yes;
            if (agent.Present) continue;
            joined = Math.Max(joined, agent.JoinedAt);
        }

        if (SeenAt > over) return Talk.Yes;
        var graceMs = (long)grace.TotalMilliseconds;
        if (TransferAt > EndedAt && TransferAt > joined && TransferAt >= LeftAt - graceMs) return Talk.Yes;
        return LeftAt > EndedAt && now.ToUnixTimeMilliseconds() < LeftReceivedAt + graceMs ? Talk.Undecided : Talk.No;
    }

    /// <summary>When <see cref="Talk.Undecided"/> ends.</summary>
    public DateTimeOffset DecidedAt(TimeSpan grace) => DateTimeOffset.FromUnixTimeMilliseconds(LeftReceivedAt) + grace;

    /// <summary>After a change of state or assignment.</summary>
    public People AfterUpdate(long at, bool idle, string? assignment) => assignment switch
    {
        _ when idle || Is(assignment, "script") => this with { EndedAt = Math.Max(EndedAt, at) },
        _ when Is(assignment, "agent") => this with { SeenAt = Math.Max(SeenAt, at) },
        _ => this,
    };

    /// <summary>After any other event; one that says nothing of people changes nothing.</summary>
    public People After(StoredEvent stored, JsonElement body, JsonElement data)
    {
        var at = stored.Timestamp;
        return stored.EventType switch
        {
            "TRANSFER" => this with { TransferAt = Math.Max(TransferAt, at) },
            "MEMBERS_CHANGED" when Is(data.Text("memberType"), "agent") => Changed(data, stored, Is(data.Text("change"), "joined")),
            "MEMBERS_CHANGED" when Is(data.Text("memberType"), "user") && Is(data.Text("change"), "left") =>
                this with { EndedAt = Math.Max(EndedAt, at), CustomerLeftAt = Math.Max(CustomerLeftAt, at) },
            "AGENT_JOINED" => Changed(data.ValueKind == JsonValueKind.Object ? data : body, stored, joined: true),
            "AGENT_LEFT" => Changed(data.ValueKind == JsonValueKind.Object ? data : body, stored, joined: false),
            "MESSAGE" or "TEXT" when Speaker.Of(body) == Speaker.Agent => this with { SeenAt = Math.Max(SeenAt, at) },
            _ => this,
        };
    }

    private People Changed(JsonElement member, StoredEvent stored, bool joined)
    {
        var id = member.Text("id") ?? member.Text("agentId") ?? "";
        var before = Agents.GetValueOrDefault(id);
        if (before is not null && before.At > stored.Timestamp)
            return joined && before.JoinedAt < stored.Timestamp
                ? this with { Agents = new Dictionary<string, Presence>(Agents) { [id] = before with { JoinedAt = stored.Timestamp } } }
                : this;
        var agents = Agents.Where(a => a.Value.Present || a.Value.At > stored.Timestamp - 86_400_000).TakeLast(MaxAgents - 1)
            .ToDictionary(a => a.Key, a => a.Value);
        agents[id] = new Presence(joined, stored.Timestamp, joined ? stored.Timestamp : before?.JoinedAt ?? 0);
        if (joined || stored.Timestamp < LeftAt) return this with { Agents = agents };
        return this with { Agents = agents, LeftAt = stored.Timestamp, LeftReceivedAt = stored.ReceivedAt };
    }

    private static bool Is(string? text, string word) => string.Equals(text, word, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Whether people talk.</summary>
internal enum Talk
{
    /// <summary>The bot may speak.</summary>
    No,

    /// <summary>An agent left, and a transfer may still turn up: customers' messages wait.</summary>
    Undecided,

    /// <summary>The bot is silent.</summary>
    Yes,
}

/// <summary>One agent.</summary>
/// <param name="Present">Joined, and not left.</param>
/// <param name="At">When that was so.</param>
/// <param name="JoinedAt">When they last joined; 0 when that is not known.</param>
internal sealed record Presence(bool Present, long At, long JoinedAt);

/// <summary>Who said a message.</summary>
internal enum SpeakerKind
{
    Customer,
    Agent,
    Other,
}

/// <summary>Who said a message, by <c>sender.type</c>, or by the flat fields of the retired predecessor's <c>TEXT</c>.</summary>
internal static class Speaker
{
    public const SpeakerKind Agent = SpeakerKind.Agent;
    public const SpeakerKind Customer = SpeakerKind.Customer;

    public static SpeakerKind Of(JsonElement body)
    {
        var data = body.Member("data");
        var type = data.Member("sender").Text("type") ?? body.Text("messageType") ?? data.Text("messageType") ?? "";
        return type.ToUpperInvariant() switch
        {
            "" or "USER" or "CUSTOMER" => SpeakerKind.Customer,
            "AGENT" => SpeakerKind.Agent,
            _ => SpeakerKind.Other,
        };
    }
}
