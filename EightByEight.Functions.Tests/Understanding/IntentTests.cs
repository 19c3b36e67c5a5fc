using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;
using EightByEight.Functions.Tests.Flows;

namespace EightByEight.Functions.Tests.Understanding;

/// <summary>What a Flow does with what customers want.</summary>
public sealed class IntentTests
{
    private const string Shop = """
        name: shop
        intents:
          order status:
            examples: [ where is my order, track my parcel, when does my package arrive, has my order shipped yet ]
            title: Track an order
            reply: It is on its way.
          return:
            examples: [ i want to send it back, return an item, how do returns work, can i give it back ]
            title: Return an item
            steps:
              - question: { text: Which item?, saveTo: context.item }
              - say: "{{ context.item }} it is."
          opening hours: [ when are you open, what are your opening hours, what time do you close, are you open on sunday ]
        nlu: { didYouMean: Did you mean this? }
        defaultReply: Sorry, what?
        start:
          - switch: input.intent
            cases: { opening hours: [ say: From nine to five. ] }
            default: [ say: Welcome! ]
        """;

    [Theory]
    [InlineData("where is my order", "It is on its way.")]
    [InlineData("WHERE'S my order?!", "It is on its way.")]
    [InlineData("has my parcle arived", "It is on its way.")]
    [InlineData("how can i return this item", "Which item?")]
    public void An_intent_is_answered_by_its_reply_or_steps_also_with_typing_errors(string text, string answer) =>
        Assert.Equal(answer, new Conversation(Shop).Say(text));

    [Fact]
    public void An_intent_without_reply_or_steps_is_seen_by_the_start() =>
        Assert.Equal("From nine to five.", new Conversation(Shop).Say("are you open on saturday"));

    [Fact]
    public void Steps_of_an_intent_wait_for_answers_and_the_next_input_begins_anew()
    {
        var customer = new Conversation(Shop);
        customer.Say("return an item");

        Assert.Equal("intents/return/0", customer.Position!.Step);
        Assert.Equal("Shoes it is.", customer.Say("Shoes"));
        Assert.Equal("It is on its way.", customer.Say("track my parcel"));
    }

    [Theory]
    [InlineData("what is the capital of peru")]
    [InlineData("日本語")]
    [InlineData("?!")]
    public void What_no_intent_means_gets_the_default_reply(string text) => Assert.Equal("Sorry, what?", new Conversation(Shop).Say(text));

    [Fact]
    public void An_input_without_text_runs_the_start() =>
        Assert.Equal("Welcome!", new Conversation(Shop).Send(new JsonObject { ["text"] = "", ["data"] = new JsonObject() }));

    [Fact]
    public void Without_a_default_reply_the_start_runs_and_sees_that_nothing_was_understood()
    {
        var customer = new Conversation("name: a\nintents: { cancel: [ cancel it ] }\nstart: [ say: \"{{ input.understood }} {{ input.intent }}\" ]");

        Assert.Equal("false ", customer.Say("is it raining"));
        Assert.Equal("true cancel", customer.Say("Cancel it."));
    }

    [Fact]
    public void What_is_less_sure_is_offered_and_a_click_triggers_it()
    {
        var customer = new Conversation(Shop.Replace("nlu: {", "nlu: { threshold: 0.999,", StringComparison.Ordinal));

        Assert.Equal("Did you mean this?", customer.Say("has my parcel shipped"));
        var offered = customer.Last.Outputs[0].QuickReplies[0];
        Assert.Equal(("Track an order", "cIntent:order status"), (offered.Title, offered.Payload));
        Assert.False(customer.Last.Understanding!.IsUnderstood);
        Assert.Equal("It is on its way.", customer.Say(offered.Payload));
    }

    [Fact]
    public void A_triggered_intent_needs_no_examples_and_counts_in_any_case()
    {
        var customer = new Conversation("name: a\nintents: { Give Up: { reply: \"{{ input.intent }} {{ input.intentScore }}\", states: other } }\nstart: [ stop ]");

        Assert.Equal("Give Up 1", customer.Say("cIntent:give up|now"));
        Assert.Equal(("Give Up", 1.0, true), (customer.Last.Understanding!.Intent, customer.Last.Understanding.Score, customer.Last.Understanding.IsUnderstood));
    }

    [Fact]
    public void A_Flow_without_intents_sees_a_triggered_one() =>
        Assert.Equal("pay 1 true", new Conversation("name: a\nstart: [ say: \"{{ input.intent }} {{ input.intentScore }} {{ input.understood }}\" ]").Say("cIntent:pay"));

