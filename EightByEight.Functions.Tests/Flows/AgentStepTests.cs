using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>The step <c>agent</c>: who has the customer when.</summary>
public class AgentStepTests
{
    private const string Adapter = """
        name: adapter
        start:
          - agent: { rasa: "https://rasa.example.com", connection: rasa, timeoutSeconds: 5, hello: /greet }
          - say: "Over: {{ input.agent.data.topic }}"
        """;

    [Fact]
    public void Each_input_goes_to_the_agent_until_it_ends_and_the_flow_goes_on_below()
    {
        var asked = new List<AgentRequest>();
        var conversation = Told(Adapter, asked, says: request => request.Text == "bye"
            ? new AgentAnswer { Outputs = [Said("Bye.")], Ends = true, Data = new JsonObject { ["topic"] = "shoes" } }
            : new AgentAnswer { Outputs = [Said($"You said {request.Text}.")] });

        Assert.Equal("You said one.", conversation.Say("one"));
        Assert.Equal("You said two.", conversation.Say("two"));
        Assert.Equal("Bye. | Over: shoes", conversation.Say("bye"));
        Assert.Null(conversation.Position);
        Assert.Equal(new AgentSettings(AgentKind.Rasa, new Uri("https://rasa.example.com")) { Connection = "rasa", TimeoutSeconds = 5 }, asked[0].Agent);
    }

    [Fact]
    public void Who_says_nothing_is_greeted_once_where_the_flow_says_how()
    {
        var asked = new List<AgentRequest>();
        var conversation = Told(Adapter, asked, _ => new AgentAnswer { Outputs = [Said("Welcome.")] });

        Assert.Equal("Welcome.", conversation.Say(""));
        Assert.Equal("", conversation.Say(""));
        Assert.Equal("/greet", Assert.Single(asked).Text);
    }

    [Fact]
    public void A_form_goes_to_the_agent_and_the_event_itself_does_not()
    {
        var asked = new List<AgentRequest>();
        var conversation = Told(Adapter, asked, _ => new AgentAnswer());

        conversation.Send((JsonObject)JsonNode.Parse("""{"text":"","data":{"adaptivecards":{"size":"L"},"request":{"eventType":"ACTIVITY"},"attachments":[]}}""")!);

        Assert.Equal("""{"adaptivecards":{"size":"L"}}""", asked[0].Data!.ToJsonString());
    }

    [Fact]
    public void What_the_agent_left_to_be_kept_comes_back_and_is_forgotten_at_its_end()
    {
        var asked = new List<AgentRequest>();
        var conversation = Told(Adapter, asked, request => new AgentAnswer
        {
            Memory = new JsonObject { ["count"] = (int?)request.Memory?["count"] + 1 ?? 1 },
            Ends = request.Text == "bye",
        });

        foreach (var text in new[] { "one", "two", "bye", "three" }) conversation.Say(text);

        Assert.Equal([null, 1, 2, null], asked.Select(request => (int?)request.Memory?["count"]));
    }

    [Fact]
    public void Two_inputs_are_told_apart_and_a_repeated_one_is_not()
    {
        string Id(string inputId)
        {
            var asked = new List<AgentRequest>();
            var conversation = Told(Adapter, asked, _ => new AgentAnswer());
            conversation.EventId = inputId;
            conversation.Say("x");
            return asked[0].Id;
        }

        Assert.Equal(Id("1"), Id("1"));
        Assert.NotEqual(Id("1"), Id("2"));
    }

    [Fact]
    public void Two_inputs_of_one_turn_are_told_apart_also_where_nothing_is_said_between()
    {
        IReadOnlyList<AgentRequest> Asked()
        {
            var asked = new List<AgentRequest>();
            Told("""
                name: twice
                start:
                  - agent: { webhook: "https://bot.example.com" }
                  - if: input.text === 'one'
                    then: [ { think: { text: two } } ]
                """, asked, _ => new AgentAnswer { Ends = true }).Say("one");
            return asked;
        }

        var asked = Asked();

        Assert.Equal(["one", "two"], asked.Select(request => request.Text));
        Assert.NotEqual(asked[0].Id, asked[1].Id);
        Assert.Equal(asked.Select(request => request.Id), Asked().Select(request => request.Id));
    }

