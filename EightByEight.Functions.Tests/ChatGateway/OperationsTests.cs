using System.Text;
using System.Text.Json;
using EightByEight.Connector.ChatGateway;
using static EightByEight.Functions.Tests.ChatGateway.GatewayServer;

namespace EightByEight.Functions.Tests.ChatGateway;

/// <summary>What goes over the wire for each operation, and what is read from the answer.</summary>
public sealed class OperationsTests : IAsyncDisposable
{
    private const string Conversations = "/chat-gateway/v1/conversations";
    private readonly Connected _connected = new();
    private static readonly CancellationToken _none = CancellationToken.None;

    public ValueTask DisposeAsync() => _connected.DisposeAsync();

    private ChatGatewayClient Client => _connected.Client;

    [Fact]
    public async Task A_message_is_posted_as_the_bot()
    {
        await using var gateway = await StartAsync(Status(202));
        await Client.SendMessageAsync(gateway.Account, "ID-0", new OutgoingMessage { Text = "Grüße" }, _none);

        AssertSent(gateway, "POST", $"{Conversations}/ID-0/messages", """{"authorType":"bot","text":"Grüße"}""");
    }

    [Fact]
    public async Task A_message_carries_attachments_and_cards()
    {
        await using var gateway = await StartAsync(Status(202));
        using var content = JsonDocument.Parse("""{"options":[{"title":"Yes","data":{"postback":"yes"}}]}""");
        await Client.SendMessageAsync(
            gateway.Account, "ID-0",
            new OutgoingMessage
            {
                Text = "Sure?",
                Attachments = [new AttachmentReference("a1")],
                Cards = [new Card("application/8x8.quick.replies", content.RootElement)],
            },
            _none);

        AssertSent(gateway, "POST", $"{Conversations}/ID-0/messages",
            """
            {"authorType":"bot","text":"Sure?","attachments":[{"id":"a1"}],"cards":[{"contentType":"application/8x8.quick.replies",
             "content":{"options":[{"title":"Yes","data":{"postback":"yes"}}]}}]}
            """);
    }

