using Azure.Data.Tables;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Handover.Providers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

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

    /// <summary>Sweeps as if so many days had passed.</summary>
    private static Task SweepAsync(TestConnector connector, int days)
    {
        var services = connector.Host.Services;
        var sweeper = new Sweeper(
            services.GetRequiredService<ConnectorStorage>(), services.GetRequiredService<ConversationStore>(),
            services.GetRequiredService<WakeUps>(), services.GetRequiredService<HandoverSweep>(),
            services.GetRequiredService<IOptions<ConversationOptions>>(), new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(days)), NullLogger<Sweeper>.Instance);
        return sweeper.SweepAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<List<TableEntity>> RowsAsync(TableClient table)
    {
        var rows = new List<TableEntity>();
        await foreach (var row in table.QueryAsync<TableEntity>(cancellationToken: TestContext.Current.CancellationToken)) rows.Add(row);
        return rows;
    }
}
