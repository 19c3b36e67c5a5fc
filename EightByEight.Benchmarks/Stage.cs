using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.DevHost;
using EightByEight.Simulator;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EightByEight.Benchmarks;

/// <summary>What all measurements need: a storage emulator with fresh accounts, and a simulator whose signing key is known.</summary>
internal sealed class Stage : IAsyncDisposable
{
    public const string AdminKey = "benchmark-admin-key-0123456789";
    public const string ApiKey = "simulator-key";
    private const int Accounts = 20;

    private readonly DirectoryInfo _data;
    private readonly Azurite _azurite;
    private int _accounts;

    private Stage(DirectoryInfo data, Azurite azurite, SimulatorServer simulator, SigningKey key) =>
        (_data, _azurite, Simulator, Key) = (data, azurite, simulator, key);

    public SimulatorServer Simulator { get; }

    public ChatGatewaySimulator Gateway => Simulator.Gateway;

    /// <summary>The simulator's.</summary>
    public SigningKey Key { get; }

    public static async Task<Stage> SetAsync()
    {
        var data = Directory.CreateTempSubdirectory("benchmarks");
        var keyFile = Path.Combine(data.FullName, "key.pem");
        var azurite = await Azurite.StartAsync(folder: null, Enumerable.Range(1, Accounts).Select(Account), Console.WriteLine);
        var simulator = await SimulatorServer.StartAsync(new SimulatorOptions { KeyFile = keyFile, TenantId = SignedEvent.Tenant });
        return new Stage(data, azurite, simulator, SigningKey.Open(keyFile));
    }

    /// <summary>The connection string of an account that nobody used before.</summary>
    public string NewAccount() => _azurite.ConnectionString(Account(++_accounts));

    /// <summary>An empty folder.</summary>
    public string NewFolder() => _data.CreateSubdirectory(Guid.NewGuid().ToString("N")).FullName;

    /// <summary>Starts a connector with one Endpoint.</summary>
    /// <param name="withWorker">Else wake-ups stay in the queue.</param>
    public async Task<Connector> StartConnectorAsync(
        string storage, bool withWorker, Action<WebApplicationBuilder>? configure = null)
    {
        var host = await ConnectorHost.StartAsync("http://127.0.0.1:0", storage, AdminKey, builder =>
        {
            builder.Logging.ClearProviders().AddProvider(new FormattingLogs());
            builder.Configuration["DevHost:Queues:LongestPoll"] = $"{Floor.Poll}";
            if (!withWorker)
                foreach (var service in builder.Services.Where(IsWorker).ToList()) builder.Services.Remove(service);
            configure?.Invoke(builder);
        });
        return new Connector(host, await CreateEndpointAsync(host.Url, """
            name: echo
            start:
              - set: { context.count: "{{ (context.count || 0) + 1 }}" }
              - say: "{{ context.count }}: {{ input.text }}"
            """));
    }

    /// <summary>Stores a Flow and makes an Endpoint that runs it.</summary>
    /// <returns>The Endpoint's URL.</returns>
    public async Task<Uri> CreateEndpointAsync(string url, string flow)
    {
        var name = flow.Split('\n')[0]["name: ".Length..].Trim();
        using var admin = new HttpClient { BaseAddress = new Uri(url) };
        admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        using var stored = await admin.PutAsync($"/api/flows/{name}", new StringContent(flow, Encoding.UTF8, "application/yaml"));
        await ThrowUnlessDoneAsync(stored);
        using var created = await admin.PostAsJsonAsync("/api/endpoints", new JsonObject
        {
            ["name"] = $"Benchmark {name}",
            ["flow"] = name,
            ["eightByEight"] = new JsonObject { ["baseUrl"] = Simulator.Url, ["apiKey"] = ApiKey, ["tenantId"] = SignedEvent.Tenant },
        });
        await ThrowUnlessDoneAsync(created);
        return new Uri((string)(await created.Content.ReadFromJsonAsync<JsonObject>())!["endpointUrl"]!);
    }

    public async ValueTask DisposeAsync()
    {
        await Simulator.DisposeAsync();
        await _azurite.DisposeAsync();
        Key.Dispose();
        _data.Delete(recursive: true);
    }

    private static async Task ThrowUnlessDoneAsync(HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode) return;
        var said = await response.Content.ReadAsStringAsync();
        throw new InvalidOperationException($"{response.RequestMessage!.RequestUri} answered {response.StatusCode}: {said}");
    }

    private static bool IsWorker(ServiceDescriptor service) =>
        service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Assembly == typeof(ConnectorHost).Assembly;

    private static string Account(int number) => $"account{number:d4}";

    /// <summary>Formats every line as a real provider would, and throws it away.</summary>
    private sealed class FormattingLogs : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = formatter(state, exception);
            if (logLevel >= LogLevel.Warning) Console.Error.WriteLine($"{logLevel}: {line} {exception?.Message}");
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>A running connector and the URL of its Endpoint.</summary>
internal sealed record Connector(ConnectorHost Host, Uri EndpointUrl) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
