using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>
/// A thousand turns at once, by two processes. They run alone: meanwhile the storage of all tests answers so late that others fail.
/// </summary>
[Collection(nameof(ManyConversationsTests))]
[CollectionDefinition(nameof(ManyConversationsTests), DisableParallelization = true)]
public sealed class ManyConversationsTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Two_processes_give_two_hundred_conversations_their_five_turns_in_order()
    {
        var storage = azurite.NewAccount();
        await using var simulator = await SimulatorServer.StartAsync(new SimulatorOptions
        {
            RetryDelays = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(500), 40)],
            MaxConcurrentDeliveries = 16,
        }, TestContext.Current.CancellationToken);
        var options = new Dictionary<string, string?>(TestConnector.Quick)
        {
            ["Connector:Conversations:Lease"] = "00:00:30",
            ["Connector:Conversations:Backup"] = "00:00:20",
            ["DevHost:Queues:Visibility"] = "00:02:00",
            ["Connector:ChatGateway:AttemptTimeout"] = "00:00:08",
            ["Connector:ChatGateway:TotalTimeout"] = "00:00:10",
        };
        await using var one = await ConnectorProcess.StartAsync(storage, ConnectorProcess.FreePort(), options);
        await using var other = await ConnectorProcess.StartAsync(storage, ConnectorProcess.FreePort(), options);
        using var admin = TestConnector.AdminOf(one.Url);
        var endpoint = await TestConnector.CreateEndpointAsync(admin, simulator.Url, SampleFlow.Echo);
        var first = simulator.Gateway.AddWebhook("One", (string)endpoint["endpointUrl"]!);
        var second = simulator.Gateway.AddWebhook("Other", ((string)endpoint["endpointUrl"]!).Replace(one.Url, other.Url, StringComparison.Ordinal));
        string[] texts = ["a", "b", "c", "d", "e"];

        var conversations = Enumerable.Range(0, 200).Select(i => simulator.Gateway.StartConversation(new ConversationStart
        {
            WebhookId = i % 2 == 0 ? first.Id : second.Id,
            Text = texts[0],
        })).ToList();
        foreach (var text in texts[1..])
            foreach (var conversation in conversations) simulator.Gateway.CustomerSays(conversation, text);

        IReadOnlyList<string> Said(string id) => [.. simulator.Gateway.Messages(id).Where(m => m.Author == "bot").Select(m => m.Text ?? "")];
        await Eventually.GetAsync(() => conversations.Count(c => Said(c).Count >= 5), done => done == 200, "200 conversations with five answers",
            TimeSpan.FromMinutes(4));
        await simulator.Gateway.SettledAsync();
        Assert.All(conversations, c => Assert.Equal(["1: a", "2: b", "3: c", "4: d", "5: e"], Said(c)));
    }
}
