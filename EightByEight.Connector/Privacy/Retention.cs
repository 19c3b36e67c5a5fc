using System.Text.Json;
using System.Text.Json.Serialization;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Analytics;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Privacy;

/// <summary>For how many days each kind of data is kept: an Endpoint's settings, remembered so that they outlive it.</summary>
internal sealed record Periods
{
    public int Sessions { get; set; } = new SessionSettings().RetentionDays;
    public RetentionSettings Collected { get; set; } = new();

    /// <summary>The state of a session that has not ended is kept, whatever the setting says.</summary>
    public static Periods Of(EndpointSettings settings, TimeSpan longestSession)
    {
        var minutes = settings.Session.ExpirationMinutes;
        var lifetime = minutes > 0 && TimeSpan.FromMinutes(minutes) < longestSession ? TimeSpan.FromMinutes(minutes) : longestSession;
        return new() { Sessions = Math.Max(settings.Session.RetentionDays, (int)Math.Ceiling(lifetime.TotalDays)), Collected = settings.DataProtection.RetentionDays };
    }
}

/// <summary>An Endpoint whose data rest, also after it was deleted.</summary>
/// <param name="Endpoint">Null: it was deleted.</param>
/// <param name="Row">How far each kind of data is dealt with.</param>
internal sealed record Keeper(string EndpointId, Endpoint? Endpoint, Periods Periods, TableEntity Row);

/// <summary>Something that rests beside conversations, and how what is too old of it is deleted.</summary>
/// <param name="Delete">Deletes what rests of days before that of a time, and reads nothing else. Can be repeated.</param>
internal sealed record Resting(
    string Name, Func<Periods, int> Days, Func<Keeper, DateTimeOffset, CancellationToken, Task<int>> Delete);