    [Fact]
    public void A_wish_for_a_person_hands_over_and_the_agent_has_the_customer_again_afterwards()
    {
        var conversation = Told(Adapter, [], request => request.Text == "human"
            ? new AgentAnswer { Outputs = [Said("One moment.")], Handover = new JsonObject { ["queueId"] = "101", ["summary"] = "Wants shoes" } }
            : new AgentAnswer { Outputs = [Said("Me again.")] });

        Assert.Equal("One moment.", conversation.Say("human"));
        Assert.Equal(("101", "Wants shoes"), (conversation.Last.Handover!.QueueId, conversation.Last.Handover.Summary));
        conversation.Send((JsonObject)JsonNode.Parse("""{"text":"","handover":{"status":"completed"}}""")!);
        Assert.Equal("Me again.", conversation.Say("hello?"));
    }

    [Fact]
    public void What_happens_at_a_wish_for_a_person_can_be_said()
    {
        var conversation = Told("""
            name: own
            start:
              - agent: { webhook: "https://bot.example.com" }
                onHandover:
                  - say: "Nobody is here for {{ input.agent.handover.topic }}."
            """, [], request => request.Text == "human" ? new AgentAnswer { Handover = new JsonObject { ["topic"] = "shoes" } } : new AgentAnswer { Outputs = [Said("Yes?")] });

        Assert.Equal("Nobody is here for shoes.", conversation.Say("human"));
        Assert.Equal("Yes?", conversation.Say("hello?"));
    }

    [Fact]
    public void An_agent_that_does_not_answer_fails_the_turn_and_keeps_the_customer()
    {
        var isDown = true;
        var conversation = new Conversation(Adapter)
        {
            Answer = _ => isDown ? new FlowAnswer(null, "It is down.") : new AgentAnswer { Outputs = [Said("Back.")] },
        };

        Assert.Contains("went wrong", conversation.Say("one"), StringComparison.Ordinal);
        Assert.Equal("It is down.", conversation.Last.Failure!.Message);
        isDown = false;
        Assert.Equal("Back.", conversation.Say("two"));
    }

    [Fact]
    public void OnError_speaks_for_an_agent_that_does_not_answer()
    {
        var conversation = new Conversation("""
            name: down
            start:
              - agent: { webhook: "https://bot.example.com" }
                onError: [ { say: Please write again in a minute. } ]
              - say: Never said.
            """)
        { Answer = _ => new FlowAnswer(null, "It is down.") };

        Assert.Equal("Please write again in a minute.", conversation.Say("one"));
        Assert.Null(conversation.Last.Failure);
        Assert.Equal("It is down.", Assert.Single(conversation.Last.Warnings).Message);
    }

    [Fact]
    public void What_the_agent_says_later_is_taken_without_asking_it()
    {
        var asked = new List<AgentRequest>();
        var conversation = Told(Adapter, asked, _ => new AgentAnswer());
        conversation.Say("one");

        Assert.Equal("Found it.", conversation.Send((JsonObject)JsonNode.Parse("""{"text":"","agent":{"outputs":[{"text":"Found it."}]}}""")!));
        Assert.Single(asked);
        Assert.True(conversation.Flow.AwaitsAgent(conversation.Position));
    }

