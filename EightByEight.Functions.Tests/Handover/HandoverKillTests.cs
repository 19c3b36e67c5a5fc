using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Handover;

/// <summary>
/// A handover from its request to its end, while the connector is killed (SIGKILL) after one storage request or another: the queue gets
/// the conversation once, the bot is silent beside the agent, the Flow goes on afterwards, and each output is sent once.
/// </summary>
public sealed class HandoverKillTests(AzuriteFixture azurite)
{
    /// <summary>Kills are so many storage requests apart.</summary>
    private const int Stride = 7;

    private const string Survey = """
        name: survey
        start:
          - handover: { queueId: "101", message: One moment. }
          - say: "Over: {{ input.handover.status }}"
        """;

    private static readonly Dictionary<string, string?> Options = new(TestConnector.Quick)
    {
        ["DevHost:Queues:Visibility"] = "00:00:20",
    };

    [Fact]
    public async Task Killed_on_its_way_a_handover_is_made_once_and_comes_back()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var simulator = await SimulatorServer.StartAsync(new SimulatorOptions
        {
            RetryDelays = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(300), 100)],
            DeliveryTimeout = TimeSpan.FromSeconds(2),
        }, TestContext.Current.CancellationToken);
        var port = ConnectorProcess.FreePort();
        var connector = await ConnectorProcess.StartAsync(proxy.ConnectionString, port, Options);
        using var admin = TestConnector.AdminOf(connector.Url);
        var endpoint = await TestConnector.CreateEndpointAsync(admin, simulator.Url, Survey);
        simulator.Gateway.AddWebhook("Bot", (string)endpoint["endpointUrl"]!);

        var kills = 0;
        for (var killed = true; killed; kills++)
        {
            killed = false;
            var (at, victim, seen) = (kills * Stride, connector, -1);
            proxy.After = request =>
            {
                if (request.IsIdle || killed || Interlocked.Increment(ref seen) != at) return Task.FromResult(false);
                killed = true;
                victim.Kill();
                return Task.FromResult(true);
            };
            var restart = RestartedAsync();
            await HandOverAsync(simulator, $"kill at {at}", () => connector.Output);
            proxy.After = null;
            if (killed) connector = await restart;
            Assert.True(kills < 40, "The way of a handover never ended.");

            async Task<ConnectorProcess> RestartedAsync()
            {
                await Eventually.GetAsync(() => killed || proxy.After is null, done => done, "a kill, or the end", TimeSpan.FromMinutes(2));
                if (!killed) return victim;
                await victim.DisposeAsync();
                return await ConnectorProcess.StartAsync(proxy.ConnectionString, port, Options);
            }
        }

        await connector.DisposeAsync();
        Assert.InRange(kills, 3, 40);
        TestContext.Current.SendDiagnosticMessage($"killed {kills - 1} times during handovers");
    }

    private static async Task HandOverAsync(SimulatorServer simulator, string what, Func<string> output)
    {
        var gateway = simulator.Gateway;
        var patience = TimeSpan.FromSeconds(100);
        var before = gateway.Requests.GetValueOrDefault(Operations.PatchConversation);
        var conversation = gateway.StartConversation(new ConversationStart { Text = "human" });
        await Eventually.GetAsync(() => gateway.AssignmentOf(conversation).Type, type => type == "queue", $"the queue, {what}\n{output()}", patience);
        gateway.AgentAccepts(conversation);
        gateway.CustomerSays(conversation, "hello colleague");
        await gateway.SettledAsync();
        Assert.Equal(["One moment."], BotSaid(gateway, conversation));
        gateway.AgentLeaves(conversation);
        await Eventually.GetAsync(() => BotSaid(gateway, conversation), said => said.Count >= 2, $"the end, {what}\n{output()}", patience);
        await gateway.SettledAsync();
        Assert.Equal(["One moment.", "Over: completed"], BotSaid(gateway, conversation));
        Assert.Equal(before + 1, gateway.Requests[Operations.PatchConversation]);
    }

    private static IReadOnlyList<string> BotSaid(ChatGatewaySimulator gateway, string conversation) =>
        [.. gateway.Messages(conversation).Where(m => m.Author == "bot").Select(m => m.Text ?? "")];
}
