namespace EightByEight.Connector.Flows.Steps;

/// <summary>Ends the turn; the next input goes on below.</summary>
internal sealed class WaitForInput : WaitingStep
{
    public static WaitForInput Parse(StepSource source)
    {
        source.AllowBeside();
        source.ExpectNothing();
        return new WaitForInput { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn) => Wait();

    public override Outcome Resume(Turn turn, FlowPosition position) => Outcome.Continue;
}
