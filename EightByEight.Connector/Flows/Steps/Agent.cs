using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// Lets a virtual agent that lives elsewhere talk with the customer: each input goes to it, until it ends its conversation or asks for a
/// person. A Flow of this step alone is an adapter.
/// </summary>
internal sealed class Agent : AskingStep
{
    private static readonly OrderedDictionary<string, AgentKind> Kinds = new()
    {
        ["cognigy"] = AgentKind.Cognigy,
        ["rasa"] = AgentKind.Rasa,
        ["directLine"] = AgentKind.DirectLine,
        ["openai"] = AgentKind.OpenAI,
        ["webhook"] = AgentKind.Webhook,
    };

    /// <summary>For a chat endpoint alone.</summary>
    private static readonly string[] OfChat = ["model", "instructions", "temperature", "maxTokens", "history"];

    private AgentSettings? _agent;
    private Template? _instructions;
    private Template? _hello;
    private Step? _onError;
    private Step? _onHandover;
    private string _mark = "";

    /// <inheritdoc/>
    public override bool IsCommitted => true;

    public static Agent Parse(StepSource source)
    {
        source.AllowBeside("onHandover", "onError");
        var step = new Agent { Path = source.Path, Line = source.Line, _mark = source.Mark };
        if (source.Members.Find("onError") is { } error) step._onError = source.Block(error, "onError", step.End(source, "onError"));
        step._onHandover = source.Block(source.Members.Find("onHandover") ?? Person(source), "onHandover", step.End(source, "onHandover"));
        if (source.Value is MapNode map) step.ReadAgent(source, map);
        else source.Problems.Report(source.Value, $"'agent' is an object that names one of {string.Join(", ", Kinds.Keys)}, such as rasa: https://rasa.example.com.");
        return step;
    }

    /// <summary>What the agent said when it was not asked; null: it has said nothing.</summary>
    /// <param name="fetched">What was fetched from it; null: nothing.</param>
    public Outcome? Hear(Turn turn, AgentAnswer? fetched)
    {
        if (fetched is null && turn.Memory[Root.Input]["agent"] is JsonObject said) fetched = AgentAnswer.Read(JsonElement.Parse(said.ToJsonString()));
        return fetched is null ? null : Take(turn, fetched);
    }

    /// <summary>How it is asked what it has said since; null: it is not, or it was never spoken to.</summary>
    /// <param name="kept">What agents left to be kept.</param>
    public LaterRequest? Later(Flow flow, IReadOnlyDictionary<string, JsonObject>? kept) =>
        _agent is { Kind: AgentKind.DirectLine } && kept?.GetValueOrDefault(Turn.AgentAt(flow, _mark)) is { } memory && memory["conversation"] is not null
            ? new LaterRequest(_agent, memory) { AskedBy = this } : null;

    public override FlowRequest? Ask(Turn turn)
    {
        var (text, input) = (turn.Text, turn.Memory[Root.Input]);
        var data = Given(turn.Data);
        if (text.Length == 0 && data is null)
        {
            // A conversation begins, or something happened that is none of the agent's business.
            if (turn.Recall(_mark) is not null || _hello?.Render(turn, this) is not { Length: > 0 } hello) return null;
            text = hello;
        }

        return new AgentRequest(_agent!)
        {
            Id = turn.KeyOf(this),
            Text = text,
            Data = data,
            SessionId = (string?)input["sessionId"] ?? "",
            UserId = (string?)input["userId"] ?? "",
            ConversationId = (string?)input["conversationId"] ?? "",
            Channel = (string?)input["channel"],
            Locale = turn.Locale,
            Instructions = _instructions?.Render(turn, this),
            Memory = turn.Recall(_mark),
        };
    }

    public override Outcome Take(Turn turn, FlowAnswer answer)
    {
        if (answer.Error is { } error)
        {
            if (_onError is null) throw new StepException(error);
            turn.Warn(Path, Line, error);
            return Outcome.JumpTo(_onError);
        }

        var said = answer as AgentAnswer ?? AgentAnswer.Read(JsonElement.Parse(answer.Value?.ToJsonString() ?? "{}"));
        foreach (var fault in said.Faults) turn.Warn(Path, Line, fault);
        foreach (var output in said.Outputs.Where(output => !output.IsEmpty)) turn.Say(output);
        turn.Memory.SetInput("agent", new JsonObject
        {
            ["handover"] = said.Handover?.DeepClone(),
            ["ended"] = said.Ends,
            ["data"] = said.Data?.DeepClone(),
        });
        turn.Keep(_mark, said.Ends ? null : said.Memory ?? turn.Recall(_mark) ?? []);
        if (said.Handover is not null) return Outcome.JumpTo(_onHandover!);
        return said.Ends ? Outcome.Continue : Wait();
    }

