using System.Text.Json;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;

namespace EightByEight.Functions.Tests.Content;

/// <summary>What does not fit into a channel's cards is shortened, or said in words.</summary>
public class LimitTests
{
    [Fact]
    public void A_title_that_is_too_long_for_a_whatsapp_button_is_shortened()
    {
        var reply = Interactive(new() { Text = "?", QuickReplies = [new("Track the order that I made", "track")] })
            .GetProperty("action").GetProperty("buttons")[0].GetProperty("reply");

        Assert.Equal("Track the order…", reply.GetProperty("title").GetString());
        Assert.Equal("track", reply.GetProperty("id").GetString());
    }

    [Fact]
    public void Titles_that_would_look_the_same_are_said_in_words() => Assert.Null(Converted(new()
    {
        Text = "?",
        QuickReplies = [new("Track the order that I made", "a"), new("Track the order which you made", "b")],
    }, ChannelKind.WhatsApp)[0].Cards);

    [Fact]
    public void A_payload_that_is_too_long_for_whatsapp_is_said_in_words() => Assert.Null(Converted(new()
    {
        Text = "?",
        QuickReplies = [new("A", new string('a', WhatsAppLimits.Id + 1))],
    }, ChannelKind.WhatsApp)[0].Cards);

    [Fact]
    public void Choices_without_a_text_have_a_body_on_whatsapp() =>
        Assert.Equal("A · B", Interactive(new() { QuickReplies = [new("A", "a"), new("B", "b")] }).GetProperty("body").GetProperty("text").GetString());

    [Fact]
    public void A_long_text_is_the_body_in_short_and_the_text_in_full()
    {
        var text = string.Join(' ', Enumerable.Repeat("word", 300));
        var message = Assert.Single(Converted(new() { Text = text, QuickReplies = [new("A", "a")] }, ChannelKind.WhatsApp));

        Assert.StartsWith(text, message.Text);
        Assert.InRange(message.Cards![0].Content.GetProperty("interactive").GetProperty("body").GetProperty("text").GetString()!.Length, 900, 1024);
    }

    [Fact]
    public void A_gallery_of_one_and_one_of_eleven_are_no_carousel()
    {
        Assert.Null(Converted(new() { Rich = new Gallery([new Item("a")]) }, ChannelKind.Rcs)[0].Cards);
        Assert.Null(Converted(new() { Rich = new Gallery([.. Enumerable.Range(0, 11).Select(i => new Item($"{i}"))]) }, ChannelKind.Rcs)[0].Cards);
        Assert.NotNull(Converted(new() { Rich = new Gallery([.. Enumerable.Range(0, 10).Select(i => new Item($"{i}"))]) }, ChannelKind.Rcs)[0].Cards);
    }

    [Theory]
    [InlineData("wrapped", """{"interactive":{"type":"button",""")]
    [InlineData("bare", """{"type":"button",""")]
    public void The_wrapping_of_a_channels_card_can_be_chosen(string wrapping, string content) => Assert.StartsWith(content,
        Samples.Convert(new() { Text = "?", QuickReplies = [new("A", "a")] }, ChannelKind.WhatsApp,
            settings => settings with { CardWrappers = new Dictionary<string, string> { ["Interactive"] = wrapping } })
            .Messages[0].Cards![0].Content.GetRawText());

    [Theory]
    [InlineData("Interactive", ChannelKind.WhatsApp)]
    [InlineData("Location", ChannelKind.WhatsApp)]
    [InlineData("Template", ChannelKind.WhatsApp)]
    [InlineData("Suggestions", ChannelKind.Rcs)]
    [InlineData("Carousel", ChannelKind.Rcs)]
    [InlineData("Buttons", ChannelKind.Viber)]
    internal void A_channels_own_card_goes_to_its_channel_in_both_wrappings_and_its_text_to_all(string type, ChannelKind channel)
    {
        var output = new Output { Text = "In words", Rich = new ChannelCard(type, new System.Text.Json.Nodes.JsonObject { ["a"] = 1 }) };
        var bare = new Dictionary<string, string> { [type] = "bare" };

        var wrapped = Assert.Single(Converted(output, channel));
        Assert.Equal("In words", wrapped.Text);
        Assert.Equal("{\"" + type.ToLowerInvariant() + "\":{\"a\":1}}", wrapped.Cards![0].Content.GetRawText());
        Assert.Equal("""{"a":1}""", Samples.Convert(output, channel, s => s with { CardWrappers = bare }).Messages[0].Cards![0].Content.GetRawText());
        foreach (var other in Enum.GetValues<ChannelKind>().Where(other => !ChannelCards.Knows(other, type)))
            Assert.Equal(("In words", null), (Converted(output, other)[0].Text, Converted(output, other)[0].Cards));
    }

