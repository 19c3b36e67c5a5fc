using System.Text.Json;
using System.Text.Json.Serialization;

namespace EightByEight.Connector.ChatGateway;

/// <summary>Who gets the conversation once the agent has finished. To be made before that.</summary>
/// <param name="Id">The id (not the URL) of a webhook.</param>
/// <param name="Configuration">Null: 8x8's defaults.</param>
/// <param name="Type">8x8 documents only <c>webhook</c>.</param>
public sealed record PostAgentAssignment(string Id, PostAgentConfiguration? Configuration = null, string Type = "webhook");

/// <summary>How long the time after the agent lasts.</summary>
/// <param name="NotifyChannelWebhookIfExists">Whether the channel's webhook gets events too. 8x8 wants a string here.</param>
/// <param name="MaxTotalMinutes">20 to 600.</param>
/// <param name="UserTimeoutInMinutes">10 to 300, counted from the bot's last message.</param>
public sealed record PostAgentConfiguration(
    [property: JsonConverter(typeof(BooleanAsText))] bool NotifyChannelWebhookIfExists = false,
    int? MaxTotalMinutes = null,
    int? UserTimeoutInMinutes = null);

/// <summary>Writes <c>"true"</c> and <c>"false"</c>.</summary>
internal sealed class BooleanAsText : JsonConverter<bool>
{
    /// <inheritdoc/>
    public override bool Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType is JsonTokenType.True || (reader.TokenType is JsonTokenType.String && reader.ValueTextEquals("true"));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, bool value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value ? "true" : "false");
}
