using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;

namespace EightByEight.Connector.Analytics;

/// <summary>
/// Tells Dashbot what the customer said and what the bot answered: <c>POST {server}/track?platform=…&amp;v=…&amp;type=incoming|outgoing&amp;apiKey=…</c>
/// with <c>text</c>, <c>userId</c>, <c>conversationId</c>, <c>intent</c> and <c>platformJson</c>. What is masked it never gets. Told at
/// most once: what cannot be told in time is said in the Endpoint's log and forgotten.
/// </summary>
internal sealed class Dashbot(
    IHttpClientFactory http, EndpointDirectory endpoints, EndpointLog log, IOptions<DashbotOptions> options, TimeProvider time)
{
    public const string HttpClient = "dashbot";

    /// <summary>The version of the REST interface that is spoken.</summary>
    private const string Version = "11.1.0-rest";

    /// <summary>Whether the Endpoint has a key for Dashbot.</summary>
    public static bool IsTold(Endpoint endpoint) => endpoint.ProtectedSecrets.ContainsKey(EndpointSecrets.DashbotKey);

    /// <summary>Tells of a turn, after what is told before. It never fails, and ends in time.</summary>
    /// <param name="record">With nothing in it that the turn keeps to itself.</param>
    public async Task TellAsync(Endpoint endpoint, Turn turn, AnalyticsRecord record, Task before)
    {
        // The run goes on meanwhile.
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        using var patience = new CancellationTokenSource(options.Value.Timeout, time);
        // The URL holds the key, and a span would tell it.
        using var unseen = SuppressInstrumentationScope.Begin();
        string? fault;
        try
        {
            fault = await TellAsync(endpoint, turn, record, patience.Token);
        }
        catch (OperationCanceledException)
        {
            fault = $"it did not answer within {options.Value.Timeout.TotalSeconds} s";
        }
        catch (EndpointSecretException unreadable)
        {
            fault = unreadable.Message;
        }
        catch (Exception failed) when (failed is not OutOfMemoryException)
        {
            // The boundary to something that nobody waits for. Its words may name the URL.
            fault = failed.GetType().Name;
        }

        if (fault is not null)
            await log.SayAsync(endpoint.Id,
                [new(time.GetUtcNow(), LogLevel.Warning, "dashbot", $"Dashbot was not told of turn {turn.Sequence}: {fault}.", record.ConversationId, record.SessionId)],
                CancellationToken.None);
    }

    private async Task<string?> TellAsync(Endpoint endpoint, Turn turn, AnalyticsRecord record, CancellationToken cancellation)
    {
        if (await endpoints.SecretAsync(endpoint, EndpointSecrets.DashbotKey, cancellation) is not { } key) return null;
        var isSaid = turn.Text is not null;
        if (isSaid && await PostAsync(endpoint, key, "incoming", Body(endpoint, record, record.Text ?? "", null), cancellation) is { } refused) return refused;
        foreach (var output in turn.Outputs)
            if (await PostAsync(endpoint, key, "outgoing", Body(endpoint, record, turn.Hides is null ? TextOf(output) : Masking.Mask, record.Handover), cancellation)
                is { } fault) return fault;
        return null;
    }

    /// <summary>What can be told of a message in words.</summary>
    private static string TextOf(OutgoingMessage output) =>
        output.Text ?? (output.Media is [var file, ..] ? file.Kind : output.Cards is [var card, ..] ? card.ContentType : "");

    private static JsonObject Body(Endpoint endpoint, AnalyticsRecord record, string text, bool? handover)
    {
        var masks = endpoint.Settings.DataProtection is { MaskSensitiveAnalytics: true } or { MaskSensitiveLogging: true };
        var body = new JsonObject
        {
            ["text"] = text,
            // The conversation tells customers apart too, and says nothing of them.
            ["userId"] = masks ? record.ConversationId : record.UserId ?? record.ConversationId,
            ["conversationId"] = record.ConversationId,
            ["dashbot_timestamp"] = record.At.ToUnixTimeMilliseconds(),
            ["platformJson"] = new JsonObject
            {
                ["channel"] = record.Channel,
                ["sessionId"] = record.SessionId,
                ["flow"] = record.Flow,
                ["locale"] = record.LocaleId,
                ["handover"] = handover,
            },
        };
        if (record.Intent is { } intent) body["intent"] = new JsonObject { ["name"] = intent, ["confidence"] = record.IntentScore };
        return body;
    }

    /// <returns>Null: it is told. Else why not, without the URL.</returns>
    private async Task<string?> PostAsync(Endpoint endpoint, string key, string type, JsonObject body, CancellationToken cancellation)
    {
        var url = new Uri(options.Value.BaseUrl, "/track?" + string.Join('&',
            $"platform={Uri.EscapeDataString(endpoint.Settings.DataProtection.Dashbot.Platform)}", $"v={Version}", $"type={type}",
            $"apiKey={Uri.EscapeDataString(key)}"));
        var bytes = Encoding.UTF8.GetBytes(body.ToJsonString());
        for (var attempt = 1; ; attempt++)
        {
            string fault;
            try
            {
                using var client = http.CreateClient(HttpClient);
                using var content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                using var response = await client.PostAsync(url, content, cancellation);
                if (response.IsSuccessStatusCode) return null;
                fault = $"it answered {(int)response.StatusCode}";
                if ((int)response.StatusCode is < 500 and not (408 or 429)) return fault;
            }
            catch (HttpRequestException unreachable)
            {
                fault = $"it cannot be reached, {unreachable.HttpRequestError}";
            }

            if (attempt >= options.Value.Attempts) return fault;
            await Task.Delay(options.Value.RetryDelay * Math.Pow(2, attempt - 1), time, cancellation);
        }
    }
}
