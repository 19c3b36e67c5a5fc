using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Handover;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Translation;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// The row that orders everything in a conversation: each write to it carries its ETag. Members of stored records are <c>set</c>, not
/// <c>init</c>: source-generated JSON gives an <c>init</c> member that a row lacks the default of its type, not ours.
/// </summary>
internal sealed record Head
{
    /// <summary>New for each write, so that a writer whose reply was lost finds out whether the write was its own.</summary>
    public string Write { get; set; } = "";

    /// <summary>8x8's id, as it gave it.</summary>
    public string ConversationId { get; set; } = "";

    /// <summary>Who works on the conversation; null: nobody.</summary>
    public Lease? Lease { get; set; }

    /// <summary>The number of the last committed turn.</summary>
    public long Sequence { get; set; }

    /// <summary>What is being sent; null: all is settled.</summary>
    public Sending? Sending { get; set; }

    /// <summary>How many outputs 8x8 accepted so far.</summary>
    public long Accepted { get; set; }

    /// <summary>The newest message of the bot at the last read-back, and how many had been accepted then.</summary>
    public Anchor? Anchor { get; set; }

    /// <summary>Failed attempts by inbox row.</summary>
    public IReadOnlyDictionary<string, int> Attempts { get; set; } = new Dictionary<string, int>();

    /// <summary>Why the last attempt failed, without text of the conversation.</summary>
    public string? LastError { get; set; }

    /// <summary>Nothing is tried before this time (milliseconds since 1970); a delayed wake-up is in the queue for it.</summary>
    public long? RetryAt { get; set; }

    /// <summary>The timestamp of the newest event that made a turn: an older one that comes later is late.</summary>
    public long LastTurnAt { get; set; }

    /// <summary>The last day (yyyyMMdd) for which the conversation stands in the index of active ones.</summary>
    public string? ActiveDay { get; set; }

    /// <summary>Members of a newer version survive being written by this one.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}

/// <param name="Id">New for each acquisition.</param>
/// <param name="Until">Milliseconds since 1970.</param>
internal sealed record Lease(string Id, long Until);

/// <param name="MessageId">8x8's id of the message.</param>
/// <param name="Accepted">How many outputs had been accepted when it was the newest.</param>
internal sealed record Anchor(string? MessageId, long Accepted);

/// <summary>A turn whose outputs are on their way.</summary>
internal sealed record Sending
{
    public required long Sequence { get; init; }

    /// <summary>How many outputs the turn has, its action counted.</summary>
    public required int Count { get; init; }

    /// <summary>How many of them are certainly dealt with: accepted or parked.</summary>
    public int Sent { get; set; }

    /// <summary>The lease under which more may have been sent than <see cref="Sent"/> says; null: certainly not.</summary>
    public string? By { get; set; }

    /// <summary>When the turn was committed, in milliseconds since 1970.</summary>
    public long Since { get; set; }

    /// <summary>Failed attempts in a row.</summary>
    public int Failures { get; set; }
}

/// <summary>What a conversation remembers: it may be large and rests beside the head.</summary>
internal sealed record ConversationState
{
    public ConversationFacts Facts { get; set; } = new();
    public Session? Session { get; set; }

    /// <summary>Sessions that an input transformer named and that are not the running one, by <see cref="Session.Name"/>; the conversation's own is "".</summary>
    public IReadOnlyDictionary<string, Session> OtherSessions { get; set; } = new Dictionary<string, Session>();

    /// <summary>How many of them there are at most; the one used longest ago is forgotten.</summary>
    public const int MostOtherSessions = 7;

    /// <summary>This state with the session running that a message from outside means.</summary>
    public ConversationState WithSessionOf(Injection.OutsideMessage message, string conversationId) =>
        message.SessionId is { } id ? WithSession(Session.NameOf(id, conversationId)) : this;

    /// <summary>This state with another session running; a name that is new has none yet.</summary>
    public ConversationState WithSession(string? name)
    {
        if (Session?.Name == name) return this;
        var others = new Dictionary<string, Session>(OtherSessions);
        if (Session is { } running) others[running.Name ?? ""] = running;
        others.Remove(name ?? "", out var chosen);
        while (others.Count > MostOtherSessions) others.Remove(others.MinBy(other => other.Value.LastInputAt).Key);
        return this with { Session = chosen, OtherSessions = others };
    }

