using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Privacy;

/// <summary>
/// Keeps what customers say encrypted while it rests. Each Endpoint has a pair of keys: the public one lies open in its row, so that
/// the acknowledge path seals with no secret and decrypts nothing; the private one is protected by the key ring, and only workers open it.
/// Who deletes the Endpoint deletes the key to all that was sealed for it. What belongs to no one Endpoint has a <see cref="SharedSeal"/>. Source: ECIES
/// over P-256 with HKDF-SHA-256 and AES-256-GCM.
/// </summary>
internal sealed class Seals(EndpointDirectory endpoints, SharedSeal shared, KeyRing ring)
{
    private const int Public = 64;
    private const int Nonce = 12;
    private const int Tag = 16;
    private const int MarkLength = 4;

    /// <summary>How many bytes longer what is sealed is than in the clear.</summary>
    public const int Overhead = MarkLength + Public + Nonce + Tag;

    /// <summary>One ephemeral key seals so much, and no longer than <see cref="EphemeralLife"/>: random nonces stay far from repeating.</summary>
    private const int MostSealed = 1 << 20;

    private const int MostKnown = 1_000;
    private static readonly TimeSpan EphemeralLife = TimeSpan.FromHours(1);

    /// <summary>JSON never begins with a null character, so clear rows of earlier versions are told apart.</summary>
    private static ReadOnlySpan<byte> Mark => [0, (byte)'8', (byte)'S', 1];

    private readonly ConcurrentDictionary<string, Ephemeral> _ephemerals = new();
    private readonly ConcurrentDictionary<string, byte[]> _opened = new();

    /// <summary>Whether these bytes are sealed.</summary>
    public static bool IsSealed(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Mark);

    /// <summary>
    /// The bytes as they may rest: sealed where the Endpoint's settings mask anything, else as they are; what belongs to no one Endpoint
    /// always sealed.
    /// </summary>
    public async ValueTask<byte[]> SealAsync(ConversationKey key, byte[] clear, CancellationToken cancellation)
    {
        if (SharedSeal.IsFor(key)) return Seal((await shared.FindAsync(cancellation)).PublicKey, key, clear);
        return await endpoints.FindForAnswerAsync(key.EndpointId, cancellation) is { Settings.DataProtection.Seals: true } endpoint
            && (endpoint.Seal ?? await endpoints.SealAsync(key.EndpointId, cancellation)) is { } seal
                ? Seal(seal.PublicKey, key, clear)
                : clear;
    }

    /// <summary>The bytes in the clear; null: they were sealed for an Endpoint that is deleted, and nobody can open them any more.</summary>
    /// <exception cref="EndpointSecretException">The key cannot be read now.</exception>
    public async ValueTask<byte[]?> OpenAsync(ConversationKey key, byte[] stored, CancellationToken cancellation)
    {
        if (!IsSealed(stored)) return stored;
        var sender = stored.AsMemory(MarkLength, Public);
        var known = $"{key.EndpointId} {Convert.ToBase64String(sender.Span)}";
        if (!_opened.TryGetValue(known, out var secret))
        {
            if (await PrivateKeyAsync(key, cancellation) is not { } pkcs8) return null;
            using var own = ECDiffieHellman.Create();
            own.ImportPkcs8PrivateKey(Convert.FromBase64String(pkcs8), out _);
            secret = Agree(own, sender.Span, sender.Span);
            if (_opened.Count > MostKnown) _opened.Clear();
            _opened[known] = secret;
        }

        var rest = stored.AsSpan(MarkLength + Public);
        var clear = new byte[rest.Length - Nonce - Tag];
        using var aes = new AesGcm(secret, Tag);
        aes.Decrypt(rest[..Nonce], rest[(Nonce + Tag)..], rest.Slice(Nonce, Tag), clear, Bound(key));
        return clear;
    }

