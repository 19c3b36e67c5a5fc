using System.Text.Json.Nodes;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Functions.Tests.Endpoints;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Which events make a turn, which only change what is known, and what is kept of each.</summary>
public sealed class EventTests(AzuriteFixture azurite)
{
    private const string Active = """
        name: active
        start:
          - say: "{{ input.data.request.data.state || 'said' }}"
        """;

    private static JsonObject Accepting => new()
    {
        ["eightByEight"] = new JsonObject { ["verifySignatures"] = false, ["acceptConversationActiveEvent"] = true },
    };

    [Fact]
    public async Task An_active_that_is_repeated_for_another_change_makes_no_second_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Active, Accepting, options: Posted.Unpumped);
        await connector.PostAsync("c", "CONVERSATION_UPDATE", Update("active"), at: 1_000);
        await connector.ProcessAsync("c");

        await connector.PostAsync("c", "CONVERSATION_UPDATE", Update("active", ("user", new JsonObject { ["name"] = "Ann" })), at: 2_000);
        await connector.PostAsync("c", "CONVERSATION_UPDATE", Update("active", ("assignment", new JsonObject { ["type"] = "queue", ["id"] = "101" })), at: 3_000);
        await connector.ProcessAsync("c");

        Assert.Single(await connector.RowsAsync("c", "7|"));
        Assert.Empty((await connector.ReadAsync("c")).Inbox);
    }

    [Fact]
    public async Task Active_after_idle_is_another_activation()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Active, Accepting, options: Posted.Unpumped);
        var at = 1_000;
        foreach (var state in (string[])["active", "idle", "active"])
        {
            await connector.PostAsync("c", "CONVERSATION_UPDATE", Update(state), at: at++);
            await connector.ProcessAsync("c");
        }

        Assert.Equal(2, (await connector.RowsAsync("c", "7|")).Count);
    }

    [Fact]
    public async Task An_activation_while_an_agent_is_in_makes_no_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Active, Accepting, options: Posted.Unpumped);
        await connector.PostAsync("c", "MEMBERS_CHANGED", Member("joined"), at: 1_000);
        await connector.PostAsync("c", "CONVERSATION_UPDATE", Update("active"), at: 2_000);

        await connector.ProcessAsync("c");

        Assert.Empty(await connector.RowsAsync("c", "7|"));
        Assert.Empty((await connector.ReadAsync("c")).Inbox);
    }

    [Fact]
    public async Task An_activation_makes_no_turn_where_the_Endpoint_does_not_want_it()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Active, Posted.Unsigned, options: Posted.Unpumped);
        await connector.PostAsync("c", "CONVERSATION_UPDATE", Update("active"));

        await connector.ProcessAsync("c");

        Assert.Empty(await connector.RowsAsync("c", "7|"));
        Assert.Single(await connector.RowsAsync("c", "8|"));
        Assert.Equal("ACTIVE", (await connector.ReadAsync("c")).State.Facts.State.Value);
    }

    [Theory]
    [InlineData("""{"eventType":"MESSAGE","conversationId":"c","data":{"sender":{"type":""},"text":"heard"}}""")]
    [InlineData("""{"eventType":"MESSAGE","conversationId":"c","data":{"sender":{"id":"7"},"text":"heard"}}""")]
    [InlineData("""{"eventType":"MESSAGE","conversationId":"c","data":{"text":"heard"}}""")]
    [InlineData("""{"eventType":"TEXT","conversationId":"c","messageType":"USER","message":"heard"}""")]
    [InlineData("""{"eventType":"TEXT","conversationId":"c","message":"heard"}""")]
    public async Task Who_is_not_said_to_be_someone_else_is_the_customer(string body)
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned, options: Posted.Unpumped);
        await connector.PostAsync("c", "", null, raw: body);

        await connector.ProcessAsync("c");

        var turn = Assert.Single((await connector.ViewAsync("c"))["turns"]!.AsArray())!;
        Assert.Equal("heard", (string)turn["text"]!);
    }

    [Fact]
    public async Task Without_a_timestamp_an_event_happened_when_it_was_received()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned, options: Posted.Unpumped);

        await connector.PostAsync("c", "", null, raw: """{"eventType":"MESSAGE","conversationId":"c","data":{"text":"hello"}}""");

        var stored = Assert.Single((await connector.ReadAsync("c")).Inbox).Event;
        Assert.True(stored.ReceivedAt > 0);
        Assert.Equal(stored.ReceivedAt, stored.Timestamp);
    }

    [Fact]
    public async Task Every_event_is_kept_with_its_conversation()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned, options: Posted.Unpumped);
        var echo = Posted.Said("echo", "bot");
        echo["isEcho"] = true;
        (string Type, JsonObject Data)[] events =
        [
            ("SOMETHING_NEW", new() { ["deep"] = new JsonArray(1, 2) }), ("MESSAGE", echo), ("ACTIVITY", new() { ["name"] = "typing" }),
            ("ACTIVITY", new() { ["name"] = "read-receipts" }), ("MESSAGE", Posted.Said("an agent", "agent")),
            ("CONVERSATION_UPDATE", Update("idle")),
        ];
        var at = 1_000;
        foreach (var (type, data) in events) await connector.PostAsync("c", type, data, at: at++);

        await connector.ProcessAsync("c");

        var kept = await connector.RowsAsync("c", "8|");
        Assert.Equal(events.Select(e => e.Type), kept.Select(row => row.GetString("EventType")));
        foreach (var (row, (type, data)) in kept.Zip(events))
        {
            var body = await connector.Service<ConversationStore>().ReadBodyAsync(
                connector.KeyOf("c"), Body.From(row), TestContext.Current.CancellationToken);
            Assert.True(JsonNode.DeepEquals(data, JsonNode.Parse(body)!["data"]), type);
        }

        Assert.Empty((await connector.ReadAsync("c")).Inbox);
    }

    [Fact]
    public async Task However_much_people_say_all_of_it_moves_to_history_without_a_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned, options: Posted.Unpumped);
        await connector.PostAsync("c", "MEMBERS_CHANGED", Member("joined"), at: 1_000);
        await connector.ProcessAsync("c");
        for (var i = 0; i < 100; i++) await connector.PostAsync("c", "MESSAGE", Posted.Said($"{i}", i % 2 == 0 ? "user" : "agent"), at: 2_000 + i);

        await connector.ProcessAsync("c");

        var view = await connector.ViewAsync("c");
        Assert.Equal((0, true), ((int)view["waiting"]!, (bool)view["peopleTalk"]!));
        Assert.Empty(await connector.RowsAsync("c", "7|"));
        Assert.Equal(101, (await connector.RowsAsync("c", "8|")).Count);
        Assert.Null((await connector.ReadAsync("c")).Head!.Lease);
    }

    [Fact]
    public async Task The_grace_time_for_a_transfer_holds_no_lease()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned, options: new Dictionary<string, string?>(Posted.Unpumped)
        {
            ["Connector:Conversations:TransferGrace"] = "00:05:00",
        });
        await connector.PostAsync("c", "MEMBERS_CHANGED", Member("joined"), at: 1_000);
        await connector.PostAsync("c", "MEMBERS_CHANGED", Member("left"), at: 2_000);
        await connector.PostAsync("c", "MESSAGE", Posted.Said("waits"), at: 3_000);

        await connector.ProcessAsync("c");

        var waiting = await connector.ReadAsync("c");
        Assert.Null(waiting.Head!.Lease);
        Assert.Equal("MESSAGE", Assert.Single(waiting.Inbox).Event.EventType);
    }

    [Fact]
    public async Task An_echo_costs_one_storage_request()
    {
        var counter = new EndpointsOf.Counter();
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned, options: Posted.Unpumped,
            configure: builder => builder.Services.AddSingleton<HttpPipelinePolicyPerCall>(counter));
        await connector.PostAsync("c", "MESSAGE", Posted.Said("hello"));
        var before = counter.Count;

        for (var i = 0; i < 3; i++) await connector.PostAsync("c", "MESSAGE", Posted.Said("echo", "bot"));

        Assert.Equal(3, counter.Count - before);
    }

    private static JsonObject Update(string state, params (string Name, JsonNode Value)[] more)
    {
        var data = new JsonObject { ["state"] = state };
        foreach (var (name, value) in more) data[name] = value;
        return data;
    }

    private static JsonObject Member(string change) => new() { ["memberType"] = "agent", ["change"] = change, ["id"] = "a" };
}
