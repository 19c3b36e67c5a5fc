using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Privacy;

namespace EightByEight.Connector.Transformers;

/// <summary>Whose storage: any two texts, of which an Endpoint's transformers may make up what they like.</summary>
internal sealed record StorageKey(string UserId, string SessionId);

/// <summary>What is kept under a key, as a run read it.</summary>
/// <param name="Written">Of each property: who wrote it, and which of its writings was read.</param>
internal sealed record KeptProperties(JsonObject Values, IReadOnlyDictionary<string, (Writers Writers, ETag Tag)> Written)
{
    public static KeptProperties Nothing => new([], new Dictionary<string, (Writers, ETag)>());
}

/// <summary>What a run changed of what it read.</summary>
/// <param name="Json">Of each property that changed; null: it is deleted.</param>
/// <param name="Writer">The conversation, or a session of it, that the run was about; null: nobody knows.</param>
internal sealed record KeptChanges(KeptProperties Before, IReadOnlyDictionary<string, string?> Json, string? Writer);

/// <summary>Where <c>getSessionStorage</c> reads and writes.</summary>
internal interface ISessionStorage
{
    Task<KeptProperties> ReadAsync(string endpointId, StorageKey key, CancellationToken cancellation);

    /// <exception cref="HostException">It is too much.</exception>
    Task WriteAsync(string endpointId, StorageKey key, KeptChanges changes, CancellationToken cancellation);
}

/// <summary>
/// <c>getSessionStorage</c>: what an Endpoint's transformers keep for a user and session. Each property rests in a row of its own, so that
/// runs at the same time which write different properties never lose one another's; of the same property the last one stays. Keys may be
/// made up, so a conversation's first write of a property leaves a trace, which leads from the conversation to it.
/// </summary>
internal sealed class SessionStorage(ConnectorStorage storage, Seals seals, TimeProvider time) : ISessionStorage
{
    /// <summary>The longest value of one property, in bytes of its JSON.</summary>
    public const int MaxValue = 60_000;

    /// <summary>How many properties one storage may have, as far as the run sees that writes: others at the same time may add their own.</summary>
    public const int MaxProperties = 90;

    private const string DayPrefix = "~";
    private const string TracePrefix = "by-";
    private const string Name = "Name";
    private const string SealedName = "SealedName";
    private const string Value = "Value";
    private const string By = "By";
    private const int MostAttempts = 20;

    private TableClient Table => storage.TransformerStorage;

    public async Task<KeptProperties> ReadAsync(string endpointId, StorageKey key, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var (values, written) = (new JsonObject(), new Dictionary<string, (Writers, ETag)>());
        await foreach (var row in InAsync(Partition(endpointId, key), cancellation))
            if (await OpenAsync(row, cancellation) is var (name, value))
            {
                values[name] = value;
                written[name] = (Writers.Of(row.GetString(By)), row.ETag);
            }

        return new(values, written);
    }

