using System.Text.Json;

namespace EightByEight.Connector.Content;

/// <summary>What the customer clicked or submitted, one shape whatever the channel.</summary>
/// <param name="Title">What stood on it; null: not told.</param>
/// <param name="Payload">What the bot gave with it; empty: nothing, as with a form.</param>
internal sealed record Click(string? Title, string Payload)
{
    /// <summary>The card it was on, if that was one of ours.</summary>
    public string? CardId { get; init; }

    /// <summary>The payload of buttons that open a URL or call a number: channels report such clicks, too, but nothing was said.</summary>
    public const string NoInput = "_opened";

    /// <summary>Whether the channel told what stood on it, and no payload.</summary>
    public bool IsTitleOnly => Title == Payload && Form.ValueKind == JsonValueKind.Undefined;

    /// <summary>What was submitted with it: an Adaptive Card's or a WhatsApp form's values, else undefined.</summary>
    public JsonElement Form { get; init; }

    /// <summary>Where the customer is, on channels that can tell; else undefined.</summary>
    public JsonElement Location { get; init; }

    /// <summary>Objects of a channel that hold the reply, named after its kind. Source: 8x8 Connect, WhatsApp and RCS inbound messages.</summary>
    private static readonly string[] ReplyMembers =
        ["data", "button_reply", "list_reply", "buttonReply", "listReply", "suggestionResponse", "reply", "interactive"];

    /// <summary>The click in an <c>ACTIVITY</c>; null: it is none, such as typing or a receipt.</summary>
    public static Click? Of(JsonElement body)
    {
        var data = body.Member("data");
        var value = data.Member("value");
        var click = data.Text("name") switch
        {
            "typing" or "read-receipts" or null => null,
            "adaptiveCard/action" => OfCard(value),
            "quickReply/action" => OfReply(value) ?? new Click(null, ""),
            _ => OfForm(value) ?? OfLocation(value) ?? OfReply(value),
        };
        return click?.Payload == NoInput ? null : click;
    }

    private static Click OfCard(JsonElement value)
    {
        var form = value.Member("data");
        // The data of an Action.Submit may be a text.
        var payload = form.ValueKind == JsonValueKind.String ? form.GetString()! : form.Text("postback") ?? form.Text("text") ?? "";
        return new Click(null, payload) { Form = form, CardId = form.Text(AdaptiveCards.IdMember) };
    }

    /// <summary>WhatsApp sends a form as JSON in a text.</summary>
    private static Click? OfForm(JsonElement value)
    {
        var reply = First(value, "nfmReply", "nfm_reply");
        if (reply.ValueKind == JsonValueKind.Undefined) reply = First(value.Member("interactive"), "nfmReply", "nfm_reply");
        if (reply.ValueKind == JsonValueKind.Undefined) return null;
        var form = First(reply, "responseJson", "response_json");
        var raw = reply.Text("responseJson") ?? reply.Text("response_json");
        if (form.ValueKind == JsonValueKind.String)
        {
            try
            {
                form = JsonElement.Parse(form.GetString()!);
            }
            catch (JsonException)
            {
                // Then the text is all there is. The name is the form's, not what the customer said.
                return new Click(null, raw ?? "");
            }
        }

        return new Click(reply.Text("name"), form.Text("postback") ?? form.Text("text") ?? "") { Form = form };
    }

    private static Click? OfLocation(JsonElement value)
    {
        var place = value.Member("location") is { ValueKind: JsonValueKind.Object } inner ? inner : value;
        return place.Text("latitude") is { } latitude && place.Text("longitude") is { } longitude
            ? new Click(place.Text("name"), $"{latitude},{longitude}") { Location = place }
            : null;
    }

    private static Click? OfReply(JsonElement value)
    {
        foreach (var member in ReplyMembers)
            if (Reply(value.Member(member)) is { } reply) return reply;
        return Reply(value);
    }

    private static Click? Reply(JsonElement at)
    {
        foreach (var member in ReplyMembers)
            if (at.Member(member).ValueKind == JsonValueKind.Object && Reply(at.Member(member)) is { } inner) return inner;
        var title = First(at, "title", "text").ValueKind == JsonValueKind.Undefined ? null : at.Text("title") ?? at.Text("text");
        foreach (var name in (string[])["payload", "postback", "postbackData", "postback_data", "id"])
            if (at.Text(name) is { Length: > 0 } payload) return new Click(title, payload);
        return title is { Length: > 0 } ? new Click(title, title) : null;
    }

    private static JsonElement First(JsonElement at, string one, string other) =>
        at.Member(one) is { ValueKind: not JsonValueKind.Undefined } found ? found : at.Member(other);
}