    /// <summary>Null: it went with its Endpoint.</summary>
    private async ValueTask<string?> PrivateKeyAsync(ConversationKey key, CancellationToken cancellation)
    {
        if (SharedSeal.IsFor(key))
            return await ring.UnprotectAsync(SharedSeal.Purpose, (await shared.FindAsync(cancellation)).ProtectedPrivateKey, cancellation);
        if (await endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation) is not { } endpoint) return null;
        var seal = endpoint.Seal ?? throw new EndpointSecretException($"Endpoint {endpoint.Id} has lost the key to what was sealed for it.");
        return await ring.UnprotectAsync(SealKey.Purpose(endpoint.Id), seal.ProtectedPrivateKey, cancellation);
    }

    internal byte[] Seal(string publicKey, ConversationKey key, ReadOnlySpan<byte> clear)
    {
        var ephemeral = _ephemerals.AddOrUpdate(publicKey, Ephemeral.For, (to, old) => old.IsSpent ? Ephemeral.For(to) : old);
        var sealedBytes = new byte[MarkLength + Public + Nonce + Tag + clear.Length];
        Mark.CopyTo(sealedBytes);
        ephemeral.PublicKey.CopyTo(sealedBytes, MarkLength);
        var rest = sealedBytes.AsSpan(MarkLength + Public);
        RandomNumberGenerator.Fill(rest[..Nonce]);
        using var aes = new AesGcm(ephemeral.Secret, Tag);
        aes.Encrypt(rest[..Nonce], clear, rest[(Nonce + Tag)..], rest.Slice(Nonce, Tag), Bound(key));
        return sealedBytes;
    }

    /// <summary>What was sealed for one conversation does not open in another.</summary>
    private static byte[] Bound(ConversationKey key) => Encoding.UTF8.GetBytes(key.ToString());

    private static byte[] Agree(ECDiffieHellman own, ReadOnlySpan<byte> other, ReadOnlySpan<byte> sender)
    {
        using var theirs = ECDiffieHellman.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new() { X = other[..(Public / 2)].ToArray(), Y = other[(Public / 2)..].ToArray() },
        });
        using var theirPublic = theirs.PublicKey;
        return HKDF.DeriveKey(HashAlgorithmName.SHA256, own.DeriveRawSecretAgreement(theirPublic), 32, sender.ToArray(), "EightByEight seal 1"u8.ToArray());
    }

    private static byte[] PublicOf(ECDiffieHellman key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return [.. point.X!, .. point.Y!];
    }

    /// <summary>A new pair for an Endpoint: the public key, and the private one in the clear, both as Base64.</summary>
    internal static (string PublicKey, string PrivateKey) NewPair()
    {
        using var pair = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return (Convert.ToBase64String(PublicOf(pair)), Convert.ToBase64String(pair.ExportPkcs8PrivateKey()));
    }

    /// <summary>The sender's half of an agreement, used for many bodies since making one costs more than all else.</summary>
    private sealed class Ephemeral(byte[] publicKey, byte[] secret)
    {
        private readonly long _since = Environment.TickCount64;
        private int _used;

        public byte[] PublicKey => publicKey;
        public byte[] Secret => secret;
        public bool IsSpent => Interlocked.Increment(ref _used) > MostSealed || Environment.TickCount64 - _since > EphemeralLife.TotalMilliseconds;

        public static Ephemeral For(string publicKey)
        {
            using var pair = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
            var own = PublicOf(pair);
            return new(own, Agree(pair, Convert.FromBase64String(publicKey), own));
        }
    }
}

/// <summary>The keys that seal what rests for an Endpoint.</summary>
/// <param name="PublicKey">X and Y of the point on P-256, as Base64; no secret.</param>
/// <param name="ProtectedPrivateKey">PKCS#8 as Base64, as Data Protection left it.</param>
internal sealed record SealKey(string PublicKey, string ProtectedPrivateKey)
{
    /// <summary>For which purpose Data Protection encrypts the private key.</summary>
    public static string Purpose(string endpointId) => $"Endpoint {endpointId} seal";
}