    /// <exception cref="HostException">It is too much.</exception>
    public async Task WriteAsync(string endpointId, StorageKey key, KeptChanges changes, CancellationToken cancellation)
    {
        var partition = Partition(endpointId, key);
        var writer = changes.Writer is null ? null : Writers.HashOf(changes.Writer);
        await RememberAsync(partition, cancellation);
        foreach (var (name, json) in changes.Json)
        {
            if (json is null)
            {
                await Table.DeleteEntityAsync(partition, Row(name), ETag.All, cancellation);
                continue;
            }

            var value = Encoding.UTF8.GetBytes(json);
            if (value.Length > MaxValue) throw new HostException("Error", $"'{name}' has more than {MaxValue} bytes.");
            var (writers, tag) = changes.Before.Written.GetValueOrDefault(name, (Writers.None, default));
            var row = await SealAsync(partition, name, value, writers.With(writer), cancellation);
            if (writer is not null)
            {
                // Whose trace leads there already needs no other, unless an erasure took it away since.
                if (writers.Has(writer) && await UpdateAsync(row, tag, cancellation)) continue;
                // Before the row: what was written is never out of an erasure's sight.
                await TraceAsync(endpointId, writer, partition, row.RowKey, cancellation);
            }

            await Table.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellation);
        }
    }

    /// <summary>Deletes all that is kept under a key.</summary>
    public async Task DeleteAsync(string endpointId, StorageKey key, CancellationToken cancellation)
    {
        await foreach (var row in InAsync(Partition(endpointId, key), cancellation))
            await Table.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellation);
    }

    /// <summary>What the runs of a conversation wrote under other keys than some.</summary>
    /// <param name="names">Its ids and those of its sessions.</param>
    /// <param name="own">Whose writing shares nothing with others.</param>
    /// <returns>Each property, with null for a value that others wrote, too.</returns>
    public async IAsyncEnumerable<(string Name, JsonNode? Value, bool IsShared)> WrittenByAsync(
        string endpointId, IEnumerable<string> names, IEnumerable<string> own, IEnumerable<StorageKey> but,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var known = but.Select(key => Partition(endpointId, key)).ToHashSet();
        var writers = own.Select(Writers.HashOf).ToHashSet();
        foreach (var writer in names.Select(Writers.HashOf))
            await foreach (var trace in InAsync(Traces(endpointId, writer), cancellation))
                if (Place.Of(trace) is var place && !known.Contains(place.Partition) && known.Add(trace.RowKey)
                    && await FindAsync(place, cancellation) is { } row && await OpenAsync(row, cancellation) is var (name, value))
                {
                    var isShared = !Writers.Of(row.GetString(By)).Without(writers).AreNone;
                    yield return (name, isShared ? null : value, isShared);
                }
    }

    /// <summary>Takes a conversation away from what it wrote, and deletes what nobody else did. Can be repeated.</summary>
    /// <param name="names">Its ids and those of its sessions.</param>
    /// <returns>Where something stays since others wrote it, too; the trace that leads there goes afterwards.</returns>
    public async IAsyncEnumerable<string> EraseAsync(
        string endpointId, IEnumerable<string> names, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var writers = names.Select(Writers.HashOf).ToList();
        foreach (var writer in writers)
            await foreach (var trace in InAsync(Traces(endpointId, writer), cancellation))
            {
                var place = Place.Of(trace);
                if (await StaysWithoutAsync(place, writers, cancellation)) yield return place.ToString();
                await ForgetAsync(trace, cancellation);
            }
    }

    /// <summary>Whether something is there still.</summary>
    /// <param name="place">As <see cref="EraseAsync"/> gave it.</param>
    public async Task<bool> StaysAsync(string place, CancellationToken cancellation) =>
        await FindAsync(Place.Parse(place), cancellation) is not null;

    /// <summary>Deletes what was not written since, without reading anything of a later day.</summary>
    public async Task DeleteBeforeAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var days = TableClient.CreateQueryFilter($"PartitionKey ge {DayPrefix} and PartitionKey lt {DayPrefix + Day(before)}");
        await foreach (var pointer in Table.QueryAsync<TableEntity>(days, cancellationToken: cancellation))
        {
            await foreach (var row in InAsync(pointer.RowKey, cancellation))
            {
                if (row.Timestamp >= before) continue;
                // A trace lives as long as what it leads to.
                if (row.PartitionKey.StartsWith(TracePrefix, StringComparison.Ordinal) && await FindAsync(Place.Of(row), cancellation) is not null)
                    await RememberAsync(row.PartitionKey, cancellation);
                else await Table.DeleteEntityAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation);
            }

            await Table.DeleteEntityAsync(pointer.PartitionKey, pointer.RowKey, ETag.All, cancellation);
        }
    }

    /// <summary>A day's pointer to what was written on it: it comes first, so that nothing is ever out of retention's sight.</summary>
    private Task<Response> RememberAsync(string partition, CancellationToken cancellation) => Table.UpsertEntityAsync(
        new TableEntity(DayPrefix + Day(time.GetUtcNow()), partition), TableUpdateMode.Replace, cancellation);

    private async Task TraceAsync(string endpointId, string writer, string partition, string row, CancellationToken cancellation)
    {
        var traces = Traces(endpointId, writer);
        await RememberAsync(traces, cancellation);
        await Table.UpsertEntityAsync(new TableEntity(traces, new Place(partition, row).ToString()), TableUpdateMode.Replace, cancellation);
    }

    /// <returns>False: it is not as it was read any more.</returns>
    private async Task<bool> UpdateAsync(TableEntity row, ETag tag, CancellationToken cancellation)
    {
        try
        {
            await Table.UpdateEntityAsync(row, tag, TableUpdateMode.Replace, cancellation);
            return true;
        }
        catch (RequestFailedException changed) when (changed.Status is 404 or 412)
        {
            return false;
        }
    }

    /// <summary>Deletes a trace, unless a run that wrote meanwhile renewed it: the next pass finds what that wrote.</summary>
    private async Task ForgetAsync(TableEntity trace, CancellationToken cancellation)
    {
        try
        {
            await Table.DeleteEntityAsync(trace.PartitionKey, trace.RowKey, trace.ETag, cancellation);
        }
        catch (RequestFailedException renewed) when (renewed.Status == 412)
        {
            // It stays.
        }
    }

    private async Task<bool> StaysWithoutAsync(Place place, IReadOnlyList<string> writers, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await FindAsync(place, cancellation) is not { } row) return false;
            var others = Writers.Of(row.GetString(By)).Without(writers);
            try
            {
                if (others.AreNone) await Table.DeleteEntityAsync(row.PartitionKey, row.RowKey, row.ETag, cancellation);
                else
                {
                    // It counts as written today.
                    await RememberAsync(row.PartitionKey, cancellation);
                    await Table.UpdateEntityAsync(
                        new TableEntity(row.PartitionKey, row.RowKey) { [By] = others.Column }, row.ETag, TableUpdateMode.Merge, cancellation);
                }

                return !others.AreNone;
            }
            catch (RequestFailedException written) when (written.Status is 404 or 412 && attempt < MostAttempts)
            {
                // A run wrote it meanwhile: look again.
            }
        }
    }

    private async ValueTask<TableEntity> SealAsync(
        string partition, string name, byte[] value, Writers writers, CancellationToken cancellation)
    {
        var row = new TableEntity(partition, Row(name)) { [By] = writers.Column };
        row[Value] = await seals.SealAsync(KeyOf(partition), value, cancellation);
        var named = await seals.SealAsync(KeyOf(partition), Encoding.UTF8.GetBytes(name), cancellation);
        if (Seals.IsSealed(named)) row[SealedName] = named;
        else row[Name] = name;
        return row;
    }

    /// <summary>Null: nobody can open it any more.</summary>
    private async ValueTask<(string Name, JsonNode? Value)?> OpenAsync(TableEntity row, CancellationToken cancellation)
    {
        var key = KeyOf(row.PartitionKey);
        var name = row.GetBinary(SealedName) is { } stored
            ? await seals.OpenAsync(key, stored, cancellation) is { } clear ? Encoding.UTF8.GetString(clear) : null
            : row.GetString(Name);
        return name is not null && await seals.OpenAsync(key, row.GetBinary(Value), cancellation) is { } value ? (name, JsonNode.Parse(value)) : null;
    }

    private async Task<TableEntity?> FindAsync(Place place, CancellationToken cancellation)
    {
        var row = await Table.GetEntityIfExistsAsync<TableEntity>(place.Partition, place.Row, cancellationToken: cancellation);
        return row.HasValue ? row.Value : null;
    }

    private AsyncPageable<TableEntity> InAsync(string partition, CancellationToken cancellation) =>
        Table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), cancellationToken: cancellation);

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    /// <summary>Ids are arbitrary texts: their hash is not.</summary>
    private static string Partition(string endpointId, StorageKey key) => $"{endpointId}-{Hash($"{key.UserId.Length}:{key.UserId}{key.SessionId}")}";

    private static string Traces(string endpointId, string writer) => $"{TracePrefix}{endpointId}-{writer}";

    /// <summary>What was sealed for one storage does not open in another.</summary>
    private static ConversationKey KeyOf(string partition) => new(partition[..partition.IndexOf('-', StringComparison.Ordinal)], partition);

    private static string Row(string name) => Hash(name);

    internal static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Where a property rests.</summary>
    private readonly record struct Place(string Partition, string Row)
    {
        public static Place Of(TableEntity trace) => Parse(trace.RowKey);

        public static Place Parse(string text) => text.Split('|') is [var partition, var row]
            ? new(partition, row)
            : throw new FormatException($"'{text}' is no place of a property.");

        public override string ToString() => $"{Partition}|{Row}";
    }
}

