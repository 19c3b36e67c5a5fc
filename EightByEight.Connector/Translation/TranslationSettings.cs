using System.Text.RegularExpressions;
using EightByEight.Connector.Admin;

namespace EightByEight.Connector.Translation;

/// <summary>Real-time translation between the customer and the Flow. The provider's key is the secret <c>translation.apiKey</c>.</summary>
public partial record TranslationSettings
{
    /// <summary>The customer's language is detected.</summary>
    public const string Auto = "auto";

    /// <summary>The longest marker, in characters.</summary>
    internal const int LongestMarker = 20;

    /// <summary>The most inputs that are looked at to detect the language.</summary>
    internal const int MostDetections = 100;

    /// <summary>The secret with the provider's key.</summary>
    internal const string Key = "translation.apiKey";

    /// <summary>Whether texts are translated.</summary>
    public bool Enabled { get; set; }

    /// <summary><c>microsoft</c>, <c>google</c> or <c>deepl</c>.</summary>
    public string Provider { get; set; } = "microsoft";

    /// <summary>The region of a Microsoft Translator resource; null: a global one.</summary>
    public string? Region { get; set; }

    /// <summary>Another server of the provider, such as DeepL's free one; null: the usual one.</summary>
    public string? BaseUrl { get; set; }

    /// <summary>The customer's language, or <c>auto</c>.</summary>
    public string UserLanguage { get; set; } = Auto;

    /// <summary>The language that the Flow speaks and understands.</summary>
    public string FlowLanguage { get; set; } = "en";

    /// <summary>How many inputs of a session are looked at to detect the language; then it stays. 1 to 100.</summary>
    public int DetectOnInputs { get; set; } = 1;

    /// <summary>DeepL: <c>default</c>, <c>more</c>, <c>less</c>, <c>prefer_more</c> or <c>prefer_less</c>.</summary>
    public string Formality { get; set; } = "default";

    /// <summary>DeepL: the glossary for what the customer says; not used while the language is detected.</summary>
    public string? GlossaryInput { get; set; }

    /// <summary>DeepL: the glossary for what the Flow says.</summary>
    public string? GlossaryOutput { get; set; }

    /// <summary>What stands between two of these is not translated, and they are removed.</summary>
    public string NoTranslationMarker { get; set; } = NoTranslation.Marker;

    /// <summary>Whether markers are removed also while nothing is translated.</summary>
    public bool AlwaysRemoveMarkers { get; set; }

    /// <summary>Whether payloads stay as they are also where they were not offered last.</summary>
    public bool SkipPayloads { get; set; }

    /// <summary>For one attempt, in seconds, 1 to 30.</summary>
    public int TimeoutSeconds { get; set; } = 5;

    /// <summary>How often the provider is tried, 1 to 10.</summary>
    public int Retries { get; set; } = 3;

    /// <summary>How long a translated sentence is remembered, in seconds; 0: not at all.</summary>
    public int CacheSeconds { get; set; } = 86_400;

    internal static TranslationSettings Read(JsonMembers body)
    {
        var defaults = new TranslationSettings();
        body.Secret("apiKey", 1000);
        var settings = new TranslationSettings
        {
            Enabled = body.Flag("enabled", defaults.Enabled),
            Provider = body.Word("provider", defaults.Provider, "microsoft", "google", "deepl"),
            Region = body.String("region", 100),
            BaseUrl = body.String("baseUrl", 500),
            UserLanguage = body.String("userLanguage", 20) ?? defaults.UserLanguage,
            FlowLanguage = body.String("flowLanguage", 20) ?? defaults.FlowLanguage,
            DetectOnInputs = body.Number("detectOnInputs", 1, MostDetections, defaults.DetectOnInputs),
            Formality = body.Word(
                "formality", defaults.Formality, "default", "more", "less", "prefer_more", "prefer_less"),
            GlossaryInput = body.String("glossaryInput", 100),
            GlossaryOutput = body.String("glossaryOutput", 100),
            NoTranslationMarker = body.String("noTranslationMarker", LongestMarker) ?? defaults.NoTranslationMarker,
            AlwaysRemoveMarkers = body.Flag("alwaysRemoveMarkers", defaults.AlwaysRemoveMarkers),
            SkipPayloads = body.Flag("skipPayloads", defaults.SkipPayloads),
            TimeoutSeconds = body.Number("timeoutSeconds", 1, 30, defaults.TimeoutSeconds),
            Retries = body.Number("retries", 1, 10, defaults.Retries),
            CacheSeconds = body.Number("cacheSeconds", 0, 2_592_000, defaults.CacheSeconds),
        };
        if (settings.BaseUrl is { } url && !IsServer(url))
            body.Refuse("baseUrl", "Must be an absolute https URL without query, such as \"https://api-free.deepl.com\".");
        if (settings.UserLanguage != Auto && !IsLanguage(settings.UserLanguage))
            body.Refuse("userLanguage", "Must be \"auto\" or a language tag, such as \"de\" or \"pt-BR\".");
        if (!IsLanguage(settings.FlowLanguage)) body.Refuse("flowLanguage", "Must be a language tag, such as \"de\" or \"pt-BR\".");
        body.RefuseOthers("apiKeySet");
        return settings;
    }

    /// <summary>Whether it can be a language tag.</summary>
    internal static bool IsLanguage(string tag) => Tag().IsMatch(tag);

    /// <summary>Plain http goes to this machine only, where connecting is refused unless the operator allows it.</summary>
    private static bool IsServer(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Query.Length == 0 && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));

    [GeneratedRegex(@"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\z")]
    private static partial Regex Tag();
}