    /// <summary>This state with one of its sessions changed; the one that runs goes on running.</summary>
    public ConversationState With(Session changed) => Session?.Name == changed.Name ? this with { Session = changed }
        : this with { OtherSessions = new Dictionary<string, Session>(OtherSessions) { [changed.Name ?? ""] = changed } };

    /// <summary>The session whose virtual agent is asked next what it has said since; null: none is.</summary>
    [JsonIgnore]
    public Session? Listener => Paused is not null ? null
        : OtherSessions.Values.Append(Session).Where(session => session is { Listening: not null }).MinBy(session => session!.Listening!.DueAt);

    /// <summary>The handover that goes on, or the last one; null: there was none.</summary>
    public HandoverCase? Handover { get; set; }

    /// <summary>The rest of the last turn; null: it is over.</summary>
    public PausedTurn? Paused { get; set; }

    /// <summary>How many sessions there were: the n of the next session's id is one more.</summary>
    public int Sessions { get; set; }

    /// <summary>What the last turn changed of its customer's profile; null: nothing.</summary>
    public ProfileChange? ProfileChange { get; set; }

    /// <summary>The profile of a test's customer, which stands in place of the real one; null: it is no test.</summary>
    public JsonObject? OwnProfile { get; set; }

    /// <summary>This state after the last turn's change of its own profile.</summary>
    public ConversationState WithOwnProfileChanged() =>
        OwnProfile is null || ProfileChange is not { } change ? this : this with { OwnProfile = change.On(OwnProfile), ProfileChange = null };

    /// <summary>The customers that lead here, by <see cref="CustomerKey.Id"/>: who 8x8 or a transformer said that it is.</summary>
    public IReadOnlyList<string> Customers { get; set; } = [];

    /// <summary>How many outputs could have been cards: the next card's id counts on from here.</summary>
    public long Cards { get; set; }

    /// <summary>Attachment ids of files that were uploaded for this conversation, by <see cref="MediaUploads.Key"/>.</summary>
    public IReadOnlyDictionary<string, string> Uploads { get; set; } = new Dictionary<string, string>();
}

/// <summary>The Flow's memory until it expires.</summary>
internal sealed record Session
{
    /// <summary><c>{conversationId}-{n}</c>, or as an input transformer named it.</summary>
    public required string Id { get; init; }

    /// <summary>As an input transformer named it; null: it is the conversation's own.</summary>
    public string? Name { get; set; }

    /// <summary>Whether an id means this session: its own, or, where it is the conversation's own session, the conversation's.</summary>
    public bool IsCalled(string id) => id == Id || (Name is null && id == Id[..Math.Max(0, Id.LastIndexOf('-'))]);

    /// <summary>Whose an input transformer says it is; null: the customer's.</summary>
    public string? UserId { get; set; }

    /// <summary>The name of a session that an input transformer chose; null: the conversation's own.</summary>
    public static string? NameOf(string? sessionId, string conversationId) =>
        string.IsNullOrEmpty(sessionId) || sessionId == conversationId
        || (sessionId.StartsWith(conversationId + "-", StringComparison.Ordinal) && sessionId.AsSpan(conversationId.Length + 1).IndexOfAnyExceptInRange('0', '9') < 0)
            ? null : sessionId;

    public required string Flow { get; init; }

    /// <summary>The version that ran last; null in rows of earlier versions of this product.</summary>
    public int? FlowVersion { get; set; }

    /// <summary>Milliseconds since 1970, by the time of receipt.</summary>
    public long LastInputAt { get; set; }

    /// <summary>How many inputs it had.</summary>
    public int Execution { get; set; }

    public JsonObject Context { get; set; } = [];
    public JsonObject Profile { get; set; } = [];
    public FlowPosition? Position { get; set; }

    /// <summary>What the engine of Flows remembers of it.</summary>
    public FlowMarks Marks { get; set; } = new();

    /// <summary>Whether the Flow said that nobody may look at what comes.</summary>
    public bool Blind { get; set; }

    /// <summary>What is known of the customer's language; null: nothing was translated yet.</summary>
    public SpokenLanguage? Language { get; set; }

    /// <summary>What the last turn that said something offered; null: not known.</summary>
    public Offer? Offer { get; set; }

    /// <summary>When its virtual agent is asked what it has said since; null: it is not.</summary>
    public Listening? Listening { get; set; }

    /// <summary>The newest timestamp of its inputs, by 8x8.</summary>
    public long LastTimestamp { get; set; }