    [Fact]
    public void An_intent_counts_in_its_states_only()
    {
        var customer = new Conversation("""
            name: a
            intents:
              large: { examples: [ the large one, a big one please ], states: ordering, reply: Large. }
              help: { examples: [ help me, what can i do ], exceptStates: [ ordering ], reply: Help. }
              order: { examples: [ i want to order, order a pizza ], steps: [ setState: ordering, say: Which size? ] }
            start: [ say: "{{ input.intentOutOfState }}" ]
            """);

        Assert.Equal("large", customer.Say("the large one"));
        Assert.Equal("Help.", customer.Say("help me"));
        Assert.Equal("Which size?", customer.Say("order a pizza"));
        Assert.Equal("Large.", customer.Say("the large one"));
        Assert.Equal("help", customer.Say("help me"));
    }

    [Fact]
    public void Examples_are_those_of_the_customers_locale()
    {
        const string source = """
            name: a
            intents:
              gift: { examples: { en: [ a gift for my friend ], de: [ ein geschenk für meinen freund ] }, reply: gift }
              poison: { examples: { en: [ i drank poison ], de: [ ich habe gift getrunken, gift ] }, reply: poison }
            start: [ say: nothing ]
            """;

        Assert.Equal("gift", new Conversation(source) { Locale = "en-GB" }.Say("gift"));
        Assert.Equal("poison", new Conversation(source) { Locale = "de-DE" }.Say("Gift"));
        Assert.Equal("gift", new Conversation(source) { Locale = "de" }.Say("Geschenk fur meinen Freund"));
    }

    [Fact]
    public void While_a_question_waits_only_its_own_intents_come_before_the_answer()
    {
        var customer = new Conversation("""
            name: a
            intents:
              cancel: [ cancel it, forget it, stop this please ]
              hours: { examples: [ when are you open, opening hours ], reply: Nine to five. }
            start:
              - question: { text: Your name?, saveTo: context.name }
                intents: { cancel: [ say: Cancelled., stop ] }
              - say: "Hi {{ context.name }} {{ input.understood }}"
            """);
        customer.Say("hi");

        Assert.Equal("Hi opening hours true", customer.Say("opening hours"));
        customer.Say("hi");
        Assert.Equal("Cancelled.", customer.Say("cancle it please"));
        Assert.Equal(("cancel", true), (customer.Last.Understanding!.Intent, customer.Last.Understanding.IsUnderstood));
    }

    [Fact]
    public void A_question_may_want_its_intents_to_be_surer()
    {
        var customer = new Conversation("""
            name: a
            intents: { cancel: [ cancel it, forget it, stop this please ] }
            start:
              - question: { text: Your name?, saveTo: context.name, intentThreshold: 0.99 }
                intents: { cancel: [ say: Cancelled., stop ] }
              - say: "Hi {{ context.name }}"
            """);
        customer.Say("hi");

        Assert.Equal("Hi cancle it please", customer.Say("cancle it please"));
        customer.Say("hi");
        Assert.Equal("Cancelled.", customer.Say("forget it"));
    }

    [Fact]
    public void A_question_of_type_intent_takes_what_is_recognised()
    {
        var customer = new Conversation("""
            name: a
            intents: { yearly: [ once a year, pay yearly ], monthly: [ every month, pay monthly ] }
            start:
              - question: { text: How often?, type: intent, reprompt: Sorry?, saveTo: context.plan }
              - say: "{{ context.plan }}"
            """);
        customer.Say("hi");

        Assert.Equal("Sorry?", customer.Say("what is the weather"));
        Assert.Equal("monthly", customer.Say("every mounth please"));
    }

    [Fact]
    public void What_is_thought_is_understood_as_though_it_had_been_said()
    {
        var customer = new Conversation(
            "name: a\nintents: { hours: { examples: [ when are you open ], reply: Nine. } }\nstart: [ say: Hm., think: { text: when are you open } ]");

        Assert.Equal("Hm. | Nine.", customer.Say("what now"));
    }

    [Fact]
    public void A_forgotten_question_lets_the_input_be_understood()
    {
        var customer = new Conversation("""
            name: a
            intents: { hours: { examples: [ when are you open, opening hours ], reply: Nine to five. } }
            start:
              - question: { text: How many?, type: number, forgetAfter: 1 }
            """);
        customer.Say("hi");

        Assert.Equal("Nine to five.", customer.Say("when are you open"));
        Assert.Null(customer.Position);
    }

