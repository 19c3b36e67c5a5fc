using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Models;
using EightByEight.Connector.Requests;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>The step <c>ask</c>: what a language model is told, and what is done with its answer.</summary>
public class AskStepTests
{
    private const string Model = """url: "https://llm.example.com/v1", model: m""";

    private const string Shop = $$$"""
        name: shop
        start:
          - ask:
              url: https://llm.example.com/v1
              model: m
              connection: llm
              instructions: "You sell shoes to {{ input.user.name }}."
              temperature: 0.2
              maxTokens: 300
              stopSequences: [ "###" ]
              timeoutSeconds: 12
              saveTo: context.said
              tools:
                - name: order_status
                  description: Looks up an order.
                  parameters: { type: object, properties: { order: { type: string } }, required: [ order ] }
                  flow: lookup
                - { name: stock, description: Tells the stock., http: { url: "https://stock.example.com/{{ input.arguments.size }}" } }
              handover:
                when: The customer asks for a person.
                to:
                  - { name: sales, queueId: "101", description: Buying }
                  - { name: service, queueId: "102" }
          - say: "Below: {{ context.said }}"
        """;

    private const string Lookup = """
        name: lookup
        start:
          - say: "Looking for {{ context.order }}."
          - return: { order: "{{ context.order }}", state: sent }
        """;

