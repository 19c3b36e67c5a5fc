using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Translation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Translation;

/// <summary>The translator over HTTP: wire formats, glossaries, patience, and what it may reach.</summary>
public sealed class TranslatorTests
{
    private static readonly TranslationOwner Owner = new("e", _ => new("k"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Google_translates_over_HTTP()
    {
        await using var of = await Room.StartAsync("google");
        var (texts, detected) = await of.Translator.TranslateAsync(Owner, of.Settings, new(null, "zh-TW"), ["It's 1 < 2", "b"], Cancellation);
        Assert.Equal(["zh-TW:It's 1 < 2", "zh-TW:b"], texts);
        Assert.Equal("de", detected);
        Assert.Equal("/language/translate/v2?key=k", Assert.Single(of.Provider.Requests).Target);
        Assert.Equal("text", (string?)of.Provider.Bodies[0].Body["format"]);
    }

    [Fact]
    public async Task DeepL_translates_over_HTTP()
    {
        await using var of = await Room.StartAsync("deepl");
        var (texts, detected) = await of.Translator.TranslateAsync(Owner, of.Settings, new(null, "pt"), ["a", "b"], Cancellation);
        Assert.Equal(["PT-PT:a", "PT-PT:b"], texts);
        Assert.Equal("de", detected);
        Assert.Equal("DeepL-Auth-Key k", of.Provider.Bodies[0].Authorization);
    }

    [Fact]
    public async Task A_glossary_for_inputs_needs_a_fixed_language_and_the_one_for_outputs_is_used_always()
    {
        await using var of = await Room.StartAsync("deepl");
        var settings = of.Settings with { GlossaryInput = "in", GlossaryOutput = "out", UserLanguage = "de" };
        await of.Turn.InputAsync(Owner, settings, "eins", false, null, null, Cancellation);
        await of.Turn.InputAsync(Owner, settings with { UserLanguage = "auto" }, "zwei", false, null, null, Cancellation);
        var known = new SpokenLanguage { Detected = "de", Inputs = 1 };
        await of.Turn.InputAsync(Owner, settings with { UserLanguage = "auto" }, "drei", false, null, known, Cancellation);
        await of.Turn.TextsAsync(Owner, settings, TurnTranslation.ToCustomer(settings, "de"), ["four"], Cancellation);
        Assert.Equal(["in", null, null, "out"], of.Provider.Bodies.Select(body => (string?)body.Body["glossary_id"]));
        Assert.Equal(["DE", null, "DE", "EN"], of.Provider.Bodies.Select(body => (string?)body.Body["source_lang"]));
    }

    [Fact]
    public async Task Who_does_not_answer_within_the_timeout_is_tried_again_and_then_given_up()
    {
        await using var of = await Room.StartAsync("microsoft");
        of.Provider.Held = Task.Delay(Timeout.Infinite, of.Gone.Token);
        var settings = of.Settings with { TimeoutSeconds = 2, Retries = 2 };
        var (failed, _) = await of.FailsAsync(settings);
        Assert.StartsWith("microsoft could not be asked", failed.Message, StringComparison.Ordinal);
        Assert.Equal(2, of.Provider.Requests.Count);
    }

    [Fact]
    public async Task Nobody_is_waited_for_longer_than_thirty_seconds_in_all()
    {
        await using var of = await Room.StartAsync("microsoft");
        of.Provider.Held = Task.Delay(Timeout.Infinite, of.Gone.Token);
        var (failed, took) = await of.FailsAsync(of.Settings with { TimeoutSeconds = 20, Retries = 10 });
        Assert.Equal("microsoft took longer than 30 s in all.", failed.Message);
        Assert.True(took >= TimeSpan.FromSeconds(30), $"It took {took}.");
        Assert.Equal(2, of.Provider.Requests.Count);
    }

    [Theory]
    [InlineData("3", 2)]
    [InlineData("60", 1)]
    public async Task A_short_pause_that_the_provider_asks_for_is_made_and_a_long_one_is_none(string pause, int requests)
    {
        await using var of = await Room.StartAsync("microsoft");
        of.Provider.RetryAfter = pause;
        for (var i = 0; i < 2; i++) of.Provider.Statuses.Enqueue(429);
        var (failed, took) = await of.FailsAsync(of.Settings with { Retries = 2 });
        Assert.Equal("microsoft answered 429: too many requests.", failed.Message);
        Assert.Equal(requests, of.Provider.Requests.Count);
        if (requests > 1) Assert.True(took >= TimeSpan.FromSeconds(3), $"It took {took}.");
    }

    [Fact]
    public async Task A_server_at_a_private_address_is_not_reached_unless_the_operator_allows_it()
    {
        await using var of = await Room.StartAsync("microsoft");
        foreach (var allowed in (bool[])[false, true])
        {
            var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Connector:Translation:AllowPrivateAddresses"] = $"{allowed}",
            }).Build();
            await using var services = new ServiceCollection().AddTranslation(configuration).BuildServiceProvider();
            using var translator = new Translator(services.GetRequiredService<IHttpClientFactory>(), of.Directory, TimeProvider.System);
            var asked = translator.TranslateAsync(Owner, of.Settings with { Retries = 1 }, new("en", "de"), ["one"], Cancellation);
            if (allowed) Assert.Equal("de:one", Assert.Single((await asked).Texts));
            else Assert.StartsWith("microsoft could not be asked", (await Assert.ThrowsAsync<TranslationException>(() => asked)).Message, StringComparison.Ordinal);
            Assert.Equal(allowed ? 1 : 0, of.Provider.Requests.Count);
        }
    }

