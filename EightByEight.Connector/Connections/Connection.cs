using System.Text.Json.Serialization;

namespace EightByEight.Connector.Connections;

/// <summary>
/// Named credentials for what Flows reach. The secret is write-only: no Flow, no expression and no answer of the admin API shows it.
/// </summary>
internal sealed record Connection
{
    /// <summary>As that of a Flow: 1 to 64 lower-case letters, digits and hyphens.</summary>
    public required string Name { get; init; }

    public required ConnectionSettings Settings { get; init; }

    /// <summary>The secret as Data Protection left it.</summary>
    public required string ProtectedSecret { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset LastChanged { get; init; }

    /// <summary>Grows with each change; the admin API's ETag.</summary>
    public long Version { get; init; }

    /// <summary>What the secret is protected for.</summary>
    public static string Purpose(string name) => $"Connection {name}";
}

/// <summary>All of a connection but its secret.</summary>
internal sealed record ConnectionSettings
{
    public ConnectionKind Kind { get; set; }

    /// <summary>Of <see cref="ConnectionKind.Basic"/>.</summary>
    public string? Username { get; set; }

    /// <summary>Of <see cref="ConnectionKind.ApiKey"/>: the header that carries it.</summary>
    public string? Header { get; set; }

    /// <summary>Of <see cref="ConnectionKind.ApiKey"/>: the parameter of the query that carries it.</summary>
    public string? Query { get; set; }

    /// <summary>Of <see cref="ConnectionKind.OAuth2"/>.</summary>
    public string? TokenUrl { get; set; }

    /// <inheritdoc cref="TokenUrl"/>
    public string? ClientId { get; set; }

    /// <inheritdoc cref="TokenUrl"/>
    public string? Scope { get; set; }

    /// <summary>The only hosts that get the secret; none named: whichever a Flow names.</summary>
    public IReadOnlyList<string> Hosts { get; set; } = [];
}

/// <summary>How the secret of a connection is used.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConnectionKind>))]
internal enum ConnectionKind
{
    /// <summary><c>Authorization: Bearer</c>.</summary>
    [JsonStringEnumMemberName("bearer")]
    Bearer,

    /// <summary><c>Authorization: Basic</c>, the secret being the password.</summary>
    [JsonStringEnumMemberName("basic")]
    Basic,

    /// <summary>In a header or a parameter of the query.</summary>
    [JsonStringEnumMemberName("apiKey")]
    ApiKey,

    /// <summary>For a token by client credentials (RFC 6749, section 4.4), the secret being the client's.</summary>
    [JsonStringEnumMemberName("oauth2")]
    OAuth2,

    /// <summary>As the last part of the URL's path, such as the URL token of an Endpoint of Cognigy.AI.</summary>
    [JsonStringEnumMemberName("urlToken")]
    UrlToken,

    /// <summary>It signs what is sent, as Standard Webhooks 1.0 says, and is never sent.</summary>
    [JsonStringEnumMemberName("signature")]
    Signature,
}

/// <summary>A connection does not lend its credentials: there is none, or not for that host, or they cannot be had now.</summary>
internal sealed class ConnectionException(string reason) : Exception(reason);
