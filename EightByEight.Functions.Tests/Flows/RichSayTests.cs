using EightByEight.Connector.Content;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>What a <c>say</c> may hold beside its text.</summary>
public class RichSayTests
{
    [Fact]
    public void Buttons_do_one_of_four_things()
    {
        var buttons = (Buttons)Say("""
            text: a
            buttons:
              - Plain
              - { title: Pay, payload: pay }
              - { title: Call, phone: "+44 20" }
              - { title: Open, url: "https://example.com/{{ 1 + 1 }}" }
              - { title: Book, intent: book a table }
            """).Rich!;

        Assert.Equal(
        [
            new("Plain", "Plain"), new("Pay", "pay"), new("Call", "+44 20", ButtonKind.PhoneNumber),
            new("Open", "https://example.com/2", ButtonKind.WebUrl), new QuickReply("Book", "cIntent:book a table"),
        ], buttons.Items);
    }

    [Fact]
    public void A_gallery_has_items_with_images_and_buttons()
    {
        var item = Assert.Single(((Gallery)Say("gallery: [ { title: \"{{ input.text }}\", subtitle: s, image: \"https://a/b.png\", imageAlt: i, url: \"https://a\", buttons: [ Yes ] } ]").Rich!).Items);

        Assert.Equal(("hi", "s", "https://a/b.png", "i", "https://a"), (item.Title, item.Subtitle, item.ImageUrl, item.ImageAlt, item.Url));
        Assert.Equal([new QuickReply("Yes", "Yes")], item.Buttons);
    }

    [Fact]
    public void A_list_is_items_and_perhaps_a_button()
    {
        Assert.Single(((ItemList)Say("list: [ { title: a } ]").Rich!).Items);
        Assert.Equal("All", ((ItemList)Say("list: { items: [ { title: a } ], button: All }").Rich!).Button!.Title);
    }

    [Theory]
    [InlineData("image: https://a/b.png", MediaKind.Image)]
    [InlineData("audio: https://a/b.png", MediaKind.Audio)]
    [InlineData("video: https://a/b.png", MediaKind.Video)]
    [InlineData("file: https://a/b.png", MediaKind.File)]
    public void A_url_is_short_for_a_file(string say, MediaKind kind) =>
        Assert.Equal(new Media(kind, "https://a/b.png"), Say(say).Rich);

    [Fact]
    public void Expressions_in_a_card_keep_their_type_and_what_is_undefined_is_left_out()
    {
        var card = (AdaptiveCard)Say("""
            adaptiveCard:
              body:
                - { type: TextBlock, text: "Hi {{ input.text }}", isVisible: "{{ 1 === 1 }}", id: "{{ input.missing }}" }
                - { type: TextBlock, text: "{{ input.text }}", size: "{{ context.a.b }}" }
            """, warnings: 1).Rich!;

        Assert.Equal("""{"body":[{"type":"TextBlock","text":"Hi hi","isVisible":true},{"type":"TextBlock","text":"hi"}]}""", card.Card.ToJsonString());
    }

    [Fact]
    public void A_button_or_image_whose_url_is_none_is_left_out_with_a_warning()
    {
        var output = Say("gallery: [ { title: a, image: \"{{ input.text }}\", buttons: [ { title: b, url: \"{{ 'https:' + '\\\\\\\\x' }}\" }, c ] } ]", warnings: 2);

        var item = Assert.Single(((Gallery)output.Rich!).Items);
        Assert.Null(item.ImageUrl);
        Assert.Equal(["c"], item.Buttons.Select(b => b.Title));
    }

    [Fact]
    public void A_raw_message_that_turns_out_wrong_is_not_said_but_told()
    {
        var result = Conversation.Run("name: a\nstart: [ { say: { eightByEight: { text: \"{{ 5 }}\" } } }, { say: b } ]");

        Assert.Equal("b", Assert.Single(result.Outputs).Text);
        Assert.Contains("'text' is not a text", Assert.Single(result.Warnings).Message);
    }

    [Fact]
    public void Fallback_text_is_rendered() => Assert.Equal("Say hi", Say("image: https://a\nfallbackText: Say {{ input.text }}").FallbackText);

    [Theory]
    [InlineData("say: { buttons: [ A ] }", 3, 8, "'say' lacks 'text'")]
    [InlineData("say: { text: a, buttons: [] }", 3, 28, "with at least one")]
    [InlineData("say: { text: a, buttons: [ { title: A, payload: b, url: \"https://c\" } ] }", 3, 54, "'payload' and 'url' are two things")]
    [InlineData("say: { text: a, quickReplies: [ { title: A, url: \"https://c\" } ] }", 3, 47, "'quickReplies' has no member 'url'")]
    [InlineData("say: { image: nowhere }", 3, 17, "'image' is a URL that begins with https://")]
    [InlineData("say: { image: { alt: a } }", 3, 17, "'image' lacks 'url'")]
    [InlineData("say: { image: \"https://a\", video: \"https://b\" }", 3, 30, "'image' and 'video' are two messages")]
    [InlineData("say: { gallery: [ { subtitle: a } ] }", 3, 21, "Each item of 'gallery' needs a title")]
    [InlineData("say: { gallery: [ { title: a, picture: b } ] }", 3, 33, "'gallery' has no member 'picture'")]
    [InlineData("say: { list: { button: A } }", 3, 16, "'list' lacks 'items'")]
    [InlineData("say: { adaptiveCard: text }", 3, 24, "'adaptiveCard' is an Adaptive Card")]
    [InlineData("say: { adaptiveCard: { type: Card, body: [] } }", 3, 32, "is AdaptiveCard")]
    [InlineData("say: { adaptiveCard: { type: AdaptiveCard } }", 3, 24, "neither 'body' nor 'actions'")]
    [InlineData("say: { eightByEight: { cards: 5 } }", 3, 24, "'cards' is not a list")]
    [InlineData("say: { text: a, eightByEight: { text: b } }", 3, 10, "'eightByEight' is the whole message")]
    [InlineData("say: { text: a, image: \"https://a\", quickReplies: [ A ] }", 3, 39, "'quickReplies' cannot stand beside 'image'")]
    [InlineData("say: { text: a, channelCard: { type: Templat, content: {} } }", 3, 40, "Did you mean 'Template'?")]
    [InlineData("say: { text: a, imag: b }", 3, 19, "Did you mean 'image'?")]
    [InlineData("say: { text: a, datePicker: soon }", 3, 31, "'datePicker' is an object")]
    public void What_is_wrong_is_told_with_its_place(string step, int line, int column, string message)
    {
        var problem = Assert.Single(Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart:\n- {step}")).Problems);

        Assert.Contains(message, problem.Message);
        Assert.Equal((line, column), (problem.Line, problem.Column));
    }

    private static Output Say(string members, int warnings = 0)
    {
        var result = Conversation.Run("name: a\nstart:\n  - say:\n      " + members.ReplaceLineEndings("\n      "));
        Assert.Null(result.Failure);
        Assert.Equal(warnings, result.Warnings.Count);
        return Assert.Single(result.Outputs);
    }
}
