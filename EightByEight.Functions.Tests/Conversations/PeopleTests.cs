using System.Text.Json;
using EightByEight.Connector.Conversations;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Who talks, as 8x8's events tell it in several ways and in no promised order.</summary>
public sealed class PeopleTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    private const string Joined = """{"eventType":"MEMBERS_CHANGED","data":{"memberType":"agent","change":"joined","id":"a"}}""";
    private const string Left = """{"eventType":"MEMBERS_CHANGED","data":{"memberType":"agent","change":"left","id":"a"}}""";
    private const string OtherJoined = """{"eventType":"MEMBERS_CHANGED","data":{"memberType":"agent","change":"joined","id":"b"}}""";
    private const string OtherLeft = """{"eventType":"MEMBERS_CHANGED","data":{"memberType":"agent","change":"left","id":"b"}}""";
    private const string UserLeft = """{"eventType":"MEMBERS_CHANGED","data":{"memberType":"user","change":"left"}}""";
    private const string Transfer = """{"eventType":"TRANSFER"}""";
    private const string AgentSays = """{"eventType":"MESSAGE","data":{"sender":{"type":"agent","id":"a"},"text":"Hello"}}""";
    private const string CustomerSays = """{"eventType":"MESSAGE","data":{"sender":{"type":""},"text":"Hello"}}""";
    private const string Assigned = """{"eventType":"CONVERSATION_UPDATE","data":{"state":"active","assignment":{"type":"agent","id":"a"}}}""";
    private const string Queue = """{"eventType":"CONVERSATION_UPDATE","data":{"state":"active","assignment":{"type":"queue","id":"101"}}}""";
    private const string Script = """{"eventType":"CONVERSATION_UPDATE","data":{"assignment":{"type":"script","id":"1"}}}""";
    private const string Idle = """{"eventType":"CONVERSATION_UPDATE","data":{"state":"IDLE"}}""";
    private const string LegacyJoined = """{"eventType":"AGENT_JOINED","agentId":"a"}""";
    private const string LegacyLeft = """{"eventType":"AGENT_LEFT","agentId":"a"}""";
    private const string LegacyText = """{"eventType":"TEXT","messageType":"AGENT","message":"Hello"}""";

    [Theory]
    [InlineData(Joined)]
    [InlineData(AgentSays)]
    [InlineData(Assigned)]
    [InlineData(LegacyJoined)]
    [InlineData(LegacyText)]
    public void Each_sign_of_an_agent_means_that_people_talk(string sign) => Assert.Equal(Talk.Yes, After(20, (1, sign)));

    [Theory]
    [InlineData(CustomerSays)]
    [InlineData(Queue)]
    [InlineData("""{"eventType":"SOMETHING_NEW"}""")]
    public void Nothing_else_does(string other) => Assert.Equal(Talk.No, After(20, (1, other)));

    [Fact]
    public void Who_left_is_waited_for_ten_seconds()
    {
        Assert.Equal(Talk.Undecided, After(11, (1, Joined), (5, Left)));
        Assert.Equal(Talk.No, After(16, (1, Joined), (5, Left)));
        Assert.Equal(Talk.No, After(16, (1, LegacyJoined), (5, LegacyLeft)));
    }

    [Fact]
    public void A_transfer_goes_on_in_either_order()
    {
        Assert.Equal(Talk.Yes, After(60, (1, Joined), (5, Left), (6, Transfer)));
        Assert.Equal(Talk.Yes, After(60, (1, Joined), (5, Transfer), (6, Left)));
    }

    [Fact]
    public void A_transfer_is_used_up_by_the_next_agent()
    {
        Assert.Equal(Talk.Yes, After(60, (1, Joined), (5, Transfer), (6, Left), (8, OtherJoined)));
        Assert.Equal(Talk.No, After(60, (1, Joined), (5, Transfer), (6, Left), (8, OtherJoined), (12, OtherLeft)));
    }

    [Fact]
    public void With_one_of_two_agents_gone_people_still_talk() =>
        Assert.Equal(Talk.Yes, After(60, (1, Joined), (2, OtherJoined), (5, Left)));

    [Theory]
    [InlineData(Idle)]
    [InlineData(UserLeft)]
    [InlineData(Script)]
    public void The_end_of_the_case_is_the_end_at_once(string end) => Assert.Equal(Talk.No, After(6, (1, Joined), (2, AgentSays), (5, end)));

    [Fact]
    public void An_old_sign_that_comes_late_changes_nothing()
    {
        Assert.Equal(Talk.No, After(60, (5, Left), (1, Joined)));
        Assert.Equal(Talk.No, After(60, (1, Joined), (5, Left), (4, AgentSays)));
        Assert.Equal(Talk.No, After(60, (1, Joined), (9, Queue), (5, Idle)));
    }

    [Fact]
    public void A_new_case_can_have_an_agent_again() =>
        Assert.Equal(Talk.Yes, After(60, (1, Joined), (5, Idle), (9, Joined)));

    /// <summary>Whether people talk so many seconds after the start, after events of given seconds in the order of their arrival.</summary>
    private static Talk After(int now, params (int Second, string Body)[] events)
    {
        var facts = new ConversationFacts();
        foreach (var (second, body) in events)
        {
            var at = Start.AddSeconds(second).ToUnixTimeMilliseconds();
            using var document = JsonDocument.Parse(body);
            facts = facts.After(new StoredEvent
            {
                EventId = "e",
                EventType = document.RootElement.GetProperty("eventType").GetString()!,
                ConversationId = "c",
                Timestamp = at,
                ReceivedAt = at,
                Body = default,
            }, document.RootElement);
        }

        return facts.People.TalkAt(Start.AddSeconds(now), Grace);
    }
}
