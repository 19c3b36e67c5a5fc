using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Simulator;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>What an operator does with what was set aside.</summary>
public sealed class ParkedWorkTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task The_list_is_paged_and_can_be_of_one_Endpoint()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        for (var i = 0; i < 3; i++) await ParkAsync(connector, connector.EndpointId, $"mine-{i}");
        await ParkAsync(connector, "another", "its");

        var all = await PagesAsync(connector, "limit=3");
        var mine = await PagesAsync(connector, $"limit=2&endpoint={connector.EndpointId}");

        Assert.Equal([3, 1], all.Select(page => page.Count));
        Assert.Equal(["its", "mine-0", "mine-1", "mine-2"], all.SelectMany(page => page).Order());
        Assert.Equal([2, 1], mine.Select(page => page.Count));
        Assert.Equal(["mine-0", "mine-1", "mine-2"], mine.SelectMany(page => page).Order());
    }

    [Fact]
    public async Task A_retry_and_a_discard_leave_an_audit_entry()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        await ParkAsync(connector, connector.EndpointId, "one");
        await ParkAsync(connector, connector.EndpointId, "two");
        var ids = (await connector.ParkedAsync(2)).Select(item => (string)item!["id"]!).ToArray();

        using var retried = await connector.Admin.PostAsync($"/api/parked/{ids[0]}/retry", null, TestContext.Current.CancellationToken);
        using var discarded = await connector.Admin.DeleteAsync($"/api/parked/{ids[1]}", TestContext.Current.CancellationToken);
        using var missing = await connector.Admin.DeleteAsync("/api/parked/none", TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.NoContent, HttpStatusCode.NotFound),
            (retried.StatusCode, discarded.StatusCode, missing.StatusCode));
        var audit = await connector.Admin.GetFromJsonAsync<JsonObject>("/api/audit", TestContext.Current.CancellationToken);
        Assert.Equal([$"parked.discard {ids[1]}", $"parked.retry {ids[0]}"],
            audit!["items"]!.AsArray().Select(e => $"{e!["what"]} {e["target"]}").Where(e => e.StartsWith("parked", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_retried_event_comes_after_what_was_waiting()
    {
        await using var connector = await TestConnector.StartAsync(
            azurite, settings: new JsonObject { ["eightByEight"] = new JsonObject { ["verifySignatures"] = false } });
        // 8x8 takes nothing for now, so what comes behind an answer has to wait.
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 429, 10_000));
        var conversation = connector.Start("hello");
        await SendingAsync(connector, conversation);
        connector.Gateway.CustomerSays(conversation, "parked");
        await WaitingAsync(connector, conversation, 1);
        await connector.PatchAsync(new JsonObject { ["enabled"] = false });
        var parked = (await connector.ParkedAsync(2)).Single(item => (string)item!["kind"]! == "Event")!;
        await connector.PatchAsync(new JsonObject { ["enabled"] = true });
        connector.Gateway.CustomerSays(conversation, "first");
        await SendingAsync(connector, conversation);
        connector.Gateway.CustomerSays(conversation, "waiting");
        await WaitingAsync(connector, conversation, 1);

        using var retried = await connector.Admin.PostAsync($"/api/parked/{parked["id"]}/retry", null, TestContext.Current.CancellationToken);
        await WaitingAsync(connector, conversation, 2);
        connector.Gateway.Faults.Clear();

        Assert.Equal(["2: first", "3: waiting", "4: parked"], await connector.BotSaysAsync(conversation, 3));
    }

    private static Task<JsonObject> SendingAsync(TestConnector connector, string conversation) => ViewAsync(
        connector, conversation, view => view["sending"] is not null, "a turn that is being sent");

    private static Task<JsonObject> WaitingAsync(TestConnector connector, string conversation, int events) => ViewAsync(
        connector, conversation, view => (int)view["waiting"]! == events, $"{events} waiting events");

    private static Task<JsonObject> ViewAsync(TestConnector connector, string conversation, Func<JsonObject, bool> isSo, string what) =>
        Eventually.GetAsync(
            async () => await connector.Admin.GetAsync($"/api/endpoints/{connector.EndpointId}/conversations/{conversation}") is { IsSuccessStatusCode: true } found
                ? (await found.Content.ReadFromJsonAsync<JsonObject>())!
                : new JsonObject { ["waiting"] = 0 },
            isSo, what, null, connector.Logs);

    /// <summary>A conversation whose processing dies before it begins.</summary>
    private static Task ParkAsync(TestConnector connector, string endpointId, string conversation) =>
        connector.Host.Services.GetRequiredService<ConversationWorker>().ReviveAsync(
            new WakeUp { Key = ConversationKey.Of(endpointId, conversation).ToString(), Rounds = 5 }.ToMessage(),
            TestContext.Current.CancellationToken);

    /// <summary>The conversations of parked items, page by page.</summary>
    private static async Task<IReadOnlyList<IReadOnlyList<string>>> PagesAsync(TestConnector connector, string query)
    {
        var pages = new List<IReadOnlyList<string>>();
        for (string? after = ""; after is not null;)
        {
            var page = await connector.Admin.GetFromJsonAsync<JsonObject>(
                $"/api/parked?{query}&continue={Uri.EscapeDataString(after)}", TestContext.Current.CancellationToken);
            pages.Add([.. page!["items"]!.AsArray().Select(item => (string)item!["conversationId"]!)]);
            after = (string?)page["continue"];
        }

        return pages;
    }
}
