using System.Globalization;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Handover;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// Gives the conversation to people, waits, and goes on when they are done. While it waits, only its own blocks run: when the customer
/// is queued, when an agent comes, and when the customer has been silent for a while.
/// </summary>
internal sealed class HandOver : WaitingStep
{
    private const double MostMinutes = 7 * 24 * 60;
    private static readonly string[] Members = ["queueId", "scriptId", "agentId", "message", "summary", "user", "properties",
        "cancelButton", "cancelIntent", "timeoutMinutes", "inactivityMinutes", "withoutReturn", "continueAt"];

    private static readonly string[] CustomerMembers = ["name", "userId", "email", "phone", "company", "caseId", "language"];

    private Template? _queueId;
    private Template? _scriptId;
    private Template? _message;
    private Template? _summary;
    private Template? _cancelButton;
    private List<(string Name, Template Value)> _customer = [];
    private List<(string Name, Template Value)> _properties = [];
    private HandoverRequest _fixed = new();
    private Step? _continueAt;
    private Step? _onQueued;
    private Step? _onAgent;
    private Step? _onInactivity;

    public override string Kind => "handover";

    public static HandOver Parse(StepSource source)
    {
        source.AllowBeside("onQueued", "onAgent", "onInactivity");
        var step = new HandOver { Path = source.Path, Line = source.Line };
        step._onQueued = step.Block(source, "onQueued");
        step._onAgent = step.Block(source, "onAgent");
        step._onInactivity = step.Block(source, "onInactivity");
        var map = source.Value is MapNode or ScalarNode { IsNull: false } ? source.Object("queueId", Members) : null;
        if (source.Value is ListNode)
            source.Problems.ReportNew(source.Value, $"'handover' is a text, or an object with {string.Join(", ", Members)}; not {source.Value.Kind}.");
        step._fixed = new HandoverRequest
        {
            Step = source.Path,
            OnQueued = step._onQueued is not null,
            OnAgent = step._onAgent is not null,
            OnInactivity = step._onInactivity is not null,
        };
        if (map is not null) step.Read(source, map);
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        var canReturn = turn.CanReturn || _fixed.WithoutReturn == WithoutReturn.End;
        if (!canReturn && (_cancelButton is not null || _fixed.CancelIntent is not null || _fixed.TimeoutMinutes is not null))
            turn.Warn(Path, Line, "The customer cannot be taken back from the queue: nothing calls this handover off, and no button is shown that"
                + " would. Set handover.returnScriptId of the Endpoint, or write withoutReturn: end.");
        var button = canReturn ? Text(_cancelButton, turn) : null;
        if (Text(_message, turn) is { } message)
            turn.Say(new Output { Text = message, QuickReplies = button is null ? [] : [new QuickReply(button, button)] });
        turn.Handover = _fixed with
        {
            QueueId = Text(_queueId, turn),
            ScriptId = Text(_scriptId, turn),
            Summary = Text(_summary, turn),
            Customer = _customer.Count == 0 ? null : Customer(turn),
            Properties = Properties(turn),
            CancelButton = button,
            Continues = _continueAt is not null || Next is not null,
        };
        return Wait();
    }

    /// <summary>The turns of a handover: a block, or the end of it.</summary>
    public override Outcome Resume(Turn turn, FlowPosition position)
    {
        var block = turn switch
        {
            { HandoverEvent: "handoverInactivity" } => _onInactivity,
            { HandoverStatus: "queued" } => _onQueued,
            { HandoverStatus: "agent" } => _onAgent,
            { HandoverStatus: "completed" or "cancelled" or "failed" or "timedOut" } => null,
            _ => this,
        };
        if (block is not null && block != this) return Outcome.JumpTo(block);
        return turn.HandoverStatus is "completed" or "cancelled" or "failed" or "timedOut"
            ? _continueAt is null ? Outcome.Continue : Outcome.JumpTo(_continueAt)
            : Wait();
    }

