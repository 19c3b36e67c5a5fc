namespace EightByEight.Connector.Flows.Steps;

/// <summary>Goes on at a section or at a step with an id, in the same turn.</summary>
internal sealed class GoTo : Step
{
    private Step? _target;

    public static GoTo Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new GoTo { Path = source.Path, Line = source.Line };
        if (source.Value is ScalarNode { IsNull: false } target)
            source.Compiler.WhenFound(target, source.Path, found => step._target = found);
        else
            source.Problems.Report(source.Value,
                $"'goTo' is the name of a section or the id of a step, not {source.Value.Kind}.");
        return step;
    }

    public override Outcome Run(Turn turn) => Outcome.JumpTo(_target!);
}
