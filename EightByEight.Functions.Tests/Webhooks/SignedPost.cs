using System.Globalization;
using System.IO.Hashing;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace EightByEight.Functions.Tests.Webhooks;

/// <summary>A webhook request as 8x8 makes it, of which each part can be made wrong. Signed by another library.</summary>
public sealed record SignedPost
{
    private static int _events;

    public required RSA Key { get; init; }
    public string KeyId { get; init; } = "test-key";
    public string Body { get; init; } = Message("conversation-1", "Hello");
    public string EventId { get; init; } = $"event-{Interlocked.Increment(ref _events)}";
    public string Tenant { get; init; } = "acme01";
    public int Retry { get; init; }
    public DateTimeOffset SentAt { get; init; } = DateTimeOffset.UtcNow;

    public static string Message(string conversation, string text, string sender = "user", bool isEcho = false) =>
        JsonSerializer.Serialize(new
        {
            eventType = "MESSAGE",
            conversationId = conversation,
            timestamp = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
            data = new { isEcho, sender = new { id = "1", type = sender }, text },
        });

    public HttpRequestMessage To(string url)
    {
        var bytes = Encoding.UTF8.GetBytes(Body);
        var sent = SentAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var payload = $"{{\"checksum\":{Crc32.HashToUInt32(bytes)},\"cid\":\"acme\",\"eid\":\"{EventId}\",\"retry\":{Retry},\"tid\":\"{Tenant}\",\"tt\":{sent}}}";
        var signature = Jose.JWT.EncodeBytes(Encoding.UTF8.GetBytes(payload), Key, Jose.JwsAlgorithm.RS256,
            new Dictionary<string, object> { ["kid"] = KeyId }, options: new Jose.JwtOptions { EncodePayload = false, DetachPayload = true });
        return new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            Headers =
            {
                { "x-8x8-customer-id", "acme" },
                { "x-8x8-event-id", EventId },
                { "x-8x8-retry", Retry.ToString(CultureInfo.InvariantCulture) },
                { "x-8x8-tenant-id", Tenant },
                { "x-8x8-transmission-time", sent },
                { "x-8x8-signature", signature },
            },
        };
    }
}
