using EightByEight.Connector.Analytics;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Privacy;
using EightByEight.Functions.Tests.Flows;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Analytics;

/// <summary>What a Flow says for analytics and to those who run it.</summary>
public sealed class TrackTests
{
    private static FlowResult Run(string steps, string text = "hi")
    {
        var conversation = new Conversation($"name: a\nstart:\n{steps}");
        conversation.Say(text);
        return conversation.Last;
    }

    [Fact]
    public void A_goal_a_value_and_whether_it_understood_are_tracked_and_add_up_in_a_turn()
    {
        var tracked = Run("""
              - track: "{{ input.text }}-done"
              - track: { goal: paid, custom: { plan: "{{ 'go' + 'ld' }}", amount: "{{ 3 * 4 }}", big: true }, understood: false }
              - track: { goal: paid, custom: { plan: silver, none: "{{ undefined }}" }, text: a card number }
            """).Tracked;

        Assert.Equal(["hi-done", "paid"], tracked.Goals);
        Assert.Equal("""{"plan":"silver","amount":12,"big":true}""", tracked.Custom.ToJsonString());
        Assert.False(tracked.Understood);
        Assert.Equal("a card number", tracked.Text);
    }

    [Fact]
    public void A_flow_that_fails_has_tracked_nothing_but_what_it_logged_stays()
    {
        var result = Run("""
              - track: paid
              - log: "before {{ input.text }}"
              - set: { context.x: "{{ (() => { throw new Error('boom') })() }}" }
            """);

        Assert.NotNull(result.Failure);
        Assert.Empty(result.Tracked.Goals);
        Assert.Equal([new FlowLine(LogLevel.Information, "before hi")], result.Log);
    }

    [Fact]
    public void Too_long_goals_and_values_are_cut_once_they_are_masked_and_an_object_is_no_value()
    {
        var result = Run("""  - track: { goal: "g {{ input.text }}", custom: { a: "v {{ input.text }}" } }""", new string('x', 2_000));
        AnalyticsRecord Of(bool hides) => AnalyticsRecord.Of([], result, [new string('x', 2_000)]).For(
            new() { Sequence = 1, EventId = "e", EventType = "MESSAGE", Hides = hides ? Hidden.Input : null }, "c");

        Assert.Equal((200, 1_024), (Of(false).Goals[0].Length, ((string?)Of(false).Custom["a"])!.Length));
        Assert.Equal(("g ***", "v ***"), (Of(true).Goals[0], (string?)Of(true).Custom["a"]));
        Assert.Contains("custom.a is an object", Run("""  - track: { custom: { a: "{{ ({ b: 1 }) }}" } }""").Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_long_text_its_beginning_is_masked_too() =>
        Assert.Equal("at '***', column 3", Masking.WithoutQuotes("at 'The quick brown fox', column 3", ["The quick brown fox jumps over the lazy dog"]));

    [Fact]
    public void A_log_step_has_a_level_and_a_turn_writes_no_more_than_fifty_lines()
    {
        Assert.Equal([new FlowLine(LogLevel.Error, "no order")], Run("  - log: { level: error, message: no order }").Log);
        var steps = string.Concat(Enumerable.Repeat("  - log: again\n", 60));
        Assert.Equal(50, Run(steps).Log.Count);
    }

    [Theory]
    [InlineData("track: {}", "'track' says nothing")]
    [InlineData("track: { gaol: a }", "Did you mean 'goal'?")]
    [InlineData("track: { understood: perhaps }", "'understood' is true or false")]
    [InlineData("track: { custom: [a] }", "'custom' is an object of names and values")]
    [InlineData("track: { custom: { a-b: 1 } }", "'a-b' cannot name a value")]
    [InlineData("track: { custom: { a: [1] } }", "'a' is a text, a number, true or false")]
    [InlineData("track: { custom: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1 } }", "more than 10 values")]
    [InlineData("log: { level: loud, message: a }", "'level' is one of debug, info, warning, error")]
    [InlineData("log: { level: info }", "'log' lacks 'message'")]
    public void A_wrong_step_is_refused_with_the_reason(string step, string reason) =>
        Assert.Contains(reason, Assert.Throws<FlowFormatException>(() => FlowCompiler.Compile($"name: a\nstart:\n  - {step}")).Message, StringComparison.Ordinal);
}
