using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.DevHost;
using EightByEight.Simulator;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests;

/// <summary>
/// A connector, a simulator and an Endpoint that joins them, over a storage account of its own. Tests enter by the front door: the
/// simulator posts signed events, and what the customer sees is read from the simulator.
/// </summary>
public sealed class TestConnector : IAsyncDisposable
{
    public const string AdminKey = "test-admin-key-0123456789";
    public const string ApiKey = "simulator-key";

    private readonly string _webhookId;

    private TestConnector(ConnectorHost host, SimulatorServer simulator, HttpClient admin, JsonObject endpoint, string webhookId, RecordedLogs logs)
    {
        (Host, Simulator, Admin, Endpoint, _webhookId, Logs) = (host, simulator, admin, endpoint, webhookId, logs);
    }

    public ConnectorHost Host { get; }
    public SimulatorServer Simulator { get; }
    public ChatGatewaySimulator Gateway => Simulator.Gateway;
    public HttpClient Admin { get; }
    public JsonObject Endpoint { get; private set; }
    public RecordedLogs Logs { get; }
    public string EndpointId => (string)Endpoint["id"]!;
    public string EndpointUrl => (string)Endpoint["endpointUrl"]!;

    /// <summary>The intervals of the protocol, short enough for tests, and Flows that may say more than usual.</summary>
    public static readonly IReadOnlyDictionary<string, string?> Quick = new Dictionary<string, string?>
    {
        ["Connector:Conversations:Lease"] = "00:00:04",
        ["Connector:Conversations:ClockSkew"] = "00:00:00.2",
        ["Connector:Conversations:Backup"] = "00:00:02",
        ["Connector:Conversations:Visibility"] = "00:00:00.3",
        ["Connector:Conversations:RetryFirst"] = "00:00:00.2",
        ["Connector:Conversations:RetryLongest"] = "00:00:01",
        ["Connector:Conversations:TransferGrace"] = "00:00:01",
        ["Connector:Conversations:AssignmentGrace"] = "00:00:01",
        ["Connector:Conversations:Pause"] = "00:00:01",
        ["Connector:ChatGateway:AttemptTimeout"] = "00:00:01",
        ["Connector:ChatGateway:TotalTimeout"] = "00:00:02",
        ["Connector:ChatGateway:RetryDelay"] = "00:00:00.05",
        ["Connector:Flows:Steps"] = "1000",
        ["Connector:Flows:Outputs"] = "1000",
        ["Connector:Media:AllowPrivateAddresses"] = "true",
        ["DevHost:Queues:Visibility"] = "00:00:05",
        ["DevHost:Queues:RetryDelay"] = "00:00:01",
    };

