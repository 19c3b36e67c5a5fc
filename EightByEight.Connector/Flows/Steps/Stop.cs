namespace EightByEight.Connector.Flows.Steps;

/// <summary>Ends the turn; the next input runs the Flow from its start. In a block of a handover it ends the block.</summary>
internal sealed class Stop : Step
{
    /// <summary>The end of the block in which it stands; null: it stands in none.</summary>
    public Step? End { get; set; }

    public static Stop Parse(StepSource source)
    {
        source.AllowBeside();
        source.ExpectNothing();
        return new Stop { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn) => End is null ? Outcome.End : Outcome.JumpTo(End);
}
