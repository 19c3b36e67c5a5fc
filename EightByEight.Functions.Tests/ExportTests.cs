using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;
using EightByEight.Simulator;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests;

/// <summary>What leaves a running connector when the standard variables name a collector, Azure Monitor's included.</summary>
public sealed class ExportTests(AzuriteFixture azurite)
{
    private static readonly string[] s_metrics =
    [
        "eightbyeight.inbox.age", "eightbyeight.turn.duration", "eightbyeight.parked", "eightbyeight.webhook.refused",
        "eightbyeight.chat_gateway.errors",
    ];

    [Fact]
    public async Task A_collector_gets_spans_metrics_and_logs_of_a_turn_and_nothing_that_was_said()
    {
        await using var collector = await Collector.StartAsync();
        await using var talk = await Talk.StartAsync(azurite, new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Url,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["OTEL_BLRP_SCHEDULE_DELAY"] = "200",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
        });

        await collector.GotAsync("/v1/traces", ["webhook", "turn", "/messages", talk.Conversation, "eightbyeight.event.id", talk.EventId]);
        await collector.GotAsync("/v1/metrics", s_metrics);
        await collector.GotAsync("/v1/logs", [talk.Conversation, talk.EventId]);
        Assert.All(talk.Secrets, secret => Assert.DoesNotContain(secret, collector.Everything, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Azure_Monitor_gets_them_too()
    {
        await using var monitor = await Collector.StartAsync();
        await using var talk = await Talk.StartAsync(azurite, new()
        {
            ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = $"InstrumentationKey={Guid.NewGuid()};IngestionEndpoint={monitor.Url}/",
            ["APPLICATIONINSIGHTS_STATSBEAT_DISABLED"] = "true",
        });

        // What is buffered is sent at the end.
        await talk.Connector.StopAsync();

        await monitor.GotAsync("/v2.1/track",
        [
            "\"RequestData\"", "\"webhook\"", "\"RemoteDependencyData\"", "\"turn\"", "/messages", talk.Conversation, talk.EventId,
            "\"MessageData\"", "\"MetricData\"", .. s_metrics,
            // By this the alert on refused signatures tells them from other refusals.
            "\"status\":\"401\"",
        ]);
        Assert.All(talk.Secrets, secret => Assert.DoesNotContain(secret, monitor.Everything, StringComparison.Ordinal));
    }

    /// <summary>A turn of three outputs, of which 8x8 refuses the first, and an event that is not signed.</summary>
    private sealed class Talk(ConnectorProcess connector, SimulatorServer simulator, string endpointUrl, string conversation) : IAsyncDisposable
    {
        private const string Said = "plover-4711-said";

        public ConnectorProcess Connector => connector;
        public string Conversation => conversation;
        public string EventId => simulator.Gateway.EventLog.Entries
            .Last(entry => entry.ConversationId == conversation && entry.RecordType == "MESSAGE").EventId!;

        public string[] Secrets => [Said, endpointUrl.Split('/')[^1], TestConnector.AdminKey, TestConnector.ApiKey];

        public static async Task<Talk> StartAsync(AzuriteFixture azurite, Dictionary<string, string?> export)
        {
            foreach (var (key, value) in TestConnector.Quick) export[key] = value;
            var simulator = await SimulatorServer.StartAsync(new SimulatorOptions(), TestContext.Current.CancellationToken);
            var connector = await ConnectorProcess.StartAsync(azurite.NewAccount(), ConnectorProcess.FreePort(), export);
            using var admin = TestConnector.AdminOf(connector.Url);
            var endpoint = await TestConnector.CreateEndpointAsync(admin, simulator.Url, SampleFlow.Three);
            var url = (string)endpoint["endpointUrl"]!;
            simulator.Gateway.AddWebhook("Bot", url);
            simulator.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 400));
            using var client = new HttpClient();
            using var unsigned = await client.PostAsync(
                url, new StringContent("""{"eventType":"MESSAGE","conversationId":"c"}"""), TestContext.Current.CancellationToken);
            Assert.Equal(401, (int)unsigned.StatusCode);
            var conversation = simulator.Gateway.StartConversation(new ConversationStart { Text = Said });
            await Eventually.GetAsync(
                () => simulator.Gateway.Messages(conversation).Count(message => message.Author == "bot"), sent => sent == 2, "two answers");
            return new Talk(connector, simulator, url, conversation);
        }

        public async ValueTask DisposeAsync()
        {
            await connector.DisposeAsync();
            await simulator.DisposeAsync();
        }
    }

    /// <summary>A collector on loopback. Protobuf keeps strings as they are, so what it got is searched as text.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly WebApplication _app;
        private readonly ConcurrentQueue<(string Path, string Body)> _got = new();

        private Collector(WebApplication app) => _app = app;

        public string Url => _app.Urls.First();

        public string Everything => string.Concat(_got.Select(it => it.Body));

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var collector = new Collector(builder.Build());
            collector._app.Run(collector.KeepAsync);
            await collector._app.StartAsync(TestContext.Current.CancellationToken);
            return collector;
        }

        /// <summary>Waits until all of it came at a path.</summary>
        public async Task GotAsync(string path, string[] expected) => await Eventually.GetAsync(
            () => string.Concat(_got.Where(it => it.Path == path).Select(it => it.Body)) is var text
                ? expected.Where(part => !text.Contains(part, StringComparison.Ordinal)).ToArray()
                : expected,
            missing => missing.Length == 0, $"nothing missing of what is sent to {path}");

        public ValueTask DisposeAsync() => _app.DisposeAsync();

        private async Task KeepAsync(HttpContext context)
        {
            using var body = new MemoryStream();
            await using var sent = context.Request.Headers.ContentEncoding == "gzip"
                ? new GZipStream(context.Request.Body, CompressionMode.Decompress)
                : context.Request.Body;
            await sent.CopyToAsync(body, context.RequestAborted);
            var text = Encoding.UTF8.GetString(body.ToArray());
            _got.Enqueue((context.Request.Path, text));
            if (!context.Request.Path.StartsWithSegments("/v2.1")) return;
            var items = text.Count(c => c == '\n') + 1;
            await context.Response.WriteAsJsonAsync(new { itemsReceived = items, itemsAccepted = items, errors = Array.Empty<string>() });
        }
    }
}
