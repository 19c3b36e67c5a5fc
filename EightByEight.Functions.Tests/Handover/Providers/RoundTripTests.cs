using System.Net;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>A customer of a bot that lives elsewhere talks with agents of 8x8.</summary>
public sealed class RoundTripTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_customer_is_queued_served_transferred_served_and_done()
    {
        await using var test = await TestHandover.StartAsync(azurite);

        var begun = await test.BeginAsync(TestHandover.Wanted("chat-1"));

        var (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
        await using var events = await test.ReadAsync(id);
        var queued = await events.NextAsync("handover.queued");
        Assert.Equal(("101", "Support", "chat-1", id, 1L),
            ((string?)queued["queueId"], (string?)queued["queueName"], (string?)queued["reference"], (string?)queued["handoverId"], (long?)queued["number"]));
        await test.HasStatusAsync(id, "queued");

        test.Gateway.AgentAccepts(conversation, "agent-7");
        Assert.Equal("agent-7", (string?)(await events.NextAsync("handover.agent_joined"))["agentId"]);
        await test.SayAsync(id, "m1", "My order is late");
        Assert.Equal(["My order is late"], await test.CustomerSaidAsync(conversation, 1));
        test.Gateway.AgentTypes(conversation);
        Assert.True((bool?)(await events.NextAsync("agent.typing"))["typing"]);
        test.Gateway.AgentSays(conversation, "Let me see");
        Assert.Equal("Let me see", (string?)(await events.NextAsync("agent.message"))["text"]);

        test.Gateway.AgentTransfers(conversation, "102");
        Assert.Equal("agent-7", (string?)(await events.NextAsync("handover.agent_left"))["agentId"]);
        await events.NextAsync("handover.transferred");
        Assert.Equal("Sales", (string?)(await events.NextAsync("handover.queued"))["queueName"]);
        await test.HasStatusAsync(id, "queued");
        test.Gateway.AgentAccepts(conversation, "agent-8");
        await events.NextAsync("handover.agent_joined");
        await test.SayAsync(id, "m2", "Thank you");
        await test.CustomerSaidAsync(conversation, 2);

        test.Gateway.AgentLeaves(conversation);
        await events.NextAsync("handover.agent_left");
        Assert.Equal("agent", (string?)(await events.NextAsync("handover.completed"))["by"]);
        Assert.Null(await events.NextAsync());
        var done = await test.HasStatusAsync(id, "completed");
        Assert.NotNull(done["endedAt"]);
        await test.SayAsync(id, "m3", "Are you there?", HttpStatusCode.Conflict);
        Assert.Equal(["My order is late", "Thank you"], test.CustomerSaid(conversation));
    }

    [Fact]
    public async Task The_customer_leaves_and_8x8_knows_it()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var begun = await test.BeginAsync();
        var (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
        await test.HasStatusAsync(id, "queued");
        test.Gateway.AgentAccepts(conversation);
        await test.HasStatusAsync(id, "active");
        await test.SayAsync(id, "m1", "Bye");

        using (var ended = await test.PostAsync($"/api/handovers/{id}/end")) Assert.Equal(HttpStatusCode.Accepted, ended.StatusCode);

        var done = await test.HasStatusAsync(id, "completed");
        Assert.Equal("customer", (string?)done["reason"]);
        Assert.Equal(["Bye"], test.CustomerSaid(conversation));
        Assert.Equal("idle", test.Gateway.State(conversation));
        using var again = await test.PostAsync($"/api/handovers/{id}/end");
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }
}
