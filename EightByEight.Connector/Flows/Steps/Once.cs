namespace EightByEight.Connector.Flows.Steps;

/// <summary>Runs its steps the first time in a session, and those of <c>afterwards</c> from then on.</summary>
internal sealed class Once : Step
{
    private string _mark = "";
    private Step? _first;
    private Step? _afterwards;

    public static Once Parse(StepSource source)
    {
        source.AllowBeside("afterwards");
        var step = new Once { Path = source.Path, Line = source.Line, _mark = source.Mark };
        step._first = source.Branch(source.Value, "once");
        if (source.Members.Find("afterwards") is { } later) step._afterwards = source.Branch(later, "afterwards");
        step.Surround(step._first);
        step.Surround(step._afterwards);
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        var mark = $"{turn.Frame.Flow.Name} {_mark}";
        var isFirst = turn.Count(mark) == 0;
        if (isFirst) turn.Remember(mark, 1);
        return (isFirst ? _first : _afterwards) is { } branch ? Outcome.JumpTo(branch) : Outcome.Continue;
    }
}
