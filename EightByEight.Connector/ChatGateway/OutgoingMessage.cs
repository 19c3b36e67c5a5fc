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

    /// <summary>Files that become attachments when the message is sent. They rest with it, but 8x8 never sees them.</summary>
    [JsonPropertyName("$media")]
    public IReadOnlyList<MediaFile>? Media { get; set; }

    /// <summary>Whether transcripts leave it out: true or null. It rests with the message, but 8x8 never sees it.</summary>
    [JsonPropertyName("$unrecorded")]
    public bool? IsUnrecorded { get; set; }
}

/// <summary>A file that is somewhere else until its message is sent.</summary>
/// <param name="Url">Where it is: http or https.</param>
/// <param name="Kind"><c>Image</c>, <c>Audio</c>, <c>Video</c> or <c>File</c>.</param>
/// <param name="Alt">What it is, for who cannot see or hear it.</param>
/// <param name="Name">Its name; null: as its URL ends.</param>
/// <param name="MaxBytes">The most that the channel takes; null: not known.</param>
public sealed record MediaFile(string Url, string Kind, string? Alt = null, string? Name = null, long? MaxBytes = null,
    IReadOnlyDictionary<string, long>? Types = null);

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
/// <param name="ContentType">Such as <c>application/8x8.quick.replies</c> or <c>application/vnd.microsoft.card.adaptive</c>.</param>
/// <param name="Content">Its shape depends on the content type.</param>
public sealed record Card(string ContentType, JsonElement Content)
{
    // No defaults: the schema in the description of the admin API cannot hold that of an element.

    /// <summary>Members such as <c>id</c>, <c>actionSubmitted</c> (by the user) and <c>actionExecuted</c> (by the agent).</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? More { get; set; }
}

/// <summary>A text that another provider holds.</summary>
/// <param name="Name">8x8 documents only <c>X</c>.</param>
/// <param name="ExternalMessageId">Its id there.</param>
public sealed record ExternalProvider(string Name = "", string ExternalMessageId = "");
