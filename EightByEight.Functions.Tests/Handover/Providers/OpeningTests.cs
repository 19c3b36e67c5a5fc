using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>A handover opens one conversation of 8x8, whatever happens on the way.</summary>
public sealed class OpeningTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task The_agent_gets_the_customer_the_properties_and_what_was_said_before()
    {
        await using var test = await TestHandover.StartAsync(azurite);

        var begun = await test.BeginAsync(JsonNode.Parse("""
            { "queueId": "102",
              "user": { "name": "Ann", "email": null, "userId": "u-1", "language": "pt-BR", "timezoneOffset": -300,
                        "additionalProperties": [ { "key": "plan", "value": "gold" }, { "key": "none", "value": null } ] },
              "properties": { "order": { "id": 7 }, "vip": true, "nothing": null },
              "history": [ { "author": "user", "text": "Hi" }, { "author": "bot", "text": "Look:",
                             "attachments": [ { "url": "https://files.example.com/a.pdf", "name": "a.pdf" } ] } ] }
            """)!.AsObject());

        var conversation = (string)begun["conversationId"]!;
        using var http = new HttpClient { DefaultRequestHeaders = { { "x-api-key", TestConnector.ApiKey } } };
        var at8x8 = (await http.GetFromJsonAsync<JsonObject>($"{test.Simulator.Url}/chat-gateway/v1/conversations/{conversation}", Cancellation))!;
        Assert.Equal(("queue", "102"), ((string?)at8x8["assignment"]!["type"], (string?)at8x8["assignment"]!["id"]));
        Assert.True(JsonNode.DeepEquals(at8x8["user"], JsonNode.Parse($$"""
            { "name": "Ann", "userId": "u-1", "language": "pt", "timezoneOffset": -300, "additionalProperties": [
              { "key": "plan", "value": "gold" }, { "key": "order", "value": "{\"id\":7}" }, { "key": "vip", "value": "true" },
              { "key": "handoverId", "value": "{{begun["id"]}}" } ] }
            """)), at8x8["user"]!.ToJsonString());
        Assert.Equal([("user", "Hi"), ("bot", "Look:\na.pdf: https://files.example.com/a.pdf")],
            test.Gateway.Messages(conversation).Select(m => (m.Author, m.Text ?? "")));
    }

    [Theory]
    [InlineData("""{ "channelId": "1", "user": {}, "properties": { "handoverId": "x" } }""", "$.properties")]
    [InlineData("""{ "channelId": "1", "user": { "additionalProperties": [ { "key": "handoverId", "value": "x" } ] } }""", "$.user.additionalProperties[0].key")]
    public void The_property_that_marks_the_conversation_is_refused_with_the_reason(string body, string path)
    {
        var refused = Assert.Throws<Connector.Admin.BodyException>(() =>
            Connector.Handover.Providers.HandoverBody.ReadHandover(System.Text.Json.JsonElement.Parse(body), "ho1", new()));

        var problem = Assert.Single(refused.Problems);
        Assert.Equal(path, problem.Path);
        Assert.Contains("the connector's own", problem.Message);
    }

    [Fact]
    public void Two_hundred_messages_of_history_are_taken()
    {
        var past = Enumerable.Range(0, 200).Select(i => new { author = i % 2 == 0 ? "user" : "bot", text = $"{i}" });
        var body = System.Text.Json.JsonSerializer.SerializeToElement(new { channelId = "1", history = past });

        var (_, conversation) = Connector.Handover.Providers.HandoverBody.ReadHandover(body, "ho1", new());

        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"{i}"), conversation.History!.Messages.Select(message => message.Text));
    }

    [Theory]
    [InlineData("en", "en")]
    [InlineData("EN-us", "en")]
    [InlineData("zh-tw", "zh-TW")]
    [InlineData("zh", "zh-CN")]
    [InlineData("nb-NO", "no")]
    [InlineData("tlh", "en")]
    public void A_language_that_8x8_does_not_know_becomes_one_that_it_does(string asked, string sent)
    {
        var body = System.Text.Json.JsonSerializer.SerializeToElement(new { channelId = "1", user = new { language = asked } });

        var (_, conversation) = Connector.Handover.Providers.HandoverBody.ReadHandover(body, "ho1", new());

        Assert.Equal(sent, conversation.User.Language);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ten_times_the_same_request_opens_one_conversation(bool byReference)
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var body = TestHandover.Wanted(byReference ? "chat-1" : null);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(
            _ => test.PostAsync("/api/handovers", body.DeepClone(), byReference ? null : "key-1")));

        Assert.Single(answers, a => a.StatusCode == HttpStatusCode.Created);
        Assert.Equal(9, answers.Count(a => a.StatusCode == HttpStatusCode.OK));
        var ids = await Task.WhenAll(answers.Select(async a => (string?)(await a.Content.ReadFromJsonAsync<JsonObject>())!["id"]));
        Assert.Single(ids.Distinct());
        Assert.Single(test.Gateway.ConversationIds);
        body["queueId"] = "102";
        await test.BeginAsync(body, HttpStatusCode.UnprocessableEntity, byReference ? null : "key-1");
    }

    [Fact]
    public async Task Without_a_key_each_request_is_another_customer()
    {
        await using var test = await TestHandover.StartAsync(azurite);

        Assert.NotEqual((string?)(await test.BeginAsync())["id"], (string?)(await test.BeginAsync())["id"]);

        Assert.Equal(2, test.Gateway.ConversationIds.Count);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task An_answer_that_is_lost_opens_no_second_conversation(bool works, bool eventsComeLate)
    {
        await using var gate = await WebhookGate.StartAsync();
        gate.KeepsBack = _ => eventsComeLate;
        await using var test = await TestHandover.StartAsync(azurite, gate: gate);
        test.Gateway.Faults.Add(works ? Fault.WorkThenDrop(Operations.CreateConversation) : Fault.Drop(Operations.CreateConversation));

        var begun = await test.BeginAsync();

        gate.KeepsBack = _ => false;
        Assert.Equal(Assert.Single(test.Gateway.ConversationIds), (string?)begun["conversationId"]);
        await test.HasStatusAsync((string)begun["id"]!, "queued");
        Assert.True(test.Gateway.Requests[Operations.CreateConversation] == (works ? 1 : 2), test.Logs.Tail());
        if (works && eventsComeLate) Assert.True(test.Gateway.Requests[Operations.ListConversations] > 0);
    }

    [Fact]
    public async Task What_8x8_cannot_take_now_is_asked_again()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        test.Gateway.Faults.Add(Fault.Refuse(Operations.CreateConversation, 429, times: 6));

        var begun = await test.BeginAsync();

        await test.HasStatusAsync((string)begun["id"]!, "queued");
        Assert.Single(test.Gateway.ConversationIds);
    }

    [Fact]
    public async Task What_8x8_refuses_fails_with_8x8s_words_and_is_not_asked_again()
    {
        await using var bot = await BotServer.StartAsync();
        await using var test = await TestHandover.StartAsync(azurite, bot.Url);
        var body = TestHandover.Wanted("chat-1");
        body["queueId"] = "999";

        var problem = await test.BeginAsync(body, HttpStatusCode.BadGateway);

        Assert.Contains("Queue ID 999 is invalid", (string?)problem["detail"]);
        var failed = Assert.Single(await bot.TookAsync("handover.failed", test.Logs));
        Assert.Contains("Queue ID 999", (string?)failed.Json["data"]!["reason"]);
        await test.BeginAsync(body, HttpStatusCode.BadGateway);
        Assert.Equal(1, test.Gateway.Requests[Operations.CreateConversation]);
        Assert.Empty(test.Gateway.ConversationIds);
    }

    [Fact]
    public async Task Where_nobody_can_tell_whether_it_was_opened_it_fails_and_says_so()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var body = TestHandover.Wanted();
        var properties = new JsonObject();
        for (var i = 0; i < 30; i++) properties[$"p{i}"] = "x";
        body["properties"] = properties;
        test.Gateway.Faults.Add(Fault.WorkThenDrop(Operations.CreateConversation));

        var problem = await test.BeginAsync(body, HttpStatusCode.BadGateway);

        Assert.Contains("leave one of the 30 properties free", (string?)problem["detail"]);
        Assert.Equal(1, test.Gateway.Requests[Operations.CreateConversation]);
    }

    [Fact]
    public async Task All_faults_of_a_request_are_told_at_once()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var history = new JsonArray([.. Enumerable.Range(0, 201).Select(_ => (JsonNode)new JsonObject { ["author"] = "bot", ["text"] = "x" })]);

        var problem = await test.BeginAsync(new JsonObject
        {
            ["queue"] = "1",
            ["history"] = history,
            ["user"] = new JsonObject { ["name"] = 5 },
            ["properties"] = "no",
        }, HttpStatusCode.BadRequest);

        Assert.Equal(new[] { "$.history", "$.properties", "$.queue", "$.user.name" },
            problem["errors"]!.AsArray().Select(e => (string?)e!["path"]).Order());
    }

    [Fact]
    public async Task A_handover_of_a_provider_that_was_deleted_fails()
    {
        await using var test = await TestHandover.StartAsync(azurite, more: new Dictionary<string, string?>
        {
            ["Connector:HandoverProviders:OpenPatience"] = "00:00:00.2",
        });
        test.Gateway.Faults.Add(Fault.Refuse(Operations.CreateConversation, 429, times: 1000));
        var begun = await test.BeginAsync(expected: HttpStatusCode.Accepted);

        using var deleted = await test.Admin.DeleteAsync($"/api/handover-providers/{test.ProviderId}", Cancellation);

        var inbox = (Connector.Handover.Providers.HandoverInbox)test.Host.Services.GetService(typeof(Connector.Handover.Providers.HandoverInbox))!;
        var head = await Eventually.GetAsync(() => inbox.FindAsync((string)begun["id"]!, Cancellation), h => h!.HasEnded, "the end", null, test.Logs);
        Assert.Contains("deleted", head!.Reason);
        Assert.Equal(HttpStatusCode.Unauthorized, (await test.PostAsync("/api/handovers", TestHandover.Wanted())).StatusCode);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
}
