namespace EightByEight.Connector.Flows.Steps;

/// <summary>Says how long this session lives after its last input, instead of the Endpoint's settings.</summary>
internal sealed class SetSessionExpiration : Step
{
    private const int MostMinutes = 365 * 24 * 60;

    private Amount? _minutes;

    public static SetSessionExpiration Parse(StepSource source)
    {
        source.AllowBeside();
        return new SetSessionExpiration
        {
            Path = source.Path,
            Line = source.Line,
            _minutes = new(source, $"'setSessionExpiration' is a number of minutes, more than 0 and at most {MostMinutes}, such as 60",
                minutes => minutes is > 0 and <= MostMinutes),
        };
    }

    public override Outcome Run(Turn turn)
    {
        turn.ExpirationMinutes = _minutes!.Of(turn);
        return Outcome.Continue;
    }
}
