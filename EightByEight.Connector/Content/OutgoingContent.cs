using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Content;

/// <summary>Turns what a Flow says into 8x8 messages.</summary>
public static class OutgoingContent
{
    /// <summary>The content type of a card of quick replies. Source: 8x8, Chat Gateway, cards.</summary>
    public const string QuickReplies = "application/8x8.quick.replies";

    /// <summary>The message for an output; null when it has nothing to show, since 8x8 refuses empty messages.</summary>
    public static OutgoingMessage? ToMessage(Output output)
    {
        if (output.QuickReplies.Count == 0) return output.Text.Length == 0 ? null : new OutgoingMessage { Text = output.Text };
        var options = new JsonArray();
        foreach (var reply in output.QuickReplies)
            options.Add(new JsonObject
            {
                ["title"] = reply.Title,
                ["data"] = new JsonObject { ["postback"] = reply.Payload.Length == 0 ? reply.Title : reply.Payload },
            });
        var content = JsonSerializer.SerializeToElement(new JsonObject { ["options"] = options }, ContentJson.Default.JsonObject);
        return new OutgoingMessage { Text = output.Text.Length == 0 ? null : output.Text, Cards = [new(QuickReplies, content)] };
    }
}

/// <summary>JSON of the Content room.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(JsonObject))]
internal sealed partial class ContentJson : System.Text.Json.Serialization.JsonSerializerContext;
