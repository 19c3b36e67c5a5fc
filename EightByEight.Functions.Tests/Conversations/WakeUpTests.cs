using System.Text;
using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
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
    public async Task A_wake_up_that_is_put_off_takes_its_backup_along()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var storage = new ConnectorStorage(new ConfigurationBuilder()
            .AddInMemoryCollection([new("AzureWebJobsStorage", azurite.NewAccount())]).Build(), StorageTimeouts.Work, []);
        await storage.ReadyAsync();
        var wakeUps = new WakeUps(storage, Options.Create(new ConversationOptions { Backup = TimeSpan.FromSeconds(6) }), TimeProvider.System);
        var key = ConversationKey.Of("endpoint", "c");
        var backup = await wakeUps.PutBackupAsync(key, TimeSpan.Zero, cancellation);

        await wakeUps.PutOffAsync(
            new WakeUp { Key = key.ToString(), BackupId = backup.Id, BackupReceipt = backup.Receipt }, TimeSpan.FromSeconds(3.1), cancellation);

        // It shows first, and the backup goes by the receipt that it carries, and by no other.
        async Task<QueueMessage?> SeenAsync() => (await storage.WakeUps.ReceiveMessageAsync(TimeSpan.FromMinutes(1), cancellation)).Value;
        var seen = await Eventually.GetAsync(() => SeenAsync(), (QueueMessage? message) => message is not null, "the wake-up");
        Assert.True(WakeUp.TryParse(seen!.MessageText, out var wakeUp));
        Assert.False(wakeUp.IsBackup);
        await Assert.ThrowsAsync<RequestFailedException>(() => storage.WakeUps.DeleteMessageAsync(backup.Id, backup.Receipt, cancellation));
        await wakeUps.DeleteBackupAsync(wakeUp, cancellation);
        Assert.Equal(1, (await storage.WakeUps.GetPropertiesAsync(cancellation)).Value.ApproximateMessagesCount);
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
