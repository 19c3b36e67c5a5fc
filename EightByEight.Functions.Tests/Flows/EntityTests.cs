using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Models;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>Questions whose answers a language model finds.</summary>
public class EntityTests
{
    private const string Trip = """
        name: trip
        intents: { cancel: { examples: [ forget it, cancel that please ] } }
        start:
          - question:
              text: Where to?
              type: entity
              extract: { url: "https://llm.example.com/v1", model: m, connection: llm, description: The city, schema: { type: object, properties: { city: { type: string } } } }
              reprompt: Which city?
              confirm: "[ANSWER]?"
              saveTo: context.trip
            intents: { cancel: [ say: Fine., stop ] }
          - say: "To {{ context.trip.city }}."
        """;

    private const string Extract = "type: entity, extract: { url: 'https://llm.example.com/v1', model: m, description: The city }";

    private const string Early = $$$"""
        name: early
        start:
          - question: { text: Where to?, skipIfInInput: true, saveTo: context.to, {{{Extract}}} }
          - say: "To {{ context.to }}."
        """;

    private const string ByTheWay = $$$"""
        name: by-the-way
        start:
          - optionalQuestion: { text: From where?, saveTo: context.from, {{{Extract}}} }
            then: [ { say: "{{ context.from }}, noted." } ]
          - question: { text: Which size?, saveTo: context.size }
          - say: "From {{ context.from }}, size {{ context.size }}."
        """;

    [Fact]
    public void What_the_model_finds_is_the_answer()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(asked, """{"found":true,"value":{"city":"Rome"}}""");

        Assert.Equal("Where to?", customer.Say("Hi"));
        Assert.Empty(asked);
        Assert.Equal("""{"city":"Rome"}?""", customer.Say("I would love to see Rome"));
        Assert.Equal("To Rome.", customer.Say("yes"));

