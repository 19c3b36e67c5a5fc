using System.Text.Json;
using EightByEight.Connector.Conversations;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Turns that pause, in a conversation.</summary>
public sealed class PausedTurnTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task What_the_customer_says_during_a_delay_waits_for_the_end_of_the_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: slowly
            start:
              - say: "Looking for {{ input.text }} …"
              - delay: 1
              - say: "Found {{ input.text }}."
            """);

        var id = connector.Start("a");
        await connector.BotSaysAsync(id, 1);
        connector.Gateway.CustomerSays(id, "b");

        Assert.Equal(["Looking for a …", "Found a.", "Looking for b …", "Found b."], await connector.BotSaysAsync(id, 4));
        var turns = (await connector.SettledAsync(id, 4))["turns"]!.AsArray();
        Assert.Equal([0, 1, 0, 1], turns.Select(turn => (int?)turn!["part"] ?? 0));
        Assert.Equal(["a", null, "b", null], turns.Select(turn => (string?)turn!["text"]));
    }

    [Fact]
    public async Task A_long_delay_is_a_wake_up_and_no_worker_waits()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: later
            start:
              - say: One.
              - delay: 11
              - say: Two.
            """);

        var id = connector.Start("a");
        await connector.BotSaysAsync(id, 1);
        Assert.NotNull((await connector.ViewAsync(id))["pausedUntil"]);
        Assert.Equal(["One.", "Two."], await connector.BotSaysAsync(id, 2));
    }

    [Fact]
    public async Task An_agent_who_joins_during_a_delay_ends_what_the_bot_says()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: overtaken
            start:
              - say: One.
              - delay: 2
              - say: Two.
            """);

        var id = connector.Start("a");
        await connector.BotSaysAsync(id, 1);
        connector.Gateway.AgentTakes(id);

        var turn = (await connector.SettledAsync(id, 2))["turns"]![1]!;
        Assert.Equal(["Two."], turn["unsent"]!.AsArray().Select(said => (string?)said!["text"]));
        Assert.Equal(["One."], connector.BotSaid(id));
    }

    [Fact]
    public async Task What_is_answered_by_the_way_and_pauses_leaves_the_session_where_it_waits()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: by-the-way
            start:
              - optionalQuestion: { text: Are you a customer?, type: yesNo }
                then:
                  - say: One moment.
                  - delay: 0
                  - say: Welcome back.
              - question: { text: What size?, saveTo: context.size }
              - say: "Size {{ context.size }}."
            """);

        var id = connector.Start("hi");
        await connector.BotSaysAsync(id, 2);
        connector.Gateway.CustomerSays(id, "yes");
        await connector.BotSaysAsync(id, 4);
        connector.Gateway.CustomerSays(id, "L");

        Assert.Equal(["One moment.", "Welcome back.", "Size L."], (await connector.BotSaysAsync(id, 5)).Skip(2));
    }

    [Fact]
    public async Task A_reset_during_a_long_delay_leaves_the_rest_out()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: cut
            start:
              - say: "One {{ input.text }}."
              - if: input.text === 'a'
                then:
                  - delay: 600
                  - say: Two.
            """);

        var id = connector.Start("a");
        await connector.BotSaysAsync(id, 1);
        using var reset = await connector.Admin.PostAsync(
            $"/api/endpoints/{connector.EndpointId}/conversations/{id}/reset", null, TestContext.Current.CancellationToken);
        Assert.True(reset.IsSuccessStatusCode);
        connector.Gateway.CustomerSays(id, "b");

        Assert.Equal(["One a.", "One b."], await connector.BotSaysAsync(id, 2));
    }

    [Fact]
    public async Task A_transcript_in_a_later_part_has_each_thing_once_and_counts_turns_by_what_was_said_to_the_bot()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: said
            start:
              - say: "Before {{ input.text }}."
              - delay: 0
              - say: "After {{ input.text }}."
              - delay: 0
              - say: "Then {{ input.text }}."
              - if: input.text === 'c'
                then:
                  - transcript: { turns: 1, format: text }
                  - say: "[{{ input.transcript.replaceAll('\\n', '; ') }}]"
            """);

        var id = connector.Start("a");
        await connector.BotSaysAsync(id, 3);
        connector.Gateway.CustomerSays(id, "b");
        await connector.BotSaysAsync(id, 6);
        connector.Gateway.CustomerSays(id, "c");

        Assert.Equal("[user: b; bot: Before b.; bot: After b.; bot: Then b.; user: c; bot: Before c.; bot: After c.; bot: Then c.]",
            (await connector.BotSaysAsync(id, 10))[9]);
    }

    [Fact]
    public async Task A_turn_that_pauses_often_makes_no_transcript_short()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: said
            start:
              - if: input.text !== 'a'
                then: [ { forEach: "Array(40).fill(0)", as: context.i, atMost: 40, do: [ { delay: 0 } ] } ]
              - transcript: { turns: 10, format: text }
              - say: "[{{ input.transcript.split('\\n').filter(line => line.startsWith('user')).join('; ') }}]"
            """);

        var id = connector.Start("a");
        await connector.BotSaysAsync(id, 1);
        foreach (var (text, count) in new[] { ("b", 2), ("c", 3), ("d", 4) })
        {
            connector.Gateway.CustomerSays(id, text);
            await connector.BotSaysAsync(id, count);
        }

        Assert.Equal("[user: a; user: b; user: c; user: d]", connector.BotSaid(id)[3]);
    }

    [Fact]
    public async Task A_turn_is_limited_as_one_however_often_it_pauses()
    {
        await using var connector = await TestConnector.StartAsync(azurite, "name: circle\nstart:\n  - say: Again.\n  - delay: 0\n  - goTo: start\n");

        var id = connector.Start("a");

        Assert.Equal(["Again.", "Again.", "Again.", "Again.", "Sorry, something went wrong. Please try again."], await connector.BotSaysAsync(id, 5));
        Assert.Contains("ran 4 times", (string)(await connector.SettledAsync(id, 5))["turns"]![4]!["failure"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_delay_holds_no_lease()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: later
            start:
              - say: One.
              - delay: 600
              - say: Two.
            """, Posted.Unsigned, options: Posted.Unpumped);
        await connector.PostAsync("c", "MESSAGE", Posted.Said("a"));

        await connector.ProcessAsync("c");

        var left = await connector.ReadAsync("c");
        Assert.NotNull(left.State.Paused);
        Assert.Null(left.Head!.Lease);
    }

    [Fact]
    public void A_rest_that_an_earlier_version_stored_goes_on_and_an_earlier_version_finds_what_it_knows()
    {
        var before = JsonSerializer.Deserialize(
            """{"paused":{"eventId":"e","part":1,"at":{"step":"start/1","goesOn":true},"input":{"text":"a"},"steps":7}}""", ConversationJson.Default.ConversationState)!;

        var rest = before.Paused!.Pause();
        Assert.Equal((7, 0, "start/1"), (rest.Used.Steps, rest.Used.Outputs, rest.At.Step));

        var stored = new StoredEvent { EventId = "e", EventType = "MESSAGE", ConversationId = "c", Timestamp = 1, ReceivedAt = 2, Body = default };
        var paused = PausedTurn.Of(rest with { Used = rest.Used with { Steps = 9, Outputs = 3 } }, stored, 1, DateTimeOffset.UnixEpoch);
        var row = JsonSerializer.SerializeToNode(new ConversationState { Paused = paused }, ConversationJson.Default.ConversationState)!["paused"]!;
        Assert.Equal((9, true, 3), ((int)row["steps"]!, (bool)row["at"]!["goesOn"]!, (int)row["used"]!["outputs"]!));
    }
}
