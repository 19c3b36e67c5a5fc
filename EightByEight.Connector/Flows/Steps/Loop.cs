using System.Text.Json.Nodes;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Runs its steps again and again, up to a bound.</summary>
internal abstract class Loop : Step
{
    private const int DefaultPasses = 20;
    private const int MostPasses = 1_000;

    private Step? _first;
    private Range _inside;

    /// <summary>What lies in it.</summary>
    public IReadOnlyList<Step> Inside { get; private set; } = [];

    protected int AtMost { get; private set; } = DefaultPasses;

    public override Outcome Run(Turn turn)
    {
        turn.Frame.Lists?.Remove(Path);
        return Pass(turn, 0);
    }

    /// <summary>Whether there is a pass of that number, from 0.</summary>
    protected abstract bool Begins(Turn turn, int pass);

    /// <summary>Reads <c>do</c> and <c>atMost</c>.</summary>
    protected void Read(StepSource source)
    {
        AtMost = source.Whole(source.Members, "atMost", 1, MostPasses) ?? DefaultPasses;
        if (source.Require(source.Members, "do", "do: [ { say: Next! } ]") is not { } steps) return;
        var before = source.Compiler.Count;
        var again = new Again(this) { Path = $"{Path}/do/end", Line = Line, Around = this };
        _first = source.Block(steps, "do", again);
        _inside = before..source.Compiler.Count;
        Inside = source.Compiler.Between(_inside);
    }

    private Outcome Pass(Turn turn, int pass)
    {
        if (!Begins(turn, pass)) return Outcome.Continue;
        if (pass == AtMost) throw new StepException(
            $"The loop has run {AtMost} times. Let it end before, or allow more with 'atMost', up to {MostPasses}.");
        turn.Frame[this] = pass;
        turn.Frame.Forget(_inside);
        return Outcome.JumpTo(_first!);
    }

    /// <summary>The end of a pass.</summary>
    private sealed class Again(Loop loop) : Step
    {
        public override Outcome Run(Turn turn) => loop.Pass(turn, turn.Frame[loop] + 1);
    }
}

/// <summary>Runs its steps for each item of a list.</summary>
internal sealed class ForEach : Loop
{
    private Expression? _list;
    private MemoryPath? _item;
    private MemoryPath? _index;

    public static ForEach Parse(StepSource source)
    {
        source.AllowBeside("as", "index", "do", "atMost");
        var step = new ForEach { Path = source.Path, Line = source.Line };
        step._list = source.Compiler.Condition(source.Value, "forEach");
        _ = source.Require(source.Members, "as", "as: context.item");
        step._item = source.Place(source.Members, "as");
        step._index = source.Place(source.Members, "index");
        step.Read(source);
        return step;
    }

    protected override bool Begins(Turn turn, int pass)
    {
        var list = List(turn);
        if (pass >= list.Count) return false;
        if (pass == AtMost) return true;
        turn.Memory.Store(_item!, new(list[pass]?.DeepClone()));
        if (_index is not null) turn.Memory.Store(_index, new(pass));
        return true;
    }

    /// <summary>The list as it was when the loop began, in whatever parts the turn runs, or in the turn of the input that was waited for in it.</summary>
    private JsonArray List(Turn turn)
    {
        if (turn.Frame.Lists?.GetValueOrDefault(Path) is { } known) return known;
        var list = _list!.Value(turn).Json switch
        {
            JsonArray found => found,
            null => [],
            _ => throw new StepException($"'{_list.Source}' is not a list."),
        };
        turn.Frame.Keep(Path, list);
        turn.Weigh(this);
        return list;
    }
}

/// <summary>Runs its steps as long as a condition holds.</summary>
internal sealed class While : Loop
{
    private Expression? _condition;

    public static While Parse(StepSource source)
    {
        source.AllowBeside("do", "atMost");
        var step = new While { Path = source.Path, Line = source.Line };
        step._condition = source.Compiler.Condition(source.Value, "while");
        step.Read(source);
        return step;
    }

    protected override bool Begins(Turn turn, int pass) => _condition!.Truth(turn);
}
