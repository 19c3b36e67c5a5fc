using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Simulator;

/// <summary>A webhook on loopback that keeps what it gets and answers as it is told.</summary>
public sealed class RecordingWebhook : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Received> _received = new();
    private readonly SemaphoreSlim _arrivals = new(0);

    private RecordingWebhook(WebApplication app) => _app = app;

    /// <summary>One request.</summary>
    public sealed record Received(IReadOnlyDictionary<string, string> Headers, byte[] Body)
    {
        public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Body);

        public string Type => Json.GetProperty("eventType").GetString()!;

        public JsonElement Data => Json.GetProperty("data");

        public string Header(string name) => Headers[name];
    }

    public string Url => _app.Urls.First() + "/hook";

    /// <summary>The status for a request; 200 unless set.</summary>
    public Func<Received, int> Answer { get; set; } = _ => 200;

    public IReadOnlyList<Received> Requests => [.. _received];

    public IEnumerable<Received> Events => Requests.Where(request => request.Type != "WEB_HOOK_VERIFY");

    public static async Task<RecordingWebhook> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var webhook = new RecordingWebhook(app);
        app.MapPost("/hook", webhook.ReceiveAsync);
        await app.StartAsync();
        return webhook;
    }

    /// <summary>Waits until so many requests that match have come, and gives them in the order of arrival.</summary>
    public async Task<IReadOnlyList<Received>> WaitForAsync(int number, Func<Received, bool>? matches = null)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            var found = Requests.Where(matches ?? (_ => true)).ToList();
            if (found.Count >= number) return found;
            await _arrivals.WaitAsync(patience.Token);
        }
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var received = new Received(
            context.Request.Headers.ToDictionary(
                header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body.ToArray());
        _received.Enqueue(received);
        context.Response.StatusCode = (int)(HttpStatusCode)Answer(received);
        _arrivals.Release();
    }
}
