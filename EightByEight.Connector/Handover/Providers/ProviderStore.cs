using System.Security.Cryptography;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Admin;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// Reads and changes providers. A change is seen at once in this process, and within 30 s in others; what does not exist is
/// looked for again after 2 s.
/// </summary>
internal sealed class ProviderStore
{
    private const string IdCharacters = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int MostAttempts = 10;
    private static readonly TimeSpan Present = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Absent = TimeSpan.FromSeconds(2);

    private readonly ConnectorStorage _storage;
    private readonly KeyRing _ring;
    private readonly TimeProvider _time;
    private readonly RecentlyRead<HandoverProvider> _byId;
    private readonly RecentlyRead<HandoverProvider> _byBotKey;
    private readonly RecentlyRead<IReadOnlyList<HandoverProvider>> _byTenant;

    public ProviderStore(ConnectorStorage storage, KeyRing ring, TimeProvider time)
    {
        (_storage, _ring, _time) = (storage, ring, time);
        _byId = new(time, Present, Absent, capacity: 10_000);
        _byBotKey = new(time, Present, Absent, capacity: 10_000);
        _byTenant = new(time, Present, Absent, capacity: 10_000);
    }

    private TableClient Table => _storage.Handovers;

    /// <summary>Null when there is none.</summary>
    /// <param name="pastCache">Reads it from storage, whatever is cached.</param>
    public ValueTask<HandoverProvider?> FindAsync(string id, bool pastCache, CancellationToken cancellation)
    {
        if (pastCache) _byId.Drop(id);
        return _byId.GetAsync(id, () => ReadAsync(id), cancellation);
    }

    /// <summary>The provider whose bot has that key; null when nobody's has.</summary>
    public ValueTask<HandoverProvider?> FindByBotKeyAsync(string botKey, CancellationToken cancellation)
    {
        var hash = HandoverProvider.Hash(botKey);
        return _byBotKey.GetAsync(hash, () => ReadByBotKeyAsync(hash), cancellation);
    }

    /// <summary>The providers of an 8x8 tenant; null when there are none.</summary>
    public ValueTask<IReadOnlyList<HandoverProvider>?> OfTenantAsync(string tenantId, CancellationToken cancellation) =>
        _byTenant.GetAsync(tenantId, () => ReadOfTenantAsync(tenantId), cancellation);

    /// <summary>Providers in the order of their ids.</summary>
    /// <param name="after">The last id of the page before; empty: from the first.</param>
    public async Task<IReadOnlyList<HandoverProvider>> ListAsync(string? after, int limit, CancellationToken cancellation)
    {
        await _storage.ReadyAsync().WaitAsync(cancellation);
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {ProviderRows.Partition} and RowKey gt {ProviderRows.Key(after ?? "")} and RowKey lt {"p."}");
        return await Table.QueryAsync<TableEntity>(filter, Math.Min(limit, 1000), null, cancellation)
            .Take(limit).Select(ProviderRows.Provider).ToArrayAsync(cancellation);
    }

    public async Task<HandoverProvider> CreateAsync(ProviderChange change, CancellationToken cancellation)
    {
        await _storage.ReadyAsync().WaitAsync(cancellation);
        var now = _time.GetUtcNow();
        var provider = await WithAsync(new HandoverProvider
        {
            Id = "hp" + RandomNumberGenerator.GetString(IdCharacters, 16),
            Settings = change.Settings,
            BotKeyHash = "",
            CreatedAt = now,
        }, change, cancellation);
        await SubmitAsync(
        [
            new(TableTransactionActionType.Add, ProviderRows.Row(provider)),
            new(TableTransactionActionType.Add, ProviderRows.BotKey(provider.BotKeyHash, provider.Id)),
        ], MostAttempts, cancellation);
        Drop(provider);
        return provider;
    }

