using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

public class FailureTests
{
    private const string Source = """
        name: a
        error: Oops.
        start:
          - set: { context.n: 2, profile.n: 2 }
          - say: Before
          - if: context.order.id === 1
            then: [ { say: Never } ]
        """;

    [Fact]
    public void The_customer_reads_what_was_said_before_and_the_error_text()
    {
        Assert.Equal(["Before", "Oops."], Conversation.Run(Source).Outputs.Select(output => output.Text));
    }

    [Fact]
    public void The_operator_reads_step_line_and_reason()
    {
        var failure = Conversation.Run(Source).Failure!;
        Assert.Equal(("start/2", 6), (failure.Step, failure.Line));
        Assert.Contains("undefined", failure.Message);
    }

    [Fact]
    public void Memory_and_position_are_as_before_the_turn()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: How many?, type: number, saveTo: context.n }
              - if: nobody.knows
                then: [ stop ]
            """);
        conversation.Say("hi");
        Assert.EndsWith("Please try again.", conversation.Say("5"));
        Assert.Equal("{}", conversation.Context.ToJsonString());
        Assert.Equal(new FlowPosition { Step = "start/0", AskedAt = 1 }, conversation.Position);
    }

    [Theory]
    [InlineData("{ if: context.a.b, then: [ stop ] }")]
    [InlineData("{ set: { context.x: \"{{ context.a.b }}\" } }")]
    [InlineData("{ set: { context.x: \"so {{ context.a.b }}\" } }")]
    [InlineData("{ set: { context.x: [ { y: \"{{ nobody }}\" } ] } }")]
    [InlineData("{ set: { context.x: \"{{ (() => { const o = {}; o.o = o; return o })() }}\" } }")]
    public void A_condition_or_a_set_that_throws_fails(string step)
    {
        var failure = Conversation.Run($"name: a\nstart:\n  - {step}").Failure;
        Assert.Equal(("start/0", 3), (failure!.Step, failure.Line));
    }

    [Fact]
    public void Input_that_json_cannot_hold_fails_and_does_not_throw()
    {
        var result = Conversation.Run("name: a\nstart: [ { say: \"{{ input.text }}\" } ]", input: """{"text":"a","text":"b"}""");
        Assert.NotNull(result.Failure);
    }
}
