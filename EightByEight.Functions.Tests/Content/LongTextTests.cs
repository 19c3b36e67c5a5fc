using System.Globalization;
using EightByEight.Connector.Content;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace EightByEight.Functions.Tests.Content;

/// <summary>Long texts, and texts with HTML in them.</summary>
public class LongTextTests
{
    [Theory]
    [InlineData("One. Two three. Four five six.", 20, "One. Two three.|Four five six.")]
    [InlineData("First paragraph.\n\nSecond one, longer.", 24, "First paragraph.|Second one, longer.")]
    [InlineData("A line\nand another line here", 20, "A line\nand another|line here")]
    [InlineData("He said \"Stop!\" Then we went on", 24, "He said \"Stop!\"|Then we went on")]
    [InlineData("nospacesinhere", 5, "nospa|cesin|here")]
    [InlineData("see https://example.com/a/long/path now", 20, "see|https://example.com/a/long/path|now")]
    [InlineData("family 👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 18, "family|👨‍👩‍👧‍👦|👨‍👩‍👧‍👦")]
    [InlineData("short", 5, "short")]
    public void A_long_text_is_cut_where_it_hurts_least(string text, int limit, string pieces) =>
        Assert.Equal(pieces.Split('|'), TextSplitter.Split(text, limit));

    [Theory]
    [InlineData("A title that is too long", 12, "A title…")]
    [InlineData("Donaudampfschifffahrt", 10, "Donaudamp…")]
    [InlineData("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 15, "👨‍👩‍👧‍👦…")]
    [InlineData("fits", 4, "fits")]
    public void A_title_is_shortened_with_care(string title, int limit, string shortened) =>
        Assert.Equal(shortened, TextSplitter.Shorten(title, limit));

    private static readonly string[] Bits =
        ["word", " ", " ", "\n", "\n\n", ". ", "https://example.com/a?b=c&d=e", "👨‍👩‍👧‍👦", "e\u0301", "🇩🇪", "\r\n", "x", " \u0301", "ก็", "!"];

    public static Arbitrary<string> Texts() => Gen.Elements(Bits).ListOf().Select(string.Concat).ToArbitrary();

    [Property(MaxTest = 500)]
    public Property Nothing_is_lost_and_no_link_or_character_is_cut() => Prop.ForAll(Texts(), Gen.Choose(12, 60).ToArbitrary(), (text, limit) =>
    {
        var pieces = TextSplitter.Split(text, limit);
        return pieces.SelectMany(Elements).SequenceEqual(Elements(text))
            && pieces.All(piece => piece.Length <= limit || !piece.Any(char.IsWhiteSpace))
            && text.Split("https://").Length - 1 == pieces.Sum(piece => piece.Split("https://example.com/a?b=c&d=e").Length - 1);

        static IEnumerable<string> Elements(string of)
        {
            var all = StringInfo.GetTextElementEnumerator(of);
            while (all.MoveNext())
                if (!string.IsNullOrWhiteSpace(all.GetTextElement())) yield return all.GetTextElement();
        }
    });

    [Theory]
    [InlineData("a < b && c > d", "a < b && c > d")]
    [InlineData("Hello <name>, <3", "Hello <name>, <3")]
    [InlineData("<b>Hello</b> <name>", "Hello <name>")]
    [InlineData("One<br>Two<br/>Three", "One\nTwo\nThree")]
    [InlineData("<p>One</p><p>Two</p>", "One\n\nTwo")]
    [InlineData("List:<ul><li>a</li><li>b</li></ul>End", "List:\n- a\n- b\nEnd")]
    [InlineData("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b")]
    [InlineData("See <a href=\"https://example.com\">our page</a>.", "See our page (https://example.com).")]
    [InlineData("<a href=\"https://example.com\">https://example.com</a>", "https://example.com")]
    [InlineData("<a href='mailto:a@example.com'>Write</a> <a href='tel:+44'>+44</a>", "Write (a@example.com) +44")]
    [InlineData("<a href='javascript:alert(1)'>x</a><script>alert(1)</script>", "x")]
    [InlineData("Tom &amp; Jerry &lt;3", "Tom & Jerry <3")]
    [InlineData("R&D", "R&D")]
    [InlineData("two\nlines <i>here</i>\n", "two\nlines here")]
    [InlineData("<img src='x' alt='A cat'>", "A cat")]
    [InlineData("0", "0")]
    public void Html_becomes_text(string html, string text) => Assert.Equal(text, PlainText.Of(html));

    [Theory]
    [InlineData(ChannelKind.WebChat, 4096)]
    [InlineData(ChannelKind.WhatsApp, 4096)]
    [InlineData(ChannelKind.Rcs, 3072)]
    [InlineData(ChannelKind.Viber, 1000)]
    [InlineData(ChannelKind.Sms, 1530)]
    [InlineData(ChannelKind.Facebook, 2000)]
    internal void Each_channel_gets_pieces_that_it_takes(ChannelKind channel, int limit)
    {
        var text = string.Join(' ', Enumerable.Range(0, 3000).Select(i => $"Sentence {i}."));

        var messages = Samples.Convert(new Output { Text = text }, channel).Messages;

        Assert.All(messages.SkipLast(1), message => Assert.InRange(message.Text!.Length, limit / 2, limit));
        Assert.Equal(text, string.Join(' ', messages.Select(message => message.Text)));
    }

    [Fact]
    public void A_link_ends_where_a_script_without_spaces_goes_on()
    {
        var pieces = TextSplitter.Split("https://example.com/a" + new string('字', 100), 40);

        Assert.StartsWith("https://example.com/a字", pieces[0]);
        Assert.All(pieces, piece => Assert.True(piece.Length <= 40));
    }

    [Fact]
    public void The_card_stands_on_the_last_piece_of_a_long_text()
    {
        var messages = Samples.Convert(
            new Output { Text = new string('x', 5000), QuickReplies = [new("A", "a")] }, ChannelKind.WebChat).Messages;

        Assert.Equal([0, 1], messages.Select(message => message.Cards?.Count ?? 0));
    }
}
