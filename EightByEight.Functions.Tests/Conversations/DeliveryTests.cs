using System.Text.Json.Nodes;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Invariants 2 to 5 when 8x8, its deliveries or storage misbehave.</summary>
public sealed class DeliveryTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task An_event_delivered_ten_times_at_once_makes_one_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        connector.Gateway.Faults.Add(Fault.Duplicate(10) with { Path = "MESSAGE" });

        var conversation = connector.Start("hello");
        await connector.Gateway.SettledAsync();
        var view = await connector.SettledAsync(conversation, 1);

        Assert.Single(view["turns"]!.AsArray());
        Assert.Equal(["1: hello"], connector.BotSaid(conversation));
    }

    [Fact]
    public async Task An_event_delivered_again_after_its_turn_makes_no_other()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = connector.Start("hello");
        await connector.SettledAsync(conversation, 1);
        var eventId = connector.Gateway.EventLog.Entries.First(e => e.RecordType == "MESSAGE").EventId!;

        await connector.Gateway.RedeliverAsync(eventId, 3);
        connector.Gateway.CustomerSays(conversation, "next");

        Assert.Equal(["1: hello", "2: next"], await connector.BotSaysAsync(conversation, 2));
        Assert.Equal(2, (await connector.SettledAsync(conversation, 2))["turns"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("hang")]
    [InlineData("drop")]
    [InlineData("503")]
    [InlineData("408")]
    public async Task An_output_that_8x8_took_without_saying_so_is_not_sent_again(string how)
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        connector.Gateway.Faults.Add((how switch
        {
            "hang" => Fault.WorkThenHang(Operations.SendMessage),
            "drop" => Fault.WorkThenDrop(Operations.SendMessage),
            _ => Fault.WorkThenAnswer(Operations.SendMessage, int.Parse(how, System.Globalization.CultureInfo.InvariantCulture)),
        }) with
        { Skip = 1 });

        var conversation = connector.Start("a");

        Assert.Equal(["a/1", "a/2", "a/3"], await connector.BotSaysAsync(conversation, 3));
        await connector.SettledAsync(conversation, 1);
        Assert.Equal(3, connector.BotSaid(conversation).Count);
    }

    [Theory]
    [InlineData("drop")]
    [InlineData("500")]
    [InlineData("429")]
    public async Task An_output_that_8x8_did_not_take_is_sent_again(string how)
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        connector.Gateway.Faults.Add((how == "drop"
            ? Fault.Drop(Operations.SendMessage)
            : Fault.Refuse(Operations.SendMessage, int.Parse(how, System.Globalization.CultureInfo.InvariantCulture))) with
        { Skip = 1 });

        var conversation = connector.Start("a");

        Assert.Equal(["a/1", "a/2", "a/3"], await connector.BotSaysAsync(conversation, 3));
    }

    [Fact]
    public async Task Outputs_of_the_same_text_are_told_apart_by_count()
    {
        await using var connector = await TestConnector.StartAsync(azurite, "name: same\nstart:\n  - say: Same\n  - say: Same\n  - say: Same\n");
        connector.Gateway.Faults.Add(Fault.WorkThenHang(Operations.SendMessage) with { Skip = 1 });
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 500) with { Skip = 2 });

        var conversation = connector.Start("a");
        await connector.SettledAsync(conversation, 1);

        Assert.Equal(["Same", "Same", "Same"], connector.BotSaid(conversation));
    }

    [Fact]
    public async Task Messages_of_another_bot_make_the_doubt_a_persons_to_resolve()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        var conversation = connector.Start();
        await connector.Gateway.SettledAsync();
        for (var i = 0; i < 2; i++) await SayAsBotAsync(connector, conversation, $"stranger {i}");
        connector.Gateway.Faults.Add(Fault.Drop(Operations.SendMessage));

        connector.Gateway.CustomerSays(conversation, "a");

        var parked = Assert.Single(await connector.ParkedAsync(1))!;
        Assert.Equal("Unconfirmed", (string)parked["kind"]!);
        Assert.Equal(["stranger 0", "stranger 1", "a/2", "a/3"], await connector.BotSaysAsync(conversation, 4));
    }

    [Fact]
    public async Task An_output_that_8x8_refuses_is_parked_and_the_rest_goes_on()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 400) with { Skip = 1 });

        var conversation = connector.Start("a");

        Assert.Equal(["a/1", "a/3"], await connector.BotSaysAsync(conversation, 2));
        var parked = Assert.Single(await connector.ParkedAsync(1))!;
        Assert.Equal(("Outputs", conversation), ((string)parked["kind"]!, (string)parked["conversationId"]!));
        Assert.NotEmpty((string)parked["reason"]!);
    }

    [Fact]
    public async Task A_retried_output_is_sent_as_the_newest()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 422));
        var conversation = connector.Start("a");
        await connector.BotSaysAsync(conversation, 2);
        var id = (string)Assert.Single(await connector.ParkedAsync(1))!["id"]!;

        using var retried = await connector.Admin.PostAsync($"/api/parked/{id}/retry", null, TestContext.Current.CancellationToken);

        Assert.Equal(System.Net.HttpStatusCode.Accepted, retried.StatusCode);
        Assert.Equal(["a/2", "a/3", "a/1"], await connector.BotSaysAsync(conversation, 3));
        Assert.Empty(await connector.ParkedAsync(0));
    }

    [Fact]
    public async Task A_discarded_item_is_gone()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 400));
        connector.Start("a");
        var id = (string)Assert.Single(await connector.ParkedAsync(1))!["id"]!;

        using var discarded = await connector.Admin.DeleteAsync($"/api/parked/{id}", TestContext.Current.CancellationToken);

        Assert.Equal(System.Net.HttpStatusCode.NoContent, discarded.StatusCode);
        Assert.Empty(await connector.ParkedAsync(0));
        using var again = await connector.Admin.PostAsync($"/api/parked/{id}/retry", null, TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, again.StatusCode);
    }

    [Fact]
    public async Task A_conversation_that_is_gone_parks_the_rest_as_one_item()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 404) with { Skip = 1 });

        var conversation = connector.Start("a");
        await connector.SettledAsync(conversation, 1);

        Assert.Single(await connector.ParkedAsync(1));
        Assert.Equal(["a/1"], connector.BotSaid(conversation));
    }

    [Fact]
    public async Task Refused_credentials_pause_the_Endpoint_until_they_are_changed()
    {
        await using var connector = await TestConnector.StartAsync(azurite, options: new Dictionary<string, string?>(TestConnector.Quick)
        {
            ["Connector:Conversations:Pause"] = "00:00:02",
        });
        await connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["apiKey"] = "not-the-key" } });
        var conversation = connector.Start("hello");
        await Eventually.GetAsync(
            async () => await connector.Admin.GetStringAsync($"/api/endpoints/{connector.EndpointId}"),
            endpoint => endpoint.Contains("\"paused\"", StringComparison.Ordinal), "a paused Endpoint", null, connector.Logs);

        await connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["apiKey"] = TestConnector.ApiKey } });

        Assert.Equal(["1: hello"], await connector.BotSaysAsync(conversation, 1));
        Assert.Empty(await connector.ParkedAsync(0));
    }

    [Fact]
    public async Task What_cannot_be_sent_for_long_is_parked()
    {
        await using var connector = await TestConnector.StartAsync(azurite, options: new Dictionary<string, string?>(TestConnector.Quick)
        {
            ["Connector:Conversations:ParkAfter"] = "00:00:01",
        });
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 429, 1000));
        var conversation = connector.Start("a");

        var parked = Assert.Single(await connector.ParkedAsync(1))!;
        connector.Gateway.Faults.Clear();
        connector.Gateway.CustomerSays(conversation, "b");

        Assert.Contains("429", (string)parked["reason"]!, StringComparison.Ordinal);
        Assert.Equal(["2: b"], await connector.BotSaysAsync(conversation, 1));
    }

    [Fact]
    public async Task A_conversation_in_trouble_does_not_hold_up_others()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var troubled = connector.Start();
        await connector.Gateway.SettledAsync();
        connector.Gateway.Faults.Add(Fault.Refuse(null, 500, 1000) with { Path = $"*/conversations/{troubled}/messages" });
        connector.Gateway.CustomerSays(troubled, "hello");

        var other = connector.Start("hello");

        Assert.Equal(["1: hello"], await connector.BotSaysAsync(other, 1));
        Assert.Empty(connector.BotSaid(troubled));
        connector.Gateway.Faults.Clear();
        Assert.Equal(["1: hello"], await connector.BotSaysAsync(troubled, 1));
    }

    [Fact]
    public async Task An_Endpoint_that_is_disabled_after_acceptance_parks_with_the_reason()
    {
        await using var connector = await TestConnector.StartAsync(azurite, options: new Dictionary<string, string?>(TestConnector.Quick)
        {
            ["Connector:Conversations:RetryFirst"] = "00:00:01",
        });
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 429, 1000));
        var conversation = connector.Start("a");
        await connector.Gateway.SettledAsync();
        await Eventually.GetAsync(() => connector.ViewAsync(conversation), v => v["sending"] is not null, "a turn on its way");

        await connector.PatchAsync(new JsonObject { ["enabled"] = false });

        var parked = Assert.Single(await connector.ParkedAsync(1))!;
        Assert.Contains("disabled", (string)parked["reason"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_reply_of_storage_doubles_nothing()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three, storage: proxy.ConnectionString);
        var number = 0;
        proxy.After = request => Task.FromResult(!request.IsIdle && Interlocked.Increment(ref number) % 3 == 0);

        var conversation = connector.Start("a");
        foreach (var text in (string[])["b", "c"]) connector.Gateway.CustomerSays(conversation, text);

        Assert.Equal(["a/1", "a/2", "a/3", "b/1", "b/2", "b/3", "c/1", "c/2", "c/3"],
            await connector.BotSaysAsync(conversation, 9, TimeSpan.FromSeconds(60)));
        proxy.After = null;
        Assert.Equal(3, (await connector.SettledAsync(conversation, 3))["turns"]!.AsArray().Count);
        Assert.Equal(9, connector.BotSaid(conversation).Count);
    }

    private static async Task SayAsBotAsync(TestConnector connector, string conversation, string text)
    {
        using var client = new HttpClient { DefaultRequestHeaders = { { "x-api-key", TestConnector.ApiKey } } };
        using var said = await client.PostAsync($"{connector.Simulator.Url}/chat-gateway/v1/conversations/{conversation}/messages",
            new StringContent(new JsonObject { ["authorType"] = "bot", ["text"] = text }.ToJsonString(), System.Text.Encoding.UTF8, "application/json"),
            TestContext.Current.CancellationToken);
        Assert.True(said.IsSuccessStatusCode);
    }
}
