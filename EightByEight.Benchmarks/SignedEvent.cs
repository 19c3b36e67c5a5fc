using System.Globalization;
using System.Text;
using System.Text.Json;
using EightByEight.Simulator;

namespace EightByEight.Benchmarks;

/// <summary>A webhook event as 8x8 sends it, signed ahead of the measurement.</summary>
internal sealed record SignedEvent(string ConversationId, byte[] Body, IReadOnlyDictionary<string, string> Headers)
{
    public const string Tenant = "acme01";

    /// <summary>What a customer wrote.</summary>
    public static SignedEvent Message(SigningKey key, string conversationId) =>
        Of(key, conversationId, "user", isEcho: false);

    /// <summary>What 8x8 sends back after the bot wrote.</summary>
    public static SignedEvent Echo(SigningKey key, string conversationId) =>
        Of(key, conversationId, "bot", isEcho: true);

    /// <summary>The bytes of a HTTP/1.1 request.</summary>
    public byte[] ToRequest(Uri url)
    {
        var head = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"POST {url.AbsolutePath} HTTP/1.1\r\nHost: {url.Authority}\r\n")
            .Append(CultureInfo.InvariantCulture, $"Content-Type: application/json\r\nContent-Length: {Body.Length}\r\n");
        foreach (var (name, value) in Headers) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        return [.. Encoding.ASCII.GetBytes(head.Append("\r\n").ToString()), .. Body];
    }

    private static SignedEvent Of(SigningKey key, string conversationId, string sender, bool isEcho)
    {
        var eventId = Guid.NewGuid().ToString();
        var sent = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var body = MessageBody(conversationId, sender, isEcho, sent);
        var payload = SigningKey.Payload(body, "acme", eventId, 0, Tenant, sent);
        return new SignedEvent(conversationId, body, new Dictionary<string, string>
        {
            ["x-8x8-tenant-id"] = Tenant,
            ["x-8x8-customer-id"] = "acme",
            ["x-8x8-event-id"] = eventId,
            ["x-8x8-transmission-time"] = sent.ToString(CultureInfo.InvariantCulture),
            ["x-8x8-retry"] = "0",
            ["x-8x8-signature"] = key.Sign(payload),
        });
    }

    private static byte[] MessageBody(string conversationId, string sender, bool isEcho, long sent) =>
        JsonSerializer.SerializeToUtf8Bytes(new
        {
            eventType = "MESSAGE",
            conversationId,
            timestamp = sent,
            data = new
            {
                isEcho,
                sender = new { id = $"{conversationId}-user", type = sender },
                text = "Hello, my parcel has not arrived yet, and the tracking page has said nothing new for three days. Where is it?",
            },
        });
}
