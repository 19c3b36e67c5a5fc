using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Runs the Flow from its start in the same turn, as though the customer had said something else.</summary>
internal sealed class Think : Step
{
    private Template? _text;
    private Template? _intent;
    private SetValue? _data;

    public static Think Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new Think { Path = source.Path, Line = source.Line };
        if (source.Object("text", "text", "intent", "data") is not { } map) return step;
        if (map.Find("text") is { } text) step._text = source.Compiler.Template(text, "text");
        if (map.Find("intent") is { } intent) step._intent = source.Compiler.Template(intent, "intent");
        if (map.Find("data") is { } data) step._data = SetValue.Parse(source.Compiler, data);
        if (map.Members.All(member => member.Key.Text is not ("text" or "intent" or "data")) && !map.IsFaulty)
            source.Problems.Report(map, "'think' lacks what is to be thought: text, intent or data.");
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        var text = _text?.Require(turn) ?? "";
        if (_intent is not null) text = $"{TriggeredIntent.Prefix}{_intent.Require(turn)}{(text.Length == 0 ? "" : $"|{text}")}";
        var data = _data?.Evaluate(turn).Json ?? new JsonObject();
        turn.Memory.SetInput("text", text);
        turn.Memory.SetInput("data", data);
        turn.Memory.SetInput("mode", new IncomingContent(text, data as JsonObject ?? []).Mode);
        turn.Memory.SetInput("attachments", (data as JsonObject)?["attachments"]?.DeepClone());
        turn.LeaveAll();
        return Outcome.Again;
    }
}
