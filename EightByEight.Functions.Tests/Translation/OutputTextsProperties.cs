using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Translation;
using FsCheck.Xunit;

namespace EightByEight.Functions.Tests.Translation;

/// <summary>Random outputs: whatever they are made of, exactly what a customer reads is translated.</summary>
public sealed class OutputTextsProperties
{
    private const string Mark = "≈";

    private static readonly string[] Shown = ["text", "title", "subtitle", "label", "altText", "placeholder", "caption", "fallbackText", "errorMessage"];
    private static readonly string[] Kept = ["id", "url", "iconUrl", "value", "type", "payload", "style", "targetInputIds", "name"];

    [Property(MaxTest = 200)]
    public void All_that_is_shown_is_translated_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        var output = OutputOf(random);
        var before = Words(output);

        var after = Words(OutputTexts.Map(output, text => Mark + text));

        Assert.Equal(before.Select(word => word.StartsWith("shown", StringComparison.Ordinal) ? Mark + word : word), after);
    }

    [Property(MaxTest = 200)]
    public void Nothing_is_lost_where_texts_are_taken_apart_and_what_is_kept_never_leaves(int seed)
    {
        var random = new Random(seed);
        string[] parts =
        [
            "some words ", "https://a.example/p?q=1 ", "me@a.example ", "{{ user.name }} ", "{name} ", "<b> ", "&amp; ", "**as it is** ", "a.pdf ", "\n", "12 ",
        ];
        var text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => parts[random.Next(parts.Length)]));

        var pieces = NoTranslation.Pieces(text, "**");

        Assert.Equal(NoTranslation.Unmarked(text, "**"), string.Concat(pieces.Select(piece => piece.Text)));
        foreach (var piece in pieces.Where(piece => piece.IsTranslated))
            Assert.True(piece.Text.Split(' ').All(word => word is "some" or "words" or ""
                || word.Split('\n').All(one => one is "some" or "words" or "12" or "")
                || word is "12"), $"'{piece.Text}' of '{text}' would be translated.");
    }

    private static Output OutputOf(Random random) => new()
    {
        Text = "shown 1",
        FallbackText = random.Next(2) == 0 ? null : "shown 2",
        QuickReplies = Replies(random),
        Rich = random.Next(6) switch
        {
            0 => new Buttons(Replies(random)),
            1 => new Gallery(Items(random)),
            2 => new ItemList(Items(random), random.Next(2) == 0 ? null : new("shown button", "kept")),
            3 => new Media((MediaKind)random.Next(4), "https://kept.example", random.Next(2) == 0 ? null : "shown alt", "kept.pdf"),
            4 => new AdaptiveCard(Element(random, 4)),
            _ => new ChannelCard("Interactive", Element(random, 3)),
        },
    };

    private static QuickReply[] Replies(Random random) =>
        [.. Enumerable.Range(0, random.Next(4)).Select(i => new QuickReply($"shown reply {i}", $"kept {i}", (ButtonKind)random.Next(3)))];

    private static Item[] Items(Random random) => [.. Enumerable.Range(0, random.Next(1, 4)).Select(i => new Item($"shown item {i}")
    {
        Subtitle = random.Next(2) == 0 ? null : "shown subtitle",
        ImageUrl = "https://kept.example/i",
        ImageAlt = random.Next(2) == 0 ? null : "shown alt",
        Url = "https://kept.example/u",
        Buttons = Replies(random),
    })];

    /// <summary>A part of a card: members that are shown, members that are not, parts in it, and what is the author's.</summary>
    private static JsonObject Element(Random random, int depth)
    {
        var element = new JsonObject();
        foreach (var name in Shown.Where(_ => random.Next(3) == 0)) element[name] = "shown " + name;
        foreach (var name in Kept.Where(_ => random.Next(3) == 0)) element[name] = "kept " + name;
        if (random.Next(3) == 0) element["data"] = new JsonObject { ["text"] = "kept", ["title"] = new JsonArray("kept") };
        if (random.Next(3) == 0) element["facts"] = new JsonArray(new JsonObject { ["title"] = "shown fact", ["value"] = "shown value" });
        if (random.Next(3) == 0) element["inlines"] = new JsonArray("shown run", new JsonObject { ["type"] = "kept", ["text"] = "shown run" });
        if (depth > 0)
            foreach (var name in (string[])["body", "columns", "actions"])
                if (random.Next(2) == 0) element[name] = new JsonArray([.. Enumerable.Range(0, random.Next(3)).Select(_ => (JsonNode)Element(random, depth - 1))]);
        return element;
    }

    /// <summary>All strings in it, in order.</summary>
    private static List<string> Words(Output output)
    {
        var words = new List<string?> { output.Text, output.FallbackText };
        void Say(QuickReply reply) => words.AddRange([reply.Title, reply.Payload]);
        void Show(IEnumerable<Item> items)
        {
            foreach (var item in items)
            {
                words.AddRange([item.Title, item.Subtitle, item.ImageUrl, item.ImageAlt, item.Url]);
                foreach (var reply in item.Buttons) Say(reply);
            }
        }

        foreach (var reply in output.QuickReplies) Say(reply);
        switch (output.Rich)
        {
            case Buttons buttons:
                foreach (var reply in buttons.Items) Say(reply);
                break;
            case Gallery gallery: Show(gallery.Items); break;
            case ItemList list:
                Show(list.Items);
                if (list.Button is { } button) Say(button);
                break;
            case Media media: words.AddRange([media.Url, media.Alt, media.Name]); break;
            case AdaptiveCard card: Leaves(card.Card, words); break;
            case ChannelCard card: Leaves(card.Content, words); break;
        }

        return [.. words.OfType<string>()];
    }

    private static void Leaves(JsonNode? node, List<string?> words)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var member in map) Leaves(member.Value, words);
                break;
            case JsonArray list:
                foreach (var item in list) Leaves(item, words);
                break;
            case JsonValue value: words.Add((string?)value); break;
        }
    }
}
