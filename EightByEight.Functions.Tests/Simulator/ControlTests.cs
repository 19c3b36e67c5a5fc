using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace EightByEight.Functions.Tests.Simulator;

public sealed class ControlTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_customer_and_an_agent_can_be_played_over_HTTP()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        simulated.Client.DefaultRequestHeaders.Remove("x-api-key");

        var started = await simulated.Client.PostAsJsonAsync(
            "/simulator/conversations", new { channel = "WhatsApp", user = new { name = "Ann" }, text = "Hello" }, Cancelled);
        var id = (await started.JsonAsync()).GetProperty("id").GetString()!;
        var tooEarly = await simulated.Client.PostAsJsonAsync($"/simulator/conversations/{id}/agent/accept", new { }, Cancelled);

        Assert.Equal("Hello", Assert.Single(simulated.Gateway.Messages(id)).Text);
        Assert.Equal(HttpStatusCode.Conflict, tooEarly.StatusCode);
        var update = (await simulated.Webhook.WaitForAsync(1))[0];
        Assert.Equal("WhatsApp", update.Data.GetProperty("channel").GetString());
        Assert.Equal("Ann", update.Data.GetProperty("user").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Changes_and_log_entries_are_pushed_as_they_happen()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        await using var stream = await simulated.Client.GetStreamAsync("/simulator/live", Cancelled);
        await using var updates = SseParser.Create(stream).EnumerateAsync(Cancelled).GetAsyncEnumerator(Cancelled);
        Assert.True(await updates.MoveNextAsync());
        Assert.Equal("ready", updates.Current.EventType);

        var id = simulated.StartConversation("Hello");

        var seen = new HashSet<string>();
        while (!seen.IsSupersetOf(["conversation", "log"]) && await updates.MoveNextAsync())
        {
            if (updates.Current.EventType == "conversation")
                Assert.Equal(id, JsonSerializer.Deserialize<JsonElement>(updates.Current.Data).GetProperty("id").GetString());
            seen.Add(updates.Current.EventType);
        }

        Assert.Superset(new HashSet<string> { "conversation", "log" }, seen);
    }

    [Fact]
    public async Task Faults_can_be_set_and_cleared_over_HTTP()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var id = simulated.StartConversation();

        var added = await simulated.Client.PostAsJsonAsync(
            "/simulator/faults",
            new { operation = "sendMessage", works = false, end = "status", status = 503, retryAfter = "00:00:02", times = 5 },
            Cancelled);
        var refused = await simulated.SayAsync(id, "No");
        await simulated.Client.DeleteAsync("/simulator/faults", Cancelled);
        var accepted = await simulated.SayAsync(id, "Yes");

        Assert.Equal(HttpStatusCode.NoContent, added.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(2), refused.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("null")]
    [InlineData("""{"times":"often"}""")]
    public async Task What_is_not_a_fault_is_refused(string body)
    {
        await using var simulated = await SimulatedGateway.StartAsync();

        var response = await simulated.Client.PostAsync("/simulator/faults", new StringContent(body), Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(simulated.Gateway.Faults.Pending);
    }

    [Fact]
    public async Task A_page_of_another_site_and_another_host_name_are_turned_away()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        using var foreignOrigin = new HttpRequestMessage(HttpMethod.Get, "/simulator/setup") { Headers = { { "Origin", "https://evil.example" } } };
        using var foreignHost = new HttpRequestMessage(HttpMethod.Get, "/simulator/setup") { Headers = { Host = "evil.example" } };

        Assert.Equal(HttpStatusCode.Forbidden, (await simulated.Client.SendAsync(foreignOrigin, Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await simulated.Client.SendAsync(foreignHost, Cancelled)).StatusCode);
    }

    [Fact]
    public async Task The_page_and_its_parts_are_served_under_a_strict_policy()
    {
        await using var simulated = await SimulatedGateway.StartAsync();

        foreach (var path in new[] { "/", "/simulator.css", "/simulator.js", "/adaptivecards.min.js" })
        {
            var response = await simulated.Client.GetAsync(path, Cancelled);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
            Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        }
    }
}
