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

        if (Click.Of(body) is not { } click) return new("", data);
        if (click.Form.ValueKind != JsonValueKind.Undefined)
        {
            // Where Flows written for other channels look for what was submitted.
            data["adaptivecards"] = FormOf(click);
            data["request"]!.AsObject()["value"] = FormOf(click);
        }
        else if (click.Location.ValueKind != JsonValueKind.Undefined) data["location"] = JsonNode.Parse(click.Location.GetRawText());
        else data["choice"] = Choice(click.Title, click.Payload);
        return new(click.Payload.Length > 0 ? click.Payload : click.Form.ValueKind == JsonValueKind.Undefined ? click.Title ?? "" : "", data);
    }

    /// <summary>The Flow's <c>input.mode</c>: whether data come with the text or instead of it. The event itself and a click on a choice are none.</summary>
    internal string Mode => Text.Length == 0 || Data.Any(IsGiven) ? "TextData" : "TextOnly";

    private static bool IsGiven(KeyValuePair<string, JsonNode?> member) =>
        member.Key is not ("request" or "choice") && member.Value is not (null or JsonArray { Count: 0 });

    /// <summary>Whether an activity is something that a customer said: a click or a reply, by name or by the shape of its value.</summary>
    public static bool IsReply(JsonElement body) => Click.Of(body) is not null;

    /// <summary>What was typed stood for one of the choices offered: the Flow gets what a click on it would have brought.</summary>
    internal IncomingContent AsChoice(string payload)
    {
        Data["choice"] = Choice(Text, payload);
        return this with { Text = payload };
    }

    private static JsonObject Choice(string? title, string payload) => new() { ["title"] = title, ["payload"] = payload };

    private static JsonNode? FormOf(Click click)
    {
        var form = JsonNode.Parse(click.Form.GetRawText());
        // Ours, not the author's.
        (form as JsonObject)?.Remove(AdaptiveCards.IdMember);
        return form;
    }

    /// <summary>Attachments as Flows know them: name, url, type; the id helps where 8x8 gave no URL.</summary>
    internal static JsonArray Attachments(JsonElement content)
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
}
