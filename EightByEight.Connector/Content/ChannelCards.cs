using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Content;

/// <summary>
/// Cards in messages. The content types that are bare words are those of one channel each. Source: 8x8, Chat Gateway, messages; their
/// contents are those of 8x8's messaging API.
/// </summary>
internal static class ChannelCards
{
    /// <summary>Choices of the web chat.</summary>
    public const string QuickReplies = "application/8x8.quick.replies";

    /// <summary>Adaptive Cards, of the web chat.</summary>
    public const string Adaptive = "application/vnd.microsoft.card.adaptive";

    public const string Interactive = "Interactive";
    public const string Location = "Location";
    public const string Template = "Template";
    public const string Suggestions = "Suggestions";
    public const string Carousel = "Carousel";
    public const string Buttons = "Buttons";

    /// <summary>The bare words.</summary>
    public static readonly IReadOnlyList<string> Types = [Interactive, Location, Template, Suggestions, Buttons, Carousel];

    /// <summary>Whether a channel knows a card of that type.</summary>
    public static bool Knows(ChannelKind channel, string type) => type switch
    {
        Interactive or Location or Template => channel == ChannelKind.WhatsApp,
        Suggestions or Carousel => channel == ChannelKind.Rcs,
        Buttons => channel == ChannelKind.Viber,
        _ => false,
    };

    /// <summary>A card of one channel, wrapped as the Endpoint's settings say.</summary>
    public static Card Of(string type, JsonNode content, ChannelContext channel)
    {
        var isBare = channel.Settings.CardWrappers.GetValueOrDefault(type) == "bare";
        var member = char.ToLowerInvariant(type[0]) + type[1..];
        return new Card(type, Element(isBare ? content : new JsonObject { [member] = content }));
    }

    public static Card AdaptiveOf(JsonObject card) => new(Adaptive, Element(card));

    public static Card QuickRepliesOf(IEnumerable<QuickReply> replies) => new(QuickReplies, Element(new JsonObject
    {
        ["options"] = new JsonArray([.. replies.Select(reply => new JsonObject
        {
            ["title"] = reply.Title,
            ["data"] = new JsonObject { ["postback"] = reply.Payload },
        })]),
    }));

    private static JsonElement Element(JsonNode node) => JsonSerializer.SerializeToElement(node, ContentJson.Default.JsonNode);
}

/// <summary>JSON of the Content room.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(JsonNode))]
internal sealed partial class ContentJson : System.Text.Json.Serialization.JsonSerializerContext;
