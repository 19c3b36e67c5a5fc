using System.Globalization;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;
using EightByEight.Simulator;
using Jose;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Simulator;

public sealed class EventTests
{
    [Fact]
    public async Task A_conversation_is_created_then_active_then_speaks()
    {
        await using var simulated = await SimulatedGateway.StartAsync();

        simulated.StartConversation("Grüße 😀 <b>");

        var events = await simulated.Webhook.WaitForAsync(3);
        Assert.Equal(["CONVERSATION_UPDATE", "CONVERSATION_UPDATE", "MESSAGE"], events.Select(one => one.Type));
        Assert.Equal("created", events[0].Data.GetProperty("state").GetString());
        Assert.Equal("active", events[1].Data.GetProperty("state").GetString());
        Assert.Equal("script", events[1].Data.GetProperty("assignment").GetProperty("type").GetString());
        Assert.Equal("WebChat", events[1].Data.GetProperty("channel").GetString());
        Assert.False(events[2].Data.GetProperty("isEcho").GetBoolean());
        Assert.Equal("user", events[2].Data.GetProperty("sender").GetProperty("type").GetString());
        Assert.Equal("Grüße 😀 <b>", events[2].Data.GetProperty("text").GetString());
        var stamps = events.Select(one => one.Json.GetProperty("timestamp").GetInt64()).ToList();
        Assert.True(stamps[0] < stamps[1] && stamps[1] < stamps[2]);
        Assert.Equal(3, events.Select(one => one.Header("x-8x8-event-id")).Distinct().Count());
    }

    [Fact]
    public async Task The_bots_own_message_comes_back_as_an_echo()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();

        await simulated.SayAsync(id, "Hi");

