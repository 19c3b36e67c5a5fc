using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Content;

/// <summary>Messages of 8x8 that an author wrote as JSON. They pass through, once they are sure not to be refused or misattributed.</summary>
internal static class RawMessages
{
    /// <summary>
    /// The message, as the bot: Cognigy's sample says <c>customer</c>, and 8x8 takes a missing author for the customer. A text beside
    /// <c>externalProvider</c> is dropped, since 8x8 refuses both together.
    /// </summary>
    /// <param name="problem">What is wrong when there is no message.</param>
    public static OutgoingMessage? Read(JsonObject json, out string? problem)
    {
        problem = Problem(json);
        if (problem is not null) return null;
        try
        {
            var message = json.Deserialize(ChatGatewayJson.Default.OutgoingMessage)!;
            return message with
            {
                AuthorType = AuthorTypes.Bot,
                Text = message.ExternalProvider is null ? message.Text : null,
                // 8x8's own default.
                Cards = message.Cards?.Select(card => card.ContentType is null ? card with { ContentType = ChannelCards.Adaptive } : card).ToArray(),
                Media = null,
            };
        }
        catch (JsonException e)
        {
            problem = e.Message;
            return null;
        }
    }

    private static string? Problem(JsonObject json)
    {
        if (json["text"] is { } text && text.GetValueKind() != JsonValueKind.String) return "'text' is not a text.";
        if (json["attachments"] is { } attachments
            && (attachments is not JsonArray ids || ids.Any(id => id is not JsonObject { } one || one["id"] is not JsonValue)))
            return "'attachments' is not a list of { id }, with ids that 8x8 gave when the files were uploaded.";
        if (json["cards"] is { } cards && (cards is not JsonArray list || list.Any(card => !IsCard(card))))
            return "'cards' is not a list of { contentType, content }, where content is an object (of Suggestions also a list).";
        if (json["externalProvider"] is { } provider
            && (provider is not JsonObject named || named["name"] is not JsonValue || named["externalMessageId"] is not JsonValue))
            return "'externalProvider' is not { name, externalMessageId }.";
        return json["text"]?.GetValue<string>() is { Length: > 0 } || json["externalProvider"] is not null
            || json["attachments"] is JsonArray { Count: > 0 } || json["cards"] is JsonArray { Count: > 0 }
            ? null
            : "it has neither text, attachments nor cards.";
    }

    private static bool IsCard(JsonNode? card) =>
        card is JsonObject { } one
        && (one["content"] is JsonObject || (one["content"] is JsonArray && (string?)one["contentType"] == ChannelCards.Suggestions))
        && (one["contentType"] is null || one["contentType"]!.GetValueKind() == JsonValueKind.String);
}
