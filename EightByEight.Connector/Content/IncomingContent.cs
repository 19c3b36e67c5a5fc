using System.Text.Json;
using System.Text.Json.Nodes;

namespace EightByEight.Connector.Content;

/// <summary>
/// What a customer's event says to a Flow: text, and data beside it. The whole event body is always at <c>data.request</c>, where
/// Flows written for Cognigy's 8x8 Endpoint look for it.
/// </summary>
/// <param name="Text">The message, or the payload of what was clicked; empty for an input of data only.</param>
/// <param name="Data">The Flow's <c>input.data</c>.</param>
public sealed record IncomingContent(string Text, JsonObject Data)
{
    /// <summary>Reads the body of a <c>MESSAGE</c>, <c>TEXT</c>, <c>ACTIVITY</c> or <c>CONVERSATION_UPDATE</c>.</summary>
    public static IncomingContent Of(JsonElement body)
    {
        var data = new JsonObject { ["request"] = JsonNode.Parse(body.GetRawText()) };
        var content = body.Member("data");
        if (body.Text("eventType") != "ACTIVITY")
        {
            if (Attachments(content) is { Count: > 0 } attachments) data["attachments"] = attachments;
            return new(content.Text("text") ?? body.Text("message") ?? "", data);
        }

        var value = content.Member("value");
        if (content.Text("name") != "adaptiveCard/action") return new(Reply(value) ?? "", data);

        var submitted = value.Member("data");
        if (submitted.ValueKind != JsonValueKind.Undefined)
        {
            // Where Flows written for other channels look for what was submitted.
            data["adaptivecards"] = JsonNode.Parse(submitted.GetRawText());
            data["request"]!.AsObject()["value"] = JsonNode.Parse(submitted.GetRawText());
        }

        return new(submitted.Text("postback") ?? submitted.Text("text") ?? "", data);
    }

    /// <summary>Whether an activity is something that a customer said: a click or a reply, by name or by the shape of its value.</summary>
    public static bool IsReply(JsonElement body)
    {
        var content = body.Member("data");
        return content.Text("name") switch
        {
            "typing" or "read-receipts" or null => false,
            "quickReply/action" or "adaptiveCard/action" => true,
            _ => Reply(content.Member("value")) is not null || content.Member("value").HasAny("nfmReply", "nfm_reply", "location"),
        };
    }

    /// <summary>The text of a click: what the bot gave as payload, else what the customer saw.</summary>
    private static string? Reply(JsonElement value)
    {
        // Quick replies keep it in data, WhatsApp in an object named after the kind of reply, RCS at the top.
        foreach (var place in (string?[])["data", "button_reply", "list_reply", "buttonReply", "listReply", "suggestionResponse", "reply", null])
        {
            var at = place is null ? value : value.Member(place);
            foreach (var name in (string[])["payload", "postback", "postbackData", "id", "title", "text"])
                if (at.Text(name) is { Length: > 0 } text) return text;
        }

        return null;
    }

    /// <summary>Attachments as Flows know them: name, url, type; the id helps where 8x8 gave no URL.</summary>
    private static JsonArray Attachments(JsonElement content)
    {
        var attachments = new JsonArray();
        if (content.Member("attachments") is { ValueKind: JsonValueKind.Array } array)
            foreach (var attachment in array.EnumerateArray())
                attachments.Add(new JsonObject
                {
                    ["id"] = attachment.Text("id"),
                    ["name"] = attachment.Text("fileName") ?? attachment.Text("filename"),
                    ["url"] = attachment.Text("preSignedUrl"),
                    ["type"] = attachment.Text("type") ?? "file",
                });
        return attachments;
    }
}

/// <summary>Reading JSON whose every member may be missing or of another type.</summary>
internal static class TolerantJson
{
    public static JsonElement Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member) ? member : default;

    public static string? Text(this JsonElement element, string name) => element.Member(name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    public static bool HasAny(this JsonElement element, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (element.Member(name).ValueKind != JsonValueKind.Undefined) return true;
        return false;
    }
}
