using System.Text.Json;
using System.Text.Json.Serialization;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Admin;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Connections;

/// <summary>
/// Keeps connections, in a partition of the table <c>Flows</c>. A change is seen at once in this process, and within 30 s in others.
/// </summary>
internal sealed class ConnectionStore(ConnectorStorage storage, KeyRing ring, TimeProvider time)
{
    private const string Partition = "connections";

    private readonly RecentlyRead<Connection> _recent = new(time, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(2), capacity: 1000);

    private TableClient Table => storage.Flows;

    /// <summary>The connection of that name, at most 30 s old; null when there is none.</summary>
    public ValueTask<Connection?> FindAsync(string name, CancellationToken cancellation) =>
        _recent.GetAsync(name, () => GetAsync(name, CancellationToken.None), cancellation);

    /// <summary>The connection as it is stored now; null when there is none.</summary>
    public async Task<Connection?> GetAsync(string name, CancellationToken cancellation)
    {
        if (!FlowRoutes.IsName(name)) return null;
        await storage.ReadyAsync().WaitAsync(cancellation);
        var row = await Table.GetEntityIfExistsAsync<TableEntity>(Partition, name, cancellationToken: cancellation);
        return row.HasValue ? Read(row.Value!) : null;
    }

    /// <summary>Connections in the order of their names.</summary>
    /// <param name="after">The last name of the page before; null: from the first.</param>
    public async Task<IReadOnlyList<Connection>> ListAsync(string? after, int limit, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Partition} and RowKey gt {after ?? ""}");
        return await Table.QueryAsync<TableEntity>(filter, Math.Min(limit, 1000), null, cancellation).Take(limit).Select(Read).ToArrayAsync(cancellation);
    }

    /// <summary>Creates or replaces a connection.</summary>
    /// <param name="isExpected">Whether this is the version that the caller means to replace; null: there is none.</param>
    /// <param name="read">The settings and the secret, given whether a secret is stored; a secret of null stays as it is.</param>
    /// <exception cref="VersionMismatchException"><paramref name="isExpected"/> said no, or someone else was faster.</exception>
    public async Task<Connection> PutAsync(
        string name, Func<long?, bool> isExpected, Func<bool, (ConnectionSettings Settings, string? Secret)> read, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var found = await Table.GetEntityIfExistsAsync<TableEntity>(Partition, name, cancellationToken: cancellation);
        var before = found.HasValue ? Read(found.Value!) : null;
        if (!isExpected(before?.Version)) throw new VersionMismatchException(before?.Version ?? 0);
        var (settings, secret) = read(before is not null);
        var now = time.GetUtcNow();
        var after = new Connection
        {
            Name = name,
            Settings = settings,
            ProtectedSecret = secret is null ? before!.ProtectedSecret : await ring.ProtectAsync(Connection.Purpose(name), secret, cancellation),
            CreatedAt = before?.CreatedAt ?? now,
            LastChanged = now,
            // It begins with the clock, so that a connection deleted and made again never repeats an ETag.
            Version = (before?.Version ?? now.ToUnixTimeMilliseconds()) + 1,
        };
        try
        {
            if (before is null) await Table.AddEntityAsync(Row(after), cancellation);
            else await Table.UpdateEntityAsync(Row(after), found.Value!.ETag, TableUpdateMode.Replace, cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 409 or 412)
        {
            // The answer to our own change may have been lost, and its repetition refused.
            if (await GetAsync(name, CancellationToken.None) is not { } stored || stored.ProtectedSecret != after.ProtectedSecret || stored.Version != after.Version)
                throw new VersionMismatchException(before?.Version ?? 0);
        }

        _recent.Drop(name);
        return after;
    }

    /// <summary>Deletes a connection.</summary>
    /// <returns>False when there is none.</returns>
    /// <exception cref="VersionMismatchException"><paramref name="isExpected"/> said no, or someone else was faster.</exception>
    public async Task<bool> DeleteAsync(string name, Func<long, bool> isExpected, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var found = await Table.GetEntityIfExistsAsync<TableEntity>(Partition, name, cancellationToken: cancellation);
        if (!found.HasValue) return false;
        var version = Read(found.Value!).Version;
        if (!isExpected(version)) throw new VersionMismatchException(version);
        try
        {
            await Table.DeleteEntityAsync(Partition, name, found.Value!.ETag, cancellation);
        }
        catch (RequestFailedException e) when (e.Status == 412)
        {
            throw new VersionMismatchException(version);
        }

        _recent.Drop(name);
        return true;
    }

    /// <summary>The secret in the clear.</summary>
    /// <exception cref="EndpointSecretException">It cannot be decrypted now.</exception>
    public Task<string> SecretAsync(Connection connection, CancellationToken cancellation) =>
        ring.UnprotectAsync(Connection.Purpose(connection.Name), connection.ProtectedSecret, cancellation);

    private static TableEntity Row(Connection connection) => new(Partition, connection.Name)
    {
        ["Settings"] = JsonSerializer.Serialize(connection.Settings, ConnectionJson.Default.ConnectionSettings),
        ["Secret"] = connection.ProtectedSecret,
        ["CreatedAt"] = connection.CreatedAt,
        ["LastChanged"] = connection.LastChanged,
        ["Version"] = connection.Version,
    };

    private static Connection Read(TableEntity row) => new()
    {
        Name = row.RowKey,
        Settings = JsonSerializer.Deserialize(row.GetString("Settings"), ConnectionJson.Default.ConnectionSettings)!,
        ProtectedSecret = row.GetString("Secret"),
        CreatedAt = row.GetDateTimeOffset("CreatedAt") ?? default,
        LastChanged = row.GetDateTimeOffset("LastChanged") ?? default,
        Version = row.GetInt64("Version") ?? 0,
    };
}

/// <summary>Connections as JSON, in storage and in the admin API.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ConnectionSettings))]
[JsonSerializable(typeof(ConnectionResource))]
[JsonSerializable(typeof(AdminList<ConnectionResource>))]
[JsonSerializable(typeof(ConnectionBodyDescription))]
internal sealed partial class ConnectionJson : JsonSerializerContext;
