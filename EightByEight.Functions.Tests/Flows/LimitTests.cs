namespace EightByEight.Functions.Tests.Flows;

/// <summary>What one turn may do.</summary>
public class LimitTests
{
    [Fact]
    public void The_same_step_runs_four_times_in_a_turn()
    {
        var conversation = new Conversation("""
            name: circle
            start:
              - set: { context.n: 1 }
              - goTo: start
            """);

        Assert.Equal("Sorry, something went wrong. Please try again.", conversation.Say("hi"));
        var failure = conversation.Last.Failure!;
        Assert.Equal(("circle", "start/0", 3), (failure.Flow, failure.Step, failure.Line));
        Assert.Contains("ran 4 times", failure.Message);
    }

    [Fact]
    public void A_turn_runs_a_hundred_steps()
    {
        var steps = string.Join(", ", Enumerable.Repeat("{ set: { context.n: 1 } }", 100));
        Assert.Null(Conversation.Run($"name: a\nstart: [ {steps} ]").Failure);
        var failure = Conversation.Run($"name: a\nstart: [ {steps},\n {{ say: Never }} ]").Failure!;
        Assert.Equal(("a", "start/100", 3), (failure.Flow, failure.Step, failure.Line));
        Assert.Contains("More than 100 steps", failure.Message);
    }

    [Fact]
    public void A_turn_says_25_things()
    {
        var says = string.Join(", ", Enumerable.Repeat("{ say: A }", 25));
        Assert.Null(Conversation.Run($"name: a\nstart: [ {says} ]").Failure);
        var result = Conversation.Run($"name: a\nstart: [ {says},\n {{ say: Never }} ]");
        Assert.Equal(("a", "start/25", 3), (result.Failure!.Flow, result.Failure.Step, result.Failure.Line));
        Assert.Contains("more than 25 things", result.Failure.Message);
        Assert.Equal(26, result.Outputs.Count);
    }

    [Theory]
    [InlineData(65_000, false)]
    [InlineData(66_000, true)]
    public void A_context_holds_64_kibibytes(int characters, bool fails)
    {
        var failure = Conversation.Run("""
            name: large
            start:
              - set: { context.small: 1 }
              - set: { context.text: "{{ input.text }}" }
            """, input: $$"""{ "text": "{{new string('x', characters)}}" }""").Failure;

        if (!fails)
        {
            Assert.Null(failure);
            return;
        }

        Assert.Equal(("large", "start/1", 4), (failure!.Flow, failure.Step, failure.Line));
        Assert.Contains("larger than 65536 bytes", failure.Message);
    }

    [Fact]
    public void What_is_replaced_and_removed_does_not_count()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - forEach: "[1, 2, 3, 4, 5, 6, 7, 8]"
                as: context.i
                do: [ { set: { context.text: "{{ input.text }}", context.other: "{{ input.text }}" } }, { set: { context.other: "{{ undefined }}" } } ]
            """);
        conversation.Say(new string('x', 30_000));
        Assert.Null(conversation.Last.Failure);
    }

    [Fact]
    public void The_operator_may_allow_more_or_less()
    {
        var conversation = new Conversation("name: a\nstart: [ { say: A }, { say: B }, { say: C } ]") { Limits = new() { Outputs = 2 } };
        conversation.Say("hi");
        Assert.Contains("more than 2 things", conversation.Last.Failure!.Message);
    }
}
