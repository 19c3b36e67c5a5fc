using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Which of the events that wait makes a turn.</summary>
public sealed class PlanTests
{
    private const long Start = 1_700_000_000_000;
    private static readonly ConversationOptions Options = new();

    [Theory]
    [InlineData("""{"eventType":"ACTIVITY","data":{"name":"typing","value":{"users":[{"type":"agent","id":"a"}]}}}""")]
    [InlineData("""{"eventType":"ACTIVITY","data":{"name":"typing","value":{"users":[{"type":"user","id":"c"}]}}}""")]
    [InlineData("""{"eventType":"ACTIVITY","data":{"name":"typing","value":{"users":[]}}}""")]
    [InlineData("""{"eventType":"ACTIVITY","data":{"name":"read-receipts","value":[{"timestamp":1,"users":[{"id":"c","type":"user"}]}]}}""")]
    public async Task Who_types_or_reads_makes_no_turn(string activity)
    {
        var plan = await PlanAsync(new(), activity);

        Assert.Null(plan.Acting);
        Assert.Single(plan.Absorbed);
    }

    [Theory]
    [InlineData(200, false)]
    [InlineData(2_000, true)]
    public async Task A_title_that_comes_before_its_click_is_one_input_with_it(int later, bool acts)
    {
        var said = Stored(1, """{"eventType":"MESSAGE","data":{"sender":{"type":"user"},"text":"Yes"}}""", Start);
        var first = await PlanAsync(new(), said);
        Assert.NotNull(first.Acting);

        var second = await PlanAsync(first.After(new()), Stored(2, Click("Yes", "yes!"), Start + later));

        Assert.Equal(acts, second.Acting is not null);
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(1_000, false)]
    [InlineData(5_000, false)]
    [InlineData(5_001, true)]
    public async Task What_was_said_to_an_agent_and_comes_after_the_agent_left_makes_no_turn(int at, bool acts)
    {
        const string agent = """{"eventType":"MEMBERS_CHANGED","data":{"memberType":"agent","change":"WHAT","id":"a"}}""";
        var facts = new ConversationFacts();
        foreach (var (change, when) in new[] { ("joined", 0), ("left", 5_000) })
        {
            var stored = Stored(when, agent.Replace("WHAT", change, StringComparison.Ordinal), Start + when) with { EventType = "MEMBERS_CHANGED" };
            facts = facts.After(stored, System.Text.Json.JsonElement.Parse(stored.Body.Inline!));
        }

        var plan = await PlanAsync(new() { Facts = facts }, Stored(9, Message("Hello"), Start + at), later: 60_000);

        Assert.Equal(acts, plan.Acting is not null);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1_000, false)]
    [InlineData(5_000, false)]
    [InlineData(5_001, true)]
    public async Task What_was_said_during_a_handover_and_comes_after_its_end_makes_no_turn(int at, bool acts)
    {
        var over = HandoverCase.Begin(new HandoverRequest { QueueId = "101" }, Start, DateTimeOffset.FromUnixTimeMilliseconds(Start)) with
        {
            Status = HandoverStatus.Completed,
            AgentLeftAt = Start + 5_000,
        };

        var plan = await PlanAsync(new() { Handover = over }, Stored(9, Message("Hello"), Start + at), later: 60_000);

        Assert.Equal(acts, plan.Acting is not null);
    }

    [Theory]
    [InlineData(3_000, false)]
    [InlineData(6_000, true)]
    public async Task What_was_said_to_an_agent_makes_no_turn_where_the_end_is_told_before_the_agents_leaving(int at, bool acts)
    {
        var state = Waits(HandoverStatus.Queued);
        foreach (var (body, when) in new[] { (Joined, 1_000), (GivenBack, 5_000) })
            state = (await PlanAsync(state, Stored(2, body, Start + when))).After(state);
        Assert.False(state.Handover!.IsActive);
        state = state with { Handover = state.Handover with { Notices = [] } };

        var plan = await PlanAsync(state, Stored(9, Message("Hello"), Start + at), later: 60_000);

        Assert.Equal(acts, plan.Acting is not null);
    }

    [Fact]
    public async Task A_title_that_comes_after_its_click_is_one_input_with_it_once()
    {
        var clicked = await PlanAsync(new(), Stored(1, Click("Yes", "yes!"), Start));
        Assert.NotNull(clicked.Acting);

        var echo = await PlanAsync(clicked.After(new()), Stored(2, Message("Yes"), Start + 3_000));
        var typed = await PlanAsync(echo.After(new()), Stored(3, Message("Yes"), Start + 4_000));

        Assert.Null(echo.Acting);
        Assert.NotNull(typed.Acting);
    }

    [Theory]
    [InlineData("script-1", WithoutReturn.Wait, nameof(HandoverStatus.Queued), true)]
    [InlineData(null, WithoutReturn.End, nameof(HandoverStatus.Queued), true)]
    [InlineData(null, WithoutReturn.Wait, nameof(HandoverStatus.Queued), false)]
    [InlineData("script-1", WithoutReturn.End, nameof(HandoverStatus.Requested), true)]
    [InlineData("script-1", WithoutReturn.End, nameof(HandoverStatus.Agent), false)]
    [InlineData("script-1", WithoutReturn.End, nameof(HandoverStatus.Transferred), false)]
    [InlineData("script-1", WithoutReturn.End, nameof(HandoverStatus.Returning), false)]
    public async Task A_customer_calls_off_only_where_there_is_a_way_back_and_no_agent(
        string? returnScriptId, WithoutReturn without, string status, bool cancels)
    {
        var plan = await PlanAsync(Waits(Enum.Parse<HandoverStatus>(status), without), Stored(2, Message(" NEVER mind "), Start + 1), returnScriptId);

        Assert.Equal(cancels, plan.Cancels);
        Assert.Equal(cancels, plan.Acting is not null);
    }

    [Theory]
    [InlineData("cIntent:stop", true)]
    [InlineData("cIntent:stop|0.9", true)]
    [InlineData("cIntent:stopper", false)]
    [InlineData("stop", false)]
    [InlineData("never mind, I can wait", false)]
    public async Task Only_the_buttons_text_and_the_named_intent_call_off(string said, bool cancels) =>
        Assert.Equal(cancels, (await PlanAsync(Waits(HandoverStatus.Queued), Stored(2, Message(said), Start + 1), "script-1")).Cancels);

    [Fact]
    public async Task The_number_of_the_button_calls_off_whatever_was_said_since()
    {
        var shown = Offer.Of([new QuickReply("Never mind", "Never mind")], first: 1);
        var state = Waits(HandoverStatus.Queued) with
        {
            Session = new Session { Id = "s", Flow = "test", Offer = shown.AskedAgain(Offer.Nothing) },
        };

        Assert.True((await PlanAsync(state, Stored(2, Message("1"), Start + 1), "script-1")).Cancels);
        Assert.False((await PlanAsync(state, Stored(2, Message("2"), Start + 1), "script-1")).Cancels);
    }

    private static ConversationState Waits(HandoverStatus status, WithoutReturn without = WithoutReturn.Wait) => new()
    {
        Handover = HandoverCase.Begin(
            new HandoverRequest { QueueId = "101", CancelButton = "Never mind", CancelIntent = "stop", WithoutReturn = without }, Start,
            DateTimeOffset.FromUnixTimeMilliseconds(Start)) with
        { Status = status },
    };

    private const string Joined = """{"eventType":"MEMBERS_CHANGED","data":{"memberType":"agent","change":"joined","id":"agent-1"}}""";
    private const string GivenBack = """{"eventType":"CONVERSATION_UPDATE","data":{"assignment":{"type":"script","id":"1"}}}""";

    private static string Message(string text) => $$$"""{"eventType":"MESSAGE","data":{"sender":{"type":"user"},"text":"{{{text}}}"}}""";

    private static string Click(string title, string payload) => new JsonObject
    {
        ["eventType"] = "ACTIVITY",
        ["data"] = new JsonObject
        {
            ["name"] = "quickReply/action",
            ["value"] = new JsonObject
            {
                ["type"] = "postback",
                ["data"] = new JsonObject { ["title"] = title, ["payload"] = payload },
            },
        },
    }.ToJsonString();

    private static StoredEvent Stored(int number, string body, long at) => new()
    {
        EventId = number.ToString(CultureInfo.InvariantCulture),
        EventType = (string)JsonNode.Parse(body)!["eventType"]!,
        ConversationId = "c",
        Timestamp = at,
        ReceivedAt = at,
        Body = new(Encoding.UTF8.GetBytes(body), null),
    };

    private static Task<Plan> PlanAsync(ConversationState state, string body) => PlanAsync(state, Stored(1, body, Start));

    private static async Task<Plan> PlanAsync(ConversationState state, StoredEvent stored, string? returnScriptId = null, long later = 0) => await Plan.MakeAsync(
        new Snapshot { State = state, Inbox = [new Waiting(RowKeys.Inbox(stored.Timestamp, 1, stored.EventId), stored)] },
        new EndpointSettings { Name = "Test", Flow = "test", EightByEight = new(), Handover = new() { ReturnScriptId = returnScriptId } },
        DateTimeOffset.FromUnixTimeMilliseconds(stored.Timestamp + later), Options, one => ValueTask.FromResult(one.Body.Inline!));
}
