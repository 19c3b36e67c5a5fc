using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>The months and weekdays of a language, as all of its countries write them, with their accents and without.</summary>
internal sealed partial class CalendarWords
{
    private static readonly ConcurrentDictionary<string, CalendarWords> Known = new();

    /// <summary>Between day and month, or month and year.</summary>
    private static readonly FrozenSet<string> Between = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "of", "de", "del", "do", "du");

    private readonly FrozenDictionary<string, string> _months;
    private readonly FrozenSet<string> _weekdays;

    private CalendarWords(IReadOnlyCollection<DateTimeFormatInfo> formats)
    {
        var months = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var names in formats.SelectMany(format => new[]
                 {
                     format.MonthNames, format.MonthGenitiveNames, format.AbbreviatedMonthNames, format.AbbreviatedMonthGenitiveNames,
                 }))
            foreach (var (month, name) in names.Take(12).Index())
                foreach (var spelled in Spelling.Of(name.TrimEnd('.')))
                    months.TryAdd(spelled, CultureInfo.InvariantCulture.DateTimeFormat.MonthNames[month]);
        _months = months.Where(month => month.Key.Any(char.IsLetter)).ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _weekdays = formats.SelectMany(format => format.DayNames.Concat(format.AbbreviatedDayNames)).Select(name => name.TrimEnd('.'))
            .SelectMany(Spelling.Of).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Those of the language of a culture.</summary>
    public static CalendarWords Of(AnswerCulture culture) => Known.GetOrAdd(culture.Language, language => new(
        [.. CultureInfo.GetCultures(CultureTypes.AllCultures).Where(one => one.TwoLetterISOLanguageName == language).Select(one => one.DateTimeFormat)]));

    /// <summary>A date with its month in English, and without the weekday before it; none where there is no such word in it.</summary>
    public IEnumerable<string> Spellings(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('0', '9')) yield break;
        if (English(text) is { } whole) yield return whole;
        if (WeekdayPattern.Match(text) is not { Success: true } match || !_weekdays.Contains(match.Groups[1].Value)) yield break;
        var date = match.Groups[2].Value;
        yield return English(date) ?? date;
    }

    /// <summary>Null: no month is named.</summary>
    private string? English(string text)
    {
        var isNamed = false;
        var english = WordPattern.Replace(text, word =>
        {
            if (!_months.TryGetValue(word.Groups[1].Value, out var month)) return Between.Contains(word.Value) ? "" : word.Value;
            isNamed = true;
            return month;
        });
        return isNamed ? SpacePattern.Replace(english, " ").Trim() : null;
    }

    [GeneratedRegex(@"(?<![\p{L}\p{M}\p{Nd}])([\p{L}\p{M}]+)\.?", RegexOptions.CultureInvariant)]
    private static partial Regex WordPattern { get; }

    [GeneratedRegex(@"^([\p{L}\p{M}-]+)[.,]*\s+(.+)$", RegexOptions.CultureInvariant)]
    private static partial Regex WeekdayPattern { get; }

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex SpacePattern { get; }
}
