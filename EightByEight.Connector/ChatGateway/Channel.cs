using System.Text.Json.Serialization;

namespace EightByEight.Connector.ChatGateway;

/// <summary>A channel. Only <c>ChatAPI</c> can be created; others are read. The id is 8x8's and left out when sending.</summary>
/// <param name="Name">At most 255 characters.</param>
/// <param name="WebHookId">The webhook that gets its events.</param>
/// <param name="RoutingOptions">The queue that its conversations go to.</param>
/// <param name="Type"><c>ChatAPI</c>, <c>SMS</c>, <c>Facebook</c>, <c>Twitter</c>, <c>WhatsApp</c>, <c>WebChat</c>, …</param>
public sealed record Channel(
    string Name = "",
    [property: JsonConverter(typeof(IdConverter))] string WebHookId = "",
    Assignment? RoutingOptions = null,
    string? Type = "ChatAPI",
    [property: JsonConverter(typeof(IdConverter))] string? Id = null);
