using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>What the bot reads as server-sent events.</summary>
public sealed class StreamTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_reader_goes_on_at_another_instance_where_it_stopped()
    {
        var storage = azurite.NewAccount();
        await using var test = await TestHandover.StartAsync(azurite, storage: storage);
        await using var other = await test.AnotherAsync(storage);
        var begun = await test.BeginAsync();
        var (id, conversation) = ((string)begun["id"]!, (string)begun["conversationId"]!);
        string? last;
        await using (var events = await test.ReadAsync(id))
        {
            await events.NextAsync("handover.queued");
            test.Gateway.AgentAccepts(conversation);
            var joined = await events.NextAsync();
            Assert.Equal("handover.agent_joined", joined?.EventType);
            last = joined?.EventId;
        }

        test.Gateway.AgentSays(conversation, "One");
        test.Gateway.AgentSays(conversation, "Two");
        await using var resumed = await other.ReadAsync(id, long.Parse(last!, System.Globalization.CultureInfo.InvariantCulture));

        Assert.Equal("One", (string?)(await resumed.NextAsync("agent.message"))["text"]);
        Assert.Equal("Two", (string?)(await resumed.NextAsync("agent.message"))["text"]);
        test.Gateway.AgentSays(conversation, "Three");
        Assert.Equal("Three", (string?)(await resumed.NextAsync("agent.message"))["text"]);
    }

    [Fact]
    public async Task A_stream_lives_by_comments_and_ends_in_time()
    {
        await using var test = await TestHandover.StartAsync(azurite, more: new Dictionary<string, string?>
        {
            ["Connector:HandoverProviders:StreamFor"] = "00:00:01.5",
        });
        var id = (string)(await test.BeginAsync())["id"]!;
        await test.HasStatusAsync(id, "queued");

        var all = await test.Bot.GetStringAsync($"/api/handovers/{id}/events", TestContext.Current.CancellationToken);

        Assert.StartsWith("retry: 1000\n\nid: 1\nevent: handover.queued\ndata: {\"type\":\"handover.queued\"", all, StringComparison.Ordinal);
        Assert.Contains("\n: still here\n\n", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_who_has_everything_of_an_ended_handover_is_told_to_stop()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var begun = await test.BeginAsync();
        var id = (string)begun["id"]!;
        await test.PostAsync($"/api/handovers/{id}/end");
        var done = await test.HasStatusAsync(id, "completed");

        await IsToldToStopAsync(test, id, (long)done["lastEvent"]!);
    }

    [Fact]
    public async Task A_reader_goes_on_waiting_while_something_is_still_to_be_given_back()
    {
        await using var test = await TestHandover.StartAsync(azurite, more: new Dictionary<string, string?>
        {
            ["Connector:HandoverProviders:StreamFor"] = "00:00:00.2",
        });
        var id = (string)(await test.BeginAsync())["id"]!;
        await test.PostAsync($"/api/handovers/{id}/end");
        var last = (long)(await test.HasStatusAsync(id, "completed"))["lastEvent"]!;
        var rows = test.Host.Services.GetRequiredService<Connector.ConnectorStorage>().Handovers;
        await IsToldToStopAsync(test, id, last);
        var waiting = new Azure.Data.Tables.TableEntity($"handover|{id}", "3|0000000099");
        await rows.AddEntityAsync(waiting, TestContext.Current.CancellationToken);

        await using (await test.ReadAsync(id, last)) { }
        await rows.DeleteEntityAsync(waiting, cancellationToken: TestContext.Current.CancellationToken);

        await IsToldToStopAsync(test, id, last);
    }

    /// <summary>Once nothing waits any more.</summary>
    private static Task<HttpStatusCode> IsToldToStopAsync(TestHandover test, string id, long last) => Eventually.GetAsync(async () =>
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/handovers/{id}/events");
        request.Headers.Add("Last-Event-ID", $"{last}");
        using var answer = await test.Bot.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }, status => status == HttpStatusCode.NoContent, "204", null, test.Logs);

    [Fact]
    public async Task A_number_that_is_none_is_refused()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var id = (string)(await test.BeginAsync())["id"]!;

        using var answer = await test.Bot.GetAsync($"/api/handovers/{id}/events?after=x", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }
}
