using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Privacy;

/// <summary>A customer: who 8x8 says it is, on one channel of one tenant; never a name or e-mail that somebody typed.</summary>
internal sealed record CustomerKey(string Tenant, string Channel, string UserId)
{
    /// <summary>Fit for a table key. The parts are escaped, so that no two customers share one.</summary>
    public string Id => string.Join('.', new[] { Tenant, Channel, UserId }.Select(ConversationKey.Escape));
}

/// <summary>What Flows keep of customers across sessions and conversations, where an Endpoint has contact profiles.</summary>
/// <remarks>They rest sealed, and under hashes: a key that named the customer could not be sealed. Those of an earlier version rest in the
/// clear, under the customer's id, until they are changed; so does one that is too large to be sealed, until a change makes it fit.</remarks>
internal sealed class Profiles(ConnectorStorage storage, Seals seals, TimeProvider time)
{
    /// <summary>The largest profile, in bytes of JSON: sealed, it fits into one column.</summary>
    public const int MaxSize = 64 * 1024 - 1 - Seals.Overhead;

    private readonly Customers _customers = new(storage);
    private const string Row = "profile";
    private const string Room = "profile";
    private const string HashPrefix = "=p";
    private const string IndexPrefix = "profile|";
    private const int MostAttempts = 20;

    /// <summary>How many conversations a profile knows the last turn of.</summary>
    private const int MostTurns = 50;

    /// <summary>Whether it names what profiles are sealed with.</summary>
    public static bool IsKey(ConversationKey key) => key.EndpointId == Room;

