using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>What the bot is told by callback.</summary>
public sealed class CallbackTests(AzuriteFixture azurite)
{
    private static readonly string[] WholeStory =
    [
        "handover.queued", "handover.agent_joined", "agent.message", "agent.message", "handover.agent_left", "handover.completed",
    ];

    [Fact]
    public async Task Every_event_comes_once_in_order_and_signed()
    {
        await using var bot = await BotServer.StartAsync();
        await using var test = await TestHandover.StartAsync(azurite, bot.Url);
        var secret = (string)test.Provider["callback"]!["secret"]!;

        var id = await PlayAsync(test);

        var taken = await bot.TookAsync("handover.completed", test.Logs);
        Assert.Equal(WholeStory, taken.Select(c => c.Type));
        Assert.Equal([1, 2, 3, 4, 5, 6], taken.Select(c => c.Number));
        Assert.Equal(6, taken.Select(c => c.Headers["webhook-id"].ToString()).Distinct().Count());
        Assert.All(taken, call =>
        {
            Assert.True(BotServer.IsSigned(call, secret));
            Assert.False(BotServer.IsSigned(call, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
            var sent = DateTimeOffset.FromUnixTimeSeconds(long.Parse(call.Headers["webhook-timestamp"]!, CultureInfo.InvariantCulture));
            Assert.InRange(DateTimeOffset.UtcNow - sent, TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(5));
            Assert.Equal(id, (string?)call.Json["data"]!["handoverId"]);
            Assert.True(DateTimeOffset.TryParse((string?)call.Json["timestamp"], CultureInfo.InvariantCulture, out _));
        });
        Assert.Equal(["One", "Two"], taken.Where(c => c.Type == "agent.message").Select(c => (string?)c.Json["data"]!["text"]));
    }

    [Fact]
    public async Task A_callback_that_fails_gets_everything_in_order_once_it_recovers()
    {
        await using var bot = await BotServer.StartAsync();
        bot.Answer = number => Task.FromResult(number < 4 ? 500 : number == 6 ? 429 : 200);
        await using var test = await TestHandover.StartAsync(azurite, bot.Url);

        await PlayAsync(test);

        var taken = await bot.TookAsync("handover.completed", test.Logs);
        Assert.Equal(WholeStory, taken.Select(c => c.Type));
        Assert.All(bot.Calls.Take(5), call => Assert.Equal(1, call.Number));
        Assert.Single(bot.Calls.Take(5).Select(c => c.Headers["webhook-id"].ToString()).Distinct());
    }

    [Fact]
    public async Task A_callback_that_does_not_answer_keeps_nobody_from_talking()
    {
        await using var bot = await BotServer.StartAsync();
        var gate = new TaskCompletionSource();
        bot.Answer = async _ =>
        {
            await gate.Task;
            return 200;
        };
        await using var test = await TestHandover.StartAsync(azurite, bot.Url);
        var begun = await test.BeginAsync();
        var (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
        await test.HasStatusAsync(id, "queued");

        await test.SayAsync(id, "m1", "Hello?");

        Assert.Equal(["Hello?"], await test.CustomerSaidAsync(conversation, 1));
        Assert.Empty(bot.Taken);
        gate.SetResult();
        await bot.TookAsync("handover.queued", test.Logs);
    }

    [Fact]
    public async Task What_is_not_taken_for_long_is_parked_and_can_be_retried_or_discarded()
    {
        await using var bot = await BotServer.StartAsync();
        bot.Answer = _ => Task.FromResult(500);
        await using var test = await TestHandover.StartAsync(azurite, bot.Url, more: new Dictionary<string, string?>
        {
            ["Connector:HandoverProviders:CallbackFor"] = "00:00:00.5",
        });
        var begun = await test.BeginAsync();
        var conversation = (string)begun["conversationId"]!;
        await test.HasStatusAsync((string)begun["id"]!, "queued");
        test.Gateway.AgentAccepts(conversation);

        var parked = await Eventually.GetAsync(() => ParkedAsync(test), items => items.Count == 2, "two parked callbacks", null, test.Logs);

        Assert.All(parked, item => Assert.Equal(("Callback", test.ProviderId), ((string?)item!["kind"], (string?)item["endpointId"])));
        Assert.Equal(["handover.queued", "handover.agent_joined"], parked.Select(item => (string?)item!["eventType"]));
        Assert.Contains("500", (string?)parked[0]!["reason"]);
        Assert.DoesNotContain("url-secret", parked.ToJsonString());

        bot.Answer = _ => Task.FromResult(200);
        using (var retried = await test.Admin.PostAsync($"/api/parked/{parked[0]!["id"]}/retry", null, Cancellation))
            Assert.Equal(HttpStatusCode.Accepted, retried.StatusCode);
        Assert.Equal([1L], (await bot.TookAsync("handover.queued", test.Logs)).Select(c => c.Number));
        using (var discarded = await test.Admin.DeleteAsync($"/api/parked/{parked[1]!["id"]}", Cancellation))
            Assert.Equal(HttpStatusCode.NoContent, discarded.StatusCode);
        test.Gateway.AgentSays(conversation, "Hi");
        await bot.TookAsync("agent.message", test.Logs);
        Assert.Equal([1L, 3L], bot.Taken.Select(c => c.Number));
        Assert.Empty(await ParkedAsync(test));
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_no_secret_is_logged()
    {
        await using var bot = await BotServer.StartAsync();
        bot.Answer = number => Task.FromResult(number == 0 ? 307 : 200);
        await using var test = await TestHandover.StartAsync(azurite, bot.Url);

        await PlayAsync(test);

        await bot.TookAsync("handover.completed", test.Logs);
        Assert.Equal(307, bot.Calls[0].Status);
        var secret = (string)test.Provider["callback"]!["secret"]!;
        Assert.DoesNotContain(test.Logs.Lines, line => line.Contains("url-secret", StringComparison.Ordinal)
            || line.Contains(secret, StringComparison.Ordinal) || line.Contains(test.BotKey, StringComparison.Ordinal)
            || line.Contains(TestConnector.ApiKey, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_name_that_leads_into_a_private_network_is_never_connected_to()
    {
        await using var bot = await BotServer.StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = PublicAddress.ConnectAsync, UseProxy = false });

        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(
            bot.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), Cancellation));

        Assert.Empty(bot.Calls);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2a00:1450:4001:80b::200e", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("168.63.129.16", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("2002:a00:1::", false)]
    public void Only_addresses_of_the_internet_are_public(string address, bool isPublic) =>
        Assert.Equal(isPublic, PublicAddress.IsPublic(IPAddress.Parse(address)));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A whole handover with two messages of an agent.</summary>
    private static async Task<string> PlayAsync(TestHandover test)
    {
        var begun = await test.BeginAsync();
        var (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
        await test.HasStatusAsync(id, "queued");
        test.Gateway.AgentAccepts(conversation);
        test.Gateway.AgentSays(conversation, "One");
        test.Gateway.AgentSays(conversation, "Two");
        test.Gateway.AgentLeaves(conversation);
        await test.HasStatusAsync(id, "completed");
        return id;
    }

    private static async Task<JsonArray> ParkedAsync(TestHandover test) =>
        (await test.Admin.GetFromJsonAsync<JsonObject>("/api/parked", Cancellation))!["items"]!.AsArray();
}