    [Fact]
    public void A_Flow_that_is_called_understands_by_its_own_intents_where_it_has_some()
    {
        const string called = """
            name: inner
            intents: { skip: [ skip that, leave it out ] }
            start:
              - question: { text: Your address?, saveTo: context.address }
                intents: { skip: [ return: none ] }
              - return: "{{ context.address }}"
            """;
        var customer = new Conversation("""
            name: outer
            intents: { form: { examples: [ fill in the form ], steps: [ { call: { flow: inner, saveTo: context.got } }, say: "Got {{ context.got }}" ] } }
            start: [ say: hello ]
            """, called);

        Assert.Equal("Your address?", customer.Say("fill in the form"));
        Assert.Equal("Got none", customer.Say("skip that please"));
    }

    [Fact]
    public void An_intent_may_run_another_Flow()
    {
        var customer = new Conversation("name: a\nintents: { joke: { examples: [ tell me a joke ], flow: jokes } }\nstart: [ stop ]",
            "name: jokes\nstart: [ say: Ha. ]");

        Assert.Equal("Ha.", customer.Say("tell me a joke"));
    }

    [Theory]
    [InlineData("intents: [ a ]", "3:10")]
    [InlineData("intents: { a/b: [ x ] }", "3:12")]
    [InlineData("intents: { a: [ x ], A: [ y ] }", "3:22")]
    [InlineData("intents: { a: { example: [ x ] } }", "3:17")]
    [InlineData("intents: { a: [ ] }", "3:15")]
    [InlineData("intents: { a: { reply: x, flow: b } }", "3:27")]
    [InlineData("nlu: { threshold: 2 }", "3:19")]
    [InlineData("nlu: { didYouMean: { from: 0.5, text: x } }", "3:28")]
    [InlineData("slots: { NUMBER: [ x ] }", "3:10")]
    [InlineData("slots: { a: { pattern: \"(\" } }", "3:24")]
    [InlineData("slots: { a: { } }", "3:13")]
    public void What_is_wrong_with_it_is_told_with_its_place(string members, string place)
    {
        var fault = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart: [ stop ]\n{members}\n"));

        Assert.Equal([place], fault.Problems.Select(problem => $"{problem.Line}:{problem.Column}"));
    }

    [Theory]
    [InlineData("intents: { a: [ x y z ] }", "3:12")]
    [InlineData("intents: { a: { examples: [ cancel it ], reply: A }, b: { examples: [ x, Cancel it! ], reply: B } }", "3:74")]
    [InlineData("intents: { a: { examples: [ x ], reply: A, states: s }, b: { examples: [ x ], reply: B, states: t } }", null)]
    [InlineData("intents: { a: { examples: { en: [ x ] }, reply: A }, b: { examples: { de: [ x ] }, reply: B } }", null)]
    [InlineData("intents: { a: [ x ] }\nother: [ { say: \"{{ input.intent === 'a' }}\" }, { goTo: other } ]", "4:12")]
    public void Unused_intents_and_examples_of_two_are_doubted(string members, string? place) =>
        Assert.Equal(place is null ? [] : [place],
            FlowReview.Check($"name: a\nstart: [ stop ]\n{members}\n").Select(problem => $"{problem.Line}:{problem.Column}"));

    [Theory]
    [InlineData("where is my ordre", "It is on its way.")]
    [InlineData("book a table for 4 outside", "A table for 4, terrace.")]
    [InlineData("do you open on sunday?", "From nine to five.")]
    [InlineData("who painted the mona lisa", "Sorry, I did not get that.")]
    [InlineData("dinner on sunday", "Did you mean one of these?")]
    public void The_example_of_the_documentation_understands(string text, string answer)
    {
        var page = File.ReadAllText(Path.Combine(SampleFlowTests.Root, "docs", "flows.md"));
        var begin = page.IndexOf("name: understanding", StringComparison.Ordinal);

        Assert.Equal(answer, new Conversation(page[begin..page.IndexOf("```", begin, StringComparison.Ordinal)]).Say(text));
    }

    [Fact]
    public void Intents_are_drawn_each_with_what_answers_it()
    {
        var drawing = FlowReview.Draw("name: a\nintents: { give up: { examples: [ x ], reply: Bye }, b: { steps: [ say: B ] } }\nstart: [ stop ]");

        Assert.Contains("  subgraph s_intent1[\"intents/give up\"]\n    n1[\"say: Bye\"]\n  end\n  subgraph s_intent2[\"intents/b\"]", drawing, StringComparison.Ordinal);
    }

