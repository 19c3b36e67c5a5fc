using System.Collections.Concurrent;
using System.Collections.Frozen;
using Lingua;

namespace EightByEight.Connector.Understanding;

/// <summary>
/// Tells the language of a text: one of those that 8x8 routes by (Chat Gateway v1.0, <c>user.language</c>). Lingua does, with its models of
/// up to three letters; those of five tell short texts no better, and keep 390 MB instead of 20.
/// </summary>
internal static class SpokenLanguage
{
    /// <summary>What decides is said by then, and the rest would only take time.</summary>
    private const int MostCharacters = 200;

    /// <summary>How much likelier than the next one a language has to be, from 0 to 1.</summary>
    private const double Lead = 0.1;

    private const int MostDetectors = 100;

    private static readonly FrozenDictionary<string, Language> Languages = new Dictionary<string, Language>(StringComparer.OrdinalIgnoreCase)
    {
        ["en"] = Language.English,
        ["ru"] = Language.Russian,
        ["de"] = Language.German,
        ["ja"] = Language.Japanese,
        ["es"] = Language.Spanish,
        ["fr"] = Language.French,
        ["pt"] = Language.Portuguese,
        ["it"] = Language.Italian,
        ["pl"] = Language.Polish,
        ["hr"] = Language.Croatian,
        ["nl"] = Language.Dutch,
        ["ar"] = Language.Arabic,
        ["da"] = Language.Danish,
        ["ko"] = Language.Korean,
        ["no"] = Language.Bokmal,
        ["sv"] = Language.Swedish,
        ["vi"] = Language.Vietnamese,
        ["cy"] = Language.Welsh,
        ["th"] = Language.Thai,
        ["zh"] = Language.Chinese,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly Lazy<LanguageDetector> All = new(() => Detector(Languages.Values));

    /// <summary>Authors write a few lists; a Flow that made them up by the hundred would have each read anew.</summary>
    private static readonly ConcurrentDictionary<string, LanguageDetector> Some = new();

    /// <summary>The languages that can be told.</summary>
    public static IEnumerable<string> Tags => Languages.Keys.Order(StringComparer.Ordinal);

    /// <summary>Reads the models, which takes longer than a script may: before the first is asked for.</summary>
    public static void Prepare() => _ = All.Value;

    /// <summary>Whether a tag, such as <c>pt-BR</c>, is of a language that can be told.</summary>
    public static bool Knows(string tag) => Languages.ContainsKey(Primary(tag));

    /// <summary>The language of a text.</summary>
    /// <param name="among">Tags of languages that it may be, each of which is known; none: any that can be told.</param>
    /// <returns>One of these tags, as it is written there; null: the text does not tell.</returns>
    public static string? Of(string text, IReadOnlyList<string> among)
    {
        if (text.Length > MostCharacters) text = text[..MostCharacters];
        IReadOnlyList<string> tags = among.Count == 0 ? [.. Languages.Keys] : among;
        var languages = tags.Select(tag => Languages[Primary(tag)]).ToList();
        if (languages.Distinct().Count() == 1) return tags[0];
        var told = (among.Count == 0 ? All.Value : DetectorOf(languages)).DetectLanguageOf(text);
        var place = languages.IndexOf(told);
        return place < 0 ? null : tags[place];
    }

    private static LanguageDetector DetectorOf(List<Language> languages)
    {
        var key = string.Join(',', languages.Distinct().Order());
        if (Some.TryGetValue(key, out var known)) return known;
        var detector = Detector(languages);
        return Some.Count < MostDetectors ? Some.GetOrAdd(key, detector) : detector;
    }

    private static LanguageDetector Detector(IEnumerable<Language> languages) => LanguageDetectorBuilder.FromLanguages([.. languages.Distinct()])
        .WithLowAccuracyMode().WithMinimumRelativeDistance(Lead).WithPreloadedLanguageModels().Build();

    private static string Primary(string tag) => tag.Split('-', '_')[0];
}
