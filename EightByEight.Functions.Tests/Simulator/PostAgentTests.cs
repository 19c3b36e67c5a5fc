using EightByEight.Simulator;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Simulator;

/// <summary>The time after the agent: who gets the conversation, and when it ends.</summary>
public sealed class PostAgentTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(55));
    private SimulatedGateway _simulated = null!;
    private RecordingWebhook _survey = null!;
    private string _surveyId = "";
    private string _id = "";

    public async ValueTask InitializeAsync()
    {
        _simulated = await SimulatedGateway.StartAsync(options =>
        {
            options.TimeProvider = _time;
            options.DeliveryTimeout = Timeout.InfiniteTimeSpan; // time is moved on while an attempt may be under way
        });
        _survey = await RecordingWebhook.StartAsync();
        _surveyId = _simulated.Gateway.AddWebhook("Survey", _survey.Url).Id;
        _id = _simulated.StartConversation("Hello");
    }

    public async ValueTask DisposeAsync()
    {
        await _simulated.DisposeAsync();
        await _survey.DisposeAsync();
    }

    [Fact]
    public async Task A_second_assignment_is_refused_in_the_words_of_8x8()
    {
        var first = await AssignAsync();
        var second = await AssignAsync();

        Assert.Equal(201, (int)first.StatusCode);
        Assert.Equal(400, (int)second.StatusCode);
        Assert.StartsWith(
            $"Post agent assignment already exists for conversation {_id} and tenant acme01",
            (await second.JsonAsync()).GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("19", "150")]
    [InlineData("601", "150")]
    [InlineData("300", "9")]
    [InlineData("300", "301")]
    public async Task Times_outside_of_their_bounds_are_refused(string total, string user)
    {
        var response = await AssignAsync(total, user);

        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal("invalid_parameter", (await response.JsonAsync()).GetProperty("errors")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task It_ends_when_its_total_time_is_over_whatever_is_said()
    {
        await ServeAsync(total: "20", user: "10");

        _time.Advance(TimeSpan.FromMinutes(19));
        _simulated.Gateway.CustomerSays(_id, "Still here");
        Assert.Equal("active", _simulated.Gateway.State(_id));
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("idle", _simulated.Gateway.State(_id));
    }

    [Fact]
    public async Task It_ends_when_the_customer_is_silent_after_the_bots_last_message()
    {
        await ServeAsync(total: "300", user: "10");

        _time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal("active", _simulated.Gateway.State(_id)); // the bot has said nothing yet
        await _simulated.SayAsync(_id, "How was it?");
        _time.Advance(TimeSpan.FromMinutes(9));
        _simulated.Gateway.CustomerSays(_id, "Good");
        _time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal("active", _simulated.Gateway.State(_id));
        await _simulated.SayAsync(_id, "Thank you");
        _time.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal("idle", _simulated.Gateway.State(_id));
    }

    [Fact]
    public async Task Afterwards_the_channels_webhook_gets_the_events_again()
    {
        await ServeAsync(total: "20", user: "10");
        _time.Advance(TimeSpan.FromMinutes(20));
        await _simulated.Gateway.SettledAsync();
        var before = _simulated.Webhook.Requests.Count;

        _simulated.Gateway.CustomerSays(_id, "Me again");
        await _simulated.Gateway.SettledAsync();

        Assert.Equal(["CONVERSATION_UPDATE", "MESSAGE"], _simulated.Webhook.Requests.Skip(before).Select(one => one.Type));
        Assert.Equal("idle", _survey.Requests[^1].Data.GetProperty("state").GetString());
    }

    [Fact]
    public async Task The_channels_webhook_is_told_meanwhile_where_that_was_asked_for()
    {
        await ServeAsync("20", "10", notifyChannel: "true");
        await _simulated.Gateway.SettledAsync();
        var before = _simulated.Webhook.Requests.Count;

        _simulated.Gateway.CustomerSays(_id, "Fine");
        await _simulated.Gateway.SettledAsync();

        Assert.Equal("Fine", _survey.Requests[^1].Data.GetProperty("text").GetString());
        Assert.Equal("Fine", Assert.Single(_simulated.Webhook.Requests.Skip(before)).Data.GetProperty("text").GetString());
        Assert.NotEqual(_survey.Requests[^1].Header("x-8x8-event-id"), _simulated.Webhook.Requests[^1].Header("x-8x8-event-id"));
    }

    [Fact]
    public async Task A_handover_in_that_time_stops_its_clocks()
    {
        await ServeAsync(total: "20", user: "10");
        await _simulated.PatchAsync($"conversations/{_id}", new { assignment = new { type = "queue", id = "102" } });

        _time.Advance(TimeSpan.FromMinutes(60));

        Assert.Equal(new Assignment("queue", "102"), _simulated.Gateway.AssignmentOf(_id));
        Assert.Equal("active", _simulated.Gateway.State(_id));
        Assert.Equal(201, (int)(await AssignAsync()).StatusCode);
    }

    private Task<HttpResponseMessage> AssignAsync(string total = "300", string user = "150", string notifyChannel = "false") =>
        _simulated.PostAsync($"conversations/{_id}/post-agent-assignment", new
        {
            type = "webhook",
            id = _surveyId,
            configuration = new { notifyChannelWebhookIfExists = notifyChannel, maxTotalMinutes = total, userTimeoutInMinutes = user },
        });

    /// <summary>The agent came, and went.</summary>
    private async Task ServeAsync(string total, string user, string notifyChannel = "false")
    {
        await AssignAsync(total, user, notifyChannel);
        await _simulated.PatchAsync($"conversations/{_id}", new { assignment = new { type = "queue", id = "101" } });
        _simulated.Gateway.AgentAccepts(_id);
        _simulated.Gateway.AgentLeaves(_id);
        Assert.Equal("active", _simulated.Gateway.State(_id));
    }
}
