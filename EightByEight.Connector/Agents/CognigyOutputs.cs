using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Agents;

/// <summary>
/// What Flows of Cognigy.AI say: a text and <c>data</c>, in which <c>_cognigy._default</c> describes what is shown on any channel, and
/// <c>_webchat</c> or <c>_facebook</c> a message in the form of Messenger, <c>_eightByEight</c> one of 8x8 as it is. Source: Cognigy.AI, <c>api.output</c> and the say node.
/// </summary>
internal static class CognigyOutputs
{
    private static readonly string[] Channels = ["_eightByEight", "_default", "_webchat", "_facebook", "_defaultPreview"];

    private static readonly string[] OnlyOf8x8 = ["cards", "attachments", "externalProvider"];

    /// <summary>One output of the agent, as one or more of ours.</summary>
    public static IEnumerable<Output> Read(string? text, JsonElement data, List<string> faults)
    {
        // An older form wraps it once more.
        var cognigy = data.Member("_cognigy") is { ValueKind: JsonValueKind.Object } found ? found : data.Member("_data").Member("_cognigy");
        var told = faults.Count;
        var shown = Channels.Select(channel => cognigy.Member(channel)).Where(one => one.ValueKind == JsonValueKind.Object)
            .Select(one => OfMessage(one, faults) ?? OfChannel(one, faults)).FirstOrDefault(one => one is { IsEmpty: false });
        var plugin = data.Member("_plugin") is { ValueKind: JsonValueKind.Object } given ? given : default;
        var output = shown ?? new Output { Rich = Plugin(plugin) };
        if (output is { Text.Length: 0, Rich: not RawMessage } && text is { Length: > 0 }) output = output with { Text = text };
        if (shown is null && faults.Count == told)
        {
            Lost(cognigy, faults);
            if (output.Rich is null && data.ValueKind == JsonValueKind.Object) AgentOutputs.Lost(data.EnumerateObject().Where(member => member.Name == "_plugin"), faults);
        }

        output = output with { Data = Rest(data) };
        if (output is { IsEmpty: true, Data: not null }) AgentOutputs.Lost(data.EnumerateObject().Where(member => output.Data.ContainsKey(member.Name)), faults);
        if (!output.IsEmpty || output.Data is not null) yield return output;
        if (data.Member("attachments") is not { ValueKind: JsonValueKind.Array } files) yield break;
        foreach (var file in files.EnumerateArray())
            if (AgentOutputs.Media(KindOf(file.Text("type") ?? file.Text("mimeType")), file.Text("url"), null, file.Text("name") ?? file.Text("fileName"), faults) is { } media)
                yield return new Output { Rich = media };
    }

    /// <summary>Where nothing can be shown, what of it would be: an empty text is nothing.</summary>
    private static void Lost(JsonElement cognigy, List<string> faults)
    {
        if (cognigy.ValueKind != JsonValueKind.Object) return;
        foreach (var channel in cognigy.EnumerateObject().Where(one => one.Value.ValueKind == JsonValueKind.Object))
        {
            if (Channels.Contains(channel.Name))
                AgentOutputs.Lost(channel.Value.EnumerateObject().Where(member => member.Name is not ("_text" or "text")), faults, channel.Name + ".");
            else AgentOutputs.Lost([channel], faults);
        }
    }

    /// <summary>What the author sent along, without what is shown.</summary>
    private static JsonObject? Rest(JsonElement data)
    {
        if (AgentOutputs.Object(data) is not { } rest) return null;
        foreach (var name in new[] { "_cognigy", "_data", "_plugin", "attachments", "handover", "end", "type" }) rest.Remove(name);
        return rest.Count == 0 ? null : rest;
    }

    /// <summary>A message as 8x8 takes it, by what only such a one has; null: it is none.</summary>
    private static Output? OfMessage(JsonElement channel, List<string> faults)
    {
        if (!OnlyOf8x8.Any(name => channel.TryGetProperty(name, out _))) return null;
        if (RawMessages.Read(AgentOutputs.Object(channel)!, out var problem) is { } message) return new Output { Rich = new RawMessage(message) };
        faults.Add($"'_eightByEight' is not a message of 8x8: {problem}");
        return null;
    }

    private static Output? OfChannel(JsonElement channel, List<string> faults)
    {
        foreach (var member in channel.EnumerateObject())
            if (OfMember(member.Name, member.Value, faults) is { } output) return output;
        return null;
    }

    private static Output? OfMember(string name, JsonElement inner, List<string> faults) => name switch
    {
        "_text" or "text" => new Output { Text = inner.ValueKind == JsonValueKind.String ? inner.GetString()! : Text(inner) },
        "_quickReplies" => Shown(inner, Choices(inner.Member("quickReplies"), faults)),
        "_buttons" => Shown(inner, [], Choices(inner.Member("buttons"), faults) is { Count: > 0 } buttons ? new Buttons(buttons) : null),
        "_gallery" => Shown(inner, [], Items(inner.Member("items"), faults) is { Count: > 0 } items ? new Gallery(items) : null),
        "_list" => Shown(inner, [], Items(inner.Member("items"), faults) is { Count: > 0 } items ? new ItemList(items, Shared(inner, faults)) : null),
        "_image" => Shown(inner, [], File(MediaKind.Image, inner, "imageUrl", faults)),
        "_audio" => Shown(inner, [], File(MediaKind.Audio, inner, "audioUrl", faults)),
        "_video" => Shown(inner, [], File(MediaKind.Video, inner, "videoUrl", faults)),
        "_adaptiveCard" or "adaptiveCard" => Shown(inner, [],
            AgentOutputs.Object(inner.Member("adaptiveCard") is { ValueKind: JsonValueKind.Object } card ? card : inner) is { } made ? new AdaptiveCard(made) : null),
        "_plugin" => new Output { Rich = Plugin(inner) },
        "message" => Messenger(inner, faults),
        _ => null,
    };

