using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Flows;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>Reads a script from YAML; all that is wrong with it is known with its place.</summary>
internal sealed partial class ScriptReader
{
    private static readonly string[] Settings = ["endpoint", "user", "channel", "now", "stubs", "translations", "detected"];
    private static readonly string[] Answering = ["answer", "answers", "error"];
    private static readonly string[] Beats = ["customer", "bot", "agent", "queue", "later", "wait", "inject", "expect"];

    private readonly Problems _problems = new();

    /// <exception cref="FlowFormatException">It is no script; all faults are listed.</exception>
    public static Script Read(string source)
    {
        var reader = new ScriptReader();
        var script = reader.Read(DocumentReader.Read(source, reader._problems));
        return reader._problems.Any ? throw reader._problems.ToException() : script!;
    }

    private Script? Read(DocumentNode? document)
    {
        if (document is not MapNode map) throw _problems.Fatal(1, 1, "A test is an object with 'flow', the Flow's file, and 'tests'.");
        Know(map, "A test file", ["flow", "tests", .. Settings]);
        var flow = map.Find("flow") is { } named ? Text(named, "flow") : Missing(map, "flow", "flow: ../welcome.yaml");
        if (map.Find("tests") is not ListNode { Items.Count: > 0 } tests)
        {
            _problems.Report(map.Find("tests") ?? map, "'tests' is a list of { name, conversation }, with at least one.");
            return null;
        }

        var common = Set(map, new Scene("", 0));
        var scenes = tests.Items.Select(one => ReadScene(one, common)).OfType<Scene>().ToList();
        return flow is null ? null : new Script(flow, scenes);
    }

    private Scene? ReadScene(DocumentNode node, Scene common)
    {
        if (node is not MapNode map)
        {
            _problems.Report(node, "A test is an object with 'name' and 'conversation'.");
            return null;
        }

        Know(map, "A test", ["name", "conversation", .. Settings]);
        var name = map.Find("name") is { } named ? Text(named, "name") : Missing(map, "name", "name: takes an order");
        if (map.Find("conversation") is not ListNode { Items.Count: > 0 } beats)
        {
            _problems.Report(map.Find("conversation") ?? map, "'conversation' is a list of what happens, such as - customer: Hi");
            return null;
        }

        return Set(map, common) with { Name = name ?? "", Line = map.Line, Beats = [.. beats.Items.Select(ReadBeat).OfType<Beat>()] };
    }