    /// <param name="isExpected">Whether this is the version that the caller means to change.</param>
    /// <param name="change">Called again when someone else was faster.</param>
    /// <returns>The provider before and after; null when there is none.</returns>
    /// <exception cref="VersionMismatchException"><paramref name="isExpected"/> said no.</exception>
    public async Task<(HandoverProvider Before, HandoverProvider After)?> ChangeAsync(
        string id, Func<long, bool> isExpected, Func<HandoverProvider, ProviderChange> change, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await RowAsync(ProviderRows.Key(id), cancellation) is not { } row) return null;
            var before = ProviderRows.Provider(row);
            if (!isExpected(before.Version)) throw new VersionMismatchException(before.Version);
            var after = await WithAsync(before, change(before), cancellation);
            List<TableTransactionAction> actions = [new(TableTransactionActionType.UpdateReplace, ProviderRows.Row(after), row.ETag)];
            if (after.BotKeyHash != before.BotKeyHash)
            {
                actions.Add(new(TableTransactionActionType.Add, ProviderRows.BotKey(after.BotKeyHash, id)));
                actions.Add(new(TableTransactionActionType.Delete, ProviderRows.BotKey(before.BotKeyHash, id), ETag.All));
            }

            if (!await SubmitAsync(actions, attempt, cancellation)) continue;
            Drop(before);
            Drop(after);
            return (before, after);
        }
    }

    /// <summary>Deletes a provider and its bot's key. Its handovers fail as soon as they have something to do.</summary>
    /// <returns>False when there is none.</returns>
    /// <exception cref="VersionMismatchException"><paramref name="isExpected"/> said no.</exception>
    public async Task<bool> DeleteAsync(string id, Func<long, bool> isExpected, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await RowAsync(ProviderRows.Key(id), cancellation) is not { } row) return false;
            var provider = ProviderRows.Provider(row);
            if (!isExpected(provider.Version)) throw new VersionMismatchException(provider.Version);
            if (!await SubmitAsync(
                [
                    new(TableTransactionActionType.Delete, row, row.ETag),
                    new(TableTransactionActionType.Delete, ProviderRows.BotKey(provider.BotKeyHash, id), ETag.All),
                ], attempt, cancellation)) continue;
            Drop(provider);
            return true;
        }
    }

    /// <summary>How to call 8x8 for this provider.</summary>
    /// <exception cref="EndpointSecretException">No API key is set, or it cannot be read now.</exception>
    public async ValueTask<ChatGatewayAccount> AccountAsync(HandoverProvider provider, CancellationToken cancellation) => new(
        new Uri(provider.Settings.BaseUrl),
        provider.ProtectedApiKey is { } apiKey
            ? await _ring.UnprotectAsync(HandoverProvider.ApiKeyPurpose(provider.Id), apiKey, cancellation)
            : throw new EndpointSecretException($"The handover provider {provider.Id} has no API key: set apiKey."),
        provider.Settings.TenantId);

    /// <summary>The secret that signs callbacks, in the clear: <c>whsec_…</c>.</summary>
    /// <exception cref="EndpointSecretException">None is set, or it cannot be read now.</exception>
    public async ValueTask<string> CallbackSecretAsync(HandoverProvider provider, CancellationToken cancellation) =>
        provider.ProtectedCallbackSecret is { } secret
            ? await _ring.UnprotectAsync(HandoverProvider.CallbackSecretPurpose(provider.Id), secret, cancellation)
            : throw new EndpointSecretException($"The handover provider {provider.Id} has no secret for callbacks: set callback.secret.");

    /// <summary>The key of the translation's provider in the clear; null: none is set.</summary>
    /// <exception cref="EndpointSecretException">It cannot be read now.</exception>
    public async ValueTask<string?> TranslationKeyAsync(HandoverProvider provider, CancellationToken cancellation) =>
        provider.ProtectedTranslationKey is { } key
            ? await _ring.UnprotectAsync(HandoverProvider.TranslationKeyPurpose(provider.Id), key, cancellation)
            : null;

    private async Task<HandoverProvider> WithAsync(HandoverProvider before, ProviderChange change, CancellationToken cancellation) => before with
    {
        Settings = change.Settings,
        ProtectedApiKey = await ProtectedAsync(
            change.ApiKey, before.ProtectedApiKey, HandoverProvider.ApiKeyPurpose(before.Id), cancellation),
        ProtectedCallbackSecret = await ProtectedAsync(
            change.CallbackSecret, before.ProtectedCallbackSecret, HandoverProvider.CallbackSecretPurpose(before.Id), cancellation),
        ProtectedTranslationKey = await ProtectedAsync(
            change.TranslationKey, before.ProtectedTranslationKey, HandoverProvider.TranslationKeyPurpose(before.Id), cancellation),
        BotKeyHash = change.BotKey.Given ? HandoverProvider.Hash(change.BotKey.Value!) : before.BotKeyHash,
        LastChanged = _time.GetUtcNow(),
        Version = before.Version + 1,
    };

    private async Task<string?> ProtectedAsync(Secret secret, string? before, string purpose, CancellationToken cancellation) =>
        !secret.Given ? before : secret.Value is null ? null : await _ring.ProtectAsync(purpose, secret.Value, cancellation);

    /// <returns>False: someone else was faster, look again.</returns>
    private async Task<bool> SubmitAsync(List<TableTransactionAction> actions, int attempt, CancellationToken cancellation)
    {
        try
        {
            await Table.SubmitTransactionAsync(actions, cancellation);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412 && attempt < MostAttempts)
        {
            return false;
        }
        catch (RequestFailedException e) when (e.ErrorCode == "EntityAlreadyExists")
        {
            throw new BodyException([new("$.botKey", "Is the key of another handover provider: take another.")]);
        }
    }

    private async Task<HandoverProvider?> ReadAsync(string id) =>
        await RowAsync(ProviderRows.Key(id), CancellationToken.None) is { } row ? ProviderRows.Provider(row) : null;

    private async Task<HandoverProvider?> ReadByBotKeyAsync(string hash) =>
        await RowAsync("k-" + hash, CancellationToken.None) is { } key ? await ReadAsync(key.GetString("ProviderId")) : null;

    private async Task<IReadOnlyList<HandoverProvider>?> ReadOfTenantAsync(string tenantId)
    {
        await _storage.ReadyAsync();
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {ProviderRows.Partition} and TenantId eq {tenantId}");
        var found = await Table.QueryAsync<TableEntity>(filter).Select(ProviderRows.Provider).ToArrayAsync();
        return found.Length == 0 ? null : found;
    }

    private async Task<TableEntity?> RowAsync(string key, CancellationToken cancellation)
    {
        // Characters that no key has are not all allowed in one: storage would answer an error.
        if (!key.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')) return null;
        await _storage.ReadyAsync().WaitAsync(cancellation);
        var row = await Table.GetEntityIfExistsAsync<TableEntity>(ProviderRows.Partition, key, cancellationToken: cancellation);
        return row.HasValue ? row.Value : null;
    }

    private void Drop(HandoverProvider provider)
    {
        _byId.Drop(provider.Id);
        _byBotKey.Drop(provider.BotKeyHash);
        _byTenant.Drop(provider.Settings.TenantId);
    }
}

/// <summary>What to make of a provider.</summary>
internal sealed record ProviderChange(ProviderSettings Settings, Secret ApiKey, Secret CallbackSecret, Secret TranslationKey, Secret BotKey);

/// <summary>A secret that a change may set.</summary>
/// <param name="Given">False: what is stored stays.</param>
/// <param name="Value">In the clear; null removes it.</param>
internal readonly record struct Secret(bool Given, string? Value)
{
    /// <summary>Not its value: this may end up in a log.</summary>
    public override string ToString() => Given ? "changed" : "kept";
}
