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

    [Fact]
    public void Who_runs_the_turn_knows_that_it_asks() => Assert.True(Flow.Parse(Trip).Asks);

    [Theory]
    [InlineData("question: { text: a, type: entity }", "lacks 'extract'")]
    [InlineData("question: { text: a, type: entity, extract: { url: 'https://a.example', model: m } }", "lacks 'description'")]
    [InlineData("question: { text: a, type: entity, extract: { url: 'https://a.example', model: m, description: d, schema: { $ref: 'https://b.example' } } }", "begins with '#'")]
    [InlineData("question: { text: a, type: text, extract: { url: 'https://a.example', model: m, description: d } }", "belongs to questions of type entity")]
    [InlineData("question: { text: a, type: entity, skipIfInInput: true, extract: { url: 'https://a.example', model: m, description: d } }", "not looked at")]
    [InlineData("optionalQuestion: { text: a, type: entity, extract: { url: 'https://a.example', model: m, description: d } }", "for answers alone")]
    public void What_is_wrong_is_refused_with_a_word_about_it(string step, string hint)
    {
        var faults = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart:\n  - {step}")).Problems;
        Assert.Contains(faults, fault => fault.Message.Contains(hint, StringComparison.Ordinal));
    }

    private static Conversation Talk(List<ModelRequest> asked, string found) => new(Trip)
    {
        Answer = request =>
        {
            asked.Add((ModelRequest)request);
            return new FlowAnswer(JsonNode.Parse(found));
        },
    };
}
