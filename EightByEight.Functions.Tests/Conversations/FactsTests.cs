using System.Text.Json;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Webhooks;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Rule 9 of the protocol: what counts when events come late, out of order, or again.</summary>
public sealed class FactsTests
{
    [Fact]
    public void The_newest_timestamp_wins_for_state_channel_and_user()
    {
        var facts = After(
            (20, """{"state":"active","channel":"WhatsApp","user":{"name":"New"}}"""),
            (10, """{"state":"idle","channel":"WebChat","user":{"name":"Old"}}"""));

        Assert.Equal(("ACTIVE", "WhatsApp", """{"name":"New"}"""), (facts.State.Value, facts.Channel.Value, facts.User.Value));
    }

    [Fact]
    public void What_an_event_does_not_tell_stays()
    {
        var facts = After((10, """{"state":"active","channel":"WhatsApp","user":{"name":"Ann"}}"""), (20, """{"state":"idle"}"""));

        Assert.Equal(("IDLE", "WhatsApp", """{"name":"Ann"}"""), (facts.State.Value, facts.Channel.Value, facts.User.Value));
    }

    [Fact]
    public void Of_equal_timestamps_the_later_received_wins() =>
        Assert.Equal("IDLE", After((10, """{"state":"active"}"""), (10, """{"state":"idle"}""")).State.Value);

    [Theory]
    [InlineData(1, "active")]
    [InlineData(1, "active", "active", "active")]
    [InlineData(2, "active", "idle", "active")]
    [InlineData(1, "idle", "active")]
    [InlineData(1, "created", "active", "active")]
    [InlineData(0, "created", "idle")]
    public void An_activation_begins_with_each_change_to_active(int activations, params string[] states)
    {
        var at = 0;

        Assert.Equal(activations, After([.. states.Select(s => (++at, $$"""{"state":"{{s}}"}"""))]).Activations);
    }

    [Fact]
    public void An_old_activation_that_comes_late_is_none() =>
        Assert.Equal(1, After((10, """{"state":"active"}"""), (20, """{"state":"idle"}"""), (15, """{"state":"active"}""")).Activations);

    [Fact]
    public void At_the_same_time_state_comes_before_words_and_then_the_event_id_decides()
    {
        Assert.Null(WebhookEvent.TryRead("""{"eventType":"CONVERSATION_UPDATE","conversationId":"c"}"""u8, out var update));
        Assert.Null(WebhookEvent.TryRead("""{"eventType":"MESSAGE","conversationId":"c"}"""u8, out var message));
        string[] inOrder =
        [
            RowKeys.Inbox(9, message.Rank, "z"), RowKeys.Inbox(10, update.Rank, "z"), RowKeys.Inbox(10, message.Rank, "a"),
            RowKeys.Inbox(10, message.Rank, "b"), RowKeys.Inbox(1_700_000_000_000, update.Rank, "a"),
        ];

        Assert.Equal(inOrder, inOrder.Reverse().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Who_writes_into_an_idle_conversation_has_opened_it_anew_even_if_8x8_never_says_so()
    {
        var before = After((10, """{"state":"active"}"""), (20, """{"state":"idle"}"""));

        var after = Says(before, 30);

        Assert.Equal(("ACTIVE", 30), (after.State.Value, after.ReopenedAt));
        Assert.Equal(1, after.After(Update(25, """{"state":"active"}""", out var late), late).Activations);
        Assert.Equal("IDLE", after.After(Update(40, """{"state":"idle"}""", out var idle), idle).State.Value);
    }

    [Fact]
    public void What_was_said_before_the_end_and_comes_late_opens_nothing() =>
        Assert.Equal("IDLE", Says(After((10, """{"state":"active"}"""), (20, """{"state":"idle"}""")), 15).State.Value);

    [Theory]
    [InlineData("active", true)]
    [InlineData("ACTIVE", true)]
    [InlineData("idle", false)]
    [InlineData("created", false)]
    public async Task Only_an_activation_that_is_retried_makes_a_turn_again(string state, bool acts)
    {
        var stored = Update(10, $$"""{"state":"{{state}}"}""", out _) with { IsRetry = true };
        var settings = new EndpointSettings { Name = "Test", Flow = "echo", EightByEight = new() { AcceptConversationActiveEvent = true } };

        var plan = await Plan.MakeAsync(new Snapshot { Inbox = [new Waiting("2|1", stored)] }, settings, DateTimeOffset.UtcNow, new ConversationOptions { TransferGrace = TimeSpan.Zero },
            e => ValueTask.FromResult(e.Body.Inline!));

        Assert.Equal(acts, plan.Acting is not null);
    }

    private static ConversationFacts Says(ConversationFacts facts, long at)
    {
        var stored = Update(at, "{}", out _) with { EventType = "MESSAGE" };
        return facts.AfterInput(stored, JsonElement.Parse("""{"eventType":"MESSAGE","data":{"text":"Hi"}}"""));
    }

    private static ConversationFacts After(params (int At, string Data)[] updates)
    {
        var facts = new ConversationFacts();
        foreach (var (at, data) in updates)
        {
            var stored = Update(at, data, out var body);
            facts = facts.After(stored, body);
        }

        return facts;
    }

    private static StoredEvent Update(long at, string data, out JsonElement body)
    {
        var json = System.Text.Encoding.UTF8.GetBytes($$"""{"eventType":"CONVERSATION_UPDATE","data":{{data}}}""");
        body = JsonElement.Parse(json);
        return new StoredEvent
        {
            EventId = $"e{at}",
            EventType = "CONVERSATION_UPDATE",
            ConversationId = "c",
            Timestamp = at,
            ReceivedAt = at,
            Body = new Body(json, null),
        };
    }
}
