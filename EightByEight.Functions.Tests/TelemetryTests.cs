using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using EightByEight.Connector;
using EightByEight.Simulator;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
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
        var tags = spans.SelectMany(s => s.TagObjects.Select(t => $"{s.OperationName} {t.Key}={t.Value}")).Where(t => !t.Contains("127.0.0.1/webhooks", StringComparison.Ordinal)).ToList();
        Assert.All((string[])[TestConnector.AdminKey, TestConnector.ApiKey, secretText],
            secret => Assert.DoesNotContain(tags, tag => tag.Contains(secret, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Behind_a_catch_all_of_another_host_every_route_works()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var host = builder.Build();
        // As the Functions host does: one function a first segment, which hands the request over.
        var pipeline = new ConnectorPipeline(connector.Host.Services);
        foreach (var segment in (string[])["webhooks/{urlToken}", "api/{*path}", "health/{*path}"])
            host.Map(segment, (Delegate)(Func<HttpContext, Task<IResult>>)(context =>
            {
                context.RequestServices = connector.Host.Services.CreateScope().ServiceProvider;
                return pipeline.HandleAsync(context);
            }));
        await host.StartAsync(TestContext.Current.CancellationToken);
        using var client = TestConnector.AdminOf(host.Urls.First());

        using var verify = await client.PostAsync(
            $"/webhooks/{connector.EndpointUrl.Split('/')[^1]}", new StringContent("""{"eventType":"WEB_HOOK_VERIFY"}"""), TestContext.Current.CancellationToken);
        using var unknown = await client.PostAsync("/webhooks/unknown", new StringContent("{}"), TestContext.Current.CancellationToken);
        using var endpoints = await client.GetAsync($"/api/endpoints/{connector.EndpointId}", TestContext.Current.CancellationToken);
        using var parked = await client.GetAsync("/api/parked", TestContext.Current.CancellationToken);
        using var live = await client.GetAsync("/health/live", TestContext.Current.CancellationToken);

        Assert.Equal([200, 404, 200, 200, 200],
            new[] { verify, unknown, endpoints, parked, live }.Select(response => (int)response.StatusCode));
    }
}
