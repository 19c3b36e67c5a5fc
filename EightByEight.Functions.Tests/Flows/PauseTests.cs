using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Requests;

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
        var limits = new FlowLimits { Repeats = 250 };
        var result = Run(flow, new FlowInput { Input = [], Context = [], Profile = [], Limits = limits });

        var parts = 1;
        for (; result.Pause is not null && parts < 2_000; parts++) result = Run(flow, Rest(result) with { Limits = limits });

        Assert.Equal(51, parts);
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
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
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
        Rest = first.Pause,
    };

    private static FlowResult Run(Flow flow, FlowInput input)
    {
        using var run = flow.Begin(input, TestContext.Current.CancellationToken);
        Assert.Null(run.Next());
        return run.Result;
    }

    [Theory]
    [InlineData(25, false)]
    [InlineData(26, true)]
    public void Parts_of_a_turn_share_its_limit_of_outputs(int says, bool fails)
    {
        var steps = string.Join(", ", Enumerable.Repeat("{ say: A }, { delay: 0 }", says));
        var conversation = new Conversation($"name: a\nstart: [ {steps} ]");

        conversation.Say("hi");

        if (fails) Assert.Contains("more than 25 things", conversation.Last.Failure!.Message);
        else Assert.Null(conversation.Last.Failure);
    }

    [Fact]
    public void Parts_of_a_turn_share_how_often_a_step_runs()
    {
        var asked = 0;
        var conversation = new Conversation("name: a\nstart: [ { say: A }, { http: 'https://a.example' },\n { goTo: start } ]")
        {
            Answer = _ =>
            {
                asked++;
                return new(new JsonObject { ["status"] = 200 });
            },
        };

        conversation.Say("hi");

        Assert.Equal((4, "start/0"), (asked, conversation.Last.Failure?.Step));
        Assert.Contains("ran 4 times", conversation.Last.Failure!.Message);
    }

    [Fact]
    public void Parts_of_a_turn_share_how_often_a_step_runs_in_each_call_and_each_pass()
    {
        Assert.Contains("ran 4 times", Failure("name: a\nstart: [ { call: b } ]", "name: b\nstart: [ { delay: 0 }, { goTo: start } ]"));
        Assert.Contains("ran 4 times", Failure("name: a\nstart: [ { call: b }, { goTo: start } ]", "name: b\nstart: [ { delay: 0 }, { set: { context.a: 1 } } ]"));
        Assert.Null(Failure("name: a\nstart: [ { forEach: '[1, 2, 3, 4, 5, 6]', as: context.i, do: [ { delay: 0 }, { call: b } ] } ]",
            "name: b\nstart: [ { delay: 0 }, { set: { context.a: 1 } } ]"));

        static string? Failure(string source, string called)
        {
            var conversation = new Conversation(source, called);
            conversation.Say("hi");
            return conversation.Last.Failure?.Message;
        }
    }

    [Fact]
    public void Parts_of_a_turn_share_its_lines_of_the_log_and_its_goals()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - forEach: "Array.from({ length: 9 }, (x, i) => i)"
                as: context.i
                do:
                  - { log: a }
                  - { log: b }
                  - { log: c }
                  - { log: d }
                  - { log: e }
                  - { log: f }
                  - { track: plan-chosen }
                  - { track: { goal: "goal {{ context.i }}" } }
                  - { delay: 0 }
              - say: "{{ input.completedGoals.length }}: {{ input.completedGoals[0] }}"
            """);

        Assert.Equal("10: plan-chosen", conversation.Say("hi"));
        Assert.Equal(50, conversation.Last.Log.Count);
        Assert.Equal(10, conversation.Last.Tracked.Goals.Count);

        conversation = new Conversation("""
            name: a
            start:
              - forEach: "Array.from({ length: 11 }, (x, i) => i)"
                as: context.i
                do: [ { track: "goal {{ context.i }}" }, { delay: 0 } ]
              - say: Never
            """);
        conversation.Say("hi");
        Assert.Contains("More than 10 goals", conversation.Last.Failure!.Message);
    }

    [Fact]
    public void A_loop_goes_on_with_its_list_whatever_is_asked_in_it()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - http: https://a.example/orders
              - forEach: input.result.body
                as: context.order
                do:
                  - http: "https://a.example/orders/{{ context.order }}"
                  - forEach: input.result.body
                    as: context.line
                    do: [ { call: b } , { say: "{{ context.order }}/{{ context.line }}" } ]
              - say: End.
            """, "name: b\nstart: [ { http: 'https://a.example/b' } ]")
        {
            Answer = asked => new(new JsonObject
            {
                ["status"] = 200,
                ["body"] = ((HttpCall)asked).Url.AbsolutePath switch
                {
                    "/orders" => new JsonArray(1, 2),
                    "/orders/1" => new JsonArray("tea", "cake"),
                    "/orders/2" => new JsonArray("milk"),
                    _ => null,
                },
            }),
        };

        Assert.Equal("1/tea | 1/cake | 2/milk | End.", conversation.Say("hi"));
    }

    [Theory]
    [InlineData("http: https://a.example", "'http' (line 7)")]
    [InlineData("delay: 0", "'delay' (line 7)")]
    [InlineData("agent: { webhook: 'https://a.example' }", "'agent' (line 7)")]
    [InlineData("ask: { url: 'https://a.example', model: m }", "'ask' (line 7)")]
    [InlineData("question: { text: A, type: entity, extract: { url: 'https://a.example', model: m, description: d } }", "'question' (line 7)")]
    [InlineData("if: context.i, then: [ { delay: 0 } ]", "'delay' (line 7)")]
    [InlineData("call: b", "'call' (line 7)")]
    public void A_list_that_is_too_large_to_be_kept_while_a_loop_pauses_is_refused_before_anything_is_done(string step, string where)
    {
        var conversation = new Conversation($$"""
            name: a
            start:
              - forEach: "Array(10).fill('x'.repeat(7000))"
                as: context.order
                do:
                  - say: A
                  - { {{step}} }
            """, "name: b\nstart: [ { call: c } ]", "name: c\nstart: [ { call: b }, { delay: 0 } ]") { Answer = asked => throw new InvalidOperationException($"{asked}") };

        conversation.Say("hi");

        Assert.Equal(("a", "start/0", 3), (conversation.Last.Failure!.Flow, conversation.Last.Failure.Step, conversation.Last.Failure.Line));
        Assert.Contains("larger than 65536 bytes", conversation.Last.Failure.Message);
        Assert.Contains(where, conversation.Last.Failure.Message);
        Assert.Contains("Go through less", conversation.Last.Failure.Message);
    }

    [Theory]
    [InlineData("say: A")]
    [InlineData("call: b")]
    [InlineData("call: nobody")]
    public void A_loop_in_which_no_turn_pauses_goes_through_a_list_of_any_size(string step)
    {
        var conversation = new Conversation($$"""
            name: a
            start:
              - forEach: "Array(10).fill('x'.repeat(7000))"
                as: context.order
                do: [ { if: input.text, then: [ { {{step}} } ] } ]
            """, "name: b\nstart: [ { say: A }, { call: b } ]");

        conversation.Send([]);

        Assert.Null(conversation.Last.Failure);
    }

    [Fact]
    public void Loops_around_one_another_keep_their_lists_together_also_those_of_the_flow_that_called()
    {
        Assert.Equal(("b", "start/0"), Failure("{ call: { flow: b, with: { size: 20000 } } }"));
        Assert.Null(Failure("{ call: { flow: b, with: { size: 3000 } } }"));
        // What was gone through before counts no more.
        Assert.Null(Failure("{ forEach: \"['x'.repeat(30000)]\", as: context.a, do: [ { delay: 0 } ] }, { call: { flow: b, with: { size: 3000 } } }"));

        static (string?, string)? Failure(string steps)
        {
            var conversation = new Conversation($"name: a\nstart: [ {{ forEach: \"['x'.repeat(20000), '']\", as: context.order, do: [ {{ set: {{ context.order: 1 }} }}, {steps} ] }} ]",
                "name: b\nstart: [ { forEach: \"['x'.repeat(context.size), 'x'.repeat(30000)]\", as: context.line, do: [ { delay: 0 } ] } ]");
            conversation.Say("hi");
            return conversation.Last.Failure is { } failure ? (failure.Flow, failure.Step) : null;
        }
    }
}