    /// <summary>A scene with what is set beside it; the rest stays.</summary>
    private Scene Set(MapNode map, Scene scene)
    {
        if (map.Find("endpoint") is { } endpoint && Object(endpoint, "endpoint") is { } settings) scene = scene with { Endpoint = settings };
        if (map.Find("user") is { } user) scene = scene with { User = Object(user, "user") };
        if (map.Find("channel") is { } channel && Text(channel, "channel") is { } kind) scene = scene with { Channel = kind };
        if (map.Find("detected") is { } detected) scene = scene with { Detected = Text(detected, "detected") };
        if (map.Find("translations") is { } texts && Object(texts, "translations") is { } translations)
            scene = scene with { Translations = translations.ToDictionary(text => text.Key, text => text.Value?.ToString() ?? "") };
        if (map.Find("now") is { } now)
        {
            if (DateTimeOffset.TryParse((now as ScalarNode)?.Text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                scene = scene with { Now = time };
            else _problems.Report(now, "'now' is a time such as 2026-03-02T09:00:00Z.");
        }

        if (map.Find("stubs") is not { } stubs) return scene;
        if (stubs is not ListNode list)
        {
            _problems.Report(stubs, "'stubs' is a list of { step, answer } or { url, answer }.");
            return scene;
        }

        var made = list.Items.Select(ReadStub).OfType<Func<Stub>>().ToList();
        return scene with { Stubs = () => [.. made.Select(make => make())] };
    }

    private Func<Stub>? ReadStub(DocumentNode node)
    {
        if (node is not MapNode map)
        {
            _problems.Report(node, "A stub is an object with 'step' or 'url', and 'answer', 'answers' or 'error'.");
            return null;
        }

        Know(map, "A stub", ["step", "url", "when", .. Answering]);
        var given = Answering.Where(member => map.Find(member) is not null).ToList();
        if (given.Count != 1) _problems.Report(map, "A stub has one of 'answer', 'answers' (a list, one after the other) and 'error'.");
        if (map.Find("step") is null && map.Find("url") is null) _problems.Report(map, "A stub names the 'step' (its kind, id or path) or the 'url' that it stands for.");
        var step = map.Find("step") is { } named ? Text(named, "step") : null;
        var url = map.Find("url") is { } asked ? Text(asked, "url") : null;
        var when = map.Find("when") is { } only ? Object(only, "when") : null;
        List<FlowAnswer> answers = map.Find("error") is { } error ? [new(null, Text(error, "error"))]
            : map.Find("answers") is ListNode { Items.Count: > 0 } many ? [.. many.Items.Select(one => new FlowAnswer(Json(one)))]
            : [new(map.Find("answer") is { } answer ? Json(answer) : null)];
        return () => new Stub(step, url, when, answers);
    }

    private Beat? ReadBeat(DocumentNode node)
    {
        var known = node is MapNode one ? one.Members.Where(member => Beats.Contains(member.Key.Text)).ToList() : [];
        if (node is not MapNode map || known.Count != 1)
        {
            _problems.Report(node, $"Each line of a conversation is one of {string.Join(", ", Beats)}.");
            return null;
        }

        Know(map, "A line", [known[0].Key.Text]);
        var (key, value) = known[0];
        Event Happens(string shown, Func<Rehearsal, CancellationToken, Task> happen) => new(key.Line, key.Column, shown, happen);
        switch (key.Text)
        {
            case "bot":
                return ReadSaying(key, value);
            case "expect":
                return Object(value, "expect") is { } facts && KnowFacts(value, facts) ? new Fact(key.Line, key.Column, facts) : null;
            case "inject":
                if (value is MapNode injected)
                    Know(injected, "'inject'", ["text", "data", "attachments", "whenEnded", "whenAgent", "sessionId", "conversationId", "userId", "URLToken"]);
                return (value is ScalarNode ? new JsonObject { ["text"] = Text(value, "inject") } : Object(value, "inject")) is { } body
                    ? Happens($"inject: {body.ToJsonString(Script.Readable)}", (rehearsal, token) => rehearsal.InjectAsync((JsonObject)body.DeepClone(), token)) : null;
            case "later":
                if (value is MapNode answer) Know(answer, "'later'", ["outputs", "handover", "end", "data"]);
                return (value is ScalarNode ? new JsonObject { ["outputs"] = new JsonArray(Text(value, "later")) } : Object(value, "later")) is { } told
                    ? Happens($"later: {Shown(value)}", (rehearsal, token) => rehearsal.AnswerLaterAsync((JsonObject)told.DeepClone(), token)) : null;
            case "wait":
                if (Time(value) is { } time) return Happens($"wait: {(value as ScalarNode)!.Text}", (rehearsal, token) => rehearsal.WaitAsync(time, token));
                _problems.Report(value, "'wait' is a time such as 30 seconds, 31 minutes, 2 hours or 1 day.");
                return null;
            case "queue":
                return Text(value, "queue") is { } queue ? Happens($"queue: {queue}", (rehearsal, token) => rehearsal.QueueAsync(queue, token)) : null;
            case "agent":
                return Text(value, "agent") switch
                {
                    null => null,
                    "joins" => Happens("agent: joins", (rehearsal, token) => rehearsal.AgentJoinsAsync(token)),
                    "leaves" => Happens("agent: leaves", (rehearsal, token) => rehearsal.AgentLeavesAsync(token)),
                    var said => Happens($"agent: {said}", (rehearsal, token) => rehearsal.AgentSaysAsync(said, token)),
                };
            default:
                return ReadCustomer(value) is { } does ? Happens($"customer: {Shown(value)}", does) : null;
        }
    }

    private Func<Rehearsal, CancellationToken, Task>? ReadCustomer(DocumentNode node)
    {
        if (node is ScalarNode) return Text(node, "customer") is { } said ? (rehearsal, token) => rehearsal.SayAsync(said, null, token) : null;
        if (node is not MapNode map || map.Members.Count(member => member.Key.Text is "text" or "click" or "form") != 1)
        {
            _problems.Report(node, "'customer' is what the customer writes, or { click: a button's title }, { form: what a card is filled in with }, { text, attachments }.");
            return null;
        }

        Know(map, "'customer'", ["text", "click", "form", "attachments"]);
        if (map.Find("click") is { } click && Text(click, "click") is { } title) return (rehearsal, token) => rehearsal.ClickAsync(title, token);
        if (map.Find("form") is { } form && Object(form, "form") is { } filled) return (rehearsal, token) => rehearsal.SubmitAsync(filled, token);
        if (map.Find("text") is not { } node_ || Text(node_, "text") is not { } text) return null;
        // As 8x8 names their members.
        var attachments = map.Find("attachments") is not ListNode files ? null : new JsonArray([.. files.Items.Select(Json).OfType<JsonObject>().Select(file => (JsonNode)new JsonObject
        {
            ["id"] = file["id"]?.DeepClone(),
            ["fileName"] = file["name"]?.DeepClone(),
            ["preSignedUrl"] = file["url"]?.DeepClone(),
            ["type"] = file["type"]?.DeepClone(),
        })]);
        return (rehearsal, token) => rehearsal.SayAsync(text, (JsonArray?)attachments?.DeepClone(), token);
    }

    private Saying? ReadSaying(ScalarNode key, DocumentNode node)
    {
        if (node is not MapNode map)
            return Text(node, "bot") is { } text ? new Saying(key.Line, key.Column, text, new Expected { Text = text }) : null;
        Know(map, "'bot'", ["text", "contains", "matches", "quickReplies", "cards", "media", "message"]);
        Regex? matches = null;
        if (map.Find("matches") is { } pattern && Text(pattern, "matches") is { } regex)
            try
            {
                matches = new Regex(regex, RegexOptions.CultureInvariant | RegexOptions.Singleline, TimeSpan.FromSeconds(1));
            }
            catch (ArgumentException fault)
            {
                _problems.Report(pattern, $"'matches' is no regular expression: {fault.Message}");
            }

        var expected = new Expected
        {
            Text = map.Find("text") is { } said ? Text(said, "text") : null,
            Contains = map.Find("contains") is { } part ? Text(part, "contains") : null,
            Matches = matches,
            QuickReplies = map.Find("quickReplies") is { } titles ? Texts(titles, "quickReplies") : null,
            Media = map.Find("media") is { } files ? Texts(files, "media") : null,
            Cards = map.Find("cards") is { } cards ? Json(cards) as JsonArray : null,
            Message = map.Find("message") is { } message ? Object(message, "message") : null,
        };
        return new Saying(key.Line, key.Column, expected.Show(), expected);
    }

    private bool KnowFacts(DocumentNode at, JsonObject facts)
    {
        Know((MapNode)at, "'expect'", ScenePlay.Facts);
        return facts.Count > 0;
    }

    private string? Text(DocumentNode node, string member)
    {
        if (node is ScalarNode { IsNull: false } text) return text.Text;
        _problems.Report(node, $"'{member}' is a text, not {node.Kind}.");
        return null;
    }

    private List<string>? Texts(DocumentNode node, string member)
    {
        if (node is ListNode list) return [.. list.Items.Select(item => Text(item, member) ?? "")];
        _problems.Report(node, $"'{member}' is a list of texts, not {node.Kind}.");
        return null;
    }

    private JsonObject? Object(DocumentNode node, string member)
    {
        if (node is MapNode) return (JsonObject)Json(node)!;
        _problems.Report(node, $"'{member}' is an object, not {node.Kind}.");
        return null;
    }

    private string? Missing(MapNode map, string member, string example)
    {
        _problems.Report(map, $"'{member}' is missing: {example}.");
        return null;
    }

    private void Know(MapNode map, string owner, string[] known)
    {
        foreach (var (key, _) in map.Members.Where(member => !known.Contains(member.Key.Text)))
            _problems.Report(key, $"{owner} has no member '{key.Text}'.{Problems.DidYouMean(key.Text, known)} It has {string.Join(", ", known)}.");
    }

    public static JsonNode? Json(DocumentNode node) => node switch
    {
        ScalarNode scalar => scalar.Json(),
        ListNode list => new JsonArray([.. list.Items.Select(Json)]),
        MapNode map => new JsonObject(map.Members.Select(member => KeyValuePair.Create(member.Key.Text, Json(member.Value)))),
        _ => null,
    };

    private static string Shown(DocumentNode node) => node is ScalarNode text ? text.Text : Json(node)!.ToJsonString(Script.Readable);

    private static TimeSpan? Time(DocumentNode node) => node is ScalarNode text ? Time(text.Text) : null;

    /// <summary>A time such as <c>31 minutes</c>, or shorter <c>31m</c>; null: it is none.</summary>
    public static TimeSpan? Time(string text)
    {
        if (TimePattern.Match(text) is not { Success: true } match) return null;
        var number = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        return match.Groups[2].Value[0] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            _ => TimeSpan.FromDays(number),
        };
    }

    [GeneratedRegex(@"^([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(s|seconds?|m|minutes?|h|hours?|d|days?)\z", RegexOptions.CultureInvariant)]
    private static partial Regex TimePattern { get; }
}