    [Fact]
    public void Answers_in_our_own_JSON_show_all_that_say_can()
    {
        var answer = AgentAnswer.Read(System.Text.Json.JsonElement.Parse("""
            {"outputs":["Text",
              {"text":"Choose","quickReplies":["A",{"title":"B","payload":"b"},{"title":"Call","phone":"+491"}],"fallbackText":"A or B?"},
              {"text":"Go","buttons":[{"title":"Site","url":"https://example.com"},{"title":"Order","intent":"Order"}]},
              {"list":[{"title":"One","subtitle":"1"}]},
              {"image":"https://example.com/i.png"}, {"file":{"url":"https://example.com/f.pdf","name":"f.pdf"}},
              {"adaptiveCard":{"type":"AdaptiveCard","body":[]}},
              {"text":"Where?","channelCard":{"type":"Location","content":{"name":"x"}}},
              {"eightByEight":{"text":"raw"}}, {"image":"nowhere"}]}
            """));

        Assert.Equal([new("A", "A"), new("B", "b"), new("Call", "+491", ButtonKind.PhoneNumber)], answer.Outputs[1].QuickReplies);
        Assert.Equal([new("Site", "https://example.com", ButtonKind.WebUrl), new("Order", "cIntent:Order")], Assert.IsType<Buttons>(answer.Outputs[2].Rich).Items);
        Assert.Equal([typeof(ItemList), typeof(Media), typeof(Media), typeof(AdaptiveCard), typeof(ChannelCard), typeof(RawMessage)],
            answer.Outputs.Skip(3).Take(6).Select(output => output.Rich!.GetType()));
        Assert.Contains("nowhere", Assert.Single(answer.Faults), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"nonsense":1}""", "'nonsense'")]
    [InlineData("5", "a number")]
    [InlineData("null", "null")]
    [InlineData("true", "a boolean")]
    [InlineData("""["a text"]""", "a list")]
    [InlineData("""{"buttons":[{"label":"A secret"}]}""", "'label'")]
    [InlineData("""{"text":"Choose","quickReplies":[7]}""", "a number")]
    [InlineData("""{"gallery":"A secret"}""", "'gallery'")]
    [InlineData("""{"text":"Look","image":"https://example.com/i.png","video":"https://example.com/v.mp4","b":1}""", "'video', 'b'")]
    [InlineData("""{"data":{"more":1}}""", "'data'")]
    public void What_cannot_be_shown_is_named_at_the_turn_without_its_texts(string output, string named)
    {
        var conversation = Told(Adapter, [], _ => AgentAnswer.Read(System.Text.Json.JsonElement.Parse($$"""{"outputs":[{{output}},"Shown"]}""")));

        Assert.EndsWith("Shown", conversation.Say("one"), StringComparison.Ordinal);

        var warning = Assert.Single(conversation.Last.Warnings).Message;
        Assert.Contains("left out", warning, StringComparison.Ordinal);
        Assert.Contains(named, warning, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"text":"","image":null,"buttons":[],"data":{}}""")]
    [InlineData("""{"text":"Hi","data":{"more":1},"fallbackText":"Ho","quickReplies":["A"]}""")]
    public void What_is_empty_or_shown_is_no_matter(string output) =>
        Assert.Empty(AgentAnswer.Read(System.Text.Json.JsonElement.Parse($$"""{"outputs":[{{output}}]}""")).Faults);

    [Theory]
    [InlineData("agent: { rasa: not-a-url }", "URL that begins with")]
    [InlineData("agent: { rasa: https://a.example, webhook: https://b.example }", "one of cognigy, rasa")]
    [InlineData("agent: { connection: a }", "one of cognigy, rasa")]
    [InlineData("agent: { openai: https://a.example }", "lacks 'model'")]
    [InlineData("agent: { rasa: https://a.example, model: m }", "for openai alone")]
    [InlineData("agent: { rasa: https://a.example, timeoutSeconds: 90 }", "from 1 to 40")]
    [InlineData("agent: { openai: https://a.example, model: m, temperature: hot }", "from 0 to 2")]
    [InlineData("agent: rasa", "is an object")]
    public void What_is_no_agent_is_refused(string step, string why)
    {
        var refused = Assert.Throws<FlowFormatException>(() => Flow.Parse($"name: a\nstart:\n  - {step}"));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    private static Output Said(string text) => new() { Text = text };

    private static Conversation Told(string flow, List<AgentRequest> asked, Func<AgentRequest, AgentAnswer> says) => new(flow)
    {
        Answer = request =>
        {
            asked.Add((AgentRequest)request);
            return says((AgentRequest)request);
        },
    };
}
