using System.Text.Json;
using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Translation;

/// <summary>What is offered in another language than the Flow's, and what clicking and typing make of it, by the front door.</summary>
public sealed class TranslatedChoiceTests(AzuriteFixture azurite)
{
    private const string Question = """
        name: which
        start:
          - question: { text: Which?, type: choice, options: [ { title: Order a coffee, payload: order }, Talk ], reprompt: again }
          - say: "**{{ input.result }} {{ input.text }} {{ input.translation ? 'translated' : 'as it is' }}**"
        """;

    private const string Menu = """
        name: menu
        start:
          - say: { text: "**{{ input.text }}**", quickReplies: [ { title: Order a coffee, payload: order }, { title: Something else, payload: other } ] }
        """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_click_on_a_translated_option_answers_the_question(bool skipsPayloads)
    {
        await using var room = await StartAsync(Question, skipsPayloads);
        var conversation = await room.AskedAsync();

        room.Gateway.CustomerClicks(conversation, "DE:Order a coffee", "order");

        Assert.Equal("order order as it is", await room.AnswerAsync(conversation));
    }

    [Fact]
    public async Task An_option_without_a_payload_has_its_title_in_the_Flows_language_as_one()
    {
        await using var room = await StartAsync(Question);
        var conversation = await room.AskedAsync();

        room.Gateway.CustomerClicks(conversation, "DE:Talk", "Talk");

        Assert.Equal("Talk Talk as it is", await room.AnswerAsync(conversation));
    }

    [Fact]
    public async Task A_click_of_which_a_channel_tells_the_title_only_answers_the_question()
    {
        await using var room = await StartAsync(Question);
        var conversation = await room.AskedAsync();

        room.Gateway.CustomerActs(conversation, "quickReply/action", JsonSerializer.SerializeToElement(new { title = "DE:Order a coffee" }));

        Assert.Equal("order order as it is", await room.AnswerAsync(conversation));
    }

    [Theory]
    [InlineData("DE:Order a coffee", false)]
    [InlineData(" de:order A coffee ", false)]
    [InlineData("DE:Order a coffee", true)]
    [InlineData("order a coffee", false)]
    [InlineData("Order a coffee", true)]
    public async Task A_typed_title_answers_the_question_as_it_was_shown_and_as_it_is_in_the_Flow(string typed, bool skipsPayloads)
    {
        await using var room = await StartAsync(Question, skipsPayloads);
        var conversation = await room.AskedAsync();

        room.Gateway.CustomerSays(conversation, typed);

        Assert.Equal("order order as it is", await room.AnswerAsync(conversation));
    }

    [Fact]
    public async Task A_number_answers_the_question()
    {
        await using var room = await StartAsync(Question);
        var conversation = await room.AskedAsync("SMS");

        room.Gateway.CustomerSays(conversation, "1");

        Assert.Equal("order order as it is", await room.AnswerAsync(conversation));
    }

    [Fact]
    public async Task What_is_typed_and_no_choice_is_translated_before_it_is_compared()
    {
        await using var room = await StartAsync("""
            name: which
            start:
              - question: { text: Which?, type: choice, options: [ { title: "EN-US:Kaffee", payload: order }, Talk ] }
              - say: "**{{ input.result }} {{ input.translation.original }}**"
            """);
        var conversation = await room.AskedAsync();

        room.Gateway.CustomerSays(conversation, "Kaffee");

        Assert.Equal("order Kaffee", await room.AnswerAsync(conversation));
    }

    [Theory]
    [InlineData("WebChat", "de:something else")]
    [InlineData("SMS", "2")]
    public async Task A_quick_reply_that_is_typed_reaches_the_Flow_as_its_payload(string channel, string typed)
    {
        await using var room = await StartAsync(Menu);
        var conversation = await room.AskedAsync(channel);

        room.Gateway.CustomerSays(conversation, typed);

        Assert.Equal("other", (await room.AnswerAsync(conversation)).Split('\n')[0]);
    }

