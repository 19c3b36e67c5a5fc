using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using EightByEight.Connector;
using EightByEight.Connector.Admin;
using EightByEight.Connector.Flows;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Admin;

/// <summary>The admin API over HTTP, on a storage account.</summary>
internal sealed class AdminServer : IAsyncDisposable
{
    public const string Key = "the-admin-key-of-the-tests";
    public const string NextKey = "the-next-admin-key-of-the-tests";
    private readonly WebApplication _app;

    private AdminServer(WebApplication app, RecordedLogs logs)
    {
        (_app, Logs) = (app, logs);
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Http { get; }

    public RecordedLogs Logs { get; }

    public IServiceProvider Services => _app.Services;

    /// <param name="asFunctions">The pipeline as the Functions host builds it, from services alone.</param>
    public static async Task<AdminServer> StartAsync(string account, bool asFunctions = false, Action<IServiceCollection>? more = null)
    {
        var logs = new RecordedLogs();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrel(o => o.Limits.MaxRequestBodySize = null).UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(logs);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = account,
            ["Connector:AdminKey"] = Key,
            ["Connector:AdminKeyNext"] = NextKey,
            ["Connector:AllowedGatewayHosts"] = "*.8x8.com, 127.0.0.1",
            ["Connector:AllowInsecureGateways"] = "true",
            ["Connector:ChatGateway:RetryDelay"] = "00:00:00.001",
        });
        builder.Services.AddConnector(builder.Configuration);
        more?.Invoke(builder.Services);
        var app = builder.Build();
        if (asFunctions)
        {
            var inner = new ApplicationBuilder(app.Services);
            inner.UseRouting();
            inner.UseEndpoints(routes => routes.MapAdmin());
            var pipeline = inner.Build();
            app.Run(pipeline);
        }
        else
        {
            var api = app.MapAdmin();
            api.MapGet("/broken", string () => throw new InvalidOperationException("secret detail"));
        }

        await app.StartAsync();
        return new(app, logs);
    }

    /// <summary>Stores a Flow without compiling it.</summary>
    public Task StoreFlowAsync(string name) => _app.Services.GetRequiredService<FlowStore>()
        .PutAsync(name, $"name: {name}\nstart: []\n", "application/yaml", _ => true, CancellationToken.None);

    public async Task<Answer> SendAsync(
        string method, string path, string? body = null, string? key = Key, string type = "application/json", params (string, string)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(type));
        request.Headers.Authorization = key is null ? null : new("Bearer", key);
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request);
        return new(
            response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.ETag?.Tag, response.Headers.Location,
            response.Content.Headers.ContentType?.MediaType, response.Headers.WwwAuthenticate.ToString(),
            response.Content.Headers.Allow.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }

    internal sealed record Answer(
        HttpStatusCode Status, string Text, string? ETag, Uri? Location, string? Type, string Authenticate, string[] Allow)
    {
        public JsonElement Json => JsonElement.Parse(Text);

        public string Member(string name) => Json.GetProperty(name).GetString()!;

        public string[] Paths => [.. Json.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("path").GetString()!)];

        public void Is(HttpStatusCode status) => Assert.True(status == Status, $"{(int)Status}: {Text}");
    }

    internal sealed class RecordedLogs : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