        var request = Assert.Single(asked);
        Assert.Equal("I would love to see Rome", Assert.Single(request.Messages).Text);
        Assert.Contains("Where to?", request.Instructions, StringComparison.Ordinal);
        Assert.Contains("The city", request.Instructions, StringComparison.Ordinal);
        Assert.Equal("string", (string?)request.Schema!["properties"]!["value"]!["properties"]!["city"]!["type"]);
        Assert.Equal("llm", request.Model.Connection);
    }

    [Theory]
    [InlineData("""{"found":false}""")]
    [InlineData("""{"found":true}""")]
    [InlineData("null")]
    public void What_it_does_not_find_is_no_answer(string found)
    {
        var customer = Talk([], found);
        customer.Say("Hi");

        Assert.Equal("Which city?", customer.Say("Somewhere warm"));
        Assert.Empty(customer.Last.Warnings);
    }

    [Fact]
    public void A_model_that_does_not_answer_is_asked_again_with_the_next_input()
    {
        var isDown = true;
        var customer = new Conversation(Trip) { Answer = _ => isDown ? new FlowAnswer(null, "It is down.") : new FlowAnswer(JsonNode.Parse("""{"found":true,"value":{"city":"Rome"}}""")) };
        customer.Say("Hi");

        Assert.Equal("Which city?", customer.Say("Rome"));
        Assert.Equal("It is down.", Assert.Single(customer.Last.Warnings).Message);
        isDown = false;
        Assert.Equal("""{"city":"Rome"}?""", customer.Say("Rome"));
    }

    [Fact]
    public void An_intent_that_leads_elsewhere_asks_nobody()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(asked, "null");
        customer.Say("Hi");

        Assert.Equal("Fine.", customer.Say("cIntent:cancel"));
        Assert.Empty(asked);
    }

    [Theory]
    [InlineData(Trip)]
    [InlineData(Early)]
    [InlineData(ByTheWay)]
    public void Who_runs_the_turn_knows_that_it_asks(string flow) => Assert.True(Flow.Parse(flow).Asks);

    [Fact]
    public void What_the_input_before_a_question_holds_is_not_asked_for_where_the_author_says_so()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(asked, """{"found":true,"value":"Rome"}""", Early);

        Assert.Equal("To Rome.", customer.Say("I want to go to Rome"));

        var request = Assert.Single(asked);
        Assert.Equal("I want to go to Rome", Assert.Single(request.Messages).Text);
        Assert.Contains("Where to?", request.Instructions, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_input_before_a_question_does_not_hold_is_asked_for_and_looked_for_in_the_answer()
    {
        var asked = new List<ModelRequest>();
        var customer = new Conversation(Early)
        {
            Answer = request => Found(asked, request) with { Value = JsonNode.Parse(((ModelRequest)request).Messages[0].Text == "Rome" ? """{"found":true,"value":"Rome"}""" : """{"found":false}""") },
        };

        Assert.Equal("Where to?", customer.Say("Hi"));
        Assert.Equal("To Rome.", customer.Say("Rome"));
        Assert.Equal(["Hi", "Rome"], asked.Select(request => request.Messages[0].Text));
        Assert.Equal(2, asked.Select(request => request.Id).Distinct().Count());
    }

    [Fact]
    public void What_one_question_found_in_an_input_is_no_answer_to_the_next()
    {
        var asked = new List<ModelRequest>();
        var customer = new Conversation($$$"""
            name: two
            start:
              - question: { text: From where?, skipIfInInput: true, saveTo: context.from, {{{Extract}}} }
              - question: { text: Where to?, skipIfInInput: true, saveTo: context.to, {{{Extract}}} }
              - say: "{{ context.from }} to {{ context.to }}."
            """)
        {
            Answer = request => Found(asked, request) with
            {
                Value = JsonNode.Parse(((ModelRequest)request).Instructions!.Contains("From where?", StringComparison.Ordinal) ? """{"found":true,"value":"Oslo"}""" : """{"found":false}"""),
            },
        };

        Assert.Equal("Where to?", customer.Say("From Oslo"));
        Assert.Equal("Oslo", (string?)customer.Context["from"]);
        Assert.Equal(2, asked.Select(request => request.Id).Distinct().Count());
    }

    [Fact]
    public void An_answer_that_is_known_and_an_input_without_a_text_ask_nobody()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(asked, """{"found":true,"value":"Rome"}""", Early.Replace("skipIfInInput: true", "skipIfInInput: true, skipIfKnown: true", StringComparison.Ordinal));

        Assert.Equal("Where to?", customer.Send(new JsonObject { ["text"] = "", ["data"] = new JsonObject { ["a"] = 1 } }));
        Assert.Empty(asked);
        customer.Say("Rome");
        Assert.Equal("To Rome.", customer.Say("Again"));
        Assert.Single(asked);
    }

    [Fact]
    public void What_is_said_by_the_way_answers_a_question_that_waits_for_it()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(asked, """{"found":true,"value":"Rome"}""", ByTheWay);
        customer.Say("Hi");
        Assert.Empty(asked);

        Assert.Equal("Rome, noted.", customer.Say("By the way, from Rome"));
        Assert.Equal("From Rome, size L.", customer.Say("L"));
        Assert.Equal(["By the way, from Rome"], asked.Select(request => request.Messages[0].Text));
    }

    [Theory]
    [InlineData("""{"found":false}""", null)]
    [InlineData("null", "It is down.")]
    public void What_the_model_does_not_find_by_the_way_goes_to_the_question_that_waits(string found, string? error)
    {
        var customer = new Conversation(ByTheWay) { Answer = _ => new FlowAnswer(JsonNode.Parse(found), error) };
        customer.Say("Hi");

        Assert.Equal("From , size L.", customer.Say("L"));
        Assert.Equal(error is null ? [] : [error], customer.Last.Warnings.Select(warning => warning.Message));
    }

    [Fact]
    public void Without_steps_of_its_own_the_input_goes_on_to_a_question_that_asks_for_its_own()
    {
        var asked = new List<ModelRequest>();
        var customer = new Conversation($$$"""
            name: both
            start:
              - optionalQuestion: { text: From where?, saveTo: context.from, {{{Extract}}} }
              - question: { text: Where to?, reprompt: But where to?, saveTo: context.to, {{{Extract}}} }
              - say: Never.
            """)
        {
            Answer = request => Found(asked, request) with
            {
                Value = JsonNode.Parse(((ModelRequest)request).Instructions!.Contains("From where?", StringComparison.Ordinal) ? """{"found":true,"value":"Oslo"}""" : """{"found":false}"""),
            },
        };
        customer.Say("Hi");

        Assert.Equal("But where to?", customer.Say("From Oslo"));
        Assert.Equal("Oslo", (string?)customer.Context["from"]);
        Assert.Equal(2, asked.Count);
    }

    [Fact]
    public void What_is_looked_for_again_in_the_same_turn_has_a_key_and_chances_of_its_own_and_a_repeated_turn_the_same()
    {
        List<string> Asked()
        {
            var asked = new List<ModelRequest>();
            var customer = Talk(asked, """{"found":false}""", $$$"""
                name: again
                start:
                  - question: { text: "Where to, {{ Math.random() }}?", skipIfInInput: true, reprompts: 0, {{{Extract}}} }
                    otherwise: [ { goTo: start } ]
                """);
            customer.EventId = "event";
            customer.Say("Hi");
            asked.Clear();
            customer.Say("Somewhere warm");
            return [.. asked.Select(request => request.Id), .. asked.Select(request => request.Instructions!)];
        }

        Assert.Equal(4, Asked().Distinct().Count());
        Assert.Equal(Asked(), Asked());
    }

    [Theory]
    [InlineData("question: { text: a, type: entity }", "lacks 'extract'")]
    [InlineData("question: { text: a, type: entity, extract: { url: 'https://a.example', model: m } }", "lacks 'description'")]
    [InlineData("question: { text: a, type: entity, extract: { url: 'https://a.example', model: m, description: d, schema: { $ref: 'https://b.example' } } }", "begins with '#'")]
    [InlineData("question: { text: a, type: text, extract: { url: 'https://a.example', model: m, description: d } }", "belongs to questions of type entity")]
    [InlineData("optionalQuestion: { text: a, type: entity }", "lacks 'extract'")]
    [InlineData("optionalQuestion: { text: a, type: number, extract: { url: 'https://a.example', model: m, description: d } }", "belongs to questions of type entity")]
    public void What_is_wrong_is_refused_with_a_word_about_it(string step, string hint)
    {
        var faults = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart:\n  - {step}")).Problems;
        Assert.Contains(faults, fault => fault.Message.Contains(hint, StringComparison.Ordinal));
    }

    private static Conversation Talk(List<ModelRequest> asked, string found, string flow = Trip) => new(flow)
    {
        Answer = request => Found(asked, request) with { Value = JsonNode.Parse(found) },
    };

    private static FlowAnswer Found(List<ModelRequest> asked, FlowRequest request)
    {
        asked.Add((ModelRequest)request);
        return new FlowAnswer(null);
    }
}
