using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>
/// An amount with its unit: money, or a temperature. Its value has <c>value</c> and <c>unit</c>: a currency of ISO 4217, or C or F.
/// </summary>
/// <param name="isMoney">Which of the two.</param>
/// <param name="unit">What a bare number is; null: what it is in the country of the customer's locale.</param>
internal sealed partial class QuantityAnswer(bool isMoney, string? unit) : AnswerType
{
    private static readonly FrozenDictionary<string, string> Currencies = new (string Code, string Names)[]
    {
        ("EUR", "€ euro euros"),
        ("USD", "$ us$ dollar dollars"),
        ("GBP", "£ pound pounds quid"),
        ("JPY", "¥ yen"),
        ("INR", "₹ rupee rupees"),
        ("CHF", "franken sfr. fr."),
        ("PLN", "zł"),
        ("KRW", "₩"),
        ("TRY", "₺"),
        ("CAD", "ca$"),
        ("AUD", "a$"),
    }.SelectMany(currency => currency.Names.Split(' ').Select(name => (name, currency.Code)))
        .ToFrozenDictionary(currency => currency.name, currency => currency.Code, StringComparer.OrdinalIgnoreCase);

    /// <summary>The codes of ISO 4217 that a country uses.</summary>
    private static readonly FrozenSet<string> Codes = CultureInfo.GetCultures(CultureTypes.SpecificCultures)
        .Select(culture => new RegionInfo(culture.Name).ISOCurrencySymbol).Where(code => code.Length == 3).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, string> Degrees = new Dictionary<string, string>
    {
        ["c"] = "C",
        ["celsius"] = "C",
        ["°c"] = "C",
        ["°"] = "",
        ["degrees"] = "",
        ["grad"] = "",
        ["grados"] = "",
        ["degrés"] = "",
        ["f"] = "F",
        ["fahrenheit"] = "F",
        ["°f"] = "F",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public static QuantityAnswer Make(StepSource source, MapNode question, bool isMoney)
    {
        var member = isMoney ? "currency" : "unit";
        if (question.Find(member) is not { } node || source.Compiler.PlainText(node, member) is not { } unit) return new(isMoney, null);
        unit = unit.ToUpperInvariant();
        if (isMoney ? !Codes.Contains(unit) : unit is not ("C" or "F"))
            source.Problems.Report(node, isMoney ? "'currency' is a code of ISO 4217, such as EUR." : "'unit' is C or F.");
        return new(isMoney, unit);
    }

    public override JsonNode? Read(in Given given)
    {
        if (AmountPattern.Match(given.Text) is not { Success: true } match) return null;
        var before = match.Groups[1].Value.Trim();
        var after = match.Groups[3].Value.Trim().TrimEnd('.');
        if (before.Length > 0 && after.Length > 0) return null;
        var named = before.Length > 0 ? before : after;
        var found = isMoney ? Currency(named) : Degree(named);
        if (found is null || NumberAnswer.Value(match.Groups[2].Value) is not { } number) return null;
        if (found.Length == 0) found = unit ?? Usual(given.Culture);
        return found is null ? null : new JsonObject { ["value"] = NumberAnswer.Json(number), ["unit"] = found };
    }

    public override string Short(JsonNode answer, in Given given) =>
        $"{((double)answer["value"]!).ToString(isMoney ? "N2" : "0.##", given.Culture.Culture)} {(isMoney ? "" : "°")}{answer["unit"]}";

    /// <summary>Its code; empty: none is named; null: nobody knows it.</summary>
    private static string? Currency(string name) => name.Length == 0 ? ""
        : Currencies.TryGetValue(name, out var code) ? code : Codes.Contains(name) ? name.ToUpperInvariant() : null;

    private static string? Degree(string name)
    {
        name = name.Replace("degrees ", "°", StringComparison.OrdinalIgnoreCase).Replace("grad ", "°", StringComparison.OrdinalIgnoreCase)
            .Replace("° ", "°", StringComparison.Ordinal).Replace("°celsius", "c", StringComparison.OrdinalIgnoreCase)
            .Replace("°fahrenheit", "f", StringComparison.OrdinalIgnoreCase);
        return name.Length == 0 ? "" : Degrees.GetValueOrDefault(name);
    }

    private string? Usual(AnswerCulture culture) => isMoney ? culture.Region?.ISOCurrencySymbol
        : culture.Region?.TwoLetterISORegionName is "US" or "LR" or "BS" or "KY" or "PW" ? "F" : "C";

    [GeneratedRegex(@"^([^\d+\-.,]*)\s*([+-]?[\d.,'’\u00A0\u202F ]*\d)\s*([^\d]*)$", RegexOptions.CultureInvariant)]
    private static partial Regex AmountPattern { get; }
}
