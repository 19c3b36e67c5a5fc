using System.Globalization;
using NodaTime;
using NodaTime.Text;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>The patterns of dates and times in a culture; docs/flows.md lists them.</summary>
internal static class AnswerPatterns
{
    /// <summary>Two digits of a year are 1951 to 2050.</summary>
    private static readonly LocalDate Template = new(2000, 1, 1);

    private static readonly string[] NamedDays = ["d", "d'.'", "d'st'", "d'nd'", "d'rd'", "d'th'", "d'er'"];

    private static readonly string[] TimesOfAll = ["H:mm", "H:mm:ss", "H.mm", "HHmm", "h:mm tt", "h:mmtt", "h tt", "htt", "h.mm tt"];

    private static readonly Dictionary<string, string[]> TimesOf = new()
    {
        ["de"] = ["H 'Uhr'", "H 'Uhr' mm", "H:mm 'Uhr'", "H.mm 'Uhr'"],
        ["fr"] = ["H'h'", "H'h'mm", "H 'h'", "H 'h' mm", "H 'heures'", "H 'heures' mm"],
        ["es"] = ["H 'h'", "H'h'", "H:mm 'h'", "H 'horas'"],
    };

    /// <summary>For what <see cref="CalendarWords"/> spells.</summary>
    public static IReadOnlyList<LocalDatePattern> Named { get; } = [.. NamedDays.SelectMany(day => new[] { $"{day} MMMM uuuu", $"MMMM {day} uuuu", $"MMMM {day}',' uuuu" })
        .Select(pattern => Date(pattern, CultureInfo.InvariantCulture))];

    public static IReadOnlyList<AnnualDatePattern> NamedWithoutYear { get; } = [.. NamedDays.SelectMany(day => new[] { $"{day} MMMM", $"MMMM {day}" })
        .Select(pattern => Annual(pattern, CultureInfo.InvariantCulture))];

    public static (IReadOnlyList<LocalDatePattern>, IReadOnlyList<AnnualDatePattern>) Dates(CultureInfo culture)
    {
        var info = culture.DateTimeFormat;
        var monthFirst = info.ShortDatePattern.IndexOf('M', StringComparison.Ordinal) is var month
            && month < info.ShortDatePattern.IndexOf('d', StringComparison.Ordinal) && !info.ShortDatePattern.StartsWith('y');
        var numbers = monthFirst ? "M/d" : "d/M";
        var patterns = new List<string> { "uuuu-MM-dd", "uuuu-M-d", "uuuu/M/d", "uuuu.M.d" };
        var short_ = new List<string>();
        foreach (var mark in new[] { '/', '.', '-' })
        {
            // A point is how people write who put the day first.
            var order = mark == '.' ? "d.M" : numbers.Replace('/', mark);
            patterns.Add($"{Quoted(order)}{Quote(mark)}uuuu");
            patterns.Add($"{Quoted(order)}{Quote(mark)}yy");
            if (mark != '-') short_.Add(Quoted(order));
        }

        short_.Add("d'.'M'.'");
        foreach (var name in new[] { "MMMM", "MMM" })
        {
            foreach (var day in new[] { "d", "d'.'", "d'st'", "d'nd'", "d'rd'", "d'th'", "d'er'", "d 'de'" })
            {
                if (day == "d 'de'" && culture.TwoLetterISOLanguageName is not ("es" or "pt")) continue;
                var of = day == "d 'de'" ? " 'de'" : "";
                patterns.Add($"{day} {name}{of} uuuu");
                short_.Add($"{day} {name}");
                if (day is "d'.'" or "d'er'" or "d 'de'") continue;
                patterns.Add($"{name} {day}',' uuuu");
                patterns.Add($"{name} {day} uuuu");
                short_.Add($"{name} {day}");
            }
        }

        return ([.. patterns.Select(pattern => Date(pattern, culture))], [.. short_.Select(pattern => Annual(pattern, culture))]);

        static string Quote(char mark) => $"'{mark}'";
        static string Quoted(string order) => $"{order[0]}'{order[1]}'{order[2]}";
    }

    public static IReadOnlyList<LocalTimePattern> Times(CultureInfo culture)
    {
        var all = TimesOf.TryGetValue(culture.TwoLetterISOLanguageName, out var own) ? own.Concat(TimesOfAll) : TimesOfAll;
        // am and pm are written in English everywhere.
        return [.. all.Select(pattern => LocalTimePattern.Create(pattern, CultureInfo.InvariantCulture))];
    }

    private static LocalDatePattern Date(string pattern, CultureInfo culture) =>
        LocalDatePattern.Create(pattern, culture, Template).WithTwoDigitYearMax(50);

    private static AnnualDatePattern Annual(string pattern, CultureInfo culture) => AnnualDatePattern.Create(pattern, culture);
}
