namespace EightByEight.Connector.Flows.Steps;

/// <summary>Closes the conversation after what was said; the turn ends.</summary>
internal sealed class EndConversation : Step
{
    public static EndConversation Parse(StepSource source)
    {
        source.AllowBeside();
        source.ExpectNothing();
        return new EndConversation { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn)
    {
        turn.EndsConversation = true;
        return Outcome.End;
    }
}