    /// <summary>Where the profile of a customer rests: no customer's id begins like that.</summary>
    /// <param name="customer">See <see cref="CustomerKey.Id"/>; or the place already.</param>
    public static string PlaceOf(string customer) => customer.StartsWith(HashPrefix, StringComparison.Ordinal)
        ? customer
        : HashPrefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(customer)));

    /// <summary>The profile; null when nothing is known.</summary>
    /// <param name="customer">See <see cref="CustomerKey.Id"/>; or the place of it.</param>
    public async Task<StoredProfile?> FindAsync(string customer, CancellationToken cancellation) =>
        await RowAsync(customer, cancellation) is { } row ? await OpenAsync(row, cancellation) : null;

    /// <summary>
    /// Lays a turn's changes over what is there: members that it did not touch are as others left them. A turn that was applied before
    /// changes nothing.
    /// </summary>
    /// <exception cref="RequestFailedException">Storage failed, or so many others changed it that another time is better.</exception>
    public async Task ApplyAsync(ProfileChange change, ConversationKey conversation, CancellationToken cancellation)
    {
        var place = PlaceOf(change.CustomerId);
        for (var attempt = 1; ; attempt++)
        {
            var found = await RowAsync(change.CustomerId, cancellation);
            var before = found is null
                ? new StoredProfile(place, change.CustomerId, [], new Dictionary<string, long>(), default, "")
                : await OpenAsync(found, cancellation);
            var turns = new Dictionary<string, long>(before.Turns);
            if (turns.GetValueOrDefault(conversation.ToString()) >= change.Sequence) return;
            turns[conversation.ToString()] = change.Sequence;
            while (turns.Count > MostTurns) turns.Remove(turns.Keys.First());
            var json = JsonSerializer.SerializeToUtf8Bytes(change.On(before.Profile), ProfileJson.Options);
            if (json.Length > MaxSize) return;
            var row = new TableEntity(place, Row)
            {
                ["Profile"] = await SealAsync(place, json, cancellation),
                ["Customer"] = await SealAsync(place, Encoding.UTF8.GetBytes(change.CustomerId), cancellation),
                ["Turns"] = JsonSerializer.Serialize(turns, ProfileJson.Options),
                ["Endpoint"] = conversation.EndpointId,
                ["UsedAt"] = time.GetUtcNow(),
            };
            if (found?.PartitionKey != place) await _customers.AddProfileAsync(change.CustomerId, cancellation);
            // Before the profile: what is not in the index is never swept.
            if (ActiveIndex.Day(before.UsedAt) != ActiveIndex.Day(time.GetUtcNow()) || before.EndpointId != conversation.EndpointId
                || before.Place != place)
                await IndexAsync(place, conversation.EndpointId, time.GetUtcNow(), cancellation);
            try
            {
                if (found?.PartitionKey == place) await storage.Profiles.UpdateEntityAsync(row, found.ETag, TableUpdateMode.Replace, cancellation);
                else await storage.Profiles.AddEntityAsync(row, cancellation);
                if (found is not null && found.PartitionKey != place) await DropAsync(found, cancellation);
                else if (found is not null)
                    await UnindexAsync(found, unless: Partition(conversation.EndpointId, ActiveIndex.Day(time.GetUtcNow())), cancellation);
                return;
            }
            catch (RequestFailedException other) when (other.Status is 404 or 409 or 412 && attempt < MostAttempts)
            {
                // Another conversation of the same customer was faster: lay the changes over that.
            }
        }
    }

    /// <summary>Forgets a customer, whether or not the profile can be opened.</summary>
    /// <returns>False: nothing was known.</returns>
    /// <param name="customer">See <see cref="CustomerKey.Id"/>; or the place of its profile.</param>
    public async Task<bool> DeleteAsync(string customer, CancellationToken cancellation)
    {
        var row = await RowAsync(customer, cancellation);
        var customerId = customer != PlaceOf(customer) ? customer : row is null ? null : await CustomerAsync(row, cancellation);
        var wasThere = row is not null && await DropAsync(row, cancellation);
        if (customerId is null) return wasThere;
        // Who moved it may have died before the former row went.
        if (row is not null && row.PartitionKey != customerId) await DeleteAsync(storage.Profiles, customerId, Row, cancellation);
        await _customers.DeleteAsync(customerId, null, cancellation);
        return wasThere;
    }

    /// <summary>Deletes the profiles of an Endpoint that were not used since a time. It reads the days that are due, never all profiles.</summary>
    /// <returns>How many were deleted.</returns>
    public async Task<int> ExpireAsync(string endpointId, DateTimeOffset before, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var deleted = 0;
        var (start, end) = (Partition(endpointId, ""), Partition(endpointId, ActiveIndex.Day(before)));
        var filter = TableClient.CreateQueryFilter($"PartitionKey ge {start} and PartitionKey lt {end}");
        await foreach (var pointer in storage.Index.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            var row = await RowAsync(pointer.RowKey, cancellation);
            // It has moved: what a version before left, or wrote anew, is of no use.
            if (row is not null && row.PartitionKey != pointer.RowKey) await DeleteAsync(storage.Profiles, pointer.RowKey, Row, cancellation);
            // Used again later, it stands under a later day, too.
            else if (row is not null && UsedAt(row) < before && EndpointOf(row) == endpointId
                && await DeleteAsync(pointer.RowKey, cancellation)) deleted++;
            await DeleteAsync(storage.Index, pointer.PartitionKey, pointer.RowKey, cancellation);
        }

        return deleted;
    }

    /// <summary>Its row; one of an earlier version rests under the customer's id, asked for by a filter: diagnostics note the paths of requests.</summary>
    private async Task<TableEntity?> RowAsync(string customer, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var place = PlaceOf(customer);
        var row = await storage.Profiles.GetEntityIfExistsAsync<TableEntity>(place, Row, cancellationToken: cancellation);
        if (row.HasValue || customer == place) return row.HasValue ? row.Value : null;
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {customer} and RowKey eq {Row}");
        return await storage.Profiles.QueryAsync<TableEntity>(filter, cancellationToken: cancellation).FirstOrDefaultAsync(cancellation);
    }

    private async ValueTask<StoredProfile> OpenAsync(TableEntity row, CancellationToken cancellation) => new(
        row.PartitionKey,
        await OpenAsync(row, "Customer", cancellation) is { } customer ? Encoding.UTF8.GetString(customer) : row.PartitionKey,
        await OpenAsync(row, "Profile", cancellation) is { } profile ? JsonNode.Parse(profile) as JsonObject ?? [] : [],
        JsonSerializer.Deserialize<Dictionary<string, long>>(row.GetString("Turns"), ProfileJson.Options)!,
        UsedAt(row),
        EndpointOf(row));

    private async ValueTask<byte[]?> OpenAsync(TableEntity row, string column, CancellationToken cancellation) =>
        row.GetBinary(column) is { } stored ? await seals.OpenAsync(new(Room, row.PartitionKey), stored, cancellation) : null;

    /// <summary>Whose it is; null: nobody can tell now.</summary>
    private async ValueTask<string?> CustomerAsync(TableEntity row, CancellationToken cancellation)
    {
        try
        {
            return await OpenAsync(row, "Customer", cancellation) is { } customer ? Encoding.UTF8.GetString(customer) : row.PartitionKey;
        }
        catch (Exception unreadable) when (unreadable is EndpointSecretException or CryptographicException)
        {
            return null;
        }
    }

    private static DateTimeOffset UsedAt(TableEntity row) => row.GetDateTimeOffset("UsedAt") ?? default;

    private static string EndpointOf(TableEntity row) => row.GetString("Endpoint") ?? "";

    private ValueTask<byte[]> SealAsync(string place, byte[] clear, CancellationToken cancellation) =>
        seals.SealAsync(new(Room, place), clear, cancellation);

    private async Task<bool> DropAsync(TableEntity row, CancellationToken cancellation)
    {
        await UnindexAsync(row, unless: "", cancellation);
        return await DeleteAsync(storage.Profiles, row.PartitionKey, Row, cancellation);
    }

    /// <summary>Deletes a row, if it is there. Its keys go in a body: those of an earlier version name customers, and URLs are traced.</summary>
    private static async Task<bool> DeleteAsync(TableClient table, string partition, string row, CancellationToken cancellation)
    {
        try
        {
            await table.SubmitTransactionAsync(
                [new(TableTransactionActionType.Delete, new TableEntity(partition, row), ETag.All)], cancellation);
            return true;
        }
        catch (RequestFailedException gone) when (gone.Status == 404)
        {
            return false;
        }
    }

    private async Task IndexAsync(string place, string endpointId, DateTimeOffset now, CancellationToken cancellation) =>
        await storage.Index.UpsertEntityAsync(
            new TableEntity(Partition(endpointId, ActiveIndex.Day(now)), place), TableUpdateMode.Replace, cancellation);

    private async Task UnindexAsync(TableEntity row, string unless, CancellationToken cancellation)
    {
        var partition = Partition(EndpointOf(row), ActiveIndex.Day(UsedAt(row)));
        if (partition != unless) await DeleteAsync(storage.Index, partition, row.PartitionKey, cancellation);
    }

    /// <summary>By Endpoint and day: what is due is a range.</summary>
    private static string Partition(string endpointId, string day) => $"{IndexPrefix}{endpointId}|{day}";
}

