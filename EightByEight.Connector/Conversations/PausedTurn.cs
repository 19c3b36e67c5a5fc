using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// The rest of a turn whose first part is committed. It is part of the state, so each commit that carries it out takes it away: what was
/// done before a crash is not done again, and what comes after it is done once.
/// </summary>
internal sealed record PausedTurn
{
    /// <summary>The event whose turn it is, without its body.</summary>
    public string EventId { get; set; } = "";

    public string EventType { get; set; } = "";
    public long Timestamp { get; set; }
    public long ReceivedAt { get; set; }
    public bool IsBesideAgent { get; set; }

    /// <summary>The number of the part that comes, from 1.</summary>
    public int Part { get; set; }

    /// <summary>When it is due; milliseconds since 1970.</summary>
    public long DueAt { get; set; }

    /// <summary>How long the pause is; known only where the turn was made.</summary>
    [JsonIgnore]
    public TimeSpan Delay { get; set; }

    public FlowPosition At { get; set; } = new() { Step = "" };
    public JsonObject Input { get; set; } = [];

    /// <summary>How many steps the parts before have run, for earlier versions of this product.</summary>
    public int Steps { get; set; }

    /// <summary>How much of its limits the parts before have used up; null, as earlier versions stored it: only <see cref="Steps"/> is known.</summary>
    public FlowUse? Used { get; set; }

    /// <summary>Whether the parts before have said something.</summary>
    public bool HasSpoken { get; set; }

    /// <summary>Whether nobody may look at this turn.</summary>
    public bool IsBlind { get; set; }

    /// <summary>The rest of a turn that pauses.</summary>
    public static PausedTurn Of(FlowPause pause, StoredEvent stored, int part, DateTimeOffset now) => new()
    {
        EventId = stored.EventId,
        EventType = stored.EventType,
        Timestamp = stored.Timestamp,
        ReceivedAt = stored.ReceivedAt,
        IsBesideAgent = stored.IsBesideAgent,
        Part = part + 1,
        DueAt = (now + pause.Delay).ToUnixTimeMilliseconds(),
        Delay = pause.Delay,
        At = pause.At,
        Input = pause.Input,
        Steps = pause.Used.Steps,
        Used = pause.Used,
    };

    /// <summary>The rest, for the Flow.</summary>
    public FlowPause Pause() => new() { At = At, Input = Input, Used = Used ?? new FlowUse { Steps = Steps } };

    /// <summary>The event, for the turn of the rest.</summary>
    public StoredEvent Event(string conversationId) => new()
    {
        EventId = EventId,
        EventType = EventType,
        ConversationId = conversationId,
        Timestamp = Timestamp,
        ReceivedAt = ReceivedAt,
        IsBesideAgent = IsBesideAgent,
        Body = default,
    };
}
