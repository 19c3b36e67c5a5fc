using System.Globalization;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Says how long this session lives after its last input, instead of the Endpoint's settings.</summary>
internal sealed class SetSessionExpiration : Step
{
    private const double MostMinutes = 365 * 24 * 60;

    private Template? _minutes;

    public static SetSessionExpiration Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new SetSessionExpiration { Path = source.Path, Line = source.Line };
        step._minutes = source.Compiler.Template(source.Value, "setSessionExpiration");
        if (step._minutes?.Plain is { } constant && Read(constant) is null) source.Problems.Report(source.Value, Expected(constant));
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        var text = _minutes!.Require(turn);
        turn.ExpirationMinutes = Read(text) ?? throw new StepException(Expected(text));
        return Outcome.Continue;
    }

    private static double? Read(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var minutes) && minutes is > 0 and <= MostMinutes
            ? minutes : null;

    private static string Expected(string text) =>
        $"'setSessionExpiration' is a number of minutes, more than 0 and at most {MostMinutes:0}, such as 60, not '{text}'.";
}
