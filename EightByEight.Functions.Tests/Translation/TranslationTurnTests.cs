using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Translation;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Transformers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Translation;

/// <summary>Translation where it belongs: in the turn.</summary>
public sealed class TranslationTurnTests(AzuriteFixture azurite)
{
    private const string Show = """
        name: show
        start:
          - if: input.text === 'en:deutsch'
            then: [ { setTranslation: { userLanguage: fr } }, { translate: { text: word, from: en, to: es, saveTo: context.word } } ]
          - say: "said {{ input.text }}{{ context.word || '' }}"
        """;

    private static readonly Endpoint Plain = new() { Id = "e", Settings = new() { Name = "", Flow = "", EightByEight = new() } };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_turn_is_translated_both_ways_and_a_failure_goes_through_marked_and_a_Flow_sets_the_language()
    {
        await using var provider = await FakeProvider.StartAsync();
        await using var connector = await TestConnector.StartAsync(azurite, Show, new()
        {
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
            ["translation"] = new JsonObject { ["enabled"] = true, ["apiKey"] = "k", ["baseUrl"] = provider.Url, ["retries"] = 1 },
        }, options: new Dictionary<string, string?>(Posted.Unpumped) { ["Connector:Translation:AllowPrivateAddresses"] = "true" });
        await connector.SayAsync("c", "hallo", at: 1_000);
        Assert.Equal(["de:said en:hallo"], await connector.SaidAsync("c"));
        provider.Statuses.Enqueue(456);
        provider.Statuses.Enqueue(456);
        await connector.SayAsync("c", "geheim", at: 2_000);
        Assert.Equal("said geheim", (await connector.SaidAsync("c"))[1]);
        var view = await connector.ViewAsync("c");
        Assert.Contains("the quota is used up", view["turns"]![1]!["warnings"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("hallo", (string?)view["turns"]![0]!["text"]);
        var log = await connector.Admin.GetStringAsync($"/api/endpoints/{connector.EndpointId}/log", Cancellation);
        Assert.Contains("translation (line 0): microsoft answered 456: the quota is used up.", log, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", log, StringComparison.Ordinal);
        await connector.SayAsync("c", "deutsch", at: 3_000);
        Assert.Equal("fr:said en:deutsches:word", (await connector.SaidAsync("c"))[2]);
        Assert.DoesNotContain(connector.Logs.Lines, line => line.Contains("geheim", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_Flow_sets_the_marker_and_on_how_many_inputs_the_language_is_detected()
    {
        await using var provider = await FakeProvider.StartAsync();
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: sets
            start:
              - once: [ { setTranslation: { noTranslationMarker: "##", detectOnInputs: 3, flowLanguage: es } } ]
              - say: "Hi ##Acme## **friend**"
            """, new()
        {
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
            ["translation"] = new JsonObject { ["enabled"] = true, ["apiKey"] = "k", ["baseUrl"] = provider.Url },
        }, options: new Dictionary<string, string?>(Posted.Unpumped) { ["Connector:Translation:AllowPrivateAddresses"] = "true" });

        foreach (var (detected, at) in new[] { ("de", 1_000), ("nl", 2_000), ("sv", 3_000), ("da", 4_000) })
        {
            provider.Detected = detected;
            await connector.SayAsync("c", $"said {detected}", at);
        }

        Assert.Equal(["de:Hi Acme de:**friend**", "nl:Hi Acme nl:**friend**", "sv:Hi Acme sv:**friend**", "sv:Hi Acme sv:**friend**"],
            await connector.SaidAsync("c"));
    }

    [Fact]
    public async Task Two_who_were_woken_for_one_event_translate_once_also_where_only_the_session_has_it_switched_on()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var provider = await FakeProvider.StartAsync();
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: on-demand
            start:
              - if: input.text === 'on'
                then: [ { setTranslation: { enabled: true, userLanguage: de } } ]
              - say: "said {{ input.text }}"
            """, new()
        {
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
            ["translation"] = new JsonObject { ["apiKey"] = "k", ["baseUrl"] = provider.Url, ["timeoutSeconds"] = 30 },
        }, options: new Dictionary<string, string?>(Posted.Unpumped)
        {
            ["Connector:Translation:AllowPrivateAddresses"] = "true",
            ["Connector:Conversations:Lease"] = "00:01:00",
        });
        await connector.SayAsync("c", "on", at: 1_000);
        provider.Held = go.Task;
        await connector.PostAsync("c", "MESSAGE", Posted.Said("zwei"), at: 2_000);
        int Asked() => provider.Requests.ToArray().Count(request => request.Texts.Contains("zwei"));

        var one = connector.ProcessAsync("c");
        await Eventually.GetAsync(Asked, asked => asked == 1, "the request");
        var other = connector.ProcessAsync("c");
        await Task.WhenAny(other, Eventually.GetAsync(Asked, asked => asked > 1, "a second request", TimeSpan.FromSeconds(5)));
        go.SetResult();
        await Task.WhenAll(one, other);

        Assert.Equal(1, Asked());
        Assert.Equal("de:said en:zwei", (await connector.SaidAsync("c"))[1]);
    }

    [Fact]
    public async Task A_sentence_is_remembered_until_it_expires()
    {
        await using var of = await RoomAsync();
        var settings = of.Settings with { CacheSeconds = 60 };
        var wish = new Wish("en", "de");
        await of.Translator.TranslateAsync(Plain, settings, wish, ["one", "two", "one"], Cancellation);
        Assert.Equal(["one", "two"], Assert.Single(of.Provider.Requests).Texts);
        of.Time.Advance(TimeSpan.FromSeconds(59));
        var (texts, _) = await of.Translator.TranslateAsync(Plain, settings, wish, ["two"], Cancellation);
        Assert.Equal("de:two", Assert.Single(texts));
        Assert.Single(of.Provider.Requests);
        of.Time.Advance(TimeSpan.FromSeconds(2));
        await of.Translator.TranslateAsync(Plain, settings, wish, ["two"], Cancellation);
        Assert.Equal(2, of.Provider.Requests.Count);
    }

    [Fact]
    public async Task More_texts_than_a_provider_takes_go_in_the_fewest_requests()
    {
        await using var of = await RoomAsync();
        var texts = Enumerable.Range(0, 1001).Select(number => $"text {number}").ToArray();
        var (translated, _) = await of.Translator.TranslateAsync(Plain, of.Settings, new("en", "de"), texts, Cancellation);
        Assert.Equal([1000, 1], of.Provider.Requests.Select(request => request.Texts.Length));
        Assert.Equal(texts.Select(text => "de:" + text), translated);
    }

    [Fact]
    public async Task A_provider_is_tried_as_often_as_set()
    {
        await using var of = await RoomAsync(TimeProvider.System);
        foreach (var status in (int[])[503, 429]) of.Provider.Statuses.Enqueue(status);
        var settings = of.Settings with { Retries = 2 };
        var failed = await Assert.ThrowsAsync<TranslationException>(() =>
            of.Translator.TranslateAsync(Plain, settings, new("en", "de"), ["one"], Cancellation));
        Assert.Equal("microsoft answered 429: too many requests.", failed.Message);
        Assert.Equal(2, of.Provider.Requests.Count);
        of.Provider.Statuses.Enqueue(401);
        failed = await Assert.ThrowsAsync<TranslationException>(() =>
            of.Translator.TranslateAsync(Plain, settings, new("en", "de"), ["one"], Cancellation));
        Assert.Contains("check translation.apiKey", failed.Message, StringComparison.Ordinal);
        Assert.Equal(3, of.Provider.Requests.Count);
    }

    [Fact]
    public async Task The_language_is_detected_on_as_many_inputs_as_set_and_stays()
    {
        await using var of = await RoomAsync();
        var settings = of.Settings with { DetectOnInputs = 2 };
        var one = await of.Turn.InputAsync(Plain, settings, "hallo", false, "fr", null, Cancellation);
        of.Provider.Detected = "nl";
        var two = await of.Turn.InputAsync(Plain, settings, "hoi", false, "fr", one.Language, Cancellation);
        of.Provider.Detected = "sv";
        var three = await of.Turn.InputAsync(Plain, settings, "hej", false, "fr", two.Language, Cancellation);
        Assert.Equal(["de", "nl", "nl"], new[] { one, two, three }.Select(input => input.Language!.Detected));
        Assert.Equal(["&suggestedFrom=fr", "&suggestedFrom=fr", "&from=nl"], of.Provider.Requests.Select(request => request.Target[(request.Target.LastIndexOf('&'))..]));
    }

    [Fact]
    public async Task A_payload_is_not_translated_where_that_is_set()
    {
        await using var of = await RoomAsync();
        Assert.Equal("pay", (await of.Turn.InputAsync(Plain, of.Settings with { SkipPayloads = true }, "pay", true, null, null, Cancellation)).Text);
        Assert.Equal("cIntent:pay", (await of.Turn.InputAsync(Plain, of.Settings, "cIntent:pay", true, null, null, Cancellation)).Text);
        Assert.Empty(of.Provider.Requests);
    }

    [Fact]
    public async Task Markers_go_also_while_translation_is_off_where_that_is_set()
    {
        await using var of = await RoomAsync();
        IReadOnlyList<Output> outputs = [new() { Text = "a **b**" }];
        var off = of.Settings with { Enabled = false };
        Assert.Same(outputs, (await of.Turn.OutputsAsync(Plain, off, outputs, null, null, Cancellation)).Outputs);
        Assert.Equal("a b", (await of.Turn.OutputsAsync(Plain, off with { AlwaysRemoveMarkers = true }, outputs, null, null, Cancellation)).Outputs[0].Text);
        Assert.Empty(of.Provider.Requests);
    }

    private static async Task<Room> RoomAsync(TimeProvider? time = null) => new(await FakeProvider.StartAsync(), time);

    private sealed class Room : IAsyncDisposable, IHttpClientFactory
    {
        public Room(FakeProvider provider, TimeProvider? time)
        {
            Provider = provider;
            // An Endpoint without secrets needs nothing of the directory.
            var directory = new EndpointDirectory(null!, null!, null!, TimeProvider.System);
            Translator = new Translator(this, directory, time ?? Time);
            Turn = new TurnTranslation(Translator, NullLogger<TurnTranslation>.Instance);
        }

        public FakeProvider Provider { get; }
        public FakeTimeProvider Time { get; } = new();
        public Translator Translator { get; }
        public TurnTranslation Turn { get; }
        public TranslationSettings Settings => new() { Enabled = true, BaseUrl = Provider.Url };

        public HttpClient CreateClient(string name) => new();

        public async ValueTask DisposeAsync()
        {
            Translator.Dispose();
            await Provider.DisposeAsync();
        }
    }
}