/// <summary>
/// Deletes what is older than its Endpoint's settings let it be. What rests is found by its day: a row that is not due is not read, and
/// a day that was dealt with is not looked at again. A sweep that is cut short is continued by the next one.
/// </summary>
internal sealed partial class Retention(
    ConnectorStorage storage, EndpointStore endpoints, ConversationRetention conversations, Profiles profiles, StoredFiles files,
    DayTables days, AnalyticsStore analytics, IOptions<ConversationOptions> options, TimeProvider time, ILogger<Retention> logger)
{
    internal const string Partition = "retention";

    /// <summary>Clocks differ: what is older than the Endpoint by so much was not written for it.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromDays(3);

    /// <summary>A deleted Endpoint's data are looked after for so long beyond their longest retention.</summary>
    private const int Grace = 7;

    private readonly IReadOnlyList<Resting> _all =
    [
        new("profiles", p => p.Collected.Profiles, (k, before, c) => profiles.ExpireAsync(k.EndpointId, before, c)),
        new("files", p => p.Collected.Files, (k, before, c) => files.DeleteBeforeAsync(k.EndpointId, before, c)),
        new("analytics", p => p.Collected.Analytics, (k, before, c) => analytics.DeleteBeforeAsync(k.EndpointId, before, c)),
        new("logs", p => p.Collected.Logs, (k, before, c) => days.Logs.DeleteBeforeAsync(k.EndpointId, before, c)),
    ];

    /// <summary>Deletes what is due, for as long as a sweep may take.</summary>
    /// <param name="seen">Endpoints that had conversations of late, whether or not they exist still.</param>
    public async Task SweepAsync(DateTimeOffset now, IEnumerable<string> seen, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.Value.LongestSweep, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var keepers = await KeepersAsync(seen, either.Token);
            // Whoever is first may need all the time: not always the same.
            Random.Shared.Shuffle(keepers);
            foreach (var keeper in keepers) await SweepAsync(keeper, now, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            Log.GoesOn(logger, options.Value.LongestSweep);
        }
    }

    private async Task SweepAsync(Keeper keeper, DateTimeOffset now, CancellationToken cancellation)
    {
        var before = new TableEntity(keeper.Row);
        try
        {
            foreach (var resting in _all)
            {
                var until = now.AddDays(-resting.Days(keeper.Periods));
                if (keeper.Row.GetString(resting.Name) == ActiveIndex.Day(until)) continue;
                await TryAsync(keeper, resting.Name, async () =>
                {
                    var deleted = await resting.Delete(keeper, until, cancellation);
                    keeper.Row[resting.Name] = ActiveIndex.Day(until);
                    if (deleted > 0) Log.Expired(logger, keeper.EndpointId, resting.Name, deleted);
                }, cancellation);
            }

            await TryAsync(keeper, "conversations", () => conversations.SweepAsync(keeper, now, cancellation), cancellation);
        }
        finally
        {
            await RememberAsync(keeper, before, now);
        }
    }

    /// <summary>A store that fails keeps nothing else from being deleted; it is tried again with the next sweep.</summary>
    private async Task TryAsync(Keeper keeper, string what, Func<Task> delete, CancellationToken cancellation)
    {
        try
        {
            await delete();
        }
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            Log.Failed(logger, keeper.EndpointId, what, StoredFiles.Told(failed));
        }
    }

    /// <summary>All Endpoints that there are, that there were, or whose conversations were seen.</summary>
    private async Task<Keeper[]> KeepersAsync(IEnumerable<string> seen, CancellationToken cancellation)
    {
        var rows = new Dictionary<string, TableEntity>();
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Partition}");
        await foreach (var row in storage.Index.QueryAsync<TableEntity>(filter, cancellationToken: cancellation)) rows[row.RowKey] = row;
        var keepers = new Dictionary<string, Keeper>();
        await foreach (var endpoint in EndpointsAsync(cancellation))
            keepers[endpoint.Id] = new(endpoint.Id, endpoint, Periods.Of(endpoint.Settings, options.Value.LongestSession),
                rows.GetValueOrDefault(endpoint.Id) ?? NewRow(endpoint.Id, endpoint.CreatedAt - Skew));
        foreach (var id in rows.Keys.Concat(seen).Distinct().Where(id => !keepers.ContainsKey(id)).ToArray())
        {
            var row = rows.GetValueOrDefault(id) ?? NewRow(id, null);
            keepers[id] = new(id, null, row.GetString("Periods") is { } stored
                ? JsonSerializer.Deserialize(stored, RetentionJson.Default.Periods)! : new(), row);
        }

        return [.. keepers.Values];
    }

    private async IAsyncEnumerable<Endpoint> EndpointsAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        const int Page = 1000;
        string? after = null;
        while (true)
        {
            var page = await endpoints.ListAsync(after, Page, cancellation);
            foreach (var endpoint in page) yield return endpoint;
            if (page.Count < Page) yield break;
            after = page[^1].Id;
        }
    }

    private static TableEntity NewRow(string endpointId, DateTimeOffset? since) => new(Partition, endpointId)
    {
        ["Since"] = since is { } at ? ActiveIndex.Day(at) : "",
    };

    /// <summary>Writes down how far it came, where anything changed. Who swept at the same time wrote much the same.</summary>
    private async Task RememberAsync(Keeper keeper, TableEntity before, DateTimeOffset now)
    {
        var row = keeper.Row;
        row["Periods"] = JsonSerializer.Serialize(keeper.Periods, RetentionJson.Default.Periods);
        if (keeper.Endpoint is null && row.GetDateTimeOffset("GoneSince") is null) row["GoneSince"] = now;
        if (row.GetDateTimeOffset("GoneSince") is { } gone && keeper.Endpoint is null && now > gone.AddDays(LongestOf(keeper.Periods) + Grace))
            await storage.Index.DeleteEntityAsync(Partition, keeper.EndpointId, ETag.All, CancellationToken.None);
        else if (row.Any(column => column.Key is not ("odata.etag" or "Timestamp") && !(before.TryGetValue(column.Key, out var value) && Equals(value, column.Value))))
            await storage.Index.UpsertEntityAsync(row, TableUpdateMode.Merge, CancellationToken.None);
    }

    private int LongestOf(Periods periods) =>
        _all.Select(resting => resting.Days(periods)).Append(conversations.LongestOf(periods)).Max();

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Retention of Endpoint {EndpointId}: {Count} of {What} deleted.")]
        public static partial void Expired(ILogger logger, string endpointId, string what, int count);

        [LoggerMessage(2, LogLevel.Error, "Retention of Endpoint {EndpointId} could not delete {What}; the next sweep tries again. {Reason}")]
        public static partial void Failed(ILogger logger, string endpointId, string what, string reason);

        [LoggerMessage(3, LogLevel.Information, "Retention is not done after {Longest}: the next sweep goes on.")]
        public static partial void GoesOn(ILogger logger, TimeSpan longest);
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Periods))]
internal sealed partial class RetentionJson : JsonSerializerContext;