        var echo = Assert.Single(await simulated.Webhook.WaitForAsync(1, one => one.Type == "MESSAGE"));
        Assert.True(echo.Data.GetProperty("isEcho").GetBoolean());
    }

    [Fact]
    public async Task Clicks_and_submits_arrive_as_activities()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();

        simulated.Gateway.CustomerClicks(id, "Track order", "track");
        simulated.Gateway.CustomerSubmits(id, System.Text.Json.JsonSerializer.SerializeToElement(new { order = "1" }));

        var activities = await simulated.Webhook.WaitForAsync(2, one => one.Type == "ACTIVITY");
        Assert.Equal(
            """{"name":"quickReply/action","value":{"type":"postback","data":{"title":"Track order","payload":"track"}}}""",
            activities[0].Data.GetRawText());
        Assert.Equal(
            """{"name":"adaptiveCard/action","value":{"type":"Action.Submit","data":{"order":"1"}}}""",
            activities[1].Data.GetRawText());
    }

    [Fact]
    public async Task Handover_accept_transfer_and_leave_are_told_event_by_event()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        var path = $"conversations/{id}";

        var handover = await simulated.PatchAsync(path, new { assignment = new { type = "queue", id = "101" } });
        simulated.Gateway.AgentAccepts(id, "agent-7");
        simulated.Gateway.AgentSays(id, "How can I help?");
        simulated.Gateway.AgentTransfers(id, "102");
        simulated.Gateway.AgentAccepts(id, "agent-8");
        simulated.Gateway.AgentLeaves(id);

        Assert.Equal(202, (int)handover.StatusCode);
        await simulated.Gateway.SettledAsync();
        Assert.Equal(
            [
                "CONVERSATION_UPDATE script created", "CONVERSATION_UPDATE script active",
                "CONVERSATION_UPDATE queue active", "QUEUED 101",
                "CONVERSATION_UPDATE agent active", "MEMBERS_CHANGED joined agent-7",
                "MESSAGE agent",
                "MEMBERS_CHANGED left agent-7", "TRANSFER", "CONVERSATION_UPDATE queue active", "QUEUED 102",
                "CONVERSATION_UPDATE agent active", "MEMBERS_CHANGED joined agent-8",
                "MEMBERS_CHANGED left agent-8", "CONVERSATION_UPDATE agent idle",
            ],
            simulated.Webhook.Events.Select(Brief));
    }

    [Fact]
    public async Task After_the_agent_the_conversation_goes_to_the_webhook_of_the_post_agent_assignment()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        await using var survey = await RecordingWebhook.StartAsync();
        var surveyId = simulated.Gateway.AddWebhook("Survey", survey.Url).Id;
        var id = simulated.StartConversation();

        var assigned = await simulated.PostAsync(
            $"conversations/{id}/post-agent-assignment", new { type = "webhook", id = surveyId, configuration = new { maxTotalMinutes = "300" } });
        await simulated.PatchAsync($"conversations/{id}", new { assignment = new { type = "queue", id = "101" } });
        simulated.Gateway.AgentAccepts(id);
        simulated.Gateway.AgentLeaves(id);

        Assert.Equal(201, (int)assigned.StatusCode);
        var events = await survey.WaitForAsync(2);
        Assert.Equal(["MEMBERS_CHANGED left agent-1", "CONVERSATION_UPDATE script active"], events.Select(Brief));
    }

    [Fact]
    public async Task Ending_by_REST_leaves_the_conversation_idle_and_a_new_message_wakes_it()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();

        var ended = await simulated.PatchAsync($"conversations/{id}/participants/user", new { removed = true });
        Assert.Equal(204, (int)ended.StatusCode);
        Assert.Equal("idle", simulated.Gateway.State(id));
        simulated.Gateway.CustomerSays(id, "Me again");

        await simulated.Gateway.SettledAsync();
        Assert.Equal(
            ["MEMBERS_CHANGED left user", "CONVERSATION_UPDATE script idle", "CONVERSATION_UPDATE script active", "MESSAGE user"],
            simulated.Webhook.Events.Skip(2).Select(Brief));
    }

    [Fact]
    public async Task The_signature_verifies_with_another_library()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        simulated.StartConversation();

        var received = (await simulated.Webhook.WaitForAsync(1))[0];

        var payload = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"checksum":{{Crc32.HashToUInt32(received.Body)}},"cid":"{{received.Header("x-8x8-customer-id")}}","eid":"{{received.Header("x-8x8-event-id")}}","retry":0,"tid":"acme01","tt":{{received.Header("x-8x8-transmission-time")}}}""");
        var jwk = simulated.Gateway.Jwk;
        using var key = RSA.Create(new RSAParameters { Modulus = System.Buffers.Text.Base64Url.DecodeFromChars(jwk.N), Exponent = System.Buffers.Text.Base64Url.DecodeFromChars(jwk.E) });
        var token = received.Header("x-8x8-signature");
        Assert.Equal(payload, JWT.Decode(token, key, payload: payload));
        Assert.Equal(jwk.Kid, JWT.Headers(token)["kid"]);
        Assert.ThrowsAny<JoseException>(() => JWT.Decode(token, key, payload: payload.Replace("acme01", "acme02", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_checksum_is_the_CRC_32_of_zip_unsigned_and_decimal() => Assert.Equal(
        """{"checksum":3421780262,"cid":"c","eid":"e","retry":2,"tid":"t","tt":5}""",
        SigningKey.Payload(Encoding.ASCII.GetBytes("123456789"), "c", "e", 2, "t", 5));

    [Fact]
    public async Task A_refused_event_comes_again_with_its_id_a_growing_retry_and_a_new_time()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(55));
        await using var simulated = await SimulatedGateway.StartAsync(options =>
        {
            options.TimeProvider = time;
            options.DeliveryTimeout = Timeout.InfiniteTimeSpan; // time is moved on while an attempt is under way
            options.RetryDelays = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)];
        });
        simulated.Webhook.Answer = one => one.Header("x-8x8-retry") == "2" ? 200 : 503;
        var conversation = simulated.StartConversation();
        await simulated.Gateway.SettledAsync();
        var eventId = simulated.Webhook.Requests[0].Header("x-8x8-event-id");

        await Eventually.GetAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(500));
                return simulated.Webhook.Requests.Count(one => one.Header("x-8x8-event-id") == eventId);
            },
            count => count == 3, "three attempts");

        var attempts = simulated.Webhook.Requests.Where(one => one.Header("x-8x8-event-id") == eventId).ToList();
        Assert.Equal(["0", "1", "2"], attempts.Select(one => one.Header("x-8x8-retry")));
        Assert.Equal(3, attempts.Select(one => one.Header("x-8x8-transmission-time")).Distinct().Count());
        Assert.Equal(3, attempts.Select(one => one.Header("x-8x8-signature")).Distinct().Count());
        Assert.Single(attempts.Select(one => Encoding.UTF8.GetString(one.Body)).Distinct());
        Assert.Equal("active", simulated.Gateway.State(conversation));
    }

    [Fact]
    public async Task The_event_log_names_what_happened_to_an_event()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        simulated.Webhook.Answer = one => one.Type == "MESSAGE" ? 500 : 200;
        var id = simulated.StartConversation("Hello");
        await simulated.Gateway.SettledAsync();

        var entry = simulated.Gateway.EventLog.Entries[0];
        Assert.Equal(("MESSAGE", "Outbound", "Failed", id), (entry.RecordType, entry.Direction, entry.Status, entry.ConversationId));
        Assert.Equal(500, Assert.Single(entry.Attempts).Status);
        Assert.Equal("Success", simulated.Gateway.EventLog.Entries[1].Status);
    }

    [Fact]
    public async Task The_event_log_is_bounded()
    {
        await using var simulated = await SimulatedGateway.StartAsync(options => options.EventLogCapacity = 5);
        var id = simulated.StartConversation();
        for (var i = 0; i < 10; i++) simulated.Gateway.CustomerSays(id, $"{i}");

        Assert.Equal(5, simulated.Gateway.EventLog.Entries.Count);
        Assert.Contains("\"9\"", simulated.Gateway.EventLog.Entries[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redelivery_sends_the_same_event_so_many_times_at_once()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        simulated.StartConversation();
        await simulated.Gateway.SettledAsync();
        var eventId = simulated.Webhook.Requests[0].Header("x-8x8-event-id");

        await simulated.Gateway.RedeliverAsync(eventId, copies: 10);

        Assert.Equal(11, simulated.Webhook.Requests.Count(one => one.Header("x-8x8-event-id") == eventId));
    }

    [Fact]
    public async Task Many_conversations_are_delivered_each_in_order()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var ids = Enumerable.Range(0, 200).Select(_ => simulated.StartConversation()).ToList();
        for (var i = 0; i < 5; i++)
        {
            foreach (var id in ids) simulated.Gateway.CustomerSays(id, $"{i}");
        }

        await simulated.Gateway.SettledAsync();

        var said = simulated.Webhook.Events.Where(one => one.Type == "MESSAGE")
            .GroupBy(one => one.Json.GetProperty("conversationId").GetString())
            .ToDictionary(one => one.Key!, one => string.Concat(one.Select(message => message.Data.GetProperty("text").GetString())));
        Assert.All(ids, id => Assert.Equal("01234", said[id]));
    }

    [Fact]
    public async Task A_key_file_keeps_the_key_over_a_restart()
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            await using var first = await SimulatedGateway.StartAsync(options => options.KeyFile = file);
            await using var second = await SimulatedGateway.StartAsync(options => options.KeyFile = file);

            Assert.Equal(first.Gateway.Jwk, second.Gateway.Jwk);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Brief(RecordingWebhook.Received one) => one.Type switch
    {
        "CONVERSATION_UPDATE" =>
            $"{one.Type} {one.Data.GetProperty("assignment").GetProperty("type").GetString()} {one.Data.GetProperty("state").GetString()}",
        "QUEUED" => $"{one.Type} {one.Data.GetProperty("queueId").GetString()}",
        "MEMBERS_CHANGED" => $"{one.Type} {one.Data.GetProperty("change").GetString()} {one.Data.GetProperty("id").GetString()}",
        "MESSAGE" => $"{one.Type} {one.Data.GetProperty("sender").GetProperty("type").GetString()}",
        _ => one.Type,
    };
}
