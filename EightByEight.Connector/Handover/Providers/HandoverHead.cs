using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Translation;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>What a handover is up to. Members are <c>set</c>, so that rows of an earlier version get our defaults.</summary>
internal sealed record HandoverHead
{
    public string Id { get; set; } = "";
    public string ProviderId { get; set; } = "";

    /// <summary>The 8x8 tenant of the conversation.</summary>
    public string TenantId { get; set; } = "";

    /// <summary>The bot's own name for it.</summary>
    public string? Reference { get; set; }

    public string ChannelId { get; set; } = "";

    /// <summary>Where the index leads from its customer to it, see <see cref="Privacy.Customers.PlaceOf"/>; null: in an earlier version.</summary>
    public string? CustomerPlace { get; set; }

    /// <summary>See <see cref="Privacy.CustomerKey.Id"/>; only of an earlier version, which kept it in the clear.</summary>
    public string? CustomerId { get; set; }

    /// <summary>The customer's language as the bot gave it; null: it did not.</summary>
    public string? Language { get; set; }

    /// <summary>The customer's language as it was detected; null: nothing was translated yet.</summary>
    public SpokenLanguage? Spoken { get; set; }

    /// <summary>Whether the history is in the agents' language, or was tried to be.</summary>
    public bool HistoryIsTranslated { get; set; }

    /// <summary>See <see cref="RequestHashes"/>: a repetition of the request that began it has to be the same.</summary>
    public string RequestHash { get; set; } = "";

    /// <summary>One of <see cref="HandoverStatus"/>.</summary>
    public string Status { get; set; } = HandoverStatus.Requested;

    /// <summary>8x8's timestamp of the newest event that changed <see cref="Status"/>: an older one comes too late.</summary>
    public long StatusAt { get; set; }

    /// <summary>8x8's id; null until it has opened a conversation.</summary>
    public string? ConversationId { get; set; }

    /// <summary>Whether the conversation leads to this handover, and the events that came before it did are here.</summary>
    public bool Adopted { get; set; }

    public string? QueueId { get; set; }
    public string? QueueName { get; set; }
    public string? AgentId { get; set; }
    public bool AgentTyping { get; set; }
    public ConversationFacts Facts { get; set; } = new();

    /// <summary>The leaving of an agent that a look at the conversation found to be no end.</summary>
    public long GoesOnAfter { get; set; }

    /// <summary>When the conversation is looked at again after that; what an event says makes it needless.</summary>
    public long? LookAt { get; set; }

    /// <summary>How often it was looked at since.</summary>
    public int Looks { get; set; }

    public long CreatedAt { get; set; }
    public long? EndedAt { get; set; }

    /// <summary>Why it failed, or who ended it.</summary>
    public string? Reason { get; set; }

    /// <summary>The number of the newest event for the bot.</summary>
    public long Events { get; set; }

    /// <summary>What is being asked of 8x8; null: nothing.</summary>
    public Request? Asking { get; set; }

    /// <summary>How many of the customer's messages 8x8 took.</summary>
    public long Accepted { get; set; }

    /// <summary>The newest message of the customer at the last read-back; null before the first.</summary>
    public Anchor? Anchor { get; set; }

    /// <summary>8x8 is asked nothing before this time (milliseconds since 1970); a delayed wake-up is in the queue for it.</summary>
    public long? RetryAt { get; set; }

    /// <summary>Why the last attempt failed, without text of the conversation.</summary>
    public string? LastError { get; set; }

    /// <summary>Members of a newer version survive being written by this one.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }

    [JsonIgnore]
    public bool HasEnded => Status is HandoverStatus.Completed or HandoverStatus.Failed;

    /// <summary>Whether an agent ever took part.</summary>
    [JsonIgnore]
    public bool HadAgent => Facts.People.SeenAt > 0 || Facts.People.Agents.Count > 0;
}

/// <summary>Something that 8x8 is asked to do once.</summary>
internal sealed record Request
{
    /// <summary>Opening the conversation is 0; else the number of the bot's command.</summary>
    public long Number { get; set; }

    /// <summary>The lease under which it may have been sent; null: certainly not.</summary>
    public string? By { get; set; }

    /// <summary>When it was first tried, in milliseconds since 1970.</summary>
    public long Since { get; set; }

    /// <summary>Failed attempts in a row.</summary>
    public int Failures { get; set; }

    /// <summary>How often it was looked for and not found.</summary>
    public int Looks { get; set; }
}

/// <summary>What becomes of a handover.</summary>
internal static class HandoverStatus
{
    /// <summary>Asked for; 8x8 has not said yet that the customer waits in a queue.</summary>
    public const string Requested = "requested";

    /// <summary>The customer waits in a queue, for the first agent or after a transfer.</summary>
    public const string Queued = "queued";

    /// <summary>An agent talks with the customer.</summary>
    public const string Active = "active";

    /// <summary>Over.</summary>
    public const string Completed = "completed";

    /// <summary>It never came to be, or 8x8 could not be reached any more.</summary>
    public const string Failed = "failed";
}

