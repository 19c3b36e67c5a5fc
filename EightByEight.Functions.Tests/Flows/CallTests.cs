using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>A Flow that runs another.</summary>
public class CallTests
{
    private const string Caller = """
        name: caller
        start:
          - set: { context.name: Ann }
          - call: { flow: address, with: { country: "{{ input.text }}" }, saveTo: context.address }
          - say: "{{ context.name }}: {{ context.address }}, {{ context.country }}"
        """;

    private const string Address = """
        name: address
        start:
          - say: "<{{ context.name }}>"
          - forEach: "['street', 'town']"
            as: context.what
            do:
              - question: { text: "Which {{ context.what }} in {{ context.country }}?" }
              - set: { context.all: "{{ [...(context.all ?? []), input.result] }}" }
          - goTo: done
        done:
          - return: "{{ context.all.join(' ') }}"
          - say: Never
        """;

    [Fact]
    public void It_has_a_context_of_its_own_and_returns_a_value()
    {
        var conversation = new Conversation(Caller, Address);
        Assert.Equal("<> | Which street in DE?", conversation.Say("DE"));
        Assert.Equal("Which town in DE?", conversation.Say("Main Street"));
        Assert.Equal("Ann: Main Street Berlin, ", conversation.Say("Berlin"));
        Assert.Equal("""{"name":"Ann","address":"Main Street Berlin"}""", conversation.Context.ToJsonString());
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void Places_inside_of_called_flows_survive_a_question()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - forEach: "[1, 2]"
                as: context.n
                do:
                  - call: { flow: b, with: { n: "{{ context.n }}" }, saveTo: context.answer }
                  - say: "{{ context.n }} {{ context.answer }}"
              - say: End
            """, """
            name: b
            start:
              - call: { flow: c, with: { n: "{{ context.n * 10 }}" }, saveTo: context.got }
              - return: "{{ context.got }}!"
            """, """
            name: c
            start:
              - question: "{{ context.n }}?"
              - return: "{{ input.result }}"
            """);
        Assert.Equal("10?", conversation.Say("hi"));
        Assert.Equal(["b", "c"], conversation.Position!.Calls!.Select(call => call.Flow));
        Assert.Equal("1 x! | 20?", conversation.Say("x"));
        Assert.Equal("2 y! | End", conversation.Say("y"));
    }

    [Fact]
    public void It_goes_on_below_at_the_end_of_the_other_flow_and_not_after_a_stop()
    {
        Assert.Equal("B | A", new Conversation("name: a\nstart: [ { call: b }, { say: A } ]", "name: b\nstart: [ { say: B } ]").Say("hi"));
        Assert.Equal("B", new Conversation("name: a\nstart: [ { call: b }, { say: A } ]", "name: b\nstart: [ { say: B }, stop ]").Say("hi"));
        Assert.Equal("A", new Conversation("name: a\nstart: [ { say: A }, return, { say: Never } ]").Say("hi"));
    }

    [Fact]
    public void A_flow_that_is_not_stored_fails_the_step()
    {
        var conversation = new Conversation("name: a\nstart: [ { call: b } ]");
        conversation.Say("hi");
        Assert.Contains("no Flow named 'b'", conversation.Last.Failure!.Message);
    }

    [Fact]
    public void Flows_that_call_one_another_without_end_fail_and_the_flow_is_named()
    {
        var conversation = new Conversation("name: a\nstart: [ { call: b } ]", "name: b\nstart: [ { say: B }, { call: a } ]");
        conversation.Say("hi");
        Assert.Contains("More than 10 Flows", conversation.Last.Failure!.Message);
        var (flow, step) = (conversation.Last.Failure.Flow, conversation.Last.Failure.Step);
        Assert.Equal(("a", "start/0"), (flow, step));
    }

    [Fact]
    public void A_failure_in_a_called_flow_names_it_and_changes_nothing()
    {
        var conversation = new Conversation("name: a\nerror: Oops.\nstart: [ { set: { context.x: 1 } }, { call: b } ]",
            "name: b\nerror: Ours.\nstart: [ { say: B },\n { if: nobody.knows, then: [ stop ] } ]");
        Assert.Equal("B | Oops.", conversation.Say("hi"));
        Assert.Equal(("b", "start/1", 4), (conversation.Last.Failure!.Flow, conversation.Last.Failure.Step, conversation.Last.Failure.Line));
        Assert.Equal("{}", conversation.Context.ToJsonString());
    }

    [Fact]
    public void A_session_whose_called_flow_is_gone_begins_at_start()
    {
        var conversation = new Conversation("name: a\nstart: [ { say: Start }, { call: b } ]", "name: b\nstart: [ { question: Why? } ]");
        Assert.Equal("Start | Why?", conversation.Say("hi"));
        conversation.Flow = Flow.Parse("name: a\nstart: [ { say: New } ]");
        Assert.Equal("New", conversation.Say("because"));
    }

    [Fact]
    public void A_place_stored_before_calls_had_versions_goes_on_in_the_newest()
    {
        var called = Flow.Parse("name: b\nstart: [ { question: Why? }, { say: Newest. } ]");
        called.Version = 7;
        var conversation = new Conversation(Flow.Parse("name: a\nstart: [ { call: b } ]").With(new Dictionary<string, Flow> { ["b"] = called }));
        conversation.Say("hi");
        Assert.Equal(7, conversation.Position!.Calls![0].Version);

        conversation.Change(place => place["Calls"]![0]!.AsObject().Remove("Version"));

        Assert.Equal("Newest.", conversation.Say("because"));
    }

    [Fact]
    public void A_version_that_was_called_can_call_what_the_newest_does_not()
    {
        var conversation = new Conversation("name: a\nstart: [ { call: b } ]",
            "name: b\nstart: [ { question: Why? }, { call: c }, { say: Back. } ]", "name: c\nstart: [ { say: C. } ]");
        conversation.Say("hi");
        var (before, c) = (conversation.Flow.Called["b"], conversation.Flow.Called["c"]);
        var newest = Flow.Parse("name: b\nstart: [ { say: Newest. } ]");
        newest.Version = 1;

        conversation.Flow = Flow.Parse("name: a\nstart: [ { call: b } ]").With(new Dictionary<string, Flow> { ["b"] = newest })
            .With([before.With(new Dictionary<string, Flow> { ["c"] = c })]);

        Assert.False(conversation.Flow.TakesChoices(conversation.Position));
        Assert.Equal("C. | Back.", conversation.Say("because"));
    }

    [Fact]
    public void Whether_a_choice_can_be_typed_is_asked_of_the_called_flow()
    {
        var conversation = new Conversation("name: a\nstart: [ { call: b } ]", "name: b\nstart: [ { question: Why? } ]");
        conversation.Say("hi");
        Assert.False(conversation.Flow.TakesChoices(conversation.Position));
        Assert.True(conversation.Flow.TakesChoices(null));
    }

    [Theory]
    [InlineData(30_000, false)]
    [InlineData(40_000, true)]
    public void What_a_called_flow_is_given_counts_as_its_context(int characters, bool fails)
    {
        var conversation = new Conversation("""
            name: a
            start:
              - set: { context.a: "{{ 'x'.repeat(input.text) }}" }
              - call: { flow: b, with: { a: "{{ context.a }}", b: "{{ context.a }}" } }
            """, "name: b\nstart: [ { question: What? } ]");

        conversation.Say($"{characters}");

        if (!fails)
        {
            Assert.Null(conversation.Last.Failure);
            conversation.Say("that");
            Assert.Null(conversation.Last.Failure);
            return;
        }

        Assert.Equal(("a", "start/1"), (conversation.Last.Failure?.Flow, conversation.Last.Failure?.Step));
        Assert.Contains("larger than 65536 bytes", conversation.Last.Failure!.Message);
    }
}
