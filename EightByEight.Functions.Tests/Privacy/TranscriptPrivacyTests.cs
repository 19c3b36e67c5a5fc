using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Translation;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Flows;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>What a transcript shows, by the Endpoint's settings and by what the Flow says.</summary>
public sealed class TranscriptPrivacyTests(AzuriteFixture azurite)
{
    private static readonly DataProtectionSettings Open = new() { MaskSensitiveLogging = false, MaskIpAddress = false, HideExternalReferences = false };

    private static EightByEight.Connector.Conversations.Turn Said(string text) => new()
    {
        Sequence = 1,
        EventId = "e",
        EventType = "MESSAGE",
        Text = text,
        Outputs = [new(Text: "You said " + text)],
        Failure = new FlowFailure("start/0", 3, "quoting " + text),
        Warnings = [new FlowFailure("start/1", 4, "quoting " + text)],
    };

    private static EightByEight.Connector.Conversations.Turn Shown(DataProtectionSettings settings, bool blind = false, string text = "secret") =>
        Masking.Shown(Masking.Of(Said(text), settings, new Session { Id = "s", Flow = "f", Blind = blind }));

    [Fact]
    public void Collect_conversations_on_shows_what_was_said() => Assert.Equivalent(Said("secret"), Shown(Open), strict: true);

    [Fact]
    public void Collect_conversations_off_shows_that_something_was_said_and_not_what() =>
        ShowsNothing(Shown(Open with { CollectConversations = false }));

    [Fact]
    public void A_blind_session_shows_that_something_was_said_and_not_what() => ShowsNothing(Shown(Open, blind: true));

    [Fact]
    public void That_something_was_not_translated_quotes_nobody_and_is_shown_wherever_the_rest_is_hidden()
    {
        var untranslated = TurnTranslation.Warning("deepl answered 456: the quota is used up.");
        var turn = Said("secret") with { Warnings = [untranslated, new FlowFailure("translation", 4, "a step of this name, quoting secret")] };

        var shown = Masking.Shown(Masking.Of(turn, Open with { MaskSensitiveAnalytics = true }, new Session { Id = "s", Flow = "f" }));

        Assert.Equal([untranslated, new FlowFailure("translation", 4, "***")], shown.Warnings);
    }

    [Fact]
    public void Mask_sensitive_analytics_hides_the_input_and_what_may_quote_it()
    {
        var shown = Shown(Open with { MaskSensitiveAnalytics = true });
        Assert.Equal("***", shown.Text);
        Assert.Equal("***", shown.Failure!.Message);
        Assert.Equal("start/0", shown.Failure.Step);
        Assert.Equal("***", shown.Warnings![0].Message);
        Assert.Equal("You said secret", shown.Outputs[0].Text);
    }

    [Theory]
    [InlineData("see <a href=\"https://x.de\">here</a>", "see &lt;a href=\"https://x.de\"&gt;here&lt;/a&gt;")]
    [InlineData("<IMG src=x> and <b>bold</b>", "&lt;IMG src=x&gt; and <b>bold</b>")]
    [InlineData("a < b & c <tom@x.de>", "a < b & c <tom@x.de>")]
    public void Hide_references_to_external_resources_shows_such_tags_as_plain_text(string text, string shown)
    {
        Assert.Equal(shown, Shown(Open with { HideExternalReferences = true }, text: text).Text);
        Assert.Equal(text, Shown(Open, text: text).Text);
    }

    [Fact]
    public void Mask_ip_address_masks_it_in_the_input_wherever_8x8_puts_it()
    {
        var input = JsonNode.Parse("""
            {"text":"my ip is 10.0.0.1","user":{"ipaddress":"10.0.0.1","name":"Ann","additionalProperties":[{"key":"ipAddress","value":"10.0.0.1"},{"key":"a","value":"b"}]},
             "data":{"request":{"data":{"user":{"ipaddress":"10.0.0.1"},"clientIp":"10.0.0.1"}}}}
            """)!;
        Masking.MaskAddresses(input);
        Assert.Equal(
            """{"text":"my ip is 10.0.0.1","user":{"ipaddress":"***","name":"Ann","additionalProperties":[{"key":"ipAddress","value":"***"},{"key":"a","value":"b"}]},"data":{"request":{"data":{"user":{"ipaddress":"***"},"clientIp":"***"}}}}""",
            input.ToJsonString());
    }

    [Fact]
    public void Mask_sensitive_logging_masks_what_a_line_quotes_of_user_id_text_and_data()
    {
        var input = JsonNode.Parse("""{"text":"my card is 4111","userId":"u-77","data":{"form":{"city":"Berlin"},"no":"a"},"channel":"WebChat"}""");
        Assert.Equal("*** said '***' from *** on WebChat, a",
            Masking.WithoutQuotes("u-77 said 'My card is 4111' from Berlin on WebChat, a", Masking.Said(input)));
    }

