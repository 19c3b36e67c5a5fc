using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Has a text translated by the Endpoint's provider.</summary>
internal sealed class Translate : AskingStep
{
    private Template? _text;
    private Template? _to;
    private Template? _from;

    public static Translate Parse(StepSource source)
    {
        source.AllowBeside("onError");
        var step = new Translate { Path = source.Path, Line = source.Line };
        if (source.Object("text", "text", "to", "from", "saveTo") is not { } map) return step;
        if (source.Require(map, "text", "text: \"{{ input.text }}\"") is { } text) step._text = source.Compiler.Template(text, "text");
        if (source.Require(map, "to", "to: de") is { } to) step._to = source.Compiler.Template(to, "to");
        if (map.Find("from") is { } from) step._from = source.Compiler.Template(from, "from");
        step.Read(source, map);
        return step;
    }

    public override FlowRequest Ask(Turn turn) => new TranslateRequest(
        _text!.Require(turn), _to!.Require(turn), _from?.Require(turn) is { Length: > 0 } from ? from : null);
}
