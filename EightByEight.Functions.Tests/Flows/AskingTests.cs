using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>Steps that need something from outside in the middle of a turn.</summary>
public class AskingTests
{
    private const string Served = """
        name: served
        start:
          - set: { context.queueId: "101" }
          - queueStatus: { queueId: "{{ context.queueId }}", saveTo: context.queue }
          - say: "{{ context.queue === null ? 'unknown' : context.queue.agents.available }}"
        """;

    [Fact]
    public void A_flow_goes_on_with_what_the_world_answers()
    {
        FlowRequest? asked = null;
        var conversation = new Conversation(Served)
        {
            Answer = request =>
            {
                asked = request;
                return new(JsonNode.Parse("""{"agents":{"available":3}}"""));
            },
        };

        Assert.Equal("3", conversation.Say("hi"));
        Assert.Equal(new QueueStatusRequest("101"), asked);
        Assert.Empty(conversation.Last.Warnings);
    }

    [Fact]
    public void Without_an_answer_null_is_stored_and_the_operator_is_told_why()
    {
        var conversation = new Conversation(Served) { Answer = _ => new(null, "8x8 is down.") };

        Assert.Equal("unknown", conversation.Say("hi"));
        var warning = Assert.Single(conversation.Last.Warnings);
        Assert.Equal(("start/1", 4, "8x8 is down."), (warning.Step, warning.Line, warning.Message));
    }

    [Fact]
    public void Without_an_answer_onError_runs_and_the_flow_goes_on_below()
    {
        var conversation = new Conversation("""
            name: error
            start:
              - schedule: { scheduleId: "1", saveTo: context.hours }
                onError: [ { say: I cannot look. } ]
              - say: Anyway.
            """);

        Assert.Equal("I cannot look. | Anyway.", conversation.Say("hi"));
    }

    [Fact]
    public void Asking_again_and_again_in_a_circle_fails_the_flow()
    {
        var conversation = new Conversation("""
            name: circle
            start:
              - schedule: { scheduleId: "1", saveTo: context.hours }
              - goTo: start
            """)
        { Answer = _ => new("open") };

        conversation.Say("hi");

        Assert.Contains("runs in a circle", conversation.Last.Failure!.Message);
    }

    [Theory]
    [InlineData("queueStatus: { saveTo: context.a }", "lacks 'queueId'")]
    [InlineData("queueStatus: { queueId: \"1\" }", "lacks 'saveTo'")]
    [InlineData("schedule: { scheduleId: \"1\", saveTo: input.a }", "not a place to store")]
    [InlineData("schedule: { scheduleId: \"1\", saveTo: context.a, when: x }", "has no member 'when'")]
    public void What_is_missing_or_wrong_is_named(string step, string problem)
    {
        var refused = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart: [ {{ {step} }} ]"));
        Assert.Contains(problem, refused.Message);
    }

    [Fact]
    public void What_comes_back_from_an_agent_is_asked_for_as_the_step_says()
    {
        FlowRequest? asked = null;
        var conversation = new Conversation("""
            name: a
            start:
              - scheduleHandback: { webhookId: "12", maxTotalMinutes: 60, userTimeoutMinutes: 20, saveTo: context.back }
              - say: "{{ context.back }}"
            """)
        {
            Answer = request =>
            {
                asked = request;
                return new(true);
            },
        };

        Assert.Equal("true", conversation.Say("hi"));
        Assert.Equal(new HandbackRequest("12", 60, 20), asked! with { AskedBy = null });
    }
}
