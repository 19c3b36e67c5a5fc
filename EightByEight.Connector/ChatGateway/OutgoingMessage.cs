using System.Text.Json;
using System.Text.Json.Serialization;

namespace EightByEight.Connector.ChatGateway;

/// <summary>
/// The body of <c>POST messages</c>. <paramref name="Text"/> and <paramref name="ExternalProvider"/> exclude each other.
/// It keeps what it does not know, so that it can rest as JSON (<see cref="ChatGatewayJson"/>) and be sent later.
/// </summary>
/// <param name="AuthorType"><c>bot</c> or <c>user</c>. 8x8's own default is <c>user</c>, so this is always sent.</param>
/// <param name="Text">Plain text.</param>
/// <param name="Attachments">Attachments uploaded before to the same conversation.</param>
/// <param name="Cards">Quick replies, Adaptive Cards or a channel's own; several are allowed.</param>
/// <param name="ExternalProvider">Stands for a text that another provider holds.</param>
public sealed record OutgoingMessage(
    string AuthorType = AuthorTypes.Bot,
    string? Text = null,
    IReadOnlyList<AttachmentReference>? Attachments = null,
    IReadOnlyList<Card>? Cards = null,
    ExternalProvider? ExternalProvider = null)
{
    /// <summary>Members that 8x8 may know and this record does not.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? More { get; set; }
}

/// <summary>Who speaks. 8x8 may add to these.</summary>
public static class AuthorTypes
{
    /// <summary>The virtual agent.</summary>
    public const string Bot = "bot";

    /// <summary>The customer.</summary>
    public const string User = "user";

    /// <summary>A person of the contact center; only read, never sent.</summary>
    public const string Agent = "agent";

    /// <summary>The contact center itself; only read, never sent.</summary>
    public const string System = "system";
}

/// <summary>Names an uploaded attachment.</summary>
public sealed record AttachmentReference([property: JsonConverter(typeof(IdConverter))] string Id = "");

/// <summary>A card in a message.</summary>
public sealed record Card
{
    /// <summary>One that is being read.</summary>
    [JsonConstructor]
    public Card()
    {
    }

    /// <summary>One that is being sent.</summary>
    public Card(string contentType, JsonElement content) => (ContentType, Content) = (contentType, content);

    /// <summary>Such as <c>application/8x8.quick.replies</c> or <c>application/vnd.microsoft.card.adaptive</c>.</summary>
    public string ContentType { get; set; } = "";

    /// <summary>Its shape depends on the content type.</summary>
    public JsonElement Content { get; set; }

    /// <summary>Members such as <c>id</c>, <c>actionSubmitted</c> (by the user) and <c>actionExecuted</c> (by the agent).</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? More { get; set; }
}

/// <summary>A text that another provider holds.</summary>
/// <param name="Name">8x8 documents only <c>X</c>.</param>
/// <param name="ExternalMessageId">Its id there.</param>
public sealed record ExternalProvider(string Name = "", string ExternalMessageId = "");
