using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace EightByEight.Connector.Webhooks;

/// <summary>
/// The signature of a webhook request: a detached JWS over an unencoded payload (RFC 7515 appendix F, RFC 7797) that 8x8
/// makes of its headers and the CRC-32 of the body. Source: 8x8, Chat Gateway webhooks, signature.
/// </summary>
public sealed class WebhookSignature
{
    private const int MaxKeyId = 128;

    private readonly string _header;
    private readonly byte[] _signature;
    private readonly string _payload;

    private WebhookSignature(string header, byte[] signature, string keyId, string payload, long transmissionTime)
    {
        (_header, _signature, _payload) = (header, signature, payload);
        (KeyId, TransmissionTime) = (keyId, transmissionTime);
    }

    /// <summary><c>kid</c> of the protected header: 1 to 128 characters.</summary>
    public string KeyId { get; }

    /// <summary><c>x-8x8-transmission-time</c>: when this attempt was sent, in milliseconds since 1970.</summary>
    public long TransmissionTime { get; }

    /// <summary>Reads the signature of a request.</summary>
    /// <returns>Null when it is well-formed, else what is wrong with it.</returns>
    public static string? TryRead(IHeaderDictionary headers, ReadOnlySpan<byte> body, out WebhookSignature signature)
    {
        signature = null!;
        string? signed = headers["x-8x8-signature"], customer = headers["x-8x8-customer-id"], eventId = headers["x-8x8-event-id"],
            retry = headers["x-8x8-retry"], tenant = headers["x-8x8-tenant-id"], sent = headers["x-8x8-transmission-time"];
        if (string.IsNullOrEmpty(signed)) return "The header x-8x8-signature is missing.";
        if (customer is null) return "The header x-8x8-customer-id is missing.";
        if (string.IsNullOrEmpty(eventId)) return "The header x-8x8-event-id is missing.";
        if (tenant is null) return "The header x-8x8-tenant-id is missing.";
        if (!IsWhole(retry)) return "The header x-8x8-retry is missing or no whole number.";
        if (!IsWhole(sent) || !long.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var time))
            return "The header x-8x8-transmission-time is missing or no whole number.";

        var first = signed.IndexOf('.', StringComparison.Ordinal);
        if (first <= 0 || first + 1 >= signed.Length || signed[first + 1] != '.' || signed.IndexOf('.', first + 2) >= 0)
            return "x-8x8-signature is not a detached JWS: <header>..<signature>.";
        var header = signed[..first];
        if (Decode(signed.AsSpan(first + 2)) is not { } bytes || Decode(header) is not { } json)
            return "x-8x8-signature is not base64url without padding.";
        if (ReadProtectedHeader(json, out var keyId) is { } wrong) return wrong;

        var payload = string.Create(CultureInfo.InvariantCulture,
            $"{{\"checksum\":{Crc32.HashToUInt32(body)},\"cid\":\"{Escape(customer)}\",\"eid\":\"{Escape(eventId)}\"," +
            $"\"retry\":{retry},\"tid\":\"{Escape(tenant)}\",\"tt\":{sent}}}");
        signature = new WebhookSignature(header, bytes, keyId, payload, time);
        return null;
    }

    /// <summary>Whether the key made this signature: RSASSA-PKCS1-v1_5 with SHA-256, as <c>RS256</c> says.</summary>
    public bool IsBy(RSA key)
    {
        var size = Encoding.UTF8.GetMaxByteCount(_header.Length + 1 + _payload.Length);
        var rented = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var length = Encoding.ASCII.GetBytes(_header, rented);
            rented[length++] = (byte)'.';
            length += Encoding.UTF8.GetBytes(_payload, rented.AsSpan(length));
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(rented.AsSpan(0, length), hash);
            return key.VerifyHash(hash, _signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static string? ReadProtectedHeader(byte[] json, out string keyId)
    {
        keyId = "";
        string? algorithm = null, kid = null;
        bool? encoded = null;
        var critical = 0;
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return "The protected header is not a JSON object.";
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString();
                reader.Read();
                if (name == "alg" && reader.TokenType == JsonTokenType.String) algorithm = reader.GetString();
                else if (name == "kid" && reader.TokenType == JsonTokenType.String) kid = reader.GetString();
                else if (name == "b64" && reader.TokenType is JsonTokenType.True or JsonTokenType.False) encoded = reader.GetBoolean();
                else if (name == "crit" && reader.TokenType == JsonTokenType.StartArray)
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    {
                        if (reader.TokenType != JsonTokenType.String || !reader.ValueTextEquals("b64"u8))
                            return "The protected header names a critical extension other than b64.";
                        critical++;
                    }
                else reader.Skip();
            }

            if (reader.Read()) return "The protected header is not JSON.";
        }
        catch (Exception notJson) when (notJson is JsonException or InvalidOperationException)
        {
            return "The protected header is not JSON.";
        }

        if (algorithm != "RS256") return "The protected header's alg is not RS256.";
        if (encoded is not false || critical != 1) return "The protected header must say \"b64\":false and \"crit\":[\"b64\"].";
        if (kid is not { Length: > 0 and <= MaxKeyId } || kid is "." or "..") return "The protected header's kid is missing or too long.";
        keyId = kid;
        return null;
    }

    private static byte[]? Decode(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.Length > 8192 || text.Contains('=')) return null;
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        return Base64Url.DecodeFromChars(text, bytes, out var read, out var written) == OperationStatus.Done && read == text.Length
            ? written == bytes.Length ? bytes : bytes[..written]
            : null;
    }

    /// <summary>Digits are signed as they were sent, so they are checked and not parsed.</summary>
    private static bool IsWhole(string? digits) =>
        digits is { Length: > 0 and <= 19 } && !digits.AsSpan().ContainsAnyExceptInRange('0', '9');

    private static string Escape(string id) => JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(id);
}