    [Fact]
    public async Task A_quick_reply_that_is_clicked_reaches_the_Flow_as_its_payload()
    {
        await using var room = await StartAsync(Menu);
        var conversation = await room.AskedAsync();

        room.Gateway.CustomerClicks(conversation, "DE:Something else", "other");

        Assert.Equal("other", await room.AnswerAsync(conversation));
    }

    [Fact]
    public async Task A_button_that_is_clicked_reaches_the_Flow_as_its_payload()
    {
        await using var room = await StartAsync("""
            name: buttons
            start:
              - say:
                  text: "**{{ input.text }}**"
                  buttons: [ { title: Order, payload: order }, { title: Something else, payload: other }, { title: Help, url: "https://example.com" } ]
            """);
        var conversation = await room.AskedAsync();
        var card = Assert.Single(room.Gateway.Messages(conversation)[^1].Cards).Content;

        room.Gateway.CustomerSubmits(conversation, card.GetProperty("body")[1].GetProperty("actions")[0].GetProperty("data"));

        Assert.Equal("other", await room.AnswerAsync(conversation));
    }

    [Fact]
    public async Task What_the_submit_of_a_card_brings_as_postback_reaches_the_Flow_untranslated()
    {
        await using var room = await StartAsync("""
            name: card
            start:
              - say:
                  adaptiveCard:
                    version: "1.3"
                    body: [ { type: TextBlock, text: Hi } ]
                    actions: [ { type: Action.Submit, title: Order, data: { postback: order } } ]
              - waitForInput
              - say: "**{{ input.text }}**"
            """);
        var conversation = await room.AskedAsync();
        var card = Assert.Single(room.Gateway.Messages(conversation)[^1].Cards).Content;

        room.Gateway.CustomerSubmits(conversation, card.GetProperty("actions")[0].GetProperty("data"));

        Assert.Equal("order", await room.AnswerAsync(conversation));
    }

    [Theory]
    [InlineData(false, "EN-US:order")]
    [InlineData(true, "order")]
    public async Task A_payload_that_was_not_offered_is_translated_unless_that_is_prevented(bool skipsPayloads, string expected)
    {
        await using var room = await StartAsync("""
            name: none
            start:
              - say: "**{{ input.text }}**"
            """, skipsPayloads);
        var conversation = await room.AskedAsync();

        room.Gateway.CustomerClicks(conversation, "Order", "order");

        Assert.Equal(expected, await room.AnswerAsync(conversation));
    }

    private async Task<Room> StartAsync(string flow, bool skipsPayloads = false)
    {
        var provider = await FakeProvider.StartAsync();
        var connector = await TestConnector.StartAsync(azurite, flow, new()
        {
            ["translation"] = new JsonObject
            {
                ["enabled"] = true,
                ["provider"] = "deepl",
                ["apiKey"] = "k",
                ["baseUrl"] = provider.Url,
                ["userLanguage"] = "de",
                ["skipPayloads"] = skipsPayloads,
            },
        }, options: new Dictionary<string, string?>(TestConnector.Quick) { ["Connector:Translation:AllowPrivateAddresses"] = "true" });
        return new(provider, connector);
    }

    private sealed record Room(FakeProvider Provider, TestConnector Connector) : IAsyncDisposable
    {
        public EightByEight.Simulator.ChatGatewaySimulator Gateway => Connector.Gateway;

        /// <summary>A conversation in which the bot spoke.</summary>
        public async Task<string> AskedAsync(string channel = "WebChat")
        {
            var conversation = Connector.Start("123", channel: channel);
            await Connector.BotSaysAsync(conversation, 1);
            return conversation;
        }

        /// <summary>What the bot says next.</summary>
        public async Task<string> AnswerAsync(string conversation) => (await Connector.BotSaysAsync(conversation, 2))[1];

        public async ValueTask DisposeAsync()
        {
            await Connector.DisposeAsync();
            await Provider.DisposeAsync();
        }
    }
}
