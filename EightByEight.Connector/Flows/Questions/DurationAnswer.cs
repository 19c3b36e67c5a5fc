using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NodaTime;
using NodaTime.Text;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>
/// A length of time: <c>1 hour 30 minutes</c>, <c>1h30</c>, <c>1:30</c>, <c>90 min</c>, <c>PT1H30M</c>. Its value has <c>hour</c>,
/// <c>minute</c> and <c>second</c>, and all of it in <c>seconds</c>.
/// </summary>
internal sealed partial class DurationAnswer : AnswerType
{
    private const double MostSeconds = 100.0 * 366 * 24 * 3600;

    private static readonly FrozenDictionary<string, int> Units = new (int Seconds, string Names)[]
    {
        (1, "s sec secs second seconds sek sekunde sekunden segundo segundos seconde secondes"),
        (60, "m min mins minute minutes minuten minuto minutos"),
        (3600, "h hr hrs hour hours std stunde stunden hora horas heure heures"),
        (86_400, "d day days tag tage tagen día días dia dias jour jours"),
        (604_800, "w week weeks woche wochen semana semanas semaine semaines"),
    }.SelectMany(unit => unit.Names.Split(' ').Select(name => (name, unit.Seconds)))
        .ToFrozenDictionary(unit => unit.name, unit => unit.Seconds, StringComparer.OrdinalIgnoreCase);

    public override JsonNode? Read(in Given given)
    {
        if (Seconds(given.Text) is not { } seconds || seconds > MostSeconds) return null;
        var whole = (long)Math.Round(seconds);
        return new JsonObject { ["hour"] = whole / 3600, ["minute"] = whole / 60 % 60, ["second"] = whole % 60, ["seconds"] = whole };
    }

    /// <summary>As it was written: that has the customer's own words for hours and minutes.</summary>
    public override string Short(JsonNode answer, in Given given) => given.Text;

    private static double? Seconds(string text)
    {
        if (ClockPattern.Match(text) is { Success: true } clock)
            return (Number(clock.Groups[1]) * 3600) + (Number(clock.Groups[2]) * 60) + (clock.Groups[3].Success ? Number(clock.Groups[3]) : 0);
        if (text.StartsWith('P') && PeriodPattern.NormalizingIso.Parse(text).TryGetValue(Period.Zero, out var period)
            && period is { Years: 0, Months: 0 }) return period.ToDuration().TotalSeconds is >= 0 and var given ? given : null;
        if (WordsPattern.Match(text) is not { Success: true } words) return null;
        double sum = 0;
        var smallest = double.MaxValue;
        for (var i = 0; i < words.Groups[1].Captures.Count; i++)
        {
            var number = double.Parse(words.Groups[1].Captures[i].ValueSpan.ToString().Replace(',', '.'), CultureInfo.InvariantCulture);
            if (!Units.TryGetValue(words.Groups[2].Captures[i].Value, out var unit) || unit >= smallest) return null;
            smallest = unit;
            sum += number * unit;
        }

        // 1h30 is an hour and thirty minutes.
        if (words.Groups[3].Success) return smallest == 3600 && Number(words.Groups[3]) is < 60 and var minutes ? sum + (minutes * 60) : null;
        return sum;
    }

    private static double Number(Group group) => double.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^([0-9]{1,4}):([0-5][0-9])(?::([0-5][0-9]))?$", RegexOptions.CultureInvariant)]
    private static partial Regex ClockPattern { get; }

    [GeneratedRegex(@"^(?:([0-9]{1,9}(?:[.,][0-9]{1,6})?)\s*(\p{L}+)\.?(?:\s*,)?(?:\s*(?:and|und|y|et))?\s*)+([0-9]{1,2})?$", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase, 250)]
    private static partial Regex WordsPattern { get; }
}
