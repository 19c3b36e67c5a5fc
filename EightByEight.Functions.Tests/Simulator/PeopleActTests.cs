using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using EightByEight.Simulator;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Simulator;

/// <summary>What customers and agents do beyond writing, and the events it makes.</summary>
public sealed class PeopleActTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_agent_takes_a_bots_conversation_unasked()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();

        simulated.Gateway.AgentTakes(id, "agent-2");

        await simulated.Gateway.SettledAsync();
        var (update, joined) = (simulated.Webhook.Requests[^2], simulated.Webhook.Requests[^1]);
        Assert.Equal("agent", update.Data.GetProperty("assignment").GetProperty("type").GetString());
        Assert.Equal("agent-2", joined.Data.GetProperty("id").GetString());
        Assert.Equal("joined", joined.Data.GetProperty("change").GetString());
        Assert.Throws<SimulatorStateException>(() => simulated.Gateway.AgentTakes(id, "agent-3"));
    }

    [Fact]
    public async Task Several_agents_serve_several_conversations()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var (one, other) = (simulated.StartConversation(), simulated.StartConversation());
        simulated.Gateway.AgentTakes(one, "agent-1");
        simulated.Gateway.AgentTakes(other, "agent-2");

        simulated.Gateway.AgentSays(one, "I am Kim");
        simulated.Gateway.AgentSays(other, "I am Lee");

        Assert.Equal("agent-1", Assert.Single(simulated.Gateway.Messages(one)).AuthorId);
        Assert.Equal("agent-2", Assert.Single(simulated.Gateway.Messages(other)).AuthorId);
    }

    [Fact]
    public async Task A_conversation_becomes_idle_by_itself_and_a_message_opens_it_again()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();

        simulated.Gateway.BecomesIdle(id);
        simulated.Gateway.CustomerSays(id, "Hello?");

        await simulated.Gateway.SettledAsync();
        Assert.Equal(
            ["CONVERSATION_UPDATE idle", "CONVERSATION_UPDATE active", "MESSAGE "],
            simulated.Webhook.Requests.Skip(2).Select(one => $"{one.Type} {(one.Data.TryGetProperty("state", out var state) ? state : null)}"));
        Assert.Equal(2, (await simulated.GetAsync($"conversations/{id}/interactions")).GetProperty("page").GetProperty("totalElements").GetInt32());
    }

    [Fact]
    public async Task A_queue_says_again_that_somebody_waits()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        Assert.Throws<SimulatorStateException>(() => simulated.Gateway.QueuedAgain(id));
        await simulated.PatchAsync($"conversations/{id}", new { assignment = new { type = "queue", id = "101" } });

        simulated.Gateway.QueuedAgain(id);

        var queued = await simulated.Webhook.WaitForAsync(2, one => one.Type == "QUEUED");
        Assert.Equal(queued[0].Data.GetRawText(), queued[1].Data.GetRawText());
        Assert.NotEqual(queued[0].Header("x-8x8-event-id"), queued[1].Header("x-8x8-event-id"));
    }

    [Fact]
    public async Task The_bot_takes_a_conversation_back_to_a_script_but_cannot_give_it_to_an_agent()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        await simulated.PatchAsync($"conversations/{id}", new { assignment = new { type = "queue", id = "101" } });

        var back = await simulated.PatchAsync($"conversations/{id}", new { assignment = new { type = "script", id = "script-7" } });
        var agent = await simulated.PatchAsync($"conversations/{id}", new { assignment = new { type = "agent", id = "agent-1" } });
        var nowhere = await simulated.PatchAsync($"conversations/{id}", new { assignment = new { type = "queue", id = "112" } });

        Assert.Equal(202, (int)back.StatusCode);
        Assert.Equal(400, (int)agent.StatusCode);
        Assert.Equal("invalid_queue", (await nowhere.JsonAsync()).GetProperty("errors")[0].GetProperty("code").GetString());
        Assert.Equal(new Assignment("script", "script-7"), simulated.Gateway.AssignmentOf(id));
        await simulated.Gateway.SettledAsync();
        var last = simulated.Webhook.Requests[^1].Data.GetProperty("assignment");
        Assert.Equal(("script", "script-7"), (last.GetProperty("type").GetString(), last.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_customers_file_comes_with_an_address_that_serves_it_for_a_time()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(55));
        await using var simulated = await SimulatedGateway.StartAsync(options =>
        {
            options.TimeProvider = time;
            options.DeliveryTimeout = Timeout.InfiniteTimeSpan;
        });
        var id = simulated.StartConversation();
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent([1, 2, 3]), "file", "photo.png" },
            { new StringContent("Look"), "text" },
        };

        var sent = await simulated.Client.PostAsync($"/simulator/conversations/{id}/customer/file", form, Cancelled);

        Assert.Equal(HttpStatusCode.NoContent, sent.StatusCode);
        var message = (await simulated.Webhook.WaitForAsync(1, one => one.Type == "MESSAGE"))[0].Data;
        Assert.Equal("Look", message.GetProperty("text").GetString());
        var attachment = message.GetProperty("attachments")[0];
        Assert.Equal(("image", "photo.png"), (attachment.GetProperty("type").GetString(), attachment.GetProperty("fileName").GetString()));
        using var anyone = new HttpClient();
        var url = attachment.GetProperty("preSignedUrl").GetString();
        var file = await anyone.GetAsync(url, Cancelled);
        Assert.Equal("image/png", file.Content.Headers.ContentType!.MediaType);
        Assert.Equal([1, 2, 3], await file.Content.ReadAsByteArrayAsync(Cancelled));
        time.Advance(TimeSpan.FromMinutes(16));
        Assert.Equal(HttpStatusCode.Forbidden, (await anyone.GetAsync(url, Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Older_events_name_a_file_without_an_address()
    {
        await using var simulated = await SimulatedGateway.StartAsync(options => options.PreSignedUrls = false);
        var id = simulated.StartConversation();

        simulated.Gateway.CustomerSendsFile(id, "note.pdf", [1]);

        var attachment = (await simulated.Webhook.WaitForAsync(1, one => one.Type == "MESSAGE"))[0].Data.GetProperty("attachments")[0];
        Assert.False(attachment.TryGetProperty("preSignedUrl", out _));
        Assert.Equal("file", attachment.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData(
        """{"kind":"button","id":"b1","title":"Yes"}""",
        """{"type":"button_reply","button_reply":{"id":"b1","title":"Yes"}}""")]
    [InlineData(
        """{"kind":"row","id":"r1","title":"Large","description":"The large one"}""",
        """{"type":"list_reply","list_reply":{"id":"r1","title":"Large","description":"The large one"}}""")]
    [InlineData(
        """{"kind":"suggestion","text":"Call me","postbackData":"call"}""",
        """{"type":"suggestion_reply","text":"Call me","postbackData":"call"}""")]
    [InlineData(
        """{"kind":"flow","answers":{"size":"L"}}""",
        """{"type":"nfmReply","nfmReply":{"responseJson":"{\"size\":\"L\"}"}}""")]
    [InlineData(
        """{"kind":"location","latitude":51.5,"longitude":-0.1}""",
        """{"type":"location","location":{"latitude":51.5,"longitude":-0.1}}""")]
    public async Task Answers_to_a_channels_own_cards_arrive_as_interactive_replies(string reply, string value)
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.Gateway.StartConversation(new ConversationStart { WebhookId = simulated.WebhookId, Channel = "WhatsApp" });

        var response = await simulated.Client.PostAsync(
            $"/simulator/conversations/{id}/customer/reply", new StringContent(reply, System.Text.Encoding.UTF8, "application/json"), Cancelled);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        var activity = (await simulated.Webhook.WaitForAsync(1, one => one.Type == "ACTIVITY"))[0].Data;
        Assert.Equal("interactive/reply", activity.GetProperty("name").GetString());
        Assert.Equal(value, activity.GetProperty("value").GetRawText());
        Assert.Single(simulated.Gateway.Messages(id)); // the customer sees what they picked
    }

    [Fact]
    public async Task Any_event_is_posted_signed_and_logged_once_even_a_broken_one()
    {
        await using var simulated = await SimulatedGateway.StartAsync();

        var response = await simulated.Client.PostAsync(
            $"/simulator/webhooks/{simulated.WebhookId}/events", new StringContent("""{"eventType":"NEW","conversationId":"ID-7"}"""), Cancelled);
        simulated.Webhook.Answer = _ => 400;
        var (attempt, _) = await simulated.Gateway.PostEventAsync(simulated.WebhookId, "{"u8.ToArray());

        var first = simulated.Webhook.Requests[0];
        Assert.Equal((await response.JsonAsync()).GetProperty("eventId").GetString(), first.Header("x-8x8-event-id"));
        Assert.Equal("NEW", first.Type);
        Assert.Equal(400, attempt.Status);
        Assert.Equal(
            [("CUSTOM", null, "Failed"), ("NEW", "ID-7", "Success")],
            simulated.Gateway.EventLog.Entries.Select(entry => (entry.RecordType, entry.ConversationId, entry.Status)));
    }

    [Fact]
    public async Task Indicators_and_receipts_of_the_bot_show_in_the_conversation_and_in_the_log()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation("Hello");

        await simulated.PostAsync($"conversations/{id}/typing", new { authorType = "bot" });
        await simulated.PostAsync($"conversations/{id}/thinking", null);
        await simulated.PostAsync($"conversations/{id}/read-receipt", new { authorType = "bot", readAt = 1_700_000_000_000 });

        var view = await simulated.Client.GetFromJsonAsync<JsonElement>($"/simulator/conversations/{id}", Cancelled);
        Assert.Equal(["bot", "thinking"], view.GetProperty("typing").EnumerateArray().Select(who => who.GetString()).Order());
        Assert.Equal("2023-11-14T22:13:20.000Z", view.GetProperty("readUpTo").GetProperty("bot").GetString());
        Assert.Equal(
            ["typing", "thinking", "readReceipt"],
            simulated.Gateway.EventLog.Entries.Where(entry => entry.Direction == "Inbound").Reverse().Select(entry => entry.RecordType));
        await simulated.SayAsync(id, "Here I am");
        view = await simulated.Client.GetFromJsonAsync<JsonElement>($"/simulator/conversations/{id}", Cancelled);
        Assert.Empty(view.GetProperty("typing").EnumerateArray());
    }
}
