using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>What the host gave up on: attempts are counted by event, so a wake-up goes back, and only what never gets as far is a person's.</summary>
public sealed class PoisonTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_wake_up_from_the_poison_queue_goes_back_to_the_queue()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var (worker, storage) = Of(connector);

        await worker.ReviveAsync(WakeUpOf(connector, rounds: 0), TestContext.Current.CancellationToken);

        var queue = await storage.WakeUps.GetPropertiesAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, queue.Value.ApproximateMessagesCount);
        Assert.Empty(await connector.ParkedAsync(0));
    }

    [Fact]
    public async Task A_conversation_that_dies_before_attempts_are_counted_is_announced_and_can_be_woken_again()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var (worker, _) = Of(connector);

        await worker.ReviveAsync(WakeUpOf(connector, rounds: 5), TestContext.Current.CancellationToken);

        var parked = Assert.Single(await connector.ParkedAsync(1))!;
        Assert.Equal("Conversation", (string)parked["kind"]!);
        using var retried = await connector.Admin.PostAsync($"/api/parked/{parked["id"]}/retry", null, TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, retried.StatusCode);
        Assert.Empty(await connector.ParkedAsync(0));
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("{}")]
    [InlineData("""{"k":null}""")]
    [InlineData("""{"k":"no bar"}""")]
    public async Task A_message_that_is_no_wake_up_does_no_harm(string message)
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var (worker, _) = Of(connector);

        await worker.ProcessAsync(message, 1, TestContext.Current.CancellationToken);
        await worker.ReviveAsync(message, TestContext.Current.CancellationToken);

        Assert.Empty(await connector.ParkedAsync(0));
    }

    private static (ConversationWorker Worker, ConnectorStorage Storage) Of(TestConnector connector) =>
        (connector.Host.Services.GetRequiredService<ConversationWorker>(), connector.Host.Services.GetRequiredService<ConnectorStorage>());

    private static string WakeUpOf(TestConnector connector, int rounds) =>
        new WakeUp { Key = ConversationKey.Of(connector.EndpointId, "conversation").ToString(), IsBackup = true, Rounds = rounds }.ToMessage();
}
