namespace EightByEight.Connector.Flows.Steps;

/// <summary>Lets time pass between what the bot says, as somebody does who looks something up.</summary>
internal sealed class Delay : Step
{
    /// <summary>In seconds. What the customer says meanwhile waits, so it is no way to come back tomorrow.</summary>
    private const int Longest = 600;

    private Amount? _seconds;

    /// <inheritdoc/>
    public override bool Pauses => true;

    public static Delay Parse(StepSource source)
    {
        source.AllowBeside();
        return new Delay
        {
            Path = source.Path,
            Line = source.Line,
            _seconds = new(source, $"'delay' is a number of seconds from 0 to {Longest}, such as 2 or 0.5", seconds => seconds <= Longest),
        };
    }

    public override Outcome Run(Turn turn) => Outcome.ContinueAfter(TimeSpan.FromSeconds(_seconds!.Of(turn)));
}
