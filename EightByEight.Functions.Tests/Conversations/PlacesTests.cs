using EightByEight.Connector.Conversations;
using EightByEight.Functions.Tests.Agents;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>What one Endpoint leaves to the others.</summary>
public sealed class PlacesTests(AzuriteFixture azurite)
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task An_Endpoint_has_so_many_places_and_another_has_its_own()
    {
        var places = Of(2);
        var (first, _) = await TakeAsync(places, "bad");
        Assert.NotNull((await TakeAsync(places, "bad")).Place);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null((await TakeAsync(places, "bad")).Place);
        Assert.NotNull((await TakeAsync(places, "good")).Place);
        first!.Dispose();
        first.Dispose();
        Assert.NotNull((await TakeAsync(places, "bad")).Place);
        Assert.Null((await TakeAsync(places, "bad")).Place);
    }

    [Fact]
    public async Task Those_who_find_none_come_again_one_after_the_other_and_not_too_late()
    {
        var places = Of(1);
        await TakeAsync(places, "bad");
        _time.Advance(TimeSpan.FromSeconds(0.5));
        var away = new List<TimeSpan>();
        for (var i = 0; i < 300; i++) away.Add((await TakeAsync(places, "bad")).Away);

        Assert.Equal([0.5, 1, 1.5], away.Take(3).Select(time => Math.Round(time.TotalSeconds, 3)));
        Assert.Equal(120, Math.Round(away[^1].TotalSeconds, 3));
    }

    [Fact]
    public async Task They_come_as_fast_as_places_were_given_back_lately_also_right_after_one_was()
    {
        var places = Of(1);
        for (var i = 0; i < 20; i++)
        {
            var (place, _) = await TakeAsync(places, "bad");
            _time.Advance(TimeSpan.FromSeconds(0.4));
            place!.Dispose();
        }

        await TakeAsync(places, "bad");
        var sent = TakeAsync(places, "bad");
        var next = TakeAsync(places, "bad");

        Assert.Equal([0.4, 0.8], new[] { (await sent).Away, (await next).Away }.Select(time => Math.Round(time.TotalSeconds, 1)).Order());
    }

    [Fact]
    public async Task Where_work_flows_nobody_is_sent_away()
    {
        var places = Of(1);
        var (place, _) = await TakeAsync(places, "good");

        // A machine that stops for a moment may send somebody away.
        await Eventually.GetAsync(async () =>
        {
            var next = TakeAsync(places, "good");
            place?.Dispose();
            return (place = (await next).Place) is not null;
        }, taken => taken, "the place of the one before");
    }

    [Fact]
    public async Task A_conversation_beyond_the_places_waits_and_another_Endpoint_answers_meanwhile()
    {
        using var go = new SemaphoreSlim(0);
        await using var slow = await AgentServer.StartAsync(_ => go.Wait(TimeSpan.FromSeconds(60)) ? (200, "done") : (500, ""));
        await using var connector = await TestConnector.StartAsync(azurite, $$$"""
            name: slow
            start:
              - http: { url: "{{{slow.Url}}}", timeoutSeconds: 40 }
              - say: "{{ input.result.body }}"
            """, options: new Dictionary<string, string?>(TestConnector.Quick)
        {
            ["Connector:Conversations:PlacesPerEndpoint"] = "1",
            ["Connector:Conversations:Lease"] = "00:01:00",
            ["DevHost:Queues:Visibility"] = "00:01:00",
        });
        var other = await TestConnector.CreateEndpointAsync(connector.Admin, connector.Simulator.Url, SampleFlow.Echo);
        var webhook = connector.Gateway.AddWebhook("Other", (string)other["endpointUrl"]!);
        var first = connector.Start("hello");
        await Eventually.GetAsync(() => slow.Calls.Count, calls => calls == 1, "the first call");

        var second = connector.Start("hello");
        var good = connector.Gateway.StartConversation(new() { WebhookId = webhook.Id, Text = "hello" });
        await connector.BotSaysAsync(good, 1);

        Assert.Single(slow.Calls);
        go.Release(2);
        Assert.Equal(["done"], await connector.BotSaysAsync(first, 1));
        Assert.Equal(["done"], await connector.BotSaysAsync(second, 1, TimeSpan.FromSeconds(60)));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Places Of(int places) => new(Options.Create(new ConversationOptions { PlacesPerEndpoint = places }), _time);

    private static Task<(IDisposable? Place, TimeSpan Away)> TakeAsync(Places places, string endpoint) => places.TakeAsync(endpoint, Cancellation);
}
