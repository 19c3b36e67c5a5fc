using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Runs JavaScript, which may change <c>context</c> and <c>profile</c> and return a value.</summary>
internal sealed class Code : Step
{
    private CodeBlock? _code;
    private MemoryPath? _place;

    public static Code Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new Code { Path = source.Path, Line = source.Line };
        if (source.Object("script", "script", "saveTo") is not { } map) return step;
        if (source.Require(map, "script", "script: context.sum = context.a + context.b") is { } script) step._code = source.Compiler.Statements(script, "script");
        step._place = source.Place(map, "saveTo");
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        try
        {
            var (result, changes) = turn.Sandbox.Run(_code!);
            foreach (var (place, value) in changes) turn.Memory.Store(place, value);
            if (_place is not null) turn.Memory.Store(_place, result);
            return Outcome.Continue;
        }
        catch (ScriptException fault) when (fault.Line is { } line)
        {
            throw new StepException($"{fault.Message.TrimEnd('.')} (line {line} of the code).", fault);
        }
    }
}
