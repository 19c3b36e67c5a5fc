using System.Text.Json;
using EightByEight.Connector.Admin;
using EightByEight.Connector.Handover.Providers;

namespace EightByEight.Connector.Connections;

/// <summary>A connection as it comes in a body: either all of it is right, or all faults are known.</summary>
internal static class ConnectionBody
{
    private static readonly string[] ReadOnly = ["name", "secretSet", "createdAt", "lastChanged"];

    /// <param name="hasSecret">Whether one is stored, which stays where the body gives none.</param>
    /// <returns>The settings and the secret in the clear; null: the stored one stays.</returns>
    /// <exception cref="BodyException">All its faults.</exception>
    public static (ConnectionSettings Settings, string? Secret) Read(JsonElement body, bool hasSecret)
    {
        var problems = new List<BodyProblem>();
        var all = new JsonMembers(body, "$", problems);
        var kind = all.String("kind", 20, required: true) is { } word ? KindOf(word, all) : default;
        var settings = new ConnectionSettings
        {
            Kind = kind,
            Username = Of(ConnectionKind.Basic, all, kind, "username", 255, required: true),
            Header = Of(ConnectionKind.ApiKey, all, kind, "header", 100),
            Query = Of(ConnectionKind.ApiKey, all, kind, "query", 100),
            TokenUrl = Of(ConnectionKind.OAuth2, all, kind, "tokenUrl", 1000, required: true),
            ClientId = Of(ConnectionKind.OAuth2, all, kind, "clientId", 255, required: true),
            Scope = Of(ConnectionKind.OAuth2, all, kind, "scope", 1000),
            Hosts = [.. all.Items("hosts", 20).Select(host => Host(host, all)).OfType<string>()],
        };
        if (kind == ConnectionKind.ApiKey && (settings.Header is null) == (settings.Query is null))
            all.Refuse("header", "One of header and query says where the key goes, such as \"header\": \"api-key\".");
        if (settings.Header is { } header && !header.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            all.Refuse("header", "Must be the name of a header: letters, digits, '-' and '_'.");
        if (settings.TokenUrl is { } url && !(Uri.TryCreate(url, UriKind.Absolute, out var token) && token.Scheme is "https" or "http" && token.UserInfo.Length == 0))
            all.Refuse("tokenUrl", "Must be an absolute URL such as https://login.example.com/oauth2/token.");
        var secret = all.String("secret", 4000, required: !hasSecret);
        if (kind == ConnectionKind.Signature && secret is not null && CallbackSignature.KeyOf(secret) is null)
            all.Refuse("secret", "Must be whsec_ and 24 to 64 bytes in Base64, as Standard Webhooks wants it.");
        all.RefuseOthers(ReadOnly);
        return problems.Count == 0 ? (settings, secret) : throw new BodyException(problems);
    }

    private static ConnectionKind KindOf(string word, JsonMembers all)
    {
        foreach (var kind in Enum.GetValues<ConnectionKind>())
            if (string.Equals(word, kind.ToString(), StringComparison.OrdinalIgnoreCase)) return kind;
        all.Refuse("kind", "Must be bearer, basic, apiKey, oauth2, urlToken or signature.");
        return default;
    }

    private static string? Of(ConnectionKind owner, JsonMembers all, ConnectionKind kind, string name, int most, bool required = false)
    {
        var text = all.String(name, most, required && kind == owner);
        if (text is not null && kind != owner) all.Refuse(name, "Means nothing for this kind of connection.");
        return text;
    }

    private static string? Host(JsonElement host, JsonMembers all)
    {
        if (host.ValueKind == JsonValueKind.String && Uri.CheckHostName(host.GetString()) != UriHostNameType.Unknown) return host.GetString();
        all.Refuse("hosts", "Must be a list of hosts, such as [\"api.example.com\"].");
        return null;
    }
}
