using System.Net;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Simulator;

public sealed class FaultTests
{
    [Fact]
    public async Task A_refusal_carries_status_and_retry_after_and_does_no_work()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        simulated.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 429, times: 2, retryAfter: TimeSpan.FromSeconds(7)));

        var first = await simulated.SayAsync(id, "One");
        var second = await simulated.SayAsync(id, "Two");
        var third = await simulated.SayAsync(id, "Three");

        Assert.Equal([429, 429, 202], new[] { first, second, third }.Select(one => (int)one.StatusCode));
        Assert.Equal(TimeSpan.FromSeconds(7), first.Headers.RetryAfter!.Delta);
        Assert.Equal(["Three"], simulated.Gateway.Messages(id).Select(message => message.Text));
    }

    [Fact]
    public async Task An_answer_can_be_lost_though_the_work_was_done()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        simulated.Gateway.Faults.Add(Fault.WorkThenDrop(Operations.SendMessage));

        await Assert.ThrowsAsync<HttpRequestException>(() => simulated.SayAsync(id, "Lost?"));

        Assert.Equal(["Lost?"], simulated.Gateway.Messages(id).Select(message => message.Text));
    }

    [Fact]
    public async Task A_dropped_request_does_no_work()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        simulated.Gateway.Faults.Add(Fault.Drop(Operations.SendMessage));

        await Assert.ThrowsAsync<HttpRequestException>(() => simulated.SayAsync(id, "Lost"));

        Assert.Empty(simulated.Gateway.Messages(id));
    }

    [Fact]
    public async Task A_5xx_can_follow_work_that_was_done()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        simulated.Gateway.Faults.Add(Fault.WorkThenAnswer(Operations.SendMessage, 502));

        var response = await simulated.SayAsync(id, "Done");

        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
        Assert.Equal(["Done"], simulated.Gateway.Messages(id).Select(message => message.Text));
    }

    [Fact]
    public async Task A_hanging_request_has_done_its_work_when_the_client_gives_up()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        simulated.Gateway.Faults.Add(Fault.WorkThenHang(Operations.SendMessage));

        var hanging = simulated.SayAsync(id, "Still there?");
        await simulated.Webhook.WaitForAsync(1, one => one.Type == "MESSAGE");
        Assert.False(hanging.IsCompleted);
        simulated.Client.CancelPendingRequests();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        Assert.Equal(["Still there?"], simulated.Gateway.Messages(id).Select(message => message.Text));
    }

    [Fact]
    public async Task A_message_can_be_accepted_now_and_shown_and_echoed_later()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(55));
        await using var simulated = await SimulatedGateway.StartAsync(options => options.TimeProvider = time);
        var id = simulated.StartConversation();
        simulated.Gateway.Faults.Add(Fault.ShowLater(TimeSpan.FromSeconds(2)));

        await simulated.SayAsync(id, "Later");
        var before = await simulated.GetAsync($"conversations/{id}/messages");
        time.Advance(TimeSpan.FromSeconds(3));
        var after = await simulated.GetAsync($"conversations/{id}/messages");

        Assert.Equal(0, before.GetProperty("page").GetProperty("totalElements").GetInt32());
        Assert.Equal(1, after.GetProperty("page").GetProperty("totalElements").GetInt32());
        Assert.Single(await simulated.Webhook.WaitForAsync(1, one => one.Type == "MESSAGE"));
        Assert.Single(simulated.Gateway.Messages(id));
    }

    [Fact]
    public async Task An_event_can_be_delivered_several_times_at_once()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        simulated.Gateway.Faults.Add(Fault.Duplicate(copies: 10) with { Path = "MESSAGE" });

        simulated.StartConversation("Hello");

        var copies = await simulated.Webhook.WaitForAsync(10, one => one.Type == "MESSAGE");
        Assert.Single(copies.Select(one => one.Header("x-8x8-event-id")).Distinct());
    }

    [Fact]
    public async Task A_fault_can_be_bound_to_one_conversation_and_let_requests_pass_first()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var (one, other) = (simulated.StartConversation(), simulated.StartConversation());
        simulated.Gateway.Faults.Add(Fault.Refuse(null, 500) with { Path = $"*/conversations/{one}/messages", Skip = 1 });

        Assert.Equal(202, (int)(await simulated.SayAsync(one, "1")).StatusCode);
        Assert.Equal(202, (int)(await simulated.SayAsync(other, "2")).StatusCode);
        Assert.Equal(500, (int)(await simulated.SayAsync(one, "3")).StatusCode);
        Assert.Empty(simulated.Gateway.Faults.Pending);
    }
}
