using System.Text.Json;

namespace EightByEight.Simulator;

/// <summary>Who serves a conversation: a queue, a script (the bot) or an agent.</summary>
public sealed record Assignment(string Type, string Id);

/// <summary>Starts a conversation as a customer on a channel of 8x8.</summary>
public sealed record ConversationStart
{
    /// <summary>The webhook that gets the events; by default the first one.</summary>
    public string? WebhookId { get; init; }

    /// <summary>Such as <c>WebChat</c>, <c>WhatsApp</c>, <c>SMS</c>, <c>ChatAPI</c>.</summary>
    public string Channel { get; init; } = "WebChat";

    /// <summary>The customer: <c>name</c>, <c>userId</c>, <c>email</c>, <c>language</c> …</summary>
    public IReadOnlyDictionary<string, JsonElement> User { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>What the customer writes first; without it the conversation only becomes active.</summary>
    public string? Text { get; init; }
}

/// <summary>A message as the simulator keeps it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Author"><c>user</c>, <c>bot</c>, <c>agent</c> or <c>system</c>.</param>
/// <param name="AuthorId">The agent's id, else <c>user</c> or <c>bot</c>.</param>
/// <param name="Text">Its text, if any.</param>
/// <param name="CreatedAt">When it came in; grows strictly inside a conversation.</param>
/// <param name="VisibleAt">From when on it is listed.</param>
public sealed record Message(
    string Id, string Author, string AuthorId, string? Text, DateTimeOffset CreatedAt, DateTimeOffset VisibleAt)
{
    /// <summary>Its cards, as they were sent.</summary>
    public IReadOnlyList<Card> Cards { get; init; } = [];

    /// <summary>Ids of its attachments.</summary>
    public IReadOnlyList<string> Attachments { get; init; } = [];

    /// <summary>Given instead of a text.</summary>
    public JsonElement? ExternalProvider { get; init; }

    internal object View() => new
    {
        Id,
        Text,
        CreatedAt,
        Author = new { Id = AuthorId, Removed = false, Type = Author },
        ExternalProvider,
        Attachments = Attachments.Select(id => new { id }),
        Cards,
    };
}

/// <summary>A card of a message.</summary>
public sealed record Card(string Id, string ContentType, JsonElement Content)
{
    /// <summary>Whether the customer submitted it.</summary>
    public bool ActionSubmitted { get; init; }

    /// <summary>Whether an agent executed it.</summary>
    public bool ActionExecuted { get; init; }
}

/// <summary>An uploaded file.</summary>
public sealed record Attachment(string Id, string Filename, byte[] Content, DateTimeOffset CreatedAt)
{
    internal object View() => new { Id, Filename, SizeInBytes = Content.LongLength, CreatedAt };

    /// <summary>As the page shows it, with an address that works for a day.</summary>
    internal object PageView(string conversationId) => new
    {
        Id,
        Filename,
        SizeInBytes = Content.LongLength,
        Kind = FileRoutes.KindOf(Filename),
        Url = FileRoutes.PreSignedUrl("", conversationId, this, CreatedAt.AddDays(1)),
    };
}

/// <summary>Someone who is or was in a conversation.</summary>
public sealed record Participant(string Id, string Type, bool Removed);

/// <summary>One stretch of activity of a conversation.</summary>
public sealed record Interaction(string Id, DateTimeOffset StartTime, DateTimeOffset? EndTime);

/// <summary>The state of a conversation; only <see cref="ChatGatewaySimulator"/> changes it, under <see cref="Gate"/>.</summary>
internal sealed class Conversation
{
    public required string Id { get; init; }

    public required string ChannelId { get; set; }

    public required string ChannelType { get; set; }

    public required string? WebhookId { get; set; }

    public Lock Gate { get; } = new();

    public long Order { get; init; }

    public string State { get; set; } = "created";

    public Assignment Assignment { get; set; } = new("script", "");

    /// <summary>The queue that an agent took it from, or that it waits in.</summary>
    public string? QueueId { get; set; }

    public Dictionary<string, JsonElement> User { get; set; } = [];

    public List<Message> Messages { get; } = [];

    public List<Attachment> Attachments { get; } = [];

    public List<Participant> Participants { get; } = [];

    public List<Interaction> Interactions { get; } = [];

    /// <summary>Who takes over when the agent leaves; null once they have.</summary>
    public AfterAgent? AfterAgent { get; set; }

    /// <summary>The time after the agent, while it lasts.</summary>
    public PostAgentPhase? PostAgent { get; set; }

    /// <summary>Who is typing now: <c>user</c>, <c>bot</c>, <c>agent</c>; and <c>thinking</c> for a bot that thinks.</summary>
    public HashSet<string> Typing { get; } = [];

    /// <summary>Up to when <c>user</c> and <c>bot</c> have read.</summary>
    public Dictionary<string, DateTimeOffset> ReadUpTo { get; } = [];

    public bool HasAgent => Assignment.Type == "agent";

    public string UserId => User.TryGetValue("userId", out var id) && id.ValueKind == JsonValueKind.String
        ? id.GetString()!
        : "user";

    private long _lastStamp;

    /// <summary>The time, or one millisecond after the last stamp if that is later: stamps grow strictly.</summary>
    public long Stamp(TimeProvider time) =>
        _lastStamp = Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), _lastStamp + 1);

    public void Join(string id, string type)
    {
        Participants.RemoveAll(participant => participant.Id == id);
        Participants.Add(new Participant(id, type, Removed: false));
    }

    public void Leave(string id)
    {
        var index = Participants.FindIndex(participant => participant.Id == id);
        if (index >= 0) Participants[index] = Participants[index] with { Removed = true };
    }

    /// <summary>As REST shows it.</summary>
    /// <param name="stale">Of the options.</param>
    public object View(string? stale = null) => new
    {
        Id,
        ChannelId,
        Assignment = stale is null || (HasAgent && State == "active") ? Assignment : new Assignment(stale, stale == "queue" ? QueueId ?? "" : Participants.LastOrDefault(one => one.Type == "agent")?.Id ?? ""),
        User = new Dictionary<string, JsonElement>(User),
        State = stale is null ? State : "active",
    };
}
