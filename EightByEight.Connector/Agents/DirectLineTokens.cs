using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Agents;

/// <summary>
/// The tokens of Direct Line, each for one conversation. The secret serves to get one and to come back to a conversation; all else goes by
/// the conversation's own token, which is renewed before it ends. They are kept in memory alone: another process comes back by the secret.
/// Source: Microsoft, Direct Line API 3.0, authentication.
/// </summary>
internal sealed class DirectLineTokens(AgentHttp http, TimeProvider time)
{
    /// <summary>Before its end, by which a token is renewed.</summary>
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(5);

    /// <summary>Beyond as many, those that have ended are forgotten.</summary>
    private const int Many = 1_000;

    private readonly ConcurrentDictionary<(Uri Line, string? Connection, string Conversation), Known> _known = new();

    private sealed record Known(string Token, DateTimeOffset Until);

    /// <summary>Begins a conversation.</summary>
    /// <param name="customer">Whose token it is.</param>
    /// <returns>Its id.</returns>
    public async Task<string> BeginAsync(AgentSettings agent, string customer, CancellationToken cancellation)
    {
        var token = agent.TokenUrl is { } url ? await http.SendAsync(agent, new HttpRequestMessage(HttpMethod.Get, url), cancellation)
            : agent.Connection is null ? default
            : await http.PostAsync(
                agent, DirectLineAgent.At(agent, "tokens/generate"), new JsonObject { ["user"] = new JsonObject { ["id"] = customer } }, cancellation);
        if (token.ValueKind != JsonValueKind.Undefined && token.Text("token") is null)
            throw new AgentException(null, $"{agent.Name} gave no token.");
        var begun = await http.SendAsync(agent, By(token.Text("token"), HttpMethod.Post, DirectLineAgent.At(agent, "conversations"), []), cancellation);
        var conversation = begun.Text("conversationId") ?? throw new AgentException(null, $"{agent.Name} gave its conversation no id.");
        Keep(agent, conversation, begun.Text("token") is null ? token : begun);
        return conversation;
    }

    /// <summary>Asks within a conversation, by its token; by another one, once, where that is refused.</summary>
    public async Task<JsonElement> SendAsync(
        AgentSettings agent, string conversation, HttpMethod method, string path, JsonObject? body, CancellationToken cancellation)
    {
        Task<JsonElement> Send(string? token) => http.SendAsync(agent, By(token, method, DirectLineAgent.At(agent, path), body), cancellation);
        var token = await OfAsync(agent, conversation, cancellation);
        try
        {
            return await Send(token);
        }
        // It was taken back, or ended before its time.
        catch (AgentException refused) when (token is not null && refused.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            _known.TryRemove(Key(agent, conversation), out _);
            return await Send(await OfAsync(agent, conversation, cancellation));
        }
    }

    /// <summary>Null: there is no secret, and the line wants none.</summary>
    private async Task<string?> OfAsync(AgentSettings agent, string conversation, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (_known.TryGetValue(Key(agent, conversation), out var known) && known.Until > now)
        {
            if (known.Until - now > Early) return known.Token;
            try
            {
                return Keep(agent, conversation, await http.SendAsync(
                    agent, By(known.Token, HttpMethod.Post, DirectLineAgent.At(agent, "tokens/refresh"), []), cancellation)) ?? known.Token;
            }
            catch (AgentException notNow) when (notNow.Status is not null)
            {
                // It still serves, and the next one is asked for again.
                return known.Token;
            }
        }

        // Whoever gives tokens without a secret gives them for new conversations only.
        if (agent.TokenUrl is not null) throw new AgentException(HttpStatusCode.Forbidden, $"{agent.Name}: the token of the conversation has ended.");
        return agent.Connection is null ? null
            : Keep(agent, conversation, await http.SendAsync(agent, new HttpRequestMessage(
                HttpMethod.Get, DirectLineAgent.At(agent, $"conversations/{Uri.EscapeDataString(conversation)}")), cancellation));
    }

    private string? Keep(AgentSettings agent, string conversation, JsonElement answer)
    {
        if (answer.Text("token") is not { } token) return null;
        var now = time.GetUtcNow();
        if (_known.Count >= Many)
            foreach (var over in _known.Where(known => known.Value.Until <= now)) _known.TryRemove(over);
        var lasts = answer.Member("expires_in") is { ValueKind: JsonValueKind.Number } seconds
            ? Math.Clamp(seconds.GetDouble(), 0, TimeSpan.FromDays(1).TotalSeconds) : TimeSpan.FromMinutes(30).TotalSeconds;
        _known[Key(agent, conversation)] = new(token, now + TimeSpan.FromSeconds(lasts));
        return token;
    }

    private static (Uri, string?, string) Key(AgentSettings agent, string conversation) => (agent.Url, agent.Connection, conversation);

    private static HttpRequestMessage By(string? token, HttpMethod method, Uri url, JsonObject? body)
    {
        var request = new HttpRequestMessage(method, url) { Content = body is null ? null : AgentHttp.Json(body) };
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    }
}
