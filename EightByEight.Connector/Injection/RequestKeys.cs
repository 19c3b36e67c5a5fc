using System.Security.Cryptography;
using System.Text;
using EightByEight.Connector.Admin;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover.Providers;
using Microsoft.AspNetCore.Http;
using Endpoint = EightByEight.Connector.Endpoints.Endpoint;

namespace EightByEight.Connector.Injection;

/// <summary>Whether a request has an Endpoint's key, or its signature. Each is compared in a time that tells nothing.</summary>
internal sealed class RequestKeys(EndpointDirectory endpoints, TimeProvider time)
{
    private const int ShortestKey = 16;
    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";

    /// <summary>Reads a key of settings: 16 to 1000 characters.</summary>
    public static void Read(JsonMembers members, string name)
    {
        var known = members.Secrets.Count;
        members.Secret(name, 1000);
        if (members.Secrets.Count > known && members.Secrets.Last().Value is { Length: < ShortestKey })
            members.Refuse(name, $"Must have at least {ShortestKey} characters: a key that is short is guessed.");
    }

    /// <summary>Whether <c>Authorization: Bearer</c>, or the password of <c>Basic</c>, gives the secret.</summary>
    public async ValueTask<bool> HasKeyAsync(HttpRequest request, Endpoint endpoint, string secret, CancellationToken cancellation)
    {
        var header = request.Headers.Authorization.ToString();
        var given = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim()
            : header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase) ? Password(header[Basic.Length..].Trim()) : null;
        return given is not null && await endpoints.SecretAsync(endpoint, secret, cancellation) is { } key && AreEqual(given, key);
    }

    private static string? Password(string credentials)
    {
        var bytes = new byte[credentials.Length];
        if (!Convert.TryFromBase64String(credentials, bytes, out var length)) return null;
        var text = Encoding.UTF8.GetString(bytes, 0, length);
        return text.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 ? text[(colon + 1)..] : null;
    }

    /// <summary>Whether the body is signed with <c>inject.signingSecret</c>. Source: Standard Webhooks 1.0.</summary>
    public async ValueTask<bool> IsSignedAsync(HttpRequest request, Endpoint endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        var id = request.Headers["webhook-id"].ToString();
        if (id.Length == 0 || !long.TryParse(request.Headers["webhook-timestamp"], out var at)) return false;
        if (Math.Abs((decimal)time.GetUtcNow().ToUnixTimeSeconds() - at) > endpoint.Settings.Inject.ToleranceSeconds) return false;
        if (await endpoints.SecretAsync(endpoint, EndpointSecrets.InjectSigningSecret, cancellation) is not { } secret
            || CallbackSignature.KeyOf(secret) is not { } key) return false;
        var right = CallbackSignature.Sign(key, id, at, body.Span);
        var signed = false;
        // Several while a secret is being replaced.
        foreach (var given in request.Headers["webhook-signature"].ToString().Split(' ')) signed |= AreEqual(given, right);
        return signed;
    }

    private static bool AreEqual(string given, string right) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(right)));
}
