using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace EightByEight.Connector.Transformers;

/// <summary><c>httpRequest</c>: one request in the format of npm's <c>request</c>.</summary>
internal sealed class HttpRequests(IHttpClientFactory clients)
{
    /// <summary>The name of its client, which connects to public addresses only.</summary>
    public const string HttpClient = "transformers";

    /// <summary>The largest answer, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>The answer's body as JSON: a text, or with <c>json</c> what it holds; with <c>resolveWithFullResponse</c> all of it.</returns>
    /// <param name="calls">Where it is written down.</param>
    /// <exception cref="HostException">It could not be made, or was not answered with 2xx.</exception>
    public async Task<string?> SendAsync(JsonObject options, List<string> calls, CancellationToken cancellation)
    {
        using var request = RequestOf(options);
        var call = $"{request.Method} {request.RequestUri!.GetLeftPart(UriPartial.Path)}";
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (options["timeout"] is JsonValue given && given.TryGetValue<double>(out var milliseconds) && milliseconds > 0)
                timeout.CancelAfter(TimeSpan.FromMilliseconds(Math.Min(milliseconds, 60_000)));
            using var response = await clients.CreateClient(HttpClient).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
            call += $" {(int)response.StatusCode}";
            var body = Body(await ReadAsync(response, timeout.Token), IsJson(options));
            if (!response.IsSuccessStatusCode && Flag(options, "simple", true))
                throw new HostException("StatusCodeError", $"{(int)response.StatusCode} - {body}", (int)response.StatusCode, body);
            if (!Flag(options, "resolveWithFullResponse", false)) return body;
            return new JsonObject
            {
                ["statusCode"] = (int)response.StatusCode,
                ["headers"] = HeadersOf(response),
                ["body"] = JsonNode.Parse(body),
            }.ToJsonString(Relaxed);
        }
        catch (HttpRequestException failed)
        {
            call += " failed";
            throw new HostException("RequestError", $"{failed.Message}{(failed.InnerException is { } inner ? $" {inner.Message}" : "")}");
        }
        catch (OperationCanceledException)
        {
            call += " timed out";
            throw new HostException("RequestError", "ETIMEDOUT: the request took too long.");
        }
        finally
        {
            lock (calls) calls.Add(call);
        }
    }

    private static HttpRequestMessage RequestOf(JsonObject options)
    {
        var address = Text(options, "uri") ?? Text(options, "url") ?? throw new HostException("RequestError", "options.uri is a required argument.");
        if (options["qs"] is JsonObject query)
            address = QueryHelpers.AddQueryString(address, query.Select(q => KeyValuePair.Create(q.Key, q.Value?.ToString())));
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new HostException("RequestError", $"Invalid URI: it must start with https:// or http://.");
        HttpRequestMessage request;
        try
        {
            request = new HttpRequestMessage(new HttpMethod((Text(options, "method") ?? "GET").ToUpperInvariant()), uri) { Content = ContentOf(options) };
        }
        catch (FormatException)
        {
            throw new HostException("RequestError", "options.method is not a method of HTTP.");
        }

        if (IsJson(options)) request.Headers.Accept.Add(new("application/json"));
        if (options["auth"] is JsonObject auth) request.Headers.Authorization = Authorization(auth);
        if (options["headers"] is not JsonObject headers) return request;
        foreach (var (name, value) in headers)
        {
            if (value is null) continue;
            if (request.Headers.NonValidated.Contains(name)) request.Headers.Remove(name);
            if (request.Headers.TryAddWithoutValidation(name, value.ToString())) continue;
            request.Content ??= new ByteArrayContent([]);
            request.Content.Headers.Remove(name);
            // The length is what the body has.
            if (!name.Equals("content-length", StringComparison.OrdinalIgnoreCase))
                request.Content.Headers.TryAddWithoutValidation(name, value.ToString());
        }

        return request;
    }

    private static HttpContent? ContentOf(JsonObject options)
    {
        if (options["form"] is JsonObject form)
            return new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Key, field.Value?.ToString() ?? "")));
        var body = options["json"] is JsonObject or JsonArray ? options["json"] : options["body"];
        if (body is null) return null;
        if (IsJson(options)) return new StringContent(body.ToJsonString(Relaxed), Encoding.UTF8, "application/json");
        if (body is JsonObject { } bytes && (string?)bytes["type"] == "Buffer")
            return new ByteArrayContent([.. bytes["data"]!.AsArray().Select(one => (byte)one!.GetValue<int>())]);
        return body is JsonValue text && text.TryGetValue<string>(out var said)
            ? new StringContent(said, Encoding.UTF8, "text/plain")
            : throw new HostException("RequestError", "options.body must be a text, unless json is true.");
    }

    private static AuthenticationHeaderValue? Authorization(JsonObject auth)
    {
        if (Text(auth, "bearer") is { } bearer) return new("Bearer", bearer);
        var (user, password) = (Text(auth, "user") ?? Text(auth, "username"), Text(auth, "pass") ?? Text(auth, "password"));
        return user is null ? null : new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
    }

    private static async Task<string> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var read = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation)) > 0)
        {
            read.Write(buffer, 0, count);
            if (read.Length > MaxBytes) throw new HostException("RequestError", $"The answer has more than {MaxBytes} bytes.");
        }

        return Encoding.UTF8.GetString(read.GetBuffer(), 0, (int)read.Length);
    }

    /// <summary>As JSON. What should be JSON and is not stays a text, as with <c>request</c>.</summary>
    private static string Body(string text, bool json)
    {
        if (json && text.Length > 0)
        {
            try
            {
                using var _ = JsonDocument.Parse(text);
                return text;
            }
            catch (JsonException)
            {
                // A text then.
            }
        }

        return JsonValue.Create(text).ToJsonString(Relaxed);
    }

    private static JsonObject HeadersOf(HttpResponseMessage response)
    {
        var headers = new JsonObject();
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers)) headers[name.ToLowerInvariant()] = string.Join(", ", values);
        return headers;
    }

    private static bool IsJson(JsonObject options) => options["json"] switch
    {
        JsonObject or JsonArray => true,
        JsonValue flag => flag.TryGetValue<bool>(out var on) && on,
        _ => false,
    };

    private static bool Flag(JsonObject options, string name, bool otherwise) =>
        options[name] is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : otherwise;

    private static string? Text(JsonObject options, string name) =>
        options[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
