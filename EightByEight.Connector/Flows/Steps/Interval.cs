using System.Globalization;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Runs <c>then</c> when so many seconds have passed in the session since it did last, else <c>else</c>.</summary>
internal sealed class Interval : Step
{
    private const double MostSeconds = 7 * 24 * 60 * 60;

    private string _mark = "";
    private double _seconds;
    private Step? _then;
    private Step? _else;

    public static Interval Parse(StepSource source)
    {
        source.AllowBeside("then", "else");
        var step = new Interval { Path = source.Path, Line = source.Line, _mark = source.Mark };
        if (source.Value is not ScalarNode text || !double.TryParse(text.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out step._seconds)
            || step._seconds is not (>= 0 and <= MostSeconds))
            source.Problems.Report(source.Value, $"'interval' is a number of seconds, at most {MostSeconds:0}, such as 3600.");
        if (source.Require(source.Members, "then", "then: [ { say: Welcome back! } ]") is { } due) step._then = source.Branch(due, "then");
        if (source.Members.Find("else") is { } otherwise) step._else = source.Branch(otherwise, "else");
        step.Surround(step._then);
        step.Surround(step._else);
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        var mark = $"{turn.Frame.Flow.Name} {_mark}";
        var now = turn.Now.ToUnixTimeMilliseconds();
        var isDue = turn.Count(mark) is var last && (last == 0 || now - last >= _seconds * 1000);
        if (isDue) turn.Remember(mark, now);
        return (isDue ? _then : _else) is { } branch ? Outcome.JumpTo(branch) : Outcome.Continue;
    }
}
