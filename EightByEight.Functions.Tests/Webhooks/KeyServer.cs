using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Webhooks;

/// <summary>The part of 8x8 that serves public signing keys.</summary>
public sealed class KeyServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private KeyServer(WebApplication app) => _app = app;

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Keys by id; what is not here is answered 404.</summary>
    public ConcurrentDictionary<string, RSA> Keys { get; } = new();

    /// <summary>Paths that were asked for.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Answers this instead of a key.</summary>
    public int? Status { get; set; }

    /// <summary>Whether keys are served at the legacy path only.</summary>
    public bool Legacy { get; set; }

    /// <summary>Whether the JWK comes as a JSON string that holds it.</summary>
    public bool AsString { get; set; }

    /// <summary>Holds answers back until it is completed.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public static async Task<KeyServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new KeyServer(app);
        app.MapGet("/chat-gateway/v1/jwk/{kid}/public", (string kid, HttpContext context) => server.AnswerAsync(context, kid, legacy: false));
        app.MapGet("/vcc/us/chat/v2/jwk/{kid}/public", (string kid, HttpContext context) => server.AnswerAsync(context, kid, legacy: true));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public RSA Add(string kid)
    {
        var key = RSA.Create(2048);
        Keys[kid] = key;
        return key;
    }

    private async Task<IResult> AnswerAsync(HttpContext context, string kid, bool legacy)
    {
        Asked.Enqueue(context.Request.Path.Value!);
        if (Gate is { } gate) await gate.Task;
        if (Status is { } status) return Results.StatusCode(status);
        if (legacy != Legacy || !Keys.TryGetValue(Uri.UnescapeDataString(kid), out var key)) return Results.NotFound();
        var parameters = key.ExportParameters(false);
        var jwk = $$"""{"kty":"RSA","e":"{{Base64Url.EncodeToString(parameters.Exponent)}}","kid":"{{kid}}","n":"{{Base64Url.EncodeToString(parameters.Modulus)}}"}""";
        return Results.Text(AsString ? System.Text.Json.JsonSerializer.Serialize(jwk) : jwk, "application/json");
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