    [Fact]
    public void The_model_gets_what_the_step_says_and_what_was_said_so_far()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Shop, asked, request => Said($"Answer {asked.Count}."));

        Assert.Equal("Answer 1. | Below: Answer 1.", customer.Say("one"));
        Assert.Equal("Answer 2. | Below: Answer 2.", customer.Say("two"));

        var model = asked[1].Model;
        Assert.Equal((new Uri("https://llm.example.com/v1"), "m", "llm", 0.2, 300, 12), (model.Url, model.Name, model.Connection, model.Temperature, model.MaxTokens, model.TimeoutSeconds));
        Assert.Equal(["###"], model.StopSequences);
        Assert.Equal("You sell shoes to Ann.", asked[1].Instructions);
        Assert.Equal(["User: one", "Assistant: Answer 1.", "User: two"], Words(asked[1]));
        Assert.Equal(["order_status", "stock", "hand_over"], asked[1].Tools.Select(tool => tool.Name));
    }

    [Fact]
    public void Of_a_long_conversation_the_newest_messages_that_fit_the_budget_go_along()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk($$$"""name: a{{{"\n"}}}start: [ { ask: { {{{Model}}}, historyTokens: 40 } } ]""", asked, _ => Said(new string('b', 40)));

        foreach (var number in Enumerable.Range(1, 4)) customer.Say($"{number}{new string('a', 39)}");

        // Ten tokens and four for the message: two of them and no third fit into 40.
        Assert.Equal(["User: 3", "Assistant: b", "User: 4"], Words(asked[3]).Select(word => word[..(word.IndexOf(' ', StringComparison.Ordinal) + 2)]));
    }

    [Fact]
    public void Without_a_budget_the_model_remembers_nothing()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk($$$"""name: a{{{"\n"}}}start: [ { ask: { {{{Model}}}, historyTokens: 0, text: "Sum up: {{ input.text }}" } } ]""", asked, _ => Said("Yes."));

        customer.Say("one");
        customer.Say("two");

        Assert.Equal(["User: Sum up: two"], Words(asked[1]));
    }

    [Fact]
    public void A_flow_that_the_model_calls_runs_with_its_arguments_and_the_model_gets_what_it_returns()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Shop, asked, _ => asked.Count == 1
            ? Said("Let me see.") with { Calls = [Call("order_status", """{"order":"77"}""", "a"), Call("order_status", """{"order":"78"}""", "b")] }
            : Said("It was sent."));

        Assert.Equal("Let me see. | Looking for 77. | Looking for 78. | It was sent. | Below: It was sent.", customer.Say("Where is 77?"));

        Assert.Equal(
            ["User: Where is 77?", "Assistant: Let me see. order_status order_status", """Tool: a {"order":"77","state":"sent"}""", """Tool: b {"order":"78","state":"sent"}"""],
            Words(asked[1]));
    }

    [Fact]
    public void A_request_that_the_model_calls_gets_its_arguments_and_the_model_status_and_body()
    {
        var (models, calls) = (new List<ModelRequest>(), new List<HttpCall>());
        var customer = new Conversation(Shop, Lookup)
        {
            User = new JsonObject { ["name"] = "Ann" },
            Answer = request =>
            {
                if (request is HttpCall call)
                {
                    calls.Add(call);
                    return new FlowAnswer(new JsonObject { ["status"] = 200, ["headers"] = new JsonObject { ["x"] = "y" }, ["body"] = new JsonObject { ["left"] = 3 }, ["error"] = null });
                }

                models.Add((ModelRequest)request);
                return models.Count == 1 ? Said("") with { Calls = [Call("stock", """{"size":42}""", "a"), Call("stock", """{"size":43}""", "b")] } : Said("Three.");
            },
        };

        Assert.Equal("Three. | Below: Three.", customer.Say("How many?"));

        Assert.Equal(["https://stock.example.com/42", "https://stock.example.com/43"], calls.Select(call => call.Url.AbsoluteUri));
        Assert.NotEqual(calls[0].IdempotencyKey, calls[1].IdempotencyKey);
        Assert.Equal("""Tool: a {"status":200,"body":{"left":3},"error":null}""", Words(models[1])[2]);
    }

    [Fact]
    public void A_tool_may_ask_the_customer_and_the_model_goes_on_with_what_it_returns()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Shop, asked, _ => asked.Count == 1 ? Said("") with { Calls = [Call("order_status", "{}", "a")] } : Said("Thanks."),
            "name: lookup\nstart: [ { question: { text: Which one?, saveTo: context.order } }, { return: \"{{ context.order }}\" } ]");

        Assert.Equal("Which one?", customer.Say("Where is my order?"));
        Assert.Equal("Thanks. | Below: Thanks.", customer.Say("77"));
        Assert.Equal("Tool: a 77", Words(asked[1])[^1]);
    }

    [Fact]
    public void A_tool_that_does_not_come_back_is_told_as_such()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Shop, asked, _ => asked.Count == 1 ? Said("") with { Calls = [Call("order_status", "{}", "a"), Call("order_status", "{}", "b")] } : Said("Yes?"),
            "name: lookup\nstart: [ say: Bye., stop ]");

        Assert.Equal("Bye.", customer.Say("one"));
        Assert.Equal("Yes? | Below: Yes?", customer.Say("two"));
        Assert.Equal(["Tool: a It did not return.", "Tool: b It was not done: the customer said something else.", "User: two"], Words(asked[1])[2..]);
    }

    [Fact]
    public void What_the_model_may_not_call_or_calls_wrongly_it_is_told()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Shop, asked, _ => asked.Count == 1
            ? Said("") with
            {
                Calls =
                [
                    Call("drop_tables", "{}", "a"),
                    Call("hand_over", """{"to":"the-board","summary":"x"}""", "b"),
                    Call("order_status", "{}", "c") with { Problem = "order PropertyRequired" },
                ],
            }
            : Said("Sorry."));

        Assert.Equal("Sorry. | Below: Sorry.", customer.Say("one"));
        Assert.Equal(
            ["Tool: a There is no 'drop_tables' that can be called with that.", "Tool: b There is no 'hand_over' that can be called with that.", "Tool: c order PropertyRequired"],
            Words(asked[1])[2..]);
        Assert.Null(customer.Last.Handover);
    }

    [Fact]
    public void A_model_that_calls_again_and_again_has_to_answer_after_the_rounds_and_fails_if_it_does_not()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk($$$"""
            name: a
            start:
              - ask: { {{{Model}}}, maxRounds: 2, tools: [ { name: t, description: d, flow: lookup } ] }
                onError: [ say: No answer. ]
            """, asked, _ => Said("") with { Calls = [Call("t", "{}", "a")] }, "name: lookup\nstart: [ return: 1 ]");

        Assert.Equal("No answer.", customer.Say("one"));
        Assert.Equal([false, false, true], asked.Select(request => request.MustAnswer));
        Assert.Contains("more than 2 times", Assert.Single(customer.Last.Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_model_hands_over_to_what_the_step_allows()
    {
        var customer = Talk(Shop, [], _ => Said("One moment.") with { Calls = [Call("hand_over", """{"to":"service","summary":"Lost order"}""", "a")] });

        Assert.Equal("One moment.", customer.Say("A person!"));
        Assert.Equal(("102", "Lost order"), (customer.Last.Handover!.QueueId, customer.Last.Handover.Summary));
    }

    [Fact]
    public void What_happens_at_a_handover_can_be_said_and_the_flow_goes_on_below()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk($$$"""
            name: a
            start:
              - ask: { {{{Model}}}, handover: { when: Asked for. } }
                onHandover: [ say: "No, {{ input.ask.handover.summary }}." ]
              - say: Below.
            """, asked, _ => Said("") with { Calls = [Call("hand_over", """{"summary":"sad"}""", "a")] });

        Assert.Equal("No, sad. | Below.", customer.Say("A person!"));
        Assert.Contains("Asked for.", asked[0].Tools.Single().Description, StringComparison.Ordinal);
    }

    [Fact]
    public void A_structured_answer_is_stored_and_not_said()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Extract, asked, _ => Said("""{"city":"Rome"}""") with { Value = JsonNode.Parse("""{"city":"Rome"}""") });

        Assert.Equal("Rome Rome", customer.Say("To Rome, please"));
        Assert.Equal("object", (string?)asked[0].Schema!["type"]);
    }

    [Fact]
    public void An_answer_that_is_not_of_the_schema_is_given_again_once()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Extract, asked, _ => Said("?") with { Problem = "It is no JSON." });

        Assert.Equal("Which city?", customer.Say("To Rome, please"));
        Assert.Equal(2, asked.Count);
        Assert.Equal("User: That answer is not of the schema: It is no JSON. Answer again, with JSON alone.", Words(asked[1])[^1]);
    }

    [Fact]
    public void With_until_each_input_goes_to_the_model_until_the_condition_holds()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Keeps("condition: context.said === 'Bye.'"), asked, request => Said(request.Messages[^1].Text == "bye" ? "Bye." : "Yes?"));

        Assert.Equal("Yes?", customer.Say("one"));
        Assert.Equal("Yes?", customer.Say("two"));
        Assert.Equal("Bye. | Below.", customer.Say("bye"));
        Assert.Null(customer.Position);
        Assert.Equal(5, asked[2].Messages.Count);
    }

    [Fact]
    public void With_until_the_model_itself_may_finish()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Keeps("finished: All is said."), asked, request => request.Messages[^1].Text == "bye"
            ? Said("Bye.") with { Calls = [Call("finish", "{}", "a")] } : Said("Yes?"));

        Assert.Equal("Yes?", customer.Say("one"));
        Assert.Equal("Bye. | Below.", customer.Say("bye"));
        Assert.Equal("finish", asked[0].Tools.Single().Name);
    }

    [Fact]
    public void With_until_the_model_has_the_customer_for_so_many_inputs()
    {
        var customer = Talk(Keeps("inputs: 2"), [], _ => Said("Yes?"));

        Assert.Equal("Yes?", customer.Say("one"));
        Assert.Equal("", customer.Say(""));
        Assert.Equal("Yes? | Below.", customer.Say("two"));
        Assert.Equal("Yes?", customer.Say("three"));
    }

    [Fact]
    public void An_answer_in_pieces_is_said_in_pieces_each_committed_and_told_as_one()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Shop, asked, request => asked.Count switch
        {
            1 => Said("One. ") with { Continues = "s" },
            2 => Said("Two. ") with { Continues = "s" },
            3 => Said("Three."),
            _ => Said("Four."),
        });

        Assert.Equal("One. | Two. | Three. | Below: One. Two. Three.", customer.Say("one"));
        customer.Say("two");
        Assert.Equal([(null, 0), ("s", 5), ("s", 10), (null, 0)], asked.Select(request => (request.Continues, request.Told)));
        Assert.Equal(["User: one", "Assistant: One. Two. Three.", "User: two"], Words(asked[3]));
    }

    [Fact]
    public void An_answer_that_breaks_off_ends_with_what_was_said_and_a_warning()
    {
        var asked = new List<ModelRequest>();
        var customer = Talk(Shop, asked, _ => asked.Count == 1 ? Said("One. ") with { Continues = "s" } : new ModelAnswer { Broken = "It is lost." });

        Assert.Equal("One. | Below: One.", customer.Say("one"));
        Assert.Equal("It is lost.", Assert.Single(customer.Last.Warnings).Message);
        Assert.Equal(2, asked.Count);
    }

    [Fact]
    public void Silence_keeps_the_answer_for_the_flow()
    {
        var customer = Talk($$$"""
            name: a
            start:
              - ask: { {{{Model}}}, silent: true }
              - say: "It said {{ input.result }}"
            """, [], _ => Said("yes"));

        Assert.Equal("It said yes", customer.Say("one"));
    }

    [Fact]
    public void A_refusal_is_said_in_the_words_of_the_flow_or_is_an_error()
    {
        string Flow(string refusal) => $$$"""
            name: a
            start:
              - ask: { {{{Model}}} {{{refusal}}} }
                onError: [ say: No answer. ]
            """;

        Assert.Equal("Let us stay with shoes.", Talk(Flow(", refusal: Let us stay with shoes."), [], _ => Said("") with { IsRefused = true }).Say("How do I rob a bank?"));
        Assert.Equal("No answer.", Talk(Flow(""), [], _ => Said("") with { IsRefused = true }).Say("How do I rob a bank?"));
    }

    [Fact]
    public void An_error_runs_its_branch_or_fails_the_turn_and_the_next_input_is_asked_again()
    {
        var isDown = true;
        var customer = new Conversation(Shop, Lookup) { User = new JsonObject { ["name"] = "Ann" }, Answer = _ => isDown ? new FlowAnswer(null, "It is down.") : Said("Back.") };

        customer.Say("one");
        Assert.Equal("It is down.", customer.Last.Failure!.Message);
        isDown = false;
        Assert.Equal("Back. | Below: Back.", customer.Say("two"));
    }

    [Fact]
    public void Each_answer_of_the_model_is_committed_before_anything_is_done_with_it()
    {
        var flow = Flow.Parse(Shop).With(new Dictionary<string, Flow> { ["lookup"] = Flow.Parse(Lookup) });
        using var run = flow.Begin(new FlowInput
        {
            Input = new JsonObject { ["text"] = "one", ["inputId"] = "1", ["user"] = new JsonObject { ["name"] = "Ann" } },
            Context = [],
            Profile = [],
        }, TestContext.Current.CancellationToken);

        Assert.IsType<ModelRequest>(run.Next());
        Assert.Null(run.Next(Said("Let me see.") with { Calls = [Call("order_status", """{"order":"77"}""", "a")] }));

        Assert.Equal(("start/0", TimeSpan.Zero), (run.Result.Pause!.At.Step, run.Result.Pause.Delay));
        Assert.Equal("Let me see.", Assert.Single(run.Result.Outputs).Text);
    }

    [Theory]
    [InlineData("ask: hello", "'ask' is an object")]
    [InlineData("ask: { model: m }", "'ask' lacks 'url'")]
    [InlineData("ask: { url: 'ftp://a', model: m }", "is a URL")]
    [InlineData("ask: { url: 'https://a.example', model: m, schema: { type: string } }", "'type: object'")]
    [InlineData("ask: { url: 'https://a.example', model: m, schema: { type: object, $ref: 'https://b.example' } }", "begins with '#'")]
    [InlineData("ask: { url: 'https://a.example', model: m, tools: [ { name: finish, description: d, flow: b } ] }", "cannot name a tool")]
    [InlineData("ask: { url: 'https://a.example', model: m, tools: [ { name: t, description: d } ] }", "either 'flow'")]
    [InlineData("ask: { url: 'https://a.example', model: m, tools: [ { name: t, description: d, http: { url: 'https://b.example', saveTo: context.a } } ] }", "means nothing in a tool")]
    [InlineData("ask: { url: 'https://a.example', model: m, tools: [ { name: t, description: d, flow: b }, { name: t, description: d, flow: c } ] }", "Two tools")]
    [InlineData("ask: { url: 'https://a.example', model: m, handover: { when: w, to: [ { name: n } ] } }", "either a queueId or a scriptId")]
    [InlineData("ask: { url: 'https://a.example', model: m, handover: { when: w, to: [ { name: n, queueId: '1' }, { name: o, scriptId: '1' } ] } }", "queues and scripts")]
    [InlineData("{ ask: { url: 'https://a.example', model: m }, onHandover: [ stop ] }", "Nothing leads to 'onHandover'")]
    public void What_is_wrong_is_refused_with_a_word_about_it(string step, string hint)
    {
        var faults = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart:\n  - {step}")).Problems;
        Assert.Contains(faults, fault => fault.Message.Contains(hint, StringComparison.Ordinal));
    }

    private const string Extract = $$$"""
        name: extract
        start:
          - ask: { {{{Model}}}, schema: { type: object, properties: { city: { type: string } }, required: [ city ] }, saveTo: context.found }
            onError: [ say: Which city?, stop ]
          - say: "{{ input.result.city }} {{ context.found.city }}"
        """;

    private static string Keeps(string until) => $$$"""
        name: keeps
        start:
          - ask: { {{{Model}}}, saveTo: context.said, until: { {{{until}}} } }
          - say: Below.
        """;

    private static ModelAnswer Said(string text) => new() { Text = text };

    private static ToolCall Call(string name, string arguments, string id) => new() { Id = id, Name = name, Arguments = JsonNode.Parse(arguments)!.AsObject() };

    private static List<string> Words(ModelRequest request) => [.. request.Messages.Select(message =>
        $"{message.Role}: {(message.CallId is { } id ? id + " " : "")}{message.Text}{string.Concat((message.Calls ?? []).Select(call => " " + call.Name))}")];

    private static Conversation Talk(string source, List<ModelRequest> asked, Func<ModelRequest, FlowAnswer> says, string called = Lookup) =>
        new(source, called)
        {
            User = new JsonObject { ["name"] = "Ann" },
            Answer = request =>
            {
                asked.Add((ModelRequest)request);
                return says(asked[^1]);
            },
        };

    [Fact]
    public void A_model_and_its_tools_may_run_as_often_as_its_rounds_say()
    {
        var asked = 0;
        var conversation = new Conversation("""
            name: a
            start:
              - ask:
                  url: https://llm.example.com/v1
                  model: m
                  maxRounds: 6
                  tools: [ { name: fetch, description: d, http: "https://a.example" } ]
            """)
        {
            Answer = request => request is not ModelRequest ? new FlowAnswer(new JsonObject { ["status"] = 200 })
                : ++asked > 6 ? new ModelAnswer { Text = "Done." }
                : new ModelAnswer { Calls = [.. new[] { "x", "y" }.Select(id => new ToolCall { Id = id, Name = "fetch", Arguments = [] })] },
        };

        Assert.Equal("Done.", conversation.Say("hi"));
        Assert.Null(conversation.Last.Failure);
    }

    [Fact]
    public void An_answer_in_pieces_is_one_of_the_things_that_a_turn_says()
    {
        var asked = 0;
        var conversation = new Conversation("name: a\nstart: [ { ask: { url: 'https://llm.example.com/v1', model: m } }, { say: Below. } ]")
        {
            Limits = new() { Outputs = 2 },
            Answer = _ => new ModelAnswer { Text = "Piece. ", Continues = ++asked < 6 ? "stream" : null },
        };

        conversation.Say("hi");

        Assert.Null(conversation.Last.Failure);
        Assert.Equal(7, conversation.Last.Outputs.Count);
    }
}
