using System.Net;
using Azure.Data.Tables;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Simulator;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Handover.Providers;

public sealed class RetentionTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task What_ended_is_deleted_when_its_time_is_over_and_what_goes_on_is_kept()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var ended = (string)(await test.BeginAsync())["id"]!;
        var going = (string)(await test.BeginAsync())["id"]!;
        await test.HasStatusAsync(going, "queued");
        await test.HasStatusAsync(ended, "queued");
        await test.PostAsync($"/api/handovers/{ended}/end");
        await test.HasStatusAsync(ended, "completed");

        await SweepAsync(test, days: 29);
        Assert.Equal("completed", (string?)(await test.GetAsync(ended))["status"]);
        await SweepAsync(test, days: 31);

        Assert.Equal(HttpStatusCode.NotFound, (await test.Bot.GetAsync($"/api/handovers/{ended}", Cancellation)).StatusCode);
        Assert.Equal("queued", (string?)(await test.GetAsync(going))["status"]);
        var partitions = (await test.RowsAsync()).Select(row => row.PartitionKey).Distinct().ToList();
        Assert.DoesNotContain(partitions, p => p.Contains(ended, StringComparison.Ordinal));
        Assert.Single(partitions, p => p.StartsWith("conversation|", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Events_that_no_handover_claims_are_forgotten_after_a_day()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        test.Gateway.StartConversation(new ConversationStart { WebhookId = test.Gateway.Webhooks[0].Id, Channel = "ChatAPI" });
        await Eventually.GetAsync(() => test.RowsAsync(), rows => rows.Any(IsUnclaimed), "an unclaimed event", null, test.Logs);
        await test.Gateway.SettledAsync();

        await SweepAsync(test, days: 2);

        Assert.DoesNotContain(await test.RowsAsync(), IsUnclaimed);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static bool IsUnclaimed(TableEntity row) => row.PartitionKey.StartsWith("conversation|", StringComparison.Ordinal);

    private static Task SweepAsync(TestHandover test, int days) =>
        test.Host.Services.GetRequiredService<HandoverSweep>().SweepAsync(DateTimeOffset.UtcNow.AddDays(days), Cancellation);
}
