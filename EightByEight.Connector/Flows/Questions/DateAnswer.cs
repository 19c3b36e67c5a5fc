using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json.Nodes;
using NodaTime;
using NodaTime.Text;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>A day, as people of the customer's locale write it; its value is <c>2026-04-30</c>.</summary>
internal sealed class DateAnswer : AnswerType
{
    private static readonly FrozenDictionary<string, int> Words = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase)
    {
        ["today"] = 0,
        ["tomorrow"] = 1,
        ["the day after tomorrow"] = 2,
        ["yesterday"] = -1,
        ["heute"] = 0,
        ["morgen"] = 1,
        ["übermorgen"] = 2,
        ["gestern"] = -1,
        ["hoy"] = 0,
        ["mañana"] = 1,
        ["pasado mañana"] = 2,
        ["ayer"] = -1,
        ["aujourd'hui"] = 0,
        ["demain"] = 1,
        ["après-demain"] = 2,
        ["hier"] = -1,
    }.SelectMany(word => Spelling.Of(word.Key).Select(spelled => (spelled, word.Value)))
        .ToFrozenDictionary(word => word.spelled, word => word.Value, StringComparer.OrdinalIgnoreCase);

    public override JsonNode? Read(in Given given) =>
        Day(given) is { } day ? LocalDatePattern.Iso.Format(day) : null;

    public override string Short(JsonNode answer, in Given given) =>
        DateOnly.Parse((string)answer!, CultureInfo.InvariantCulture).ToString("D", given.Culture.Culture);

    private static LocalDate? Day(in Given given)
    {
        var text = given.Text.Replace('’', '\'');
        var today = LocalDate.FromDateOnly(given.Today);
        if (Words.TryGetValue(text, out var days)) return today.PlusDays(days);
        var culture = given.Culture;
        if (Day(text, culture.Dates, culture.DatesWithoutYear, today) is { } written) return written;
        foreach (var spelled in CalendarWords.Of(culture).Spellings(text))
            if ((Day(spelled, culture.Dates, culture.DatesWithoutYear, today) ?? Day(spelled, AnswerPatterns.Named, AnswerPatterns.NamedWithoutYear, today)) is { } day) return day;
        return null;
    }

    private static LocalDate? Day(string text, IReadOnlyList<LocalDatePattern> dates, IReadOnlyList<AnnualDatePattern> datesWithoutYear, LocalDate today)
    {
        foreach (var pattern in dates)
            if (pattern.Parse(text).TryGetValue(default, out var day)) return day;
        // The next such day; 29 February without a year is the next that there is.
        foreach (var pattern in datesWithoutYear)
        {
            if (!pattern.Parse(text).TryGetValue(default, out var annual)) continue;
            for (var year = today.Year; year < today.Year + 9; year++)
                if (annual.IsValidYear(year) && annual.InYear(year) >= today) return annual.InYear(year);
        }

        return null;
    }
}
