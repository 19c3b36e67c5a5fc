using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>Steps that decide what runs, and how often.</summary>
public class LogicTests
{
    [Fact]
    public void To_stop_in_a_block_of_a_handover_ends_the_block_and_the_handover_goes_on()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - handover: { queueId: "101", message: One moment. }
                onQueued: [ { say: You wait. }, { if: "input.handover.data", then: [ { say: On. } ], else: [ stop ] }, { say: Never. } ]
              - say: "Back: {{ input.handover.status }}."
            """);
        string Tell(string status) => conversation.Send(new JsonObject { ["handover"] = new JsonObject { ["status"] = status } });
        Assert.Equal("One moment.", conversation.Say("human"));

        Assert.Equal("You wait.", Tell("queued"));
        Assert.Equal("start/0", conversation.Position!.Step);
        Assert.Equal("Back: completed.", Tell("completed"));
    }

    [Theory]
    [InlineData("small", "S | Below")]
    [InlineData("1", "One | Below")]
    [InlineData("Small", "Other | Below")]
    [InlineData("", "Nothing | Below")]
    public void A_switch_runs_the_case_that_the_value_is(string said, string answer) => Assert.Equal(answer, new Conversation("""
        name: a
        start:
          - switch: "input.text === '1' ? 1 : input.text"
            cases:
              small: [ { say: S } ]
              1: [ { say: One } ]
              "": [ { say: Nothing } ]
            default: [ { say: Other } ]
          - say: Below
        """).Say(said));

    [Fact]
    public void A_switch_without_a_fitting_case_goes_on_below() =>
        Assert.Equal("Below", new Conversation("name: a\nstart: [ { switch: input.channel, cases: { sms: [ { say: S } ] } }, { say: Below } ]").Say("hi"));

    [Fact]
    public void ForEach_runs_its_steps_for_each_item()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - set: { context.items: [ { title: Tea, price: 2 }, { title: Coffee, price: 3 } ], context.sum: 0 }
              - forEach: context.items
                as: context.item
                index: context.i
                do:
                  - set: { context.sum: "{{ context.sum + context.item.price }}" }
                  - say: "{{ context.i }} {{ context.item.title }}"
              - say: "Sum {{ context.sum }}"
            """);
        Assert.Equal("0 Tea | 1 Coffee | Sum 5", conversation.Say("hi"));
    }

    [Theory]
    [InlineData("[]", "Below")]
    [InlineData("null", "Below")]
    [InlineData("undefined", "Below")]
    public void An_empty_list_has_no_pass(string list, string said) =>
        Assert.Equal(said, new Conversation($"name: a\nstart: [ {{ forEach: '{list}', as: context.i, do: [ {{ say: Never }} ] }}, {{ say: Below }} ]").Say("hi"));

    [Fact]
    public void What_is_no_list_fails()
    {
        var failure = Conversation.Run("name: a\nstart: [ { forEach: input.text, as: context.i, do: [ { say: Never } ] } ]").Failure;
        Assert.Contains("is not a list", failure!.Message);
    }

    [Fact]
    public void A_question_in_a_loop_goes_on_with_the_next_pass()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - set: { context.sizes: [] }
              - forEach: "['Ann', 'Bob']"
                as: context.who
                do:
                  - if: "true"
                    then:
                      - question: { text: "Size of {{ context.who }}?", type: choice, options: [ S, L ] }
                  - forEach: "[1, 2]"
                    as: context.n
                    do: [ { set: { context.sizes: "{{ [...context.sizes, input.result + context.n] }}" } } ]
              - say: "{{ context.sizes.join(' ') }}"
            """);
        Assert.Equal("Size of Ann?", conversation.Say("hi"));
        Assert.Equal("Size of Ann?", conversation.Say("XXL"));
        Assert.Equal("Size of Bob?", conversation.Say("S"));
        Assert.Equal("S1 S2 L1 L2", conversation.Say("L"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void While_runs_as_long_as_its_condition_holds() => Assert.Equal("1 | 2 | 3 | Below", new Conversation("""
        name: a
        start:
          - set: { context.n: 0 }
          - while: context.n < 3
            do: [ { set: { context.n: "{{ context.n + 1 }}" } }, { say: "{{ context.n }}" } ]
          - say: Below
        """).Say("hi"));

    [Theory]
    [InlineData("while: \"true\"", 20)]
    [InlineData("while: \"true\", atMost: 3", 3)]
    [InlineData("forEach: \"Array.from({ length: 30 })\", as: context.i, atMost: 7", 7)]
    public void A_loop_has_a_bound(string loop, int passes)
    {
        var result = Conversation.Run($"name: a\nstart: [ {{ {loop}, do: [ {{ say: X }} ] }} ]");
        Assert.Contains($"has run {passes} times", result.Failure!.Message);
        Assert.Equal(passes + 1, result.Outputs.Count);
    }

    [Fact]
    public void A_loop_of_exactly_its_bound_is_right() => Assert.Null(Conversation.Run(
        "name: a\nstart: [ { forEach: '[1, 2, 3]', as: context.i, atMost: 3, do: [ { say: X } ] } ]").Failure);

    [Fact]
    public void A_goTo_leads_out_of_a_loop_and_into_one()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - forEach: "[1, 2, 3]"
                as: context.n
                do:
                  - id: inside
                    say: "{{ context.n }}"
                  - if: context.n === 2
                    then: [ { goTo: out } ]
              - say: End
            out:
              - once: [ { say: Out }, { goTo: inside } ]
              - say: Done
            """);
        Assert.Equal("1 | 2 | Out | 2 | Done", conversation.Say("hi"));
    }

    [Fact]
    public void Once_runs_the_first_time_in_a_session_and_afterwards_from_then_on()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - if: input.text === 'forget'
                then: [ resetContext ]
              - once: [ { say: Welcome } ]
                afterwards: [ { say: Again } ]
              - say: Below
            """);
        Assert.Equal("Welcome | Below", conversation.Say("hi"));
        Assert.Equal("Again | Below", conversation.Say("hi"));
        Assert.Equal("Again | Below", conversation.Say("hi"));
        Assert.Equal("Welcome | Below", conversation.Say("forget"));
    }

    [Fact]
    public void Interval_runs_again_only_after_its_time()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - interval: 60
                then: [ { say: Due } ]
                else: [ { say: Not yet } ]
            """);
        Assert.Equal("Due", conversation.Say("hi"));
        conversation.Now = conversation.Now.AddSeconds(59);
        Assert.Equal("Not yet", conversation.Say("hi"));
        conversation.Now = conversation.Now.AddSeconds(1);
        Assert.Equal("Due", conversation.Say("hi"));
    }

    [Fact]
    public void Think_runs_the_flow_from_its_start_as_though_the_customer_had_said_it()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - if: input.text === 'cIntent:Book|table'
                then: [ { say: "Booking with {{ input.data.seats }}" }, stop ]
              - think: { intent: Book, text: table, data: { seats: 4 } }
            """);
        Assert.Equal("Booking with 4", conversation.Say("hi"));
    }

    [Fact]
    public void What_is_thought_has_only_what_the_step_gives_it()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - if: input.data?.topic
                then: [ { say: "<{{ input.text }}> {{ input.mode }} {{ input.attachments }}" }, stop ]
              - if: input.text === 'more'
                then: [ { think: { data: { topic: 1, attachments: [ { name: b } ] } } } ]
              - if: input.text === 'both'
                then: [ { think: { text: too, data: { topic: 1 } } } ]
              - think: { data: { topic: 1 } }
            """);
        JsonObject Input(string text) => new() { ["text"] = text, ["mode"] = "TextOnly", ["attachments"] = new JsonArray("a") };

        Assert.Equal("<> TextData ", conversation.Send(Input("hi")));
        Assert.Equal("<too> TextData ", conversation.Send(Input("both")));
        Assert.Equal("""<> TextData [{"name":"b"}]""", conversation.Send(Input("more")));
    }

    [Fact]
    public void A_state_is_seen_until_it_is_set_again()
    {
        var flow = Flow.Parse("""
            name: a
            start:
              - say: "<{{ input.state }}>"
              - setState: "{{ input.text }}"
              - switch: input.state
                cases: { billing: [ { say: Bills } ] }
            """);
        var conversation = new Conversation(flow);
        Assert.Equal("<> | Bills", conversation.Say("billing"));
        Assert.Equal("billing", conversation.Last.Marks.State);
        conversation.Say("");
        Assert.Null(conversation.Last.Marks.State);
    }

    [Theory]
    [InlineData("switch: input.text", "lacks 'cases'")]
    [InlineData("switch: input.text, cases: [ a ]", "object of values and steps")]
    [InlineData("forEach: context.x, do: [ stop ]", "lacks 'as'")]
    [InlineData("forEach: context.x, as: item, do: [ stop ]", "not a place to store")]
    [InlineData("forEach: context.x, as: context.i", "lacks 'do'")]
    [InlineData("while: context.x, do: [ stop ], atMost: 0", "whole number from 1 to 1000")]
    [InlineData("interval: soon, then: [ stop ]", "number of seconds")]
    [InlineData("interval: NaN, then: [ stop ]", "number of seconds")]
    [InlineData("interval: -Infinity, then: [ stop ]", "number of seconds")]
    [InlineData("interval: 5", "lacks 'then'")]
    [InlineData("once: stop", "list of steps")]
    [InlineData("think: {}", "lacks what is to be thought")]
    [InlineData("call: Not A Name", "cannot be the name of a Flow")]
    [InlineData("call: { with: { a: 1 } }", "lacks 'flow'")]
    [InlineData("call: { flow: a, with: { a.b: 1 } }", "without '.'")]
    [InlineData("setSessionExpiration: 0", "more than 0")]
    public void What_is_missing_or_wrong_is_named(string step, string problem)
    {
        var refused = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart: [ {{ {step} }} ]"));
        Assert.Contains(problem, refused.Message);
    }

    [Fact]
    public void A_context_that_is_reset_is_empty_and_what_ran_once_runs_once_again()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - if: input.text === 'reset'
                then: [ resetContext ]
              - set: { context.n: "{{ (context.n ?? 0) + 1 }}", profile.n: "{{ (profile.n ?? 0) + 1 }}" }
              - once: [ { say: Once. } ]
              - interval: 3600
                then: [ { say: Now and then. } ]
              - say: { text: [ first, second ], order: linear }
              - call: b
              - say: "{{ context }} {{ profile.n }}"
            """, """
            name: b
            start:
              - set: { context.own: 1 }
              - if: input.text === 'reset'
                then: [ resetContext ]
              - say: "b: {{ context }}"
            """);

        Assert.Equal("""Once. | Now and then. | first | b: {"own":1} | {"n":1} 1""", conversation.Say("hi"));
        Assert.Equal("""second | b: {"own":1} | {"n":2} 2""", conversation.Say("hi"));
        Assert.Equal("""Once. | Now and then. | first | b: {} | {"n":1} 3""", conversation.Say("reset"));
    }

    [Fact]
    public void A_while_counts_its_passes_across_inputs()
    {
        var conversation = new Conversation("name: a\nstart: [ { while: 'true', atMost: 3, do: [ { question: More? } ] } ]");
        for (var pass = 0; pass < 3; pass++) Assert.Equal("More?", conversation.Say("yes"));

        conversation.Say("yes");

        Assert.Contains("has run 3 times", conversation.Last.Failure!.Message);
    }
}