    [Fact]
    public async Task Messages_are_listed_by_page()
    {
        await using var gateway = await StartAsync(Json(
            """
            {"_embedded":{"messages":[
              {"id":" m2 ","text":"Hello!","createdAt":"2021-01-30T08:30:00Z","author":{"id":"bot","type":"bot","removed":false},"attachments":[{"id":"a"}],
               "cards":[{"id":"c1","contentType":"Template","content":{"x":1},"actionSubmitted":true}]},
              {"id":1,"author":{"type":"robot"},"createdAt":"whenever","new":{}}]},
             "page":{"size":2,"number":"1","totalElements":7,"totalPages":4}}
            """));
        var page = await Client.ListMessagesAsync(gateway.Account, "ID-0", 1, 2, _none);

        AssertSent(gateway, "GET", $"{Conversations}/ID-0/messages?page=1&size=2");
        Assert.Equal((1, 7, 4), (page.Number, page.TotalElements, page.TotalPages));
        Assert.Equal(["m2", "1"], page.Items.Select(m => m.Id));
        Assert.Equal("Hello!", page.Items[0].Text);
        Assert.Equal(new DateTimeOffset(2021, 1, 30, 8, 30, 0, TimeSpan.Zero), page.Items[0].CreatedAt);
        Assert.Equal(("bot", "bot"), (page.Items[0].Author!.Id, page.Items[0].Author!.Type));
        Assert.True(page.Items[0].Cards![0].More!["actionSubmitted"].GetBoolean());
        Assert.Equal("robot", page.Items[1].Author!.Type);
        Assert.Null(page.Items[1].CreatedAt);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"_embedded":{}}""")]
    [InlineData("""{"_embedded":{"messages":[]},"page":{"totalElements":0}}""")]
    public async Task An_empty_list_may_come_without_its_envelope(string body)
    {
        await using var gateway = await StartAsync(Json(body));

        Assert.Empty((await Client.ListMessagesAsync(gateway.Account, "ID-0", 0, 20, _none)).Items);
    }

    [Fact]
    public async Task One_message_is_read()
    {
        await using var gateway = await StartAsync(Json("""{"id":"m1","text":"Hi"}"""));
        var message = await Client.GetMessageAsync(gateway.Account, "ID-0", "m1", _none);

        AssertSent(gateway, "GET", $"{Conversations}/ID-0/messages/m1");
        Assert.Equal(("m1", "Hi"), (message.Id, message.Text));
    }

    [Fact]
    public async Task The_cards_of_a_message_are_listed()
    {
        await using var gateway = await StartAsync(Json("""{"_embedded":{"cards":[{"contentType":"Location","content":{"lat":1}}]}}"""));
        var cards = await Client.ListCardsAsync(gateway.Account, "ID-0", "m1", new(Sort: "createdAt:asc"), _none);

        AssertSent(gateway, "GET", $"{Conversations}/ID-0/messages/m1/cards?sort=createdAt%3Aasc");
        Assert.Equal("Location", Assert.Single(cards.Items).ContentType);
    }

    [Fact]
    public async Task Conversations_are_listed_with_a_filter()
    {
        await using var gateway = await StartAsync(Json("""{"_embedded":{"conversations":[{"id":"ID-0","state":"idle"}]}}"""));
        var list = await Client.ListConversationsAsync(gateway.Account, new(0, 100, "id:asc", "name==Cosmin,(routingOption.id==11)"), _none);

        AssertSent(gateway, "GET",
            $"{Conversations}?page=0&size=100&sort=id%3Aasc&filter=name%3D%3DCosmin%2C%28routingOption.id%3D%3D11%29");
        Assert.Equal("idle", Assert.Single(list.Items).State);
    }

    [Fact]
    public async Task A_conversation_is_created_with_its_history()
    {
        await using var gateway = await StartAsync(Json("""{"conversationId":"ID-7","createdAt":"2021-01-30T08:30:00Z"}""", 202));
        var created = await Client.CreateConversationAsync(
            gateway.Account,
            new NewConversation(
                "25", new User(Name: "Ann", Language: "de", AdditionalProperties: [new("plan", "gold")]), new Assignment("queue", "101"),
                new History([new OutgoingMessage("user", "Help"), new OutgoingMessage(Text: "A moment")])),
            _none);

        AssertSent(gateway, "POST", Conversations,
            """
            {"channelId":"25","user":{"name":"Ann","language":"de","additionalProperties":[{"key":"plan","value":"gold"}]},
             "assignment":{"type":"queue","id":"101"},
             "history":{"messages":[{"authorType":"user","text":"Help"},{"authorType":"bot","text":"A moment"}]}}
            """);
        Assert.Equal("ID-7", created.ConversationId);
    }

    [Fact]
    public async Task More_history_than_8x8_takes_is_refused_before_it_is_sent()
    {
        await using var gateway = await StartAsync();
        var history = new History([.. Enumerable.Repeat(new OutgoingMessage(Text: "x"), 201)]);

        await Assert.ThrowsAsync<ArgumentException>(() =>
            Client.CreateConversationAsync(gateway.Account, new NewConversation("25", new User(), History: history), _none));
        Assert.Empty(gateway.Received);
    }

    [Fact]
    public async Task More_details_of_a_customer_than_8x8_takes_are_refused_before_they_are_sent()
    {
        await using var gateway = await StartAsync();
        var user = new User(AdditionalProperties: [.. Enumerable.Repeat(new UserProperty("k", "v"), 31)]);

        await Assert.ThrowsAsync<ArgumentException>(() =>
            Client.CreateConversationAsync(gateway.Account, new NewConversation("25", user), _none));
        Assert.Empty(gateway.Received);
    }

    [Fact]
    public async Task A_conversation_is_read_with_user_data_that_nobody_documented()
    {
        await using var gateway = await StartAsync(Json(
            """{"id":"ID-0","channelId":"25","assignment":{"type":"agent","id":"7"},"user":{"name":"Ann","timezoneOffset":-300},"state":"asleep"}"""));
        var conversation = await Client.GetConversationAsync(gateway.Account, "ID-0", _none);

        AssertSent(gateway, "GET", $"{Conversations}/ID-0");
        Assert.Equal(new Assignment("agent", "7"), conversation.Assignment);
        Assert.Equal(-300, conversation.User!.More!["timezoneOffset"].GetInt32());
        Assert.Equal("asleep", conversation.State);
    }

    [Fact]
    public async Task A_conversation_is_replaced_without_what_only_8x8_sets()
    {
        await using var gateway = await StartAsync(Json("{}", 202));
        await Client.PutConversationAsync(
            gateway.Account, "ID-0", new Conversation("ID-0", "25", new Assignment("script", "3"), new User("Ann"), "active"), _none);

        AssertSent(gateway, "PUT", $"{Conversations}/ID-0",
            """{"channelId":"25","assignment":{"type":"script","id":"3"},"user":{"name":"Ann"}}""");
    }

    [Theory]
    [InlineData(200)]
    [InlineData(202)]
    [InlineData(204)]
    public async Task A_change_of_a_conversation_is_accepted_with_any_2xx(int status)
    {
        await using var gateway = await StartAsync(Status(status));
        await Client.PatchConversationAsync(gateway.Account, "ID-0", new ConversationChange(new Assignment(Id: "101")), _none);

        AssertSent(gateway, "PATCH", $"{Conversations}/ID-0", """{"assignment":{"type":"queue","id":"101"}}""");
    }

    [Fact]
    public async Task Interactions_are_listed()
    {
        await using var gateway = await StartAsync(Json(
            """{"_embedded":{"interactions":[{"id":"int-1","startTime":"2020-08-05T11:55:00.592Z","endTime":1596628500592}]}}"""));
        var interaction = Assert.Single((await Client.ListInteractionsAsync(gateway.Account, "ID-0", _none)).Items);

        AssertSent(gateway, "GET", $"{Conversations}/ID-0/interactions");
        Assert.Equal(interaction.StartTime, interaction.EndTime);
    }

    [Fact]
    public async Task The_time_after_the_agent_is_assigned()
    {
        await using var gateway = await StartAsync(Status(201));
        await Client.AssignAfterAgentAsync(
            gateway.Account, "ID-0", new PostAgentAssignment("12", new PostAgentConfiguration(false, 300, 150)), _none);

        AssertSent(gateway, "POST", $"{Conversations}/ID-0/post-agent-assignment",
            """
            {"id":"12","configuration":{"notifyChannelWebhookIfExists":"false","maxTotalMinutes":300,"userTimeoutInMinutes":150},"type":"webhook"}
            """);
    }

    [Fact]
    public async Task That_the_time_after_the_agent_was_assigned_before_is_no_error()
    {
        await using var gateway = await StartAsync(Json(
            """{"message":"Bad request","errors":[{"code":"x","message":"Post agent assignment already exists for conversation x and tenant y"}]}""", 400));

        await Client.AssignAfterAgentAsync(gateway.Account, "ID-0", new PostAgentAssignment("12"), _none);
        Assert.DoesNotContain(_connected.Logs.Lines, l => l.StartsWith("Warning", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_objection_to_the_time_after_the_agent_is_an_error()
    {
        await using var gateway = await StartAsync(Json("""{"message":"No such webhook"}""", 400));

        await Assert.ThrowsAsync<ChatGatewayException>(() =>
            Client.AssignAfterAgentAsync(gateway.Account, "ID-0", new PostAgentAssignment("12"), _none));
    }

    [Fact]
    public async Task Typing_is_shown()
    {
        await using var gateway = await StartAsync();
        await Client.SendTypingAsync(gateway.Account, "ID-0", AuthorTypes.Bot, _none);

        AssertSent(gateway, "POST", $"{Conversations}/ID-0/typing", """{"authorType":"bot"}""");
    }

    [Fact]
    public async Task Thinking_is_shown()
    {
        await using var gateway = await StartAsync();
        await Client.SendThinkingAsync(gateway.Account, "ID-0", TimeSpan.FromSeconds(90), _none);

        AssertSent(gateway, "POST", $"{Conversations}/ID-0/thinking", """{"authorType":"bot","maxThinkingTimeSeconds":90}""");
    }

    [Fact]
    public async Task A_read_receipt_tells_its_time_in_milliseconds()
    {
        await using var gateway = await StartAsync();
        await Client.SendReadReceiptAsync(
            gateway.Account, "ID-0", AuthorTypes.User, DateTimeOffset.FromUnixTimeMilliseconds(1770200431963), _none);

        AssertSent(gateway, "POST", $"{Conversations}/ID-0/read-receipt", """{"authorType":"user","readAt":1770200431963}""");
    }

    [Fact]
    public async Task Participants_are_listed()
    {
        await using var gateway = await StartAsync(Json(
            """{"_embedded":{"participants":[{"id":"user","type":"user","removed":true,"language":"en"}]}}"""));
        var participants = await Client.ListParticipantsAsync(gateway.Account, "ID-0", _none);

        AssertSent(gateway, "GET", $"{Conversations}/ID-0/participants");
        Assert.Equal(new Participant("user", "user", true, "en"), Assert.Single(participants.Items));
    }

    [Fact]
    public async Task The_user_leaves()
    {
        await using var gateway = await StartAsync();
        await Client.RemoveUserAsync(gateway.Account, "ID-0", _none);

        AssertSent(gateway, "PATCH", $"{Conversations}/ID-0/participants/user", """{"removed":true}""");
    }

    [Fact]
    public async Task A_file_is_uploaded_as_a_form()
    {
        await using var gateway = await StartAsync(Json("""{"id":"a1","filename":"Grüße.txt","sizeInBytes":"7"}"""));
        using var file = new MemoryStream("..content"u8.ToArray()) { Position = 2 };
        var attachment = await Client.UploadAttachmentAsync(
            gateway.Account, "ID-0", new NewAttachment(file, "Grü\"ße.txt", "text/plain"), _none);

        var sent = gateway.Only;
        Assert.Equal(("POST", $"{Conversations}/ID-0/attachments"), (sent.Method, sent.Target));
        Assert.StartsWith("multipart/form-data; boundary=", sent.Headers.ContentType.ToString(), StringComparison.Ordinal);
        var parts = sent.Body.Split("\r\n--").Select(p => p.ReplaceLineEndings("\n")).ToArray();
        Assert.EndsWith("Content-Disposition: form-data; name=authorType\n\nbot", parts[0], StringComparison.Ordinal);
        Assert.Contains("Content-Disposition: form-data; name=\"attachment\"; filename=\"Grü%22ße.txt\"\n", parts[1], StringComparison.Ordinal);
        Assert.Contains("Content-Type: text/plain\n", parts[1], StringComparison.Ordinal);
        Assert.EndsWith("\n\ncontent", parts[1], StringComparison.Ordinal);
        Assert.Equal(("a1", 7L), (attachment.Id, attachment.SizeInBytes));
        Assert.True(file.CanRead, "The caller's stream stays open.");
    }

    [Fact]
    public async Task Attachments_are_listed()
    {
        await using var gateway = await StartAsync(Json("""{"_embedded":{"attachments":[{"id":"a1","filename":"f.txt"}]}}"""));
        var attachments = await Client.ListAttachmentsAsync(gateway.Account, "ID-0", default, _none);

        AssertSent(gateway, "GET", $"{Conversations}/ID-0/attachments");
        Assert.Equal("f.txt", Assert.Single(attachments.Items).Filename);
    }

    [Fact]
    public async Task An_attachment_is_described()
    {
        await using var gateway = await StartAsync(Json("""{"id":"a1","sizeInBytes":4166}"""));

        Assert.Equal(4166, (await Client.GetAttachmentAsync(gateway.Account, "ID-0", "a1", _none)).SizeInBytes);
        AssertSent(gateway, "GET", $"{Conversations}/ID-0/attachments/a1");
    }

    [Fact]
    public async Task An_attachment_is_downloaded_while_it_arrives()
    {
        var rest = new TaskCompletionSource();
        await using var gateway = await StartAsync(async context =>
        {
            context.Response.Headers.ContentDisposition = "attachment; filename=\"f.bin\"";
            await context.Response.Body.WriteAsync("first "u8.ToArray());
            await context.Response.Body.FlushAsync();
            await rest.Task;
            await context.Response.Body.WriteAsync("second"u8.ToArray());
        });
        await using var content = await Client.DownloadAttachmentAsync(gateway.Account, "ID-0", "a1", _none);
        var first = new byte[6];
        await content.Stream.ReadExactlyAsync(first, _none);
        rest.SetResult();
        using var reader = new StreamReader(content.Stream);

        Assert.Equal("first second", Encoding.UTF8.GetString(first) + await reader.ReadToEndAsync(_none));
        Assert.Equal("f.bin", content.FileName);
        AssertSent(gateway, "GET", $"{Conversations}/ID-0/attachments/a1/content");
    }

    [Fact]
    public async Task Webhooks_are_listed()
    {
        await using var gateway = await StartAsync(Json(
            """{"_embedded":{"webhooks":[{"id":"12","name":"bot","uri":"https://b","version":"Chat Gateway v2.0"}]}}"""));
        var webhooks = await Client.ListWebhooksAsync(gateway.Account, default, _none);

        AssertSent(gateway, "GET", "/chat-gateway/v1/webhooks");
        Assert.Equal(new Webhook("bot", "https://b", "Chat Gateway v2.0", "12"), Assert.Single(webhooks.Items));
    }

    [Fact]
    public async Task A_webhook_is_created()
    {
        await using var gateway = await StartAsync(Json("""{"id":"12","name":"bot","uri":"https://b"}"""));
        var created = await Client.CreateWebhookAsync(gateway.Account, new Webhook("bot", "https://b"), _none);

        AssertSent(gateway, "POST", "/chat-gateway/v1/webhooks",
            """{"name":"bot","uri":"https://b","version":"Chat Gateway v1.0","notificationVersion":"Chat Gateway v1.0"}""");
        Assert.Equal("12", created.Id);
    }

    [Fact]
    public async Task A_webhook_is_read()
    {
        await using var gateway = await StartAsync(Json("""{"id":"12","name":"bot"}"""));

        Assert.Equal("bot", (await Client.GetWebhookAsync(gateway.Account, "12", _none)).Name);
        AssertSent(gateway, "GET", "/chat-gateway/v1/webhooks/12");
    }

    [Fact]
    public async Task A_webhook_is_replaced()
    {
        await using var gateway = await StartAsync(Json("""{"id":"12","name":"bot"}"""));
        await Client.UpdateWebhookAsync(gateway.Account, "12", new Webhook("bot", "https://c", Id: "12"), _none);

        AssertSent(gateway, "PUT", "/chat-gateway/v1/webhooks/12",
            """{"name":"bot","uri":"https://c","version":"Chat Gateway v1.0","notificationVersion":"Chat Gateway v1.0"}""");
    }

    [Fact]
    public async Task A_webhook_is_deleted()
    {
        await using var gateway = await StartAsync();
        await Client.DeleteWebhookAsync(gateway.Account, "12", _none);

        AssertSent(gateway, "DELETE", "/chat-gateway/v1/webhooks/12");
    }

    [Fact]
    public async Task A_webhook_is_verified()
    {
        await using var gateway = await StartAsync();
        await Client.VerifyWebhookAsync(gateway.Account, "https://b", _none);

        AssertSent(gateway, "POST", "/chat-gateway/v1/webhooks/verify", """{"version":"Chat Gateway v1.0","uri":"https://b"}""");
    }

    [Fact]
    public async Task Channels_are_listed()
    {
        await using var gateway = await StartAsync(Json(
            """{"_embedded":{"channels":[{"id":"25","name":"web","type":"Fax","webHookId":"12","routingOptions":{"type":"queue","id":"101"}}]}}"""));
        var channels = await Client.ListChannelsAsync(gateway.Account, default, _none);

        AssertSent(gateway, "GET", "/chat-gateway/v1/channels");
        Assert.Equal(new Channel("web", "12", new Assignment("queue", "101"), "Fax", "25"), Assert.Single(channels.Items));
    }

    [Fact]
    public async Task A_channel_is_created()
    {
        await using var gateway = await StartAsync(Json("""{"id":"25"}"""));
        var created = await Client.CreateChannelAsync(gateway.Account, new Channel("web", "12", new Assignment(Id: "101")), _none);

        AssertSent(gateway, "POST", "/chat-gateway/v1/channels",
            """{"name":"web","webHookId":"12","routingOptions":{"type":"queue","id":"101"},"type":"ChatAPI"}""");
        Assert.Equal("25", created.Id);
    }

    [Fact]
    public async Task A_channel_is_read()
    {
        await using var gateway = await StartAsync(Json("""{"id":"25","name":"web"}"""));

        Assert.Equal("web", (await Client.GetChannelAsync(gateway.Account, "25", _none)).Name);
        AssertSent(gateway, "GET", "/chat-gateway/v1/channels/25");
    }

    [Fact]
    public async Task A_channel_is_replaced()
    {
        await using var gateway = await StartAsync(Json("""{"id":"25"}"""));
        await Client.UpdateChannelAsync(gateway.Account, "25", new Channel("web", "12", new Assignment(Id: "102"), Id: "25"), _none);

        AssertSent(gateway, "PUT", "/chat-gateway/v1/channels/25",
            """{"name":"web","webHookId":"12","routingOptions":{"type":"queue","id":"102"},"type":"ChatAPI"}""");
    }

    [Fact]
    public async Task A_channel_is_deleted()
    {
        await using var gateway = await StartAsync();
        await Client.DeleteChannelAsync(gateway.Account, "25", _none);

        AssertSent(gateway, "DELETE", "/chat-gateway/v1/channels/25");
    }

    [Fact]
    public async Task A_public_key_is_fetched_without_an_API_key()
    {
        await using var gateway = await StartAsync(Json("""{"kty":"RSA","e":"AQAB","kid":"k","n":"x"}"""));
        var key = await Client.GetPublicKeyAsync(gateway.Url, "acme01", "k/../1", _none);

        Assert.Equal("RSA", key!.Value.GetProperty("kty").GetString());
        Assert.Equal("/chat-gateway/v1/jwk/k%2F..%2F1/public", gateway.Only.Target);
        Assert.Equal("acme01", gateway.Only.Headers["X-8x8-Tenant"]);
        Assert.False(gateway.Only.Headers.ContainsKey("x-api-key"));
    }

    [Fact]
    public async Task A_public_key_may_come_as_a_string_that_holds_it()
    {
        await using var gateway = await StartAsync(Json("""
            "{\"kty\":\"RSA\",\"kid\":\"k\"}"
            """));

        Assert.Equal("RSA", (await Client.GetPublicKeyAsync(gateway.Url, null, "k", _none))!.Value.GetProperty("kty").GetString());
    }

    [Fact]
    public async Task A_public_key_that_the_first_path_does_not_know_is_asked_for_at_the_legacy_path()
    {
        await using var gateway = await StartAsync(Status(404), Json("""{"kty":"RSA"}"""));

        Assert.NotNull(await Client.GetPublicKeyAsync(gateway.Url, null, "k", _none));
        Assert.Equal(["/chat-gateway/v1/jwk/k/public", "/vcc/us/chat/v2/jwk/k/public"], gateway.Received.Select(r => r.Target));
    }

    [Fact]
    public async Task A_public_key_that_neither_path_knows_is_null_and_no_error()
    {
        await using var gateway = await StartAsync(Status(404), Status(404));

        Assert.Null(await Client.GetPublicKeyAsync(gateway.Url, null, "k", _none));
        Assert.DoesNotContain(_connected.Logs.Lines, l => l.StartsWith("Warning", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    public async Task A_key_id_that_is_none_is_not_asked_for(string kid)
    {
        await using var gateway = await StartAsync();

        Assert.Null(await Client.GetPublicKeyAsync(gateway.Url, null, kid, _none));
        Assert.Empty(gateway.Received);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("\"no key\"")]
    [InlineData("<html>")]
    public async Task A_public_key_that_is_no_object_is_an_error(string body)
    {
        await using var gateway = await StartAsync(Json(body));

        await Assert.ThrowsAsync<ChatGatewayException>(() => Client.GetPublicKeyAsync(gateway.Url, null, "k", _none));
    }

    [Fact]
    public async Task Every_call_carries_the_API_key_and_the_tenant()
    {
        await using var gateway = await StartAsync();
        await Client.RemoveUserAsync(gateway.Account, "ID-0", _none);

        Assert.Equal("secret-key-4711", gateway.Only.Headers["x-api-key"]);
        Assert.Equal("acme01", gateway.Only.Headers["X-8x8-Tenant"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public async Task No_tenant_is_sent_where_none_is_set(string? tenant)
    {
        await using var gateway = await StartAsync();
        await Client.RemoveUserAsync(gateway.Account with { TenantId = tenant }, "ID-0", _none);

        Assert.False(gateway.Only.Headers.ContainsKey("X-8x8-Tenant"));
    }

    [Theory]
    [InlineData("a/b?c#d%2F é", "a%2Fb%3Fc%23d%252F%20%C3%A9")]
    [InlineData("../x", "..%2Fx")]
    public async Task An_id_is_one_segment_whatever_it_holds(string id, string segment)
    {
        await using var gateway = await StartAsync(Status(202));
        await Client.SendMessageAsync(gateway.Account, id, new OutgoingMessage(Text: "x"), _none);

        Assert.Equal($"{Conversations}/{segment}/messages", gateway.Only.Target);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    public async Task An_id_that_would_change_the_path_is_refused(string id)
    {
        await using var gateway = await StartAsync();
        var e = await Assert.ThrowsAsync<ChatGatewayException>(() =>
            Client.SendMessageAsync(gateway.Account, id, new OutgoingMessage(Text: "x"), _none));

        Assert.Equal(Delivery.Refused, e.Delivery);
        Assert.Empty(gateway.Received);
    }

    [Fact]
    public async Task A_base_URL_may_have_a_path()
    {
        await using var gateway = await StartAsync();
        await Client.DeleteChannelAsync(gateway.Account with { BaseUrl = new Uri(gateway.Url, "/proxy/") }, "25", _none);

        Assert.Equal("/proxy/chat-gateway/v1/channels/25", gateway.Only.Target);
    }

    private static void AssertSent(GatewayServer gateway, string method, string target, string? body = null)
    {
        var sent = gateway.Only;
        Assert.Equal((method, target), (sent.Method, sent.Target));
        if (body is null) Assert.Equal("", sent.Body);
        else
        {
            Assert.Equal("application/json", sent.Headers.ContentType.ToString());
            Assert.Equal(Canonical(body), Canonical(sent.Body));
        }
    }

    private static string Canonical(string json) => JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(json));
}
