using System.Collections.Concurrent;
using System.Text.Json;
using EightByEight.Connector.ChatGateway;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Simulator.Contract;

/// <summary>The connector's client, Prism with 8x8's OpenAPI file, and a simulator behind it; started once.</summary>
public sealed class ContractFixture : IAsyncLifetime
{
    private readonly ViolationReader _reader = new();
    private readonly SemaphoreSlim _starting = new(1);
    private SimulatedGateway? _simulated;
    private PrismProxy? _prism;
    private ServiceProvider? _services;

    internal ChatGatewayClient Client => _services!.GetRequiredService<ChatGatewayClient>();

    internal ChatGatewayAccount Account => new(_prism!.Url, _simulated!.Gateway.Options.ApiKeys[0], "acme01");

    public SimulatedGateway Simulated => _simulated!;

    /// <summary>For requests that the client would never make.</summary>
    public HttpClient Raw { get; private set; } = null!;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Starts what is not running yet; skips the test where 8x8's file is not at hand.</summary>
    public async Task StartAsync()
    {
        var openApi = OpenApiFile.PathOrSkip();
        await _starting.WaitAsync();
        try
        {
            if (_services is not null) return;
            _simulated = await SimulatedGateway.StartAsync();
            _prism = await PrismProxy.StartAsync(openApi, _simulated.Server.Url);
            Raw = new HttpClient(new ViolationReader(_reader) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = _prism.Url };
            Raw.DefaultRequestHeaders.Add("x-api-key", Account.ApiKey);
            _services = new ServiceCollection()
                .AddLogging()
                .AddSingleton(TimeProvider.System)
                .ConfigureHttpClientDefaults(http => http.AddHttpMessageHandler(() => new ViolationReader(_reader)))
                .AddChatGateway(new ConfigurationBuilder().Build())
                .BuildServiceProvider();
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>What 8x8's file says against a call: lines such as <c>request.body.name: …</c>.</summary>
    public async Task<IReadOnlyList<string>> ViolationsOfAsync(Func<Task> call)
    {
        _reader.Seen.Clear();
        _reader.Answers = 0;
        await call();
        Assert.True(_reader.Answers > 0, "The call did not go through Prism.");
        return [.. _reader.Seen];
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null) await _services.DisposeAsync();
        Raw?.Dispose();
        if (_prism is not null) await _prism.DisposeAsync();
        if (_simulated is not null) await _simulated.DisposeAsync();
    }

    /// <summary>Reads what Prism says about a request and its answer.</summary>
    private sealed class ViolationReader(ViolationReader? into = null) : DelegatingHandler
    {
        public ConcurrentQueue<string> Seen { get; } = into?.Seen ?? new();

        public int Answers { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            (into ?? this).Answers++;
            foreach (var violation in response.Headers.TryGetValues(PrismProxy.ViolationsHeader, out var values)
                         ? JsonSerializer.Deserialize<JsonElement[]>(string.Concat(values))! : [])
            {
                var place = string.Join('.', violation.GetProperty("location").EnumerateArray().Select(part => part.ToString()));
                Seen.Enqueue($"{place}: {violation.GetProperty("message").GetString()}");
            }

            return response;
        }
    }
}