    /// <summary>Nothing was to be asked.</summary>
    public override Outcome Pass(Turn turn) => Wait();

    private Outcome Wait() => Outcome.Wait(new FlowPosition { Step = Path });

    private void ReadAgent(StepSource source, MapNode map)
    {
        source.CheckMembers(map, "agent", [.. Kinds.Keys, "tokenUrl", "connection", "timeoutSeconds", "hello", .. OfChat]);
        var kinds = map.Members.Where(member => Kinds.ContainsKey(member.Key.Text)).ToList();
        if (kinds.Count != 1)
        {
            if (!map.IsFaulty) source.Problems.Report(map, $"'agent' names one of {string.Join(", ", Kinds.Keys)}, such as rasa: https://rasa.example.com.");
            return;
        }

        var kind = Kinds[kinds[0].Key.Text];
        if (kind != AgentKind.OpenAI && OfChat.Select(map.FindKey).FirstOrDefault(key => key is not null) is { } chat)
            source.Problems.Report(chat, $"'{chat.Text}' is for openai alone.");
        if (kind == AgentKind.OpenAI && map.Find("model") is null) source.Problems.Report(map, "'agent' lacks 'model', such as model: gpt-4o-mini.");
        _instructions = map.Find("instructions") is { } told ? source.Compiler.Template(told, "instructions") : null;
        _hello = map.Find("hello") is { } hello ? source.Compiler.Template(hello, "hello") : null;
        var url = kinds[0].Value is ScalarNode { IsNull: true } && kind == AgentKind.DirectLine ? DirectLineAgent.DefaultUrl : source.Url(kinds[0].Value, kinds[0].Key.Text);
        var tokenUrl = map.Find("tokenUrl") is { } place ? source.Url(place, "tokenUrl") : null;
        if (map.FindKey("tokenUrl") is { } lost && kind != AgentKind.DirectLine) source.Problems.Report(lost, "'tokenUrl' is for directLine alone.");
        if (url is null) return;
        _agent = new AgentSettings(kind, url)
        {
            TokenUrl = tokenUrl,
            Connection = map.Find("connection") is { } connection ? source.Compiler.Connected(connection) : null,
            TimeoutSeconds = source.Whole(map, "timeoutSeconds", 1, AgentSettings.LongestTimeout) ?? 20,
            Model = map.Find("model") is { } model ? source.Compiler.PlainText(model, "model") : null,
            Temperature = source.Number(map, "temperature", 2),
            MaxTokens = source.Whole(map, "maxTokens", 1, 100_000),
            History = source.Whole(map, "history", 0, 100) ?? 20,
        };
    }

    /// <summary>What runs where the author says nothing else: the queue that the agent names, or else the Endpoint's.</summary>
    private static ListNode Person(StepSource source)
    {
        ScalarNode Text(string text) => new(source.Kind.Line, source.Kind.Column, 0, 0, text, quoted: true);
        MapNode Map() => new(source.Kind.Line, source.Kind.Column);
        var (step, handover) = (Map(), Map());
        foreach (var member in new[] { "queueId", "message", "summary" }) handover.TryAdd(Text(member), Text($"{{{{ input.agent.handover.{member} }}}}"));
        step.TryAdd(Text("handover"), handover);
        var list = new ListNode(source.Kind.Line, source.Kind.Column);
        list.Add(step);
        return list;
    }

    private Again End(StepSource source, string branch) => new(this) { Path = $"{source.Path}/{branch}/end", Line = source.Line };

    /// <summary>What came with the text, if it is anything that an agent could want; the event itself is not.</summary>
    public static JsonObject? Given(JsonObject? data)
    {
        if (data is not { Count: > 0 }) return null;
        var given = (JsonObject)data.DeepClone();
        given.Remove("request");
        if (given["attachments"] is JsonArray { Count: 0 }) given.Remove("attachments");
        return given.Count == 0 ? null : given;
    }

    /// <summary>The end of a branch: the agent has the customer again.</summary>
    private sealed class Again(Agent agent) : Step
    {
        public override Outcome Run(Turn turn) => agent.Wait();
    }
}
