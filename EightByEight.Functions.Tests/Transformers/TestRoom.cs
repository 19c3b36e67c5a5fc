using System.Text.Json.Nodes;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Transformers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Transformers;

/// <summary>The room with real parts: handlers run as they do in a turn.</summary>
internal sealed class TestRoom : IDisposable, IHttpClientFactory
{
    private readonly Realms _realms = new();
    private readonly SocketsHttpHandler _handler;
    private readonly ServiceProvider _services;

    public TestRoom(string? storage = null, bool allowPrivate = true, int maxRequests = 10, DateTimeOffset? now = null)
    {
        _handler = new SocketsHttpHandler { UseProxy = false };
        if (!allowPrivate) _handler.ConnectCallback = PublicAddress.ConnectAsync;
        Time = new FakeTimeProvider(now ?? DateTimeOffset.UtcNow);
        var connection = new ConfigurationBuilder()
            .AddInMemoryCollection([new("AzureWebJobsStorage", storage ?? "UseDevelopmentStorage=true")]).Build();
        Tables = new ConnectorStorage(connection, StorageTimeouts.Work, [Requests]);
        _services = new ServiceCollection().AddSingleton<IConfiguration>(connection).AddConnector(connection).BuildServiceProvider();
        Storage = new SessionStorage(Tables, _services.GetRequiredService<Seals>(), Time);
        Computing = new Computing(Time);
        Room = new TransformerRoom(_realms, Computing, new HttpRequests(this), Storage,
            _services.GetRequiredService<ConversationStore>(), new EndpointLog(Tables),
            Options.Create(new TransformerOptions { MaxRequests = maxRequests }), Time);
    }

    public TransformerRoom Room { get; }
    public SessionStorage Storage { get; }
    public Computing Computing { get; }
    public ConnectorStorage Tables { get; }

    /// <summary>What was asked of the storage.</summary>
    public StorageRequests Requests { get; } = new();

    public FakeTimeProvider Time { get; }

    public Task<HandlerResult> RunAsync(
        string source, JsonObject? arguments = null, string handler = "handleInput", string endpoint = "one", string? conversation = null) =>
        Room.RunAsync(endpoint, source, handler, arguments ?? [], TestContext.Current.CancellationToken, conversation);

    /// <summary>What the body of an <c>handleInput</c> returns as text.</summary>
    public async Task<string> TextAsync(string body, string endpoint = "one")
    {
        var result = await RunAsync(Handler(body), endpoint: endpoint);
        Assert.Null(result.Failure);
        return (string)result.Value!["text"]!;
    }

    public static string Handler(string body) => $"createWebhookTransformer({{ handleInput: async (given) => {{ {body} }} }});";

    public HttpClient CreateClient(string name) => new(_handler, disposeHandler: false);

    public void Dispose()
    {
        _realms.Dispose();
        _handler.Dispose();
        _services.Dispose();
    }
}

/// <summary>Counts requests to a storage.</summary>
internal sealed class StorageRequests : HttpPipelinePolicyPerCall
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public override void OnSendingRequest(Azure.Core.HttpMessage message) => Interlocked.Increment(ref _count);
}
