using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Azure;
using Azure.Data.Tables;

namespace EightByEight.Connector.Transformers;

/// <summary>Whose storage: any two texts, of which an Endpoint's transformers may make up what they like.</summary>
internal sealed record StorageKey(string UserId, string SessionId);

/// <summary>Where <c>getSessionStorage</c> reads and writes.</summary>
internal interface ISessionStorage
{
    Task<JsonObject> ReadAsync(string endpointId, StorageKey key, CancellationToken cancellation);

    /// <param name="changes">JSON of each property that changed; null: it is deleted.</param>
    /// <exception cref="HostException">It is too much.</exception>
    Task WriteAsync(string endpointId, StorageKey key, IReadOnlyDictionary<string, string?> changes, CancellationToken cancellation);
}

/// <summary>
/// <c>getSessionStorage</c>: what an Endpoint's transformers keep for a user and session. Each property rests in a row of its own, so that
/// runs at the same time which write different properties never lose one another's; of the same property the last one stays.
/// </summary>
internal sealed class SessionStorage(ConnectorStorage storage, TimeProvider time) : ISessionStorage
{
    /// <summary>The longest value of one property, in bytes of its JSON.</summary>
    public const int MaxValue = 60_000;

    /// <summary>How many properties one storage may have.</summary>
    public const int MaxProperties = 90;

    private const string DayPrefix = "~";

    public async Task<JsonObject> ReadAsync(string endpointId, StorageKey key, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var read = new JsonObject();
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Partition(endpointId, key)}");
        await foreach (var row in storage.TransformerStorage.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
            read[row.GetString("Name")] = JsonNode.Parse(row.GetBinary("Value"));
        return read;
    }

    /// <param name="changes">JSON of each property that changed; null: it is deleted.</param>
    /// <exception cref="HostException">It is too much.</exception>
    public async Task WriteAsync(
        string endpointId, StorageKey key, IReadOnlyDictionary<string, string?> changes, CancellationToken cancellation)
    {
        if (changes.Count > MaxProperties) throw new HostException("Error", $"It has more than {MaxProperties} properties.");
        var partition = Partition(endpointId, key);
        await RememberAsync(partition, cancellation);
        foreach (var (name, json) in changes)
        {
            if (json is null)
            {
                await storage.TransformerStorage.DeleteEntityAsync(partition, Row(name), ETag.All, cancellation);
                continue;
            }

            var value = Encoding.UTF8.GetBytes(json);
            if (value.Length > MaxValue) throw new HostException("Error", $"'{name}' has more than {MaxValue} bytes.");
            await storage.TransformerStorage.UpsertEntityAsync(
                new TableEntity(partition, Row(name)) { ["Name"] = name, ["Value"] = value }, TableUpdateMode.Replace, cancellation);
        }
    }

    /// <summary>Deletes all that is kept under a key.</summary>
    public async Task DeleteAsync(string endpointId, StorageKey key, CancellationToken cancellation)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Partition(endpointId, key)}");
        await foreach (var row in storage.TransformerStorage.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
            await storage.TransformerStorage.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellation);
    }

    /// <summary>Deletes what was not written since, without reading anything of a later day.</summary>
    public async Task DeleteBeforeAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var days = TableClient.CreateQueryFilter($"PartitionKey ge {DayPrefix} and PartitionKey lt {DayPrefix + Day(before)}");
        await foreach (var pointer in storage.TransformerStorage.QueryAsync<TableEntity>(days, cancellationToken: cancellation))
        {
            var rows = TableClient.CreateQueryFilter($"PartitionKey eq {pointer.RowKey}");
            await foreach (var row in storage.TransformerStorage.QueryAsync<TableEntity>(rows, cancellationToken: cancellation))
                if (row.Timestamp < before)
                    await storage.TransformerStorage.DeleteEntityAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation);
            await storage.TransformerStorage.DeleteEntityAsync(pointer.PartitionKey, pointer.RowKey, ETag.All, cancellation);
        }
    }

    /// <summary>A day's pointer to what was written on it: it comes first, so that nothing is ever out of retention's sight.</summary>
    private Task<Response> RememberAsync(string partition, CancellationToken cancellation) => storage.TransformerStorage.UpsertEntityAsync(
        new TableEntity(DayPrefix + Day(time.GetUtcNow()), partition), TableUpdateMode.Replace, cancellation);

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    /// <summary>Ids are arbitrary texts: their hash is not.</summary>
    private static string Partition(string endpointId, StorageKey key) => $"{endpointId}-{Hash($"{key.UserId.Length}:{key.UserId}{key.SessionId}")}";

    private static string Row(string name) => Hash(name);

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
