using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>What a number counts.</summary>
internal enum NumberKind
{
    /// <summary>Anything.</summary>
    Number,

    /// <summary>Whole things.</summary>
    Integer,

    /// <summary>Hundredths: <c>20 %</c> is 20.</summary>
    Percentage,

    /// <summary>Years of a life, 0 to 150.</summary>
    Age,
}

/// <summary>
/// A number, with a decimal point or comma and with digits in groups of three; its value is a JavaScript number.
/// </summary>
/// <remarks>A single mark before exactly three digits, as in <c>1,000</c> or <c>1.500</c>, is a thousand in one country and
/// one in the next: it is no answer, so that the customer is asked again rather than misunderstood. <c>0.125</c> is clear.</remarks>
internal sealed partial class NumberAnswer(NumberKind kind, double? min, double? max) : AnswerType
{
    private const double MaxSafeInteger = 9_007_199_254_740_991;

    public static NumberAnswer Make(StepSource source, MapNode question, NumberKind kind)
    {
        var least = Bound(source, question, "min") ?? (kind == NumberKind.Age ? 0 : null);
        var most = Bound(source, question, "max") ?? (kind == NumberKind.Age ? 150 : null);
        if (least > most && (question.Find("max") ?? question.Find("min")) is { } wrong)
            source.Problems.ReportNew(wrong, $"No number is an answer: 'max' ({most?.ToString(CultureInfo.InvariantCulture)}) is less than 'min' ({least?.ToString(CultureInfo.InvariantCulture)}).");
        return new(kind, least, most);
    }

    public override JsonNode? Read(in Given given)
    {
        var text = kind switch
        {
            NumberKind.Percentage => PercentPattern.Replace(given.Text, ""),
            NumberKind.Age => AgePattern.Match(given.Text) is { Success: true } age ? age.Groups[1].Value : given.Text,
            _ => given.Text,
        };
        if (Value(text) is not { } number || number < min || number > max) return null;
        if (kind is NumberKind.Integer or NumberKind.Age && !(double.IsInteger(number) && Math.Abs(number) <= MaxSafeInteger)) return null;
        return Json(number);
    }

    public override string Short(JsonNode answer, in Given given) => kind == NumberKind.Percentage
        ? $"{base.Short(answer, given)} %" : base.Short(answer, given);

    /// <summary>The number that a text is; null when it is none or not clear.</summary>
    public static double? Value(string text)
    {
        if (Plain(text) is not { } plain) return null;
        var number = double.Parse(plain, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(number) ? number : null;
    }

    /// <summary>A number as people write it, with its decimals. A whole one of four digits may be a year.</summary>
    public static string Text(double number, CultureInfo culture) => number.ToString(
        Math.Abs(number) < 10_000 && Math.Truncate(number) == number ? "0" : "#,##0.###############", culture);

    /// <summary>A number as JavaScript writes it.</summary>
    public static JsonNode Json(double number) =>
        double.IsInteger(number) && Math.Abs(number) <= MaxSafeInteger ? (long)number : number;

    private static double? Bound(StepSource source, MapNode question, string member)
    {
        if (question.Find(member) is not { } node) return null;
        if (node is ScalarNode text && double.TryParse(text.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var bound)
            && double.IsFinite(bound)) return bound;
        source.Problems.Report(node, $"'{member}' is a number, such as 1 or 9.5.");
        return null;
    }

    /// <summary>As C# and JavaScript write it; null when it is no number or not clear.</summary>
    private static string? Plain(string text)
    {
        if (DecimalPattern.IsMatch(text) && !UnclearPattern.IsMatch(text)) return text.Replace(',', '.');
        if (!GroupedPattern.IsMatch(text)) return null;
        var mark = text.LastIndexOfAny(['.', ',']);
        var isDecimal = mark >= 0 && text.Count(c => c == text[mark]) == 1;
        var grouped = isDecimal ? text[..mark] : text;
        var whole = string.Concat(grouped.Where(c => char.IsAsciiDigit(c) || c is '-' or '+'));
        return isDecimal ? $"{whole}.{text[(mark + 1)..]}" : whole;
    }

    [GeneratedRegex(@"\s*(%|percent|prozent|por ciento|pour cent)\.?$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex PercentPattern { get; }

    [GeneratedRegex(@"^(?:i am|i'm|ich bin|tengo|j'ai)?\s*([0-9]{1,3})\s*(?:years?|years? old|y/?o|jahre?|jahre? alt|años?|ans?)?\.?$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex AgePattern { get; }

    [GeneratedRegex(@"^[-+]?([0-9]+([.,][0-9]+)?|[.,][0-9]+)$", RegexOptions.CultureInvariant)]
    private static partial Regex DecimalPattern { get; }

    [GeneratedRegex(@"^[-+]?[1-9][0-9]{0,2}[.,][0-9]{3}$", RegexOptions.CultureInvariant)]
    private static partial Regex UnclearPattern { get; }

    /// <summary>
    /// Groups of three by one kind of mark. With a point or comma it takes two groups or a decimal mark of the other
    /// kind.
    /// </summary>
    [GeneratedRegex("""
        ^[-+]?[0-9]{1,3}
        ( ([\ '’\u00A0\u202F][0-9]{3})+ ([.,][0-9]+)?
        | (\.[0-9]{3})+ ,[0-9]+ | (\.[0-9]{3}){2,}
        | (,[0-9]{3})+ \.[0-9]+ | (,[0-9]{3}){2,}
        )$
        """, RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex GroupedPattern { get; }
}
