using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Privacy;

namespace EightByEight.Connector.Endpoints;

/// <summary>
/// The Endpoints as the way of an event sees them: cached for 30 s, their absence for at most 2 s. Looking one up
/// decrypts nothing; only <see cref="SecretAsync"/> does.
/// </summary>
public sealed class EndpointDirectory
{
    private const int MostAttempts = 10;
    private static readonly TimeSpan Present = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Absent = TimeSpan.FromSeconds(2);

    private readonly ConnectorStorage _acknowledge;
    private readonly ConnectorStorage _storage;
    private readonly KeyRing _ring;
    private readonly TimeProvider _time;
    private readonly RecentlyRead<Owner> _byToken;
    private readonly RecentlyRead<Endpoint> _byId;

    /// <param name="acknowledge">For the look-up of URL tokens: someone waits for the answer.</param>
    /// <param name="storage">For all else.</param>
    internal EndpointDirectory(ConnectorStorage acknowledge, ConnectorStorage storage, KeyRing ring, TimeProvider time)
    {
        (_acknowledge, _storage, _ring, _time) = (acknowledge, storage, ring, time);
        _byToken = new(time, Present, Absent, capacity: 10_000);
        _byId = new(time, Present, Absent, capacity: 10_000);
    }

    /// <summary>The Endpoint that owns an URL token, enabled or not; null when there is none.</summary>
    /// <exception cref="RequestFailedException">Storage cannot be read.</exception>
    public async ValueTask<Endpoint?> FindByTokenAsync(string urlToken, CancellationToken cancellation)
    {
        var hash = EndpointRows.Hash(urlToken);
        var owner = await _byToken.GetAsync(hash, () => ReadOwnerAsync(hash), cancellation);
        return owner is null || owner.Until <= _time.GetUtcNow() ? null : owner.Endpoint;
    }

    /// <summary>The Endpoint with that id; null when there is none.</summary>
    /// <param name="pastCache">Reads it from storage, whatever is cached.</param>
    /// <exception cref="RequestFailedException">Storage cannot be read.</exception>
    public ValueTask<Endpoint?> FindAsync(string id, bool pastCache, CancellationToken cancellation)
    {
        if (pastCache) _byId.Drop(id);
        return _byId.GetAsync(id, () => ReadAsync(_storage, id), cancellation);
    }

    /// <summary>As <see cref="FindAsync"/>, for someone who waits for the answer.</summary>
    internal ValueTask<Endpoint?> FindForAnswerAsync(string id, CancellationToken cancellation) =>
        _byId.GetAsync(id, () => ReadAsync(_acknowledge, id), cancellation);

    /// <summary>The API key in the clear.</summary>
    /// <exception cref="EndpointSecretException">No key is set, or it cannot be read now.</exception>
    public async ValueTask<string> ApiKeyAsync(Endpoint endpoint, CancellationToken cancellation) =>
        await SecretAsync(endpoint, EndpointSecrets.ApiKey, cancellation)
        ?? throw new EndpointSecretException($"Endpoint {endpoint.Id} has no API key: set eightByEight.apiKey.");

    /// <summary>A secret in the clear; null when it is not set.</summary>
    /// <param name="name">One of <see cref="EndpointSecrets.All"/>.</param>
    /// <exception cref="EndpointSecretException">It cannot be read now.</exception>
    internal async ValueTask<string?> SecretAsync(Endpoint endpoint, string name, CancellationToken cancellation) =>
        endpoint.ProtectedSecrets.TryGetValue(name, out var secret)
            ? await _ring.UnprotectAsync(EndpointSecrets.Purpose(endpoint.Id, name), secret, cancellation)
            : null;

    /// <summary>The URL token in the clear.</summary>
    /// <exception cref="EndpointSecretException">It cannot be decrypted now.</exception>
    internal Task<string> UrlTokenAsync(Endpoint endpoint, CancellationToken cancellation) =>
        // One that is only rehearsed has none.
        endpoint.ProtectedUrlToken.Length == 0 ? Task.FromResult("")
        : _ring.UnprotectAsync(EndpointStore.UrlTokenPurpose(endpoint.Id), endpoint.ProtectedUrlToken, cancellation);

