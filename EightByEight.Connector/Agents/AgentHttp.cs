using System.Net;
using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Connections;
using OpenTelemetry;

namespace EightByEight.Connector.Agents;

/// <summary>Speaks HTTP with virtual agents. What it throws names no URL, which may hold secrets, and no word of the customer.</summary>
internal sealed class AgentHttp(IHttpClientFactory http, Credentials credentials)
{
    public const string HttpClient = "agents";
    public const int MostBytes = 1024 * 1024;

    /// <summary>Words in other scripts go as they are, which the agents' logs show better.</summary>
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Posts JSON.</summary>
    /// <returns>The answer's body; undefined where it has none.</returns>
    /// <exception cref="AgentException">There is no answer, or none that is JSON.</exception>
    public Task<JsonElement> PostAsync(AgentSettings agent, Uri url, JsonObject body, CancellationToken cancellation) =>
        SendAsync(agent, new HttpRequestMessage(HttpMethod.Post, url) { Content = Json(body) }, cancellation);

    /// <summary>Sends a request with the agent's credentials.</summary>
    /// <exception cref="AgentException">There is no answer, or none that is JSON.</exception>
    public async Task<JsonElement> SendAsync(AgentSettings agent, HttpRequestMessage request, CancellationToken cancellation)
    {
        using var _ = request;
        // The URL may hold secrets, such as Cognigy's URL token, and a span would tell it.
        using var unseen = SuppressInstrumentationScope.Begin();
        request.Headers.Accept.Add(new("application/json"));
        try
        {
            // Who has a token of its own wants no other credentials.
            if (request.Headers.Authorization is null) LentCredentials.Lend(request, agent.Connection);
            using var client = http.CreateClient(HttpClient);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            var bytes = await response.Content.ReadAtMostAsync(MostBytes, cancellation)
                ?? throw new AgentException(null, $"{agent.Name} answered more than {MostBytes} bytes.");
            if (!response.IsSuccessStatusCode) throw new AgentException(response.StatusCode, $"{agent.Name} answered {(int)response.StatusCode}{Hint(response.StatusCode)}.");
            return bytes.AsSpan().Trim(" \r\n\t"u8).IsEmpty ? default : JsonElement.Parse(bytes);
        }
        catch (HttpRequestException unreachable)
        {
            throw new AgentException(null, $"{agent.Name} cannot be reached: {unreachable.HttpRequestError}.");
        }
        catch (ConnectionException none)
        {
            throw new AgentException(null, none.Message);
        }
        catch (JsonException)
        {
            throw new AgentException(null, $"{agent.Name} answered what is not JSON: look whether its URL is that of its API.");
        }
    }

    /// <summary>The key with which what goes to the agent is signed; null: it is not.</summary>
    /// <exception cref="AgentException">Its connection cannot be had.</exception>
    public async Task<byte[]?> SigningKeyAsync(AgentSettings agent, CancellationToken cancellation)
    {
        try
        {
            return agent.Connection is { } name ? await credentials.SigningKeyAsync(name, agent.Url.Host, cancellation) : null;
        }
        catch (ConnectionException none)
        {
            throw new AgentException(null, none.Message);
        }
    }

    /// <summary>A body of JSON, as its bytes: a signature is of them.</summary>
    public static ByteArrayContent Json(JsonObject body) => new(JsonSerializer.SerializeToUtf8Bytes<JsonNode>(body, Relaxed))
    {
        Headers = { ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" } },
    };

    private static string Hint(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ": look at the credentials in its connection",
        HttpStatusCode.NotFound => ": look at its URL",
        HttpStatusCode.TooManyRequests => ": it is asked too often",
        _ => "",
    };
}
