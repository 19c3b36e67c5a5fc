using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Models;
using EightByEight.Connector.Requests;
using EightByEight.Connector.Understanding;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>Any valid Flow, in any conversation, does something or says why not.</summary>
public class RandomFlows
{
    private static readonly string[] Inputs =
        ["hi", "", "5", "yes", "no", "A", "2", "cIntent:help", "tomorrow", "ann@example.com", "{{ 1 }}", "\ud800", "__proto__", "12:30", "+44 20 7946 0958", "20 €",
            "i want to book a table", "book", "cIntent:book|5"];

    private static readonly string[] Types =
        ["text", "number", "integer", "yesNo", "data", "email", "url", "phone", "date", "time", "duration", "money", "percentage", "temperature",
            "age", "iban", "bic", "creditCard", "licencePlate", "ipv4", "file", "intent", "slot", "entity", "choice"];

    [Fact]
    public void Each_kind_of_step_is_among_those_that_are_written() => Assert.Equal(FlowCompiler.Kinds.Order(), Author.Kinds.Order());

    [Property(MaxTest = 150)]
    public Property A_valid_flow_never_crashes_the_engine() => Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
    {
        var author = new Author(new Random(seed));
        var source = author.Flow("main").ToJsonString();
        var conversation = new Conversation(source, author.Flow("other").ToJsonString())
        {
            Locale = author.One<string?>(null, "de", "en-GB"),
            Answer = request => Model(request) ?? author.One(new FlowAnswer(new JsonArray()), new FlowAnswer(null, "Nobody is there.")),
        };
        for (var turn = 0; turn < 8; turn++)
        {
            var input = new JsonObject { ["text"] = author.One(Inputs) };
            if (author.Rarely()) input["data"] = new JsonObject { ["form"] = 1, ["attachments"] = new JsonArray(new JsonObject { ["name"] = "a" }) };
            if (author.Rarely()) input.Remove("text");
            if (author.Rarely()) input["handover"] = new JsonObject { ["status"] = author.One("queued", "agent", "completed", "timedOut"), ["eventType"] = author.One("handoverInactivity", "x") };
            conversation.Send(input);
            conversation.Now = conversation.Now.AddMinutes(1);
            // Our own faults would be told in words of .NET.
            if (conversation.Position is { GoesOn: true } place) throw new InvalidOperationException($"Seed {seed}: the session waits at {place}, where nothing waits.\n{source}");
            if (conversation.Last.Failure is { } failure && (failure.Flow is null || failure.Line < 1 || Ours(failure.Message)))
                throw new InvalidOperationException($"Seed {seed}, input {input.ToJsonString()}: {failure}\n{source}");
        }

        return true;
    });

    [Property(MaxTest = 100)]
    public Property Killed_and_resumed_anywhere_a_conversation_is_as_if_nothing_had_been() => Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed =>
    {
        var author = new Author(new Random(seed));
        var flow = Flow.Parse(author.Flow("main").ToJsonString());
        flow = flow.With(new Dictionary<string, Flow> { ["other"] = Flow.Parse(author.Flow("other").ToJsonString()) });
        var (undisturbed, killed) = (new Session(flow, null), new Session(flow, new Random(seed)));
        for (var turn = 0; turn < 8; turn++)
        {
            var text = author.One(Inputs);
            var (expected, actual) = (undisturbed.Say(text), killed.Say(text));
            if (expected != actual) throw new InvalidOperationException($"Seed {seed}, input {text}:\n{expected}\n{actual}");
        }

        return true;
    });

    /// <summary>What a service that understands, or a language model, answers, by what it was told; null: neither is asked.</summary>
    private static FlowAnswer? Model(FlowRequest request) => request switch
    {
        UnderstandRequest { Text: "hi" } => new FlowAnswer(null, "It is down."),
        UnderstandRequest said => new FlowAnswer(new JsonObject
        {
            ["ranking"] = new JsonArray(new JsonObject { ["intent"] = "book", ["score"] = said.Text.Length % 10 / 10.0 }),
            ["slots"] = new JsonObject { ["place"] = new JsonArray(new JsonObject { ["keyphrase"] = said.Text }) },
        }),
        ModelRequest { Schema: not null } entity => entity.Messages[0].Text switch
        {
            "no" => new FlowAnswer(null, "It is down."),
            "hi" or "tomorrow" => new FlowAnswer(new JsonObject { ["found"] = false }),
            var text => new FlowAnswer(new JsonObject { ["found"] = true, ["value"] = text }),
        },
        ModelRequest asked => Said(asked),
        _ => null,
    };

    private static ModelAnswer Said(ModelRequest asked) => asked.MustAnswer ? new ModelAnswer { Text = "Well." }
        : asked.Told is > 0 and < 12 ? new ModelAnswer { Text = "More. ", Continues = asked.Continues }
        : (asked.Messages.Count % 5) switch
        {
            0 => new ModelAnswer { Text = "Let me see.", Calls = [Call("look", "a"), Call("nothing", "b")] },
            1 when asked.Told == 0 => new ModelAnswer { Text = "One. ", Continues = "stream" },
            2 => new ModelAnswer { Calls = [Call("fetch", "a"), Call("look", "b")] },
            3 => new ModelAnswer { IsRefused = true },
            4 => new ModelAnswer { Text = "Bye.", Calls = [Call("hand_over", "a")] },
            _ => new ModelAnswer { Text = "Answer." },
        };

    private static ToolCall Call(string name, string id) => new() { Id = id, Name = name, Arguments = new JsonObject { ["a"] = id } };

    private static bool Ours(string message) => new[] { "Object reference", "Index was", "Sequence contains", "The given key", "Nullable object", "cast", "Stack" }
        .Any(words => message.Contains(words, StringComparison.Ordinal));

    /// <summary>
    /// A session of which nothing lives from one committed part to the next but JSON. With <paramref name="fate"/>, its process is killed
    /// again and again: where a step waits for an answer from outside, and after a part has run, before it is committed.
    /// </summary>
    private sealed class Session(Flow flow, Random? fate)
    {
        private const int Kills = 3;
        private string _committed = Json(new FlowInput { Input = [], Context = [], Profile = [] });
        private readonly Dictionary<string, string?> _keys = [];
        private int _turns;

        /// <returns>All that the parts of the turn said and left.</returns>
        public string Say(string text)
        {
            var said = new List<string>();
            var id = $"event-{++_turns}";
            JsonObject input = new() { ["text"] = text, ["execution"] = _turns, ["inputId"] = id };
            if (_turns % 3 == 0) input["handover"] = new JsonObject { ["status"] = "completed" };
            FlowPause? pause = null;
            do
            {
                var before = JsonSerializer.Deserialize<FlowInput>(_committed)!;
                var part = JsonSerializer.Deserialize<FlowInput>(Json(before with
                {
                    Id = id,
                    At = DateTimeOffset.UnixEpoch.AddMinutes(_turns),
                    Input = pause?.Input ?? input,
                    Rest = pause,
                }))!;
                var result = Run(part);
                pause = result.Pause;
                if (pause is null && result.Failure is null && result.Position is { GoesOn: true })
                    throw new InvalidOperationException($"The session waits at {result.Position}, where nothing waits.");
                said.Add(JsonSerializer.Serialize(
                    new { result.Outputs, result.Failure, result.Warnings, result.Log, result.Context, result.Profile, result.Marks, result.Position }));
                _committed = Json(before with
                {
                    Context = result.Context,
                    Profile = result.Profile,
                    Marks = result.Marks,
                    Position = pause is null && result.Failure is null ? result.Position : before.Position,
                });
            }
            while (pause is not null);
            return string.Join('\n', said);
        }

        private FlowResult Run(FlowInput part)
        {
            for (var killed = 0; ; killed++)
            {
                using var run = flow.Begin(part, CancellationToken.None);
                var (next, asked) = (run.Next(), 0);
                while (next is not null && !IsKilled(killed))
                {
                    if (fate is null) Note(next);
                    next = run.Next(Answer(next, asked++));
                }

                if (next is null && !IsKilled(killed)) return run.Result;
            }
        }

        /// <summary>Each thing that is asked has a key of its own; what is looked for in an input may be looked for there again.</summary>
        private void Note(FlowRequest request)
        {
            var (key, looked) = request switch
            {
                HttpCall call => (call.IdempotencyKey, null),
                AgentRequest told => (told.Id, null),
                ModelRequest model => (model.Id, model.Schema is null ? null : model.Instructions),
                _ => default,
            };
            if (key is not null && !_keys.TryAdd(key, looked) && (looked is null || _keys[key] != looked))
                throw new InvalidOperationException($"{request} has the key of something else.");
        }

        /// <summary>Not for ever.</summary>
        private bool IsKilled(int times) => fate is not null && times < Kills && fate.Next(2) == 0;

        private static FlowAnswer Answer(FlowRequest request, int asked)
        {
            if (Model(request) is { } said) return said;
            if (request is AgentRequest) return new(new JsonObject { ["outputs"] = new JsonArray(new JsonObject { ["text"] = "Agent." }), ["end"] = asked % 3 == 0 });
            return asked % 2 == 0 ? new(new JsonArray(request.GetType().Name)) : new(null, "Nobody is there.");
        }

        private static string Json(FlowInput input) => JsonSerializer.Serialize(input);
    }

    /// <summary>Writes Flows at random.</summary>
    private sealed class Author(Random random)
    {
        private int _ids;

        public T One<T>(params T[] from) => from[random.Next(from.Length)];

        public bool Rarely() => random.Next(4) == 0;

        public JsonObject Flow(string name)
        {
            var flow = new JsonObject { ["name"] = name, ["start"] = Steps(3), ["menu"] = Steps(2), ["end"] = Steps(1) };
            if (Rarely()) flow["slots"] = new JsonObject { ["place"] = new JsonArray("a table", "5") };
            if (Rarely()) flow["defaultReply"] = One<JsonNode>(Texts(), Steps(1));
            if (Rarely()) flow["intents"] = new JsonObject { ["book"] = Intent("i want to book a table", "reserve a table"), ["help"] = Intent("please help me", "what can you do") };
            var nlu = new JsonObject();
            if (Rarely()) nlu["didYouMean"] = Texts();
            if (Rarely()) (nlu["provider"], nlu["url"]) = ("rasa", "https://nlu.example");
            if (nlu.Count > 0) flow["nlu"] = nlu;
            return flow;
        }

        private JsonObject Intent(params string[] examples)
        {
            var intent = new JsonObject { ["examples"] = new JsonArray([.. examples.Select(example => (JsonNode)example)]) };
            if (Rarely()) intent[One("states", "exceptStates")] = new JsonArray("busy");
            var (reaction, how) = One<(string, Func<JsonNode>)>(("reply", Texts), ("steps", () => Steps(2)), ("flow", () => One("other", "main", "nobody")), ("title", () => "T"));
            intent[reaction] = how();
            return intent;
        }

        private JsonArray Steps(int depth) => new([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => (JsonNode)Step(depth))]);

        private JsonObject Step(int depth)
        {
            var kinds = depth > 0 && random.Next(2) == 0 ? Branching : Plain;
            var step = kinds[One([.. kinds.Keys])](this, depth - 1);
            if (Rarely()) step["id"] = $"id{++_ids}";
            return step;
        }

        /// <summary>All kinds of steps that it writes.</summary>
        public static IEnumerable<string> Kinds => Plain.Keys.Union(Branching.Keys);

        private static readonly Dictionary<string, Func<Author, int, JsonObject>> Plain = new()
        {
            ["say"] = (author, _) => new()
            {
                ["say"] = author.One(author.Texts(), new JsonObject
                {
                    ["text"] = new JsonArray("A", "{{ input.text }}", author.Texts()),
                    ["order"] = author.One("linear", "loop", "random"),
                }),
            },
            ["set"] = (author, _) => new()
            {
                ["set"] = new JsonObject
                {
                    [author.One("context.a", "context.b.c", "profile.a")] = author.One("1", "{{ input.result }}", "{{ [input.text, context.a] }}", "{{ undefined }}"),
                },
            },
            ["goTo"] = (author, _) => new() { ["goTo"] = author.One("menu", "end", "start") },
            ["call"] = (author, _) => new()
            {
                ["call"] = new JsonObject { ["flow"] = author.One("other", "main", "nobody"), ["with"] = new JsonObject { ["a"] = "{{ context.a }}" }, ["saveTo"] = "context.got" },
            },
            ["return"] = (_, _) => new() { ["return"] = "{{ context.a }}" },
            ["think"] = (author, _) => new() { ["think"] = new JsonObject { ["text"] = author.One(Inputs[0], "menu"), ["data"] = new JsonObject() } },
            ["setState"] = (author, _) => new() { ["setState"] = author.One("", "busy", "{{ input.text }}") },
            ["setLocale"] = (author, _) => new() { ["setLocale"] = author.One("", "de", "fil", "{{ input.text }}") },
            ["setTranslation"] = (author, _) => new() { ["setTranslation"] = new JsonObject { ["enabled"] = true, ["userLanguage"] = author.One("de", "auto", "{{ input.text }}") } },
            ["translate"] = (author, _) => new()
            {
                ["translate"] = new JsonObject { ["text"] = author.Texts(), ["to"] = author.One("de", "{{ context.a }}"), ["saveTo"] = "context.a" },
                ["onError"] = author.Steps(0),
            },
            ["resetContext"] = (_, _) => new() { ["resetContext"] = null },
            ["setSessionExpiration"] = (_, _) => new() { ["setSessionExpiration"] = 5 },
            ["waitForInput"] = (_, _) => new() { ["waitForInput"] = null },
            ["stop"] = (_, _) => new() { ["stop"] = null },
            ["delay"] = (_, _) => new() { ["delay"] = 1 },
            ["transcript"] = (_, _) => new() { ["transcript"] = new JsonObject { ["saveTo"] = "context.said" } },
            ["optionalQuestion"] = (author, _) => new()
            {
                ["optionalQuestion"] = Typed(author.One("yesNo", "email", "date", "slot", "entity"), new() { ["text"] = author.Texts(), ["inputs"] = 2, ["saveTo"] = "context.opt" }),
            },
            ["http"] = (author, _) => new()
            {
                ["http"] = new JsonObject { ["url"] = author.One("https://a.example/{{ input.text }}", "{{ context.a }}"), ["saveTo"] = "context.got" },
                ["onError"] = author.Steps(0),
            },
            ["code"] = (author, _) => new()
            {
                ["code"] = new JsonObject
                {
                    ["script"] = author.One("context.a = input.text", "return context.a.b", "delete context.a; profile.a = 1", "context.list = [1]"),
                    ["saveTo"] = "context.got",
                },
            },
            ["ask"] = (author, _) => author.Ask(),
            ["agent"] = (author, _) => author.Agent(),
            ["question"] = (author, _) => author.Question(),
            ["queueStatus"] = (author, _) => new() { ["queueStatus"] = new JsonObject { ["queueId"] = "1", ["saveTo"] = "context.queue" }, ["onError"] = author.Steps(0) },
            ["schedule"] = (_, _) => new() { ["schedule"] = new JsonObject { ["scheduleId"] = "{{ context.a }}", ["saveTo"] = "context.a" } },
            ["handover"] = (author, _) => author.Handover(),
            ["endConversation"] = (_, _) => new() { ["endConversation"] = null },
            ["dataProtection"] = (author, _) => new() { ["dataProtection"] = new JsonObject { [author.One("blind", "hideInput")] = author.One(true, false) } },
            ["closeHandover"] = (_, _) => new() { ["closeHandover"] = null },
            ["scheduleHandback"] = (author, _) => new() { ["scheduleHandback"] = new JsonObject { ["userTimeoutMinutes"] = 60 }, ["onError"] = author.Steps(0) },
            ["track"] = (author, _) => new()
            {
                ["track"] = new JsonObject { ["goal"] = author.One("reached", "{{ context.a }}"), ["custom"] = new JsonObject { ["a"] = "{{ context.a }}" } },
            },
            ["log"] = (author, _) => new() { ["log"] = new JsonObject { ["level"] = author.One("debug", "warning"), ["message"] = author.Texts() } },
        };

        private static readonly Dictionary<string, Func<Author, int, JsonObject>> Branching = new()
        {
            ["if"] = (author, depth) => new()
            {
                ["if"] = author.One("input.text === 'yes'", "context.a", "true"),
                ["then"] = author.Steps(depth),
                ["else"] = author.Steps(depth),
            },
            ["switch"] = (author, depth) => new()
            {
                ["switch"] = author.One("input.text", "input.state", "context.a"),
                ["cases"] = new JsonObject { ["yes"] = author.Steps(depth), ["5"] = author.Steps(depth) },
                ["default"] = author.Steps(depth),
            },
            ["forEach"] = (author, depth) => new()
            {
                ["forEach"] = author.One("[1, 2, 3]", "context.a", "context.list"),
                ["as"] = "context.item",
                ["index"] = "context.i",
                ["do"] = author.Steps(depth),
                ["atMost"] = 5,
            },
            ["while"] = (author, depth) => new() { ["while"] = author.One("context.n < 3", "input.text === 'yes'", "false"), ["do"] = author.Steps(depth), ["atMost"] = 4 },
            ["once"] = (author, depth) => new() { ["once"] = author.Steps(depth), ["afterwards"] = author.Steps(depth) },
            ["interval"] = (author, depth) => new() { ["interval"] = author.One(0.5, 30, 90), ["then"] = author.Steps(depth), ["else"] = author.Steps(depth) },
            ["question"] = (author, depth) => author.Question(depth),
            ["optionalQuestion"] = (author, depth) => new()
            {
                ["optionalQuestion"] = Typed(author.One("yesNo", "entity"), new() { ["text"] = author.Texts(), ["inputs"] = 3 }),
                ["then"] = author.Steps(depth),
            },
        };

        private JsonObject Handover()
        {
            JsonArray Said() => new(new JsonObject { ["say"] = Texts() }, new JsonObject { [Rarely() ? "stop" : "closeHandover"] = null });
            var step = new JsonObject { ["handover"] = new JsonObject { ["queueId"] = "1", ["message"] = Texts(), ["summary"] = "{{ context.a }}" } };
            foreach (var block in new[] { "onQueued", "onAgent", "onInactivity" })
                if (Rarely()) step[block] = Said();
            return step;
        }

        private JsonObject Agent()
        {
            var step = new JsonObject { ["agent"] = new JsonObject { ["webhook"] = "https://a.example/agent", ["hello"] = Texts() } };
            if (Rarely()) step["onError"] = Steps(0);
            if (Rarely()) step["onHandover"] = Steps(0);
            return step;
        }

        private JsonObject Ask()
        {
            var ask = new JsonObject
            {
                ["url"] = "https://llm.example",
                ["model"] = "m",
                ["tools"] = new JsonArray(
                    new JsonObject { ["name"] = "look", ["description"] = "d", ["flow"] = One("other", "main", "nobody") },
                    new JsonObject { ["name"] = "fetch", ["description"] = "d", ["http"] = "https://a.example/{{ input.arguments.a }}" }),
                ["handover"] = new JsonObject { ["when"] = "w" },
                ["saveTo"] = "context.got",
            };
            if (Rarely()) ask["until"] = new JsonObject { ["condition"] = "context.a", ["inputs"] = 2 };
            if (Rarely()) ask["historyTokens"] = random.Next(40);
            var step = new JsonObject { ["ask"] = ask };
            if (Rarely()) step["onError"] = Steps(0);
            if (Rarely()) step["onHandover"] = Steps(0);
            return step;
        }

        /// <summary>A question of a type, with what the type needs.</summary>
        private static JsonObject Typed(string type, JsonObject question)
        {
            question["type"] = type;
            if (type == "slot") question["slot"] = "NUMBER";
            if (type == "entity") question["extract"] = new JsonObject { ["url"] = "https://llm.example", ["model"] = "m", ["description"] = "d" };
            return question;
        }

        private JsonObject Question(int depth = -1)
        {
            var type = One(Types);
            var question = Typed(type, new() { ["text"] = Texts(), ["saveTo"] = One("context.a", "profile.q", "context.b.c") });
            if (Rarely()) question["reprompt"] = Texts();
            else if (depth >= 0) question["reprompt"] = Steps(depth);
            if (Rarely())
            {
                question["confirm"] = "[ANSWER]?";
                if (Rarely()) question["confirmReprompt"] = "Yes or no: [ANSWER]?";
            }

            if (Rarely() && type != "text") question["skipIfInInput"] = true;
            if (Rarely()) question["forgetAfter"] = 2;
            if (Rarely()) question["skipIfKnown"] = true;
            if (Rarely()) question["validate"] = "input.result !== context.a";
            if (type == "choice") question["options"] = new JsonArray("A", new JsonObject { ["title"] = One("B", "B {{ context.a }}"), ["payload"] = "b", ["if"] = "context.a" });

            var step = new JsonObject { ["question"] = question };
            if (random.Next(2) == 0)
            {
                question["reprompts"] = random.Next(3);
                if (random.Next(2) == 0) step["otherwise"] = Steps(Math.Max(depth, 0));
            }

            if (random.Next(3) == 0) step["intents"] = new JsonObject { [One("help", "book")] = Steps(Math.Max(depth, 0)) };
            return step;
        }

        private JsonNode Texts() => random.Next(3) == 0
            ? new JsonObject { ["en"] = "Hello", ["de"] = "{{ input.text }}" }
            : One("Hello {{ context.a }}", "{{ nobody }}", "0", "");
    }
}