/// <summary>What the bot wants done, in order.</summary>
internal sealed record Command
{
    /// <summary>In the key of its row.</summary>
    [JsonIgnore]
    public long Number { get; set; }

    /// <summary>The bot's id of the customer's message; null: the customer leaves.</summary>
    public string? MessageId { get; set; }

    public string? Text { get; set; }

    /// <summary>What agents get instead; null: nothing else yet. It is stored before it is sent, so that no repetition says it differently.</summary>
    public string? ForAgents { get; set; }

    public long ReceivedAt { get; set; }
}

/// <summary>How far the callbacks of a handover are.</summary>
internal sealed record CallbackHead
{
    /// <summary>The number of the last event that is dealt with.</summary>
    public long Delivered { get; set; }

    /// <summary>Failed attempts in a row.</summary>
    public int Failures { get; set; }

    /// <summary>No callback is made before this time (milliseconds since 1970); a delayed wake-up is in the queue for it.</summary>
    public long? RetryAt { get; set; }

    public string? LastError { get; set; }
}

/// <summary>The rows of a handover's partition in the table <c>Handovers</c>. What a run needs sorts below <see cref="EndOfPending"/>.</summary>
internal static class HandoverRows
{
    public const string Head = "0";

    /// <summary>What 8x8 is to be told when the conversation is opened; gone afterwards.</summary>
    public const string Request = "0r";

    /// <summary>Its ETag changes with everything that comes in; it also counts the bot's commands.</summary>
    public const string Bell = "1";

    public const string EndOfPending = "4";
    public const string CallbackHead = "7|0";
    public const string CallbackBell = "7|1";
    public const string CallbackAgain = "7|2|";
    public const string EndOfCallback = "7|3";

    /// <summary>The column of the bell that counts commands.</summary>
    public const string Commands = "Commands";

    /// <summary>What the key of each event of 8x8 that waits starts with.</summary>
    public const string Incoming = "2|";

    /// <summary>What the key of each command of the bot that waits starts with.</summary>
    public const string Commanded = "3|";

    /// <summary>The column of a <see cref="Conversations.Body"/>.</summary>
    public const string CommandBody = "Command";

    /// <summary>A command of the bot that waits.</summary>
    public static string Command(long number) => string.Create(CultureInfo.InvariantCulture, $"{Commanded}{number:D10}");

    /// <summary>The number in the key of a command.</summary>
    public static long NumberOf(string command) => long.Parse(command.AsSpan(Commanded.Length), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>A command of the bot that was accepted, by the bot's id.</summary>
    public static string Known(string id) => $"4|{ConversationKey.Escape(id)}";

    /// <summary>An event for the bot.</summary>
    public static string Event(long number) => string.Create(CultureInfo.InvariantCulture, $"6|{number:D10}");

    /// <summary>An event whose parked callback a person retries.</summary>
    public static string Again(long number) => string.Create(CultureInfo.InvariantCulture, $"{CallbackAgain}{number:D10}");

    /// <summary>The partition that leads from a conversation of 8x8 to its handover; events wait there until it does.</summary>
    public static string OfConversation(string tenantId, string conversationId) =>
        $"conversation|{ConversationKey.Escape(tenantId)}|{ConversationKey.Escape(conversationId)}";
}

/// <summary>The wake-ups of a handover: 8x8's side and the callbacks are worked on apart, so that neither waits for the other.</summary>
internal static class HandoverKey
{
    private const string Room = "handover";
    private const string CallbackRoom = "callbacks";
    private const string UnclaimedRoom = "conversation";

    /// <summary>The partition of a handover, and the wake-up of 8x8's side.</summary>
    public static ConversationKey Of(string handoverId) => new(Room, handoverId);

    /// <summary>The wake-up of the callbacks.</summary>
    public static ConversationKey Callbacks(string handoverId) => new(CallbackRoom, handoverId);

    /// <summary>Events of a conversation of 8x8 that no handover has claimed yet.</summary>
    public static ConversationKey Unclaimed(string conversationId) => ConversationKey.Of(UnclaimedRoom, conversationId);

    /// <summary>Whether it names what <see cref="Privacy.SharedSeal"/> seals.</summary>
    public static bool IsSealed(ConversationKey key) => key.EndpointId is Room or UnclaimedRoom;

    public static bool IsHandover(ConversationKey key) => key.EndpointId is Room or CallbackRoom;

    public static bool IsCallbacks(ConversationKey key) => key.EndpointId == CallbackRoom;
}

/// <summary>JSON of the rows.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HandoverHead))]
[JsonSerializable(typeof(CallbackHead))]
[JsonSerializable(typeof(Command))]
[JsonSerializable(typeof(HandoverEvent))]
[JsonSerializable(typeof(NewConversation))]
internal sealed partial class HandoverJson : JsonSerializerContext
{
    /// <summary>Characters as UTF-8 instead of six bytes each, so that few messages need a blob, in any language.</summary>
    public static HandoverJson Compact => field ??= new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
