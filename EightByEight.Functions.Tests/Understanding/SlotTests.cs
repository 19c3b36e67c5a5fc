using System.Text.Json.Nodes;
using EightByEight.Functions.Tests.Flows;

namespace EightByEight.Functions.Tests.Understanding;

/// <summary>What is found in a sentence.</summary>
public sealed class SlotTests
{
    private const string Pizzeria = """
        name: pizzeria
        slots:
          size: { values: { small: [ little, S ], large: [ big, extra large ], medium: } }
          topping: [ ham, Jalapeño ]
          order: { pattern: "\\bA-([0-9]{4})\\b" }
        start:
          - say: "{{ JSON.stringify(input.slots) }}"
        """;

    [Fact]
    public void Values_are_found_by_their_synonyms_without_regard_to_case_and_marks() => Assert.Equal("""
        {"size":[{"keyphrase":"large","text":"Extra  Large","start":8,"end":20}],"topping":[{"keyphrase":"ham","text":"ham","start":30,"end":33},{"keyphrase":"Jalapeño","text":"JALAPENO","start":38,"end":46}]}
        """.Trim(), new Conversation(Pizzeria).Say("I like  Extra  Large, please, ham and JALAPENO!"));

    [Fact]
    public void A_pattern_gives_its_first_group() =>
        Assert.Equal("""{"order":[{"keyphrase":"1234","text":"1234","start":8,"end":12}]}""", new Conversation(Pizzeria).Say("order A-1234?"));

    [Theory]
    [InlineData("mail me at jo.doe@example.com, please", "EMAIL", "jo.doe@example.com")]
    [InlineData("look at https://example.com/a?b=1.", "URL", "https://example.com/a?b=1")]
    [InlineData("it is 10.0.0.1 here", "IPV4", "10.0.0.1")]
    [InlineData("to GB82 WEST 1234 5698 7654 32 now", "IBAN", "GB82WEST12345698765432")]
    [InlineData("call me on 020 7946 0000 tonight", "PHONE", "+442079460000")]
    [InlineData("call +49 30 901820", "PHONE", "+4930901820")]
    [InlineData("on 24 December 2026 please", "DATE", "2026-12-24")]
    [InlineData("can you come tomorrow?", "DATE", "2026-05-01")]
    [InlineData("at 14:30.", "TIME", "14:30")]
    [InlineData("come at 3 pm", "TIME", "15:00")]
    [InlineData("give me 20 % off", "PERCENTAGE", "20")]
    [InlineData("my son is 7 years old", "AGE", "7")]
    [InlineData("I want 3 of them", "NUMBER", "3")]
    [InlineData("it was 1,234.50", "NUMBER", "1234.5")]
    [InlineData("costs £12.50 or so", "MONEY", """{"value":12.5,"unit":"GBP"}""")]
    [InlineData("it is 21 °C outside", "TEMPERATURE", """{"value":21,"unit":"C"}""")]
    [InlineData("in 2 hours", "DURATION", """{"hour":2,"minute":0,"second":0,"seconds":7200}""")]
    public void What_questions_take_as_answers_is_found_in_any_sentence_and_as_nothing_else(string text, string slot, string value)
    {
        var customer = new Conversation("name: a\nstart: [ say: \"{{ JSON.stringify(input.slots) }}\" ]") { Locale = "en-GB" };

        var slots = JsonNode.Parse(customer.Say(text))!.AsObject();

        Assert.Equal([slot], slots.Select(one => one.Key));
        Assert.Equal([value], slots[slot]!.AsArray().Select(one => one!.ToJsonString().Trim('"').Replace("\\u002B", "+", StringComparison.Ordinal)));
    }

    [Fact]
    public void Several_are_told_in_their_order() =>
        Assert.Equal("""{"NUMBER":[2,4],"DATE":["2026-12-24"]}""",
            new Conversation("name: a\nstart: [ say: \"{{ JSON.stringify(input.slots) }}\" ]") { Locale = "de-DE" }.Say("2 Zimmer für 4 Personen ab 24.12.2026"));

    [Fact]
    public void A_question_of_type_slot_takes_it_out_of_a_sentence()
    {
        var customer = new Conversation("""
            name: a
            slots: { size: { values: { large: [ big ] } } }
            start:
              - question: { text: Which size?, type: slot, slot: size, reprompt: Sorry?, saveTo: context.size }
              - question: { text: How many?, type: slot, slot: NUMBER, saveTo: context.count, skipIfInInput: true }
              - say: "{{ context.count }} {{ context.size }}"
            """);
        customer.Say("hi");

        Assert.Equal("Sorry?", customer.Say("pizza"));
        Assert.Equal("12 large", customer.Say("I want 12 big ones"));
    }

    [Fact]
    public void The_slots_of_a_triggered_intent_are_in_the_text_behind_it() =>
        Assert.Equal("pay 12", new Conversation("name: a\nstart: [ say: \"{{ input.intent }} {{ input.slots.NUMBER[0] }}\" ]").Say("cIntent:pay|12 times"));

    [Fact]
    public void A_question_for_a_slot_that_is_not_there_is_refused()
    {
        var fault = Assert.Throws<Connector.Flows.FlowFormatException>(() => new Conversation("name: a\nstart:\n  - question: { text: A, type: slot, slot: NUMBR }\n"));

        Assert.Contains("Did you mean 'NUMBER'?", Assert.Single(fault.Problems).Message, StringComparison.Ordinal);
    }
}