/// <summary>Which conversations wrote a property since it came to be: hashes of their ids, as they rest in a column.</summary>
internal readonly record struct Writers(string Column)
{
    /// <summary>Stands for all that are not known: of an earlier version, of a run without a conversation, or too many.</summary>
    private const string Others = "*";

    private const int Most = 20;
    private const int HashLength = 32;

    /// <summary>Nobody: it is new.</summary>
    public static Writers None => new("");

    public bool AreNone => Column.Length == 0;

    private string[] All => Column.Split(',', StringSplitOptions.RemoveEmptyEntries);

    /// <param name="column">Null: an earlier version wrote it, and did not say.</param>
    public static Writers Of(string? column) => new(column ?? Others);

    public static string HashOf(string id) => SessionStorage.Hash(id)[..HashLength];

    public bool Has(string writer) => All.Contains(writer);

    /// <param name="writer">Null: somebody.</param>
    public Writers With(string? writer)
    {
        var known = All.Where(one => one != Others).Append(writer ?? Others).Where(one => one != Others).Distinct().ToList();
        var others = All.Contains(Others) || writer is null || known.Count > Most;
        return new(string.Join(',', (others ? [Others] : Array.Empty<string>()).Concat(known.TakeLast(Most))));
    }

    public Writers Without(IEnumerable<string> writers) => new(string.Join(',', All.Except(writers)));
}
