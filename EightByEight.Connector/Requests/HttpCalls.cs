using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Handover.Providers;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;

namespace EightByEight.Connector.Requests;

/// <summary>
/// Makes the requests of Flows. Each carries an <c>Idempotency-Key</c>, so that a server can tell a repetition. What is said of errors
/// names the host and never the URL, which may hold secrets.
/// </summary>
internal sealed partial class HttpCalls(
    IHttpClientFactory clients, Credentials credentials, IOptions<RequestOptions> options, TimeProvider time, ILogger<HttpCalls> logger) : IAsyncDisposable
{
    /// <summary>The name of its client.</summary>
    public const string HttpClient = "requests";

    /// <summary>How often the same request may be repeated.</summary>
    public const int MostRetries = 5;

    private const int MostRedirects = 5;
    private const int MostRemembered = 20_000_000;

    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(10);
    private static readonly HttpRequestOptionsKey<int> Retries = new("retries");
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private readonly MemoryCache _remembered = new(new MemoryCacheOptions { SizeLimit = MostRemembered });
    private readonly SemaphoreSlim _free = new(options.Value.MaxAsync);

    /// <summary>How often a request may be repeated.</summary>
    public static int RetriesOf(HttpRequestMessage? request) => request is not null && request.Options.TryGetValue(Retries, out var most) ? most : 0;

    /// <summary>
    /// The answer as <c>{ status, headers, body, error }</c>; of a request for which nobody waits, nothing. Without a status there is no
    /// answer; an error, and a status above 299, is told as one.
    /// </summary>
    public async Task<FlowAnswer> AskAsync(HttpCall call, CancellationToken cancellation)
    {
        if (call.IsAsync)
        {
            await _free.WaitAsync(cancellation);
            _ = SendAloneAsync(call);
            return new FlowAnswer(null);
        }

        if (call.CacheSeconds == 0) return await SendAsync(call, cancellation);
        var key = KeyOf(call);
        if (_remembered.TryGetValue(key, out (JsonNode Answer, DateTimeOffset Until) known) && known.Until > time.GetUtcNow())
            return new FlowAnswer(known.Answer.DeepClone());
        var answer = await SendAsync(call, cancellation);
        if (answer is { Error: null, Value: { } value })
            _remembered.Set(key, (value.DeepClone(), time.GetUtcNow().AddSeconds(call.CacheSeconds)), new MemoryCacheEntryOptions
            {
                Size = call.MaxBytes,
                AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(call.CacheSeconds),
            });
        return answer;
    }

    /// <summary>What is on its way gets some seconds to arrive.</summary>
    public async ValueTask DisposeAsync()
    {
        using var farewell = new CancellationTokenSource(LongestFarewell, time);
        try
        {
            for (var i = 0; i < options.Value.MaxAsync; i++) await _free.WaitAsync(farewell.Token);
        }
        catch (OperationCanceledException)
        {
            Log.Lost(logger);
        }

        _remembered.Dispose();
    }

    private async Task SendAloneAsync(HttpCall call)
    {
        try
        {
            var answer = await SendAsync(call, CancellationToken.None);
            if (answer.Error is { } error) Log.Failed(logger, error);
        }
#pragma warning disable CA1031 // Nobody waits who could be told of it.
        catch (Exception failed)
#pragma warning restore CA1031
        {
            Log.Failed(logger, $"{call.Url.Host}: {failed.GetType().Name}.");
        }
        finally
        {
            _free.Release();
        }
    }

    private async Task<FlowAnswer> SendAsync(HttpCall call, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(call.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        foreach (var (name, value) in call.Headers)
            if (HttpCall.FaultOf(name, value) is { } fault) return None(fault);
        // The URL may hold secrets, and a span would tell it.
        using var unseen = SuppressInstrumentationScope.Begin();
        var host = call.Url.Host;
        try
        {
            using var response = await FollowAsync(call, either.Token);
            return await response.Content.ReadAtMostAsync(call.MaxBytes, either.Token) is { } bytes ? Answer(host, response, bytes)
                : None($"{host} answered more than {call.MaxBytes} bytes: ask for less, or raise maxBytes.");
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return None($"{host} did not answer within {call.TimeoutSeconds} s.");
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException)
        {
            return None($"{host} cannot be reached: {failed.GetBaseException().Message}");
        }
        catch (ConnectionException none)
        {
            return None(none.Message);
        }
    }

    private async Task<HttpResponseMessage> FollowAsync(HttpCall call, CancellationToken cancellation)
    {
        var (url, redirects) = (call.Url, 0);
        using var client = clients.CreateClient(HttpClient);
        while (true)
        {
            using var request = await RequestAsync(call, url, cancellation);
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (redirects == MostRedirects || TargetOf(call, url, response) is not { } target) return response;
            (url, redirects) = (target, redirects + 1);
            response.Dispose();
        }
    }

    /// <summary>Where a request leads that only reads; null: nowhere else.</summary>
    private static Uri? TargetOf(HttpCall call, Uri url, HttpResponseMessage response) =>
        call.Method is "GET" or "HEAD" && response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && response.Headers.Location is { } location && new Uri(url, location) is var target
        && (target.Scheme == Uri.UriSchemeHttps || target.Scheme == url.Scheme) ? target : null;

    /// <summary>Whether a URL is of the server that the Flow names: only that one gets credentials and headers.</summary>
    private static bool IsAtHome(HttpCall call, Uri url) =>
        Uri.Compare(call.Url, url, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;

    private async Task<HttpRequestMessage> RequestAsync(HttpCall call, Uri url, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(new HttpMethod(call.Method), url) { Content = ContentOf(call) };
        request.Options.Set(Retries, call.Retries);
        if (IsAtHome(call, url))
        {
            foreach (var (name, value) in call.Headers) Add(request, name, value);
            Default(request, "Idempotency-Key", call.IdempotencyKey);
            if (call.Connection is { } connection)
            {
                LentCredentials.Lend(request, connection);
                if (await credentials.SigningKeyAsync(connection, url.Host, cancellation) is { } key) await SignAsync(request, key, call.IdempotencyKey, cancellation);
            }
        }

        Default(request, "Accept", "application/json, */*;q=0.5");
        Default(request, "User-Agent", "EightByEight-Connector");
        return request;
    }

    /// <remarks>Source: Standard Webhooks 1.0.</remarks>
    private async Task SignAsync(HttpRequestMessage request, byte[] key, string id, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        byte[] body = request.Content is { } content ? await content.ReadAsByteArrayAsync(cancellation) : [];
        Add(request, "webhook-id", id);
        Add(request, "webhook-timestamp", now.ToString(CultureInfo.InvariantCulture));
        Add(request, "webhook-signature", CallbackSignature.Sign(key, id, now, body));
    }

    private static void Add(HttpRequestMessage request, string name, string value)
    {
        if (request.Headers.TryAddWithoutValidation(name, value) || request.Content is null) return;
        request.Content.Headers.Remove(name);
        request.Content.Headers.TryAddWithoutValidation(name, value);
    }

    private static void Default(HttpRequestMessage request, string name, string value)
    {
        if (!request.Headers.Contains(name)) request.Headers.TryAddWithoutValidation(name, value);
    }

    private static ByteArrayContent? ContentOf(HttpCall call) => call switch
    {
        { Json: { } json } => new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(json, Relaxed))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
        },
        { Form: { } form } => new FormUrlEncodedContent(form),
        { Text: { } text } => new StringContent(text, Encoding.UTF8, "text/plain"),
        _ => null,
    };

    private static FlowAnswer Answer(string host, HttpResponseMessage response, byte[] bytes)
    {
        var status = (int)response.StatusCode;
        var error = status > 299 ? $"{host} answered {status}{Hint(status)}." : null;
        JsonNode? body = null;
        var type = response.Content.Headers.ContentType;
        if (bytes.Length > 0)
        {
            var text = TextOf(bytes, type?.CharSet);
            try
            {
                body = IsJson(type?.MediaType) ? JsonNode.Parse(WellFormed.Json(text), documentOptions: Strict) : text;
            }
            catch (JsonException)
            {
                body = text;
                error ??= $"{host} answered what it calls JSON and is none.";
            }
        }

        return new FlowAnswer(new JsonObject { ["status"] = status, ["headers"] = HeadersOf(response), ["body"] = body, ["error"] = error }, error);
    }

    /// <summary>What a Flow sees where nobody answers.</summary>
    public static FlowAnswer None(string error) =>
        new(new JsonObject { ["status"] = null, ["headers"] = new JsonObject(), ["body"] = null, ["error"] = error }, error);

    private static bool IsJson(string? type) => type is not null
        && (type.EndsWith("/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase));

    /// <summary>Without the mark that some servers put in front.</summary>
    private static string TextOf(byte[] bytes, string? charset) => EncodingOf(charset?.Trim('"')).GetString(bytes).TrimStart('\uFEFF');

    private static Encoding EncodingOf(string? charset)
    {
        if (charset is null) return Encoding.UTF8;
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(charset) ?? Encoding.GetEncoding(charset);
        }
        catch (ArgumentException)
        {
            return Encoding.UTF8;
        }
    }

    /// <summary>By their names in lower case. Cookies would let others in.</summary>
    private static JsonObject HeadersOf(HttpResponseMessage response)
    {
        var headers = new JsonObject();
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
            if (!name.StartsWith("set-cookie", StringComparison.OrdinalIgnoreCase)) headers[name.ToLowerInvariant()] = string.Join(", ", values);
        return headers;
    }

    private static string Hint(int status) => status switch
    {
        401 or 403 => ": look at the credentials in its connection",
        404 => ": look at its URL",
        429 => ": it is asked too often",
        _ => "",
    };

    /// <summary>All that decides what is answered.</summary>
    private static string KeyOf(HttpCall call)
    {
        var all = new JsonArray(call.Method, call.Url.AbsoluteUri, call.Connection, call.MaxBytes);
        foreach (var (name, value) in call.Headers.OrderBy(header => header.Key, StringComparer.OrdinalIgnoreCase)) all.Add(new JsonArray(name, value));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ToJsonString())));
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "A request of a Flow that waits for no answer failed: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);

        [LoggerMessage(2, LogLevel.Warning, "Requests of Flows that wait for no answer were still on their way at the end of the process.")]
        public static partial void Lost(ILogger logger);
    }
}
