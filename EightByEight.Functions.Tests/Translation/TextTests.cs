using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Translation;

namespace EightByEight.Functions.Tests.Translation;

/// <summary>What of an output, and of a text, is translated.</summary>
public sealed class TextTests
{
    private static string Upper(string text) => string.Concat(NoTranslation.Pieces(text, "**").Select(piece =>
        piece.IsTranslated ? piece.Text.ToUpperInvariant() : piece.Text));

    [Theory]
    [InlineData("Willkommen, **Moin**!", "WILLKOMMEN, Moin!")]
    [InlineData("**a** b **c**", "a B c")]
    [InlineData("a ** b", "A ** B")]
    [InlineData("**only**", "only")]
    public void What_stands_between_markers_is_not_translated(string text, string translated) => Assert.Equal(translated, Upper(text));

    [Theory]
    [InlineData("see https://a.example/b?c=d now", "SEE https://a.example/b?c=d NOW")]
    [InlineData("mail me@a.example, {{ user.name }}", "MAIL me@a.example, {{ user.name }}")]
    [InlineData("cIntent:order a thing", "cIntent:order a thing")]
    [InlineData("<b class=\"x\">bold</b> &amp; more", "<b class=\"x\">BOLD</b> &amp; MORE")]
    [InlineData("open a-b.c.pdf now. Fine", "OPEN a-b.c.pdf NOW. FINE")]
    [InlineData("  12 34 \n", "  12 34 \n")]
    public void Urls_placeholders_intents_tags_file_names_and_numbers_stay(string text, string translated) => Assert.Equal(translated, Upper(text));

    [Theory]
    [InlineData("a")]
    [InlineData("a.")]
    [InlineData("a@")]
    [InlineData("{{")]
    [InlineData("<a ")]
    [InlineData("&a")]
    [InlineData("http:/")]
    public void However_long_a_text_is_it_is_soon_in_pieces(string part)
    {
        var text = string.Concat(Enumerable.Repeat(part, 100_000 / part.Length));
        // Steps that grew with the square of the length would take minutes, and then be broken off.
        Assert.Equal(text, string.Concat(NoTranslation.Pieces(text, "**").Select(piece => piece.Text)));
    }

    [Fact]
    public void Only_what_a_customer_reads_is_translated()
    {
        var button = new QuickReply("pick", "pay");
        var link = new QuickReply("open", "https://a.example/x", ButtonKind.WebUrl);
        Output[] outputs =
        [
            new() { Text = "text", FallbackText = "fall", QuickReplies = [button] },
            new() { Rich = new Gallery([new Item("one") { Subtitle = "sub", ImageUrl = "https://a.example/i", ImageAlt = "alt", Url = "https://a.example/u", Buttons = [link] }]) },
            new() { Rich = new ItemList([new Item("two")], button) },
            new() { Rich = new Media(MediaKind.File, "https://a.example/f", "what", "name.pdf") },
            new() { Rich = new DatePicker("send", "2026-01-01") },
            new() { Rich = new Buttons([button]) },
        ];
        var mapped = outputs.Select(output => OutputTexts.Map(output, text => text.ToUpperInvariant())).ToArray();
        Assert.Equal(("TEXT", "FALL", new QuickReply("PICK", "pay")), (mapped[0].Text, mapped[0].FallbackText, mapped[0].QuickReplies[0]));
        var item = ((Gallery)mapped[1].Rich!).Items[0];
        Assert.Equal(("ONE", "SUB", "https://a.example/i", "ALT", "https://a.example/u"), (item.Title, item.Subtitle, item.ImageUrl, item.ImageAlt, item.Url));
        Assert.Equal(link with { Title = "OPEN" }, item.Buttons[0]);
        Assert.Equal(("TWO", "PICK"), (((ItemList)mapped[2].Rich!).Items[0].Title, ((ItemList)mapped[2].Rich!).Button!.Title));
        Assert.Equal(new Media(MediaKind.File, "https://a.example/f", "WHAT", "name.pdf"), mapped[3].Rich);
        Assert.Equal(new DatePicker("SEND", "2026-01-01"), mapped[4].Rich);
        Assert.Equal("PICK", ((Buttons)mapped[5].Rich!).Items[0].Title);
    }

    [Fact]
    public void Of_a_card_only_what_is_shown_is_translated()
    {
        var card = JsonNode.Parse("""
            {"type":"AdaptiveCard","version":"1.3","body":[{"type":"TextBlock","id":"x","text":"hi"},
             {"type":"RichTextBlock","inlines":["run",{"type":"TextRun","text":"other"}]},
             {"type":"FactSet","facts":[{"title":"a","value":"b"}]},
             {"type":"Input.ChoiceSet","id":"text","label":"which","choices":[{"title":"c","value":"d"}]},
             {"type":"Image","url":"https://a.example/i","altText":"alt"}],
             "actions":[{"type":"Action.Submit","title":"go","data":{"text":"keep","title":"keep"}}]}
            """)!.AsObject();
        var mapped = OutputTexts.Map(new() { Rich = new AdaptiveCard(card) }, text => text.ToUpperInvariant());
        var expected = card.ToJsonString().Replace("\"hi\"", "\"HI\"").Replace("\"run\"", "\"RUN\"").Replace("\"other\"", "\"OTHER\"")
            .Replace("\"title\":\"a\",\"value\":\"b\"", "\"title\":\"A\",\"value\":\"B\"").Replace("\"which\"", "\"WHICH\"")
            .Replace("\"title\":\"c\"", "\"title\":\"C\"").Replace("\"alt\"", "\"ALT\"").Replace("\"go\"", "\"GO\"");
        Assert.Equal(expected, ((AdaptiveCard)mapped.Rich!).Card.ToJsonString());
    }
}
