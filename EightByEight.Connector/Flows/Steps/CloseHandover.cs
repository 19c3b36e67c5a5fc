namespace EightByEight.Connector.Flows.Steps;

/// <summary>Calls off the handover in whose block it stands, while no agent is there: the customer is taken back, as by a cancel.</summary>
internal sealed class CloseHandover : Step
{
    public static CloseHandover Parse(StepSource source)
    {
        source.AllowBeside();
        source.ExpectNothing();
        return new CloseHandover { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn)
    {
        turn.ClosesHandover = true;
        return Outcome.Continue;
    }
}
