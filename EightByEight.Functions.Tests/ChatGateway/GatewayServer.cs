using System.Collections.Concurrent;
using System.Net;
using System.Text;
using EightByEight.Connector.ChatGateway;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.ChatGateway;

/// <summary>What the gateway got.</summary>
public sealed record Received(string Method, string Target, IHeaderDictionary Headers, string Body);

/// <summary>A real HTTP server in 8x8's place: it records what it gets and answers what it is told.</summary>
public sealed class GatewayServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<RequestDelegate> _answers = new();

    private GatewayServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(async context =>
        {
            using var body = new StreamReader(context.Request.Body, Encoding.UTF8);
            Received.Add(new(
                context.Request.Method, context.Features.Get<IHttpRequestFeature>()!.RawTarget,
                new HeaderDictionary(context.Request.Headers.ToDictionary()), await body.ReadToEndAsync()));
            await (_answers.TryDequeue(out var answer) ? answer : Otherwise)(context);
        });
    }

    public List<Received> Received { get; } = [];

    public Received Only => Assert.Single(Received);

    /// <summary>The answer where none was queued.</summary>
    public RequestDelegate Otherwise { get; set; } = Status(204);

    public Uri Url => new(_app.Urls.Single());

    public ChatGatewayAccount Account => new(Url, "secret-key-4711", "acme01");

    public static async Task<GatewayServer> StartAsync(params RequestDelegate[] answers)
    {
        var server = new GatewayServer();
        server.Next(answers);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The answers that come next.</summary>
    public void Next(params RequestDelegate[] answers)
    {
        foreach (var answer in answers) _answers.Enqueue(answer);
    }

    public static RequestDelegate Status(int status, string? retryAfter = null) => context =>
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null) context.Response.Headers.RetryAfter = retryAfter;
        return Task.CompletedTask;
    };

    public static RequestDelegate Json(string body, int status = 200) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = status < 300 ? "application/hal+json" : "application/problem+json";
        return context.Response.WriteAsync(body);
    };

    /// <summary>Breaks the connection without an answer.</summary>
    public static Task Drop(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    /// <summary>Answers when the caller has given up.</summary>
    public static async Task Never(HttpContext context)
    {
        var gone = new TaskCompletionSource();
        await using var _ = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
