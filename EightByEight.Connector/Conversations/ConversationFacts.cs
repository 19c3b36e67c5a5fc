using System.Text.Json;
using System.Text.Json.Serialization;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// What 8x8 told about a conversation. Events may come late and out of order: for each fact the newest timestamp wins.
/// </summary>
internal sealed record ConversationFacts
{
    public Stamped<string> State { get; set; }
    public Stamped<string> Channel { get; set; }

    /// <summary>8x8's user object, as JSON.</summary>
    public Stamped<string> User { get; set; }

    public People People { get; set; } = new();

    /// <summary>How often 8x8 made the conversation active after it had been idle or new.</summary>
    public int Activations { get; set; }

    /// <summary>When 8x8 last made an idle conversation active again: what follows is another case.</summary>
    public long ReopenedAt { get; set; }

    /// <summary>The newest timestamp of all that was told of state and people.</summary>
    [JsonIgnore]
    public long NewestAt => Math.Max(
        Math.Max(State.At, People.SeenAt), Math.Max(Math.Max(People.LeftAt, People.EndedAt), People.TransferAt));

    /// <summary>When the customer last wrote or clicked: WhatsApp takes answers for 24 hours.</summary>
    public long CustomerAt { get; set; }

    /// <summary>What the customer said last, as long as it may come a second time; null: it came.</summary>
    public LastSaid? LastSaid { get; set; }

    /// <summary>The facts after an event.</summary>
    public ConversationFacts After(StoredEvent stored, JsonElement body)
    {
        var data = body.Member("data");
        return stored.EventType == "CONVERSATION_UPDATE"
            ? AfterUpdate(stored.Timestamp, data)
            : this with { People = People.After(stored, body, data) };
    }

    /// <summary>The facts after the customer said something.</summary>
    public ConversationFacts AfterInput(StoredEvent stored, JsonElement body)
    {
        var said = LastSaid.Of(stored, body);
        // Who writes into an idle conversation has opened it anew, whatever becomes of the event that says so.
        var reopens = State.Value == "IDLE" && stored.Timestamp > State.At;
        return this with
        {
            State = reopens ? new("ACTIVE", stored.Timestamp) : State,
            ReopenedAt = reopens ? stored.Timestamp : ReopenedAt,
            CustomerAt = Math.Max(CustomerAt, stored.Timestamp),
            // A click comes as a message once at most: the next message of that text is the customer's own.
            LastSaid = IsRepeated(said) && said!.Click is null ? null : said,
        };
    }

    /// <summary>Whether an event of the customer repeats the one before.</summary>
    public bool IsRepeated(StoredEvent stored, JsonElement body) => IsRepeated(LastSaid.Of(stored, body));

    private bool IsRepeated(LastSaid? said) => said is not null && LastSaid?.IsSaidAgainBy(said) == true;

    /// <summary>Whether the change to these facts began an activation: 8x8 repeats "active" when other things change.</summary>
    public bool BeganActivation(ConversationFacts before) => Activations > before.Activations;

    private ConversationFacts AfterUpdate(long at, JsonElement data)
    {
        var said = data.Text("state")?.ToUpperInvariant();
        var state = State.Newest(at, said);
        var activated = state != State && state.Value == "ACTIVE" && State.Value != "ACTIVE";
        var user = data.Member("user");
        return this with
        {
            State = state,
            Activations = Activations + (activated ? 1 : 0),
            ReopenedAt = activated && State.Value == "IDLE" ? at : ReopenedAt,
            Channel = Channel.Newest(at, data.Text("channel")),
            User = User.Newest(at, user.ValueKind == JsonValueKind.Object ? user.GetRawText() : null),
            People = People.AfterUpdate(at, said == "IDLE", data.Member("assignment").Text("type")),
        };
    }
}

/// <summary>A fact and when it was so.</summary>
internal readonly record struct Stamped<T>(T? Value, long At)
{
    /// <summary>The newer of two; a value that is not there changes nothing.</summary>
    public Stamped<T> Newest(long at, T? value) => value is not null && at >= At ? new(value, at) : this;
}
