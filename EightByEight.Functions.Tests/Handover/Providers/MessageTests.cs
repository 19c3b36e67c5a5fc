using System.Net;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs.Models;
using EightByEight.Connector;
using EightByEight.Simulator;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>What the customer writes reaches the agent in order and once, or the bot is told that it did not.</summary>
public sealed class MessageTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Messages_arrive_in_the_order_in_which_they_were_accepted()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var (id, conversation) = await ServedAsync(test);
        var texts = Enumerable.Range(1, 12).Select(i => $"text {i}").ToArray();

        foreach (var text in texts) await test.SayAsync(id, text, text);

        Assert.Equal(texts, await test.CustomerSaidAsync(conversation, texts.Length));
    }

    [Fact]
    public async Task Ten_times_the_same_message_arrives_once()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var (id, conversation) = await ServedAsync(test);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => test.SayAsync(id, "m1", "Once")));
        await test.SayAsync(id, "m1", "Something else", HttpStatusCode.UnprocessableEntity);
        await test.SayAsync(id, "m2", "Once");

        await test.CustomerSaidAsync(conversation, 2);
        await test.SayAsync(id, "m3", "The end");
        Assert.Equal(["Once", "Once", "The end"], await test.CustomerSaidAsync(conversation, 3));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_that_is_lost_neither_doubles_nor_loses_a_message(bool works)
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var begun = await test.BeginAsync(JsonNode.Parse("""
            { "queueId": "101", "history": [ { "author": "user", "text": "Same" }, { "author": "user", "text": "Same" } ] }
            """)!.AsObject());
        var (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
        await test.SayAsync(id, "m1", "Same");
        await test.CustomerSaidAsync(conversation, 3);
        test.Gateway.Faults.Add(works ? Fault.WorkThenDrop(Operations.SendMessage) : Fault.Drop(Operations.SendMessage));

        await test.SayAsync(id, "m2", "Same");
        await test.SayAsync(id, "m3", "Last");

        await Eventually.GetAsync(() => test.CustomerSaid(conversation), said => said.Contains("Last"), "the last message", null, test.Logs);
        Assert.Equal(["Same", "Same", "Same", "Same", "Last"], test.CustomerSaid(conversation));
    }

    [Fact]
    public async Task A_message_that_8x8_refuses_is_reported_and_the_next_one_goes_on()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var (id, conversation) = await ServedAsync(test);
        test.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 400));

        await test.SayAsync(id, "m1", "Refused");
        await test.SayAsync(id, "m2", "Taken");

        Assert.Equal(["Taken"], await test.CustomerSaidAsync(conversation, 1));
        await using var events = await test.ReadAsync(id, 2);
        Assert.Equal("m1", (string?)(await events.NextAsync("message.undeliverable"))["messageId"]);
    }

    [Fact]
    public async Task What_was_accepted_before_the_end_and_came_too_late_is_given_back()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var (id, conversation) = await ServedAsync(test);
        test.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 429, times: 1000));
        await test.SayAsync(id, "m1", "Wait!");

        test.Gateway.AgentLeaves(conversation);

        await test.HasStatusAsync(id, "completed");
        await using var events = await test.ReadAsync(id, 2);
        await events.TypesUntilAsync("handover.completed");
        var after = (long)(await test.GetAsync(id))["lastEvent"]!;
        var last = await Eventually.GetAsync(() => test.GetAsync(id), h => (long)h["lastEvent"]! >= 5, "an event after the end", null, test.Logs);
        Assert.Empty(test.CustomerSaid(conversation));
        await using var rest = await test.ReadAsync(id, (long)last["lastEvent"]! - 1);
        var undeliverable = await rest.NextAsync("message.undeliverable");
        Assert.Equal(("m1", "The handover has ended."), ((string?)undeliverable["messageId"], (string?)undeliverable["reason"]));
        Assert.True(after <= 5);
    }

    [Fact]
    public async Task Credentials_that_8x8_refuses_delay_a_message_until_they_are_mended()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var (id, conversation) = await ServedAsync(test);
        test.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 401, times: 2));

        await test.SayAsync(id, "m1", "Hello");

        Assert.Equal(["Hello"], await test.CustomerSaidAsync(conversation, 1));
    }

    [Theory]
    [InlineData("queue")]
    [InlineData("agent")]
    public async Task A_resource_that_is_behind_the_agents_leaving_is_not_believed_for_ever(string stale)
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var (id, conversation) = await ServedAsync(test);
        test.Gateway.Options.StaleAssignment = stale;
        test.Gateway.Options.EventDelays = new Dictionary<string, TimeSpan> { ["CONVERSATION_UPDATE"] = TimeSpan.FromHours(1) };
        test.Gateway.AgentLeaves(conversation);
        if (stale == "queue")
        {
            await test.HasStatusAsync(id, "queued");
            test.Gateway.Options.StaleAssignment = null;
        }

        await test.HasStatusAsync(id, "completed");
    }

    [Fact]
    public async Task The_longest_message_is_taken_in_any_language()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var (id, conversation) = await ServedAsync(test);
        var text = string.Concat(Enumerable.Repeat("客户写了很长的消息。", 1_000));
        var url = "https://files.example.com/" + new string('a', 1_970);
        var attachments = new JsonArray([.. Enumerable.Range(0, 20).Select(_ =>
            (JsonNode)new JsonObject { ["url"] = url, ["name"] = new string('图', 255) })]);

        using (var sent = await test.PostAsync($"/api/handovers/{id}/messages", new JsonObject { ["id"] = "m1", ["text"] = text, ["attachments"] = attachments }))
            Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
        await test.SayAsync(id, "m2", "That is all.");

        var said = await test.CustomerSaidAsync(conversation, 2);
        Assert.Equal(string.Join('\n', Enumerable.Repeat($"{new string('图', 255)}: {url}", 20).Prepend(text)), said[0]);
        var bodies = test.Host.Services.GetRequiredService<ConnectorStorage>().Bodies;
        await Eventually.GetAsync(async () => await bodies.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"handover/{id}/", TestContext.Current.CancellationToken)
            .CountAsync(TestContext.Current.CancellationToken), left => left == 0, "what was sent being erased", null, test.Logs);
    }

    [Fact]
    public async Task A_question_that_cannot_even_be_asked_ends_the_handover_and_gives_back_what_waits()
    {
        await using var test = await TestHandover.StartAsync(azurite, more: new Dictionary<string, string?>(TestHandover.Quick)
        {
            ["Connector:HandoverProviders:SendFor"] = "00:00:01.5",
        });
        var (id, conversation) = await ServedAsync(test);
        test.Gateway.Options.EventDelays = new Dictionary<string, TimeSpan> { ["CONVERSATION_UPDATE"] = TimeSpan.FromHours(1) };
        test.Gateway.AgentLeaves(conversation);
        await Eventually.GetAsync(() => test.GetAsync(id), h => h["agentId"] is null, "the agent having left", null, test.Logs);
        using (await test.Admin.PatchAsync($"/api/handover-providers/{test.ProviderId}", new StringContent("""{ "apiKey": null }"""))) { }

        await test.SayAsync(id, "m1", "Are you there?");

        var over = await test.HasStatusAsync(id, "failed");
        Assert.Contains("API key", (string?)over["reason"]);
        await Eventually.GetAsync(() => test.GetAsync(id), h => (long)h["lastEvent"]! >= 5, "an event after the end", null, test.Logs);
        await using var rest = await test.ReadAsync(id, 4);
        Assert.Equal("m1", (string?)(await rest.NextAsync("message.undeliverable"))["messageId"]);
    }

    [Fact]
    public async Task A_customer_whose_leaving_8x8_confirms_only_by_its_event_has_left()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var (id, _) = await ServedAsync(test);
        test.Gateway.Faults.Add(Fault.WorkThenAnswer(Operations.PatchUserParticipant, 503));
        test.Gateway.Faults.Add(Fault.Refuse(Operations.PatchUserParticipant, 503, times: 1000));

        using (var left = await test.PostAsync($"/api/handovers/{id}/end"))
            Assert.Equal(HttpStatusCode.Accepted, left.StatusCode);

        await test.HasStatusAsync(id, "completed");
        await using var events = await test.ReadAsync(id, 2);
        Assert.Equal("customer", (string?)(await events.NextAsync("handover.completed"))["by"]);
    }

    [Fact]
    public async Task What_waits_behind_a_question_that_8x8_never_answers_is_given_back()
    {
        await using var test = await TestHandover.StartAsync(azurite, more: new Dictionary<string, string?>(TestHandover.Quick)
        {
            ["Connector:HandoverProviders:SendFor"] = "00:00:04",
        });
        var (id, conversation) = await ServedAsync(test);
        test.Gateway.Faults.Add(Fault.Refuse(Operations.GetConversation, 403, times: 1000));
        test.Gateway.Options.EventDelays = new Dictionary<string, TimeSpan> { ["CONVERSATION_UPDATE"] = TimeSpan.FromHours(1) };
        test.Gateway.AgentLeaves(conversation);

        await test.SayAsync(id, "m1", "Are you there?");

        await test.HasStatusAsync(id, "completed");
        await using var events = await test.ReadAsync(id, 2);
        await events.TypesUntilAsync("message.undeliverable");
    }

    [Fact]
    public async Task Files_go_as_links_and_typing_is_shown()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var (id, conversation) = await ServedAsync(test);

        using (var typed = await test.PostAsync($"/api/handovers/{id}/typing")) Assert.Equal(HttpStatusCode.NoContent, typed.StatusCode);
        using (var sent = await test.PostAsync($"/api/handovers/{id}/messages", JsonNode.Parse("""
            { "id": "m1", "attachments": [ { "url": "https://files.example.com/a.png" } ] }
            """))) Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
        using (var empty = await test.PostAsync($"/api/handovers/{id}/messages", JsonNode.Parse("""{ "id": "m2" }""")))
            Assert.Equal(HttpStatusCode.BadRequest, empty.StatusCode);

        Assert.Equal(["https://files.example.com/a.png"], await test.CustomerSaidAsync(conversation, 1));
        Assert.Equal(1, test.Gateway.Requests[Operations.Typing]);
    }

    /// <summary>A handover that an agent has.</summary>
    private static async Task<(string Id, string Conversation)> ServedAsync(TestHandover test)
    {
        var begun = await test.BeginAsync();
        var (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
        await test.HasStatusAsync(id, "queued");
        test.Gateway.AgentAccepts(conversation);
        await test.HasStatusAsync(id, "active");
        return (id, conversation);
    }
}
