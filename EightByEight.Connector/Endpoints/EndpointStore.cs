using System.Security.Cryptography;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Endpoints;

/// <summary>Reads and changes Endpoints. A change is seen at once in this process, and after the cache's time in others.</summary>
internal sealed class EndpointStore(
    ConnectorStorage storage, KeyRing ring, EndpointDirectory directory, IOptions<ConnectorOptions> options, TimeProvider time)
{
    private const string LettersAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const string UrlTokenCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + LettersAndDigits;
    private const int MostAttempts = 10;

    private TableClient Table => storage.Endpoints;

    /// <summary>Creates an Endpoint with an id and a URL token of its own.</summary>
    /// <exception cref="NameTakenException">Another Endpoint has that name.</exception>
    public async Task<Endpoint> CreateAsync(EndpointChange wanted, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var id = "ep" + RandomNumberGenerator.GetString(LettersAndDigits, 16);
        var now = time.GetUtcNow();
        var endpoint = await WithNewTokenAsync(new Endpoint
        {
            Id = id,
            Settings = wanted.Settings,
            ProtectedSecrets = await ProtectedAsync(id, new Dictionary<string, string>(), wanted.Secrets, cancellation),
            Seal = await NewSealAsync(id, cancellation),
            CreatedAt = now,
            LastChanged = now,
            Version = 1,
        }, cancellation);
        try
        {
            await Table.SubmitTransactionAsync(
            [
                Add(EndpointRows.Row(endpoint)), Add(EndpointRows.TokenRow(endpoint.TokenHash, id, null)),
                Add(EndpointRows.NameRow(endpoint.Settings.Name, id)),
            ], cancellation);
        }
        catch (RequestFailedException e) when (e.ErrorCode == "EntityAlreadyExists")
        {
            // Nobody else makes this id: where it is there, the answer was lost and the client asked again.
            if (await RowAsync(id, cancellation) is null) throw new NameTakenException(endpoint.Settings.Name);
        }

        directory.Drop(endpoint);
        return endpoint;
    }

    /// <summary>Null when there is none.</summary>
    public async Task<Endpoint?> GetAsync(string id, CancellationToken cancellation) =>
        await RowAsync(id, cancellation) is { } row ? EndpointRows.Endpoint(row) : null;

    /// <summary>Endpoints in the order of their ids.</summary>
    /// <param name="after">The last id of the page before; null: from the first.</param>
    public async Task<IReadOnlyList<Endpoint>> ListAsync(string? after, int limit, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {EndpointRows.Partition} and RowKey gt {EndpointRows.Key(after ?? "")} and RowKey lt {"e."}");
        return await Table.QueryAsync<TableEntity>(filter, Math.Min(limit, 1000), null, cancellation)
            .Take(limit).Select(EndpointRows.Endpoint).ToArrayAsync(cancellation);
    }

    /// <summary>The ids of Endpoints that are bound to one version of a Flow.</summary>
    public async Task<IReadOnlyList<string>> OfFlowVersionAsync(string flow, int version, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {EndpointRows.Partition} and Flow eq {flow}");
        return await Table.QueryAsync<TableEntity>(filter, cancellationToken: cancellation).Select(EndpointRows.Endpoint)
            .Where(endpoint => endpoint.Settings.FlowVersion == version).Select(endpoint => endpoint.Id).ToArrayAsync(cancellation);
    }

    /// <summary>Changes settings and secrets, and ends a pause.</summary>
    /// <param name="isExpected">Whether this is the version that the caller means to change.</param>
    /// <param name="change">Called again when someone else was faster.</param>
    /// <returns>The Endpoint before and after; null when there is none.</returns>
    /// <exception cref="VersionMismatchException"><paramref name="isExpected"/> said no.</exception>
    /// <exception cref="NameTakenException">Another Endpoint has the new name.</exception>
    public Task<Changed?> ChangeAsync(
        string id, Func<long, bool> isExpected, Func<Endpoint, Task<EndpointChange>> change, CancellationToken cancellation) =>
        UpdateAsync(id, isExpected, async before =>
        {
            var wanted = await change(before);
            var secrets = await ProtectedAsync(id, before.ProtectedSecrets, wanted.Secrets, cancellation);
            return Touched(before) with { Settings = wanted.Settings, ProtectedSecrets = secrets, Seal = before.Seal ?? await NewSealAsync(id, cancellation) };
        }, cancellation);

    /// <summary>Gives the Endpoint a new URL token; the former goes on working for the configured time.</summary>
    /// <param name="revokeNow">All former tokens stop working at once.</param>
    public Task<Changed?> NewUrlTokenAsync(string id, Func<long, bool> isExpected, bool revokeNow, CancellationToken cancellation) =>
        UpdateAsync(id, isExpected, before =>
        {
            var touched = Touched(before);
            var now = touched.LastChanged;
            var former = before.FormerTokens.Append(new(before.TokenHash, now + options.Value.UrlTokenGrace))
                .Where(token => !revokeNow && token.Until > now)
                .TakeLast(20)
                .ToArray();
            return WithNewTokenAsync(touched with { FormerTokens = former }, cancellation);
        }, cancellation);

    /// <summary>Deletes the Endpoint and all its URL tokens.</summary>
    /// <returns>What was deleted; null when there was none.</returns>
    /// <exception cref="VersionMismatchException"><paramref name="isExpected"/> said no.</exception>
    public async Task<Endpoint?> DeleteAsync(string id, Func<long, bool> isExpected, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await RowAsync(id, cancellation) is not { } row) return null;
            var endpoint = EndpointRows.Endpoint(row);
            if (!isExpected(endpoint.Version)) throw new VersionMismatchException(endpoint.Version);
            var tokens = endpoint.FormerTokens.Select(t => t.Hash).Append(endpoint.TokenHash)
                .Select(hash => Delete(EndpointRows.TokenRow(hash, id, null)));
            try
            {
                await Table.SubmitTransactionAsync(
                    [new(TableTransactionActionType.Delete, row, row.ETag), .. tokens, .. await ReleaseNameAsync(endpoint, cancellation)], cancellation);
                directory.Drop(endpoint);
                return endpoint;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412 && attempt < MostAttempts)
            {
                // Someone else was faster: look again.
            }
        }
    }

    /// <summary>The URL token in the clear, for display.</summary>
    /// <exception cref="EndpointSecretException">It cannot be decrypted now.</exception>
    public Task<string> UrlTokenAsync(Endpoint endpoint, CancellationToken cancellation) =>
        ring.UnprotectAsync(UrlTokenPurpose(endpoint.Id), endpoint.ProtectedUrlToken, cancellation);

    internal static string UrlTokenPurpose(string id) => $"Endpoint {id} urlToken";

    private async Task<Changed?> UpdateAsync(
        string id, Func<long, bool> isExpected, Func<Endpoint, Task<Endpoint>> change, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await RowAsync(id, cancellation) is not { } row) return null;
            var before = EndpointRows.Endpoint(row);
            if (!isExpected(before.Version)) throw new VersionMismatchException(before.Version);
            var after = await change(before);
            try
            {
                await Table.SubmitTransactionAsync(
                [
                    new(TableTransactionActionType.UpdateReplace, EndpointRows.Row(after), row.ETag),
                    .. TokenActions(before, after), .. await NameActionsAsync(before, after, cancellation),
                ], cancellation);
                directory.Drop(before);
                directory.Drop(after);
                return new(before, after);
            }
            catch (RequestFailedException e) when (e.Status is 404 or 409 or 412 && attempt < MostAttempts)
            {
                // Someone else was faster: look again.
            }
        }
    }

    /// <summary>What must change in the look-up when the tokens of an Endpoint do.</summary>
    private static IEnumerable<TableTransactionAction> TokenActions(Endpoint before, Endpoint after)
    {
        if (before.TokenHash == after.TokenHash) yield break;
        yield return Add(EndpointRows.TokenRow(after.TokenHash, after.Id, null));
        var still = after.FormerTokens.ToDictionary(t => t.Hash, t => t.Until);
        foreach (var hash in before.FormerTokens.Select(t => t.Hash).Append(before.TokenHash))
            yield return still.TryGetValue(hash, out var until)
                ? new(TableTransactionActionType.UpsertReplace, EndpointRows.TokenRow(hash, after.Id, until))
                : Delete(EndpointRows.TokenRow(hash, after.Id, null));
    }

    /// <summary>What takes the new name and gives the old one back; nothing where the name stays.</summary>
    private async Task<IReadOnlyList<TableTransactionAction>> NameActionsAsync(Endpoint before, Endpoint after, CancellationToken cancellation)
    {
        var name = after.Settings.Name;
        var owner = await OwnerAsync(name, cancellation);
        if (owner is not null && owner != after.Id) throw new NameTakenException(name);
        IReadOnlyList<TableTransactionAction> taken = owner is null ? [Add(EndpointRows.NameRow(name, after.Id))] : [];
        return EndpointRows.NameKey(name) == EndpointRows.NameKey(before.Settings.Name)
            ? taken : [.. taken, .. await ReleaseNameAsync(before, cancellation)];
    }

    private async Task<IReadOnlyList<TableTransactionAction>> ReleaseNameAsync(Endpoint endpoint, CancellationToken cancellation) =>
        await OwnerAsync(endpoint.Settings.Name, cancellation) == endpoint.Id
            ? [Delete(EndpointRows.NameRow(endpoint.Settings.Name, endpoint.Id))] : [];

    private async Task<string?> OwnerAsync(string name, CancellationToken cancellation)
    {
        var row = await Table.GetEntityIfExistsAsync<TableEntity>(
            EndpointRows.Partition, EndpointRows.NameKey(name), cancellationToken: cancellation);
        return row.HasValue ? row.Value!.GetString("EndpointId") : null;
    }

    private async Task<IReadOnlyDictionary<string, string>> ProtectedAsync(
        string id, IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string?> changes, CancellationToken cancellation)
    {
        var secrets = new Dictionary<string, string>(before);
        foreach (var (name, clear) in changes)
        {
            if (clear is null) secrets.Remove(name);
            else secrets[name] = await ring.ProtectAsync(EndpointSecrets.Purpose(id, name), clear, cancellation);
        }

        return secrets;
    }

    private async Task<SealKey> NewSealAsync(string id, CancellationToken cancellation)
    {
        var (open, secret) = Seals.NewPair();
        return new(open, await ring.ProtectAsync(SealKey.Purpose(id), secret, cancellation));
    }

    private async Task<Endpoint> WithNewTokenAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        var token = RandomNumberGenerator.GetString(UrlTokenCharacters, 64);
        return endpoint with
        {
            TokenHash = EndpointRows.Hash(token),
            ProtectedUrlToken = await ring.ProtectAsync(UrlTokenPurpose(endpoint.Id), token, cancellation),
        };
    }

    private Endpoint Touched(Endpoint before) =>
        before with { Pause = null, LastChanged = time.GetUtcNow(), Version = before.Version + 1 };

    private async Task<TableEntity?> RowAsync(string id, CancellationToken cancellation)
    {
        // Characters that no id has are not all allowed in a key: storage would answer an error.
        if (!id.All(char.IsAsciiLetterOrDigit)) return null;
        await storage.ReadyAsync().WaitAsync(cancellation);
        var row = await Table.GetEntityIfExistsAsync<TableEntity>(
            EndpointRows.Partition, EndpointRows.Key(id), cancellationToken: cancellation);
        return row.HasValue ? row.Value : null;
    }

    private static TableTransactionAction Add(TableEntity row) => new(TableTransactionActionType.Add, row);

    private static TableTransactionAction Delete(TableEntity row) => new(TableTransactionActionType.Delete, row, ETag.All);
}

/// <summary>What to make of an Endpoint.</summary>
/// <param name="Settings">All of them.</param>
/// <param name="Secrets">In the clear, by their path; null removes one, and those that are not named stay.</param>
internal sealed record EndpointChange(EndpointSettings Settings, IReadOnlyDictionary<string, string?> Secrets);

/// <summary>An Endpoint before and after a change.</summary>
internal sealed record Changed(Endpoint Before, Endpoint After);

/// <summary>Another Endpoint has the name, in whatever case.</summary>
internal sealed class NameTakenException(string name) : Exception($"Another Endpoint is named '{name}'. Choose another name.");

/// <summary>What is stored is not the version that the caller means.</summary>
internal sealed class VersionMismatchException(long current) : Exception("It was changed meanwhile.")
{
    public long Current { get; } = current;
}
