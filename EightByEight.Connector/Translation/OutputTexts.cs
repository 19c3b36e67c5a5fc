using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Translation;

/// <summary>
/// All texts of an output that a customer reads, and none else: no payload, URL, id, file name or date. A raw message of 8x8 and a template
/// that a channel approved stay as their author wrote them.
/// </summary>
internal static class OutputTexts
{
    /// <summary>Members of cards that are shown.</summary>
    private static readonly HashSet<string> Shown = new(StringComparer.OrdinalIgnoreCase)
    {
        "text", "title", "subtitle", "description", "label", "altText", "placeholder", "caption", "fallbackText", "speak", "errorMessage",
        "button", "displayText", "display_text",
    };

    /// <summary>Members of cards that are the author's, whatever is in them.</summary>
    private static readonly HashSet<string> Own = new(StringComparer.OrdinalIgnoreCase)
    {
        "data", "metadata", "refresh", "authentication", "msteams", "$data", "parameters", "requires",
    };

    /// <summary>The output with each text as a function makes it.</summary>
    public static Output Map(Output output, Func<string, string> translate) => output with
    {
        Text = Text(output.Text, translate)!,
        QuickReplies = Map(output.QuickReplies, translate),
        FallbackText = Text(output.FallbackText, translate),
        Rich = output.Rich switch
        {
            Buttons buttons => new Buttons(Map(buttons.Items, translate)),
            Gallery gallery => new Gallery(Map(gallery.Items, translate)),
            ItemList list => new ItemList(Map(list.Items, translate), list.Button is { } button ? Map(button, translate) : null),
            Media media => media with { Alt = Text(media.Alt, translate) },
            AdaptiveCard card => new AdaptiveCard(Map(card.Card, translate).AsObject()),
            DatePicker picker => picker with { Button = Text(picker.Button, translate)! },
            ChannelCard { Type: not ("Template" or "Location") } card => new ChannelCard(card.Type, Map(card.Content, translate)),
            var other => other,
        },
    };

    private static string? Text(string? text, Func<string, string> translate) => string.IsNullOrWhiteSpace(text) ? text : translate(text);

    private static IReadOnlyList<QuickReply> Map(IReadOnlyList<QuickReply> replies, Func<string, string> translate) =>
        [.. replies.Select(reply => Map(reply, translate))];

    private static QuickReply Map(QuickReply reply, Func<string, string> translate) => reply with { Title = Text(reply.Title, translate)! };

    private static IReadOnlyList<Item> Map(IReadOnlyList<Item> items, Func<string, string> translate) =>
        [.. items.Select(item => item with
        {
            Title = Text(item.Title, translate)!,
            Subtitle = Text(item.Subtitle, translate),
            ImageAlt = Text(item.ImageAlt, translate),
            Buttons = Map(item.Buttons, translate),
        })];

    private static JsonNode Map(JsonNode card, Func<string, string> translate)
    {
        var copy = card.DeepClone();
        Walk(copy, translate);
        return copy;
    }

    private static void Walk(JsonNode? node, Func<string, string> translate)
    {
        if (node is JsonArray array)
            for (var i = 0; i < array.Count; i++) Walk(array[i], translate);
        if (node is not JsonObject map) return;
        foreach (var (name, value) in map.ToArray())
        {
            if (Own.Contains(name)) continue;
            if (Said(value) is { } text)
            {
                if (Shown.Contains(name)) map[name] = Text(text, translate);
            }
            else if (value is JsonArray list && name is "facts") Facts(list, translate);
            else if (value is JsonArray runs && name is "inlines") Runs(runs, translate);
            else Walk(value, translate);
        }
    }

    /// <summary>Only of a fact is the value shown.</summary>
    private static void Facts(JsonArray facts, Func<string, string> translate)
    {
        Walk(facts, translate);
        foreach (var fact in facts.OfType<JsonObject>())
            if (Said(fact["value"]) is { } value) fact["value"] = Text(value, translate);
    }

    private static void Runs(JsonArray runs, Func<string, string> translate)
    {
        for (var i = 0; i < runs.Count; i++)
            if (Said(runs[i]) is { } text) runs[i] = Text(text, translate);
            else Walk(runs[i], translate);
    }

    private static string? Said(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