/// <summary>A profile as it was read.</summary>
/// <param name="Place">Where it rests.</param>
/// <param name="CustomerId">See <see cref="CustomerKey.Id"/>.</param>
/// <param name="Turns">The last turn of each conversation that changed it.</param>
/// <param name="EndpointId">Whose conversation changed it last: that one's retention counts.</param>
internal sealed record StoredProfile(
    string Place, string CustomerId, JsonObject Profile, IReadOnlyDictionary<string, long> Turns, DateTimeOffset UsedAt, string EndpointId);

/// <summary>What a turn changed of its customer's profile. It commits with the turn and is applied afterwards.</summary>
internal sealed record ProfileChange
{
    /// <summary>See <see cref="CustomerKey.Id"/>.</summary>
    public string CustomerId { get; set; } = "";

    /// <summary>The turn's number; 0 until it is given.</summary>
    public long Sequence { get; set; }

    /// <summary>Top-level members with their new values.</summary>
    public JsonObject Set { get; set; } = [];

    /// <summary>Top-level members that are gone.</summary>
    public IReadOnlyList<string> Removed { get; set; } = [];

    /// <summary>A profile after this change.</summary>
    public JsonObject On(JsonObject before)
    {
        var profile = (JsonObject)before.DeepClone();
        foreach (var (name, value) in Set) profile[name] = value?.DeepClone();
        foreach (var name in Removed) profile.Remove(name);
        return profile;
    }

    /// <summary>What became of a profile; null: nothing.</summary>
    public static ProfileChange? Between(string customerId, JsonObject before, JsonObject after)
    {
        var set = new JsonObject(after.Where(m => !before.TryGetPropertyValue(m.Key, out var old) || !JsonNode.DeepEquals(old, m.Value))
            .Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone())));
        var removed = before.Select(m => m.Key).Where(name => !after.ContainsKey(name)).ToArray();
        return set.Count == 0 && removed.Length == 0 ? null : new ProfileChange { CustomerId = customerId, Set = set, Removed = removed };
    }
}

internal static class ProfileJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);
}
