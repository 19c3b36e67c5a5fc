namespace EightByEight.Connector.Handover;

/// <summary>The languages that 8x8 routes by. Source: 8x8, Chat Gateway, create conversation, <c>user.language</c>.</summary>
internal static class Languages
{
    private static readonly string[] All =
    [
        "en", "ru", "de", "ja", "es", "fr", "pt", "it", "pl", "hr", "nl", "ar", "da", "ko", "no", "sv", "vi", "cy", "th", "zh-CN", "zh-TW",
    ];

    /// <summary>8x8's word for a language: exactly, by its first part, or English. Null stays null.</summary>
    public static string? Of(string? language)
    {
        if (language is null) return null;
        language = language.Trim().Replace('_', '-');
        if (Known(language) is { } exact) return exact;
        var first = language.Split('-')[0];
        if (first.Equals("zh", StringComparison.OrdinalIgnoreCase))
            return language.Contains("Hant", StringComparison.OrdinalIgnoreCase) || language.EndsWith("HK", StringComparison.OrdinalIgnoreCase)
                ? "zh-TW" : "zh-CN";
        return first.Equals("nb", StringComparison.OrdinalIgnoreCase) || first.Equals("nn", StringComparison.OrdinalIgnoreCase)
            ? "no" : Known(first) ?? "en";
    }

    private static string? Known(string wanted) => Array.Find(All, known => known.Equals(wanted, StringComparison.OrdinalIgnoreCase));
}