    [Fact]
    public async Task What_is_remembered_is_remembered_for_one_owner_only()
    {
        await using var of = await Room.StartAsync("microsoft");
        foreach (var owner in (TranslationOwner[])[Owner, Owner, new("f", _ => new("k"))])
            await of.Translator.TranslateAsync(owner, of.Settings, new("en", "de"), ["one"], Cancellation);
        Assert.Equal(2, of.Provider.Requests.Count);
    }

    [Fact]
    public async Task All_outputs_of_a_turn_go_in_one_request_and_each_text_once()
    {
        await using var of = await Room.StartAsync("microsoft");
        IReadOnlyList<Output> outputs = [new() { Text = "a", QuickReplies = [new("b", "p")] }, new() { Text = "a", FallbackText = "c" }];
        var (translated, fault) = await of.Turn.OutputsAsync(
            new() { Id = "e", Settings = new() { Name = "", Flow = "", EightByEight = new() } }, of.Settings with { UserLanguage = "de" }, outputs, null, null, Cancellation);
        Assert.Null(fault);
        Assert.Equal(["a", "b", "c"], Assert.Single(of.Provider.Requests).Texts);
        Assert.Equal(("de:a", "de:b", "p", "de:c"), (translated[1].Text, translated[0].QuickReplies[0].Title, translated[0].QuickReplies[0].Payload, translated[1].FallbackText));
    }

    private sealed class Room : IAsyncDisposable, IHttpClientFactory
    {
        private readonly string _name;

        private Room(FakeProvider provider, string name)
        {
            (Provider, _name) = (provider, name);
            Translator = new Translator(this, Directory, Time);
            Turn = new TurnTranslation(Translator, NullLogger<TurnTranslation>.Instance);
        }

        public FakeProvider Provider { get; }
        public FakeTimeProvider Time { get; } = new();
        public EndpointDirectory Directory { get; } = new(null!, null!, null!, TimeProvider.System);
        public Translator Translator { get; }
        public TurnTranslation Turn { get; }
        public CancellationTokenSource Gone { get; } = new();
        public TranslationSettings Settings => new() { Enabled = true, Provider = _name, BaseUrl = Provider.Url };

        public static async Task<Room> StartAsync(string name) => new(await FakeProvider.StartAsync(), name);

        public HttpClient CreateClient(string name) => new();

        /// <summary>Lets time pass until the translator gives up.</summary>
        public async Task<(TranslationException Failed, TimeSpan Took)> FailsAsync(TranslationSettings settings)
        {
            var since = Time.GetUtcNow();
            var asked = Translator.TranslateAsync(Owner, settings, new("en", "de"), ["one"], Cancellation);
            for (var i = 0; i < 3000 && !asked.IsCompleted; i++)
            {
                // Time stands still until the request is there, so that no attempt is over before it began.
                var sent = Provider.Requests.Count;
                await Task.Delay(10, Cancellation);
                if (sent > 0) Time.Advance(TimeSpan.FromMilliseconds(100));
            }

            Assert.True(asked.IsCompleted, "The translator never gave up.");
            return (await Assert.ThrowsAsync<TranslationException>(() => asked), Time.GetUtcNow() - since);
        }

        public async ValueTask DisposeAsync()
        {
            await Gone.CancelAsync();
            Translator.Dispose();
            await Provider.DisposeAsync();
            Gone.Dispose();
        }
    }
}
