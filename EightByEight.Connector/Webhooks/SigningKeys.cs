using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Webhooks;

/// <summary>
/// 8x8's public signing keys by base URL and <c>kid</c>: bounded in number and age, fetched once for all who wait. A key that
/// could not be had is not remembered beyond seconds, and a flood of unknown ones makes no flood of requests to 8x8.
/// </summary>
public sealed class SigningKeys(ChatGatewayClient gateway, TimeProvider time) : IDisposable
{
    /// <summary>How long a key is used before it is fetched anew.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);

    /// <summary>How long an answer "there is no such key" holds.</summary>
    public static readonly TimeSpan AbsenceAge = TimeSpan.FromSeconds(5);

    /// <summary>How many keys are kept.</summary>
    public const int MaxKeys = 1_000;

    /// <summary>How many look-ups a base URL gets in <see cref="LookUpWindow"/>.</summary>
    public const int MaxLookUps = 20;

    /// <inheritdoc cref="MaxLookUps"/>
    public static readonly TimeSpan LookUpWindow = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string BaseUrl, string KeyId), Entry> _entries = new();
    private readonly ConcurrentDictionary<string, Window> _windows = new();

    /// <summary>How many keys are kept now, those included that are known not to be there.</summary>
    internal int Count => _entries.Count;

    /// <summary>Whether a key of that server made the signature.</summary>
    /// <exception cref="SigningKeyUnavailableException">The key cannot be fetched now: the sender should try again.</exception>
    public async ValueTask<bool> VerifyAsync(string baseUrl, string? tenantId, WebhookSignature signature, CancellationToken cancellation)
    {
        var id = (baseUrl, signature.KeyId);
        var now = time.GetUtcNow();
        var cached = _entries.TryGetValue(id, out var entry) && entry.IsFresh(now) ? entry : null;
        var used = cached ?? Fetch(id, tenantId, entry);
        var key = await used.KeyAsync(cancellation);
        if (key is not null && key.Verify(signature)) return true;
        if (cached is not null && key is not null && now - cached.Since >= AbsenceAge)
        {
            // The key may have been replaced under the same id: it is fetched once more, but not by everyone who asks.
            used = Fetch(id, tenantId, cached);
            key = await used.KeyAsync(cancellation);
            if (key is not null && key.Verify(signature)) return true;
        }

        // A former key tells who is right, but not who is wrong: the signature may be by the one that cannot be had now.
        return used.HasFailed
            ? throw new SigningKeyUnavailableException("8x8's signing key may have been replaced, and cannot be fetched now.")
            : false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var entry in _entries.Values) entry.Dispose();
    }

    /// <summary>Replaces an entry by one that is being fetched, or joins whoever did so first.</summary>
    private Entry Fetch((string BaseUrl, string KeyId) id, string? tenantId, Entry? stale)
    {
        MakeRoom();
        var fresh = new Entry(time.GetUtcNow(), () => FetchAsync(id, tenantId), stale?.Last);
        return _entries.AddOrUpdate(id, fresh, (_, there) => ReferenceEquals(there, stale) || there.HasFailed ? fresh : there);
    }

    private async Task<Key?> FetchAsync((string BaseUrl, string KeyId) id, string? tenantId)
    {
        if (!_windows.GetOrAdd(id.BaseUrl, _ => new Window()).TryEnter(time.GetUtcNow()))
            throw new SigningKeyUnavailableException("Too many signing keys are being asked for.");
        try
        {
            // Not the caller's cancellation: others wait for the same answer.
            var jwk = await gateway.GetPublicKeyAsync(new Uri(id.BaseUrl), tenantId, id.KeyId, CancellationToken.None);
            return jwk is { } json ? Key.From(json) : null;
        }
        catch (ChatGatewayException failed)
        {
            throw new SigningKeyUnavailableException("8x8's signing key cannot be fetched.", failed);
        }
    }

    /// <summary>Forgets what holds no key first, so that a flood of unknown ones cannot push out a good one.</summary>
    private void MakeRoom()
    {
        if (_entries.Count < MaxKeys) return;
        foreach (var (id, _) in _entries.OrderBy(e => e.Value.Last is not null).ThenBy(e => e.Value.Since).Take(MaxKeys / 10).ToList())
            _entries.TryRemove(id, out _);
    }

    /// <summary>A key that is there, is being fetched, or is known not to be there.</summary>
    private sealed class Entry(DateTimeOffset since, Func<Task<Key?>> fetch, Key? former) : IDisposable
    {
        private readonly Lazy<Task<Key?>> _key = new(fetch);

        public DateTimeOffset Since { get; } = since;

        public bool HasKey => _key is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true, Result: not null } };

        public bool HasFailed => _key is { IsValueCreated: true, Value.IsFaulted: true };

        public bool IsFresh(DateTimeOffset now) => !_key.IsValueCreated || _key.Value switch
        {
            { IsCompletedSuccessfully: true, Result: not null } => now - Since < MaxAge,
            { IsCompletedSuccessfully: true } => now - Since < AbsenceAge,
            { IsFaulted: true } => false,
            _ => true,
        };

        /// <summary>The newest key that was ever had.</summary>
        public Key? Last => HasKey ? _key.Value.Result : former;

        /// <summary>The key; while a new one cannot be fetched, the former one goes on.</summary>
        public ValueTask<Key?> KeyAsync(CancellationToken cancellation)
        {
            return _key.Value is { IsCompletedSuccessfully: true } there ? new(there.Result) : new(WaitAsync());

            async Task<Key?> WaitAsync()
            {
                try
                {
                    return await _key.Value.WaitAsync(cancellation);
                }
                catch (SigningKeyUnavailableException) when (former is not null)
                {
                    return former;
                }
            }
        }

        public void Dispose()
        {
            if (_key is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true, Result: { } key } }) key.Dispose();
        }
    }

    /// <summary>A public key. <see cref="RSA"/> is not promised to be safe for several threads, so each gets one of a pool.</summary>
    private sealed class Key(RSAParameters parameters) : IDisposable
    {
        private readonly ConcurrentBag<RSA> _pool = [];

        public bool Verify(WebhookSignature signature)
        {
            if (!_pool.TryTake(out var rsa)) rsa = RSA.Create(parameters);
            try
            {
                return signature.IsBy(rsa);
            }
            finally
            {
                _pool.Add(rsa);
            }
        }

        /// <summary>Reads a JWK (RFC 7517); null when it is no RSA key.</summary>
        public static Key? From(JsonElement jwk)
        {
            if (jwk.ValueKind != JsonValueKind.Object
                || !jwk.TryGetProperty("kty", out var type) || type.ValueKind != JsonValueKind.String || !type.ValueEquals("RSA")
                || !jwk.TryGetProperty("n", out var n) || n.ValueKind != JsonValueKind.String
                || !jwk.TryGetProperty("e", out var e) || e.ValueKind != JsonValueKind.String) return null;
            try
            {
                var parameters = new RSAParameters
                {
                    Modulus = Base64Url.DecodeFromChars(n.GetString()),
                    Exponent = Base64Url.DecodeFromChars(e.GetString()),
                };
                var key = new Key(parameters);
                key._pool.Add(RSA.Create(parameters));
                return key;
            }
            catch (Exception wrong) when (wrong is FormatException or CryptographicException)
            {
                return null;
            }
        }

        public void Dispose()
        {
            while (_pool.TryTake(out var rsa)) rsa.Dispose();
        }
    }

    /// <summary>Counts look-ups in a window of time.</summary>
    private sealed class Window
    {
        private readonly Lock _lock = new();
        private DateTimeOffset _since;
        private int _count;

        public bool TryEnter(DateTimeOffset now)
        {
            lock (_lock)
            {
                if (now - _since >= LookUpWindow) (_since, _count) = (now, 0);
                return ++_count <= MaxLookUps;
            }
        }
    }
}

/// <summary>8x8's signing key cannot be had now.</summary>
public sealed class SigningKeyUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
