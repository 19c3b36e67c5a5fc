using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

public class TurnTests
{
    [Fact]
    public void Each_input_runs_from_start_when_nothing_waits()
    {
        var conversation = new Conversation("""
            name: a
            start: [ { say: One }, { say: Two } ]
            """);
        Assert.Equal("One | Two", conversation.Say("hi"));
        Assert.Null(conversation.Position);
        Assert.Equal("One | Two", conversation.Say("hi"));
    }

    [Fact]
    public void A_document_in_json_is_a_flow_too()
    {
        Assert.Equal("Hello", new Conversation("""{ "name": "a", "start": [ { "say": "Hello" } ] }""").Say("hi"));
    }

    [Fact]
    public void WaitForInput_goes_on_below_with_the_next_input()
    {
        var conversation = new Conversation("""
            name: a
            start: [ { say: One }, waitForInput, { say: "{{ input.text }}" } ]
            """);
        Assert.Equal("One", conversation.Say("hi"));
        Assert.Equal("start/1", conversation.Position!.Step);
        Assert.Equal("two", conversation.Say("two"));
        Assert.Equal("One", conversation.Say("three"));
    }

    [Fact]
    public void Stop_ends_the_turn_also_inside_branches()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - if: "true"
                then: [ { say: One }, stop, { say: Two } ]
              - say: Three
            """);
        Assert.Equal("One", conversation.Say("hi"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void The_end_of_a_branch_goes_on_below_the_if_at_any_depth()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - if: input.text === 'deep'
                then:
                  - if: "true"
                    then:
                      - if: "false"
                        then: [ { say: Never } ]
                        else: [ { say: Deep } ]
                else:
                  - say: Shallow
              - say: Below
            """);
        Assert.Equal("Deep | Below", conversation.Say("deep"));
        Assert.Equal("Shallow | Below", conversation.Say("other"));
    }

    [Fact]
    public void A_wait_inside_a_branch_goes_on_in_the_branch_and_then_below_the_if()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - if: "true"
                then: [ waitForInput, { say: Branch } ]
              - say: Below
            """);
        conversation.Say("hi");
        Assert.Equal("start/0/then/0", conversation.Position!.Step);
        Assert.Equal("Branch | Below", conversation.Say("hi"));
    }

    [Fact]
    public void GoTo_reaches_sections_and_steps_by_id_forwards_and_backwards()
    {
        var conversation = new Conversation("""
            name: a
            start: [ { goTo: menu } ]
            menu:
              - say: Menu
              - goTo: last
              - say: Never
              - { id: last, say: Last }
            """);
        Assert.Equal("Menu | Last", conversation.Say("hi"));
    }

    [Fact]
    public void A_goTo_a_question_asks_it_anew()
    {
        var conversation = new Conversation("""
            name: a
            start: [ { id: ask, question: Name? }, { goTo: ask } ]
            """);
        Assert.Equal("Name?", conversation.Say("hi"));
        Assert.Equal("Name?", conversation.Say("Ann"));
        Assert.Equal(0, conversation.Position!.Reprompts);
    }

    [Theory]
    [InlineData("start: [ { say: New } ]")]
    [InlineData("start: [ { say: New }, { say: 'No question any more' } ]")]
    public void A_session_whose_place_is_gone_begins_at_start(string changed)
    {
        var conversation = new Conversation("""
            name: a
            start: [ { set: { context.kept: 1 } }, { question: Name? } ]
            """);
        conversation.Say("hi");
        conversation.Flow = Flow.Parse("name: a\n" + changed);
        Assert.StartsWith("New", conversation.Say("Ann"));
        Assert.Null(conversation.Position);
        Assert.Equal(1, (int)conversation.Context["kept"]!);
    }

    [Fact]
    public void Nothing_passed_in_is_changed_and_nothing_that_comes_out_is_shared()
    {
        var input = new FlowInput
        {
            Input = new JsonObject { ["text"] = "5" },
            Context = new JsonObject { ["inner"] = new JsonObject { ["n"] = 1 }, ["list"] = new JsonArray(3, 1, 2) },
            Profile = new JsonObject { ["name"] = "Ann" },
            Position = new FlowPosition { Step = "start/0" },
        };
        var before = $"{input.Input.ToJsonString()}{input.Context.ToJsonString()}{input.Profile.ToJsonString()}";

        var result = Flow.Parse("""
            name: a
            start:
              - question: { text: How many?, type: number, saveTo: context.inner.n }
              - set:
                  context.sorted: "{{ context.list.sort() }}"
                  context.again: "{{ context.inner }}"
                  profile.name: Bob
                  context.input: "{{ input }}"
            """).Run(input, CancellationToken.None);
        result.Context["inner"]!["n"] = 99;
        result.Profile["x"] = 1;

        Assert.Null(result.Failure);
        Assert.Equal(before, $"{input.Input.ToJsonString()}{input.Context.ToJsonString()}{input.Profile.ToJsonString()}");
        Assert.Equal("[3,1,2]", result.Context["list"]!.ToJsonString());
        Assert.Equal("[1,2,3]", result.Context["sorted"]!.ToJsonString());
        Assert.Equal("""{"n":5}""", result.Context["again"]!.ToJsonString());
    }

    [Fact]
    public void One_flow_serves_many_conversations_at_once()
    {
        var flow = Flow.Parse("""
            name: a
            start:
              - question: { text: Who?, saveTo: context.name }
              - say: "{{ context.name.split('').reverse().join('') }}"
            """);
        Parallel.For(0, 200, i =>
        {
            var conversation = new Conversation(flow);
            conversation.Say("hi");
            Assert.Equal(new string([.. $"name{i}".Reverse()]), conversation.Say($"name{i}"));
        });
    }

    [Fact]
    public void A_cancelled_turn_has_no_result()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var input = new FlowInput { Input = [], Context = [], Profile = [] };
        Assert.ThrowsAny<OperationCanceledException>(() =>
            Flow.Parse("name: a\nstart: [ { say: \"{{ [1].map(x => x) }}\" } ]").Run(input, cancelled.Token));
    }

    [Theory]
    [InlineData(false, "wait", false)]
    [InlineData(false, "end", true)]
    [InlineData(true, "wait", true)]
    public void A_button_that_calls_off_is_shown_where_the_customer_can_be_taken_back(bool canReturn, string withoutReturn, bool isShown)
    {
        var flow = Flow.Parse($"name: x\nstart:\n  - handover: {{ queueId: '1', message: Wait., cancelButton: Stop, withoutReturn: {withoutReturn} }}\n");

        var result = flow.Run(
            new FlowInput { Input = [], Context = [], Profile = [], CanReturn = canReturn }, TestContext.Current.CancellationToken);

        Assert.Equal(isShown, result.Outputs[0].QuickReplies.Count == 1);
        Assert.Equal(isShown, result.Warnings.Count == 0);
        Assert.Equal(isShown, result.Handover!.CancelButton is not null);
    }
}
