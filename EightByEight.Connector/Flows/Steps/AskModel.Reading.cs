using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Models;

namespace EightByEight.Connector.Flows.Steps;

/// <content>How the step is read.</content>
internal sealed partial class AskModel
{
    private const int DefaultTokens = 4_000;
    private const int MostTokens = 16_000;
    private const int DefaultRounds = 5;
    private const int MostRounds = 10;
    private const int MostTools = 30;
    private const int MostInputs = 1_000;

    public static AskModel Parse(StepSource source)
    {
        source.AllowBeside("onHandover", "onError");
        var step = new AskModel { Path = source.Path, Line = source.Line, _mark = source.Mark };
        if (source.Members.Find("onError") is { } error) step.Surround(step._onError = source.Branch(error, "onError"));
        if (source.Value is not MapNode map)
        {
            source.Problems.Report(source.Value, $"'ask' is an object with 'url', 'model' and 'instructions', not {source.Value.Kind}.");
            return step;
        }

        source.CheckMembers(map, "ask", [.. ModelSource.Members, "instructions", "text", "historyTokens", "tools", "maxRounds", "schema", "silent", "saveTo", "until", "handover", "refusal"]);
        step._model = ModelSource.Read(source, map);
        if (map.Find("instructions") is { } told) step._instructions = source.Compiler.Template(told, "instructions");
        if (map.Find("text") is { } text) step._text = source.Compiler.Template(text, "text");
        if (map.Find("refusal") is { } refusal) step._refusal = source.Compiler.Template(refusal, "refusal");
        if (map.Find("schema") is { } schema) step._schema = ModelSource.Schema(source, schema, "schema");
        step._isSilent = source.Flag(map, "silent");
        step._tokens = source.Whole(map, "historyTokens", 0, MostTokens) ?? DefaultTokens;
        step._rounds = source.Whole(map, "maxRounds", 1, MostRounds) ?? DefaultRounds;
        step.ReadPlace(source, map);
        step.ReadTools(source, map);
        step.ReadHandover(source, map);
        step.ReadUntil(source, map);
        return step;
    }

    private void ReadTools(StepSource source, MapNode map)
    {
        if (map.Find("tools") is not { } node) return;
        if (node is not ListNode list || list.Items.Count > MostTools)
        {
            source.Problems.Report(node, $"'tools' is a list of at most {MostTools} objects with name, description, parameters, and flow or http.");
            return;
        }

        var before = source.Compiler.Count;
        _tools = [.. list.Items.Select(item => Tool(source, item)).OfType<AskTool>()];
        _inside = before..source.Compiler.Count;
        _offered = [.. _tools.Select(tool => tool.Description)];
        foreach (var twice in _offered.GroupBy(tool => tool.Name).Where(same => same.Count() > 1))
            source.Problems.Report(node, $"Two tools are called '{twice.Key}'.");
    }

    private AskTool? Tool(StepSource source, DocumentNode node)
    {
        if (node is not MapNode map)
        {
            source.Problems.Report(node, $"A tool is an object with name, description, parameters, and flow or http, not {node.Kind}.");
            return null;
        }

        source.CheckMembers(map, "tools", "name", "description", "parameters", "flow", "http");
        if (source.Require(map, "name", "name: order_status") is not { } named || source.Compiler.PlainText(named, "name") is not { } name) return null;
        if (!ToolPattern.IsMatch(name) || name is HandOverTool or FinishTool)
        {
            source.Problems.Report(named, $"'{name}' cannot name a tool: write up to 64 letters, digits, '_' and '-', and neither {HandOverTool} nor {FinishTool}.");
            return null;
        }

        if (source.Require(map, "description", "description: Looks up an order by its number.") is not { } described
            || source.Compiler.PlainText(described, "description") is not { } description) return null;
        var parameters = map.Find("parameters") is { } given ? ModelSource.Schema(source, given, "parameters") : new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() };
        if (map.Find("flow") is null == map.Find("http") is null)
        {
            if (!map.IsFaulty) source.Problems.Report(map, $"The tool '{name}' has either 'flow', the name of a Flow, or 'http', a request as that of the step.");
            return null;
        }

