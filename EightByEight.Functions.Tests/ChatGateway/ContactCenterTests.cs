using EightByEight.Connector.ChatGateway;
using static EightByEight.Functions.Tests.ChatGateway.GatewayServer;

namespace EightByEight.Functions.Tests.ChatGateway;

/// <summary>Queue statistics and schedules, which 8x8 serves beside the Chat Gateway.</summary>
public sealed class ContactCenterTests : IAsyncDisposable
{
    private readonly Connected _connected = new();

    public ValueTask DisposeAsync() => _connected.DisposeAsync();

    [Fact]
    public async Task A_queue_tells_who_is_free_and_how_long_one_waits()
    {
        await using var gateway = await StartAsync(Json("""
            {"queue":{"queue-id":101,"queue-name":"Support","queue-size":4,"longest-wait-time":90,"thirty-min-avg-wait-time":"35",
             "agent-count-waitTransact":2,"agent-count-busy":3,"agent-count-onBreak":1,"sla-target":80}}
            """));

        var queue = await _connected.Client.GetQueueStatisticsAsync(gateway.Account, "101", CancellationToken.None);

        Assert.Equal(("Support", 4, 90, 35, 2, 3, 1), (queue.Name, queue.Size, queue.LongestWait, queue.AverageWait,
            queue.Available, queue.Busy, queue.OnBreak));
        Assert.Equal("/cc/v1/stats/rt/queue/101", gateway.Only.Target);
    }

    [Theory]
    [InlineData("0", "open")]
    [InlineData("-1", "closed")]
    [InlineData("\"Choice #3\"", "choice3")]
    public async Task A_schedule_is_open_closed_or_one_of_six_choices(string status, string expected)
    {
        await using var gateway = await StartAsync(Json($$"""{"schedule-status":{"status":{{status}} } }"""));

        Assert.Equal(expected, await _connected.Client.GetScheduleStatusAsync(gateway.Account, "7", CancellationToken.None));
        Assert.Equal("/cc/v1/schedules/7/status", gateway.Only.Target);
    }

    [Theory]
    [InlineData("""{"schedule-status":{"status":5}}""")]
    [InlineData("""{"schedule-status":{}}""")]
    [InlineData("{}")]
    public async Task A_status_that_is_not_known_is_no_answer(string body)
    {
        await using var gateway = await StartAsync(Json(body));

        var failed = await Assert.ThrowsAsync<ChatGatewayException>(
            () => _connected.Client.GetScheduleStatusAsync(gateway.Account, "7", CancellationToken.None));

        Assert.Contains("schedule-status.status", failed.Message);
    }
}