    /// <summary>
    /// Stops sending for this Endpoint until a time; an admin write to it ends the pause. It is no change of the Endpoint:
    /// its version stays. An Endpoint that is gone is left alone.
    /// </summary>
    public Task PauseAsync(string id, EndpointPause pause, CancellationToken cancellation) => SetPauseAsync(id, pause, cancellation);

    /// <summary>Ends a pause, if there is one.</summary>
    internal Task ResumeAsync(string id, CancellationToken cancellation) => SetPauseAsync(id, null, cancellation);

    /// <summary>The next look-up reads the Endpoint from storage.</summary>
    internal void Drop(Endpoint endpoint)
    {
        _byId.Drop(endpoint.Id);
        _byToken.Drop(endpoint.TokenHash);
        foreach (var former in endpoint.FormerTokens) _byToken.Drop(former.Hash);
    }

    /// <summary>
    /// The Endpoint's seal; one of an earlier version has none until somebody asks. Of several who make one at a time the first counts:
    /// the others take that. Null: the Endpoint is gone.
    /// </summary>
    /// <exception cref="EndpointSecretException">The key ring cannot be used now.</exception>
    internal async Task<SealKey?> SealAsync(string id, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await RowAsync(_storage, EndpointRows.Key(id)) is not { } row) return null;
            var endpoint = EndpointRows.Endpoint(row);
            if (endpoint.Seal is { } known)
            {
                Drop(endpoint);
                return known;
            }

            var (open, secret) = Seals.NewPair();
            var made = new SealKey(open, await _ring.ProtectAsync(SealKey.Purpose(id), secret, cancellation));
            try
            {
                await _storage.Endpoints.UpdateEntityAsync(
                    EndpointRows.Row(endpoint with { Seal = made }), row.ETag, TableUpdateMode.Replace, cancellation);
                Drop(endpoint);
                return made;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412 && attempt < MostAttempts)
            {
                // Someone else was faster: take theirs.
            }
        }
    }

    private async Task SetPauseAsync(string id, EndpointPause? pause, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await RowAsync(_storage, EndpointRows.Key(id)) is not { } row) return;
            var endpoint = EndpointRows.Endpoint(row);
            if (endpoint.Pause == pause) return;
            try
            {
                await _storage.Endpoints.UpdateEntityAsync(
                    EndpointRows.Row(endpoint with { Pause = pause }), row.ETag, TableUpdateMode.Replace, cancellation);
                Drop(endpoint);
                return;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412 && attempt < MostAttempts)
            {
                // Someone else was faster: look again.
            }
        }
    }

    private async Task<Owner?> ReadOwnerAsync(string hash)
    {
        if (await RowAsync(_acknowledge, EndpointRows.TokenKey(hash)) is not { } token) return null;
        return await ReadAsync(_acknowledge, token.GetString("EndpointId")) is { } endpoint
            ? new(endpoint, token.GetDateTimeOffset("Until"))
            : null;
    }

    private static async Task<Endpoint?> ReadAsync(ConnectorStorage storage, string id) =>
        await RowAsync(storage, EndpointRows.Key(id)) is { } row ? EndpointRows.Endpoint(row) : null;

    private static async Task<TableEntity?> RowAsync(ConnectorStorage storage, string key)
    {
        // A table that does not exist yet has no rows: no need to make it first.
        var row = await storage.Endpoints.GetEntityIfExistsAsync<TableEntity>(EndpointRows.Partition, key);
        return row.HasValue ? row.Value : null;
    }

    /// <param name="Until">When the token stops working; null: it is the present one.</param>
    private sealed record Owner(Endpoint Endpoint, DateTimeOffset? Until);
}

/// <summary>A secret of an Endpoint is missing or cannot be decrypted now; trying later may work.</summary>
public sealed class EndpointSecretException(string message, Exception? inner = null) : Exception(message, inner);
