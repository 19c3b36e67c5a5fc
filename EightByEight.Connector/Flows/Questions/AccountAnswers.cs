using System.Collections.Frozen;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>An IBAN whose length and check digits are right; its value is without spaces, in capitals.</summary>
internal sealed partial class IbanAnswer : AnswerType
{
    /// <summary>How long one is in each country. Source: SWIFT, IBAN Registry.</summary>
    private static readonly FrozenDictionary<string, int> Lengths = ("""
        NO15 BE16 DK18 FI18 FO18 GL18 NL18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20 XK20 CH21 CR22 DE22 BG22 BH22 GB22 GE22 HR21 IE22 ME22 RS22
        LV21 LI21 AE23 GI23 IL23 IQ23 OM23 TL23 AD24 CZ24 ES24 MD24 PK24 RO24 SA24 SE24 SK24 TN24 VG24 LY25 PT25 ST25 IS26 TR26 FR27 GR27 IT27
        MC27 MR27 SM27 AL28 AZ28 BY28 CY28 DO28 GT28 HU28 LB28 NI28 PL28 SV28 BR29 EG29 PS29 QA29 UA29 JO30 KW30 MU30 YE30 MT31 SC31 LC32 RU33
        BI27 DJ27 SO23 SD18 VA22 MN20 FK18 HN28
        """).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenDictionary(one => one[..2], one => int.Parse(one[2..], System.Globalization.CultureInfo.InvariantCulture));

    public override JsonNode? Read(in Given given)
    {
        var iban = given.Text.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
        return ShapePattern.IsMatch(iban) && Lengths.TryGetValue(iban[..2], out var length) && iban.Length == length && Remainder(iban) == 1
            ? iban : null;
    }

    /// <summary>In groups of four.</summary>
    public override string Short(JsonNode answer, in Given given) =>
        string.Join(' ', ((string)answer!).Chunk(4).Select(group => new string(group)));

    /// <summary>Source: ISO 13616: the country and check digits go to the end, letters count from 10.</summary>
    private static int Remainder(string iban) => (iban[4..] + iban[..4]).Aggregate(0, (rest, c) => char.IsAsciiDigit(c)
        ? ((rest * 10) + c - '0') % 97
        : ((rest * 100) + c - 'A' + 10) % 97);

    [GeneratedRegex("^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$", RegexOptions.CultureInvariant)]
    private static partial Regex ShapePattern { get; }
}

/// <summary>A BIC of 8 or 11 characters; its value is in capitals.</summary>
internal sealed partial class BicAnswer : AnswerType
{
    public override JsonNode? Read(in Given given)
    {
        var bic = given.Text.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
        return ShapePattern.IsMatch(bic) ? bic : null;
    }

    [GeneratedRegex("^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$", RegexOptions.CultureInvariant)]
    private static partial Regex ShapePattern { get; }
}

/// <summary>The number of a payment card: 12 to 19 digits, the last of which checks the others; its value is the digits as a text.</summary>
internal sealed partial class CreditCardAnswer : AnswerType
{
    public override JsonNode? Read(in Given given)
    {
        if (!ShapePattern.IsMatch(given.Text)) return null;
        var digits = string.Concat(given.Text.Where(char.IsAsciiDigit));
        return digits.Length is >= 12 and <= 19 && IsChecked(digits) ? digits : null;
    }

    /// <summary>Only its end.</summary>
    public override string Short(JsonNode answer, in Given given) => $"…{((string)answer!)[^4..]}";

    /// <summary>Source: ISO/IEC 7812-1, annex B (Luhn).</summary>
    private static bool IsChecked(string digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)] - '0';
            sum += i % 2 == 0 ? digit : digit > 4 ? (digit * 2) - 9 : digit * 2;
        }

        return sum > 0 && sum % 10 == 0;
    }

    [GeneratedRegex("^[0-9][0-9 -]{10,30}[0-9]$", RegexOptions.CultureInvariant)]
    private static partial Regex ShapePattern { get; }
}

/// <summary>The licence plate of a car; its value is written as on the plate, such as <c>B-AB 1234</c>.</summary>
/// <param name="pattern">Whose groups are its parts.</param>
/// <param name="plate">How they are put together.</param>
internal sealed partial class LicencePlateAnswer(Regex pattern, string plate) : AnswerType
{
    private static readonly Dictionary<string, (Regex, string)> Countries = new()
    {
        ["DE"] = (German, "$1-$2 $3$4"),
        ["AT"] = (Austrian, "$1-$2"),
        ["CH"] = (Swiss, "$1 $2"),
        ["GB"] = (British, "$1 $2"),
    };

    public static LicencePlateAnswer? Make(StepSource source, MapNode question)
    {
        var country = question.Find("country") is { } node ? source.Compiler.PlainText(node, "country") : "DE";
        if (country is null) return null;
        if (Countries.TryGetValue(country, out var known)) return new(known.Item1, known.Item2);
        source.Problems.Report(question.Find("country")!, $"'country' of a licence plate is one of {string.Join(", ", Countries.Keys)}. Others are a regex.");
        return null;
    }

    public override JsonNode? Read(in Given given)
    {
        var text = given.Text.ToUpperInvariant();
        return pattern.Match(text) is { Success: true } match ? match.Result(plate) : null;
    }

    [GeneratedRegex("^([A-ZÄÖÜ]{1,3})[- ]+([A-Z]{1,2})[- ]?([1-9][0-9]{0,3})([EH]?)$", RegexOptions.CultureInvariant)]
    private static partial Regex German { get; }

    [GeneratedRegex("^([A-Z]{1,2})[- ]*((?:[0-9]{1,5} ?[A-Z]{1,3}|[A-Z]{1,5} ?[0-9]{1,4}))$", RegexOptions.CultureInvariant)]
    private static partial Regex Austrian { get; }

    [GeneratedRegex("^(AG|AI|AR|BE|BL|BS|FR|GE|GL|GR|JU|LU|NE|NW|OW|SG|SH|SO|SZ|TG|TI|UR|VD|VS|ZG|ZH)[- ]*([1-9][0-9]{0,5})$", RegexOptions.CultureInvariant)]
    private static partial Regex Swiss { get; }

    [GeneratedRegex("^([A-Z]{2}[0-9]{2}) ?([A-Z]{3})$", RegexOptions.CultureInvariant)]
    private static partial Regex British { get; }
}
