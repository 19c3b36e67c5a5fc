using EightByEight.DevHost;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests;

/// <summary>
/// Stands between a connector and Azurite, so that a test can refuse a storage request, lose its reply, or do something (such as killing
/// the connector) at an exact moment before or after it.
/// </summary>
public sealed class StorageProxy : IAsyncDisposable
{
    private static readonly HttpClient Forwarding = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly List<WebApplication> _apps = [];
    private readonly string _account;

    private StorageProxy(string account) => _account = account;

    /// <summary>The account behind this proxy.</summary>
    public string ConnectionString => Azurite.ConnectionString(_account, Port(_apps[0]), Port(_apps[1]), Port(_apps[2]));

    /// <summary>Requests that are answered 503 without being done.</summary>
    public Func<StorageRequest, bool>? Refuse { get; set; }

    /// <summary>Called before a request is done; true drops its connection, and the request is not done.</summary>
    public Func<StorageRequest, Task<bool>>? Before { get; set; }

    /// <summary>Called when a request is done, before its reply is given; true loses the reply.</summary>
    public Func<StorageRequest, Task<bool>>? After { get; set; }

    /// <summary>Starts one for an account of its own.</summary>
    public static async Task<StorageProxy> StartAsync(AzuriteFixture azurite, string? account = null)
    {
        var proxy = new StorageProxy(account ?? azurite.NewAccountName());
        foreach (var (service, port) in new[]
                 {
                     ("blob", azurite.Azurite.BlobPort), ("queue", azurite.Azurite.QueuePort), ("table", azurite.Azurite.TablePort),
                 })
            proxy._apps.Add(await proxy.StartAsync(service, port));
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var app in _apps) await app.DisposeAsync();
    }

    private static int Port(WebApplication app) =>
        new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;

    private async Task<WebApplication> StartAsync(string service, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
        var app = builder.Build();
        app.Run(context => ForwardAsync(context, service, port));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private async Task ForwardAsync(HttpContext context, string service, int port)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var seen = new StorageRequest(service, context.Request.Method, target, System.Text.Encoding.UTF8.GetString(body.ToArray()));
        if (Refuse?.Invoke(seen) == true)
        {
            context.Response.StatusCode = 503;
            return;
        }

        if (Before is { } before && await before(seen))
        {
            context.Abort();
            return;
        }

        using var request = new HttpRequestMessage(new HttpMethod(seen.Method), $"http://127.0.0.1:{port}{target}");
        if (body.Length > 0 || context.Request.ContentLength is not null) request.Content = new ByteArrayContent(body.ToArray());
        foreach (var (name, values) in context.Request.Headers)
            if (name is not ("Host" or "Transfer-Encoding" or "Connection") && !request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        using var response = await Forwarding.SendAsync(request, HttpCompletionOption.ResponseContentRead);
        var reply = seen.Service == "queue" && seen.Method == "GET" ? await response.Content.ReadAsStringAsync() : "";
        if (After is { } after && await after(seen with { Reply = reply }))
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
            if (name is not ("Transfer-Encoding" or "Connection" or "Keep-Alive")) context.Response.Headers[name] = values.ToArray();
        await response.Content.CopyToAsync(context.Response.Body);
    }
}

/// <summary>A storage request on its way.</summary>
/// <param name="Service"><c>blob</c>, <c>queue</c> or <c>table</c>.</param>
public sealed record StorageRequest(string Service, string Method, string Target, string Body)
{
    /// <summary>What a receive from a queue brought; empty for all else.</summary>
    public string Reply { get; init; } = "";

    /// <summary>Whether this is only a look at an empty queue, or a part of the start: no step of an event.</summary>
    public bool IsIdle => (Service == "queue" && Method == "GET" && !Reply.Contains("<MessageText>", StringComparison.Ordinal)) || Service == "blob"
        || Target.Contains("Tables", StringComparison.Ordinal) || (Service == "queue" && Method == "PUT" && !Target.Contains("messages", StringComparison.Ordinal));
}
