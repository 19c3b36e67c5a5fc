using System.Text.Json.Nodes;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Rule 9 of the protocol, and what becomes of events that cannot have their turn.</summary>
public sealed class OrderTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task What_waits_is_answered_in_the_order_it_happened()
    {
        await using var connector = await StartAsync();
        var conversation = await HeldUpAsync(connector);
        foreach (var (text, at) in new[] { ("third", 3000), ("first", 1000), ("second", 2000) }) await PostAsync(connector, conversation, text, at);

        connector.Gateway.Faults.Clear();

        Assert.Equal(["1: hello", "2: first", "3: second", "4: third"], await connector.BotSaysAsync(conversation, 4));
    }

    [Fact]
    public async Task A_late_event_runs_next_and_is_marked()
    {
        await using var connector = await StartAsync();
        var conversation = connector.Start("hello");
        await connector.SettledAsync(conversation, 1);

        await PostAsync(connector, conversation, "late", -60_000);

        var turns = (await connector.SettledAsync(conversation, 2))["turns"]!.AsArray();
        Assert.Equal([false, true], turns.Select(t => (bool)t!["late"]!));
        Assert.Equal(["1: hello", "2: late"], connector.BotSaid(conversation));
    }

    [Fact]
    public async Task A_burst_of_a_hundred_events_is_answered_in_order()
    {
        await using var connector = await StartAsync();
        var conversation = await HeldUpAsync(connector);
        for (var i = 0; i < 100; i++) await PostAsync(connector, conversation, $"{i}", 1000 + i);

        connector.Gateway.Faults.Clear();

        var said = await connector.BotSaysAsync(conversation, 101, TimeSpan.FromMinutes(2));
        Assert.Equal(["1: hello", .. Enumerable.Range(0, 100).Select(i => $"{i + 2}: {i}")], said);
    }

    [Fact]
    public async Task An_event_whose_turn_fails_every_time_is_parked_and_the_conversation_goes_on()
    {
        await using var connector = await StartAsync();
        var conversation = connector.Start("hello");
        await connector.SettledAsync(conversation, 1);
        // Valid JSON, yet no text: half of an emoji.
        await PostRawAsync(connector, """{"eventType":"MESSAGE","conversationId":"ID","timestamp":1,"data":{"sender":{"type":"user"},"text":"\ud83d"}}""".Replace("ID", conversation, StringComparison.Ordinal));
        connector.Gateway.CustomerSays(conversation, "next");

        Assert.Equal(["1: hello", "2: next"], await connector.BotSaysAsync(conversation, 2, TimeSpan.FromSeconds(60)));
        var parked = Assert.Single(await connector.ParkedAsync(1))!;
        Assert.Equal(("Event", "MESSAGE"), ((string)parked["kind"]!, (string)parked["eventType"]!));
        Assert.Contains("5 times", (string)parked["reason"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_Endpoint_that_is_deleted_parks_what_it_had_accepted()
    {
        await using var connector = await StartAsync();
        var conversation = await HeldUpAsync(connector);
        await PostAsync(connector, conversation, "waiting", 1000);

        using var deleted = await connector.Admin.DeleteAsync($"/api/endpoints/{connector.EndpointId}", TestContext.Current.CancellationToken);
        Assert.True(deleted.IsSuccessStatusCode);

        var reasons = (await connector.ParkedAsync(2)).Select(p => (string)p!["reason"]!);
        Assert.All(reasons, r => Assert.Contains("deleted", r, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_retried_event_runs_as_the_newest()
    {
        await using var connector = await StartAsync();
        var conversation = await HeldUpAsync(connector);
        await PostAsync(connector, conversation, "again", 1000);
        await connector.PatchAsync(new JsonObject { ["enabled"] = false });
        var items = await connector.ParkedAsync(2);
        connector.Gateway.Faults.Clear();
        await connector.PatchAsync(new JsonObject { ["enabled"] = true });
        var parked = items.Single(p => (string)p!["kind"]! == "Event")!;

        using var retried = await connector.Admin.PostAsync($"/api/parked/{parked["id"]}/retry", null, TestContext.Current.CancellationToken);

        Assert.Equal(["2: again"], await connector.BotSaysAsync(conversation, 1));
    }

    private Task<TestConnector> StartAsync() => TestConnector.StartAsync(
        azurite, settings: new JsonObject { ["eightByEight"] = new JsonObject { ["verifySignatures"] = false } });

    /// <summary>A conversation whose first answer 8x8 does not take for now, so that what follows has to wait.</summary>
    private static async Task<string> HeldUpAsync(TestConnector connector)
    {
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 429, 10_000));
        var conversation = connector.Start("hello");
        await Eventually.GetAsync(() => connector.Gateway.Requests.GetValueOrDefault(Operations.SendMessage), sent => sent > 0, "a first attempt");
        return conversation;
    }

    private static Task PostAsync(TestConnector connector, string conversation, string text, int after) => PostRawAsync(connector, new JsonObject
    {
        ["eventType"] = "MESSAGE",
        ["conversationId"] = conversation,
        ["timestamp"] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + after,
        ["data"] = new JsonObject { ["sender"] = new JsonObject { ["type"] = "user" }, ["text"] = text },
    }.ToJsonString());

    private static async Task PostRawAsync(TestConnector connector, string body)
    {
        using var client = new HttpClient();
        using var response = await client.PostAsync(connector.EndpointUrl, new StringContent(body), TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode);
    }
}