    /// <summary>Since when its time runs, once people do not talk any more.</summary>
    public long RestsSince(People people) => people.WereThere(LastTimestamp) ? Math.Max(LastInputAt, people.GoneAt) : LastInputAt;
}

/// <summary>A committed turn: outbox and transcript in one.</summary>
internal sealed record Turn
{
    public required long Sequence { get; init; }
    public required string EventId { get; init; }
    public required string EventType { get; init; }
    public string? SessionId { get; set; }

    /// <summary>What the customer said, or was injected; null when nobody said anything to the Flow.</summary>
    public string? Text { get; set; }

    /// <summary>By 8x8, in milliseconds since 1970.</summary>
    public long Timestamp { get; set; }

    public long ReceivedAt { get; set; }
    public long CommittedAt { get; set; }

    /// <summary>When its Flow began to run; null in rows of earlier versions.</summary>
    public long? StartedAt { get; set; }

    /// <summary>The number of this part of the event's turn, from 0: a turn pauses after what must not be done twice.</summary>
    public int Part { get; set; }

    /// <summary>Whether a newer event had its turn before.</summary>
    public bool Late { get; set; }

    public IReadOnlyList<OutgoingMessage> Outputs { get; set; } = [];

    /// <summary>What is done with the conversation after the outputs are sent; null: nothing.</summary>
    public ConversationAction? Action { get; set; }

    /// <summary>Whether it is sent even where an agent is.</summary>
    public bool IsBesideAgent { get; set; }

    /// <summary>What the Flow said and nobody was to hear.</summary>
    public IReadOnlyList<OutgoingMessage>? Unsent { get; set; }

    /// <summary>Why.</summary>
    public string? UnsentReason { get; set; }

    /// <summary>What its transcript keeps to itself; null: nothing.</summary>
    public Hidden? Hides { get; set; }

    /// <summary>Whether tags that load something are shown as text.</summary>
    [JsonIgnore]
    public bool ShowsTagsAsText { get; set; }

    /// <summary>Whether its Flow asked outside, or its transformers ran, which takes time; known only where it was made.</summary>
    [JsonIgnore]
    public bool ReachedOutside { get; set; }

    /// <summary>Whether all of it rests in the outbox, until it is sent.</summary>
    [JsonIgnore]
    public bool IsInOutbox { get; set; }

    /// <summary>Whether its event goes to history, where handlers of transformers can be tried on it; else it is forgotten.</summary>
    [JsonIgnore]
    public bool KeepsEvent { get; set; }

    /// <summary>What analytics keep of it, until it is committed; null: nothing.</summary>
    [JsonIgnore]
    public Analytics.AnalyticsRecord? Record { get; set; }

    /// <summary>What its Flow says in the Endpoint's log, once it is committed.</summary>
    [JsonIgnore]
    public IReadOnlyList<LogLine> Log { get; set; } = [];

    /// <summary>How many things are to be done at 8x8, in order: the outputs, then the action.</summary>
    [JsonIgnore]
    public int Steps => Outputs.Count + (Action is null ? 0 : 1);

    /// <summary>This turn with nothing of what is not sent yet.</summary>
    /// <param name="sent">How many outputs were sent.</param>
    public Turn Silenced(string reason, int sent = 0) => Outputs.Count <= sent && Action is null ? this : this with
    {
        Outputs = [.. Outputs.Take(sent)],
        Unsent = [.. Outputs.Skip(sent)],
        UnsentReason = reason,
        Action = null,
    };

    /// <summary>Why the Flow failed, for the operator.</summary>
    public FlowFailure? Failure { get; set; }

    /// <summary>What the Flow passed over, such as a template whose expression threw; null: nothing.</summary>
    public IReadOnlyList<FlowFailure>? Warnings { get; set; }
}

/// <summary>What a turn does with the conversation at 8x8, beside saying something.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConversationAction>))]
internal enum ConversationAction
{
    /// <summary>Gives it to the queue or script of the handover.</summary>
    HandOver,

    /// <summary>Takes it back from the queue.</summary>
    TakeBack,

    /// <summary>Closes it.</summary>
    End,
}

/// <summary>JSON of rows and wake-ups.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WakeUp))]
[JsonSerializable(typeof(Head))]
[JsonSerializable(typeof(ConversationState))]
[JsonSerializable(typeof(Turn))]
[JsonSerializable(typeof(IReadOnlyList<OutgoingMessage>))]
internal sealed partial class ConversationJson : JsonSerializerContext;
