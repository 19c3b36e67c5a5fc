using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Content;

/// <summary>A server of files on this machine, which remembers what was asked for.</summary>
internal sealed class FileServer : IAsyncDisposable
{
    /// <summary>A picture of one pixel.</summary>
    public static readonly byte[] Png = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    private readonly WebApplication _app;

    private FileServer(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    public ConcurrentQueue<string> Asked { get; } = new();

    public static async Task<FileServer> StartAsync(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FileServer(app);
        app.Run(context =>
        {
            server.Asked.Enqueue(context.Request.Path);
            return answer(context);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