    public static async Task<TestConnector> StartAsync(
        AzuriteFixture azurite, string flow = SampleFlow.Echo, JsonObject? settings = null, Action<SimulatorOptions>? simulator = null,
        Action<WebApplicationBuilder>? configure = null, string? storage = null, IReadOnlyDictionary<string, string?>? options = null)
    {
        var simulatorOptions = new SimulatorOptions { RetryDelays = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(300), 40)] };
        simulator?.Invoke(simulatorOptions);
        var gateway = await SimulatorServer.StartAsync(simulatorOptions, TestContext.Current.CancellationToken);
        var logs = new RecordedLogs();
        var host = await ConnectorHost.StartAsync("http://127.0.0.1:0", storage ?? azurite.NewAccount(), AdminKey, builder =>
        {
            builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
            builder.Configuration.AddInMemoryCollection(options ?? Quick);
            configure?.Invoke(builder);
        }, TestContext.Current.CancellationToken);
        var admin = AdminOf(host.Url);
        var endpoint = await CreateEndpointAsync(admin, gateway.Url, flow, settings);
        var webhook = gateway.Gateway.AddWebhook("Bot", (string)endpoint["endpointUrl"]!);
        return new TestConnector(host, gateway, admin, endpoint, webhook.Id, logs);
    }

    public static HttpClient AdminOf(string url) => new()
    {
        BaseAddress = new Uri(url),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", AdminKey) },
    };

    /// <summary>Stores a Flow and makes an Endpoint that runs it.</summary>
    public static async Task<JsonObject> CreateEndpointAsync(HttpClient admin, string gatewayUrl, string flow, JsonObject? settings = null)
    {
        var name = flow.Split('\n')[0]["name: ".Length..].Trim();
        using var stored = await admin.PutAsync(
            $"/api/flows/{name}", new StringContent(flow, Encoding.UTF8, "application/yaml"), TestContext.Current.CancellationToken);
        Assert.True(stored.IsSuccessStatusCode, await stored.Content.ReadAsStringAsync());
        var body = new JsonObject
        {
            ["name"] = $"Test {Guid.NewGuid():n}",
            ["flow"] = name,
            ["eightByEight"] = new JsonObject { ["baseUrl"] = gatewayUrl, ["apiKey"] = ApiKey, ["tenantId"] = "acme01" },
        };
        foreach (var (member, value) in settings ?? []) Merge(body, member, value);
        using var created = await admin.PostAsJsonAsync("/api/endpoints", body, TestContext.Current.CancellationToken);
        Assert.True(created.IsSuccessStatusCode, await created.Content.ReadAsStringAsync());
        return (await created.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    /// <summary>A customer opens a conversation, and perhaps writes at once.</summary>
    public string Start(string? text = null, string channel = "WebChat", string? user = null) => Gateway.StartConversation(new ConversationStart
    {
        WebhookId = _webhookId,
        Channel = channel,
        Text = text,
        User = user is null ? new Dictionary<string, JsonElement>() : JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(user)!,
    });

    /// <summary>What the bot said in a conversation, once it said as much.</summary>
    public Task<IReadOnlyList<string>> BotSaysAsync(string conversationId, int count, TimeSpan? patience = null) =>
        Eventually.GetAsync(() => BotSaid(conversationId), said => said.Count >= count,
            $"{count} messages of the bot in {conversationId}", patience, Logs);

    /// <summary>What the bot said so far.</summary>
    public IReadOnlyList<string> BotSaid(string conversationId) =>
        [.. Gateway.Messages(conversationId).Where(m => m.Author == "bot").Select(m => m.Text ?? "")];

    /// <summary>State and transcript as the operator sees them.</summary>
    public async Task<JsonObject> ViewAsync(string conversationId) => (await Admin.GetFromJsonAsync<JsonObject>(
        $"/api/endpoints/{EndpointId}/conversations/{conversationId}", TestContext.Current.CancellationToken))!;

    /// <summary>The conversation's view, once nothing waits and nothing is being sent.</summary>
    public Task<JsonObject> SettledAsync(string conversationId, int turns) => Eventually.GetAsync(
        async () => await Admin.GetAsync($"/api/endpoints/{EndpointId}/conversations/{conversationId}") is { IsSuccessStatusCode: true } found
            ? (await found.Content.ReadFromJsonAsync<JsonObject>())!
            : [],
        view => view["turns"] is JsonArray made && made.Count >= turns && (int)view["waiting"]! == 0 && view["sending"] is null,
        $"{turns} settled turns of {conversationId}", null, Logs);

    /// <summary>Parked items, once there are as many.</summary>
    public Task<JsonArray> ParkedAsync(int count) => Eventually.GetAsync(
        async () => (await Admin.GetFromJsonAsync<JsonObject>("/api/parked"))!["items"]!.AsArray(),
        items => items.Count >= count, $"{count} parked items", null, Logs);

    public async Task PatchAsync(JsonObject change)
    {
        using var patched = await Admin.PatchAsJsonAsync($"/api/endpoints/{EndpointId}", change, TestContext.Current.CancellationToken);
        Assert.True(patched.IsSuccessStatusCode, await patched.Content.ReadAsStringAsync());
        Endpoint = (await patched.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await Simulator.DisposeAsync();
        await Host.DisposeAsync();
    }

    private static void Merge(JsonObject target, string member, JsonNode? value)
    {
        if (value is JsonObject inner && target[member] is JsonObject there)
            foreach (var (name, node) in inner) Merge(there, name, node);
        else target[member] = value?.DeepClone();
    }
}

/// <summary>Flows that tests run.</summary>
public static class SampleFlow
{
    /// <summary>Says what was said, and how often something was said in this session.</summary>
    public const string Echo = """
        name: echo
        start:
          - set: { context.count: "{{ (context.count || 0) + 1 }}" }
          - say: "{{ context.count }}: {{ input.text }}"
        """;

    /// <summary>Answers with three messages.</summary>
    public const string Three = """
        name: three
        start:
          - say: "{{ input.text }}/1"
          - say: "{{ input.text }}/2"
          - say: "{{ input.text }}/3"
        """;
}

/// <summary>Waiting for what other threads and processes do, without sleeping longer than it takes.</summary>
public static class Eventually
{
    public static async Task<T> GetAsync<T>(
        Func<Task<T>> get, Func<T, bool> isSo, string what, TimeSpan? patience = null, RecordedLogs? logs = null)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(25));
        var since = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var got = await get();
            if (isSo(got)) return got;
            if (since.Elapsed > (patience ?? TimeSpan.FromSeconds(30)))
                Assert.Fail($"Never came to be: {what}. Last: {JsonSerializer.Serialize(got)}\n{logs?.Tail()}");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    public static Task<T> GetAsync<T>(Func<T> get, Func<T, bool> isSo, string what, TimeSpan? patience = null, RecordedLogs? logs = null) =>
        GetAsync(() => Task.FromResult(get()), isSo, what, patience, logs);
}

/// <summary>All that was logged, at every level.</summary>
public sealed class RecordedLogs : ILoggerProvider
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public string Tail() => string.Join('\n', _lines.Where(l => l.Contains("EightByEight", StringComparison.Ordinal)).TakeLast(60));

    public ILogger CreateLogger(string categoryName) => new Recorder(_lines, categoryName);

    public void Dispose()
    {
    }

    private sealed class Recorder(System.Collections.Concurrent.ConcurrentQueue<string> lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull
        {
            lines.Enqueue($"scope {category} {state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{DateTime.UtcNow:HH:mm:ss.fff} {level} {category} {formatter(state, exception)} {exception}");
    }
}
