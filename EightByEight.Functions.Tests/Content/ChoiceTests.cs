using System.Text.Json;

namespace EightByEight.Functions.Tests.Content;

/// <summary>What was offered last, and what typing and clicking make of it, by the front door.</summary>
public sealed class ChoiceTests(AzuriteFixture azurite)
{
    private const string Menu = """
        name: menu
        start:
          - say: { text: "{{ input.text }}", quickReplies: [ { title: Track my order, payload: track }, { title: Something else, payload: other } ] }
        """;

    [Fact]
    public async Task A_number_stands_for_the_choice_that_was_shown_with_it()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Menu);
        var conversation = connector.Start("hi", channel: "SMS");
        Assert.Equal("hi\n1. Track my order\n2. Something else", (await connector.BotSaysAsync(conversation, 1))[0]);

        connector.Gateway.CustomerSays(conversation, "2");

        Assert.StartsWith("other\n", (await connector.BotSaysAsync(conversation, 2))[1]);
    }

    [Fact]
    public async Task A_typed_title_stands_for_its_choice_on_any_channel()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Menu);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.CustomerSays(conversation, " track MY order ");

        Assert.Equal("track", (await connector.BotSaysAsync(conversation, 2))[1]);
    }

    [Fact]
    public async Task Where_no_numbers_were_shown_a_number_is_a_number()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Menu);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.CustomerSays(conversation, "2");

        Assert.Equal("2", (await connector.BotSaysAsync(conversation, 2))[1]);
    }

    [Fact]
    public async Task Choices_count_only_as_long_as_nothing_else_was_said()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: once
            start:
              - if: input.text === 'hi'
                then:
                  - say: { text: Menu, quickReplies: [ { title: A, payload: a }, { title: B, payload: b } ] }
                else:
                  - say: "You said {{ input.text }}"
            """);
        var conversation = connector.Start("hi", channel: "SMS");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.CustomerSays(conversation, "2");
        await connector.BotSaysAsync(conversation, 2);

        connector.Gateway.CustomerSays(conversation, "2");

        Assert.Equal(["You said b", "You said 2"], (await connector.BotSaysAsync(conversation, 3)).Skip(1));
    }

    [Fact]
    public async Task A_question_for_a_number_gets_the_number()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: number
            start:
              - say: { text: Our sizes, quickReplies: [ { title: A, payload: a }, { title: B, payload: b } ] }
              - question: { text: How many?, type: number, saveTo: context.count }
              - say: "{{ context.count }} it is"
            """);
        var conversation = connector.Start("hi", channel: "SMS");
        await connector.BotSaysAsync(conversation, 2);

        connector.Gateway.CustomerSays(conversation, "2");

        Assert.Equal("2 it is", (await connector.BotSaysAsync(conversation, 3))[2]);
    }

    [Fact]
    public async Task A_question_with_options_takes_the_number_shown_before_a_payload_that_looks_like_one()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: rate
            start:
              - question: { text: Rate us, type: choice, options: [ { title: Great, payload: "2" }, { title: Bad, payload: "1" } ], saveTo: context.rate }
              - say: "Rated {{ context.rate }}"
            """);
        var conversation = connector.Start("hi", channel: "SMS");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.CustomerSays(conversation, "1");

        Assert.Equal("Rated 2", (await connector.BotSaysAsync(conversation, 2))[1]);
    }

    /// <summary>Two questions, each with a card, and one whose answer is anything.</summary>
    private const string TwoCards = """
        name: cards
        start:
          - say: { text: First, buttons: [ { title: One, payload: one }, { title: Uno, payload: uno }, { title: Help, url: "https://example.com" } ] }
          - waitForInput
          - say: { text: "First: {{ input.text }}", buttons: [ { title: Two, payload: two }, { title: Help, url: "https://example.com" } ] }
          - question: Name?
          - say: "Name: {{ input.text }}"
        """;

    [Fact]
    public async Task A_click_on_an_older_card_and_a_second_click_answer_nothing()
    {
        await using var connector = await TestConnector.StartAsync(azurite, TwoCards);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);
        var first = SubmitOf(connector, conversation);
        connector.Gateway.CustomerSubmits(conversation, first);
        Assert.Equal(["First: one", "Name?"], (await connector.BotSaysAsync(conversation, 3)).Skip(1));

        connector.Gateway.CustomerSubmits(conversation, first);
        connector.Gateway.CustomerSubmits(conversation, JsonSerializer.SerializeToElement(new { postback = "uno", _card = first.GetProperty("_card") }));
        connector.Gateway.CustomerSays(conversation, "Ann");

        Assert.Equal("Name: Ann", (await connector.BotSaysAsync(conversation, 4))[3]);
        var view = await connector.SettledAsync(conversation, 3);
        Assert.Equal(3, view["turns"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_click_on_an_older_quick_reply_does_not_answer_the_question_that_waits()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: older
            start:
              - question: { text: Which?, type: choice, options: [ { title: First, payload: one }, { title: Other, payload: other } ] }
              - question: Name?
              - say: "Name: {{ input.text }}"
            """);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.CustomerClicks(conversation, "First", "one");
        await connector.BotSaysAsync(conversation, 2);

        connector.Gateway.CustomerClicks(conversation, "Other", "other");
        connector.Gateway.CustomerSays(conversation, "Ann");

        Assert.Equal("Name: Ann", (await connector.BotSaysAsync(conversation, 3))[2]);
    }

    [Fact]
    public async Task When_the_same_is_asked_again_what_was_offered_before_still_answers_it()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: again
            start:
              - say: { text: Pick one, quickReplies: [ { title: "Yes, please", payload: "yes" }, { title: Later, payload: "no" } ] }
              - question: { text: Well?, type: yesNo, reprompt: "Yes or no?", saveTo: context.a }
              - say: "You said {{ context.a }}"
            """);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 2);
        connector.Gateway.CustomerSays(conversation, "perhaps");
        await connector.BotSaysAsync(conversation, 3);

        connector.Gateway.CustomerClicks(conversation, "Yes, please", "yes");

        Assert.Equal("You said true", (await connector.BotSaysAsync(conversation, 4))[3]);
    }

    [Fact]
    public async Task While_nothing_waits_an_older_choice_is_input_like_any_other()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: open
            start:
              - if: input.text === 'hi'
                then:
                  - say: { text: Menu, quickReplies: [ { title: A, payload: a } ] }
                else:
                  - say: "You said {{ input.text }}"
            """);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.CustomerSays(conversation, "x");
        await connector.BotSaysAsync(conversation, 2);

        connector.Gateway.CustomerClicks(conversation, "A", "a");

        Assert.Equal("You said a", (await connector.BotSaysAsync(conversation, 3))[2]);
    }

    [Fact]
    public async Task The_title_of_a_click_that_comes_as_a_message_makes_no_second_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Echo);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.CustomerClicks(conversation, "Yes", "y");
        connector.Gateway.CustomerSays(conversation, "Yes");
        connector.Gateway.CustomerSays(conversation, "Yes");

        // The second is the customer's own.
        Assert.Equal(["1: hi", "2: y", "3: Yes"], await connector.BotSaysAsync(conversation, 3));
        Assert.Equal(3, (await connector.SettledAsync(conversation, 3))["turns"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_double_click_is_one_click()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Echo);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.CustomerClicks(conversation, "Yes", "y");
        connector.Gateway.CustomerClicks(conversation, "Yes", "y");
        connector.Gateway.CustomerSays(conversation, "done");

        Assert.Equal(["1: hi", "2: y", "3: done"], await connector.BotSaysAsync(conversation, 3));
    }

    [Fact]
    public async Task After_a_failure_the_choices_of_the_question_that_still_waits_count()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: failing
            start:
              - question: { text: Which?, type: choice, options: [ { title: A, payload: a }, { title: B, payload: b } ] }
              - if: input.result === 'a' && context.missing.member
                then: [ stop ]
              - say: "You chose {{ input.result }}"
            """);
        var conversation = connector.Start("hi", channel: "SMS");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.CustomerSays(conversation, "1");
        Assert.StartsWith("Sorry", (await connector.BotSaysAsync(conversation, 2))[1]);

        connector.Gateway.CustomerSays(conversation, "2");

        Assert.Equal("You chose b", (await connector.BotSaysAsync(conversation, 3))[2]);
    }

    [Fact]
    public async Task Typing_makes_no_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Echo);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.CustomerTypes(conversation);
        connector.Gateway.CustomerReads(conversation);
        connector.Gateway.CustomerSays(conversation, "there");

        Assert.Equal(["1: hi", "2: there"], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task A_whatsapp_list_reply_answers_the_question()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: list
            start:
              - question: { text: Which?, type: choice, options: [ { title: A, payload: a }, { title: B, payload: b }, C, D ], saveTo: context.which }
              - say: "{{ context.which }} {{ input.data.choice.title }}"
            """);
        var conversation = connector.Start("hi", channel: "WhatsApp");
        await connector.BotSaysAsync(conversation, 1);
        Assert.Equal("Interactive", Assert.Single(connector.Gateway.Messages(conversation)[^1].Cards).ContentType);

        connector.Gateway.CustomerActs(conversation, "interactive/reply",
            JsonSerializer.SerializeToElement(new { type = "list_reply", list_reply = new { id = "b", title = "B" } }));

        Assert.Equal("b B", (await connector.BotSaysAsync(conversation, 2))[1]);
    }

    /// <summary>What the client sends when the first submit of the last message's card is clicked.</summary>
    private static JsonElement SubmitOf(TestConnector connector, string conversation)
    {
        var card = Assert.Single(connector.Gateway.Messages(conversation)[^1].Cards).Content;
        return card.GetProperty("body")[0].GetProperty("actions")[0].GetProperty("data");
    }
}
