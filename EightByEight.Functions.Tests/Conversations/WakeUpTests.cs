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
        await new WakeUps(storage, Options.Create(new ConversationOptions()))
            .PutAsync(key, new Backup("id", "receipt"), TimeSpan.Zero, TestContext.Current.CancellationToken);

        // A client without an encoding sees what is really there.
        var seen = await new QueueClient(account, "conversations").PeekMessageAsync(TestContext.Current.CancellationToken);

        Assert.True(WakeUp.TryParse(Encoding.UTF8.GetString(Convert.FromBase64String(seen.Value.MessageText)), out var wakeUp));
        Assert.Equal((key.ToString(), "id"), (wakeUp.Key, wakeUp.BackupId));
    }

    [Fact]
    public async Task A_wake_up_of_a_week_and_its_later_backup_are_taken_by_the_queue()
    {
        var storage = new ConnectorStorage(new ConfigurationBuilder()
            .AddInMemoryCollection([new("AzureWebJobsStorage", azurite.NewAccount())]).Build(), StorageTimeouts.Work, []);
        await storage.ReadyAsync();

        await new WakeUps(storage, Options.Create(new ConversationOptions()))
            .PutPairAsync(ConversationKey.Of("endpoint", "c"), TimeSpan.FromMinutes(10_080), TestContext.Current.CancellationToken);

        var queue = await storage.WakeUps.GetPropertiesAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, queue.Value.ApproximateMessagesCount);
    }
}
