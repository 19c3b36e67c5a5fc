namespace EightByEight.Connector.Flows.Steps;

/// <summary>Forgets the context, what ran once, and which alternatives were said.</summary>
internal sealed class ResetContext : Step
{
    public static ResetContext Parse(StepSource source)
    {
        source.AllowBeside();
        source.ExpectNothing();
        return new ResetContext { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn)
    {
        turn.Frame.Context.Clear();
        turn.Memory.Use(turn.Frame.Context);
        turn.ForgetCounts();
        return Outcome.Continue;
    }
}
