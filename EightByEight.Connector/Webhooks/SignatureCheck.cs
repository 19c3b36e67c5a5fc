using EightByEight.Connector.Endpoints;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Webhooks;

/// <summary>Whether a webhook request comes from 8x8, for the right tenant, and just now.</summary>
public sealed partial class SignatureCheck(SigningKeys keys, TimeProvider time, ILogger<SignatureCheck> logger)
{
    /// <returns>Null when it does.</returns>
    internal async ValueTask<Refusal?> CheckAsync(
        IHeaderDictionary headers, byte[] body, EightByEightSettings settings, CancellationToken cancellation)
    {
        if (WebhookSignature.TryRead(headers, body, out var signature) is { } wrong) return Refusal.Signature(wrong);
        if (settings.TenantId is { Length: > 0 } tenant && !string.Equals(tenant, headers["x-8x8-tenant-id"], StringComparison.Ordinal))
            return Refusal.Signature("The event is of another tenant than the Endpoint's eightByEight.tenantId.");
        var age = time.GetUtcNow().ToUnixTimeMilliseconds() - signature.TransmissionTime;
        if (Math.Abs((double)age) > settings.FreshnessSeconds * 1000d)
            return Refusal.Signature($"x-8x8-transmission-time is more than {settings.FreshnessSeconds} s from now.");
        try
        {
            return await keys.VerifyAsync(settings.BaseUrl, settings.TenantId, signature, cancellation)
                ? null
                : Refusal.Signature("x-8x8-signature does not match, or its key is not 8x8's.");
        }
        catch (SigningKeyUnavailableException unavailable)
        {
            Log.KeyUnavailable(logger, signature.KeyId, unavailable);
            return Refusal.TryAgain("8x8's signing key cannot be fetched now. Send the event again.");
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Webhook answered 503: the signing key {KeyId} cannot be fetched.")]
        public static partial void KeyUnavailable(ILogger logger, string keyId, Exception exception);
    }
}
