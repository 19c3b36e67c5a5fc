using System.Text.Json.Nodes;
using EightByEight.Simulator;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Handover;

/// <summary>How sessions end and go on: by time, by the customer, by the bot, and around a handover.</summary>
public sealed class LifecycleTests(AzuriteFixture azurite)
{
    private const string Asks = """
        name: asks
        start:
          - question: { text: "New: {{ input.session.isNew }}. Name?", type: text, saveTo: context.name }
          - say: "Hello {{ context.name }}, new: {{ input.session.isNew }}"
        """;

    [Fact]
    public async Task An_expired_session_greets_again()
    {
        var time = Clock();
        await using var connector = await StartAsync(time, Asks);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);
        time.Advance(TimeSpan.FromMinutes(31));

        connector.Gateway.CustomerSays(conversation, "Ann");

        Assert.Equal(["New: true. Name?", "New: true. Name?"], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task An_expired_session_goes_on_where_the_Endpoint_says_so()
    {
        var time = Clock();
        await using var connector = await StartAsync(time, Asks, new JsonObject
        {
            ["session"] = new JsonObject { ["onExpiry"] = "continue" },
        });
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);
        time.Advance(TimeSpan.FromMinutes(31));

        connector.Gateway.CustomerSays(conversation, "Ann");

        Assert.Equal(["New: true. Name?", "Hello Ann, new: true"], await connector.BotSaysAsync(conversation, 2));
        Assert.EndsWith("-2", (string?)(await connector.ViewAsync(conversation))["sessionId"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reopened_conversation_is_a_new_session_even_where_expired_ones_go_on()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Asks, new JsonObject
        {
            ["session"] = new JsonObject { ["onExpiry"] = "continue" },
        });
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.CustomerLeaves(conversation);

        connector.Gateway.CustomerSays(conversation, "me again");

        Assert.Equal(["New: true. Name?", "New: true. Name?"], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task What_8x8_ends_is_a_new_session_when_it_is_reopened()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Asks);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.BecomesIdle(conversation);

        connector.Gateway.CustomerSays(conversation, "me again");

        Assert.Equal(["New: true. Name?", "New: true. Name?"], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task What_the_bot_closed_is_a_new_session_when_the_customer_writes_again()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: closes
            start:
              - set: { context.count: "{{ (context.count || 0) + 1 }}" }
              - say: "New: {{ input.session.isNew }}, {{ context.count }}."
              - endConversation
            """);
        var conversation = connector.Start("hi");
        await Eventually.GetAsync(() => connector.Gateway.State(conversation), state => state == "idle", "a closed conversation", logs: connector.Logs);

        connector.Gateway.CustomerSays(conversation, "me again");

        Assert.Equal(["New: true, 1.", "New: true, 1."], await connector.BotSaysAsync(conversation, 2));
        Assert.EndsWith("-2", (string?)(await connector.ViewAsync(conversation))["sessionId"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_time_of_a_session_stands_still_during_a_handover()
    {
        var time = Clock();
        await using var connector = await StartAsync(time, """
            name: still
            start:
              - handover: { queueId: "101", message: Please wait. }
              - question: { text: "How was it?", type: text, saveTo: context.rating }
              - say: "{{ context.rating }}, new: {{ input.session.isNew }}"
            """);
        var conversation = connector.Start("human");
        await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(conversation).Type, type => type == "queue", "the queue");
        connector.Gateway.AgentAccepts(conversation);
        await connector.Gateway.SettledAsync();
        time.Advance(TimeSpan.FromHours(2));
        connector.Gateway.AgentLeaves(conversation);
        await connector.BotSaysAsync(conversation, 2);
        time.Advance(TimeSpan.FromMinutes(29));

        connector.Gateway.CustomerSays(conversation, "great");

        Assert.Equal(["Please wait.", "How was it?", "great, new: false"], await connector.BotSaysAsync(conversation, 3));
    }

    [Fact]
    public async Task What_is_still_to_be_sent_when_the_customer_leaves_is_recorded()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 503, times: 1000));
        var conversation = connector.Start("hello");
        await Eventually.GetAsync(() => connector.Gateway.Requests.GetValueOrDefault(Operations.SendMessage), tries => tries > 0, "an attempt");

        connector.Gateway.CustomerLeaves(conversation);
        await connector.Gateway.SettledAsync();
        connector.Gateway.Faults.Clear();

        var view = await connector.SettledAsync(conversation, 1);
        Assert.Empty(connector.BotSaid(conversation));
        Assert.Equal("The conversation is closed.", (string?)view["turns"]![0]!["unsentReason"]);
        Assert.Equal(3, view["turns"]![0]!["unsent"]!.AsArray().Count);
    }

    private static FakeTimeProvider Clock() => new(DateTimeOffset.UtcNow) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };

    private Task<TestConnector> StartAsync(FakeTimeProvider time, string flow, JsonObject? settings = null) => TestConnector.StartAsync(
        azurite, flow, settings, simulator: options => options.TimeProvider = time,
        configure: builder => builder.Services.AddSingleton<TimeProvider>(new Shifted(time)));
}