        if (parameters is null) return null;
        var tool = new AskTool(new ToolDescription(name, description, parameters));
        if (map.Find("flow") is { } flow) return tool with { Flow = source.Compiler.Called(flow) };
        return tool with { Request = Request(source, map.FindKey("http")!, map.Find("http")!, name) };
    }

    /// <summary>The step that makes a request for the model.</summary>
    private Step? Request(StepSource source, ScalarNode key, DocumentNode request, string name)
    {
        var step = new MapNode(key.Line, key.Column);
        step.TryAdd(key, request);
        var steps = new ListNode(key.Line, key.Column);
        steps.Add(step);
        foreach (var aside in new[] { "async", "saveTo" })
            if ((request as MapNode)?.FindKey(aside) is { } member)
                source.Problems.Report(member, $"'{aside}' means nothing in a tool: the model gets the answer.");
        return source.Block(steps, $"tools/{name}", new AskTool.Answered(this) { Path = $"{Path}/tools/{name}/end", Line = key.Line });
    }

    private void ReadHandover(StepSource source, MapNode map)
    {
        if (map.Find("handover") is not { } node)
        {
            if (source.Members.FindKey("onHandover") is { } alone)
                source.Problems.Report(alone, "Nothing leads to 'onHandover': say in 'handover' what the model may hand over to.");
            return;
        }

        if (node is not MapNode handover)
        {
            source.Problems.Report(node, $"'handover' is an object with 'when' and 'to', not {node.Kind}.");
            return;
        }

        source.CheckMembers(handover, "handover", "when", "to");
        var when = source.Require(handover, "when", "when: The customer asks for a person.") is { } told ? source.Compiler.PlainText(told, "when") : null;
        if (handover.Find("to") is ListNode list) _targets = [.. list.Items.Select(item => Target(source, item)).OfType<AskTarget>()];
        else if (handover.Find("to") is { } wrong) source.Problems.Report(wrong, $"'to' is a list of objects with name, and queueId or scriptId; not {wrong.Kind}.");
        _offered = [.. _offered, new ToolDescription(HandOverTool, $"Gives the customer to a person. Call it when: {when}", HandoverParameters())];
        var branch = source.Members.Find("onHandover") ?? Person(source);
        Surround(_onHandover = source.Branch(branch, "onHandover"));
    }

    private static AskTarget? Target(StepSource source, DocumentNode node)
    {
        if (node is not MapNode map)
        {
            source.Problems.Report(node, $"'to' is a list of objects with name, and queueId or scriptId; not of {node.Kind}.");
            return null;
        }

        source.CheckMembers(map, "to", "name", "queueId", "scriptId", "description");
        string? Text(string member) => map.Find(member) is { } one ? source.Compiler.PlainText(one, member) : null;
        if (map.Find("queueId") is null == map.Find("scriptId") is null && !map.IsFaulty)
            source.Problems.Report(map, "What is handed over to has either a queueId or a scriptId.");
        return source.Require(map, "name", "name: sales") is null ? null : new AskTarget(Text("name") ?? "", Text("queueId"), Text("scriptId"), Text("description"));
    }

    private JsonObject HandoverParameters()
    {
        var properties = new JsonObject
        {
            ["summary"] = new JsonObject { ["type"] = "string", ["description"] = "What the person has to know, in one or two sentences." },
        };
        var parameters = new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = new JsonArray("summary"), ["additionalProperties"] = false };
        if (_targets.Count == 0) return parameters;
        properties["to"] = new JsonObject
        {
            ["type"] = "string",
            ["enum"] = new JsonArray([.. _targets.Select(target => (JsonNode)target.Name)]),
            ["description"] = string.Join("; ", _targets.Select(target => target.Description is null ? target.Name : $"{target.Name}: {target.Description}")),
        };
        parameters["required"] = new JsonArray("to", "summary");
        return parameters;
    }

    private void ReadUntil(StepSource source, MapNode map)
    {
        if (map.Find("until") is not { } node) return;
        if (node is not MapNode until)
        {
            source.Problems.Report(node, $"'until' is an object with condition, finished or inputs, not {node.Kind}.");
            return;
        }

        source.CheckMembers(until, "until", "condition", "finished", "inputs");
        _until = new AskUntil(
            until.Find("condition") is { } condition ? source.Compiler.Condition(condition, "condition") : null,
            until.Find("finished") is { } finished ? source.Compiler.PlainText(finished, "finished") : null,
            source.Whole(until, "inputs", 1, MostInputs) ?? int.MaxValue);
        if (_until.Finished is { } when)
            _offered = [.. _offered, new ToolDescription(FinishTool, $"Ends this conversation, after what you say along with it. Call it when: {when}",
                new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() })];
    }

    /// <summary>What runs where the author says nothing else: what the model chose, or else the Endpoint's queue.</summary>
    private ListNode Person(StepSource source)
    {
        ScalarNode Text(string text) => new(source.Kind.Line, source.Kind.Column, 0, 0, text, quoted: true);
        MapNode Map() => new(source.Kind.Line, source.Kind.Column);
        var (step, handover) = (Map(), Map());
        var scripts = _targets.Count(target => target.ScriptId is not null);
        if (scripts > 0 && scripts < _targets.Count)
            source.Problems.Report(source.Kind, "'handover' names queues and scripts: write in 'onHandover' what is done with input.ask.handover.");
        foreach (var member in new[] { scripts > 0 ? "scriptId" : "queueId", "summary" }) handover.TryAdd(Text(member), Text($"{{{{ input.ask.handover.{member} }}}}"));
        step.TryAdd(Text("handover"), handover);
        var list = new ListNode(source.Kind.Line, source.Kind.Column);
        list.Add(step);
        return list;
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex ToolPattern { get; }
}
