using System.Net;
using System.Net.Sockets;
using System.Text;
using EightByEight.Connector.ChatGateway;
using static EightByEight.Functions.Tests.ChatGateway.GatewayServer;

namespace EightByEight.Functions.Tests.ChatGateway;

/// <summary>How 8x8's refusals, and answers of no use, reach the caller.</summary>
public sealed class ProblemTests : IAsyncDisposable
{
    private readonly Connected _connected = new(("MaxRetries", "1"), ("MaxAnswerBytes", "2048"));

    public ValueTask DisposeAsync() => _connected.DisposeAsync();

    [Theory]
    [InlineData("""{"message":"Bad","errors":[{"code":"invalid_queue","message":"Queue ID 112 is invalid."}]}""", "invalid_queue", "Bad|Queue ID 112 is invalid.", null)]
    [InlineData("""{"message":"Bad","errors":[{"code":"invalid_parameter","message":"Bad"}],"referenceId":"r1"}""", "invalid_parameter", "Bad", "r1")]
    [InlineData("""{"message":"Bad","errors":{"code":"invalid_json_object","message":"Worse"},"referenceId":"r2"}""", "invalid_json_object", "Bad|Worse", "r2")]
    [InlineData("""{"message":"Gone","errors":["Tenant t does not belong to customer c."]}""", "", "Gone|Tenant t does not belong to customer c.", null)]
    [InlineData("""{"message":"Invalid Credentials","code":"KA:1234567"}""", "KA:1234567", "Invalid Credentials", null)]
    [InlineData("""{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}""", "oauth.v2.InvalidApiKey", "Invalid ApiKey", null)]
    [InlineData("""{"message":"Bad","validations":[{"field":"text","value":"my card number","code":"too_long","message":"Too long."}]}""", "too_long", "Bad|Too long.", null)]
    [InlineData("""{"message":"Constraint Violation","errors":["name"],"validations":["name: May not be empty."]}""", "", "Constraint Violation|name|name: May not be empty.", null)]
    [InlineData("""{"ErrorCode":"invalid_request","Error":"Unsupported grant type"}""", "invalid_request", "Unsupported grant type", null)]
    [InlineData("""{"status":"error","code":429}""", "429", "", null)]
    [InlineData("\"Internal server error.\"", "", "Internal server error.", null)]
    [InlineData("upstream\r\n  unavailable", "", "upstream unavailable", null)]
    [InlineData("""{"message":{"deep":1},"errors":null,"referenceId":[]}""", "", "", null)]
    [InlineData("", "", "", null)]
    public async Task Every_shape_of_a_problem_is_understood(string body, string codes, string messages, string? reference)
    {
        await using var gateway = await StartAsync(Json(body, 400));
        var e = await FailsAsync(gateway);

        Assert.Equal(400, e.Status);
        Assert.Equal(codes, string.Join('|', e.Codes));
        Assert.Equal(messages, string.Join('|', e.Messages));
        Assert.Equal(reference, e.ReferenceId);
    }

    [Fact]
    public async Task The_message_tells_an_operator_what_where_and_what_to_do()
    {
        await using var gateway = await StartAsync(Json(
            """{"message":"Access Denied","errors":[{"message":"Access Denied","code":"access_denied"}],"referenceId":"dacd0dd2"}""", 401));
        var e = await FailsAsync(gateway);

        Assert.Equal(
            $"SendMessage: {gateway.Url.Authority} answered 401 Unauthorized: Access Denied (access_denied). " +
            "Reference for 8x8 support: dacd0dd2. " +
            "Check the Endpoint's API key: 8x8 Admin Console, API Keys, product \"Chat Gateway\".",
            e.Message);
    }

    [Theory]
    [InlineData(400, Delivery.Refused)]
    [InlineData(401, Delivery.Refused)]
    [InlineData(404, Delivery.Refused)]
    [InlineData(422, Delivery.Refused)]
    [InlineData(408, Delivery.Unknown)]
    [InlineData(429, Delivery.NotDelivered)]
    [InlineData(500, Delivery.Unknown)]
    [InlineData(503, Delivery.Unknown)]
    public async Task The_status_tells_whether_it_was_done(int status, Delivery delivery)
    {
        await using var gateway = await StartAsync();
        gateway.Otherwise = Status(status);

        Assert.Equal(delivery, (await FailsAsync(gateway)).Delivery);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var elsewhere = await StartAsync();
        await using var gateway = await StartAsync(context =>
        {
            context.Response.Headers.Location = elsewhere.Url.ToString();
            return Status(307)(context);
        });
        var e = await FailsAsync(gateway);

        Assert.Equal((307, Delivery.Refused), (e.Status, e.Delivery));
        Assert.Empty(elsewhere.Received);
    }

