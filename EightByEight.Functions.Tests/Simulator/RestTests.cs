using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace EightByEight.Functions.Tests.Simulator;

public sealed class RestTests
{
    [Fact]
    public async Task Without_a_known_key_the_answer_is_401_in_the_shape_of_8x8()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        simulated.Client.DefaultRequestHeaders.Remove("x-api-key");

        var response = await simulated.Client.GetAsync("/chat-gateway/v1/webhooks", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var problem = await response.JsonAsync();
        Assert.Equal("Access Denied", problem.GetProperty("message").GetString());
        Assert.Equal("access_denied", problem.GetProperty("errors")[0].GetProperty("code").GetString());
        Assert.True(problem.TryGetProperty("referenceId", out _));
    }

    [Fact]
    public async Task Another_tenant_is_forbidden_and_errors_are_strings()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        simulated.Client.DefaultRequestHeaders.Add("X-8x8-Tenant", "someone-else");

        var response = await simulated.Client.GetAsync("/chat-gateway/v1/webhooks", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.StartsWith("Header X-8x8-Tenant", (await response.JsonAsync()).GetProperty("errors")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_webhook_is_asked_before_it_is_created_and_created_with_200()
    {
        await using var simulated = await SimulatedGateway.StartAsync();

        var response = await simulated.PostAsync(
            "webhooks", new { name = "Second", uri = simulated.Webhook.Url, version = "Chat Gateway v1.0" });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("application/hal+json", response.Content.Headers.ContentType!.MediaType);
        var verify = Assert.Single(simulated.Webhook.Requests);
        Assert.Equal(
            """{"notificationVersion":"Chat Gateway v1.0","eventType":"WEB_HOOK_VERIFY"}""", Encoding.UTF8.GetString(verify.Body));
        var id = (await response.JsonAsync()).GetProperty("id").GetString();
        Assert.Equal("Second", (await simulated.GetAsync($"webhooks/{id}")).GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_webhook_that_does_not_answer_2xx_is_refused_with_a_reason()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        simulated.Webhook.Answer = _ => 404;

        var response = await simulated.PostAsync("webhooks/verify", new { uri = simulated.Webhook.Url, version = "Chat Gateway v1.0" });

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("it answered 404", (await response.JsonAsync()).GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(99)]
    [InlineData(999)]
    [InlineData(9)]
    public async Task Messages_are_sorted_by_time_whatever_its_digits(int milliseconds)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, milliseconds, TimeSpan.Zero));
        await using var simulated = await SimulatedGateway.StartAsync(options => options.TimeProvider = time);
        var id = simulated.StartConversation("first");
        for (var i = 0; i < 3; i++) await simulated.SayAsync(id, $"{i}");

        var list = await simulated.GetAsync($"conversations/{id}/messages");

        Assert.Equal(["2", "1", "0", "first"],
            list.GetProperty("_embedded").GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task Sending_answers_202_without_a_body_and_lists_newest_first()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation("Hello");

        var response = await simulated.SayAsync(id, "Hi");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        var list = await simulated.GetAsync($"conversations/{id}/messages?size=1");
        var newest = Assert.Single(list.GetProperty("_embedded").GetProperty("messages").EnumerateArray());
        Assert.Equal("Hi", newest.GetProperty("text").GetString());
        Assert.Equal("bot", newest.GetProperty("author").GetProperty("type").GetString());
        Assert.Equal(2, list.GetProperty("page").GetProperty("totalElements").GetInt32());
        Assert.Equal(2, list.GetProperty("page").GetProperty("totalPages").GetInt32());
        Assert.False(list.TryGetProperty("_links", out _));
    }

    [Fact]
    public async Task A_bot_that_forgets_authorType_speaks_as_the_customer()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();

        await simulated.PostAsync($"conversations/{id}/messages", new { text = "Who am I?" });

        Assert.Equal("user", Assert.Single(simulated.Gateway.Messages(id)).Author);
    }

    [Theory]
    [InlineData("""{"authorType":"bot"}""")]
    [InlineData("""{"authorType":"bot","text":""}""")]
    [InlineData("""{"authorType":"customer","text":"x"}""")]
    [InlineData("""{"authorType":"bot","text":"x","externalProvider":{"name":"X","externalMessageId":"1"}}""")]
    [InlineData("""{"authorType":"bot","text":"x","attachments":[{"id":"nowhere"}]}""")]
    [InlineData("""{"authorType":"bot",""")]
    public async Task A_message_that_cannot_be_sent_is_refused_with_errors_as_an_object(string body)
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();

        var response = await simulated.PostAsync($"conversations/{id}/messages", body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("invalid_json_object", (await response.JsonAsync()).GetProperty("errors").GetProperty("code").GetString());
        Assert.Empty(simulated.Gateway.Messages(id));
    }

    [Fact]
    public async Task An_unknown_conversation_is_404_with_errors_as_strings_and_as_objects_for_indicators()
    {
        await using var simulated = await SimulatedGateway.StartAsync();

        var message = await simulated.SayAsync("nowhere", "Hi");
        var typing = await simulated.PostAsync("conversations/nowhere/typing", new { authorType = "bot" });

        Assert.Equal(HttpStatusCode.NotFound, message.StatusCode);
        Assert.Equal(JsonValueKind.String, (await message.JsonAsync()).GetProperty("errors")[0].ValueKind);
        Assert.Equal(HttpStatusCode.NotFound, typing.StatusCode);
        Assert.Equal("resource_not_found", (await typing.JsonAsync()).GetProperty("errors")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_message_to_an_idle_conversation_is_refused()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation("Hello");
        simulated.Gateway.CustomerLeaves(id);

        var response = await simulated.SayAsync(id, "Too late");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Single(simulated.Gateway.Messages(id));
    }

    [Fact]
    public async Task A_channel_needs_a_known_queue_and_webhook()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        object Channel(string queueId) => new
        {
            name = "Site",
            type = "ChatAPI",
            webHookId = simulated.WebhookId,
            routingOptions = new { type = "queue", id = queueId },
        };

        var refused = await simulated.PostAsync("channels", Channel("112"));
        var created = await simulated.PostAsync("channels", Channel("101"));

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var error = (await refused.JsonAsync()).GetProperty("errors")[0];
        Assert.Equal("invalid_queue", error.GetProperty("code").GetString());
        Assert.Equal("Queue ID 112 is invalid.", error.GetProperty("message").GetString());
        Assert.Equal(HttpStatusCode.OK, created.StatusCode);
        var filtered = await simulated.GetAsync("channels?filter=name==Nobody,(routingOptions.id==101;type==ChatAPI)");
        Assert.Equal(1, filtered.GetProperty("page").GetProperty("totalElements").GetInt32());
    }

    [Fact]
    public async Task A_client_creates_a_conversation_with_history_and_it_waits_in_the_queue()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var channel = simulated.Gateway.AddChannel("Site", "ChatAPI", simulated.WebhookId, "101");

        var response = await simulated.PostAsync("conversations", new
        {
            channelId = channel.Id,
            user = new { name = "Ann", language = "en" },
            history = new { messages = new[] { new { authorType = "user", text = "Hi" }, new { authorType = "bot", text = "Hello" } } },
        });

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        var id = (await response.JsonAsync()).GetProperty("conversationId").GetString()!;
        Assert.Equal(["user", "bot"], simulated.Gateway.Messages(id).Select(message => message.Author));
        var events = await simulated.Webhook.WaitForAsync(3);
        Assert.Equal(["CONVERSATION_UPDATE", "CONVERSATION_UPDATE", "QUEUED"], events.Select(one => one.Type));
        Assert.Equal("created", events[0].Data.GetProperty("state").GetString());
        Assert.Equal("active", events[1].Data.GetProperty("state").GetString());
        Assert.Equal("Support", events[2].Data.GetProperty("queueName").GetString());
    }

