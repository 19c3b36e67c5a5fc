using System.Collections.Concurrent;
using System.Globalization;
using NodaTime.Text;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>How people of a locale write numbers, dates, times and money. Immutable.</summary>
internal sealed class AnswerCulture
{
    private const int Most = 500;
    private static readonly ConcurrentDictionary<string, AnswerCulture> Known = new(StringComparer.OrdinalIgnoreCase);

    private AnswerCulture(CultureInfo culture)
    {
        Culture = culture;
        Region = culture.IsNeutralCulture || culture.Name.Length == 0 ? null : new RegionInfo(culture.Name);
        (Dates, DatesWithoutYear) = AnswerPatterns.Dates(culture);
        Times = AnswerPatterns.Times(culture);
    }

    public CultureInfo Culture { get; }

    /// <summary>The country of the locale; null: it names only a language.</summary>
    public RegionInfo? Region { get; }

    /// <summary>Two letters.</summary>
    public string Language => Culture.TwoLetterISOLanguageName;

    public IReadOnlyList<LocalDatePattern> Dates { get; }

    /// <summary>For dates of this year or the next.</summary>
    public IReadOnlyList<AnnualDatePattern> DatesWithoutYear { get; }

    public IReadOnlyList<LocalTimePattern> Times { get; }

    /// <summary>The culture of a language tag; for one that nobody knows, and for none, that of English.</summary>
    public static AnswerCulture Of(string? locale)
    {
        var name = string.IsNullOrEmpty(locale) ? "en" : locale.Replace('_', '-');
        if (Known.TryGetValue(name, out var known)) return known;
        if (Known.Count >= Most) Known.Clear();
        return Known[name] = new AnswerCulture(Find(name));
    }

    private static CultureInfo Find(string name)
    {
        try
        {
            // A copy with the Gregorian calendar, and without what the user of the machine changed.
            return CultureInfo.GetCultureInfo(name, predefinedOnly: true);
        }
        catch (CultureNotFoundException)
        {
            var end = name.IndexOf('-');
            return end > 0 ? Find(name[..end]) : CultureInfo.GetCultureInfo("en");
        }
    }
}
