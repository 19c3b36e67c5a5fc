using System.Globalization;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>A number of seconds or minutes that a step takes: written out, or made by an expression.</summary>
internal sealed class Amount
{
    private readonly Template? _text;
    private readonly Func<double, bool> _fits;
    private readonly string _expected;

    /// <param name="expected">What is right, such as: 'delay' is a number of seconds from 0 to 600, such as 2.</param>
    /// <param name="fits">Whether a number that is not negative is right.</param>
    public Amount(StepSource source, string expected, Func<double, bool> fits)
    {
        (_fits, _expected) = (fits, expected);
        _text = source.Compiler.Template(source.Value, source.Kind.Text);
        if (_text?.Plain is { } constant && Read(constant) is null) source.Problems.Report(source.Value, Fault(constant));
    }

    /// <exception cref="StepException">What an expression made is none.</exception>
    public double Of(Turn turn)
    {
        var text = _text!.Require(turn);
        return Read(text) ?? throw new StepException(Fault(text));
    }

    private double? Read(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number) && number >= 0 && _fits(number) ? number : null;

    private string Fault(string text) => $"{_expected}, not '{text}'.";
}
