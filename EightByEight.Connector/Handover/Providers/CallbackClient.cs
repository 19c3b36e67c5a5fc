using System.Globalization;
using System.Net.Http.Headers;
using EightByEight.Connector.Endpoints;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>Posts events to a bot's callback, signed as Standard Webhooks 1.0 says.</summary>
internal sealed class CallbackClient(IHttpClientFactory http, ProviderStore providers, TimeProvider time)
{
    private const string Name = "handover-callbacks";

    /// <summary>Posts an event.</summary>
    /// <param name="id">The same at each attempt, so that the bot can tell a repetition.</param>
    /// <param name="atMost">For all of it.</param>
    /// <returns>Null: the bot took it. Else why not, without the URL, which may hold secrets.</returns>
    public async Task<CallbackFailure?> PostAsync(
        HandoverProvider provider, string id, byte[] body, TimeSpan atMost, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        // The URL may hold secrets, and a span would tell it.
        using var unseen = SuppressInstrumentationScope.Begin();
        try
        {
            using var request = await SignedAsync(provider, id, body, either.Token);
            using var client = http.CreateClient(Name);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (response.IsSuccessStatusCode) return null;
            return new($"The callback answered {(int)response.StatusCode}.", AskedFor(response.Headers.RetryAfter));
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return new($"The callback did not answer within {atMost}.");
        }
        catch (HttpRequestException unreachable)
        {
            return new($"The callback cannot be reached: {unreachable.HttpRequestError}.");
        }
        catch (EndpointSecretException unreadable)
        {
            return new(unreadable.Message);
        }
    }

    /// <summary>Adds it, and the only way out that it has.</summary>
    public static void AddTo(IServiceCollection services)
    {
        services.AddSingleton<CallbackClient>();
        services.AddPublicClient(Name, provider => provider.GetRequiredService<IOptions<HandoverProviderOptions>>().Value.AllowPrivateCallbacks);
    }

    private async Task<HttpRequestMessage> SignedAsync(HandoverProvider provider, string id, byte[] body, CancellationToken cancellation)
    {
        var key = CallbackSignature.KeyOf(await providers.CallbackSecretAsync(provider, cancellation))
            ?? throw new EndpointSecretException("The secret for callbacks is none: set callback.secret.");
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        return new HttpRequestMessage(HttpMethod.Post, provider.Settings.Callback.Url)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            Headers =
            {
                { "webhook-id", id },
                { "webhook-timestamp", now.ToString(CultureInfo.InvariantCulture) },
                { "webhook-signature", CallbackSignature.Sign(key, id, now, body) },
            },
        };
    }

    private TimeSpan? AskedFor(RetryConditionHeaderValue? after) =>
        after?.Delta ?? (after?.Date is { } date ? date - time.GetUtcNow() : null);
}

/// <summary>A callback that the bot did not take.</summary>
/// <param name="RetryAfter">How long the bot asks to wait.</param>
internal sealed record CallbackFailure(string Reason, TimeSpan? RetryAfter = null);
