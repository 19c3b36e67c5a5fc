using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Flows;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Agents;

/// <summary>A virtual agent's server on loopback: it records what it is told, and answers as the test says.</summary>
internal sealed class AgentServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Call> _calls = new();

    private AgentServer(WebApplication app) => _app = app;

    /// <summary>One request.</summary>
    public sealed record Call(string Method, string Path, IHeaderDictionary Headers, string Body)
    {
        public JsonObject Json => JsonNode.Parse(Body)!.AsObject();
    }

    public string Url => _app.Urls.First();

    /// <summary>Status and body for a request.</summary>
    public Func<Call, (int Status, string Body)> Answer { get; set; } = _ => (200, "{}");

    /// <summary>What else an answer has.</summary>
    public Action<Call, HttpResponse> Dress { get; set; } = (_, _) => { };

    public IReadOnlyList<Call> Calls => [.. _calls];

    public static async Task<AgentServer> StartAsync(Func<Call, (int Status, string Body)>? answer = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new AgentServer(app);
        if (answer is not null) server.Answer = answer;
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            var call = new Call(context.Request.Method, context.Request.Path + context.Request.QueryString,
                new HeaderDictionary(context.Request.Headers.ToDictionary()), await reader.ReadToEndAsync());
            server._calls.Enqueue(call);
            var (status, body) = server.Answer(call);
            context.Response.StatusCode = status;
            server.Dress(call, context.Response);
            await context.Response.WriteAsync(body);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

/// <summary>Asks agents directly, as a turn does.</summary>
internal static class Ask
{
    private static readonly VirtualAgents Agents = With(new Dictionary<string, string?>
    {
        ["Connector:Agents:AllowPrivateAddresses"] = "true",
        ["Connector:Agents:RetryPause"] = "00:00:00.005",
        ["Connector:Agents:DirectLinePause"] = "00:00:00.005",
    });

    /// <summary>Agents that want no connection.</summary>
    public static VirtualAgents With(Dictionary<string, string?> options) => new ServiceCollection()
        .AddSingleton(TimeProvider.System)
        .AddAgents(new ConfigurationBuilder().AddInMemoryCollection(options).Build())
        .AddSingleton(provider => new Credentials(null!, provider.GetRequiredService<IHttpClientFactory>(), TimeProvider.System))
        .BuildServiceProvider().GetRequiredService<VirtualAgents>();

    public static AgentRequest Request(AgentSettings agent, string text = "hello", JsonObject? data = null, JsonObject? memory = null) => new(agent)
    {
        Id = "event-1/bot/start/0/0",
        Text = text,
        Data = data,
        SessionId = "c1-1",
        UserId = "user-1",
        ConversationId = "c1",
        Channel = "WebChat",
        Locale = "en-US",
        Memory = memory,
    };

    public static Task<FlowAnswer> AnyAsync(AgentRequest request) => Agents.AskAsync(request, TestContext.Current.CancellationToken);

    public static async Task<AgentAnswer> Async(AgentRequest request) =>
        await AnyAsync(request) is AgentAnswer answer ? answer : throw new InvalidOperationException((await AnyAsync(request)).Error);

    public static Task<AgentAnswer> Async(AgentKind kind, string url, string text = "hello") => Async(Request(new(kind, new Uri(url)), text));
}