    [Fact]
    public async Task An_attachment_is_uploaded_sent_by_reference_and_downloaded()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent([1, 2, 3]), "attachment", "three.png" },
            { new StringContent("bot"), "authorType" },
        };

        var upload = await simulated.Client.PostAsync(
            $"/chat-gateway/v1/conversations/{id}/attachments", form, TestContext.Current.CancellationToken);
        var attachment = await upload.JsonAsync();
        var attachmentId = attachment.GetProperty("id").GetString();
        var sent = await simulated.PostAsync(
            $"conversations/{id}/messages", new { authorType = "bot", attachments = new[] { new { id = attachmentId } } });

        Assert.Equal("three.png", attachment.GetProperty("filename").GetString());
        Assert.Equal(3, attachment.GetProperty("sizeInBytes").GetInt64());
        Assert.Equal(HttpStatusCode.Accepted, sent.StatusCode);
        var content = await simulated.Client.GetAsync(
            $"/chat-gateway/v1/conversations/{id}/attachments/{attachmentId}/content", TestContext.Current.CancellationToken);
        Assert.Equal("application/octet-stream", content.Content.Headers.ContentType!.MediaType);
        Assert.NotNull(content.Content.Headers.ContentDisposition);
        Assert.Equal([1, 2, 3], await content.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_signing_key_is_served_without_a_key_under_both_addresses()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        simulated.Client.DefaultRequestHeaders.Remove("x-api-key");
        var kid = simulated.Gateway.Jwk.Kid;

        foreach (var root in new[] { "/chat-gateway/v1", "/vcc/us/chat/v2" })
        {
            var jwk = await simulated.Client.GetFromJsonAsync<JsonElement>(
                $"{root}/jwk/{kid}/public", TestContext.Current.CancellationToken);
            Assert.Equal("RSA", jwk.GetProperty("kty").GetString());
            Assert.Equal(simulated.Gateway.Jwk.N, jwk.GetProperty("n").GetString());
        }
    }

    [Fact]
    public async Task Requests_are_counted_by_operation()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();

        await simulated.SayAsync(id, "One");
        await simulated.SayAsync("nowhere", "Two");

        Assert.Equal(2, simulated.Gateway.Requests["sendMessage"]);
    }
}
