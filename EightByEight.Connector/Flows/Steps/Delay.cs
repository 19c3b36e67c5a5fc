using System.Globalization;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Lets time pass between what the bot says, as somebody does who looks something up.</summary>
internal sealed class Delay : Step
{
    /// <summary>In seconds. What the customer says meanwhile waits, so it is no way to come back tomorrow.</summary>
    private const double Longest = 600;

    private Template? _seconds;

    public static Delay Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new Delay { Path = source.Path, Line = source.Line };
        step._seconds = source.Compiler.Template(source.Value, "delay");
        if (step._seconds?.Plain is { } constant && Read(constant) is null) source.Problems.Report(source.Value, Expected(constant));
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        var text = _seconds!.Require(turn);
        return Outcome.ContinueAfter(TimeSpan.FromSeconds(Read(text) ?? throw new StepException(Expected(text))));
    }

    private static double? Read(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= Longest
            ? seconds : null;

    private static string Expected(string text) =>
        $"'delay' is a number of seconds from 0 to {Longest.ToString(CultureInfo.InvariantCulture)}, such as 2 or 0.5, not '{text}'.";
}
