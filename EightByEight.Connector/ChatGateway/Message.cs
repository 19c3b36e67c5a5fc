using System.Text.Json.Serialization;

namespace EightByEight.Connector.ChatGateway;

/// <summary>A message as 8x8 keeps it.</summary>
/// <param name="Id">8x8's id.</param>
/// <param name="Text">Null or empty for cards or attachments alone.</param>
/// <param name="CreatedAt">Null when 8x8 gave none that can be read.</param>
/// <param name="Author">Who wrote it.</param>
public sealed record Message(
    [property: JsonConverter(typeof(IdConverter))] string Id = "",
    string? Text = null,
    [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? CreatedAt = null,
    Participant? Author = null,
    IReadOnlyList<AttachmentReference>? Attachments = null,
    IReadOnlyList<Card>? Cards = null,
    ExternalProvider? ExternalProvider = null);

/// <summary>Someone who is or was in a conversation.</summary>
/// <param name="Id">An agent's id, <c>user</c> or <c>bot</c>.</param>
/// <param name="Type">One of <see cref="AuthorTypes"/>, or what 8x8 adds to them.</param>
/// <param name="Removed">Whether they left.</param>
/// <param name="Language">Such as <c>en</c> or <c>zh-CN</c>.</param>
public sealed record Participant(
    [property: JsonConverter(typeof(IdConverter))] string Id = "",
    string? Type = null,
    bool? Removed = null,
    string? Language = null);
