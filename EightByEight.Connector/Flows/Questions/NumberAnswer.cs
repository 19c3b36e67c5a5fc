using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>
/// A number, with a decimal point or comma and with digits in groups of three; its value is a JavaScript number.
/// </summary>
/// <remarks>A single mark before exactly three digits, as in <c>1,000</c> or <c>1.500</c>, is a thousand in one country and
/// one in the next: it is no answer, so that the customer is asked again rather than misunderstood. <c>0.125</c> is clear.</remarks>
internal sealed partial class NumberAnswer : AnswerType
{
    private const double MaxSafeInteger = 9_007_199_254_740_991;

    public override JsonNode? Read(string text, IReadOnlyList<QuickReply> options)
    {
        if (Plain(text) is not { } plain) return null;
        var number = double.Parse(plain, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!double.IsFinite(number)) return null;
        return double.IsInteger(number) && Math.Abs(number) <= MaxSafeInteger ? (long)number : number;
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
