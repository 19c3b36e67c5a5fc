using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>What becomes of events, by the front door: signed webhooks in, messages out.</summary>
public sealed class ConversationTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_message_is_answered()
    {
        await using var connector = await TestConnector.StartAsync(azurite);

        var conversation = connector.Start("hello");

        Assert.Equal(["1: hello"], await connector.BotSaysAsync(conversation, 1));
    }

    [Fact]
    public async Task Messages_are_answered_in_order_within_one_session()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = connector.Start("a");

        foreach (var text in (string[])["b", "c", "d"]) connector.Gateway.CustomerSays(conversation, text);

        Assert.Equal(["1: a", "2: b", "3: c", "4: d"], await connector.BotSaysAsync(conversation, 4));
    }

    [Fact]
    public async Task Several_outputs_of_a_turn_keep_their_order()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        var conversation = connector.Start("a");
        connector.Gateway.CustomerSays(conversation, "b");

        Assert.Equal(["a/1", "a/2", "a/3", "b/1", "b/2", "b/3"], await connector.BotSaysAsync(conversation, 6));
    }

    [Fact]
    public async Task The_bot_speaks_as_the_bot()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);

        Assert.Equal(["user", "bot"], connector.Gateway.Messages(conversation).Select(m => m.Author));
    }

    [Fact]
    public async Task A_quick_reply_reaches_the_Flow_as_its_payload()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: ask
            start:
              - question: { text: Which?, type: choice, options: [ { title: First, payload: one }, { title: Second, payload: two } ], saveTo: context.which }
              - say: "You chose {{ context.which }}"
            """);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        var card = Assert.Single(connector.Gateway.Messages(conversation)[^1].Cards);
        Assert.Equal("application/8x8.quick.replies", card.ContentType);

        connector.Gateway.CustomerClicks(conversation, "Second", "two");

        Assert.Equal("You chose two", (await connector.BotSaysAsync(conversation, 2))[1]);
    }

    [Fact]
    public async Task A_submitted_card_reaches_the_Flow_as_data()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: card
            start:
              - say: "{{ input.text }}|{{ input.data.adaptivecards.size }}|{{ input.data.request.value.size }}|{{ input.data.request.data.value.data.size }}"
            """);
        var conversation = connector.Start();

        connector.Gateway.CustomerSubmits(conversation, JsonSerializer.SerializeToElement(new { size = "L" }));

        Assert.Equal(["|L|L|L"], await connector.BotSaysAsync(conversation, 1));
    }

    [Theory]
    [InlineData("""{"type":"button_reply","button_reply":{"id":"b1","title":"Yes"}}""", "b1")]
    [InlineData("""{"type":"list_reply","list_reply":{"id":"row2","title":"Two"}}""", "row2")]
    [InlineData("""{"postbackData":"rcs","text":"Tap"}""", "rcs")]
    public async Task A_channels_own_reply_is_the_customers_input(string value, string heard)
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = connector.Start(channel: "WhatsApp");

        connector.Gateway.CustomerActs(conversation, "interactive/reply", JsonDocument.Parse(value).RootElement);

        Assert.Equal([$"1: {heard}"], await connector.BotSaysAsync(conversation, 1));
    }

    [Fact]
    public async Task The_Flow_knows_customer_channel_and_the_whole_event()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: facts
            start:
              - say: "{{ input.user.name }} {{ input.channel }} {{ input.userId }} {{ input.data.request.eventType }} {{ input.sessionId == input.conversationId + '-1' }}"
            """);

        var conversation = connector.Start("hello", "WhatsApp", """{"name":"Ann","userId":"u7"}""");

        Assert.Equal(["Ann WhatsApp u7 MESSAGE true"], await connector.BotSaysAsync(conversation, 1));
    }

    [Fact]
    public async Task Typing_and_receipts_make_no_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = connector.Start();
        connector.Gateway.CustomerTypes(conversation);
        connector.Gateway.CustomerReads(conversation);
        connector.Gateway.CustomerSays(conversation, "hello");

        var view = await connector.SettledAsync(conversation, 1);

        Assert.Equal(["1: hello"], connector.BotSaid(conversation));
        Assert.Single(view["turns"]!.AsArray());
    }

    [Fact]
    public async Task The_bot_may_speak_first_once_an_activation()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: first
            start:
              - say: "{{ input.data.request.data.state || 'said' }} {{ input.text }}"
            """, Accepting);
        var conversation = connector.Start();
        Assert.Equal(["active "], await connector.BotSaysAsync(conversation, 1));

        connector.Gateway.CustomerSays(conversation, "hello");

        Assert.Equal(["active ", "said hello"], await connector.BotSaysAsync(conversation, 2));
        await connector.SettledAsync(conversation, 2);
        Assert.Equal(2, connector.BotSaid(conversation).Count);
    }

    [Fact]
    public async Task A_conversation_that_is_activated_again_starts_a_new_session()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = connector.Start("a");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.CustomerLeaves(conversation);

        connector.Gateway.CustomerSays(conversation, "b");

        Assert.Equal(["1: a", "1: b"], await connector.BotSaysAsync(conversation, 2));
        Assert.Equal($"{conversation}-2", (string)(await connector.ViewAsync(conversation))["sessionId"]!);
    }

    [Fact]
    public async Task While_an_agent_is_in_the_bot_is_silent()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        using var gateway = new HttpClient { DefaultRequestHeaders = { { "x-api-key", TestConnector.ApiKey } } };
        using var queued = await gateway.PatchAsync($"{connector.Simulator.Url}/chat-gateway/v1/conversations/{conversation}",
            new StringContent("""{"assignment":{"type":"queue","id":"101"}}""", System.Text.Encoding.UTF8, "application/json"),
            TestContext.Current.CancellationToken);
        await connector.Gateway.SettledAsync();
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.CustomerSays(conversation, "for the agent");
        connector.Gateway.AgentSays(conversation, "I am here");

        await connector.Gateway.SettledAsync();
        await Eventually.GetAsync(() => connector.ViewAsync(conversation), v => (int)v["waiting"]! == 0 && (bool)v["peopleTalk"]!, "silence");

        Assert.Equal(["1: hello"], connector.BotSaid(conversation));
    }

    [Fact]
    public async Task After_the_agent_left_for_good_the_bot_answers_what_waited()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = await WithAgentAsync(connector);
        await PostAsync(connector, conversation, "MEMBERS_CHANGED", new JsonObject { ["memberType"] = "agent", ["change"] = "left", ["id"] = "agent-1" });

        await PostAsync(connector, conversation, "MESSAGE", new JsonObject { ["sender"] = new JsonObject { ["type"] = "user" }, ["text"] = "again" });

        Assert.Equal(["1: hello", "2: again"], await connector.BotSaysAsync(conversation, 2));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_transfer_is_not_the_end(bool transferFirst)
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = await WithAgentAsync(connector);
        var left = new JsonObject { ["memberType"] = "agent", ["change"] = "left", ["id"] = "agent-1" };
        if (transferFirst) await PostAsync(connector, conversation, "TRANSFER", null);
        await PostAsync(connector, conversation, "MEMBERS_CHANGED", left);
        await PostAsync(connector, conversation, "MESSAGE", new JsonObject { ["sender"] = new JsonObject { ["type"] = "user" }, ["text"] = "again" });
        if (!transferFirst) await PostAsync(connector, conversation, "TRANSFER", null);

        var view = await Eventually.GetAsync(() => connector.ViewAsync(conversation), v => (int)v["waiting"]! == 0, "all absorbed");

        Assert.True((bool)view["peopleTalk"]!);
        Assert.Single(view["turns"]!.AsArray());
        Assert.Equal(["1: hello"], connector.BotSaid(conversation));
    }

    [Fact]
    public async Task A_session_that_expired_is_followed_by_a_fresh_one()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };
        await using var connector = await TestConnector.StartAsync(azurite,
            simulator: options => options.TimeProvider = time,
            configure: builder => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton<TimeProvider>(builder.Services, new Shifted(time)));
        var conversation = connector.Start("a");
        await connector.BotSaysAsync(conversation, 1);
        time.Advance(TimeSpan.FromMinutes(29));
        connector.Gateway.CustomerSays(conversation, "b");
        await connector.BotSaysAsync(conversation, 2);
        time.Advance(TimeSpan.FromMinutes(31));

        connector.Gateway.CustomerSays(conversation, "c");

        Assert.Equal(["1: a", "2: b", "1: c"], await connector.BotSaysAsync(conversation, 3));
    }

    [Theory]
    [InlineData(5, 4, "2: b")]
    [InlineData(5, 6, "1: b")]
    [InlineData(0, 10_000, "2: b")]
    [InlineData(0, 10_100, "1: b")]
    public async Task A_session_lasts_as_long_as_the_Endpoint_says(int expiration, int minutes, string answer)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };
        await using var connector = await TestConnector.StartAsync(azurite,
            settings: new JsonObject { ["session"] = new JsonObject { ["expirationMinutes"] = expiration } },
            simulator: options => options.TimeProvider = time,
            configure: builder => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton<TimeProvider>(builder.Services, new Shifted(time)));
        var conversation = connector.Start("a");
        await connector.BotSaysAsync(conversation, 1);
        await connector.SettledAsync(conversation, 1);
        time.Advance(TimeSpan.FromMinutes(minutes));

        connector.Gateway.CustomerSays(conversation, "b");

        Assert.Equal(["1: a", answer], await connector.BotSaysAsync(conversation, 2));
    }

    [Theory]
    [InlineData(60, 59, "2")]
    [InlineData(60, 61, "1")]
    public async Task A_session_lasts_longer_than_the_Endpoint_says_where_its_Flow_says_so(int expiration, int minutes, string answer)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };
        await using var connector = await TestConnector.StartAsync(azurite, $$$"""
            name: long
            start:
              - set: { context.count: "{{ (context.count ?? 0) + 1 }}" }
              - setSessionExpiration: {{{expiration}}}
              - say: "{{ context.count }}"
            """,
            settings: new JsonObject { ["session"] = new JsonObject { ["expirationMinutes"] = 5 } },
            simulator: options => options.TimeProvider = time,
            configure: builder => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton<TimeProvider>(builder.Services, new Shifted(time)));
        var conversation = connector.Start("a");
        await connector.BotSaysAsync(conversation, 1);
        await connector.SettledAsync(conversation, 1);
        time.Advance(TimeSpan.FromMinutes(minutes));

        connector.Gateway.CustomerSays(conversation, "b");

        Assert.Equal(["1", answer], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task An_event_larger_than_a_table_row_is_processed()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: length
            start:
              - set: { context.all: "{{ (context.all || '') + input.text }}" }
              - say: "{{ context.all.length }}"
            """, options: new Dictionary<string, string?>(TestConnector.Quick) { ["Connector:Flows:ContextBytes"] = "1000000" });
        var conversation = connector.Start(new string('x', 100_000));
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.CustomerSays(conversation, new string('y', 100_000));

        Assert.Equal(["100000", "200000"], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task A_failing_Flow_answers_with_its_error_text_and_goes_on()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: failing
            error: Something is wrong with me.
            start:
              - if: input.text == 'break'
                then:
                  - set: { context.x: "{{ nothing.at.all }}" }
              - say: fine
            """);
        var conversation = connector.Start("break");
        Assert.Equal(["Something is wrong with me."], await connector.BotSaysAsync(conversation, 1));

        connector.Gateway.CustomerSays(conversation, "ok");

        Assert.Equal("fine", (await connector.BotSaysAsync(conversation, 2))[1]);
        var failure = (await connector.ViewAsync(conversation))["turns"]![0]!["failure"]!;
        Assert.Equal(6, (int)failure["line"]!);
        Assert.NotEmpty((string)failure["message"]!);
    }

    [Fact]
    public async Task Unknown_events_are_kept_and_do_no_harm()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = connector.Start();
        await PostAsync(connector, conversation, "SOMETHING_NEW", new JsonObject { ["deep"] = new JsonArray(1, 2) });
        connector.Gateway.CustomerSays(conversation, "hello");

        Assert.Equal(["1: hello"], await connector.BotSaysAsync(conversation, 1));
        Assert.Equal(0, (int)(await connector.SettledAsync(conversation, 1))["waiting"]!);
    }

    [Theory]
    [InlineData("id/with?every#kind\\of%thing|and spaces")]
    [InlineData("..")]
    public async Task Any_conversation_id_works_up_to_the_call_to_8x8(string id)
    {
        await using var connector = await TestConnector.StartAsync(azurite, "name: silent\nstart:\n  - stop: true\n");

        await PostAsync(connector, id, "MESSAGE", new JsonObject { ["text"] = "hello" });

        var found = await Eventually.GetAsync(
            () => connector.Service<Transcripts>().FindAsync(connector.EndpointId, id, TestContext.Current.CancellationToken),
            view => view is { Turns.Count: > 0, Waiting: 0 }, "a turn", null, connector.Logs);
        Assert.Single(found!.Turns);
        // A path cannot name "..": clients take it for the folder above.
        if (id != "..") Assert.Single((await connector.ViewAsync(Uri.EscapeDataString(id)))["turns"]!.AsArray());
    }

    private static JsonObject Accepting => new() { ["eightByEight"] = new JsonObject { ["acceptConversationActiveEvent"] = true } };

    private static async Task<string> WithAgentAsync(TestConnector connector)
    {
        await connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["verifySignatures"] = false } });
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        await connector.Gateway.SettledAsync();
        await PostAsync(connector, conversation, "MEMBERS_CHANGED", new JsonObject { ["memberType"] = "agent", ["change"] = "joined", ["id"] = "agent-1" });
        await Eventually.GetAsync(() => connector.ViewAsync(conversation), v => (bool)v["peopleTalk"]!, "an agent is in", null, connector.Logs);
        return conversation;
    }

    private static async Task PostAsync(TestConnector connector, string conversation, string type, JsonObject? data)
    {
        await connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["verifySignatures"] = false } });
        var body = new JsonObject
        {
            ["eventType"] = type,
            ["conversationId"] = conversation,
            ["timestamp"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 1000,
        };
        if (data is not null) body["data"] = data.DeepClone();
        using var client = new HttpClient();
        using var response = await client.PostAsync(connector.EndpointUrl, new StringContent(body.ToJsonString()), TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_conversation_that_becomes_active_while_a_question_waits_answers_nothing_and_counts_for_nothing()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: waiting
            start:
              - question: { text: How many?, type: number, reprompt: A number!, forgetAfter: 1 }
              - say: "{{ input.result }}"
            """, new JsonObject { ["eightByEight"] = new JsonObject { ["acceptConversationActiveEvent"] = true, ["verifySignatures"] = false } }, options: Posted.Unpumped);
        await connector.PostAsync("c", "MESSAGE", Posted.Said("hi"), at: 1_000);
        await connector.ProcessAsync("c");
        await connector.PostAsync("c", "CONVERSATION_UPDATE", new JsonObject { ["state"] = "ACTIVE" }, at: 2_000);
        await connector.ProcessAsync("c");
        await connector.PostAsync("c", "MESSAGE", Posted.Said("5"), at: 3_000);
        await connector.ProcessAsync("c");

        var turns = (await connector.ViewAsync("c"))["turns"]!.AsArray();
        Assert.Equal(["MESSAGE", "CONVERSATION_UPDATE", "MESSAGE"], turns.Select(turn => (string)turn!["eventType"]!));
        Assert.Equal(["How many?", "", "5"], turns.Select(turn => string.Join('|', turn!["outputs"]!.AsArray().Select(said => (string?)said!["text"]))));
    }
}
