using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using EightByEight.Connector.ChatGateway;
using Microsoft.Extensions.Time.Testing;
using static EightByEight.Functions.Tests.ChatGateway.GatewayServer;

namespace EightByEight.Functions.Tests.ChatGateway;

/// <summary>What is sent again, when, and what never is.</summary>
public sealed class RepeatingTests
{
    private static readonly CancellationToken _none = CancellationToken.None;

    [Theory]
    [InlineData(408)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task What_may_be_done_twice_is_repeated_after(int status)
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Status(status), Status(status), Status(204));
        await connected.Client.RemoveUserAsync(gateway.Account, "ID-0", _none);

        Assert.Equal(3, gateway.Received.Count);
        Assert.All(gateway.Received, r => Assert.Equal("""{"removed":true}""", r.Body));
    }

    [Fact]
    public async Task An_indicator_is_tried_once()
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Status(503), Status(204));

        await Assert.ThrowsAsync<ChatGatewayException>(() => connected.Client.SendTypingAsync(gateway.Account, "ID-0", AuthorTypes.Bot, _none));

        Assert.Single(gateway.Received);
    }

    [Fact]
    public async Task What_may_be_done_twice_is_repeated_after_a_lost_connection()
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Drop, Status(204));
        await connected.Client.RemoveUserAsync(gateway.Account, "ID-0", _none);

        Assert.Equal(2, gateway.Received.Count);
    }

    [Fact]
    public async Task What_may_be_done_twice_is_repeated_after_a_time_out()
    {
        await using var connected = new Connected(("AttemptTimeout", "00:00:00.200"));
        await using var gateway = await StartAsync(Never, Status(204));
        await connected.Client.RemoveUserAsync(gateway.Account, "ID-0", _none);

        Assert.Equal(2, gateway.Received.Count);
    }

    [Fact]
    public async Task What_may_be_done_twice_is_repeated_when_the_answer_stops_in_the_middle()
    {
        await using var connected = new Connected(("AttemptTimeout", "00:00:00.500"));
        await using var gateway = await StartAsync(
            async context =>
            {
                await context.Response.Body.WriteAsync("{"u8.ToArray());
                await context.Response.Body.FlushAsync();
                await Never(context);
            },
            Json("""{"id":"m1"}"""));

        Assert.Equal("m1", (await connected.Client.GetMessageAsync(gateway.Account, "ID-0", "m1", _none)).Id);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(409)]
    public async Task Nothing_is_repeated_after_a_definite_no(int status)
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Status(status));
        await Assert.ThrowsAsync<ChatGatewayException>(() => connected.Client.GetMessageAsync(gateway.Account, "ID-0", "m1", _none));

        Assert.Single(gateway.Received);
    }

    [Theory]
    [InlineData(408)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    public async Task A_message_is_not_repeated_after(int status)
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Status(status, retryAfter: "0"), Status(202));
        var e = await SendingFailsAsync(connected, gateway.Account);

        Assert.Equal((status, Delivery.Unknown), (e.Status, e.Delivery));
        Assert.Single(gateway.Received);
    }

    [Fact]
    public async Task A_message_is_not_repeated_after_a_lost_connection()
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Drop, Status(202));
        var e = await SendingFailsAsync(connected, gateway.Account);

        Assert.Equal((null, Delivery.Unknown), (e.Status, e.Delivery));
        Assert.Single(gateway.Received);
    }

    [Fact]
    public async Task A_message_is_not_repeated_after_a_time_out()
    {
        await using var connected = new Connected(("AttemptTimeout", "00:00:00.200"));
        await using var gateway = await StartAsync(Never, Status(202));
        var e = await SendingFailsAsync(connected, gateway.Account);

        Assert.Equal((null, Delivery.Unknown), (e.Status, e.Delivery));
        Assert.Single(gateway.Received);
    }

    [Fact]
    public async Task A_message_is_repeated_after_429()
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Status(429), Status(429, retryAfter: "0"), Status(202));
        await SendAsync(connected, gateway.Account);

        Assert.Equal(3, gateway.Received.Count);
        Assert.Equal(gateway.Received[0].Body, gateway.Received[2].Body);
    }

    [Fact]
    public async Task A_message_is_repeated_when_no_connection_was_made()
    {
        await using var connected = new Connected(("MaxRetries", "10"), ("RetryDelay", "00:00:00.100"), ("TotalTimeout", "00:00:15"));
        var (account, listener) = Nobody();
        var sending = SendAsync(connected, account);
        using var _ = listener;
        listener.Start();
        using var peer = await listener.AcceptTcpClientAsync(_none);
        await AnswerAsync(peer, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");

        await sending;
    }

    [Fact]
    public async Task That_no_connection_can_be_made_is_known_not_to_have_been_delivered()
    {
        await using var connected = new Connected(("MaxRetries", "1"));
        var (account, listener) = Nobody();
        using var _ = listener;
        var e = await SendingFailsAsync(connected, account);

        Assert.Equal((null, Delivery.NotDelivered), (e.Status, e.Delivery));
        Assert.Contains($"no connection to {account.BaseUrl.Authority}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_hangs_while_it_is_made_is_known_not_to_have_been_delivered()
    {
        // TLS is awaited of a server that never speaks.
        await using var connected = new Connected(("MaxRetries", "1"), ("AttemptTimeout", "00:00:00.200"));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var e = await SendingFailsAsync(connected, Account(listener, "https"));

        Assert.Equal(Delivery.NotDelivered, e.Delivery);
    }

    [Fact]
    public async Task The_connect_time_out_is_known_not_to_have_been_delivered()
    {
        await using var connected = new Connected(("MaxRetries", "1"), ("ConnectTimeout", "00:00:00.200"));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var e = await SendingFailsAsync(connected, Account(listener, "https"));

        Assert.Equal(Delivery.NotDelivered, e.Delivery);
    }

    [Fact]
    public async Task A_message_on_a_reused_connection_that_ends_without_an_answer_goes_out_once()
    {
        await using var connected = new Connected();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var bodies = new List<string>();
        var serving = ServeAsync(listener, bodies);
        await SendAsync(connected, Account(listener, "http"), "first");
        var e = await SendingFailsAsync(connected, Account(listener, "http"), "second");
        listener.Stop();

        Assert.Equal(1, await serving);
        Assert.Equal(Delivery.Unknown, e.Delivery);
        Assert.Equal(["""{"authorType":"bot","text":"first"}""", """{"authorType":"bot","text":"second"}"""], bodies);
    }

    [Fact]
    public async Task A_body_refuses_to_go_out_a_second_time_in_one_attempt()
    {
        var call = new Call
        {
            Operation = "SendMessage",
            Account = new(new Uri("http://localhost"), "k", null),
            Method = HttpMethod.Post,
            Route = new($"x"),
            Timeouts = default,
            Started = 0,
        };
        using var content = new OnceContent(new StringContent("x"), call);
        call.Begin(hasBody: true);
        await content.CopyToAsync(Stream.Null, _none);

        await Assert.ThrowsAsync<HttpRequestException>(() => content.CopyToAsync(Stream.Null, _none));
    }

    [Fact]
    public async Task The_waits_of_many_calls_differ()
    {
        var waits = new Waits();
        await using var connected = new Connected(waits, ("RetryDelay", "00:00:01"), ("MaxRetries", "1"));
        await using var gateway = await StartAsync();
        for (var i = 0; i < 10; i++)
        {
            gateway.Next(Status(429), Status(202));
            await SendAsync(connected, gateway.Account);
        }

        Assert.Equal(10, waits.Seen.Count);
        Assert.All(waits.Seen, wait => Assert.InRange(wait, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(5)));
        Assert.True(waits.Seen.Distinct().Count() > 5, string.Join(", ", waits.Seen));
    }

    [Fact]
    public async Task Retry_After_takes_the_place_of_our_own_wait()
    {
        await using var connected = new Connected(("RetryDelay", "00:00:30"), ("TotalTimeout", "00:00:20"));
        await using var gateway = await StartAsync(Status(429, retryAfter: "0"), Status(202));
        await SendAsync(connected, gateway.Account);

        Assert.Equal(2, gateway.Received.Count);
    }

    [Fact]
    public async Task A_Retry_After_that_is_longer_than_the_total_time_is_left_to_the_caller()
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Status(429, retryAfter: "60"));
        var e = await SendingFailsAsync(connected, gateway.Account);

        Assert.Equal((TimeSpan.FromSeconds(60), Delivery.NotDelivered), (e.RetryAfter, e.Delivery));
        Assert.Single(gateway.Received);
    }

    [Fact]
    public async Task A_Retry_After_may_be_a_date()
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Status(429, DateTimeOffset.UtcNow.AddMinutes(10).ToString("r")));
        var e = await SendingFailsAsync(connected, gateway.Account);

        Assert.InRange(e.RetryAfter!.Value, TimeSpan.FromMinutes(8), TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task When_the_total_time_ends_while_waiting_the_last_answer_stands()
    {
        await using var connected = new Connected(
            ("RetryDelay", "00:00:30"), ("TotalTimeout", "00:00:01"), ("AttemptTimeout", "00:00:01"));
        await using var gateway = await StartAsync(Status(429));
        var e = await SendingFailsAsync(connected, gateway.Account);

        Assert.Equal((429, Delivery.NotDelivered), (e.Status, e.Delivery));
    }

    [Fact]
    public async Task A_cancelled_call_says_so()
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Never);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            connected.Client.SendMessageAsync(gateway.Account, "ID-0", new OutgoingMessage(Text: "x"), cancellation.Token));
    }

    [Fact]
    public async Task An_upload_is_repeated_after_429_from_its_start()
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Status(429), Json("""{"id":"a1"}"""));
        using var file = new MemoryStream("content"u8.ToArray());
        await connected.Client.UploadAttachmentAsync(gateway.Account, "ID-0", new(file, "f"), _none);

        Assert.Equal(2, gateway.Received.Count);
        Assert.Equal(gateway.Received[0].Body, gateway.Received[1].Body);
    }

    [Fact]
    public async Task An_upload_whose_stream_cannot_go_back_is_not_repeated()
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync(Status(429), Json("""{"id":"a1"}"""));
        await using var file = new OneWay("content"u8.ToArray());
        var e = await Assert.ThrowsAsync<ChatGatewayException>(() =>
            connected.Client.UploadAttachmentAsync(gateway.Account, "ID-0", new(file, "f"), _none));

        Assert.Equal((429, Delivery.NotDelivered), (e.Status, e.Delivery));
        Assert.Single(gateway.Received);
    }

    [Theory]
    [InlineData("CreateConversation")]
    [InlineData("CreateWebhook")]
    [InlineData("CreateChannel")]
    [InlineData("UploadAttachment")]
    public async Task What_creates_is_not_repeated_after_503(string operation)
    {
        await using var connected = new Connected();
        await using var gateway = await StartAsync();
        gateway.Otherwise = Status(503);
        var (client, account) = (connected.Client, gateway.Account);
        using var file = new MemoryStream([1]);
        await Assert.ThrowsAsync<ChatGatewayException>(() => operation switch
        {
            "CreateConversation" => client.CreateConversationAsync(account, new("25", new()), _none),
            "CreateWebhook" => client.CreateWebhookAsync(account, new(), _none),
            "CreateChannel" => client.CreateChannelAsync(account, new(), _none),
            _ => (Task)client.UploadAttachmentAsync(account, "ID-0", new(file, "f"), _none),
        });

        Assert.Single(gateway.Received);
    }

    private static Task SendAsync(Connected connected, ChatGatewayAccount account, string text = "Hi") =>
        connected.Client.SendMessageAsync(account, "ID-0", new OutgoingMessage(Text: text), _none);

    private static Task<ChatGatewayException> SendingFailsAsync(Connected connected, ChatGatewayAccount account, string text = "Hi") =>
        Assert.ThrowsAsync<ChatGatewayException>(() => SendAsync(connected, account, text));

    private static ChatGatewayAccount Account(TcpListener listener, string scheme) =>
        new(new Uri($"{scheme}://{listener.LocalEndpoint}"), "k", null);

    /// <summary>An address where nobody listens, and the listener that may start to.</summary>
    private static (ChatGatewayAccount, TcpListener) Nobody()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var listener = new TcpListener(IPAddress.Loopback, ((IPEndPoint)probe.LocalEndpoint).Port);
        return (new(new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}"), "k", null), listener);
    }

    /// <summary>Answers the first request on a connection, reads the second and closes. Returns how many connections came.</summary>
    private static async Task<int> ServeAsync(TcpListener listener, List<string> bodies)
    {
        for (var connections = 0; ; connections++)
        {
            try
            {
                using var peer = await listener.AcceptTcpClientAsync(_none);
                bodies.Add(await AnswerAsync(peer, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"));
                bodies.Add(await AnswerAsync(peer, ""));
            }
            catch (Exception stopped) when (stopped is SocketException or InvalidOperationException)
            {
                return connections;
            }
        }
    }

    /// <summary>Reads one request to its end, and answers. Returns the request's body.</summary>
    private static async Task<string> AnswerAsync(TcpClient peer, string answer)
    {
        var stream = peer.GetStream();
        var request = "";
        var buffer = new byte[4096];
        while (!request.EndsWith('}') && await stream.ReadAsync(buffer) is var read and > 0)
            request += System.Text.Encoding.UTF8.GetString(buffer, 0, read);
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(answer));
        return request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
    }

    /// <summary>A clock that stands still. What is to wait less than any time-out is noted, and waits no longer.</summary>
    private sealed class Waits : FakeTimeProvider
    {
        public ConcurrentQueue<TimeSpan> Seen { get; } = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime <= TimeSpan.Zero || dueTime > TimeSpan.FromSeconds(9)) return base.CreateTimer(callback, state, dueTime, period);
            Seen.Enqueue(dueTime);
            return System.CreateTimer(callback, state, TimeSpan.FromMilliseconds(1), period);
        }
    }

    private sealed class OneWay(byte[] content) : MemoryStream(content)
    {
        public override bool CanSeek => false;
    }
}
