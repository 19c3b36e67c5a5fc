using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Flows that ask 8x8 in the middle of a turn.</summary>
public sealed class AskingTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_flow_hands_over_only_where_the_centre_is_open_and_someone_is_free()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: hours
            start:
              - schedule: { scheduleId: "1", saveTo: context.hours }
              - queueStatus: { queueId: "101", saveTo: context.queue }
              - say: "{{ context.hours }}, {{ context.queue.name }}: {{ context.queue.agents.available }}"
              - queueStatus: { queueId: "999", saveTo: context.unknown }
                onError: [ { say: No such queue. } ]
            """);
        connector.Gateway.Options.Schedule = "closed";
        connector.Gateway.Options.AvailableAgents = 0;

        var id = connector.Start("Hello");

        Assert.Equal(["closed, Support: 0", "No such queue."], await connector.BotSaysAsync(id, 2));
        Assert.Equal(2, connector.Gateway.Requests.GetValueOrDefault(Operations.QueueStatistics));
        var warning = (await connector.SettledAsync(id, 1))["turns"]![0]!["warnings"]![0]!;
        Assert.Contains("999", (string)warning["message"]!);
    }
}
