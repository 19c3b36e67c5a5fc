namespace EightByEight.Connector.Flows.Steps;

/// <summary>Ends the turn; the next input runs the Flow from its start.</summary>
internal sealed class Stop : Step
{
    public static Stop Parse(StepSource source)
    {
        source.AllowBeside();
        source.ExpectNothing();
        return new Stop { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn) => Outcome.End;
}