    [Fact]
    public void A_flow_makes_this_and_the_following_inputs_blind_until_it_says_otherwise()
    {
        var conversation = new Conversation("""
            name: blind
            start:
              - if: input.text === 'card'
                then: [ { dataProtection: { blind: true } } ]
              - if: input.text === 'done'
                then: [ { dataProtection: { blind: false } } ]
              - if: input.text === 'once'
                then: [ { dataProtection: { hideInput: true } } ]
              - say: ok
            """);
        (bool?, bool) After(string text)
        {
            conversation.Say(text);
            return (conversation.Last.Blind, conversation.Last.IsBlind);
        }

        Assert.Equal((null, false), After("hi"));
        Assert.Equal((true, true), After("card"));
        Assert.Equal((null, false), After("4111"));
        Assert.Equal((false, false), After("done"));
        Assert.Equal((null, true), After("once"));
    }

    [Theory]
    [InlineData("dataProtection: true", "is an object with blind or hideInput")]
    [InlineData("dataProtection: { blind: maybe }", "'blind' is true or false")]
    [InlineData("dataProtection: { blnd: true }", "Did you mean 'blind'?")]
    public void A_wrong_data_protection_step_is_refused_with_the_reason(string step, string reason) =>
        Assert.Contains(reason, Assert.Throws<FlowFormatException>(() => FlowCompiler.Compile($"name: a\nstart:\n  - {step}")).Message);

    [Fact]
    public async Task A_blind_session_is_masked_in_the_transcript_from_the_step_to_the_turn_that_ends_it()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: card
            start:
              - if: input.text === 'pay'
                then:
                  - dataProtection: { blind: true }
                  - question: { text: "Card number?", saveTo: context.card }
                  - dataProtection: { blind: false }
              - say: "Thanks {{ input.text }}"
            """, new JsonObject { ["eightByEight"] = new JsonObject { ["verifySignatures"] = false } });
        var conversation = connector.Start();
        async Task SayAsync(string text, int count)
        {
            await connector.PostAsync(conversation, "MESSAGE", Posted.Said(text));
            await connector.BotSaysAsync(conversation, count);
        }

        await SayAsync("hello", 1);
        await SayAsync("pay", 2);
        await SayAsync("4111 1111", 3);
        await SayAsync("<i>bye</i><script>x</script>", 4);
        var view = await connector.SettledAsync(conversation, 4);
        Assert.Equal(["hello", "***", "***", "<i>bye</i>"], view["turns"]!.AsArray().Select(t => (string?)t!["text"]));
        Assert.Equal(["Thanks hello", "***", "***", "Thanks bye"], view["turns"]!.AsArray().Select(t => (string?)t!["outputs"]![0]!["text"]));
        Assert.Equal("Thanks 4111 1111", connector.BotSaid(conversation)[2]);
    }

    [Theory]
    [InlineData("blind: true", false, "user: ***\nbot: ***\nuser: ***\nbot: ***")]
    [InlineData("hideInput: true", false, "user: Hi\nbot: Card?\nuser: ***\nbot: ***")]
    [InlineData("blind: false", true, "user: ***\nbot: Card?\nuser: ***\nbot: Noted.")]
    [InlineData("blind: false", false, "user: Hi\nbot: Card?\nuser: 4111111111111111\nbot: Noted.")]
    public async Task A_Flow_gets_in_its_transcript_what_operators_see_also_of_the_input_at_hand_and_never_what_is_excluded(
        string protection, bool masks, string expected)
    {
        await using var connector = await TestConnector.StartAsync(azurite, $$$"""
            name: card
            start:
              - dataProtection: { blind: {{{(protection == "blind: true" ? "true" : "false")}}} }
              - question: { text: "Card?", type: creditCard, saveTo: context.card }
              - dataProtection: { {{{protection}}} }
              - say: Noted.
              - say: { text: Only for you, excludeFromTranscript: true }
              - dataProtection: { blind: false }
              - transcript: { format: text, saveTo: context.first }
              - waitForInput
              - transcript: { format: text }
              - say: "{{ context.first }}|{{ input.transcript }}"
            """, new JsonObject
        {
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
            ["dataProtection"] = new JsonObject { ["maskSensitiveAnalytics"] = masks },
        });
        var conversation = connector.Start();
        async Task<string> SayAsync(string text, int count)
        {
            await connector.PostAsync(conversation, "MESSAGE", Posted.Said(text));
            return (await connector.BotSaysAsync(conversation, count))[count - 1];
        }

        await SayAsync("Hi", 1);
        await SayAsync("4111111111111111", 3);
        Assert.Equal($"{expected}|{expected}\nuser: {(masks ? "***" : "And?")}", await SayAsync("And?", 4));
    }

    private static void ShowsNothing(EightByEight.Connector.Conversations.Turn shown)
    {
        Assert.Equal("***", shown.Text);
        Assert.Equal("***", Assert.Single(shown.Outputs).Text);
        Assert.Equal(("start/0", 3, "***"), (shown.Failure!.Step, shown.Failure.Line, shown.Failure.Message));
        Assert.Equal("***", shown.Warnings![0].Message);
    }
}
