using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Conversations;

public sealed class SweepTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task After_its_retention_nothing_of_a_conversation_is_left()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = connector.Start(new string('x', 50_000));
        await connector.SettledAsync(conversation, 1);
        await connector.Gateway.SettledAsync();

        await SweepAsync(connector, days: 33);

        var storage = connector.Host.Services.GetRequiredService<ConnectorStorage>();
        Assert.Empty(await RowsAsync(storage.Conversations));
        Assert.DoesNotContain(await RowsAsync(storage.Index), row => row.PartitionKey.StartsWith("active", StringComparison.Ordinal));
        Assert.DoesNotContain(storage.Bodies.GetBlobs(cancellationToken: TestContext.Current.CancellationToken),
            blob => blob.Name.StartsWith(connector.EndpointId, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Within_its_retention_everything_stays()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var conversation = connector.Start("hello");
        await connector.SettledAsync(conversation, 1);

        await SweepAsync(connector, days: 29);

        Assert.Single((await connector.ViewAsync(conversation))["turns"]!.AsArray());
    }

    [Fact]
    public async Task However_long_no_sweep_ran_the_next_one_leaves_nothing()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        await connector.SettledAsync(connector.Start("hello"), 1);
        await connector.Gateway.SettledAsync();

        await SweepAsync(connector, days: 300);

        await AssertNothingLeftAsync(connector);
    }

    [Fact]
    public async Task What_came_after_the_last_turn_is_deleted_when_its_own_retention_is_over()
    {
        // The connector's clock is two days slow: its turn is of an older day than the row of what came last.
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned,
            configure: builder => builder.Services.AddSingleton<TimeProvider>(new Slow(TimeSpan.FromDays(2))));
        await connector.PostAsync("c", "MESSAGE", Posted.Said("hello"), eventId: "first");
        await Eventually.GetAsync(() => connector.RowsAsync("c", "7|"), turns => turns.Count == 1, "a turn");
        await Eventually.GetAsync(() => connector.ReadAsync("c"), c => c.Head is { Lease: null }, "a settled turn");
        await connector.PostAsync("c", "ACTIVITY", new JsonObject { ["name"] = "typing" });
        var last = Assert.Single(await connector.RowsAsync("c", "8|")).Timestamp!.Value;

        await SweepAsync(connector, last.AddDays(30));

        Assert.Empty(await connector.RowsAsync("c", "7|"));
        Assert.Single(await connector.RowsAsync("c", "8|"));
        await SweepAsync(connector, last.AddDays(32));
        await AssertNothingLeftAsync(connector);
    }

    [Fact]
    public async Task A_conversation_of_silent_events_only_is_deleted_too()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned);
        await connector.PostAsync("c", "ACTIVITY", new JsonObject { ["name"] = "typing" });
        await connector.PostAsync("c", "MESSAGE", Posted.Said("I am here", "bot"));
        Assert.Equal(2, (await connector.RowsAsync("c", "8|")).Count);

        await SweepAsync(connector, days: 33);

        await AssertNothingLeftAsync(connector);
    }

    [Fact]
    public async Task An_event_that_comes_again_weeks_later_makes_no_second_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: new() { ["session"] = new JsonObject { ["retentionDays"] = 30 } });
        var conversation = connector.Start("hello");
        await connector.SettledAsync(conversation, 1);
        await SweepAsync(connector, days: 29);

        await connector.Gateway.RedeliverAsync(connector.Gateway.EventLog.Entries.First(e => e.RecordType == "MESSAGE").EventId!);
        connector.Gateway.CustomerSays(conversation, "next");

        Assert.Equal(["1: hello", "2: next"], await connector.BotSaysAsync(conversation, 2));
        Assert.Equal(2, (await connector.SettledAsync(conversation, 2))["turns"]!.AsArray().Count);
    }

    [Theory]
    [InlineData(14, false)]
    [InlineData(16, true)]
    public async Task Work_that_nobody_is_woken_for_is_found_by_the_audit(int minutes, bool found)
    {
        await using var connector = await TestConnector.StartAsync(azurite, options: Posted.Unpumped, settings: Posted.Unsigned);
        await connector.PostAsync("c", "MESSAGE", Posted.Said("hello"));
        await connector.ProcessAsync("c");
        await connector.PostAsync("c", "MESSAGE", Posted.Said("lost"));
        await connector.Service<ConnectorStorage>().WakeUps.ClearMessagesAsync(TestContext.Current.CancellationToken);

        await SweepAsync(connector, DateTimeOffset.UtcNow.AddMinutes(minutes));

        Assert.Equal(found ? 2 : 0, await connector.QueuedAsync());
    }

    private static async Task AssertNothingLeftAsync(TestConnector connector)
    {
        var storage = connector.Service<ConnectorStorage>();
        Assert.Empty(await RowsAsync(storage.Conversations));
        Assert.DoesNotContain(await RowsAsync(storage.Index), row => row.PartitionKey.StartsWith("active", StringComparison.Ordinal));
    }

    private sealed class Slow(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - by;
    }

    /// <summary>Sweeps as if so many days had passed.</summary>
    private static Task SweepAsync(TestConnector connector, int days) => SweepAsync(connector, DateTimeOffset.UtcNow.AddDays(days));

    private static Task SweepAsync(TestConnector connector, DateTimeOffset now) =>
        connector.Service<Sweeper>().SweepAsync(now, TestContext.Current.CancellationToken);

    private static async Task<List<TableEntity>> RowsAsync(TableClient table)
    {
        var rows = new List<TableEntity>();
        await foreach (var row in table.QueryAsync<TableEntity>(cancellationToken: TestContext.Current.CancellationToken)) rows.Add(row);
        return rows;
    }
}
