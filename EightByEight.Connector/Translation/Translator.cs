using System.Collections.Concurrent;
using System.Text.Json;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Timeout;

namespace EightByEight.Connector.Translation;

/// <summary>The provider did not translate.</summary>
internal sealed class TranslationException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Whose translation it is: an Endpoint's, or a handover provider's.</summary>
/// <param name="Id">For each, texts are remembered apart.</param>
/// <param name="KeyAsync">The key of the translation's provider in the clear; null: none is set.</param>
internal readonly record struct TranslationOwner(string Id, Func<CancellationToken, ValueTask<string?>> KeyAsync);

/// <summary>
/// Translates texts by the owner's provider: all of them in the fewest requests, those that it remembers in none. What is not to be
/// translated never leaves. Errors never hold a text.
/// </summary>
internal sealed class Translator(IHttpClientFactory clients, EndpointDirectory endpoints, TimeProvider time) : IDisposable
{
    /// <summary>The name of its client.</summary>
    public const string HttpClient = "translation";

    /// <summary>However many requests and attempts it takes, a turn waits no longer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>Whom a provider sends away for longer (<c>Retry-After</c>) does not come back: a customer waits.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private const int MostRemembered = 20_000_000;

    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = MostRemembered });
    private readonly ConcurrentDictionary<(int Attempts, int Seconds), ResiliencePipeline<HttpResponseMessage>> _pipelines = new();

    /// <summary>An Endpoint as owner.</summary>
    public TranslationOwner OwnerOf(Endpoint endpoint) =>
        new(endpoint.Id, cancellation => endpoints.SecretAsync(endpoint, TranslationSettings.Key, cancellation));

    /// <inheritdoc cref="TranslateAsync(TranslationOwner, TranslationSettings, Wish, IReadOnlyList{string}, CancellationToken)"/>
    public Task<(IReadOnlyList<string> Texts, string? Detected)> TranslateAsync(
        Endpoint endpoint, TranslationSettings settings, Wish wish, IReadOnlyList<string> texts, CancellationToken cancellation) =>
        TranslateAsync(OwnerOf(endpoint), settings, wish, texts, cancellation);

    /// <summary>The texts in the other language, in their order and without markers.</summary>
    /// <returns>With the language of the longest piece, where the provider detected it.</returns>
    /// <exception cref="TranslationException">The provider did not translate; nothing is translated then.</exception>
    public async Task<(IReadOnlyList<string> Texts, string? Detected)> TranslateAsync(
        TranslationOwner owner, TranslationSettings settings, Wish wish, IReadOnlyList<string> texts, CancellationToken cancellation)
    {
        if (wish.From is { } from && LanguageCodes.AreSame(from, wish.To))
            return ([.. texts.Select(text => NoTranslation.Unmarked(text, settings.NoTranslationMarker))], null);
        var pieces = texts.Select(text => NoTranslation.Pieces(text, settings.NoTranslationMarker)).ToArray();
        var known = new Dictionary<string, Translated>();
        var missing = new List<string>();
        foreach (var text in pieces.SelectMany(one => one).Where(piece => piece.IsTranslated).Select(piece => piece.Text).Distinct())
            if (Remembered(owner, settings, wish, text) is { } translated) known[text] = translated;
            else missing.Add(text);
        if (missing.Count > 0) await AskForAsync(owner, settings, wish, missing, known, cancellation);
        return ([.. pieces.Select(one => string.Concat(one.Select(piece => piece.IsTranslated ? known[piece.Text].Text : piece.Text)))],
            known.Where(one => one.Value.Detected is not null).OrderByDescending(one => one.Key.Length).Select(one => one.Value.Detected).FirstOrDefault());
    }

    /// <summary>Has a word translated as one of a customer would be.</summary>
    /// <returns>What is wrong; null: nothing is.</returns>
    public async Task<string?> FaultAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        var settings = endpoint.Settings.Translation with { CacheSeconds = 0 };
        if (settings.BaseUrl is null && !endpoint.ProtectedSecrets.ContainsKey(TranslationSettings.Key))
            return $"{TranslationSettings.Key} is not set: without it {settings.Provider} translates nothing. Set it, or translation.enabled to false.";
        try
        {
            await TranslateAsync(endpoint, settings, new(null, settings.FlowLanguage), ["Hello"], cancellation);
            return null;
        }
        catch (TranslationException failed)
        {
            return failed.Message;
        }
    }

    public void Dispose() => _cache.Dispose();

    private static IEnumerable<IReadOnlyList<string>> Batches(List<string> texts, TranslationProvider provider)
    {
        var batch = new List<string>();
        var characters = 0;
        foreach (var text in texts)
        {
            if (batch.Count > 0 && (batch.Count == provider.MostTexts || characters + text.Length > provider.MostCharacters))
            {
                yield return batch;
                (batch, characters) = ([], 0);
            }

            batch.Add(text);
            characters += text.Length;
        }

        if (batch.Count > 0) yield return batch;
    }

    private async Task AskForAsync(
        TranslationOwner owner, TranslationSettings settings, Wish wish, List<string> missing, Dictionary<string, Translated> known,
        CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        var provider = TranslationProvider.Of(settings.Provider);
        try
        {
            foreach (var batch in Batches(missing, provider))
            {
                var answer = await AskAsync(provider, owner, settings, wish, batch, either.Token);
                for (var i = 0; i < batch.Count; i++)
                {
                    known[batch[i]] = answer[i];
                    Remember(owner, settings, wish, batch[i], answer[i]);
                }
            }
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new TranslationException($"{settings.Provider} took longer than {Longest.TotalSeconds} s in all.", late);
        }
    }

    private async Task<Translated[]> AskAsync(
        TranslationProvider provider, TranslationOwner owner, TranslationSettings settings, Wish wish, IReadOnlyList<string> texts,
        CancellationToken cancellation)
    {
        try
        {
            var key = await owner.KeyAsync(cancellation);
            var client = clients.CreateClient(HttpClient);
            using var response = await Pipeline(settings).ExecuteAsync(async attempt =>
            {
                using var request = provider.Request(settings, key, wish, texts);
                return await client.SendAsync(request, attempt);
            }, cancellation);
            if (!response.IsSuccessStatusCode) throw new TranslationException(Refusal(settings.Provider, (int)response.StatusCode));
            using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
            var translated = provider.Read(answer.RootElement).ToArray();
            return translated.Length == texts.Count && translated.All(one => one.Text is not null) ? translated
                : throw new TranslationException($"{settings.Provider} answered {translated.Length} texts of {texts.Count}.");
        }
        catch (Exception failed) when (failed is HttpRequestException or TimeoutRejectedException or EndpointSecretException)
        {
            throw new TranslationException($"{settings.Provider} could not be asked: {StoredFiles.Told(failed)}", failed);
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            throw new TranslationException($"{settings.Provider} took too long.", late);
        }
        catch (Exception odd) when (odd is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            // Not with its message, which may hold what was answered.
            throw new TranslationException($"{settings.Provider} answered something that is no translation. Check translation.baseUrl.");
        }
    }

    private ResiliencePipeline<HttpResponseMessage> Pipeline(TranslationSettings settings) => _pipelines.GetOrAdd(
        (settings.Retries, settings.TimeoutSeconds), with =>
        {
            var pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time };
            if (with.Attempts > 1)
                pipeline.AddRetry(new HttpRetryStrategyOptions
                {
                    MaxRetryAttempts = with.Attempts - 1,
                    ShouldHandle = args => ValueTask.FromResult(
                        HttpClientResiliencePredicates.IsTransient(args.Outcome) && !(PauseOf(args.Outcome.Result) > LongestPause)),
                    Delay = TimeSpan.FromMilliseconds(200),
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                });
            return pipeline.AddTimeout(TimeSpan.FromSeconds(with.Seconds)).Build();
        });

    private TimeSpan? PauseOf(HttpResponseMessage? response) =>
        response?.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - time.GetUtcNow() : null;

    private static string Refusal(string provider, int status) => $"{provider} answered {status}" + (provider, status) switch
    {
        ("deepl", 400) => ": check the languages, translation.formality and the glossaries.",
        // Its answer to a key that it does not know.
        ("google", 400) => ": check translation.apiKey and the languages.",
        (_, 400) => ": check the languages.",
        ("microsoft", 401 or 403) => ": check translation.apiKey and translation.region.",
        (_, 401 or 403) => ": check translation.apiKey.",
        ("deepl", 404) => ": check translation.baseUrl and the glossaries.",
        (_, 404) => ": check translation.baseUrl.",
        (_, 429) => ": too many requests.",
        (_, 456) => ": the quota is used up.",
        _ => ".",
    };

    private static (string, string, string?, string?, string, string, string?, string) Key(
        TranslationOwner owner, TranslationSettings settings, Wish wish, string text) =>
        (owner.Id, settings.Provider, settings.BaseUrl, wish.From, wish.To, settings.Formality, wish.Glossary, text);

    private Translated? Remembered(TranslationOwner owner, TranslationSettings settings, Wish wish, string text) =>
        settings.CacheSeconds > 0 && _cache.TryGetValue(Key(owner, settings, wish, text), out var found)
        && found is (Translated translated, DateTimeOffset since) && time.GetUtcNow() - since < TimeSpan.FromSeconds(settings.CacheSeconds)
            ? translated : null;

    private void Remember(TranslationOwner owner, TranslationSettings settings, Wish wish, string text, Translated translated)
    {
        if (settings.CacheSeconds > 0)
            _cache.Set(Key(owner, settings, wish, text), (translated, time.GetUtcNow()), new MemoryCacheEntryOptions
            {
                Size = text.Length + translated.Text.Length + 100,
                AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(settings.CacheSeconds),
            });
    }
}
