using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace EightByEight.Simulator;

/// <summary>The public half of the signing key, as <c>GET /chat-gateway/v1/jwk/{kid}/public</c> shows it.</summary>
public sealed record PublicJwk(string Kty, string E, string Kid, string N);

/// <summary>
/// Signs webhook requests as 8x8 does: a compact JWS with detached, unencoded payload (RFC 7797), RS256. The payload
/// is a small JSON text of the headers and the CRC-32 of the body. Safe for concurrent use.
/// </summary>
public sealed class SigningKey : IDisposable
{
    private readonly RSA _rsa;
    private readonly Lock _gate = new();
    private readonly string _protectedHeader;

    private SigningKey(RSA rsa)
    {
        _rsa = rsa;
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        var n = Base64Url.EncodeToString(parameters.Modulus);
        var e = Base64Url.EncodeToString(parameters.Exponent);
        // RFC 7638: another key has another id.
        var kid = Base64Url.EncodeToString(
            SHA256.HashData(Encoding.ASCII.GetBytes($$"""{"e":"{{e}}","kty":"RSA","n":"{{n}}"}""")));
        Jwk = new PublicJwk("RSA", e, kid, n);
        _protectedHeader = Base64Url.EncodeToString(
            Encoding.ASCII.GetBytes($$"""{"b64":false,"crit":["b64"],"kid":"{{kid}}","alg":"RS256"}"""));
    }

    /// <summary>The public key.</summary>
    public PublicJwk Jwk { get; }

    /// <summary>A new key, or the one in <paramref name="file"/>, which is made when it is missing.</summary>
    public static SigningKey Open(string? file)
    {
        if (file is not null && File.Exists(file))
        {
            var stored = RSA.Create();
            stored.ImportFromPem(File.ReadAllText(file));
            return new SigningKey(stored);
        }

        var rsa = RSA.Create(2048);
        if (file is not null)
        {
            if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder) Directory.CreateDirectory(folder);
            var mine = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) mine.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var writer = new StreamWriter(file, mine);
            writer.Write(rsa.ExportPkcs8PrivateKeyPem());
        }

        return new SigningKey(rsa);
    }

    /// <summary>The text that is signed: keys in lexicographic order, no white space.</summary>
    public static string Payload(
        ReadOnlySpan<byte> body, string customerId, string eventId, int retry, string tenantId, long transmissionTime) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"checksum":{{Crc32.HashToUInt32(body)}},"cid":"{{customerId}}","eid":"{{eventId}}","retry":{{retry}},"tid":"{{tenantId}}","tt":{{transmissionTime}}}""");

    /// <summary>The value of <c>x-8x8-signature</c> for <paramref name="payload"/>.</summary>
    public string Sign(string payload)
    {
        var input = Encoding.UTF8.GetBytes($"{_protectedHeader}.{payload}");
        lock (_gate)
        {
            var signature = _rsa.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            return $"{_protectedHeader}..{Base64Url.EncodeToString(signature)}";
        }
    }

    /// <inheritdoc />
    public void Dispose() => _rsa.Dispose();
}
