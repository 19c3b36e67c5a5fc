using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>
/// Invariant 1, 2 and 4 with real processes: the connector is killed (SIGKILL) before and after each storage request on the way of an
/// event, and around each call to 8x8. Another process goes on: the turn is made once, and the customer sees each output once, in order.
/// The queue hides a dead process's message for a minute; backups are there so that this is waited for only when a process dies with
/// a wake-up and its backup in its hands.
/// </summary>
public sealed class KillTests(AzuriteFixture azurite)
{
    private const string TwoOutputs = """
        name: two
        start:
          - set: { context.turns: "{{ (context.turns || 0) + 1 }}" }
          - say: "{{ context.turns }}/1 {{ input.text }}"
          - say: "{{ context.turns }}/2 {{ input.text }}"
        """;

    /// <summary>Two committed parts, so that the end of the first and the beginning of the second are among what is killed.</summary>
    private const string InTwoParts = """
        name: parts
        start:
          - set: { context.turns: "{{ (context.turns || 0) + 1 }}" }
          - say: "{{ context.turns }}/1 {{ input.text }}"
          - delay: 0
          - say: "{{ context.turns }}/2 {{ input.text }}"
        """;

    private static readonly Dictionary<string, string?> Options = new(TestConnector.Quick)
    {
        ["DevHost:Queues:Visibility"] = "00:01:00",
        ["Connector:Conversations:Backup"] = "00:00:04",
    };

    [Theory]
    [InlineData(TwoOutputs, false)]
    [InlineData(TwoOutputs, true)]
    [InlineData(InTwoParts, true, 3)]
    public async Task Killed_at_any_storage_request_it_loses_and_doubles_nothing(string flow, bool afterwards, int stride = 1)
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var simulator = await StartSimulatorAsync();
        var port = ConnectorProcess.FreePort();
        var connector = await ConnectorProcess.StartAsync(proxy.ConnectionString, port, Options);
        using var admin = TestConnector.AdminOf(connector.Url);
        var endpoint = await TestConnector.CreateEndpointAsync(admin, simulator.Url, flow);
        simulator.Gateway.AddWebhook("Bot", (string)endpoint["endpointUrl"]!);
        await SaysAsync(simulator, simulator.Gateway.StartConversation(new ConversationStart { Text = "warm" }), "warm", connector);

        var steps = 0;
        for (var killed = true; killed; steps++)
        {
            Assert.True(steps < 60, "The way of an event never ended.");
            killed = false;
            var (step, victim, seen) = (steps, connector, -1);
            Task<bool> At(StorageRequest request)
            {
                if (request.IsIdle || killed || Interlocked.Increment(ref seen) != step * stride) return Task.FromResult(false);
                killed = true;
                victim.Kill();
                return Task.FromResult(true);
            }

            if (afterwards) proxy.After = At;
            else proxy.Before = At;
            var text = $"step {step}";
            var conversation = simulator.Gateway.StartConversation(new ConversationStart { Text = text });
            await Eventually.GetAsync(() => killed || BotSaid(simulator, conversation).Count == 2, done => done, $"the kill at {text}");
            (proxy.After, proxy.Before) = (null, null);
            if (killed)
            {
                await connector.DisposeAsync();
                connector = await ConnectorProcess.StartAsync(proxy.ConnectionString, port, Options);
            }

            await SaysAsync(simulator, conversation, text, connector);
        }

        await connector.DisposeAsync();
        Assert.InRange(steps, 9 / stride, 60);
        TestContext.Current.SendDiagnosticMessage($"killed at {steps - 1} storage requests, afterwards: {afterwards}");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(1, false)]
    public async Task Killed_during_a_call_to_8x8_it_sends_each_output_once(int output, bool accepted)
    {
        var storage = azurite.NewAccount();
        await using var simulator = await StartSimulatorAsync();
        var port = ConnectorProcess.FreePort();
        var victim = await ConnectorProcess.StartAsync(storage, port, Options);
        using var admin = TestConnector.AdminOf(victim.Url);
        var endpoint = await TestConnector.CreateEndpointAsync(admin, simulator.Url, TwoOutputs);
        simulator.Gateway.AddWebhook("Bot", (string)endpoint["endpointUrl"]!);
        simulator.Gateway.Faults.Add(Fault.WorkThenHang(Operations.SendMessage) with { Skip = output, Works = accepted });

        var conversation = simulator.Gateway.StartConversation(new ConversationStart { Text = "hello" });
        await Eventually.GetAsync(
            () => simulator.Gateway.Requests.GetValueOrDefault(Operations.SendMessage), sent => sent == output + 1, "the call that hangs");
        await victim.DisposeAsync();
        await using var other = await ConnectorProcess.StartAsync(storage, port, Options);

        await SaysAsync(simulator, conversation, "hello", other);
    }

    private static Task<SimulatorServer> StartSimulatorAsync() => SimulatorServer.StartAsync(new SimulatorOptions
    {
        RetryDelays = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(300), 100)],
        DeliveryTimeout = TimeSpan.FromSeconds(2),
    }, TestContext.Current.CancellationToken);

    private static async Task SaysAsync(SimulatorServer simulator, string conversation, string text, ConnectorProcess connector)
    {
        var said = await Eventually.GetAsync(() => BotSaid(simulator, conversation), s => s.Count >= 2, $"both outputs of '{text}'\n{connector.Output}",
            TimeSpan.FromSeconds(100));
        await simulator.Gateway.SettledAsync();
        Assert.True(said.SequenceEqual([$"1/1 {text}", $"1/2 {text}"]), $"'{text}': {string.Join(" | ", said)}\n{connector.Output}");
    }

    private static IReadOnlyList<string> BotSaid(SimulatorServer simulator, string conversation) =>
        [.. simulator.Gateway.Messages(conversation).Where(m => m.Author == "bot").Select(m => m.Text ?? "")];
}
