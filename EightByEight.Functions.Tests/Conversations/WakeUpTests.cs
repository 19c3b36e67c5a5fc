using System.Text;
using Azure.Storage.Queues;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace EightByEight.Functions.Tests.Conversations;

public sealed class WakeUpTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_wake_up_rests_in_the_queue_as_Base64_as_the_Functions_host_reads_it()
    {
        var account = azurite.NewAccount();
        var storage = new ConnectorStorage(new ConfigurationBuilder()
            .AddInMemoryCollection([new("AzureWebJobsStorage", account)]).Build(), StorageTimeouts.Work, []);
        await storage.ReadyAsync();
        var key = ConversationKey.Of("endpoint", "Gespräch");
        await new WakeUps(storage, Options.Create(new ConversationOptions()), TimeProvider.System)
            .PutAsync(key, new Backup("id", "receipt"), TimeSpan.Zero, TestContext.Current.CancellationToken);

        // A client without an encoding sees what is really there.
        var seen = await new QueueClient(account, "conversations").PeekMessageAsync(TestContext.Current.CancellationToken);

        Assert.True(WakeUp.TryParse(Encoding.UTF8.GetString(Convert.FromBase64String(seen.Value.MessageText)), out var wakeUp));
        Assert.Equal((key.ToString(), "id"), (wakeUp.Key, wakeUp.BackupId));
    }

    [Theory]
    [InlineData(10_080)]
    [InlineData(100_000)]
    public async Task A_wake_up_of_a_week_or_more_and_its_later_backup_are_taken_by_the_queue(int minutes)
    {
        var storage = new ConnectorStorage(new ConfigurationBuilder()
            .AddInMemoryCollection([new("AzureWebJobsStorage", azurite.NewAccount())]).Build(), StorageTimeouts.Work, []);
        await storage.ReadyAsync();

        await new WakeUps(storage, Options.Create(new ConversationOptions()), TimeProvider.System)
            .PutPairAsync(ConversationKey.Of("endpoint", "c"), TimeSpan.FromMinutes(minutes), TestContext.Current.CancellationToken);

        var queue = await storage.WakeUps.GetPropertiesAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, queue.Value.ApproximateMessagesCount);
    }

    [Fact]
    public async Task A_wake_up_that_a_queue_could_not_hide_long_enough_puts_itself_again()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned, options: Posted.Unpumped);
        await connector.PostAsync("c", "MESSAGE", Posted.Said("hello"));
        var before = await connector.QueuedAsync();
        var now = DateTimeOffset.UtcNow;
        Task WakeAsync(DateTimeOffset notBefore) => connector.Service<ConversationWorker>().ProcessAsync(
            new WakeUp { Key = connector.KeyOf("c").ToString(), NotBefore = notBefore.ToUnixTimeMilliseconds() }.ToMessage(), 1,
            TestContext.Current.CancellationToken);

        await WakeAsync(now.AddHours(1));
        Assert.Equal(before + 1, await connector.QueuedAsync());
        Assert.Single((await connector.ReadAsync("c")).Inbox);

        await WakeAsync(now);
        Assert.Empty((await connector.ReadAsync("c")).Inbox);
    }
}
