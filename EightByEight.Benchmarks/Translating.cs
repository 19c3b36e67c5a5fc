using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Translation;
using Microsoft.Extensions.Logging.Abstractions;

namespace EightByEight.Benchmarks;

/// <summary>What translation costs a turn whose sentences are remembered: an input and a card with four buttons.</summary>
internal static class Translating
{
    public static async Task MeasureAsync(Report report, int turns)
    {
        var echo = new Echo();
        using var translator = new Translator(echo, new EndpointDirectory(null!, null!, null!, TimeProvider.System), TimeProvider.System);
        var translation = new TurnTranslation(translator, NullLogger<TurnTranslation>.Instance);
        var endpoint = new Endpoint { Id = "e", Settings = new() { Name = "", Flow = "", EightByEight = new() } };
        var settings = new TranslationSettings { Enabled = true, UserLanguage = "de" };
        QuickReply[] buttons = [.. Enumerable.Range(1, 4).Select(i => new QuickReply($"Choice number {i}", $"choice-{i}"))];
        IReadOnlyList<Output> outputs =
        [
            new() { Text = "Your parcel **4711** is on its way, see https://parcels.example/4711 for more.", QuickReplies = buttons },
            new() { Rich = new Gallery([new Item("The parcel") { Subtitle = "It weighs two kilograms", Buttons = buttons }]) },
        ];
        async Task TurnAsync()
        {
            var said = await translation.InputAsync(endpoint, settings, "Wo ist mein Paket mit der Nummer 4711?", false, null, null, CancellationToken.None);
            var (_, fault) = await translation.OutputsAsync(endpoint, settings, outputs, null, said.Language, CancellationToken.None);
            if ((said.Fault ?? fault) is { } failed) throw new InvalidOperationException(failed);
        }

        await TurnAsync();
        var asked = echo.Requests;
        var best = TimeSpan.MaxValue;
        var allocated = 0L;
        for (var round = 0; round < 10; round++)
        {
            var (before, began) = (GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp());
            for (var i = 0; i < turns / 10; i++) await TurnAsync();
            var took = Stopwatch.GetElapsedTime(began);
            allocated = (GC.GetTotalAllocatedBytes() - before) / (turns / 10);
            if (took < best) best = took;
        }

        report.Head($"Translation with a warm cache ({turns} turns)");
        report.AtMost("a turn: an input, and 11 texts said", best.TotalMicroseconds / (turns / 10), 100, " µs");
        report.Note("allocated", FormattableString.Invariant($"{allocated / 1024.0:0.0} KiB"));
        report.AtMost("requests to the provider", echo.Requests - asked, 0, "");
    }

    /// <summary>A provider that says each text again.</summary>
    private sealed class Echo : HttpMessageHandler, IHttpClientFactory
    {
        public int Requests { get; private set; }

        public HttpClient CreateClient(string name) => new(this, disposeHandler: false);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            var texts = JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!.AsArray();
            var answer = texts.Select(text => (JsonNode)new JsonObject
            {
                ["translations"] = new JsonArray(new JsonObject { ["text"] = (string?)text!["Text"] }),
            });
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(new JsonArray([.. answer]).ToJsonString()) };
        }
    }
}
