using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Privacy;

/// <summary>Something that rests of a customer.</summary>
/// <param name="Row">Its row in the index.</param>
/// <param name="Tenant">As keys have it, and so has the channel.</param>
/// <param name="ProfileId">Of a profile, see <see cref="Profiles.PlaceOf"/>; of an earlier version the customer's id; null: it is none.</param>
/// <param name="Key">A conversation, or a handover; null: it is a profile.</param>
/// <param name="ConversationId">As 8x8 gave it.</param>
internal sealed record CustomerTrace(
    TableEntity Row, string Tenant, string Channel, string? ProfileId, ConversationKey? Key, string ConversationId);

/// <summary>
/// Where a customer's data are: by user id, a row for each conversation, handover and profile. It is written before what it leads to, once.
/// Keys are hashes: user ids are of any length, and rest nowhere in the clear for being looked up.
/// </summary>
internal sealed class Customers(ConnectorStorage storage)
{
    private const string ProfileRow = "profile";

    /// <summary>The partition of all customers with a user id.</summary>
    public static string PartitionOf(string userId) => "customer|" + Hash(ConversationKey.Escape(userId));

    /// <summary>The partition in which a customer is.</summary>
    /// <param name="customerId">See <see cref="CustomerKey.Id"/>.</param>
    public static string PartitionOfCustomer(string customerId) => "customer|" + Hash(customerId[(customerId.LastIndexOf('.') + 1)..]);

    /// <summary>Lets a customer lead to a conversation or handover.</summary>
    public Task AddAsync(string customerId, ConversationKey key, string conversationId, CancellationToken cancellation) =>
        storage.Index.UpsertEntityAsync(Row(customerId, key, conversationId), TableUpdateMode.Replace, cancellation);

    /// <summary>Lets a customer lead to the profile.</summary>
    public Task AddProfileAsync(string customerId, CancellationToken cancellation) =>
        storage.Index.UpsertEntityAsync(Row(customerId, null, ""), TableUpdateMode.Replace, cancellation);

    /// <summary>Where that way is noted, without a word of who the customer is.</summary>
    public static string PlaceOf(string customerId, ConversationKey key)
    {
        var row = Row(customerId, key, "");
        return $"{row.PartitionKey}|{row.RowKey}";
    }

    /// <summary>Forgets a way, if it is there.</summary>
    /// <param name="place">See <see cref="PlaceOf"/>.</param>
    public Task DeleteAsync(string place, CancellationToken cancellation) =>
        DeleteAsync(new TableEntity(place[..place.LastIndexOf('|')], place[(place.LastIndexOf('|') + 1)..]), cancellation);

    /// <summary>Forgets that way, if it is there.</summary>
    public Task DeleteAsync(string customerId, ConversationKey? key, CancellationToken cancellation) =>
        DeleteAsync(Row(customerId, key, ""), cancellation);

    /// <summary>Forgets one way.</summary>
    public Task DeleteAsync(TableEntity row, CancellationToken cancellation) =>
        storage.Index.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellation);

    /// <summary>All that a partition leads to.</summary>
    public async IAsyncEnumerable<CustomerTrace> FindAsync(string partition, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition}");
        await foreach (var row in storage.Index.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
            yield return new(
                row, row.GetString("Tenant") ?? "", row.GetString("Channel") ?? "", row.GetString("Profile"),
                row.GetString("K") is { } key ? ConversationKey.Parse(key) : null, row.GetString("Conversation") ?? "");
    }

    /// <summary>As keys have them.</summary>
    public static (string Tenant, string Channel) PartsOf(string customerId) =>
        customerId.Split('.') is [var tenant, var channel, ..] ? (tenant, channel) : ("", "");

    private static TableEntity Row(string customerId, ConversationKey? key, string conversationId) => new(
        PartitionOfCustomer(customerId), Hash($"{customerId}\n{key?.ToString() ?? ProfileRow}"))
    {
        ["Tenant"] = PartsOf(customerId).Tenant,
        ["Channel"] = PartsOf(customerId).Channel,
        ["Profile"] = key is null ? Profiles.PlaceOf(customerId) : null,
        ["K"] = key?.ToString(),
        ["Conversation"] = conversationId,
    };

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
