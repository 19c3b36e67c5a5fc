using System.Collections.Concurrent;
using System.Text;
using EightByEight.Simulator;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests;

/// <summary>What leaves a running connector when the standard variables name an OTLP collector.</summary>
public sealed class ExportTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_collector_gets_spans_metrics_and_logs_of_a_turn_and_nothing_that_was_said()
    {
        await using var collector = await Collector.StartAsync();
        await using var simulator = await SimulatorServer.StartAsync(new SimulatorOptions(), TestContext.Current.CancellationToken);
        await using var connector = await ConnectorProcess.StartAsync(
            azurite.NewAccount(), ConnectorProcess.FreePort(), new Dictionary<string, string?>(TestConnector.Quick)
            {
                ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
                ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
                ["OTEL_BLRP_SCHEDULE_DELAY"] = "200",
                ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
            });
        using var admin = TestConnector.AdminOf(connector.Url);
        var endpoint = await TestConnector.CreateEndpointAsync(admin, simulator.Url, SampleFlow.Echo);
        var url = (string)endpoint["endpointUrl"]!;
        simulator.Gateway.AddWebhook("Bot", url);

        var conversation = simulator.Gateway.StartConversation(new ConversationStart { Text = "plover-4711-said" });

        await Collected(collector.Traces, "the spans of the way of an event", "webhook", "turn", conversation, "/messages");
        await Collected(collector.Metrics, "the metrics", "eightbyeight.inbox.age", "eightbyeight.turn.duration");
        await Collected(collector.Logs, "the log of the turn", conversation);
        var everything = string.Concat([.. collector.Traces, .. collector.Metrics, .. collector.Logs]);
        Assert.All(["plover-4711-said", url.Split('/')[^1], TestConnector.AdminKey, TestConnector.ApiKey],
            secret => Assert.DoesNotContain(secret, everything, StringComparison.Ordinal));
    }

    private static Task<string> Collected(ConcurrentQueue<string> signal, string what, params string[] expected) => Eventually.GetAsync(
        () => string.Concat(signal),
        text => expected.All(part => text.Contains(part, StringComparison.Ordinal)), $"{what}: {string.Join(", ", expected)}");

    /// <summary>An OTLP collector on loopback. Protobuf keeps strings as they are, so what it got is searched as text.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly WebApplication _app;

        private Collector(WebApplication app) => _app = app;

        public string Url => _app.Urls.First();
        public ConcurrentQueue<string> Traces { get; } = new();
        public ConcurrentQueue<string> Metrics { get; } = new();
        public ConcurrentQueue<string> Logs { get; } = new();

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var collector = new Collector(builder.Build());
            collector._app.MapPost("/v1/traces", context => KeepAsync(context, collector.Traces));
            collector._app.MapPost("/v1/metrics", context => KeepAsync(context, collector.Metrics));
            collector._app.MapPost("/v1/logs", context => KeepAsync(context, collector.Logs));
            await collector._app.StartAsync(TestContext.Current.CancellationToken);
            return collector;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();

        private static async Task KeepAsync(HttpContext context, ConcurrentQueue<string> signal)
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            signal.Enqueue(Encoding.UTF8.GetString(body.ToArray()));
        }
    }
}
