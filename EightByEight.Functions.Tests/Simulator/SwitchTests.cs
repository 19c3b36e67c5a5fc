using System.Net;
using System.Net.Http.Json;
using EightByEight.Simulator;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Simulator;

/// <summary>What 8x8 leaves open, or does when it has a bad day, set while the simulator runs.</summary>
public sealed class SwitchTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Switches_are_read_and_changed_one_by_one_over_HTTP()
    {
        await using var simulated = await SimulatedGateway.StartAsync();

        var changed = await SwitchAsync(simulated, new { copies = 2, clickAlsoWrites = true, deliveryOrder = "shuffled" });
        var read = await simulated.Client.GetFromJsonAsync<System.Text.Json.JsonElement>("/simulator/switches", Cancelled);

        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.Equal(2, read.GetProperty("copies").GetInt32());
        Assert.True(read.GetProperty("clickAlsoWrites").GetBoolean());
        Assert.Equal("shuffled", read.GetProperty("deliveryOrder").GetString());
        Assert.False(read.GetProperty("transferBeforeLeft").GetBoolean());
        Assert.Equal(404, read.GetProperty("idleMessageStatus").GetInt32());
    }

    [Theory]
    [InlineData("""{"copies":0}""")]
    [InlineData("""{"idleMessageStatus":20}""")]
    [InlineData("""{"eventDelays":{"MESSAGE":"02:00:00"}}""")]
    [InlineData("""{"deliveryOrder":"sideways"}""")]
    [InlineData("null")]
    public async Task What_is_not_a_switch_is_refused_and_changes_nothing(string body)
    {
        await using var simulated = await SimulatedGateway.StartAsync();

        var response = await simulated.Client.PatchAsync("/simulator/switches", new StringContent(body), Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(1, simulated.Gateway.Options.Copies);
        Assert.Equal(404, simulated.Gateway.Options.IdleMessageStatus);
        Assert.Empty(simulated.Gateway.Options.EventDelays);
    }

    [Fact]
    public async Task Every_event_can_come_twice()
    {
        await using var simulated = await SimulatedGateway.StartAsync(options => options.Copies = 2);

        simulated.StartConversation("Hello");
        await simulated.Gateway.SettledAsync();

        Assert.Equal(6, simulated.Webhook.Requests.Count);
        Assert.Equal(3, simulated.Webhook.Requests.Select(one => one.Header("x-8x8-event-id")).Distinct().Count());
    }

    [Fact]
    public async Task Events_of_a_type_can_be_late_and_others_overtake_them()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(55));
        await using var simulated = await SimulatedGateway.StartAsync(options =>
        {
            options.TimeProvider = time;
            options.DeliveryTimeout = Timeout.InfiniteTimeSpan;
            options.EventDelays = new Dictionary<string, TimeSpan> { ["CONVERSATION_UPDATE"] = TimeSpan.FromSeconds(5) };
        });

        simulated.StartConversation("Hello");
        await simulated.Webhook.WaitForAsync(1, one => one.Type == "MESSAGE");
        Assert.Single(simulated.Webhook.Requests);

        await Eventually.GetAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return simulated.Webhook.Requests.Count(one => one.Type == "CONVERSATION_UPDATE");
            },
            count => count == 2, "the late events");
    }

    [Fact]
    public async Task One_event_can_be_late()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(55));
        await using var simulated = await SimulatedGateway.StartAsync(options =>
        {
            options.TimeProvider = time;
            options.DeliveryTimeout = Timeout.InfiniteTimeSpan;
        });
        var id = await ServedAsync(simulated);
        simulated.Gateway.Faults.Add(Fault.DeliverLater(TimeSpan.FromSeconds(3), "TRANSFER"));

        simulated.Gateway.AgentTransfers(id, "102");
        await simulated.Webhook.WaitForAsync(2, one => one.Type == "QUEUED");
        Assert.DoesNotContain(simulated.Webhook.Requests, one => one.Type == "TRANSFER");

        await Eventually.GetAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(3));
                return simulated.Webhook.Requests.Count(one => one.Type == "TRANSFER");
            },
            count => count == 1, "the late event");
    }

    [Theory]
    [InlineData(false, new[] { "MEMBERS_CHANGED", "TRANSFER" })]
    [InlineData(true, new[] { "TRANSFER", "MEMBERS_CHANGED" })]
    public async Task TRANSFER_comes_after_left_or_before_it(bool before, string[] order)
    {
        await using var simulated = await SimulatedGateway.StartAsync(options => options.TransferBeforeLeft = before);
        var id = await ServedAsync(simulated);
        await simulated.Gateway.SettledAsync();
        var seen = simulated.Webhook.Requests.Count;

        simulated.Gateway.AgentTransfers(id, "102");
        await simulated.Gateway.SettledAsync();

        Assert.Equal(order, simulated.Webhook.Requests.Skip(seen).Take(2).Select(one => one.Type));
    }

    [Fact]
    public async Task A_click_can_also_send_its_title_as_a_message()
    {
        await using var simulated = await SimulatedGateway.StartAsync(options => options.ClickAlsoWrites = true);
        var id = simulated.StartConversation();

        simulated.Gateway.CustomerClicks(id, "Track order", "track");
        await simulated.Gateway.SettledAsync();

        Assert.Equal(["ACTIVITY", "MESSAGE"], simulated.Webhook.Requests.Skip(2).Select(one => one.Type));
        Assert.Equal("Track order", simulated.Webhook.Requests[^1].Data.GetProperty("text").GetString());
        Assert.Single(simulated.Gateway.Messages(id));
    }

    [Theory]
    [InlineData(404)]
    [InlineData(400)]
    [InlineData(409)]
    [InlineData(202)]
    public async Task A_message_to_an_idle_conversation_is_answered_as_set(int status)
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        simulated.Gateway.BecomesIdle(id);
        await SwitchAsync(simulated, new { idleMessageStatus = status });

        Assert.Equal(status, (int)(await simulated.SayAsync(id, "Too late")).StatusCode);
        Assert.Equal(status == 202 ? 1 : 0, simulated.Gateway.Messages(id).Count);
    }

    [Fact]
    public async Task A_handover_can_be_accepted_and_never_happen()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        simulated.Gateway.Faults.Add(Fault.IgnoreAssignment());

        var response = await HandOverAsync(simulated, id);

        Assert.Equal(202, (int)response.StatusCode);
        Assert.Equal("script", simulated.Gateway.AssignmentOf(id).Type);
    }

    [Fact]
    public async Task A_handover_can_be_accepted_now_and_happen_later()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(55));
        await using var simulated = await SimulatedGateway.StartAsync(options => options.TimeProvider = time);
        var id = simulated.StartConversation();
        simulated.Gateway.Faults.Add(new Fault { Operation = Operations.PatchConversation, VisibilityDelay = TimeSpan.FromSeconds(9) });

        var response = await HandOverAsync(simulated, id);
        Assert.Equal("script", simulated.Gateway.AssignmentOf(id).Type);
        time.Advance(TimeSpan.FromSeconds(9));

        Assert.Equal(202, (int)response.StatusCode);
        await Eventually.GetAsync(() => simulated.Gateway.AssignmentOf(id).Type, type => type == "queue", "the handover");
    }

    private static Task<HttpResponseMessage> SwitchAsync(SimulatedGateway simulated, object change) =>
        simulated.Client.PatchAsJsonAsync("/simulator/switches", change, Cancelled);

    private static Task<HttpResponseMessage> HandOverAsync(SimulatedGateway simulated, string id) =>
        simulated.PatchAsync($"conversations/{id}", new { assignment = new { type = "queue", id = "101" } });

    private static async Task<string> ServedAsync(SimulatedGateway simulated)
    {
        var id = simulated.StartConversation();
        await HandOverAsync(simulated, id);
        simulated.Gateway.AgentAccepts(id);
        return id;
    }
}
