using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>A turn that pauses, and goes on as a part of its own.</summary>
public sealed class PauseTests
{
    [Fact]
    public void A_delay_ends_the_first_part_and_the_rest_goes_on_below()
    {
        var flow = Flow.Parse("""
            name: pause
            start:
              - if: "true"
                then:
                  - set: { context.said: "{{ input.text }}" }
                  - say: One.
                  - delay: 2.5
              - say: "Two: {{ input.text }}, {{ context.said }}."
            """);

        var first = Run(flow, new FlowInput { Input = new() { ["text"] = "hi" }, Context = [], Profile = [] });

        Assert.Equal(["One."], first.Outputs.Select(output => output.Text));
        Assert.Equal(TimeSpan.FromSeconds(2.5), first.Pause!.Delay);
        Assert.Null(first.Position);

        var second = Run(flow, Rest(first));

        Assert.Equal(["Two: hi, hi."], second.Outputs.Select(output => output.Text));
        Assert.Null(second.Pause);
    }

    [Fact]
    public void A_pause_with_nothing_after_it_is_none()
    {
        var flow = Flow.Parse("name: last\nstart:\n  - say: Bye.\n  - delay: 5\n");

        Assert.Null(Run(flow, new FlowInput { Input = [], Context = [], Profile = [] }).Pause);
    }

    [Fact]
    public void Parts_of_a_turn_share_its_limit_of_steps()
    {
        var flow = Flow.Parse("name: circle\nstart:\n  - delay: 0\n  - goTo: start\n");
        var result = Run(flow, new FlowInput { Input = [], Context = [], Profile = [] });

        var parts = 1;
        for (; result.Pause is not null && parts < 2_000; parts++) result = Run(flow, Rest(result));

        Assert.InRange(parts, 2, 1_999);
        Assert.Contains("steps in one turn", result.Failure!.Message);
    }

    [Fact]
    public void A_turn_that_paused_before_a_step_that_is_gone_ends_there()
    {
        var first = Run(Flow.Parse("name: x\nstart:\n  - delay: 1\n  - say: Rest.\n"), new FlowInput { Input = [], Context = [], Profile = [] });

        var second = Run(Flow.Parse("name: x\nstart:\n  - say: Other.\n"), Rest(first));

        Assert.Empty(second.Outputs);
        Assert.Contains("changed", second.Warnings[0].Message);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("601")]
    [InlineData("soon")]
    public void A_delay_that_is_no_time_is_refused_where_it_stands(string delay)
    {
        var fault = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: x\nstart:\n  - delay: {delay}\n  - stop\n"));

        Assert.Contains("from 0 to 600", fault.Problems[0].Message);
        Assert.Equal(3, fault.Problems[0].Line);
    }

    private static FlowInput Rest(FlowResult first) => new()
    {
        Input = first.Pause!.Input,
        Context = first.Context,
        Profile = first.Profile,
        Position = first.Pause.At,
        Steps = first.Pause.Steps,
    };

    private static FlowResult Run(Flow flow, FlowInput input)
    {
        using var run = flow.Begin(input, TestContext.Current.CancellationToken);
        Assert.Null(run.Next());
        return run.Result;
    }
}
