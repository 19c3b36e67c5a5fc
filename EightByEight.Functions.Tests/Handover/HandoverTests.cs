using System.Text.Json.Nodes;
using EightByEight.Simulator;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Handover;

/// <summary>A conversation goes to people and comes back, as the customer, the agent and the Flow see it.</summary>
public sealed class HandoverTests(AzuriteFixture azurite)
{
    private const string WithSurvey = """
        name: survey
        start:
          - handover:
              queueId: "101"
              message: One moment, a colleague takes over.
              cancelButton: Never mind
              cancelIntent: stopWaiting
              withoutReturn: end
          - say: "Over: {{ input.handover.status }}"
          - question: { text: How was it?, type: text, saveTo: context.rating }
          - say: "Thank you for '{{ context.rating }}'{{ input.handover ? ' again' : '' }}."
        """;

    [Fact]
    public async Task The_accepted_message_comes_first_and_once_then_the_queue_has_the_conversation()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey);

        var conversation = await HandedOverAsync(connector, "I want a human");
        connector.Gateway.CustomerSays(conversation, "Hello?");
        await connector.Gateway.SettledAsync();
        await SettledAsync(connector, conversation, "queued");

        Assert.Equal(["One moment, a colleague takes over."], connector.BotSaid(conversation));
        Assert.Equal(new Assignment("queue", "101"), connector.Gateway.AssignmentOf(conversation));
        var handover = (await connector.ViewAsync(conversation))["handover"]!;
        Assert.Equal(("Support", true), ((string?)handover["queueName"], (bool)handover["comesBack"]!));
    }

    [Fact]
    public async Task While_an_agent_is_in_nothing_makes_the_bot_speak()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey);
        var conversation = await HandedOverAsync(connector);
        connector.Gateway.AgentAccepts(conversation, "agent-7");
        await SettledAsync(connector, conversation, "agent");

        connector.Gateway.CustomerSays(conversation, "Never mind");
        connector.Gateway.CustomerClicks(conversation, "Never mind", "Never mind");
        connector.Gateway.AgentSays(conversation, "How can I help?");
        connector.Gateway.CustomerSays(conversation, "Like this");
        await connector.Gateway.SettledAsync();

        var view = await SettledAsync(connector, conversation, "agent");
        Assert.Equal("agent-7", (string?)view["handover"]!["agentId"]);
        Assert.Single(view["turns"]!.AsArray());
        Assert.Single(connector.BotSaid(conversation));
    }

    [Fact]
    public async Task When_the_agent_has_left_the_Flow_goes_on_below()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey);
        var conversation = await HandedOverAsync(connector);
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.AgentSays(conversation, "Done!");
        connector.Gateway.AgentLeaves(conversation);

        await connector.BotSaysAsync(conversation, 3);
        connector.Gateway.CustomerSays(conversation, "great");

        Assert.Equal(
            ["One moment, a colleague takes over.", "Over: completed", "How was it?", "Thank you for 'great'."],
            await connector.BotSaysAsync(conversation, 4));
    }

    [Fact]
    public async Task A_Flow_that_failed_at_the_end_of_a_handover_is_told_of_it_again_with_the_next_input()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: broken
            error: Sorry.
            start:
              - handover: { queueId: "101", message: "One moment." }
              - if: input.text.length > 0 || nothing.there
                then: [ { say: "Over: {{ input.handover.status }}" } ]
            """);
        var conversation = await HandedOverAsync(connector);
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.AgentLeaves(conversation);
        await connector.BotSaysAsync(conversation, 2);

        connector.Gateway.CustomerSays(conversation, "Are you there?");

        Assert.Equal(["One moment.", "Sorry.", "Over: completed"], await connector.BotSaysAsync(conversation, 3));
    }

    [Fact]
    public async Task An_assignment_that_8x8_accepts_and_never_carries_out_fails_and_the_Flow_is_told()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey);
        connector.Gateway.Faults.Add(Fault.IgnoreAssignment());

        var conversation = connector.Start("I want a human");

        Assert.Equal("Over: failed", (await connector.BotSaysAsync(conversation, 3))[1]);
        var handover = (await connector.ViewAsync(conversation))["handover"]!;
        Assert.Equal("8x8 accepted the handover and did not carry it out.", (string?)handover["reason"]);
    }

    [Fact]
    public async Task A_handover_that_was_over_before_anybody_could_look_again_has_not_failed()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey, storage: proxy.ConnectionString);
        connector.Gateway.Faults.Add(new Fault { Operation = Operations.PatchConversation, VisibilityDelay = TimeSpan.FromSeconds(10) });
        var conversation = connector.Start("human");
        await Eventually.GetAsync(() => connector.Gateway.Requests.GetValueOrDefault(Operations.GetConversation), looks => looks >= 2, "two looks in vain");

        proxy.Refuse = request => request is { Service: "queue", Method: "GET" };
        await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(conversation).Type, type => type == "queue", "the queue");
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.AgentLeaves(conversation);
        await connector.Gateway.SettledAsync();
        proxy.Refuse = null;

        Assert.Equal("Over: completed", (await connector.BotSaysAsync(conversation, 3))[1]);
    }

    [Fact]
    public async Task An_assignment_of_which_no_event_tells_is_seen_in_the_conversation()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey, simulator: options =>
            options.EventDelays = new Dictionary<string, TimeSpan>
            {
                ["QUEUED"] = TimeSpan.FromHours(1),
                ["CONVERSATION_UPDATE"] = TimeSpan.FromHours(1),
            });

        var conversation = connector.Start("I want a human");

        await SettledAsync(connector, conversation, "queued");
        Assert.Single(connector.BotSaid(conversation));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_transfer_is_not_the_end_in_either_order(bool transferBeforeLeft)
    {
        await using var connector = await TestConnector.StartAsync(
            azurite, WithSurvey, simulator: options => options.TransferBeforeLeft = transferBeforeLeft);
        var conversation = await HandedOverAsync(connector);
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.AgentTransfers(conversation, "102");
        await SeenAsync(connector, conversation, view => IsAt(view, "queued", "102"));
        connector.Gateway.CustomerSays(conversation, "Still there?");
        connector.Gateway.AgentAccepts(conversation, "agent-2");

        await SeenAsync(connector, conversation, view =>
            IsAt(view, "agent", "102") && (string?)view["handover"]!["agentId"] == "agent-2" && (int)view["waiting"]! == 0);

        Assert.Single(connector.BotSaid(conversation));
        connector.Gateway.AgentLeaves(conversation);
        Assert.Equal("Over: completed", (await connector.BotSaysAsync(conversation, 2))[1]);
    }

    [Fact]
    public async Task Without_a_way_back_the_steps_run_and_what_they_say_is_recorded()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.PostAgentAssignment, 400));
        var conversation = await HandedOverAsync(connector);
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.AgentLeaves(conversation);

        var view = await SettledAsync(connector, conversation, "completed", turns: 2);

        Assert.False((bool)view["handover"]!["comesBack"]!);
        var last = view["turns"]!.AsArray()[^1]!;
        Assert.Equal(["Over: completed", "How was it?"], last["unsent"]!.AsArray().Select(one => (string?)one!["text"]));
        Assert.Equal("The conversation is closed.", (string?)last["unsentReason"]);
        Assert.Single(connector.BotSaid(conversation));
    }

    [Theory]
    [InlineData("Never mind")]
    [InlineData("cIntent:stopWaiting")]
    public async Task A_customer_who_waits_can_call_it_off(string said)
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey, ReturnsTo("script-1"));
        var conversation = await HandedOverAsync(connector);
        await SettledAsync(connector, conversation, "queued");

        connector.Gateway.CustomerClicks(conversation, "Never mind", said);

        Assert.Equal("Over: cancelled", (await connector.BotSaysAsync(conversation, 2))[1]);
        Assert.Equal("The customer called it off.", (string?)(await SettledAsync(connector, conversation, "cancelled"))["handover"]!["reason"]);
        Assert.Equal(new Assignment("script", "script-1"), connector.Gateway.AssignmentOf(conversation));
    }

    [Fact]
    public async Task What_a_customer_writes_who_waits_is_understood_and_may_call_it_off()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey + """

            intents:
              stopWaiting:
                examples: [I do not want to wait any longer, stop waiting, forget about the agent, cancel the transfer]
                reply: Nothing to stop.
              hurry:
                examples: [How long does it take?, Is anybody there?, When will somebody answer?, hello?]
                reply: We hurry.
            """, ReturnsTo("script-1"));
        var conversation = await HandedOverAsync(connector);
        await SettledAsync(connector, conversation, "queued");

        connector.Gateway.CustomerSays(conversation, "When does anybody answer?");
        await connector.Gateway.SettledAsync();
        connector.Gateway.CustomerSays(conversation, "I don't want to wait any longer!");

        Assert.Equal("Over: cancelled", (await connector.BotSaysAsync(conversation, 2))[1]);
    }

    [Fact]
    public async Task Where_nobody_takes_the_customer_back_the_step_says_to_close_the_conversation()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey);
        var conversation = await HandedOverAsync(connector);
        await SettledAsync(connector, conversation, "queued");

        connector.Gateway.CustomerSays(conversation, "never mind");

        await SettledAsync(connector, conversation, "cancelled", turns: 3);
        Assert.Equal("idle", connector.Gateway.State(conversation));
        Assert.Single(connector.BotSaid(conversation));
    }

    [Fact]
    public async Task An_agent_who_is_quicker_than_the_cancel_keeps_the_customer()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey, ReturnsTo("script-1"));
        var conversation = await HandedOverAsync(connector);
        await SettledAsync(connector, conversation, "queued");
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.GetConversation, 503, times: 1000));

        connector.Gateway.CustomerSays(conversation, "Never mind");
        await SeenAsync(connector, conversation, view => (string?)view["handover"]?["status"] == "returning" && view["retryAt"] is not null);
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.Faults.Clear();

        await SettledAsync(connector, conversation, "agent");
        Assert.Equal("agent", connector.Gateway.AssignmentOf(conversation).Type);
        Assert.Single(connector.BotSaid(conversation));
    }

    [Fact]
    public async Task Who_waited_too_long_is_taken_back()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: patience
            start:
              - handover: { queueId: "101", message: Please wait., timeoutMinutes: 0.02 }
              - say: "Over: {{ input.handover.status }}. {{ input.handover.reason }}"
            """, ReturnsTo("script-1"));

        var conversation = connector.Start("human");

        Assert.Equal("Over: timedOut. No agent came in time.", (await connector.BotSaysAsync(conversation, 2))[1]);
        Assert.Equal(new Assignment("script", "script-1"), connector.Gateway.AssignmentOf(conversation));
    }

    [Fact]
    public async Task The_blocks_of_the_handover_run_meanwhile_and_speak_only_while_no_agent_is_in()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: blocks
            start:
              - handover: { queueId: "101", message: Please wait., inactivityMinutes: 0.02 }
                onQueued:
                  - say: "You wait for {{ input.handover.queueName }}."
                onAgent:
                  - set: { context.agent: "{{ input.handover.agentId }}" }
                  - say: Now you talk to a colleague.
                onInactivity:
                  - if: input.handover.inactivityCount === 1
                    then:
                      - say: Are you still there?
              - say: "It was {{ context.agent }}."
            """);

        var conversation = connector.Start("human");
        await Eventually.GetAsync(() => connector.BotSaid(conversation), said => said.Contains("Are you still there?"), "inactivity", logs: connector.Logs);
        connector.Gateway.AgentAccepts(conversation, "agent-9");
        var view = await SettledAsync(connector, conversation, "agent", turns: 4);
        connector.Gateway.AgentLeaves(conversation);

        await Eventually.GetAsync(() => connector.BotSaid(conversation), said => said.Contains("It was agent-9."), "the end", logs: connector.Logs);
        var said = connector.BotSaid(conversation);
        Assert.Equal(["Please wait.", "You wait for Support."], said.Take(2));
        Assert.DoesNotContain("Now you talk to a colleague.", said);
        Assert.Contains(view["turns"]!.AsArray(), turn =>
            (string?)turn!["unsent"]?[0]?["text"] == "Now you talk to a colleague."
            && (string?)turn["unsentReason"] == "An agent talks with the customer.");
    }

    [Fact]
    public async Task A_queue_that_8x8_does_not_know_is_told_to_the_Flow_and_the_operator()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Failing("""queueId: "999", """));

        var conversation = connector.Start("human");

        Assert.Equal(["Please wait.", "failed: true"], await connector.BotSaysAsync(conversation, 2));
        var view = await SettledAsync(connector, conversation, "failed");
        Assert.Contains("999", (string?)view["handover"]!["reason"], StringComparison.Ordinal);
        Assert.Contains(connector.Logs.Lines, line => line.Contains("The handover of", StringComparison.Ordinal) && line.Contains("failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_handover_to_no_queue_fails_with_what_to_do()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Failing(""));

        var conversation = connector.Start("human");

        await connector.BotSaysAsync(conversation, 2);
        Assert.Contains("handover.queueId", (string?)(await connector.ViewAsync(conversation))["handover"]!["reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_Endpoint_names_the_queue_where_the_Flow_names_none()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Failing(""), new JsonObject
        {
            ["handover"] = new JsonObject { ["queueId"] = "102" },
        });

        await SettledAsync(connector, connector.Start("human"), "queued");

        Assert.Equal(new Assignment("queue", "102"), connector.Gateway.AssignmentOf(connector.Gateway.ConversationIds[0]));
    }

    [Fact]
    public async Task The_agent_gets_the_summary_and_at_most_thirty_properties()
    {
        var properties = string.Join(", ", Enumerable.Range(1, 40).Select(i => $"p{i}: v{i}"));
        await using var connector = await TestConnector.StartAsync(azurite, $$"""
            name: properties
            start:
              - handover:
                  queueId: "101"
                  summary: "Wants: {{"{{ input.text }}"}}"
                  user: { name: Ann Lee, email: null, caseId: "00042", language: tlh }
                  properties: { {{properties}} }
            """, new JsonObject { ["handover"] = new JsonObject { ["properties"] = new JsonObject { ["site"] = "shop" } } });

        var conversation = connector.Start("a refund");
        await SettledAsync(connector, conversation, "queued");

        using var client = new HttpClient { DefaultRequestHeaders = { { "x-api-key", TestConnector.ApiKey } } };
        var user = JsonNode.Parse(await client.GetStringAsync(
            $"{connector.Simulator.Url}/chat-gateway/v1/conversations/{conversation}", TestContext.Current.CancellationToken))!["user"]!;
        Assert.Equal(("Ann Lee", "00042", "en"), ((string?)user["name"], (string?)user["caseId"], (string?)user["language"]));
        Assert.Null(user["email"]);
        var sent = user["additionalProperties"]!.AsArray();
        Assert.Equal(30, sent.Count);
        Assert.Equal(("summary", "Wants: a refund"), ((string?)sent[0]!["key"], (string?)sent[0]!["value"]));
        Assert.Equal("p29", (string?)sent[29]!["key"]);
    }

    [Fact]
    public async Task What_code_made_and_the_bot_said_goes_to_the_agent_with_the_transcript()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: coded
            start:
              - code: |
                  context.lines = [ 'Order 7', { toString: () => 'odd' }.toString(), 42 ];
                  context.card = { title: 'Tea', price: 2 };
              - forEach: context.lines
                as: context.line
                do: [ { say: "{{ context.line }}" } ]
              - say: { text: "Take one", quickReplies: [ "{{ context.card.title }}" ] }
              - transcript: { format: text, saveTo: context.said }
              - handover: { queueId: "101", message: One moment., properties: { said: "{{ context.said }}" } }
            """);

        var conversation = connector.Start("a person");
        await SettledAsync(connector, conversation, "queued");

        using var client = new HttpClient { DefaultRequestHeaders = { { "x-api-key", TestConnector.ApiKey } } };
        var user = JsonNode.Parse(await client.GetStringAsync(
            $"{connector.Simulator.Url}/chat-gateway/v1/conversations/{conversation}", TestContext.Current.CancellationToken))!["user"]!;
        Assert.Equal("user: a person\nbot: Order 7\nbot: odd\nbot: 42\nbot: Take one",
            (string?)user["additionalProperties"]!.AsArray().Single(one => (string?)one!["key"] == "said")!["value"]);
        Assert.Equal("One moment.", connector.BotSaid(conversation)[^1]);
    }

    [Fact]
    public async Task What_the_customer_writes_while_it_is_unclear_is_answered_when_the_handover_is_over()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: after
            start:
              - handover: { queueId: "101", message: Please wait. }
              - question: { text: How was it?, type: text, saveTo: context.rating }
              - say: "Noted: {{ context.rating }}"
            """);
        var conversation = await HandedOverAsync(connector);
        connector.Gateway.AgentAccepts(conversation);
        await SettledAsync(connector, conversation, "agent");
        connector.Gateway.AgentLeaves(conversation);
        connector.Gateway.CustomerSays(conversation, "great");

        Assert.Equal(["Please wait.", "How was it?", "Noted: great"], await connector.BotSaysAsync(conversation, 3));
    }

    [Fact]
    public async Task Two_handovers_in_a_row_both_work()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: twice
            start:
              - handover: { queueId: "101", message: First. }
              - handover: { queueId: "102", message: Second. }
              - say: Done.
            """);
        var conversation = await HandedOverAsync(connector);
        connector.Gateway.AgentAccepts(conversation, "agent-1");
        connector.Gateway.AgentLeaves(conversation);
        await connector.BotSaysAsync(conversation, 2);
        await SettledAsync(connector, conversation, "queued");
        Assert.Equal(new Assignment("queue", "102"), connector.Gateway.AssignmentOf(conversation));

        connector.Gateway.AgentAccepts(conversation, "agent-1");
        connector.Gateway.AgentLeaves(conversation);

        Assert.Equal(["First.", "Second.", "Done."], await connector.BotSaysAsync(conversation, 3));
    }

    [Theory]
    [InlineData("cIntent:human")]
    [InlineData("none of your business")]
    public async Task A_Question_escalates_to_people_by_an_intent_or_after_its_last_reprompt_and_is_asked_again_or_left(string answer)
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: order
            start:
              - question: { text: Your order number?, type: integer, reprompts: 1, reprompt: A number please. }
                intents: { human: [ { handover: { queueId: "101" } } ] }
                otherwise: [ { handover: { queueId: "102" } } ]
              - say: "Left with {{ input.result }} after {{ input.handover.status }}"
            """);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);
        var isIntent = answer.StartsWith("cIntent", StringComparison.Ordinal);
        connector.Gateway.CustomerSays(conversation, answer);
        if (!isIntent)
        {
            await connector.BotSaysAsync(conversation, 2);
            connector.Gateway.CustomerSays(conversation, answer);
        }

        await SettledAsync(connector, conversation, "queued");
        Assert.Equal(new Assignment("queue", isIntent ? "101" : "102"), connector.Gateway.AssignmentOf(conversation));
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.AgentLeaves(conversation);

        Assert.Equal(isIntent ? ["Your order number?", "Your order number?"] : ["Your order number?", "A number please.", "Left with  after completed"],
            await connector.BotSaysAsync(conversation, isIntent ? 2 : 3));
    }

    [Fact]
    public async Task A_handover_of_which_nobody_knows_whether_it_was_made_is_not_made_again()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey);
        connector.Gateway.Faults.Add(Fault.WorkThenHang(Operations.PatchConversation));

        var conversation = connector.Start("human");

        await SettledAsync(connector, conversation, "queued");
        Assert.Equal(1, connector.Gateway.Requests[Operations.PatchConversation]);
        Assert.Single(connector.BotSaid(conversation));
    }

    [Fact]
    public async Task An_agent_who_joins_between_two_outputs_ends_what_the_bot_says()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        connector.Gateway.Faults.Add(new Fault { Operation = Operations.SendMessage, DelayAfter = TimeSpan.FromSeconds(0.8) });
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.AgentTakes(conversation);

        var turn = (await connector.SettledAsync(conversation, 1))["turns"]![0]!;
        Assert.Equal(["hello/1"], connector.BotSaid(conversation));
        Assert.Equal(["hello/2", "hello/3"], turn["unsent"]!.AsArray().Select(said => (string?)said!["text"]));
    }

    [Fact]
    public async Task An_agent_who_joins_while_the_bot_says_goodbye_keeps_the_customer_from_the_queue()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey);
        connector.Gateway.Faults.Add(new Fault { Operation = Operations.SendMessage, DelayAfter = TimeSpan.FromSeconds(0.8) });
        var conversation = connector.Start("human");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.AgentTakes(conversation);

        await SettledAsync(connector, conversation, "agent");
        Assert.Equal(0, connector.Gateway.Requests.GetValueOrDefault(Operations.PatchConversation));
        Assert.Equal("agent", connector.Gateway.AssignmentOf(conversation).Type);
    }

    [Theory]
    [InlineData("queue")]
    [InlineData("agent")]
    public async Task A_resource_that_is_behind_the_agents_leaving_is_not_believed_for_ever(string stale)
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey);
        var conversation = await HandedOverAsync(connector);
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.Options.StaleAssignment = stale;
        connector.Gateway.Options.EventDelays = new Dictionary<string, TimeSpan> { ["CONVERSATION_UPDATE"] = TimeSpan.FromHours(1) };
        connector.Gateway.AgentLeaves(conversation);
        if (stale == "queue")
        {
            await SettledAsync(connector, conversation, "transferred");
            connector.Gateway.CustomerSays(conversation, "hello?");
            connector.Gateway.Options.StaleAssignment = null;
        }

        Assert.Equal("Over: completed", (await connector.BotSaysAsync(conversation, 2))[1]);
    }

    [Fact]
    public async Task A_handover_in_doubt_is_not_made_again_after_its_agent_came_and_left()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey, options: new Dictionary<string, string?>(TestConnector.Quick)
        {
            ["Connector:Conversations:TransferGrace"] = "00:00:00.01",
        });
        connector.Gateway.Faults.Add(Fault.WorkThenHang(Operations.PatchConversation));
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.GetConversation, 503, times: 1000));
        var conversation = connector.Start("human");
        await SeenAsync(connector, conversation, view => view["retryAt"] is not null);

        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.AgentLeaves(conversation);
        await connector.Gateway.SettledAsync();
        connector.Gateway.Faults.Clear();

        await connector.BotSaysAsync(conversation, 2);
        Assert.Equal(1, connector.Gateway.Requests[Operations.PatchConversation]);
    }

    [Fact]
    public async Task A_handover_in_doubt_that_8x8_carries_out_late_is_not_made_again()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey, options: new Dictionary<string, string?>(TestConnector.Quick)
        {
            ["Connector:Conversations:Visibility"] = "00:00:03",
            ["Connector:Conversations:Lease"] = "00:00:08",
            ["Connector:ChatGateway:AttemptTimeout"] = "00:00:00.3",
        });
        connector.Gateway.Faults.Add(new Fault
        {
            Operation = Operations.PatchConversation,
            End = FaultEnd.Hang,
            VisibilityDelay = TimeSpan.FromSeconds(2.5),
        });

        var conversation = connector.Start("human");

        await SettledAsync(connector, conversation, "queued");
        Assert.Equal(1, connector.Gateway.Requests[Operations.PatchConversation]);
    }

    [Fact]
    public async Task What_could_not_be_sent_before_an_agent_came_is_recorded_and_not_sent()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        var fault = Fault.Refuse(Operations.SendMessage, 503, times: 1000);
        connector.Gateway.Faults.Add(fault);
        var conversation = connector.Start("hello");
        await SeenAsync(connector, conversation, view => view["retryAt"] is not null);

        await TakeOverAsync(connector, conversation);
        await connector.Gateway.SettledAsync();
        connector.Gateway.Faults.Clear();

        var view = await connector.SettledAsync(conversation, 1);
        Assert.Empty(connector.BotSaid(conversation));
        Assert.Equal(3, view["turns"]![0]!["unsent"]!.AsArray().Count);
    }

    [Fact]
    public async Task Of_an_agent_who_came_unasked_the_Flow_learns_with_the_next_input()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: unasked
            start:
              - say: "{{ input.text }}: {{ input.handover ? input.handover.status + ' ' + input.handover.unasked : 'alone' }}"
            """);
        var conversation = connector.Start("a");
        await connector.BotSaysAsync(conversation, 1);
        await TakeOverAsync(connector, conversation);
        connector.Gateway.AgentSays(conversation, "I take this one.");
        connector.Gateway.CustomerSays(conversation, "b");
        await connector.Gateway.SettledAsync();
        using var client = new HttpClient { DefaultRequestHeaders = { { "x-api-key", TestConnector.ApiKey } } };
        using var assigned = await client.PostAsync(
            $"{connector.Simulator.Url}/chat-gateway/v1/conversations/{conversation}/post-agent-assignment",
            new StringContent($$"""{"type":"webhook","id":"{{connector.Gateway.Webhooks[0].Id}}"}""", System.Text.Encoding.UTF8, "application/json"),
            TestContext.Current.CancellationToken);
        connector.Gateway.AgentLeaves(conversation);
        await connector.Gateway.SettledAsync();

        connector.Gateway.CustomerSays(conversation, "c");
        await connector.BotSaysAsync(conversation, 2);
        connector.Gateway.CustomerSays(conversation, "d");

        Assert.Equal(["a: alone", "c: completed true", "d: alone"], await connector.BotSaysAsync(conversation, 3));
        Assert.Contains(connector.Logs.Lines, line => line.Contains($"An agent took {conversation} from the bot", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_time_of_a_session_stands_still_while_an_agent_who_came_unasked_talks()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) };
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: unasked
            start:
              - set: { context.count: "{{ (context.count || 0) + 1 }}" }
              - say: "{{ context.count }} {{ input.text }}: {{ input.handover ? input.handover.status + ' ' + input.handover.unasked : 'alone' }}"
            """, simulator: options => options.TimeProvider = time, configure: builder => builder.Services.AddSingleton<TimeProvider>(new Shifted(time)));
        var conversation = connector.Start("a");
        await connector.BotSaysAsync(conversation, 1);
        await connector.SettledAsync(conversation, 1);
        time.Advance(TimeSpan.FromMinutes(1));
        await TakeOverAsync(connector, conversation);
        using var client = new HttpClient { DefaultRequestHeaders = { { "x-api-key", TestConnector.ApiKey } } };
        using var assigned = await client.PostAsync(
            $"{connector.Simulator.Url}/chat-gateway/v1/conversations/{conversation}/post-agent-assignment",
            new StringContent($$"""{"type":"webhook","id":"{{connector.Gateway.Webhooks[0].Id}}"}""", System.Text.Encoding.UTF8, "application/json"),
            TestContext.Current.CancellationToken);
        await connector.Gateway.SettledAsync();
        await Eventually.GetAsync(() => connector.ViewAsync(conversation), view => (bool)view["peopleTalk"]! && (int)view["waiting"]! == 0, "an agent");

        time.Advance(TimeSpan.FromHours(2));
        connector.Gateway.AgentLeaves(conversation);
        await connector.Gateway.SettledAsync();
        await Eventually.GetAsync(() => connector.ViewAsync(conversation), view => (int)view["waiting"]! == 0, "an agent who has left");
        time.Advance(TimeSpan.FromMinutes(29));
        connector.Gateway.CustomerSays(conversation, "b");
        await connector.BotSaysAsync(conversation, 2);
        await connector.SettledAsync(conversation, 2);
        time.Advance(TimeSpan.FromMinutes(31));
        connector.Gateway.CustomerSays(conversation, "c");

        Assert.Equal(["1 a: alone", "2 b: completed true", "1 c: alone"], await connector.BotSaysAsync(conversation, 3));
    }

    [Fact]
    public async Task A_customer_who_leaves_the_queue_has_cancelled()
    {
        await using var connector = await TestConnector.StartAsync(azurite, WithSurvey);
        var conversation = await HandedOverAsync(connector);

        connector.Gateway.CustomerLeaves(conversation);

        var view = await SettledAsync(connector, conversation, "cancelled", turns: 2);
        Assert.Equal("The conversation was closed.", (string?)view["handover"]!["reason"]);
        Assert.Single(connector.BotSaid(conversation));
    }

    [Fact]
    public async Task A_Flow_can_close_the_conversation_after_its_last_word()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: bye
            start:
              - say: Goodbye!
              - endConversation
            """);

        var conversation = connector.Start("bye");

        await Eventually.GetAsync(() => connector.Gateway.State(conversation), state => state == "idle", "a closed conversation", logs: connector.Logs);
        Assert.Equal(["Goodbye!"], connector.BotSaid(conversation));
    }

    private static bool IsAt(JsonObject view, string status, string queue) =>
        ((string?)view["handover"]?["status"], (string?)view["handover"]?["queueId"]) == (status, queue);

    private static string Failing(string queue) => $$$"""
        name: failing
        start:
          - handover: { {{{queue}}}message: Please wait. }
          - say: "{{ input.handover.status }}: {{ input.handover.error.message.length > 0 }}"
        """;

    /// <summary>The contact centre takes a conversation that the bot did not give.</summary>
    private static async Task TakeOverAsync(TestConnector connector, string conversation)
    {
        using var client = new HttpClient { DefaultRequestHeaders = { { "x-api-key", TestConnector.ApiKey } } };
        using var patched = await client.PatchAsync(
            $"{connector.Simulator.Url}/chat-gateway/v1/conversations/{conversation}",
            new StringContent("""{"assignment":{"type":"queue","id":"101"}}""", System.Text.Encoding.UTF8, "application/json"),
            TestContext.Current.CancellationToken);
        Assert.True(patched.IsSuccessStatusCode);
        await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(conversation).Type, type => type == "queue", "the queue");
        connector.Gateway.AgentAccepts(conversation);
    }

    private static JsonObject ReturnsTo(string script) => new()
    {
        ["handover"] = new JsonObject { ["returnScriptId"] = script },
    };

    private static async Task<string> HandedOverAsync(TestConnector connector, string text = "human")
    {
        var conversation = connector.Start(text);
        await Eventually.GetAsync(
            () => connector.Gateway.AssignmentOf(conversation).Type, type => type == "queue", "a handover to a queue", logs: connector.Logs);
        return conversation;
    }

    /// <summary>The conversation's view once the handover stands there and nothing is under way.</summary>
    private static Task<JsonObject> SettledAsync(TestConnector connector, string conversation, string status, int turns = 1) =>
        SeenAsync(connector, conversation, view => (string?)view["handover"]?["status"] == status
            && view["turns"]!.AsArray().Count >= turns && (int)view["waiting"]! == 0 && view["sending"] is null);

    private static Task<JsonObject> SeenAsync(TestConnector connector, string conversation, Func<JsonObject, bool> isSo) => Eventually.GetAsync(
        async () => await connector.Admin.GetAsync($"/api/endpoints/{connector.EndpointId}/conversations/{conversation}") is { IsSuccessStatusCode: true } found
            ? JsonNode.Parse(await found.Content.ReadAsStringAsync())!.AsObject()
            : [],
        view => view.Count > 0 && isSo(view), "the expected view of the conversation", null, connector.Logs);
}
