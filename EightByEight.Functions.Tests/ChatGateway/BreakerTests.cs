using EightByEight.Connector.ChatGateway;
using Microsoft.Extensions.Time.Testing;
using static EightByEight.Functions.Tests.ChatGateway.GatewayServer;

namespace EightByEight.Functions.Tests.ChatGateway;

/// <summary>A server that fails again and again is left alone for a while; another one is not.</summary>
public sealed class BreakerTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly Connected _connected;

    public BreakerTests() => _connected = new(_time, ("BreakerMinimumAttempts", "2"));

    public ValueTask DisposeAsync() => _connected.DisposeAsync();

    [Theory]
    [InlineData("SendMessage")]
    [InlineData("GetMessage")]
    public async Task A_server_that_keeps_failing_is_left_alone(string operation)
    {
        await using var connected = new Connected(("BreakerMinimumAttempts", "2"), ("BreakerBreak", "00:10:00"), ("MaxRetries", "1"));
        await using var gateway = await StartAsync();
        gateway.Otherwise = Status(500);
        // What may be repeated makes its two attempts in one call, a message in two.
        while (gateway.Received.Count < 2) await FailsAsync();
        var e = await FailsAsync();

        Assert.Equal((null, Delivery.NotDelivered), (e.Status, e.Delivery));
        Assert.NotNull(e.RetryAfter);
        Assert.Equal(2, gateway.Received.Count);

        Task<ChatGatewayException> FailsAsync() => Assert.ThrowsAsync<ChatGatewayException>(() => operation == "GetMessage"
            ? connected.Client.GetMessageAsync(gateway.Account, "ID-0", "m1", CancellationToken.None)
            : connected.Client.SendMessageAsync(gateway.Account, "ID-0", new OutgoingMessage(Text: "x"), CancellationToken.None));
    }

    [Fact]
    public async Task After_the_break_it_is_tried_again()
    {
        await using var gateway = await StartAsync(Status(500), Status(500), Status(202));
        await FailAsync(gateway.Account, 2);
        _time.Advance(TimeSpan.FromSeconds(6));
        await SendAsync(gateway.Account);

        Assert.Equal(3, gateway.Received.Count);
    }

    [Fact]
    public async Task Another_base_URL_is_not_affected()
    {
        await using var broken = await StartAsync(Status(500), Status(500));
        await using var sound = await StartAsync(Status(202));
        await FailAsync(broken.Account, 2);
        await SendAsync(sound.Account);

        Assert.Single(sound.Received);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    public async Task Refusals_of_one_account_do_not_hold_back_another(int status)
    {
        await using var gateway = await StartAsync(Status(status), Status(status), Status(status), Status(202));
        await FailAsync(gateway.Account with { ApiKey = "wrong" }, 3);
        await SendAsync(gateway.Account);

        Assert.Equal(4, gateway.Received.Count);
    }

    private async Task FailAsync(ChatGatewayAccount account, int times)
    {
        for (var i = 0; i < times; i++) await FailsAsync(account);
    }

    private Task SendAsync(ChatGatewayAccount account) =>
        _connected.Client.SendMessageAsync(account, "ID-0", new OutgoingMessage(Text: "x"), CancellationToken.None);

    private Task<ChatGatewayException> FailsAsync(ChatGatewayAccount account) =>
        Assert.ThrowsAsync<ChatGatewayException>(() => SendAsync(account));
}
