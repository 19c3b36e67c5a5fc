using System.Globalization;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Flows;

/// <summary>Language tags such as <c>de</c> and <c>en-GB</c>, as the names of the texts that are meant for them.</summary>
internal static partial class Locales
{
    /// <summary>Whether all members of an object are named by locales.</summary>
    public static bool AreNames(MapNode map) => map.Members.Any() && map.Members.All(member => IsName(member.Key.Text));

    /// <summary>Beside members that are named by locales, the first that is not, and the first that is; null: they are not mixed.</summary>
    /// <param name="known">Names that mean something else there.</param>
    public static (ScalarNode Stray, ScalarNode Name)? Mixed(MapNode map, params string[] known)
    {
        var keys = map.Members.Select(member => member.Key).ToList();
        return !keys.Any(key => known.Contains(key.Text)) && keys.Find(key => IsName(key.Text)) is { } name && keys.Find(key => !IsName(key.Text)) is { } stray
            ? (stray, name) : null;
    }

    /// <summary>The language of a locale, such as <c>pt</c> of <c>pt-BR</c>; null: there is no locale.</summary>
    public static string? LanguageOf(string? locale) => string.IsNullOrEmpty(locale) ? null : Language(locale).ToString().ToLowerInvariant();

    /// <summary>
    /// Which of the texts fits: that of the locale, that of its language, that of another country with that language; then the same for the
    /// Endpoint's locale; then the first.
    /// </summary>
    public static int Choose(IReadOnlyList<string> given, string? locale, string? endpoint) =>
        Find(given, locale) is var own and >= 0 ? own : Math.Max(Find(given, endpoint), 0);

    private static int Find(IReadOnlyList<string> given, string? locale)
    {
        if (string.IsNullOrEmpty(locale)) return -1;
        var language = Language(locale);
        var best = -1;
        for (var i = 0; i < given.Count; i++)
        {
            if (given[i].Equals(locale, StringComparison.OrdinalIgnoreCase)) return i;
            if (given[i].AsSpan().Equals(language, StringComparison.OrdinalIgnoreCase)) best = i;
            else if (best < 0 && Language(given[i]).Equals(language, StringComparison.OrdinalIgnoreCase)) best = i;
        }

        return best;
    }

    private static ReadOnlySpan<char> Language(string tag) => tag.IndexOfAny('-', '_') is var end and >= 0 ? tag.AsSpan(0, end) : tag;

    /// <summary>Three letters are a language only where there is one of that name: many other words have three.</summary>
    private static bool IsName(string tag) => TagPattern.IsMatch(tag) && (Language(tag).Length == 2 || IsKnown(Language(tag).ToString()));

    private static bool IsKnown(string language)
    {
        try
        {
            return CultureInfo.GetCultureInfo(language, predefinedOnly: true).TwoLetterISOLanguageName == language;
        }
        catch (CultureNotFoundException)
        {
            return false;
        }
    }

    [GeneratedRegex("^[a-z]{2,3}([-_][A-Za-z]{4})?([-_]([A-Za-z]{2}|[0-9]{3}))?\\z", RegexOptions.CultureInvariant)]
    private static partial Regex TagPattern { get; }
}
