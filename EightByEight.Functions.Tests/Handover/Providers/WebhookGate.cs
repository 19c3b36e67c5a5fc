using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>Stands between 8x8 and the connector's webhook, so that a test can keep events back: 8x8 then sends them again.</summary>
public sealed class WebhookGate : IAsyncDisposable
{
    private static readonly HttpClient Forwarding = new();
    private readonly WebApplication _app;

    private WebhookGate(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    /// <summary>Where events go.</summary>
    public string Target { get; set; } = "";

    /// <summary>Events that are kept back, by their body.</summary>
    public Func<string, bool> KeepsBack { get; set; } = _ => false;

    public static async Task<WebhookGate> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var gate = new WebhookGate(app);
        app.MapPost("/", gate.ForwardAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return gate;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ForwardAsync(HttpContext context)
    {
        using var body = new StreamReader(context.Request.Body);
        var text = await body.ReadToEndAsync();
        if (KeepsBack(text))
        {
            context.Response.StatusCode = 503;
            return;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, Target) { Content = new StringContent(text) };
        foreach (var (name, values) in context.Request.Headers)
            if (name.StartsWith("x-8x8-", StringComparison.OrdinalIgnoreCase)) request.Headers.Add(name, values.AsEnumerable());
        using var answer = await Forwarding.SendAsync(request);
        context.Response.StatusCode = (int)answer.StatusCode;
    }
}
