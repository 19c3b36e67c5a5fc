using System.Text.Json;
using EightByEight.Connector.Translation;

namespace EightByEight.Functions.Tests.Translation;

/// <summary>What providers are sent and answer, to the letter of their documentation.</summary>
public sealed class ProviderTests
{
    private static async Task<(string Url, string Headers, string Body)> SentAsync(TranslationSettings settings, string key, Wish wish, params string[] texts)
    {
        using var request = TranslationProvider.Of(settings.Provider).Request(settings, key, wish, texts);
        return ($"{request.Method} {request.RequestUri}", string.Join('\n', request.Headers.Select(header => $"{header.Key}: {string.Join(' ', header.Value)}")),
            await request.Content!.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Microsoft_is_asked_as_documented()
    {
        var settings = new TranslationSettings { Region = "westeurope" };
        var sent = await SentAsync(settings, "k", new("de-DE", "zh-CN"), "Grüße", "b");
        Assert.Equal("POST https://api.cognitive.microsofttranslator.com/translate?api-version=3.0&to=zh-Hans&from=de", sent.Url);
        Assert.Equal("Ocp-Apim-Subscription-Key: k\nOcp-Apim-Subscription-Region: westeurope", sent.Headers);
        Assert.Equal("""[{"Text":"Grüße"},{"Text":"b"}]""", sent.Body);
        sent = await SentAsync(settings with { BaseUrl = "https://acme.cognitiveservices.azure.com/" }, "k", new(null, "no", "fr"), "a");
        Assert.Equal("POST https://acme.cognitiveservices.azure.com/translator/text/v3.0/translate?api-version=3.0&to=nb&suggestedFrom=fr", sent.Url);
        var read = MicrosoftTranslation.Instance.Read(JsonElement.Parse(
            """[{"detectedLanguage":{"language":"de","score":1.0},"translations":[{"text":"Hello","to":"en"}]},{"translations":[{"text":"b","to":"en"}]}]"""));
        Assert.Equal([new("Hello", "de"), new("b", null)], read);
    }

    [Fact]
    public async Task Google_is_asked_as_documented()
    {
        var sent = await SentAsync(new() { Provider = "google" }, "k", new("nb", "zh-TW"), "a", "b");
        Assert.Equal("POST https://translation.googleapis.com/language/translate/v2?key=k", sent.Url);
        Assert.Empty(sent.Headers);
        Assert.Equal("""{"q":["a","b"],"target":"zh-TW","format":"text","source":"no"}""", sent.Body);
        Assert.Equal([new("It's", "de")], GoogleTranslation.Instance.Read(JsonElement.Parse(
            """{"data":{"translations":[{"translatedText":"It's","detectedSourceLanguage":"de"}]}}""")));
    }

    [Fact]
    public async Task DeepL_is_asked_as_documented()
    {
        var settings = new TranslationSettings { Provider = "deepl", Formality = "more" };
        var sent = await SentAsync(settings, "k:fx", new("en-GB", "de", Glossary: "g"), "a");
        Assert.Equal("POST https://api-free.deepl.com/v2/translate", sent.Url);
        Assert.Equal("Authorization: DeepL-Auth-Key k:fx", sent.Headers);
        Assert.Equal("""{"text":["a"],"target_lang":"DE","source_lang":"EN","glossary_id":"g","formality":"more"}""", sent.Body);
        sent = await SentAsync(settings, "k", new(null, "en", Glossary: "g"), "a");
        Assert.Equal("POST https://api.deepl.com/v2/translate", sent.Url);
        Assert.Equal("""{"text":["a"],"target_lang":"EN-US"}""", sent.Body);
        Assert.Equal([new("Hallo", "en")], DeepLTranslation.Instance.Read(JsonElement.Parse(
            """{"translations":[{"detected_source_language":"EN","text":"Hallo"}]}""")));
    }
}
