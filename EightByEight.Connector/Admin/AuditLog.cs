using Azure.Data.Tables;

namespace EightByEight.Connector.Admin;

/// <summary>One write through the admin API.</summary>
/// <param name="At">When it was done.</param>
/// <param name="Who">Which admin key, and from which address.</param>
/// <param name="What">Such as <c>endpoint.patch</c>.</param>
/// <param name="Target">Such as an Endpoint's id or a Flow's name.</param>
/// <param name="Changed">JSON paths of what changed; never values.</param>
internal sealed record AuditEntry(DateTimeOffset At, string Who, string What, string Target, IReadOnlyList<string> Changed);

/// <summary>Who changed what, newest first.</summary>
internal sealed class AuditLog(ConnectorStorage storage)
{
    private const string Partition = "audit";

    public async Task AddAsync(AuditEntry entry, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        // Row keys sort ascending: counted down, the newest entry is the first.
        var key = $"{long.MaxValue - entry.At.UtcTicks:d19}-{Guid.NewGuid():n}";
        await storage.Audit.AddEntityAsync(new TableEntity(Partition, key)
        {
            ["At"] = entry.At,
            ["Who"] = entry.Who,
            ["What"] = entry.What,
            ["Target"] = entry.Target,
            ["Changed"] = string.Join('\n', entry.Changed),
        }, cancellation);
    }

    /// <param name="after">What the page before gave; null: from the newest.</param>
    public async Task<(IReadOnlyList<AuditEntry> Items, string? Continue)> ListAsync(string? after, int limit, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Partition} and RowKey gt {after ?? ""}");
        var rows = await storage.Audit.QueryAsync<TableEntity>(filter, Math.Min(limit + 1, 1000), null, cancellation)
            .Take(limit + 1).ToArrayAsync(cancellation);
        var page = rows.Take(limit).ToArray();
        return ([.. page.Select(Read)], rows.Length > limit ? page[^1].RowKey : null);
    }

    private static AuditEntry Read(TableEntity row) => new(
        row.GetDateTimeOffset("At") ?? default, row.GetString("Who"), row.GetString("What"), row.GetString("Target"),
        row.GetString("Changed").Split('\n', StringSplitOptions.RemoveEmptyEntries));
}
