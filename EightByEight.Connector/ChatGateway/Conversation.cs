using System.Text.Json;
using System.Text.Json.Serialization;

namespace EightByEight.Connector.ChatGateway;

/// <summary>A conversation as 8x8 keeps it; also the body of its replacement, where id and state are left out.</summary>
/// <param name="State"><c>created</c>, <c>active</c> or <c>idle</c> (no running interaction; it may become active again).</param>
public sealed record Conversation(
    [property: JsonConverter(typeof(IdConverter))] string? Id = null,
    [property: JsonConverter(typeof(IdConverter))] string? ChannelId = null,
    Assignment? Assignment = null,
    User? User = null,
    string? State = null);

/// <summary>What of a conversation is to change; null leaves as it is.</summary>
public sealed record ConversationChange(Assignment? Assignment = null, User? User = null);

/// <summary>The body that creates a conversation on a Chat API channel.</summary>
/// <param name="ChannelId">A Chat API channel.</param>
/// <param name="User">The customer.</param>
/// <param name="Assignment">Null: the channel's queue.</param>
/// <param name="History">What was said before; the agent sees it.</param>
public sealed record NewConversation(string ChannelId, User User, Assignment? Assignment = null, History? History = null);

/// <summary>What was said before.</summary>
/// <param name="Messages">Oldest first, at most 200.</param>
public sealed record History(IReadOnlyList<OutgoingMessage> Messages)
{
    /// <summary>8x8 takes no more messages than this.</summary>
    public const int MostMessages = 200;
}

/// <summary>8x8 has accepted a conversation; its interaction is still being made.</summary>
public sealed record CreatedConversation(
    [property: JsonConverter(typeof(IdConverter))] string ConversationId = "",
    [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? CreatedAt = null);

/// <summary>Who is responsible for a conversation.</summary>
/// <param name="Type"><c>queue</c> or <c>script</c>; read also <c>agent</c>.</param>
/// <param name="Id">The id of that queue, script or agent.</param>
public sealed record Assignment(string Type = "queue", [property: JsonConverter(typeof(IdConverter))] string Id = "");

/// <summary>The customer, as agents see them.</summary>
/// <param name="UserId">May match a customer in 8x8's CRM; the agent then sees that record.</param>
/// <param name="Language">Routes to agents who speak it; 8x8 takes <c>en</c> where it is null.</param>
/// <param name="AdditionalProperties">At most 30.</param>
public sealed record User(
    string? Name = null,
    [property: JsonConverter(typeof(IdConverter))] string? UserId = null,
    string? Email = null,
    string? Phone = null,
    string? Company = null,
    [property: JsonConverter(typeof(IdConverter))] string? CaseId = null,
    string? Language = null,
    IReadOnlyList<UserProperty>? AdditionalProperties = null)
{
    /// <summary>8x8 takes no more additional properties than this.</summary>
    public const int MostAdditionalProperties = 30;

    /// <summary>Members that 8x8 knows and this record does not, such as <c>customerId</c> or <c>ipaddress</c>.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? More { get; set; }
}

/// <summary>A detail about the customer.</summary>
public sealed record UserProperty(string Key = "", string? Value = null);

/// <summary>A stretch of a conversation, from activation to its end.</summary>
public sealed record Interaction(
    [property: JsonConverter(typeof(IdConverter))] string Id = "",
    [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? StartTime = null,
    [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? EndTime = null);
