using System.Globalization;

namespace EightByEight.Benchmarks;

/// <summary>The figures of a run, printed as they come.</summary>
internal sealed class Report(TextWriter output)
{
    private int _missed;

    /// <summary>1 when a target was missed, else 0.</summary>
    public int ExitCode => _missed == 0 ? 0 : 1;

    public void Head(string title) => output.WriteLine($"\n{title}");

    /// <summary>A figure without a target.</summary>
    public void Note(string name, string value) => Line(name, value, "");

    /// <summary>A figure that has to reach a target.</summary>
    public void AtLeast(string name, double value, double target, string unit) =>
        Judge(name, value, $"at least {Text(target)}{unit}", unit, value >= target);

    /// <summary>A figure that must not exceed a target.</summary>
    public void AtMost(string name, double value, double target, string unit) =>
        Judge(name, value, $"at most {Text(target)}{unit}", unit, value <= target);

    private void Judge(string name, double value, string target, string unit, bool met)
    {
        if (!met) _missed++;
        Line(name, Text(value) + unit, $"{target,-24}{(met ? "met" : "MISSED")}");
    }

    private void Line(string name, string value, string target) => output.WriteLine($"  {name,-52}{value,-30}{target}".TrimEnd());

    private static string Text(double value) =>
        value.ToString(Math.Abs(value) >= 100 ? "#,0" : "0.##", CultureInfo.InvariantCulture);
}
