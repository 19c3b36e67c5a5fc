using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Content;

/// <summary>What the customer sees while the bot is at work.</summary>
public sealed class IndicatorTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Typing_and_thinking_show_while_a_turn_takes_long_and_their_failures_harm_nobody()
    {
        var release = new TaskCompletionSource();
        await using var files = await FileServer.StartAsync(async context =>
        {
            await release.Task.WaitAsync(context.RequestAborted);
            await context.Response.Body.WriteAsync(FileServer.Png);
        });
        await using var connector = await TestConnector.StartAsync(azurite, $"name: slow\nstart:\n  - say: {{ image: \"{files.Url}/a.png\" }}",
            options: With(("Connector:Indicators:After", "00:00:00.1"), ("Connector:Indicators:Again", "00:00:01")));
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.Typing, 500, times: 100));
        connector.Gateway.Faults.Add(Fault.Drop(Operations.Thinking, times: 100));

        var conversation = connector.Start("hi");
        await Eventually.GetAsync(() => Count(connector, Operations.Typing) * Count(connector, Operations.Thinking), n => n > 0,
            "an indicator", null, connector.Logs);
        release.SetResult();

        await connector.BotSaysAsync(conversation, 1);
        Assert.Single(connector.Gateway.Messages(conversation)[^1].Attachments);
    }

    [Fact]
    public async Task A_quick_turn_sends_nothing_but_its_message()
    {
        await using var connector = await TestConnector.StartAsync(azurite);

        var conversation = connector.Start("hi");
        await connector.SettledAsync(conversation, 1);

        Assert.Equal([Operations.SendMessage], connector.Gateway.Requests.Keys.Where(one => one != Operations.GetJwk && one != Operations.Deliver));
    }

    [Theory]
    [InlineData("ChatAPI", 1)]
    [InlineData("WebChat", 0)]
    public async Task A_message_is_marked_as_read_where_the_channel_has_receipts(string channel, int receipts)
    {
        await using var connector = await TestConnector.StartAsync(azurite);

        await connector.BotSaysAsync(connector.Start("hi", channel), 1);

        if (receipts > 0) await Eventually.GetAsync(() => Count(connector, Operations.ReadReceipt), n => n == receipts, "a receipt", null, connector.Logs);
        Assert.Equal(receipts, Count(connector, Operations.ReadReceipt));
    }

    private static long Count(TestConnector connector, string operation) => connector.Gateway.Requests.GetValueOrDefault(operation);

    private static Dictionary<string, string?> With(params (string Name, string Value)[] options) =>
        TestConnector.Quick.Concat(options.Select(o => KeyValuePair.Create<string, string?>(o.Name, o.Value))).ToDictionary();

    [Fact]
    public async Task Thinking_is_shown_again_before_8x8_ends_it()
    {
        var release = new TaskCompletionSource();
        await using var files = await FileServer.StartAsync(async context =>
        {
            await release.Task.WaitAsync(context.RequestAborted);
            await context.Response.Body.WriteAsync(FileServer.Png);
        });
        await using var connector = await TestConnector.StartAsync(azurite, $"name: slow\nstart:\n  - say: {{ image: \"{files.Url}/a.png\" }}",
            options: With(("Connector:Indicators:After", "00:00:00.1"), ("Connector:Indicators:Again", "00:00:01"),
                ("Connector:Indicators:ThinkingAgain", "00:00:00.5"), ("Connector:Media:Timeout", "00:00:10")));

        var conversation = connector.Start("hi");
        await Eventually.GetAsync(() => Count(connector, Operations.Thinking), n => n > 1, "a second sign of thinking", null, connector.Logs);
        release.SetResult();

        await connector.BotSaysAsync(conversation, 1);
    }

    [Fact]
    public async Task Typing_shows_while_the_bot_waits_a_moment()
    {
        await using var connector = await TestConnector.StartAsync(azurite, "name: slow\nstart:\n  - say: Let me see.\n  - delay: 2\n  - say: Found it.",
            options: With(("Connector:Indicators:After", "00:00:00.1"), ("Connector:Indicators:Again", "00:00:01")));

        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);

        await Eventually.GetAsync(() => Count(connector, Operations.Typing), n => n > 0, "a sign of typing", null, connector.Logs);
        await connector.BotSaysAsync(conversation, 2);
    }
}