    private void Read(StepSource source, MapNode map)
    {
        Template? Template(string member) => map.Find(member) is { } node ? source.Compiler.Template(node, member) : null;
        if (map.FindKey("agentId") is { } agent)
            source.Problems.Report(agent, "8x8 takes no agent as a target, only a queue or a script: write queueId.");
        if (map.Find("queueId") is not null && map.FindKey("scriptId") is { } script)
            source.Problems.Report(script, "A handover goes to a queue or to a script, not to both.");
        _queueId = Template("queueId");
        _scriptId = Template("scriptId");
        _message = Template("message");
        _summary = Template("summary");
        _cancelButton = Template("cancelButton");
        if (_cancelButton is not null && _message is null)
            source.Problems.Report(map.FindKey("cancelButton")!, "The button is shown below the 'message': write one.");
        _customer = Templates(source, map.Find("user"), "user", CustomerMembers);
        _properties = Templates(source, map.Find("properties"), "properties", null);
        _fixed = _fixed with
        {
            CancelIntent = map.Find("cancelIntent") is { } intent ? source.Compiler.PlainText(intent, "cancelIntent") : null,
            TimeoutMinutes = Minutes(source, map, "timeoutMinutes"),
            InactivityMinutes = Minutes(source, map, "inactivityMinutes"),
            WithoutReturn = Choice(source, map),
        };
        if (map.Find("continueAt") is not { } place) return;
        if (place is ScalarNode { IsNull: false } target) source.Compiler.WhenFound(target, source.Path, found => _continueAt = found);
        else source.Problems.Report(place, $"'continueAt' is the name of a section or the id of a step, not {place.Kind}.");
    }

    /// <summary>Steps that run while it waits; at their end it waits on.</summary>
    private Step? Block(StepSource source, string name)
    {
        if (source.Members.Find(name) is not { } node) return null;
        var end = new WaitAgain(this) { Path = $"{Path}/{name}/end", Line = Line };
        var first = source.Block(node, name, end);
        source.Compiler.Enclose($"{source.Path}/{name}/", name, end);
        return first;
    }

    private static List<(string, Template)> Templates(StepSource source, DocumentNode? node, string member, string[]? known)
    {
        if (node is null) return [];
        if (node is not MapNode map)
        {
            source.Problems.Report(node, $"'{member}' is an object of texts, not {node.Kind}.");
            return [];
        }

        if (known is not null) source.CheckMembers(map, member, known);
        var templates = new List<(string, Template)>();
        foreach (var (key, value) in map.Members)
            // Null is "not set": Flows written for other handovers name all members.
            if (value is not ScalarNode { IsNull: true } && source.Compiler.Template(value, key.Text) is { } template)
                templates.Add((key.Text, template));
        return templates;
    }

    private static double? Minutes(StepSource source, MapNode map, string member)
    {
        if (map.Find(member) is not { } node) return null;
        if (node is ScalarNode text
            && double.TryParse(text.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var minutes)
            && minutes is > 0 and <= MostMinutes) return minutes;
        source.Problems.Report(node, $"'{member}' is a number of minutes, more than 0 and at most {MostMinutes:0}.");
        return null;
    }

    private static WithoutReturn Choice(StepSource source, MapNode map)
    {
        if (map.Find("withoutReturn") is not { } node) return WithoutReturn.Wait;
        switch (node)
        {
            case ScalarNode { Text: "wait" }: return WithoutReturn.Wait;
            case ScalarNode { Text: "end" }: return WithoutReturn.End;
            default:
                source.Problems.Report(node, "'withoutReturn' is wait or end: what becomes of a customer who can be given back to no script.");
                return WithoutReturn.Wait;
        }
    }

    private HandoverCustomer Customer(Turn turn)
    {
        var values = _customer.ToDictionary(one => one.Name, one => Text(one.Value, turn));
        return new HandoverCustomer
        {
            Name = values.GetValueOrDefault("name"),
            UserId = values.GetValueOrDefault("userId"),
            Email = values.GetValueOrDefault("email"),
            Phone = values.GetValueOrDefault("phone"),
            Company = values.GetValueOrDefault("company"),
            CaseId = values.GetValueOrDefault("caseId"),
            Language = values.GetValueOrDefault("language"),
        };
    }

    private Dictionary<string, string> Properties(Turn turn)
    {
        var properties = new Dictionary<string, string>();
        foreach (var (name, template) in _properties)
            if (Text(template, turn) is { } value) properties[name] = value;
        return properties;
    }

    private string? Text(Template? template, Turn turn) => template?.Render(turn, this) is { Length: > 0 } text ? text : null;

    /// <summary>The end of a block.</summary>
    private sealed class WaitAgain(HandOver handover) : Step
    {
        public override Outcome Run(Turn turn) => handover.Wait();
    }
}
