using System.Text.Json.Nodes;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Simulator;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Handover;

/// <summary>What the members of the step and the settings make of the course of a handover.</summary>
public sealed class HandoverCourseTests(AzuriteFixture azurite)
{
    private static readonly Dictionary<string, TimeSpan> NoUpdates = new() { ["CONVERSATION_UPDATE"] = TimeSpan.FromHours(1) };

    [Fact]
    public async Task A_handover_to_a_script_goes_on_until_its_agent_has_left()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: script
            start:
              - handover: { scriptId: "routing", message: "One moment." }
              - say: "Over: {{ input.handover.status }}"
            """);
        var conversation = connector.Start("human");
        await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(conversation), to => to == new Assignment("script", "routing"), "the script");
        await SeenAsync(connector, conversation, view => view.StandsAt("queued"));
        connector.Gateway.CustomerSays(conversation, "Hello?");
        connector.Gateway.AgentTakes(conversation);
        await SeenAsync(connector, conversation, view => view.StandsAt("agent"));
        connector.Gateway.AgentLeaves(conversation);

        Assert.Equal(["One moment.", "Over: completed"], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task The_Flow_goes_on_at_the_place_that_the_handover_names()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: elsewhere
            start:
              - handover: { queueId: "101", message: "One moment.", continueAt: after }
              - say: Never.
            after:
              - say: "After: {{ input.handover.status }}"
            """);
        var conversation = await QueuedAsync(connector);
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.AgentLeaves(conversation);

        Assert.Equal(["One moment.", "After: completed"], await connector.BotSaysAsync(conversation, 2));
    }

    [Theory]
    [InlineData("wait")]
    [InlineData("end")]
    public async Task Who_waited_too_long_where_nobody_takes_the_customer_back_waits_on_or_is_dismissed(string without)
    {
        await using var connector = await TestConnector.StartAsync(azurite, $$"""
            name: patience
            start:
              - handover: { queueId: "101", message: Please wait., timeoutMinutes: 0.01, withoutReturn: {{without}} }
              - say: Back.
            """);

        var conversation = connector.Start("human");

        if (without == "end")
        {
            await SeenAsync(connector, conversation, view => view.StandsAt("timedOut"));
            Assert.Equal("idle", connector.Gateway.State(conversation));
        }
        else
        {
            await Eventually.GetAsync(
                () => connector.Logs.Lines.Any(line => line.Contains("timed out, and goes on waiting", StringComparison.Ordinal)), told => told, "a word of it");
            await SeenAsync(connector, conversation, view => view.StandsAt("queued"));
            Assert.Equal("queue", connector.Gateway.AssignmentOf(conversation).Type);
        }

        Assert.Equal(["Please wait."], connector.BotSaid(conversation));
    }

    [Fact]
    public async Task A_silent_customer_is_counted_by_the_Endpoints_minutes_and_anew_after_each_word()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: silence
            start:
              - handover: { queueId: "101", message: Please wait. }
                onInactivity: [ { say: "Silent {{ input.handover.inactivityCount }}" } ]
            """, new JsonObject { ["handover"] = new JsonObject { ["inactivityMinutes"] = 10 } },
            simulator: options => options.TimeProvider = time,
            configure: builder => builder.Services.AddSingleton<TimeProvider>(new Shifted(time)));
        var conversation = await QueuedAsync(connector);
        await SeenAsync(connector, conversation, view => view.StandsAt("queued"));

        await SilentAsync(2);
        await SilentAsync(3);
        connector.Gateway.CustomerSays(conversation, "I am here.");
        await connector.Gateway.SettledAsync();
        await SeenAsync(connector, conversation, view => view.StandsAt("queued"));
        await SilentAsync(4);

        Assert.Equal(["Please wait.", "Silent 1", "Silent 2", "Silent 1"], connector.BotSaid(conversation));

        async Task SilentAsync(int count)
        {
            time.Advance(TimeSpan.FromMinutes(10.5));
            connector.Gateway.QueuedAgain(conversation);
            await connector.BotSaysAsync(conversation, count);
            await SeenAsync(connector, conversation, view => view.StandsAt("queued"));
        }
    }

    [Fact]
    public async Task Whether_an_agents_leaving_was_the_end_is_known_from_8x8_where_no_event_tells_of_the_transfer()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Over);
        var conversation = await QueuedAsync(connector);
        connector.Gateway.AgentAccepts(conversation, "agent-1");
        await SeenAsync(connector, conversation, view => view.StandsAt("agent"));
        connector.Gateway.Options.EventDelays = new Dictionary<string, TimeSpan>(NoUpdates)
        {
            ["TRANSFER"] = TimeSpan.FromHours(1),
            ["QUEUED"] = TimeSpan.FromHours(1),
        };
        connector.Gateway.AgentTransfers(conversation, "102");
        connector.Gateway.CustomerSays(conversation, "Hello?");

        await SeenAsync(connector, conversation, view => (string?)view["handover"]?["status"] == "transferred");
        connector.Gateway.AgentAccepts(conversation, "agent-2");
        await SeenAsync(connector, conversation, view => view.StandsAt("agent"));
        connector.Gateway.AgentLeaves(conversation);

        Assert.Equal(["One moment.", "Over: completed"], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task What_waits_until_8x8_is_asked_again_wakes_nobody_before()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Over, options: new Dictionary<string, string?>(Posted.Unpumped)
        {
            ["Connector:Conversations:TransferGrace"] = "00:00:00.1",
            ["Connector:Conversations:ClockSkew"] = "00:00:00",
            ["Connector:Conversations:RetryFirst"] = "00:05:00",
            ["Connector:Conversations:RetryLongest"] = "00:05:00",
        });
        var conversation = connector.Start("human");
        await StandsAsync("requested");
        connector.Gateway.AgentAccepts(conversation, "agent-1");
        await StandsAsync("agent");
        connector.Gateway.Options.EventDelays = new Dictionary<string, TimeSpan>(NoUpdates)
        {
            ["TRANSFER"] = TimeSpan.FromHours(1),
            ["QUEUED"] = TimeSpan.FromHours(1),
        };
        connector.Gateway.AgentTransfers(conversation, "102");
        await StandsAsync("transferred");
        connector.Gateway.CustomerSays(conversation, "Hello?");
        await Eventually.GetAsync(
            async () => (await connector.ReadAsync(conversation)).Inbox.Count, waiting => waiting == 1, "what the customer said");
        var messages = await connector.QueuedAsync();

        for (var wakes = 0; wakes < 3; wakes++) await connector.ProcessAsync(conversation);

        Assert.Equal(messages, await connector.QueuedAsync());

        Task StandsAsync(string status) => Eventually.GetAsync(async () =>
        {
            await connector.ProcessAsync(conversation);
            return await SeenAsync(connector, conversation, _ => true);
        }, view => (string?)view["handover"]?["status"] == status, status, logs: connector.Logs);
    }

    [Fact]
    public async Task A_conversation_that_8x8_does_not_know_any_more_is_over()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Over);
        var conversation = await QueuedAsync(connector);
        connector.Gateway.AgentAccepts(conversation);
        await SeenAsync(connector, conversation, view => view.StandsAt("agent"));
        connector.Gateway.Options.EventDelays = NoUpdates;
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.GetConversation, 404, times: 1000));
        connector.Gateway.AgentLeaves(conversation);

        Assert.Equal(["One moment.", "Over: completed"], await connector.BotSaysAsync(conversation, 2));
    }

    [Fact]
    public async Task The_number_of_the_button_calls_off_after_the_queue_was_told_of()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: numbers
            start:
              - handover: { queueId: "101", message: Please wait., cancelButton: Never mind }
                onQueued: [ { say: You are in the queue. } ]
              - say: "Over: {{ input.handover.status }}"
            """, new JsonObject { ["handover"] = new JsonObject { ["returnScriptId"] = "script-1" } });
        var conversation = connector.Start("human", channel: "SMS");
        await connector.BotSaysAsync(conversation, 2);

        connector.Gateway.CustomerSays(conversation, "1");

        Assert.Equal("Over: cancelled", (await connector.BotSaysAsync(conversation, 3))[2]);
    }

    /// <summary>Several customers at once, each event twice and out of order.</summary>
    [Fact]
    public async Task Told_twice_and_out_of_order_handovers_are_made_once_and_the_bot_is_silent_beside_agents()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: twice
            start:
              - handover: { queueId: "101", message: "One moment." }
              - say: "Over: {{ input.handover.status }}"
              - question: { text: How was it?, type: text, saveTo: context.rating }
              - say: "Thanks for {{ context.rating }}."
            """, simulator: options =>
        {
            options.Copies = 2;
            options.DeliveryOrder = DeliveryOrder.Shuffled;
        });

        await Task.WhenAll(Enumerable.Range(0, 6).Select(PlayAsync));

        Assert.Equal(6, connector.Gateway.Requests[Operations.PatchConversation]);

        async Task PlayAsync(int number)
        {
            var conversation = connector.Start("human");
            await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(conversation).Type, type => type == "queue", "the queue", logs: connector.Logs);
            connector.Gateway.AgentAccepts(conversation, "agent-1");
            await SeenAsync(connector, conversation, view => view.StandsAt("agent"));
            connector.Gateway.CustomerSays(conversation, "Hello colleague");
            connector.Gateway.AgentSays(conversation, "Hello");
            if (number % 2 == 0)
            {
                connector.Gateway.AgentTransfers(conversation, "102");
                connector.Gateway.CustomerSays(conversation, "Hello queue");
                connector.Gateway.AgentAccepts(conversation, "agent-2");
                await SeenAsync(connector, conversation, view => view.StandsAt("agent") && (string?)view["handover"]!["agentId"] == "agent-2");
                connector.Gateway.CustomerSays(conversation, "Hello other colleague");
            }

            Assert.Equal(["One moment."], connector.BotSaid(conversation));
            connector.Gateway.AgentLeaves(conversation);
            await connector.BotSaysAsync(conversation, 3);
            connector.Gateway.CustomerSays(conversation, "great");

            Assert.Equal(
                ["One moment.", "Over: completed", "How was it?", "Thanks for great."], await connector.BotSaysAsync(conversation, 4));
        }
    }

    private const string Over = """
        name: over
        start:
          - handover: { queueId: "101", message: "One moment." }
          - say: "Over: {{ input.handover.status }}"
        """;

    private static async Task<string> QueuedAsync(TestConnector connector)
    {
        var conversation = connector.Start("human");
        await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(conversation).Type, type => type == "queue", "the queue", logs: connector.Logs);
        return conversation;
    }

    private static Task<JsonObject> SeenAsync(TestConnector connector, string conversation, Func<JsonObject, bool> isSo) => Eventually.GetAsync(
        async () => await connector.Admin.GetAsync($"/api/endpoints/{connector.EndpointId}/conversations/{conversation}") is { IsSuccessStatusCode: true } found
            ? JsonNode.Parse(await found.Content.ReadAsStringAsync())!.AsObject()
            : [],
        view => view.Count > 0 && isSo(view), "the expected view of the conversation", null, connector.Logs);
}

file static class Views
{
    /// <summary>Whether the handover stands there and nothing is under way.</summary>
    public static bool StandsAt(this JsonObject view, string status) =>
        (string?)view["handover"]?["status"] == status && (int)view["waiting"]! == 0 && view["sending"] is null;
}
