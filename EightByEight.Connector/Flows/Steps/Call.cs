using System.Text.Json.Nodes;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Runs another Flow, which has a context of its own, and goes on below when it returns.</summary>
internal sealed class Call : Step, ICaller
{
    private readonly List<(string Name, SetValue Value)> _with = [];
    private MemoryPath? _place;

    /// <summary>Which one.</summary>
    public string? Flow { get; private set; }

    public static Call Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new Call { Path = source.Path, Line = source.Line };
        if (source.Object("flow", "flow", "with", "saveTo") is not { } map) return step;
        if (source.Require(map, "flow", "flow: address-form") is { } name) step.Flow = source.Compiler.Called(name);
        step._place = source.Place(map, "saveTo");
        if (map.Find("with") is not { } with) return step;
        if (with is MapNode values)
            foreach (var (key, value) in values.Members)
            {
                if (source.Place(key, $"context.{key.Text}") is { Members.Count: > 1 })
                    source.Problems.Report(key, $"'{key.Text}' is a name in the context of the other Flow, without '.'.");
                step._with.Add((key.Text, SetValue.Parse(source.Compiler, value)));
            }
        else source.Problems.Report(with, $"'with' is an object: what the other Flow finds in its context; not {with.Kind}.");
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        var flow = turn.Find(Flow!) ?? throw new StepException($"There is no Flow named '{Flow}': store it, or call another.");
        var context = new JsonObject();
        foreach (var (name, value) in _with)
            if (value.Evaluate(turn) is { IsUndefined: false } given) context[name] = given.Json;
        turn.Enter(flow, this, context);
        return Outcome.JumpTo(flow.Start);
    }

    /// <inheritdoc/>
    public Step? After => Next;

    /// <inheritdoc/>
    public void Take(Turn turn, ScriptValue result)
    {
        if (_place is not null) turn.Memory.Store(_place, result);
    }
}

/// <summary>A step that runs another Flow.</summary>
internal interface ICaller
{
    /// <summary>Where it is.</summary>
    string Path { get; }

    /// <summary>What runs when the other Flow has returned.</summary>
    Step? After { get; }

    /// <summary>What is done with what the other Flow returns.</summary>
    void Take(Turn turn, ScriptValue result);
}

/// <summary>Goes back to the Flow that called this one, perhaps with a value; where none did, the turn ends.</summary>
internal sealed class Return : Step
{
    private SetValue? _value;

    public static Return Parse(StepSource source)
    {
        source.AllowBeside();
        var isEmpty = source.Value is ScalarNode { IsNull: true } || (source.Value is ScalarNode { Text: "return" } && source.Value == source.Kind);
        return new Return
        {
            Path = source.Path,
            Line = source.Line,
            _value = isEmpty ? null : SetValue.Parse(source.Compiler, source.Value),
        };
    }

    public override Outcome Run(Turn turn)
    {
        if (_value is not null) turn.Frame.Result = _value.Evaluate(turn);
        return Outcome.Return;
    }
}
