namespace EightByEight.Connector.Translation;

/// <summary>What a provider calls a language. Regions that make no other translation are left out.</summary>
internal static class LanguageCodes
{
    /// <summary>Microsoft: <c>zh-Hans</c>, <c>nb</c>.</summary>
    public static string Microsoft(string tag) => Of(tag, "zh-Hans", "zh-Hant", "nb", ["pt-PT", "fr-CA"]);

    /// <summary>Google: <c>zh-CN</c>, <c>no</c>.</summary>
    public static string Google(string tag) => Of(tag, "zh-CN", "zh-TW", "no", ["pt-PT", "fr-CA"]);

    /// <summary>DeepL as target. Plain English and Portuguese are deprecated there.</summary>
    public static string DeepLTarget(string tag) => Of(tag, "ZH-HANS", "ZH-HANT", "NB", ["en-GB", "en-US", "pt-BR", "pt-PT"]).ToUpperInvariant() switch
    {
        "EN" => "EN-US",
        "PT" => "PT-PT",
        var code => code,
    };

    /// <summary>DeepL as source: never a region.</summary>
    public static string DeepLSource(string tag) => First(DeepLTarget(tag));

    /// <summary>Whether a text in one needs no translation into the other.</summary>
    public static bool AreSame(string one, string other) =>
        string.Equals(Microsoft(one), Microsoft(other), StringComparison.OrdinalIgnoreCase)
        || (!IsChinese(one) && string.Equals(First(one), First(other), StringComparison.OrdinalIgnoreCase));

    private static string Of(string tag, string simplified, string traditional, string norwegian, string[] regions)
    {
        tag = tag.Replace('_', '-');
        var first = First(tag).ToLowerInvariant();
        if (IsChinese(tag))
            return tag.Contains("Hant", StringComparison.OrdinalIgnoreCase) || tag.EndsWith("TW", StringComparison.OrdinalIgnoreCase)
                || tag.EndsWith("HK", StringComparison.OrdinalIgnoreCase) ? traditional : simplified;
        if (first is "no" or "nb" or "nn") return norwegian;
        return Array.Find(regions, known => known.Equals(tag, StringComparison.OrdinalIgnoreCase)) ?? first;
    }

    private static bool IsChinese(string tag) => First(tag).Equals("zh", StringComparison.OrdinalIgnoreCase);

    private static string First(string tag) => tag.Split('-', '_')[0];
}