    [Theory]
    [InlineData("WhatsApp", 25, false, true)]
    [InlineData("WhatsApp", 23, false, false)]
    [InlineData("WhatsApp", 25, true, false)]
    [InlineData("WebChat", 25, false, false)]
    public void Whatsapp_takes_only_templates_a_day_after_the_customers_last_message(string channel, int hours, bool isTemplate, bool isRefused)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        var facts = new ConversationFacts { Channel = new(channel, 1), CustomerAt = now.AddHours(-hours).ToUnixTimeMilliseconds() };
        var output = isTemplate
            ? new Output { Text = "t", Rich = new ChannelCard("Template", new System.Text.Json.Nodes.JsonObject()) }
            : new Output { Text = "t" };

        var fault = MessagingWindow.FaultIn(Converted(output, ChannelContext.KindOf(channel))[0], facts, now);

        Assert.Equal(isRefused, fault?.Contains("25 hours ago", StringComparison.Ordinal) == true);
    }

    private static IReadOnlyList<Connector.ChatGateway.OutgoingMessage> Converted(Output output, ChannelKind channel) =>
        Samples.Convert(output, channel).Messages;

    private static JsonElement Interactive(Output output) =>
        Converted(output, ChannelKind.WhatsApp)[0].Cards![0].Content.GetProperty("interactive");

    [Theory]
    [InlineData(ChannelKind.WebChat)]
    [InlineData(ChannelKind.WhatsApp)]
    [InlineData(ChannelKind.Rcs)]
    [InlineData(ChannelKind.Sms)]
    internal void HTML_in_titles_becomes_text(ChannelKind kind)
    {
        var output = new Output
        {
            Text = "Which?",
            Rich = new Buttons([new("<b>Yes</b> &amp; go", "<b>Yes</b> &amp; go"), new("<i>No</i>", "no")]),
        };
        var converted = Samples.Convert(output, kind);

        Assert.DoesNotContain("<", string.Concat(converted.Messages.Select(message => message.Text)));
        Assert.Equal([("Yes & go", "Yes & go"), ("No", "no")], converted.Offer.Choices.Select(choice => (choice.Title, choice.Payload)));
    }

    [Theory]
    [InlineData(ChannelKind.WebChat)]
    [InlineData(ChannelKind.WhatsApp)]
    [InlineData(ChannelKind.Rcs)]
    [InlineData(ChannelKind.Email)]
    internal void HTML_is_taken_away_once(ChannelKind kind)
    {
        var output = new Output
        {
            Text = "Use &lt;b&gt;",
            Rich = new ItemList(
                [new("Title &lt;b&gt;") { Subtitle = "Sub &lt;b&gt;", Buttons = [new("Open &lt;b&gt;", "o")] }, new("<i>Two</i>") { Buttons = [new("2", "2")] }],
                new("All<br>of <i>them</i>", "all")),
        };

        var json = Samples.Json(Samples.Convert(output, kind).Messages);

        foreach (var text in (string[])["Use <b>", "Title <b>", "Sub <b>", "All of them", "Two"]) Assert.Contains(text, json);
        Assert.DoesNotContain("&lt;", json);
        Assert.DoesNotContain("<i>", json);
    }

    [Theory]
    [InlineData(ChannelKind.WebChat)]
    [InlineData(ChannelKind.Sms)]
    internal void HTML_in_what_stands_for_a_file_and_on_buttons_that_send_becomes_text(ChannelKind kind)
    {
        var media = Samples.Json(Converted(new() { Rich = new Media(MediaKind.Image, "https://example.com/a", "A <b>cat</b>") }, kind));
        var fallback = Samples.Json(Converted(new() { Rich = new DatePicker("<b>Choose</b>"), Text = "When?", FallbackText = "<i>When</i>?" }, kind));

        Assert.Contains("A cat", media);
        Assert.DoesNotContain("<b>", media + fallback);
        Assert.DoesNotContain("<i>", fallback);
    }

    [Fact]
    public void An_image_whose_address_is_too_long_for_a_carousel_is_said_in_words()
    {
        static Item One(string title) => new(title) { ImageUrl = "https://example.com/" + new string('a', RcsLimits.Url) };

        Assert.Null(Converted(new() { Rich = new Gallery([One("a"), One("b")]) }, ChannelKind.Rcs)[0].Cards);
    }

    [Fact]
    public void A_caption_leaves_room_for_the_address_of_its_file()
    {
        var media = new Media(MediaKind.Image, "https://example.com/" + new string('a', 400));
        var messages = Converted(new() { Text = string.Concat(Enumerable.Repeat("word ", 198)), Rich = media }, ChannelKind.Viber);

        Assert.All(messages, message => Assert.InRange(message.Text!.Length + media.Url.Length + 1, 1, 1_400));
        Assert.InRange(messages[^1].Text!.Length + 1 + media.Url.Length, 1, 1_000);
        Assert.NotNull(messages[^1].Media);
    }

    [Fact]
    public void A_file_with_an_address_that_fills_a_message_goes_without_a_caption()
    {
        var media = new Media(MediaKind.Image, "https://example.com/" + new string('a', 950));
        var messages = Converted(new() { Text = "Here it is.", Rich = media }, ChannelKind.Viber);

        Assert.Equal(["Here it is.", null], messages.Select(message => message.Text));
    }
}
