using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Conversations;
using EightByEight.Functions.Tests.Conversations;

namespace EightByEight.Functions.Tests.Agents;

/// <summary>What an agent behind Direct Line says after the turn is over: it is fetched by delayed wake-ups, up to a stated end.</summary>
public sealed class LaterActivityTests(AzuriteFixture azurite)
{
    private static readonly Dictionary<string, string?> Soon = new()
    {
        ["Connector:Agents:DirectLinePause"] = "00:00:00.005",
        ["Connector:Agents:LaterFirst"] = "00:00:00.2",
        ["Connector:Agents:LaterLongest"] = "00:00:01",
    };

    [Fact]
    public async Task What_it_says_later_reaches_the_customer_without_an_input_and_once()
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, TestConnector.Quick);
        var id = connector.Start("hello");
        await connector.BotSaysAsync(id, 1);

        line.Say(DirectLineServer.Message("Found it."));
        await connector.BotSaysAsync(id, 2);
        line.Say("""{"type":"typing","from":{"id":"bot"}}""", DirectLineServer.Message("And more."));
        await connector.BotSaysAsync(id, 3);
        connector.Gateway.CustomerSays(id, "thanks");

        Assert.Equal(["You said hello.", "Found it.", "And more.", "You said thanks."], await connector.BotSaysAsync(id, 4));
        Assert.Equal(["hello", "thanks"], line.Heard);
        var turns = (await connector.SettledAsync(id, 4))["turns"]!.AsArray();
        Assert.Equal(["MESSAGE", "$agent", "$agent", "MESSAGE"], turns.Select(turn => (string?)turn!["eventType"]));
        Assert.Single(turns.Select(turn => (string?)turn!["sessionId"]).Distinct());
    }

    [Fact]
    public async Task It_is_listened_to_until_the_stated_end_and_what_comes_after_that_is_heard_with_the_next_input()
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, new Dictionary<string, string?>(TestConnector.Quick) { ["Connector:Agents:LaterUntil"] = "00:00:02" });
        var id = connector.Start("hello");
        await connector.BotSaysAsync(id, 1);

        await QuietAsync(connector);
        line.Say(DirectLineServer.Message("Late."));
        connector.Gateway.CustomerSays(id, "and?");

        Assert.Equal(["You said hello.", "Late.", "You said and?."], await connector.BotSaysAsync(id, 3));
    }

    [Fact]
    public void A_look_changes_its_session_and_leaves_the_one_that_runs()
    {
        var (runs, listens) = (new Session { Id = "c-1", Flow = "f" }, new Session { Id = "other", Flow = "f", Name = "other", Listening = new Listening(1, 2, 0) });
        var state = new ConversationState { Session = runs, OtherSessions = new Dictionary<string, Session> { ["other"] = listens } };

        var after = state.With(state.Listener! with { Listening = null });

        Assert.Same(runs, after.Session);
        Assert.Null(after.OtherSessions["other"].Listening);
        Assert.Null(after.Listener);
        Assert.Equal("c-1", state.With(runs with { Execution = 2 }).Session!.Id);
    }

    [Fact]
    public async Task Where_the_operator_wants_it_nobody_listens()
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, new Dictionary<string, string?>(Posted.Unpumped) { ["Connector:Agents:LaterUntil"] = "00:00:00" });
        var id = await AskedAsync(connector, "hello");

        Assert.Null((await connector.ReadAsync(id)).State.Session!.Listening);
        Assert.Equal(["You said hello."], connector.BotSaid(id));
    }

    [Fact]
    public void The_time_between_two_looks_doubles_up_to_the_longest_and_none_comes_after_the_end()
    {
        var options = new AgentOptions { LaterFirst = TimeSpan.FromSeconds(2), LaterLongest = TimeSpan.FromSeconds(10) };
        var now = DateTimeOffset.UnixEpoch;
        var looks = new List<double>();

        for (var next = Listening.Begin(now, 40_000, options); next is not null; next = next.Next(now, options))
        {
            now = DateTimeOffset.FromUnixTimeMilliseconds(next.DueAt);
            looks.Add(now.ToUnixTimeMilliseconds() / 1000d);
        }

        Assert.Equal([2, 6, 14, 24, 34], looks);
    }

    /// <param name="first">When the next look is due: clocks may differ by a minute.</param>
    [Theory]
    [InlineData("00:00:50", 2)]
    [InlineData("00:05:00", 0)]
    public async Task A_wake_up_that_comes_a_moment_early_puts_itself_again(string first, int added)
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, new Dictionary<string, string?>(Posted.Unpumped)
        {
            ["Connector:Agents:LaterFirst"] = first,
            ["Connector:Agents:LaterLongest"] = first,
            ["Connector:Conversations:ClockSkew"] = "00:01:00",
        });
        var id = await AskedAsync(connector, "hello");
        var (looks, waiting) = (line.Looks, await connector.QueuedAsync());

        await connector.ProcessAsync(id);

        Assert.Equal((looks, waiting + added), (line.Looks, await connector.QueuedAsync()));
    }

    [Fact]
    public async Task What_the_customer_says_while_the_agent_is_heard_comes_after_it()
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, Posted.Unpumped);
        var id = await AskedAsync(connector, "hello");
        line.Say(DirectLineServer.Message("Found it."));
        line.Looked = () =>
        {
            line.Looked = () => { };
            connector.PostAsync(id, "MESSAGE", Posted.Said("what?")).GetAwaiter().GetResult();
        };

        await WorkAsync(connector, id, 3);

        Assert.Equal(["You said hello.", "Found it.", "You said what?."], connector.BotSaid(id));
    }

    [Fact]
    public async Task What_the_customer_says_before_the_next_look_is_answered_with_what_the_agent_said_meanwhile()
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, Posted.Unpumped);
        var id = await AskedAsync(connector, "hello");
        line.Say(DirectLineServer.Message("Found it."));
        await connector.PostAsync(id, "MESSAGE", Posted.Said("what?"));

        await WorkAsync(connector, id, 3);
        line.Say(DirectLineServer.Message("Bye."));
        await WorkAsync(connector, id, 4);

        Assert.Equal(["You said hello.", "Found it.", "You said what?.", "Bye."], connector.BotSaid(id));
    }

    /// <param name="landed">Whether storage took the commit.</param>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_dies_between_the_look_and_its_commit_loses_and_doubles_nothing(bool landed)
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await StartAsync(line, Posted.Mortal, proxy.ConnectionString);
        var id = await AskedAsync(connector, "hello");
        line.Say(DirectLineServer.Message("Found it."));
        using var process = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        async Task<bool> Kill(StorageRequest request)
        {
            if (process.IsCancellationRequested || !request.Body.Contains("\"7|", StringComparison.Ordinal)) return false;
            await process.CancelAsync();
            return true;
        }

        if (landed) proxy.After = Kill;
        else proxy.Before = Kill;
        await Eventually.GetAsync(async () =>
        {
            try
            {
                await connector.ProcessAsync(id, cancellation: process.Token);
            }
            catch (OperationCanceledException) when (process.IsCancellationRequested)
            {
            }

            return process.IsCancellationRequested;
        }, died => died, "the death", null, connector.Logs);

        line.Say(DirectLineServer.Message("And more."));
        await WorkAsync(connector, id, 3);

        Assert.Equal(["You said hello.", "Found it.", "And more."], connector.BotSaid(id));
    }

    [Fact]
    public async Task Its_end_goes_on_below_and_nobody_listens_any_more()
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, TestConnector.Quick);
        var id = connector.Start("hello");
        await connector.BotSaysAsync(id, 1);

        line.Say(DirectLineServer.Message("Bye."), """{"type":"endOfConversation","from":{"id":"bot"}}""");

        Assert.Equal(["You said hello.", "Bye.", "Below."], await connector.BotSaysAsync(id, 3));
        await QuietAsync(connector);
    }

    [Fact]
    public async Task Its_wish_for_a_person_calls_one()
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, TestConnector.Quick);
        var id = connector.Start("hello");
        await connector.BotSaysAsync(id, 1);

        line.Say("""{"type":"event","name":"handoff.initiate","from":{"id":"bot"},"value":{"queueId":"101"}}""");

        await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(id).Type, type => type == "queue", "the queue", null, connector.Logs);
    }

    [Fact]
    public async Task A_look_that_fails_is_told_in_the_log_and_the_next_one_hears_what_was_said()
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, Posted.Unpumped);
        var id = await AskedAsync(connector, "hello");
        line.IsDown = true;
        line.Say(DirectLineServer.Message("Found it."));

        var log = await Eventually.GetAsync(async () =>
        {
            await connector.ProcessAsync(id);
            return await connector.Admin.GetStringAsync($"/api/endpoints/{connector.EndpointId}/log", TestContext.Current.CancellationToken);
        }, text => text.Contains("could not be fetched", StringComparison.Ordinal), "a line in the log", null, connector.Logs);
        line.IsDown = false;

        Assert.Contains("answered 503", log, StringComparison.Ordinal);
        Assert.Equal(["You said hello.", "Found it."], await WorkAsync(connector, id, 2));
    }

    [Fact]
    public async Task Beside_an_agent_it_is_not_heard()
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, TestConnector.Quick);
        var id = connector.Start("hello");
        await connector.BotSaysAsync(id, 1);

        connector.Gateway.AgentTakes(id);
        await QuietAsync(connector);
        line.Say(DirectLineServer.Message("Found it."));

        Assert.Equal(["You said hello."], connector.BotSaid(id));
        Assert.Equal(0, await connector.QueuedAsync());
    }

    [Fact]
    public async Task A_session_that_an_operator_ended_is_not_spoken_to()
    {
        await using var line = await DirectLineServer.StartAsync();
        await using var connector = await StartAsync(line, TestConnector.Quick);
        var id = connector.Start("hello");
        await connector.BotSaysAsync(id, 1);
        using var reset = await connector.Admin.PostAsync(
            $"/api/endpoints/{connector.EndpointId}/conversations/{id}/reset", null, TestContext.Current.CancellationToken);
        Assert.True(reset.IsSuccessStatusCode);

        await QuietAsync(connector);
        line.Say(DirectLineServer.Message("Found it."));

        Assert.Equal(["You said hello."], connector.BotSaid(id));
    }

    private Task<TestConnector> StartAsync(DirectLineServer line, IReadOnlyDictionary<string, string?> options, string? storage = null) =>
        TestConnector.StartAsync(azurite, $$"""
            name: line
            start:
              - agent: { directLine: "{{line.Url}}", timeoutSeconds: 5 }
              - say: Below.
            """, new JsonObject
        {
            ["handover"] = new JsonObject { ["queueId"] = "101" },
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
        }, storage: storage, options: new Dictionary<string, string?>([.. Soon.Where(one => !options.ContainsKey(one.Key)), .. options]));

    /// <summary>A conversation in which the customer said that and got an answer; the test is the host.</summary>
    private static async Task<string> AskedAsync(TestConnector connector, string text)
    {
        var id = connector.Start();
        await connector.Gateway.SettledAsync();
        await connector.PostAsync(id, "MESSAGE", Posted.Said(text));
        await WorkAsync(connector, id, 1);
        return id;
    }

    /// <summary>Wakes the conversation until the bot has said as much.</summary>
    private static Task<IReadOnlyList<string>> WorkAsync(TestConnector connector, string id, int count) => Eventually.GetAsync(async () =>
    {
        await connector.ProcessAsync(id);
        return connector.BotSaid(id);
    }, said => said.Count >= count, $"{count} messages of the bot", TimeSpan.FromSeconds(60), connector.Logs);

    /// <summary>Waits until nobody is to be woken any more.</summary>
    private static Task<int> QuietAsync(TestConnector connector) =>
        Eventually.GetAsync(connector.QueuedAsync, waiting => waiting == 0, "an empty queue", TimeSpan.FromSeconds(60), connector.Logs);
}