    [Theory]
    [InlineData("<html>Welcome</html>")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"_embedded":{"messages":[{"id":{}}]}}""")]
    public async Task A_good_status_with_an_answer_of_no_use_is_an_error(string body)
    {
        await using var gateway = await StartAsync(Json(body));
        var e = await Assert.ThrowsAsync<ChatGatewayException>(() =>
            _connected.Client.ListMessagesAsync(gateway.Account, "ID-0", 0, 20, CancellationToken.None));

        Assert.Equal((200, Delivery.Unknown), (e.Status, e.Delivery));
    }

    [Fact]
    public async Task A_huge_answer_is_not_read()
    {
        await using var gateway = await StartAsync(Json($$"""{"id":"m1","text":"{{new string('x', 4096)}}"}"""));
        var e = await Assert.ThrowsAsync<ChatGatewayException>(() =>
            _connected.Client.GetMessageAsync(gateway.Account, "ID-0", "m1", CancellationToken.None));

        Assert.Contains("more than 2048 bytes", e.Message, StringComparison.Ordinal);
        Assert.Single(gateway.Received);
    }

    [Fact]
    public async Task A_problem_that_breaks_off_still_has_its_status()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var failing = FailsAsync(new ChatGatewayAccount(new Uri($"http://{listener.LocalEndpoint}"), "k", null));
        using (var peer = await listener.AcceptTcpClientAsync(CancellationToken.None))
        {
            var buffer = new byte[4096];
            while (await peer.GetStream().ReadAsync(buffer) is var read && buffer[read - 1] != '}')
            {
            }

            await peer.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nContent-Length: 1000\r\n\r\ntoo bad"u8.ToArray());
        }

        var e = await failing;

        Assert.Equal((400, Delivery.Refused), (e.Status, e.Delivery));
    }

    [Theory]
    [InlineData("ключ")]
    [InlineData("a\r\nb")]
    public async Task An_API_key_that_cannot_be_sent_is_refused_without_being_shown(string key)
    {
        await using var gateway = await StartAsync();
        var e = await Assert.ThrowsAsync<ChatGatewayException>(() => _connected.Client.SendMessageAsync(
            gateway.Account with { ApiKey = key }, "ID-0", new OutgoingMessage(Text: "x"), CancellationToken.None));

        Assert.Equal(Delivery.Refused, e.Delivery);
        Assert.DoesNotContain(key, e.ToString(), StringComparison.Ordinal);
        Assert.Empty(gateway.Received);
    }

    [Fact]
    public async Task The_key_is_in_no_exception_even_when_the_gateway_repeats_it()
    {
        await using var gateway = await StartAsync(Json(
            """{"message":"No secret-key-4711","errors":[{"code":"secret-key-4711"}],"referenceId":"secret-key-4711"}""", 401));
        var e = await FailsAsync(gateway);

        Assert.DoesNotContain("4711", e + string.Join("", e.Codes) + string.Join("", e.Messages) + e.ReferenceId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_names_operation_conversation_status_codes_and_reference_and_neither_key_nor_words()
    {
        await using var gateway = await StartAsync();
        gateway.Otherwise = Json("""{"message":"Not good: my words","errors":[{"code":"invalid_x","message":"my words"}],"referenceId":"r1"}""", 500);
        await Assert.ThrowsAsync<ChatGatewayException>(() =>
            _connected.Client.PatchConversationAsync(gateway.Account, "ID-0", new(User: new("my words")), CancellationToken.None));

        var all = string.Join('\n', _connected.Logs.Lines);
        Assert.Contains(
            "Warning 8x8 call PatchConversation failed for conversation ID-0: status 500, codes invalid_x, reference r1, Unknown",
            all, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", all, StringComparison.Ordinal);
        Assert.DoesNotContain("my words", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Long_plain_text_is_cut()
    {
        await using var gateway = await StartAsync(Json(new StringBuilder().Insert(0, "word ", 20_000).ToString(), 400));

        Assert.Equal(501, Assert.Single((await FailsAsync(gateway)).Messages).Length);
    }

    private Task<ChatGatewayException> FailsAsync(GatewayServer gateway) => FailsAsync(gateway.Account);

    private Task<ChatGatewayException> FailsAsync(ChatGatewayAccount account) => Assert.ThrowsAsync<ChatGatewayException>(() =>
        _connected.Client.SendMessageAsync(account, "ID-0", new OutgoingMessage(Text: "Hi"), CancellationToken.None));
}
