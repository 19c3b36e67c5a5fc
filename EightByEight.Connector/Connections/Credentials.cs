using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover.Providers;

namespace EightByEight.Connector.Connections;

/// <summary>Lends the credentials of connections to requests, and to nothing else.</summary>
internal sealed class Credentials(ConnectionStore store, IHttpClientFactory http, TimeProvider time)
{
    /// <summary>Private addresses are refused by the client of this name, unless the operator allows them.</summary>
    public const string HttpClient = "connections";

    private static readonly TimeSpan BeforeItEnds = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan WithoutAnEnd = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, (long Version, string Token, DateTimeOffset Until)> _tokens = new();
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _fetching = new();

    /// <summary>Gives the request the credentials of a connection.</summary>
    /// <exception cref="ConnectionException">There is no such connection, it is not for that host, or no token can be had.</exception>
    public async Task ApplyAsync(string name, HttpRequestMessage request, CancellationToken cancellation)
    {
        var (connection, secret) = await GetAsync(name, request.RequestUri!.Host, cancellation);
        var settings = connection.Settings;
        var url = new UriBuilder(request.RequestUri);
        switch (settings.Kind)
        {
            case ConnectionKind.Bearer:
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret);
                break;
            case ConnectionKind.Basic:
                request.Headers.Authorization = new AuthenticationHeaderValue(
                    "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{settings.Username}:{secret}")));
                break;
            case ConnectionKind.ApiKey when settings.Header is { } header:
                request.Headers.Remove(header);
                request.Headers.TryAddWithoutValidation(header, secret);
                break;
            case ConnectionKind.ApiKey:
                url.Query = $"{url.Query.TrimStart('?')}{(url.Query.Length > 1 ? "&" : "")}{Uri.EscapeDataString(settings.Query!)}={Uri.EscapeDataString(secret)}";
                request.RequestUri = url.Uri;
                break;
            case ConnectionKind.UrlToken:
                url.Path = $"{url.Path.TrimEnd('/')}/{Uri.EscapeDataString(secret)}";
                request.RequestUri = url.Uri;
                break;
            case ConnectionKind.OAuth2:
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(connection, secret, cancellation));
                break;
        }
    }

    /// <summary>The key that signs what goes to a host; null: the connection is for something else.</summary>
    /// <exception cref="ConnectionException">There is no such connection, or it is not for that host.</exception>
    public async Task<byte[]?> SigningKeyAsync(string name, string host, CancellationToken cancellation) =>
        await GetAsync(name, host, cancellation) is var (connection, secret) && connection.Settings.Kind == ConnectionKind.Signature
            ? CallbackSignature.KeyOf(secret) : null;

    /// <summary>What was lent to a request was refused: a token is fetched anew, unless somebody did already.</summary>
    /// <returns>Whether it was a token, so that it is worth another try.</returns>
    public bool Refused(string name, HttpRequestMessage request)
    {
        if (!_tokens.TryGetValue(name, out var known)) return false;
        if (known.Token == request.Headers.Authorization?.Parameter) _tokens.TryRemove(KeyValuePair.Create(name, known));
        return true;
    }

    private async Task<(Connection Connection, string Secret)> GetAsync(string name, string host, CancellationToken cancellation)
    {
        var connection = await store.FindAsync(name, cancellation)
            ?? throw new ConnectionException($"There is no connection '{name}': store it with PUT /api/connections/{name}.");
        if (connection.Settings.Hosts is { Count: > 0 } hosts && !hosts.Contains(host, StringComparer.OrdinalIgnoreCase))
            throw new ConnectionException($"The connection '{name}' is not for {host}: its hosts are {string.Join(", ", hosts)}.");
        try
        {
            return (connection, await store.SecretAsync(connection, cancellation));
        }
        catch (EndpointSecretException unreadable)
        {
            throw new ConnectionException(unreadable.Message);
        }
    }

    private string? Known(Connection connection) =>
        _tokens.TryGetValue(connection.Name, out var known) && known.Version == connection.Version && known.Until > time.GetUtcNow() ? known.Token : null;

    /// <summary>Fetched by one; the others wait for it.</summary>
    private async Task<string> TokenAsync(Connection connection, string secret, CancellationToken cancellation)
    {
        if (Known(connection) is { } token) return token;
        var fetching = _fetching.GetOrAdd(connection.Name, _ => new SemaphoreSlim(1));
        await fetching.WaitAsync(cancellation);
        try
        {
            return Known(connection) ?? await FetchAsync(connection, secret, cancellation);
        }
        finally
        {
            fetching.Release();
        }
    }

    private async Task<string> FetchAsync(Connection connection, string secret, CancellationToken cancellation)
    {
        var settings = connection.Settings;
        var form = new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = settings.ClientId!, ["client_secret"] = secret };
        if (settings.Scope is { } scope) form["scope"] = scope;
        try
        {
            using var client = http.CreateClient(HttpClient);
            using var response = await client.PostAsync(new Uri(settings.TokenUrl!), new FormUrlEncodedContent(form), cancellation);
            if (!response.IsSuccessStatusCode) throw No(connection, $"answered {(int)response.StatusCode}");
            var answer = JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
            if (answer.Text("access_token") is not { Length: > 0 } token) throw No(connection, "gave none");
            var lasts = answer.Member("expires_in") is { ValueKind: JsonValueKind.Number } seconds ? TimeSpan.FromSeconds(seconds.GetDouble()) : WithoutAnEnd;
            _tokens[connection.Name] = (connection.Version, token, time.GetUtcNow() + lasts - BeforeItEnds);
            return token;
        }
        catch (HttpRequestException unreachable)
        {
            throw No(connection, $"cannot be reached: {unreachable.HttpRequestError}");
        }
        catch (JsonException)
        {
            throw No(connection, "answered what is not JSON");
        }
    }

    private static ConnectionException No(Connection connection, string why) =>
        new($"The connection '{connection.Name}' has no token: {new Uri(connection.Settings.TokenUrl!).Host} {why}.");
}