    [FsCheck.Xunit.Property(MaxTest = 200)]
    public void Whatever_is_said_is_understood_or_not_and_fails_nothing(string? text)
    {
        var customer = new Conversation("""
            name: a
            intents: { cancel: [ cancel it ], order: [ order a pizza ] }
            slots: { size: [ small, large ], order: { pattern: "(a+)+" } }
            start: [ say: "{{ input.intent }}" ]
            """);
        customer.Say(text ?? "");

        Assert.Null(customer.Last.Failure);
        Assert.InRange(customer.Last.Understanding?.Score ?? 0, 0, 1);
    }

    [Fact]
    public void Very_many_examples_keep_the_model_small()
    {
        var random = new Random(1);
        string Word() => new([.. Enumerable.Range(0, 8).Select(_ => (char)('a' + random.Next(26)))]);
        List<(string, int)> examples = [.. Enumerable.Range(0, 2_000).Select(i => ($"{Word()} {Word()} word{(char)('a' + (i % 26))}{(char)('a' + (i % 500 / 26))}", i % 500))];

        var scores = new float[500];
        Connector.Understanding.IntentModel.Train(examples, 500).Score("please worddb", scores);

        Assert.Equal(29, Array.IndexOf(scores, scores.Max()));
    }

    [Fact]
    public void The_same_examples_make_the_same_model()
    {
        double? Score() { var customer = new Conversation(Shop); customer.Say("has my parcle shiped already"); return customer.Last.Understanding!.Score; }

        Assert.Equal(Score(), Score());
    }

    [Fact]
    public void Data_that_are_thought_have_no_intent()
    {
        var customer = new Conversation("""
            name: a
            intents:
              hours: [ when are you open, opening hours ]
            start:
              - if: input.intent === 'hours'
                then: [ { think: { data: { topic: hours } } } ]
              - say: "{{ input.data?.topic }} <{{ input.intent }}{{ input.intentFlow }}{{ input.intentScore }}{{ input.understood }}{{ input.nlu }}> {{ input.slots }}"
            """);

        Assert.Equal("hours <> {}", customer.Say("opening hours"));
        // Analytics keep what the customer wanted.
        Assert.Equal("hours", customer.Last.Understanding!.Intent);
    }

    [Fact]
    public void What_is_thought_has_no_intent_where_nobody_understands()
    {
        var customer = new Conversation("""
            name: a
            start:
              - if: input.intent === 'Book'
                then: [ { think: { text: hello } } ]
              - say: "<{{ input.intent }}> {{ input.text }}"
            """);

        Assert.Equal("<> hello", customer.Say("cIntent:Book"));
    }

    [Fact]
    public void A_forgotten_question_leaves_nothing_of_what_it_understood()
    {
        var customer = new Conversation("""
            name: a
            start:
              - if: input.text === 'menu'
                then: [ { say: "<{{ input.understood }}>" }, stop ]
              - question: { text: How many?, type: number, forgetAfter: 1 }
            """);
        customer.Say("hi");

        Assert.Equal("<>", customer.Say("menu"));
    }

    [Fact]
    public void The_Flow_whose_intent_it_is_is_named()
    {
        var customer = new Conversation("""
            name: a
            intents: { hours: [ when are you open, opening hours ] }
            start:
              - say: "{{ input.intentFlow }}"
              - call: b
            """, """
            name: b
            intents: { cancel: [ cancel that, never mind ] }
            start:
              - waitForInput
              - say: "{{ input.intent }} {{ input.intentFlow }}"
            """);

        Assert.Equal("a", customer.Say("opening hours"));
        Assert.Equal("cancel b", customer.Say("cancel that"));
        Assert.Equal("", customer.Say("what is the capital of peru"));
    }

    [Fact]
    public void What_fails_between_two_steps_names_the_one_before()
    {
        var customer = new Conversation("""
            name: a
            nlu: { provider: rasa, url: "https://rasa.example.com" }
            start:
              - think: { text: again }
            """) { Answer = _ => new(new JsonObject { ["ranking"] = new JsonArray(), ["slots"] = _.ToString().Contains("again", StringComparison.Ordinal) ? null : new JsonObject() }) };

        Assert.Equal("Sorry, something went wrong. Please try again.", customer.Say("hi"));
        Assert.Equal(("start/0", 4), (customer.Last.Failure!.Step, customer.Last.Failure.Line));
    }
}
