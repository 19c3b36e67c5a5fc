using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EightByEight.Connector.Translation;

/// <summary>What is to be translated, and how.</summary>
/// <param name="From">null: it is detected.</param>
/// <param name="Hint">Which language it may be; null: not known.</param>
/// <param name="Glossary">Of DeepL; null: none.</param>
internal sealed record Wish(string? From, string To, string? Hint = null, string? Glossary = null);

/// <summary>A translated text.</summary>
/// <param name="Detected">Its language as the provider found it; null: it was told.</param>
internal readonly record struct Translated(string Text, string? Detected);

/// <summary>How one provider is asked. It computes only.</summary>
internal abstract class TranslationProvider
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The most texts in one request.</summary>
    public abstract int MostTexts { get; }

    /// <summary>The most characters in one request.</summary>
    public abstract int MostCharacters { get; }

    /// <summary>A request for some texts, within the limits.</summary>
    public abstract HttpRequestMessage Request(TranslationSettings settings, string? key, Wish wish, IReadOnlyList<string> texts);

    /// <summary>What it answered, in the order of the texts.</summary>
    public abstract IEnumerable<Translated> Read(JsonElement answer);

    public static TranslationProvider Of(string name) => name switch
    {
        "google" => GoogleTranslation.Instance,
        "deepl" => DeepLTranslation.Instance,
        _ => MicrosoftTranslation.Instance,
    };

    protected static HttpRequestMessage Post(string url, JsonNode body) => new(HttpMethod.Post, url)
    {
        Content = new StringContent(body.ToJsonString(Relaxed), new MediaTypeHeaderValue("application/json", "utf-8")),
    };

    protected static JsonArray Array(IEnumerable<JsonNode?> items) => new([.. items]);

    protected static string Server(TranslationSettings settings, string usual) => (settings.BaseUrl ?? usual).TrimEnd('/');
}

/// <summary>Microsoft Translator v3. Source of limits and format: Microsoft Learn, Translator 3.0: Translate.</summary>
internal sealed class MicrosoftTranslation : TranslationProvider
{
    public static readonly MicrosoftTranslation Instance = new();

    public override int MostTexts => 1000;

    public override int MostCharacters => 50_000;

    public override HttpRequestMessage Request(TranslationSettings settings, string? key, Wish wish, IReadOnlyList<string> texts)
    {
        var server = Server(settings, "https://api.cognitive.microsofttranslator.com");
        // A resource with a domain of its own.
        if (new Uri(server).Host.EndsWith(".cognitiveservices.azure.com", StringComparison.OrdinalIgnoreCase)
            && new Uri(server).AbsolutePath == "/") server += "/translator/text/v3.0";
        var url = $"{server}/translate?api-version=3.0&to={Uri.EscapeDataString(LanguageCodes.Microsoft(wish.To))}";
        if (wish.From is { } from) url += $"&from={Uri.EscapeDataString(LanguageCodes.Microsoft(from))}";
        else if (wish.Hint is { } hint) url += $"&suggestedFrom={Uri.EscapeDataString(LanguageCodes.Microsoft(hint))}";
        var request = Post(url, Array(texts.Select(text => new JsonObject { ["Text"] = text })));
        if (key is not null) request.Headers.TryAddWithoutValidation("Ocp-Apim-Subscription-Key", key);
        if (settings.Region is { } region) request.Headers.TryAddWithoutValidation("Ocp-Apim-Subscription-Region", region);
        return request;
    }

    public override IEnumerable<Translated> Read(JsonElement answer) => answer.EnumerateArray().Select(one => new Translated(
        one.GetProperty("translations")[0].GetProperty("text").GetString()!,
        one.TryGetProperty("detectedLanguage", out var detected) ? detected.GetProperty("language").GetString() : null));
}

/// <summary>
/// Google Cloud Translation Basic v2, as plain text: as HTML, its default, results come escaped. Source of limits and format: Google Cloud,
/// Translation Basic, translate text; quotas.
/// </summary>
internal sealed class GoogleTranslation : TranslationProvider
{
    public static readonly GoogleTranslation Instance = new();

    public override int MostTexts => 128;

    public override int MostCharacters => 30_000;

    public override HttpRequestMessage Request(TranslationSettings settings, string? key, Wish wish, IReadOnlyList<string> texts)
    {
        var body = new JsonObject
        {
            ["q"] = Array(texts.Select(text => (JsonNode)text)),
            ["target"] = LanguageCodes.Google(wish.To),
            ["format"] = "text",
        };
        if (wish.From is { } from) body["source"] = LanguageCodes.Google(from);
        var query = key is null ? "" : $"?key={Uri.EscapeDataString(key)}";
        return Post($"{Server(settings, "https://translation.googleapis.com")}/language/translate/v2{query}", body);
    }

    public override IEnumerable<Translated> Read(JsonElement answer) =>
        answer.GetProperty("data").GetProperty("translations").EnumerateArray().Select(one => new Translated(
            one.GetProperty("translatedText").GetString()!,
            one.TryGetProperty("detectedSourceLanguage", out var detected) ? detected.GetString() : null));
}

/// <summary>DeepL v2. Source of limits and format: DeepL API, translate text. The 128 KiB of a body are kept by characters.</summary>
internal sealed class DeepLTranslation : TranslationProvider
{
    public static readonly DeepLTranslation Instance = new();

    /// <summary>Where formality is known; <c>more</c> and <c>less</c> fail elsewhere.</summary>
    private static readonly HashSet<string> Formal = ["DE", "FR", "IT", "ES", "NL", "PL", "PT-BR", "PT-PT", "JA", "RU"];

    public override int MostTexts => 50;

    public override int MostCharacters => 30_000;

    public override HttpRequestMessage Request(TranslationSettings settings, string? key, Wish wish, IReadOnlyList<string> texts)
    {
        var target = LanguageCodes.DeepLTarget(wish.To);
        var body = new JsonObject { ["text"] = Array(texts.Select(text => (JsonNode)text)), ["target_lang"] = target };
        if (wish.From is { } from)
        {
            body["source_lang"] = LanguageCodes.DeepLSource(from);
            if (wish.Glossary is { } glossary) body["glossary_id"] = glossary;
        }

        if (settings.Formality != "default" && Formal.Contains(target)) body["formality"] = settings.Formality;
        var usual = key?.EndsWith(":fx", StringComparison.Ordinal) == true ? "https://api-free.deepl.com" : "https://api.deepl.com";
        var request = Post($"{Server(settings, usual)}/v2/translate", body);
        if (key is not null) request.Headers.TryAddWithoutValidation("Authorization", $"DeepL-Auth-Key {key}");
        return request;
    }

    public override IEnumerable<Translated> Read(JsonElement answer) =>
        answer.GetProperty("translations").EnumerateArray().Select(one => new Translated(
            one.GetProperty("text").GetString()!,
            one.TryGetProperty("detected_source_language", out var detected) ? detected.GetString()?.ToLowerInvariant() : null));
}
