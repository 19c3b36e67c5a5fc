using System.Text.Json.Nodes;
using EightByEight.Connector.Privacy;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Transformers;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Analytics;

/// <summary>Dashbot's tracker on loopback.</summary>
public sealed class DashbotTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private TestTracker _tracker = null!;

    public async ValueTask InitializeAsync() => _tracker = await TestTracker.StartAsync();

    public ValueTask DisposeAsync() => _tracker.DisposeAsync();

    [Fact]
    public async Task Dashbot_is_told_in_order_what_the_customer_said_and_what_the_bot_answered()
    {
        await using var connector = await StartAsync(masks: false);
        await SayAsync(connector, "hello");

        Assert.Equal(["?platform=universal&v=11.1.0-rest&type=incoming&apiKey=dash%26key", "?platform=universal&v=11.1.0-rest&type=outgoing&apiKey=dash%26key"],
            _tracker.Told.Select(told => told.Query));
        var (said, answered) = (_tracker.Told.First().Body, _tracker.Told.Last().Body);
        Assert.Equal(("hello", "c", "c"), ((string?)said["text"], (string?)said["userId"], (string?)said["conversationId"]));
        Assert.Equal("c-1", (string?)said["platformJson"]!["sessionId"]);
        Assert.Equal("You said hello", (string?)answered["text"]);
        Assert.DoesNotContain(connector.Logs.Lines, line => line.Contains("dash&key", StringComparison.Ordinal) || line.Contains("dash%26key", StringComparison.Ordinal));
        // A turn that is done is not told again.
        await connector.ProcessAsync("c");
        Assert.Equal(2, _tracker.Told.Count);
    }

    [Fact]
    public async Task What_is_masked_dashbot_never_gets()
    {
        await using var connector = await StartAsync(masks: true);
        await SayAsync(connector, "hello");
        Assert.Equal(["***", "***"], _tracker.Told.Select(told => (string?)told.Body["text"]));
        Assert.DoesNotContain(_tracker.Told, told => told.Body.ToJsonString().Contains("hello", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refusal_is_said_in_the_log_a_fault_is_tried_again_and_the_turn_goes_on()
    {
        foreach (var answer in (int[])[503, 200, 400]) _tracker.Answers.Enqueue(answer);
        await using var connector = await StartAsync(masks: false);
        await SayAsync(connector, "hello");

        Assert.Equal(["incoming", "incoming", "outgoing"], _tracker.Told.Select(told => told.Query.Split("type=")[1].Split('&')[0]));
        Assert.Equal(["You said hello"], await connector.SaidAsync("c"));
        var (lines, _) = await connector.Service<EndpointLog>().ReadAsync(
            connector.EndpointId, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), LogLevel.Debug, null, null, 50, TestContext.Current.CancellationToken);
        var line = Assert.Single(lines, line => line.Source == "dashbot");
        Assert.Equal((LogLevel.Warning, "Dashbot was not told of turn 1: it answered 400."), (line.Level, line.Message));
    }

    [Fact]
    public async Task Who_never_answers_is_given_up_in_time()
    {
        await using var connector = await StartAsync(masks: false);
        await _tracker.DisposeAsync();
        await SayAsync(connector, "hello");
        Assert.Equal(["You said hello"], await connector.SaidAsync("c"));
        Assert.Null((await connector.ReadAsync("c")).Head!.Lease);
    }

    private Task<TestConnector> StartAsync(bool masks) => TestConnector.StartAsync(azurite, """
        name: dash
        start:
          - say: "You said {{ input.text }}"
        """, new JsonObject
    {
        ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
        ["dataProtection"] = new JsonObject
        {
            ["maskSensitiveAnalytics"] = masks,
            ["dashbot"] = new JsonObject { ["apiKey"] = "dash&key" },
        },
    }, options: new Dictionary<string, string?>(Posted.Unpumped)
    {
        ["Connector:Dashbot:BaseUrl"] = _tracker.Url,
        ["Connector:Dashbot:RetryDelay"] = "00:00:00.01",
        ["Connector:Dashbot:Timeout"] = "00:00:05",
    });

    private static async Task SayAsync(TestConnector connector, string text)
    {
        await connector.PostAsync("c", "MESSAGE", Posted.Said(text));
        await connector.ProcessAsync("c");
    }
}
