using System.Text.Json;
using System.Text.Json.Nodes;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Privacy;

/// <summary>A customer: who 8x8 says it is, on one channel of one tenant; never a name or e-mail that somebody typed.</summary>
internal sealed record CustomerKey(string Tenant, string Channel, string UserId)
{
    /// <summary>Fit for a table key. The parts are escaped, so that no two customers share one.</summary>
    public string Id => string.Join('.', new[] { Tenant, Channel, UserId }.Select(ConversationKey.Escape));
}

/// <summary>What Flows keep of customers across sessions and conversations, where an Endpoint has contact profiles.</summary>
internal sealed class Profiles(ConnectorStorage storage, TimeProvider time)
{
    /// <summary>The largest profile, in bytes of JSON.</summary>
    public const int MaxSize = 64 * 1024 - 1;

    private readonly Customers _customers = new(storage);
    private const string Row = "profile";
    private const string IndexPrefix = "profile|";
    private const int MostAttempts = 20;

    /// <summary>How many conversations a profile knows the last turn of.</summary>
    private const int MostTurns = 50;

    /// <summary>The profile; null when nothing is known.</summary>
    public async Task<StoredProfile?> FindAsync(string customerId, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var row = await storage.Profiles.GetEntityIfExistsAsync<TableEntity>(customerId, Row, cancellationToken: cancellation);
        return row.HasValue ? StoredProfile.From(row.Value!) : null;
    }

    /// <summary>
    /// Lays a turn's changes over what is there: members that it did not touch are as others left them. A turn that was applied before
    /// changes nothing.
    /// </summary>
    /// <exception cref="RequestFailedException">Storage failed, or so many others changed it that another time is better.</exception>
    public async Task ApplyAsync(ProfileChange change, ConversationKey conversation, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        for (var attempt = 1; ; attempt++)
        {
            var found = await storage.Profiles.GetEntityIfExistsAsync<TableEntity>(change.CustomerId, Row, cancellationToken: cancellation);
            var before = found.HasValue ? StoredProfile.From(found.Value!) : new StoredProfile(change.CustomerId, [], new Dictionary<string, long>(), default, "");
            var turns = new Dictionary<string, long>(before.Turns);
            if (turns.GetValueOrDefault(conversation.ToString()) >= change.Sequence) return;
            turns[conversation.ToString()] = change.Sequence;
            while (turns.Count > MostTurns) turns.Remove(turns.Keys.First());
            var profile = (JsonObject)before.Profile.DeepClone();
            foreach (var (name, value) in change.Set) profile[name] = value?.DeepClone();
            foreach (var name in change.Removed) profile.Remove(name);
            var json = JsonSerializer.SerializeToUtf8Bytes(profile, ProfileJson.Options);
            if (json.Length > MaxSize) return;
            var row = new TableEntity(change.CustomerId, Row)
            {
                ["Profile"] = json,
                ["Turns"] = JsonSerializer.Serialize(turns, ProfileJson.Options),
                ["Endpoint"] = conversation.EndpointId,
                ["UsedAt"] = time.GetUtcNow(),
            };
            if (!found.HasValue) await _customers.AddProfileAsync(change.CustomerId, cancellation);
            // Before the profile: what is not in the index is never swept.
            if (ActiveIndex.Day(before.UsedAt) != ActiveIndex.Day(time.GetUtcNow()) || before.EndpointId != conversation.EndpointId)
                await IndexAsync(change.CustomerId, conversation.EndpointId, time.GetUtcNow(), cancellation);
            try
            {
                if (found.HasValue) await storage.Profiles.UpdateEntityAsync(row, found.Value!.ETag, TableUpdateMode.Replace, cancellation);
                else await storage.Profiles.AddEntityAsync(row, cancellation);
                if (found.HasValue) await UnindexAsync(before, unless: Partition(conversation.EndpointId, ActiveIndex.Day(time.GetUtcNow())), cancellation);
                return;
            }
            catch (RequestFailedException other) when (other.Status is 404 or 409 or 412 && attempt < MostAttempts)
            {
                // Another conversation of the same customer was faster: lay the changes over that.
            }
        }
    }

    /// <summary>Forgets a customer.</summary>
    /// <returns>False: nothing was known.</returns>
    public async Task<bool> DeleteAsync(string customerId, CancellationToken cancellation)
    {
        if (await FindAsync(customerId, cancellation) is { } profile) await UnindexAsync(profile, unless: "", cancellation);
        var wasThere = (await storage.Profiles.DeleteEntityAsync(customerId, Row, ETag.All, cancellation)).Status != 404;
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
            // Used again later, it stands under a later day, too.
            if (await FindAsync(pointer.RowKey, cancellation) is { } profile && profile.UsedAt < before && profile.EndpointId == endpointId
                && await DeleteAsync(pointer.RowKey, cancellation)) deleted++;
            await storage.Index.DeleteEntityAsync(pointer.PartitionKey, pointer.RowKey, ETag.All, cancellation);
        }

        return deleted;
    }

    private async Task IndexAsync(string customerId, string endpointId, DateTimeOffset now, CancellationToken cancellation) =>
        await storage.Index.UpsertEntityAsync(
            new TableEntity(Partition(endpointId, ActiveIndex.Day(now)), customerId), TableUpdateMode.Replace, cancellation);

    private async Task UnindexAsync(StoredProfile profile, string unless, CancellationToken cancellation)
    {
        var partition = Partition(profile.EndpointId, ActiveIndex.Day(profile.UsedAt));
        if (partition != unless) await storage.Index.DeleteEntityAsync(partition, profile.CustomerId, ETag.All, cancellation);
    }

    /// <summary>By Endpoint and day: what is due is a range.</summary>
    private static string Partition(string endpointId, string day) => $"{IndexPrefix}{endpointId}|{day}";
}

/// <summary>A profile at rest.</summary>
/// <param name="CustomerId">See <see cref="CustomerKey.Id"/>.</param>
/// <param name="Turns">The last turn of each conversation that changed it.</param>
/// <param name="EndpointId">Whose conversation changed it last: that one's retention counts.</param>
internal sealed record StoredProfile(
    string CustomerId, JsonObject Profile, IReadOnlyDictionary<string, long> Turns, DateTimeOffset UsedAt, string EndpointId)
{
    public static StoredProfile From(TableEntity row) => new(
        row.PartitionKey,
        JsonNode.Parse(row.GetBinary("Profile")) as JsonObject ?? [],
        JsonSerializer.Deserialize<Dictionary<string, long>>(row.GetString("Turns"), ProfileJson.Options)!,
        row.GetDateTimeOffset("UsedAt") ?? default,
        row.GetString("Endpoint") ?? "");
}

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
