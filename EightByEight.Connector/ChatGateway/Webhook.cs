using System.Text.Json.Serialization;

namespace EightByEight.Connector.ChatGateway;

/// <summary>Where 8x8 sends events. The id is 8x8's and left out when sending.</summary>
/// <param name="Name">At most 255 characters.</param>
/// <param name="Uri">Absolute.</param>
/// <param name="Version">Of the events.</param>
public sealed record Webhook(
    string Name = "",
    string Uri = "",
    string Version = Webhook.ChatGatewayV1,
    [property: JsonConverter(typeof(IdConverter))] string? Id = null)
{
    /// <summary>The version of events that this product reads.</summary>
    public const string ChatGatewayV1 = "Chat Gateway v1.0";

    /// <summary>The same again: 8x8's OpenAPI file requires this member, and describes only <see cref="Version"/>.</summary>
    public string NotificationVersion => Version;
}
