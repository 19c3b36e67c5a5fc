using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Models;

/// <summary>A server with OpenAI's chat completions that streams what the test writes, as it writes it.</summary>
internal sealed class StreamingLlm : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<JsonObject> _calls = new();
    private readonly Channel<JsonObject?> _written = Channel.CreateUnbounded<JsonObject?>();

    private StreamingLlm(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public IReadOnlyList<JsonObject> Calls => [.. _calls];

    public static async Task<StreamingLlm> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new StreamingLlm(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>The model writes so much more.</summary>
    public StreamingLlm Write(string text) => Delta(new JsonObject { ["content"] = text });

    public StreamingLlm Call(string id, string name, string arguments) => Delta(new JsonObject
    {
        ["tool_calls"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["id"] = id,
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = name, ["arguments"] = arguments },
        }),
    });

    /// <summary>The answer is whole.</summary>
    public StreamingLlm End(string reason = "stop") => Put(Chunk([], reason));

    /// <summary>The connection breaks.</summary>
    public StreamingLlm Break() => Put(null);

    public async ValueTask DisposeAsync()
    {
        _written.Writer.TryComplete();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private StreamingLlm Delta(JsonObject delta) => Put(Chunk(delta, null));

    private StreamingLlm Put(JsonObject? chunk)
    {
        Assert.True(_written.Writer.TryWrite(chunk));
        return this;
    }

    private static JsonObject Chunk(JsonObject delta, string? reason) => new()
    {
        ["id"] = "chatcmpl-1",
        ["object"] = "chat.completion.chunk",
        ["created"] = 1_700_000_000,
        ["model"] = "m",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = reason }),
    };

    private async Task AnswerAsync(HttpContext context)
    {
        _calls.Enqueue((await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!.AsObject());
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync(context.RequestAborted);
        await foreach (var chunk in _written.Reader.ReadAllAsync(context.RequestAborted))
        {
            if (chunk is null)
            {
                context.Abort();
                return;
            }

            await context.Response.WriteAsync($"data: {chunk.ToJsonString()}\n\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (chunk["choices"]![0]!["finish_reason"] is null) continue;
            await context.Response.WriteAsync("data: [DONE]\n\n", context.RequestAborted);
            return;
        }
    }
}
