using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using EightByEight.Connector.Webhooks;
using Microsoft.AspNetCore.Http;

namespace EightByEight.Functions.Tests.Webhooks;

public sealed class WebhookSignatureTests
{
    private static readonly RSA VectorKey = RSA.Create(new RSAParameters
    {
        Modulus = Base64Url.DecodeFromChars(Vector.Modulus),
        Exponent = [1, 0, 1],
    });

    [Fact]
    public void A_signature_made_by_OpenSSL_is_accepted()
    {
        Assert.Null(WebhookSignature.TryRead(Vector.First(), Vector.Body, out var signature));

        Assert.Equal("test-key-1", signature.KeyId);
        Assert.Equal(1713100000123, signature.TransmissionTime);
        Assert.True(signature.IsBy(VectorKey));
    }

    [Fact]
    public void A_retry_is_signed_anew_and_accepted()
    {
        Assert.Null(WebhookSignature.TryRead(Vector.Retry(), Vector.Body, out var signature));

        Assert.True(signature.IsBy(VectorKey));
    }

    [Theory]
    [InlineData("x-8x8-customer-id", "acme02")]
    [InlineData("x-8x8-event-id", "evt-0002")]
    [InlineData("x-8x8-retry", "1")]
    [InlineData("x-8x8-retry", "00")]
    [InlineData("x-8x8-tenant-id", "other")]
    [InlineData("x-8x8-transmission-time", "1713100000124")]
    [InlineData("x-8x8-signature", Vector.RetrySignature)]
    public void Changing_a_signed_header_breaks_it(string name, string value)
    {
        var headers = Vector.First();
        headers[name] = value;

        Assert.Null(WebhookSignature.TryRead(headers, Vector.Body, out var signature));

        Assert.False(signature.IsBy(VectorKey));
    }

    [Fact]
    public void Changing_one_byte_of_the_body_breaks_it()
    {
        for (var i = 0; i < Vector.Body.Length; i += 7)
        {
            var changed = (byte[])Vector.Body.Clone();
            changed[i] ^= 1;
            Assert.Null(WebhookSignature.TryRead(Vector.First(), changed, out var signature));
            Assert.False(signature.IsBy(VectorKey));
        }
    }

    [Theory]
    [InlineData("x-8x8-signature", null, "x-8x8-signature is missing")]
    [InlineData("x-8x8-signature", "abc", "not a detached JWS")]
    [InlineData("x-8x8-signature", "a.b.c", "not a detached JWS")]
    [InlineData("x-8x8-signature", "a..b.c", "not a detached JWS")]
    [InlineData("x-8x8-signature", "a..*", "base64url")]
    [InlineData("x-8x8-signature", "eyJ=..YQ", "base64url")]
    [InlineData("x-8x8-signature", "bm90IGpzb24..YQ", "not JSON")]
    [InlineData("x-8x8-customer-id", null, "x-8x8-customer-id is missing")]
    [InlineData("x-8x8-event-id", null, "x-8x8-event-id is missing")]
    [InlineData("x-8x8-tenant-id", null, "x-8x8-tenant-id is missing")]
    [InlineData("x-8x8-retry", null, "x-8x8-retry")]
    [InlineData("x-8x8-retry", "-1", "x-8x8-retry")]
    [InlineData("x-8x8-retry", "0,\"x\":1", "x-8x8-retry")]
    [InlineData("x-8x8-transmission-time", null, "x-8x8-transmission-time")]
    [InlineData("x-8x8-transmission-time", "soon", "x-8x8-transmission-time")]
    [InlineData("x-8x8-transmission-time", "9999999999999999999", "x-8x8-transmission-time")]
    public void What_is_malformed_is_named(string name, string? value, string said)
    {
        var headers = Vector.First();
        if (value is null) headers.Remove(name);
        else headers[name] = value;

        Assert.Contains(said, WebhookSignature.TryRead(headers, Vector.Body, out _), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"b64":false,"crit":["b64"],"kid":"k","alg":"none"}""", "alg is not RS256")]
    [InlineData("""{"b64":false,"crit":["b64"],"kid":"k","alg":"HS256"}""", "alg is not RS256")]
    [InlineData("""{"b64":false,"crit":["b64"],"kid":"k"}""", "alg is not RS256")]
    [InlineData("""{"crit":["b64"],"kid":"k","alg":"RS256"}""", "\"b64\":false")]
    [InlineData("""{"b64":true,"crit":["b64"],"kid":"k","alg":"RS256"}""", "\"b64\":false")]
    [InlineData("""{"b64":false,"kid":"k","alg":"RS256"}""", "\"b64\":false")]
    [InlineData("""{"b64":false,"crit":["b64","exp"],"kid":"k","alg":"RS256"}""", "critical extension")]
    [InlineData("""{"b64":false,"crit":["b64"],"alg":"RS256"}""", "kid")]
    [InlineData("""{"b64":false,"crit":["b64"],"kid":"..","alg":"RS256"}""", "kid")]
    [InlineData("""["b64"]""", "not a JSON object")]
    public void Only_RS256_over_an_unencoded_payload_is_accepted(string header, string said)
    {
        var headers = Vector.First();
        headers["x-8x8-signature"] = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}..YQ";

        Assert.Contains(said, WebhookSignature.TryRead(headers, Vector.Body, out _), StringComparison.Ordinal);
    }

    [Fact]
    public void A_signature_made_by_another_library_is_accepted()
    {
        using var rsa = RSA.Create(2048);
        var checksum = System.IO.Hashing.Crc32.HashToUInt32(Vector.Body);
        var payload = $"{{\"checksum\":{checksum},\"cid\":\"a+b/c\",\"eid\":\"Grüße\\\"\",\"retry\":3,\"tid\":\"t<>&'\",\"tt\":1713100000999}}";
        var token = Jose.JWT.EncodeBytes(Encoding.UTF8.GetBytes(payload), rsa, Jose.JwsAlgorithm.RS256,
            new Dictionary<string, object> { ["kid"] = "k" }, options: new Jose.JwtOptions { EncodePayload = false, DetachPayload = true });
        var headers = new HeaderDictionary
        {
            ["x-8x8-customer-id"] = "a+b/c",
            ["x-8x8-event-id"] = "Grüße\"",
            ["x-8x8-retry"] = "3",
            ["x-8x8-tenant-id"] = "t<>&'",
            ["x-8x8-transmission-time"] = "1713100000999",
            ["x-8x8-signature"] = token,
        };

        Assert.Null(WebhookSignature.TryRead(headers, Vector.Body, out var signature));
        Assert.True(signature.IsBy(rsa));
    }
}
