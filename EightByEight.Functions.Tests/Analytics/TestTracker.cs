using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Analytics;

/// <summary>Dashbot's tracker on loopback.</summary>
internal sealed class TestTracker : IAsyncDisposable
{
    private readonly WebApplication _server;

    private TestTracker(WebApplication server) => _server = server;

    public string Url => _server.Urls.First();

    public ConcurrentQueue<(string Query, JsonNode Body)> Told { get; } = new();

    /// <summary>The statuses of the next answers; then 200.</summary>
    public ConcurrentQueue<int> Answers { get; } = new();

    public static async Task<TestTracker> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        var tracker = new TestTracker(server);
        server.MapPost("/track", async (HttpContext http) =>
        {
            tracker.Told.Enqueue((http.Request.QueryString.Value!, (await JsonNode.ParseAsync(http.Request.Body))!));
            http.Response.StatusCode = tracker.Answers.TryDequeue(out var answer) ? answer : 200;
        });
        await server.StartAsync(TestContext.Current.CancellationToken);
        return tracker;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