    private static Output Shown(JsonElement inner, IReadOnlyList<QuickReply> replies, Rich? rich = null) => new()
    {
        Text = Text(inner),
        QuickReplies = replies,
        Rich = rich,
        FallbackText = inner.Text("fallbackText") is { Length: > 0 } fallback ? fallback : null,
    };

    private static string Text(JsonElement inner) => inner.Text("text") is { } text ? text
        : inner.Member("text") is { ValueKind: JsonValueKind.Array } several && several.GetArrayLength() > 0 ? several[0].ToString() : "";

    private static Media? File(MediaKind kind, JsonElement inner, string member, List<string> faults) =>
        AgentOutputs.Media(kind, inner.Text(member), inner.Text("imageAltText") ?? inner.Text("altText"), null, faults);

    private static DatePicker? Plugin(JsonElement plugin) => plugin.Text("type") is not ("date-picker" or "datepicker") ? null
        : new DatePicker(plugin.Member("data").Text("submitButtonText") ?? "OK", plugin.Member("data").Text("minDate"), plugin.Member("data").Text("maxDate"));

    private static List<QuickReply> Choices(JsonElement list, List<string> faults) => list.ValueKind != JsonValueKind.Array ? []
        : [.. list.EnumerateArray().Select(one => Choice(one, faults)).Where(one => one.Title.Length > 0)];

    /// <summary>Quick replies say <c>contentType</c> where buttons say <c>type</c>.</summary>
    private static QuickReply Choice(JsonElement one, List<string> faults)
    {
        var type = one.Text("type") ?? one.Text("contentType") ?? one.Text("content_type") ?? "postback";
        var (title, payload) = (one.Text("title") ?? "", one.Text("payload"));
        return type switch
        {
            "web_url" or "openUrl" => AgentOutputs.Choice(title, payload, one.Text("url") ?? payload, null, null, faults),
            "phone_number" => AgentOutputs.Choice(title, null, null, payload, null, faults),
            "trigger_intent" => AgentOutputs.Choice(title, payload, null, null, one.Text("intentName"), faults),
            _ => AgentOutputs.Choice(title, payload, null, null, null, faults),
        };
    }

    private static QuickReply? Shared(JsonElement list, List<string> faults) =>
        list.Member("button") is { ValueKind: JsonValueKind.Object } button && Choice(button, faults) is { Title.Length: > 0 } choice ? choice : null;

    private static List<Item> Items(JsonElement list, List<string> faults) => list.ValueKind != JsonValueKind.Array ? []
        : [.. list.EnumerateArray().Select(one => new Item(one.Text("title") ?? "")
        {
            Subtitle = one.Text("subtitle"),
            ImageUrl = AgentOutputs.Address(one.Text("imageUrl") ?? one.Text("image_url"), faults),
            ImageAlt = one.Text("imageAltText") ?? one.Text("image_alt_text"),
            Url = AgentOutputs.Address(one.Text("defaultActionUrl") ?? one.Member("default_action").Text("url"), faults),
            Buttons = Choices(one.Member("buttons"), faults),
        })];

    /// <summary>A message in the form of Messenger: <c>text</c> with <c>quick_replies</c>, or an <c>attachment</c>.</summary>
    private static Output? Messenger(JsonElement message, List<string> faults)
    {
        var payload = message.Member("attachment").Member("payload");
        Rich? rich = (message.Member("attachment").Text("type"), payload.Text("template_type")) switch
        {
            ("template", "button") when Choices(payload.Member("buttons"), faults) is { Count: > 0 } buttons => new Buttons(buttons),
            ("template", "list") when Items(payload.Member("elements"), faults) is { Count: > 0 } items =>
                new ItemList(items, Choices(payload.Member("buttons"), faults) is [var first, ..] ? first : null),
            ("template", _) when Items(payload.Member("elements"), faults) is { Count: > 0 } items => new Gallery(items),
            (not (null or "template"), _) =>
                AgentOutputs.Media(KindOf(message.Member("attachment").Text("type")), payload.Text("url"), payload.Text("altText"), null, faults),
            _ => null,
        };
        return new Output
        {
            Text = message.Text("text") ?? payload.Text("text") ?? "",
            QuickReplies = Choices(message.Member("quick_replies"), faults),
            Rich = rich,
        };
    }

    /// <summary>The kind of a file by its word or its media type.</summary>
    public static MediaKind KindOf(string? type) => type?.Split('/')[0] switch
    {
        "image" => MediaKind.Image,
        "audio" => MediaKind.Audio,
        "video" => MediaKind.Video,
        _ => MediaKind.File,
    };
}
