using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>What a question does with what is no answer, and with one that is doubtful.</summary>
public class AskingAgainTests
{
    [Fact]
    public void It_asks_again_so_many_times_and_then_does_otherwise()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: How many?, type: number, reprompt: A number!, reprompts: 2, saveTo: context.n }
                otherwise: [ { say: Never mind. } ]
              - say: "<{{ input.result }}>"
            """);
        Assert.Equal("How many?", conversation.Say("hi"));
        Assert.Equal("A number!", conversation.Say("x"));
        Assert.Equal("A number!", conversation.Say("x"));
        Assert.Equal("Never mind. | <>", conversation.Say("x"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void Without_otherwise_it_goes_on_below()
    {
        var conversation = new Conversation("name: a\nstart: [ { question: { text: How many?, type: number, reprompts: 0 } }, { say: Below } ]");
        conversation.Say("hi");
        Assert.Equal("Below", conversation.Say("x"));
    }

    [Fact]
    public void Steps_may_run_before_it_asks_again()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question:
                  text: How many?
                  type: number
                  reprompts: 2
                  reprompt:
                    - question: { text: Do you want help?, type: yesNo }
                    - if: input.result
                      then: [ { say: Write digits. } ]
              - say: "{{ input.result }}"
            """);
        Assert.Equal("How many?", conversation.Say("hi"));
        Assert.Equal("Do you want help?", conversation.Say("x"));
        Assert.Equal("Write digits. | How many?", conversation.Say("yes"));
        Assert.Equal(1, conversation.Position!.Reprompts);
        Assert.Equal("Do you want help?", conversation.Say("x"));
        Assert.Equal("How many?", conversation.Say("no"));
        Assert.Equal("", conversation.Say("x"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void An_author_may_refuse_an_answer_and_say_why()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question:
                  text: How many?
                  type: number
                  reprompt: A number!
                  validate: input.result <= (context.most ?? 5)
                  validationMessage: "{{ input.text }} are too many."
              - say: "{{ input.result }}"
            """);
        conversation.Say("hi");
        Assert.Equal("A number!", conversation.Say("x"));
        Assert.Equal("6 are too many.", conversation.Say("6"));
        Assert.Equal("5", conversation.Say("5"));
    }

    [Fact]
    public void An_intent_leads_elsewhere_and_then_it_asks_again()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: Name? }
                intents:
                  help: [ { say: "Any name, {{ input.activeQuestion.repromptCount }}" } ]
                  cancel: [ { say: Bye }, stop ]
              - say: "Hello {{ input.result }}"
            """);
        conversation.Say("hi");
        Assert.Equal("Any name, 0 | Name?", conversation.Say("cIntent:Help|me"));
        Assert.Equal("Name?", conversation.Say("cIntent:other"));
        Assert.Equal("Any name, 1 | Name?", conversation.Say("cIntent:help"));
        Assert.Equal(1, conversation.Position!.Reprompts);
        Assert.Equal("Bye", conversation.Say("cIntent:cancel"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void An_answer_is_confirmed_in_its_short_form()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question:
                  text: Which size?
                  type: choice
                  options: [ { title: Small one, payload: s }, { title: Large one, payload: l } ]
                  confirm: "[ANSWER] ({{ input.activeQuestion.tentativeShortFormAnswer }}), right?"
                  confirmReprompt: "Yes or no: [ANSWER]?"
                  saveTo: context.size
              - say: "{{ context.size }} {{ input.activeQuestion }}"
            """);
        conversation.Say("hi");
        Assert.Equal("Small one (Small one), right?", conversation.Say("s"));
        Assert.Equal("Yes or no: Small one?", conversation.Say("perhaps"));
        Assert.Equal("Which size?", conversation.Say("no"));
        Assert.Equal("Large one (Large one), right?", conversation.Say("2"));
        Assert.Equal("l ", conversation.Say("yes"));
    }

    [Theory]
    [InlineData("type: creditCard", "4111 1111 1111 1111", null, "…1111")]
    [InlineData("type: iban", "DE89370400440532013000", null, "DE89 3704 0044 0532 0130 00")]
    [InlineData("type: phone", "+442079460958", null, "+44 20 7946 0958")]
    [InlineData("type: money", "12.5 €", "de-DE", "12,50 EUR")]
    [InlineData("type: temperature", "20 C", "de-DE", "20 °C")]
    [InlineData("type: percentage", "20%", null, "20 %")]
    [InlineData("type: percentage", "20.5%", "de-DE", "20,5 %")]
    [InlineData("type: duration", "2 Tage", "de-DE", "2 Tage")]
    [InlineData("type: duration", "45s", null, "45s")]
    [InlineData("type: yesNo", "yep", null, "Yes")]
    [InlineData("type: yesNo", "ja", "de-DE", "Ja")]
    [InlineData("type: yesNo", "nein", "de", "Nein")]
    [InlineData("type: yesNo", "claro", "es-MX", "Sí")]
    [InlineData("type: yesNo", "non", "fr", "Non")]
    [InlineData("type: yesNo", "ok", "nl-NL", "ok")]
    [InlineData("type: number", "1234.5", "de-DE", "1.234,5")]
    [InlineData("type: number", "-0,125", "en-GB", "-0.125")]
    [InlineData("type: integer", "12000", "en-US", "12,000")]
    [InlineData("type: integer", "2026", "en-US", "2026")]
    [InlineData("type: age", "34 years", "de-DE", "34")]
    [InlineData("type: custom, answer: input.text.length + 0.5", "abc", "de-DE", "3,5")]
    [InlineData("type: date", "2026-05-01", "de-DE", "Freitag, 1. Mai 2026")]
    [InlineData("type: time", "14:30", "de-DE", "14:30")]
    [InlineData("type: number", "1,5", null, "1.5")]
    [InlineData("type: text", "Ann", null, "Ann")]
    public void The_short_form_is_what_customers_read(string type, string said, string? locale, string shown)
    {
        var conversation = new Conversation($"name: a\nstart: [ {{ question: {{ text: '?', {type}, confirm: '[ANSWER]' }} }} ]") { Locale = locale };
        conversation.Say("hi");
        Assert.Equal(shown, conversation.Say(said));
    }

    [Fact]
    public void The_words_of_the_customer_stay_the_short_form_while_it_is_confirmed()
    {
        var conversation = new Conversation("name: a\nstart: [ { question: { text: '?', type: duration, confirm: '[ANSWER]?', confirmReprompt: 'Yes or no: [ANSWER] ({{ input.activeQuestion.tentativeShortFormAnswer }})?' } } ]");
        conversation.Say("hi");

        Assert.Equal("2 hours?", conversation.Say("2 hours"));
        Assert.Equal("Yes or no: 2 hours (2 hours)?", conversation.Say("perhaps"));
        Assert.Equal("Yes or no: 2 hours (2 hours)?", conversation.Say("hm"));
    }

    [Fact]
    public void What_is_known_is_not_asked()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: Name?, skipIfKnown: true, saveTo: profile.name }
              - say: "Hello {{ input.result }}"
            """);
        Assert.Equal("Name?", conversation.Say("hi"));
        Assert.Equal("Hello Ann", conversation.Say("Ann"));
        Assert.Equal("Hello Ann", conversation.Say("hi"));
    }

    [Fact]
    public void What_the_input_answers_already_is_not_asked()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: Your address?, type: email, skipIfInInput: true, validate: "input.result !== 'a@b.de'" }
              - say: "{{ input.result }}"
            """);
        Assert.Equal("ann@example.com", conversation.Say("I am ann@example.com"));
        Assert.Equal("Your address?", conversation.Say("a@b.de"));
    }

    [Fact]
    public void A_question_is_forgotten_and_the_input_begins_at_start()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - if: input.text === 'menu'
                then: [ { say: Menu }, stop ]
              - question: { text: How many?, type: number, forgetAfter: 2 }
            """);
        conversation.Say("hi");
        Assert.Equal("How many?", conversation.Say("menu"));
        Assert.Equal("Menu", conversation.Say("menu"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void The_flow_sees_which_question_waits()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: How many?, type: number, forgetAfter: 3, reprompt: "{{ input.activeQuestion }}" }
            """);
        conversation.Say("hi");
        Assert.Equal("""{"nodeId":"start/0","type":"number","lastExecutedAt":1,"forgetQuestionThreshold":3,"repromptCount":0,"tentativeAnswer":null,"tentativeShortFormAnswer":null}""",
            conversation.Say("x"));
    }

    [Fact]
    public void An_optional_question_is_answered_by_the_way()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - once:
                  - optionalQuestion: { text: Are you a customer?, type: yesNo, inputs: 2, saveTo: profile.customer }
                    then: [ { say: Noted. } ]
              - question: { text: What is it about? }
              - say: "{{ profile.customer }} {{ input.result }}"
            """);
        Assert.Equal("Are you a customer? | What is it about?", conversation.Say("hi"));
        Assert.Equal("Noted.", conversation.Say("yes"));
        Assert.Equal("start/1", conversation.Position!.Step);
        Assert.Equal("true no", conversation.Say("no"));
    }

    [Fact]
    public void An_optional_question_waits_for_some_inputs_only_and_data_does_not_answer_it()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - once:
                  - optionalQuestion: { text: Customer?, type: yesNo, inputs: 2, saveTo: context.customer }
              - say: "{{ input.text }} {{ context.customer }} {{ input.result }} {{ input.activeOptionalQuestion?.type }}"
            """);
        Assert.StartsWith("Customer?", conversation.Say("hi"));
        Assert.Equal("   yesNo", conversation.Send(new JsonObject { ["data"] = new JsonObject { ["x"] = true } }));
        Assert.Equal("yes true true yesNo", conversation.Say("yes"));
        Assert.Equal("no true  ", conversation.Say("no"));
    }

    [Theory]
    [InlineData("""{ "text": "", "data": { "request": { "eventType": "CONVERSATION_UPDATE" } } }""")]
    [InlineData("""{ "text": "Found it.", "agent": { "outputs": [] } }""")]
    public void What_no_customer_said_uses_up_no_input_of_an_optional_question(string input)
    {
        var conversation = new Conversation("""
            name: a
            start:
              - once:
                  - optionalQuestion: { text: Customer?, type: yesNo, saveTo: context.customer }
              - say: "{{ context.customer }}."
            """);
        Assert.StartsWith("Customer?", conversation.Say("hi"));

        conversation.Send((JsonObject)JsonNode.Parse(input)!);

        Assert.Equal("true.", conversation.Say("yes"));
    }

    [Theory]
    [InlineData("question: { text: A, reprompts: many }", "whole number from 0 to 100")]
    [InlineData("question: { text: A, validationMessage: B }", "without 'validate'")]
    [InlineData("question: { text: A, confirmReprompt: B }", "without 'confirm'")]
    [InlineData("question: { text: A, skipIfKnown: true }", "'saveTo' says")]
    [InlineData("question: { text: A, skipIfInInput: true }", "never be asked")]
    [InlineData("question: A, otherwise: [ stop ]", "how many there are")]
    [InlineData("question: A, intents: [ stop ]", "object of intents and steps")]
    [InlineData("optionalQuestion: A", "give it a 'type'")]
    public void What_means_nothing_is_refused(string step, string problem)
    {
        var refused = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart: [ {{ {step} }} ]"));
        Assert.Contains(problem, refused.Message);
    }

    [Theory]
    [InlineData("{ delay: 0 }")]
    [InlineData("{ http: 'https://a.example' }")]
    public void What_an_answer_by_the_way_leads_to_may_pause_and_the_session_goes_on_waiting_where_it_did(string step)
    {
        var conversation = new Conversation($$$"""
            name: a
            start:
              - once:
                  - optionalQuestion: { text: Customer?, type: yesNo, saveTo: context.customer }
                    then: [ {{{step}}}, { say: Noted. } ]
              - question: What is it about?
              - say: "About {{ input.result }}."
            """) { Answer = _ => new(new JsonObject { ["status"] = 200 }) };
        conversation.Say("hi");

        Assert.Equal("Noted.", conversation.Say("yes"));
        Assert.Equal(("start/1", false), (conversation.Position!.Step, conversation.Position.GoesOn));
        Assert.Equal("About shoes.", conversation.Say("shoes"));
    }

    [Fact]
    public void What_an_answer_by_the_way_leads_to_may_ask_in_turn()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - once:
                  - optionalQuestion: { text: Customer?, type: yesNo }
                    then:
                      - question: { text: Your number?, type: number }
                      - call: { flow: b, saveTo: context.b }
                      - say: "Noted, {{ context.b }}."
              - call: b
              - say: "About {{ input.result }}."
            """, "name: b\nstart: [ { question: What?, id: what }, { return: '{{ input.result }}' } ]");
        Assert.Equal("Customer? | What?", conversation.Say("hi"));
        Assert.Equal("Your number?", conversation.Say("yes"));
        Assert.Equal("Your number?", conversation.Say("x"));
        Assert.Equal("What?", conversation.Say("5"));
        Assert.Equal("Noted, me.", conversation.Say("me"));
        Assert.Equal("b", Assert.Single(conversation.Position!.Calls!).Flow);
        Assert.Equal("About shoes.", conversation.Say("shoes"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void What_an_answer_by_the_way_leads_to_may_lead_elsewhere_for_good()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - once:
                  - optionalQuestion: { text: Customer?, type: yesNo }
                    then: [ { delay: 0 }, { goTo: menu } ]
              - question: What is it about?
            menu:
              - question: Tea or coffee?
              - say: "{{ input.result }} it is."
            """);
        conversation.Say("hi");
        Assert.Equal("Tea or coffee?", conversation.Say("yes"));
        Assert.Null(conversation.Position!.Aside);
        Assert.Equal("Tea it is.", conversation.Say("Tea"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void What_an_answer_by_the_way_leads_to_may_lead_to_itself_again()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - once:
                  - optionalQuestion: { text: Customer?, type: yesNo }
                    then:
                      - id: number
                        question: { text: Your number?, type: number }
                      - if: input.result < 5
                        then: [ { goTo: number } ]
              - question: What is it about?
              - say: "About {{ input.result }}."
            """);
        conversation.Say("hi");
        Assert.Equal("Your number?", conversation.Say("yes"));
        Assert.Equal("Your number?", conversation.Say("4"));
        Assert.Equal("", conversation.Say("5"));
        Assert.Equal("About shoes.", conversation.Say("shoes"));
    }

    [Fact]
    public void What_is_forgotten_after_an_answer_by_the_way_leaves_the_input_to_what_waited_before()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - once:
                  - optionalQuestion: { text: Customer?, type: yesNo }
                    then:
                      - optionalQuestion: { text: Pleased?, type: yesNo }
                        then: [ { call: b }, { say: Never. } ]
                      - question: { text: Your number?, type: number, forgetAfter: 2 }
              - forEach: "[1, 2]"
                as: context.i
                do: [ { question: "What is it about, {{ context.i }}?" }, { say: "About {{ input.result }} {{ input.activeQuestion }}." } ]
            """, "name: b\nstart: [ { question: { text: Why?, type: number, forgetAfter: 1 } } ]");
        conversation.Say("hi");
        conversation.Say("yes");
        Assert.Equal("Why?", conversation.Say("yes"));
        Assert.Equal("Your number?", conversation.Say("shoes"));
        Assert.Equal("About socks . | What is it about, 2?", conversation.Say("socks"));
        Assert.Equal("About hats .", conversation.Say("hats"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void What_is_forgotten_after_an_answer_by_the_way_begins_at_start_where_nothing_waited()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - once:
                  - optionalQuestion: { text: Customer?, type: yesNo }
                    then: [ { question: { text: Your number?, type: number, forgetAfter: 1 } } ]
              - say: "{{ input.text }}!"
            """);
        conversation.Say("hi");
        conversation.Say("yes");
        Assert.Equal("shoes!", conversation.Say("shoes"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void What_is_thought_after_an_answer_by_the_way_begins_at_start()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - if: input.text === 'menu'
                then: [ { say: Menu. }, stop ]
              - optionalQuestion: { text: Customer?, type: yesNo }
                then: [ { think: menu } ]
              - question: What is it about?
            """);
        conversation.Say("hi");
        Assert.Equal("Menu.", conversation.Say("yes"));
        Assert.Null(conversation.Position);
    }

    [Fact]
    public void What_brings_nothing_of_the_customer_answers_no_question_and_does_not_count()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: How many?, type: number, forgetAfter: 2, reprompts: 1, reprompt: A number! }
              - say: "{{ input.result }}"
            """);
        conversation.Say("hi");
        Assert.Equal("", conversation.Send(new JsonObject { ["text"] = "", ["data"] = new JsonObject { ["request"] = new JsonObject() } }));
        Assert.Equal("A number!", conversation.Send(new JsonObject { ["text"] = "", ["data"] = new JsonObject { ["form"] = 1 } }));
        Assert.Equal(0, conversation.Position!.Reprompts);
        Assert.Equal("A number!", conversation.Say("x"));
        Assert.Equal("", conversation.Send(new JsonObject { ["text"] = "", ["data"] = new JsonObject() }));
        Assert.Equal("5", conversation.Say("5"));
    }

    [Fact]
    public void Another_flow_may_run_before_it_asks_again()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: How many?, type: number, reprompt: [ { call: b } ], saveTo: context.n }
              - say: "Got {{ context.n }}"
            """, "name: b\nstart: [ { question: { text: Want help?, type: yesNo } }, { say: Digits. } ]");

        Assert.Equal("How many?", conversation.Say("hi"));
        Assert.Equal("Want help?", conversation.Say("x"));
        Assert.Equal("Digits. | How many?", conversation.Say("yes"));
        Assert.Equal("Want help?", conversation.Say("y"));
        Assert.Equal(2, Assert.Single(conversation.Position!.Calls!).Passes!["start/0"]);
        Assert.Equal("Digits. | How many?", conversation.Say("no"));
        Assert.Equal("Got 5", conversation.Say("5"));
    }

    [Fact]
    public void A_model_may_answer_before_it_asks_again()
    {
        var conversation = new Conversation("""
            name: a
            start:
              - question: { text: How many?, type: number, reprompt: [ { ask: { url: "https://llm.example", model: m } } ] }
              - say: "Got {{ input.result }}"
            """) { Answer = _ => new EightByEight.Connector.Models.ModelAnswer { Text = "Digits, please." } };

        conversation.Say("hi");
        Assert.Equal("Digits, please. | How many?", conversation.Say("x"));
        Assert.Equal("Digits, please. | How many?", conversation.Say("y"));
        Assert.Equal(2, conversation.Position!.Reprompts);
        Assert.Equal("Got 5", conversation.Say("5"));
    }

    [Fact]
    public void A_session_that_an_earlier_version_left_where_nothing_waits_begins_anew()
    {
        var conversation = new Conversation("name: a\nstart: [ { say: Hello. }, { question: What?, id: what }, { say: Thanks. } ]");
        conversation.Say("hi");
        conversation.Change(position =>
        {
            position["Step"] = "start/2";
            position["GoesOn"] = true;
        });

        Assert.Equal("Hello. | What?", conversation.Say("shoes"));
        Assert.Equal("Thanks.", conversation.Say("shoes"));
    }
}
