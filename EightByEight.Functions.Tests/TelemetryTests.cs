using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Webhooks;
using EightByEight.Simulator;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests;

public sealed class TelemetryTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task One_trace_leads_from_the_webhook_across_the_queue_to_the_turn_and_8x8()
    {
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is Telemetry.Name or "System.Net.Http",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var connector = await TestConnector.StartAsync(azurite);

        var conversation = connector.Start("hello");
        await connector.SettledAsync(conversation, 1);

        var webhook = ended.First(a => a.OperationName == "webhook" && (string?)a.GetTagItem("eightbyeight.conversation.id") == conversation
            && (string?)a.GetTagItem("eightbyeight.event.type") == "MESSAGE");
        var trace = ended.Where(a => a.TraceId == webhook.TraceId).ToList();
        Assert.Contains(trace, a => a.OperationName == "turn");
        Assert.Contains(trace, a => a.Source.Name == "System.Net.Http" && a.TagObjects.Any(t => t.Value?.ToString()?.Contains("/messages", StringComparison.Ordinal) == true));
    }

    [Fact]
    public async Task What_operators_watch_is_measured()
    {
        var measured = new ConcurrentDictionary<string, int>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, it) =>
            {
                if (instrument.Meter.Name == Telemetry.Name) it.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => measured.AddOrUpdate(instrument.Name, 1, (_, n) => n + 1));
        listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => measured.AddOrUpdate(instrument.Name, 1, (_, n) => n + 1));
        listener.Start();
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 400));
        using var client = new HttpClient();
        using var refused = await client.PostAsync(connector.EndpointUrl, new StringContent("{}"), TestContext.Current.CancellationToken);

        await connector.SettledAsync(connector.Start("hello"), 1);

        foreach (var name in (string[])["eightbyeight.inbox.age", "eightbyeight.turn.duration", "eightbyeight.parked",
                     "eightbyeight.webhook.refused", "eightbyeight.chat_gateway.errors"])
            Assert.Contains(name, measured.Keys);
    }

    [Fact]
    public async Task No_log_and_no_span_holds_a_secret_or_what_was_said()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is Telemetry.Name or "System.Net.Http",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        const string secretText = "plover-4711-said";
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: telling
            start:
              - say: "{{ input.text }}"
              - set: { context.x: "{{ (() => { throw new Error(input.text) })() }}" }
            """);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 400));
        connector.Gateway.Faults.Add(Fault.WorkThenHang(Operations.SendMessage) with { Skip = 1 });
        var conversation = connector.Start(secretText);
        connector.Gateway.CustomerSays(conversation, secretText);
        var view = await connector.SettledAsync(conversation, 2);
        Assert.Contains(secretText, (string)view["turns"]![0]!["failure"]!["message"]!, StringComparison.Ordinal);

        var token = connector.EndpointUrl.Split('/')[^1];
        string[] secrets = [token, TestConnector.AdminKey, TestConnector.ApiKey, secretText];
        var lines = connector.Logs.Lines.ToList();
        Assert.NotEmpty(lines);
        Assert.All(secrets, secret => Assert.DoesNotContain(lines, line => line.Contains(secret, StringComparison.Ordinal)));
        // The simulator's own calls to the webhook are in this process too, and not the connector's.
        var port = new Uri(connector.Simulator.Url).Port;
        var tags = spans.Where(s => s.Source.Name == Telemetry.Name || port.Equals(s.GetTagItem("server.port")))
            .SelectMany(s => s.TagObjects.Select(t => $"{s.OperationName} {t.Key}={t.Value}")).ToList();
        Assert.Contains(tags, tag => tag.Contains("/messages", StringComparison.Ordinal));
        Assert.All(secrets, secret => Assert.DoesNotContain(tags, tag => tag.Contains(secret, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(SampleFlow.Echo, 1000)]
    [InlineData("name: silent\nstart:\n  - set: { context.seen: true }", 2000)]
    public async Task The_time_of_a_turn_is_that_of_its_Flow_too_and_is_measured_where_nothing_is_said(string flow, int seconds)
    {
        var durations = new ConcurrentQueue<double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, it) =>
            {
                if (instrument.Name == "eightbyeight.turn.duration") it.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => durations.Enqueue(value));
        listener.Start();
        // The Flow is compiled inside its first turn, so that is where the time goes. No other test measures turns as long.
        var clock = new LeapingClock();
        var leap = TimeSpan.Zero;
        await using var connector = await TestConnector.StartAsync(azurite, flow,
            new JsonObject { ["eightByEight"] = new JsonObject { ["verifySignatures"] = false } },
            // One event alone: of two workers the one whose Flow took no time could win.
            simulator: options => options.EventDelays = new Dictionary<string, TimeSpan> { ["CONVERSATION_UPDATE"] = TimeSpan.FromHours(1) },
            configure: builder => builder.Services.AddSingleton<TimeProvider>(clock).AddSingleton<CompileFlow>((document, isStored) =>
            {
                clock.Ahead += leap;
                return Flow.Parse(document, isStored);
            }));
        leap = TimeSpan.FromSeconds(seconds);

        await connector.SettledAsync(connector.Start("hello"), 1);

        await Eventually.GetAsync(() => durations.Where(d => d >= 600).ToList(), found => found.Count > 0, "a long turn");
        Assert.Contains(durations, duration => duration >= seconds && duration < seconds + 300);
    }

    [Fact]
    public async Task Only_a_refused_signature_is_counted_with_401()
    {
        // What this test causes is counted in its own flow of execution; what others cause is not.
        var mine = new AsyncLocal<bool> { Value = true };
        var counted = new ConcurrentQueue<object?>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, it) =>
            {
                if (instrument.Name == "eightbyeight.webhook.refused") it.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            if (mine.Value) counted.Enqueue(tags.ToArray().Single(tag => tag.Key == "status").Value);
        });
        listener.Start();
        await using var connector = await TestConnector.StartAsync(azurite);
        var webhooks = connector.Host.Services.GetRequiredService<WebhookHandler>();

        foreach (var (token, body) in ((string, string)[])[
            (connector.EndpointUrl.Split('/')[^1], """{"eventType":"MESSAGE","conversationId":"c"}"""), ("unknown", "{}")])
        {
            var context = new DefaultHttpContext { RequestServices = connector.Host.Services };
            context.Request.RouteValues["urlToken"] = token;
            context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
            await webhooks.HandleAsync(context);
        }

        Assert.Equal([401, 404], counted);
    }

    [Fact]
    public async Task Behind_a_catch_all_of_another_host_every_route_works()
    {
        var storage = azurite.NewAccount();
        await using var connector = await TestConnector.StartAsync(azurite, storage: storage);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = storage,
            ["Connector:AdminKey"] = TestConnector.AdminKey,
        });
        builder.Services.AddConnector(builder.Configuration);
        await using var host = builder.Build();
        // As the Functions host does: one function a first segment, with its methods, which hands the request over.
        var pipeline = host.Services.GetRequiredService<ConnectorPipeline>();
        foreach (var segment in (string[])["webhooks/{urlToken}", "api/{*path}", "health/{*path}"])
            host.MapMethods(segment, ["GET", "POST", "PUT", "PATCH", "DELETE"], (Func<HttpContext, Task<IResult>>)pipeline.HandleAsync);
        await host.StartAsync(TestContext.Current.CancellationToken);
        using var client = TestConnector.AdminOf(host.Urls.First());

        using var verify = await client.PostAsync(
            $"/webhooks/{connector.EndpointUrl.Split('/')[^1]}", new StringContent("""{"eventType":"WEB_HOOK_VERIFY"}"""), TestContext.Current.CancellationToken);
        using var unknown = await client.PostAsync("/webhooks/unknown", new StringContent("{}"), TestContext.Current.CancellationToken);
        using var endpoints = await client.GetAsync($"/api/endpoints/{connector.EndpointId}", TestContext.Current.CancellationToken);
        using var parked = await client.GetAsync("/api/parked", TestContext.Current.CancellationToken);
        using var live = await client.GetAsync("/health/live", TestContext.Current.CancellationToken);
        using var nowhere = await client.GetAsync("/api/nowhere", TestContext.Current.CancellationToken);
        using var wrong = await client.DeleteAsync("/api/endpoints", TestContext.Current.CancellationToken);

        Assert.Equal([200, 404, 200, 200, 200, 404, 405],
            new[] { verify, unknown, endpoints, parked, live, nowhere, wrong }.Select(response => (int)response.StatusCode));
        Assert.Equal(["GET", "POST"], wrong.Content.Headers.Allow.Order());
    }

    /// <summary>The system's clock, and ahead of it.</summary>
    private sealed class LeapingClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
