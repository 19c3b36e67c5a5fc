using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.DevHost;
using EightByEight.Simulator;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>
/// A connector, a simulated 8x8 with a Chat API channel that leads to it, and a handover provider. Tests enter as the bot does, by
/// HTTP with the bot's key, and as agents do, by the simulator.
/// </summary>
public sealed class TestHandover : IAsyncDisposable
{
    private readonly bool _ownsSimulator;

    private TestHandover(ConnectorHost host, SimulatorServer simulator, bool ownsSimulator, HttpClient admin, RecordedLogs logs) =>
        (Host, Simulator, _ownsSimulator, Admin, Logs) = (host, simulator, ownsSimulator, admin, logs);

    public ConnectorHost Host { get; }
    public SimulatorServer Simulator { get; }
    public ChatGatewaySimulator Gateway => Simulator.Gateway;
    public HttpClient Admin { get; }
    public HttpClient Bot { get; private set; } = null!;
    public JsonObject Provider { get; private set; } = [];
    public RecordedLogs Logs { get; }
    public string ProviderId => (string)Provider["id"]!;
    public string BotKey => (string)Provider["botKey"]!;

    public static readonly IReadOnlyDictionary<string, string?> Quick = new Dictionary<string, string?>(TestConnector.Quick)
    {
        // A busy machine answers late, and a lost answer is to be told from a late one.
        ["Connector:ChatGateway:AttemptTimeout"] = "00:00:05",
        ["Connector:ChatGateway:TotalTimeout"] = "00:00:05",
        ["Connector:Conversations:Lease"] = "00:00:08",
        ["Connector:HandoverProviders:CallbackTimeout"] = "00:00:01",
        ["Connector:HandoverProviders:CallbackRetryFirst"] = "00:00:00.2",
        ["Connector:HandoverProviders:CallbackRetryLongest"] = "00:00:01",
        ["Connector:HandoverProviders:StreamPoll"] = "00:00:00.05",
        ["Connector:HandoverProviders:StreamHeartbeat"] = "00:00:00.3",
    };

    /// <param name="callback">Where the provider's events go; null: nowhere.</param>
    /// <param name="simulator">One that exists already; null: a new one.</param>
    /// <param name="gate">Keeps events of 8x8 back; null: nothing does.</param>
    public static async Task<TestHandover> StartAsync(
        AzuriteFixture azurite, string? callback = null, string? storage = null, Action<SimulatorOptions>? simulated = null,
        IReadOnlyDictionary<string, string?>? more = null, SimulatorServer? simulator = null, Action<WebApplicationBuilder>? configure = null,
        WebhookGate? gate = null)
    {
        var test = await HostAsync(storage ?? azurite.NewAccount(), simulated, more, simulator, configure);
        await test.CreateProviderAsync(callback, gate);
        return test;
    }

    /// <summary>Another connector over the same storage and the same 8x8, with the same bot.</summary>
    public async Task<TestHandover> AnotherAsync(string storage, IReadOnlyDictionary<string, string?>? more = null)
    {
        var other = await HostAsync(storage, null, more, Simulator, null);
        other.Provider = Provider;
        other.Bot = other.ClientOf(BotKey);
        return other;
    }

    /// <summary>The connector that takes this one's place, at the same address.</summary>
    /// <param name="gone">Called in between.</param>
    public async Task<TestHandover> ReplaceAsync(string storage, IReadOnlyDictionary<string, string?>? more, Action gone)
    {
        Bot.Dispose();
        Admin.Dispose();
        await Host.DisposeAsync();
        gone();
        var next = await HostAsync(storage, null, more, Simulator, null, Host.Url, _ownsSimulator);
        next.Provider = Provider;
        next.Bot = next.ClientOf(BotKey);
        return next;
    }

    /// <summary>A bot's client.</summary>
    public HttpClient ClientOf(string botKey) => new()
    {
        BaseAddress = new Uri(Host.Url),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", botKey) },
    };

    /// <summary>Hands a customer over.</summary>
    public async Task<JsonObject> BeginAsync(JsonObject? body = null, HttpStatusCode expected = HttpStatusCode.Created, string? key = null)
    {
        using var answer = await PostAsync("/api/handovers", body ?? Wanted(), key);
        Assert.True(answer.StatusCode == expected, $"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}\n{Logs.Tail()}");
        return (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    public static JsonObject Wanted(string? reference = null) => new()
    {
        ["reference"] = reference,
        ["queueId"] = "101",
        ["user"] = new JsonObject { ["name"] = "Ann", ["language"] = "de-AT" },
    };

    public async Task<HttpResponseMessage> PostAsync(string path, JsonNode? body = null, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        if (body is not null) request.Content = JsonContent.Create(body);
        if (key is not null) request.Headers.Add("Idempotency-Key", key);
        return await Bot.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>The customer writes.</summary>
    public async Task SayAsync(string handover, string id, string text, HttpStatusCode expected = HttpStatusCode.Accepted)
    {
        using var answer = await PostAsync($"/api/handovers/{handover}/messages", new JsonObject { ["id"] = id, ["text"] = text });
        Assert.True(answer.StatusCode == expected, $"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    public async Task<JsonObject> GetAsync(string handover) =>
        (await Bot.GetFromJsonAsync<JsonObject>($"/api/handovers/{handover}", TestContext.Current.CancellationToken))!;

    public Task<JsonObject> HasStatusAsync(string handover, string status) => Eventually.GetAsync(
        () => GetAsync(handover), h => (string)h["status"]! == status, $"handover {handover} being {status}", null, Logs);

    /// <summary>What 8x8 has of the customer in a conversation, once it is as much.</summary>
    public Task<IReadOnlyList<string>> CustomerSaidAsync(string conversation, int count, TimeSpan? patience = null) => Eventually.GetAsync(
        () => CustomerSaid(conversation), said => said.Count >= count, $"{count} messages of the customer", patience, Logs);

    public IReadOnlyList<string> CustomerSaid(string conversation) =>
        [.. Gateway.Messages(conversation).Where(m => m.Author == "user").Select(m => m.Text ?? "")];

    /// <summary>The numbered events of a handover so far, read from its stream.</summary>
    public async Task<EventReader> ReadAsync(string handover, long after = 0) => await EventReader.OpenAsync(Bot, handover, after);

    /// <summary>All that rests in the table of handovers.</summary>
    public async Task<List<TableEntity>> RowsAsync() => await Host.Services.GetRequiredService<Connector.ConnectorStorage>().Handovers
        .QueryAsync<TableEntity>(cancellationToken: TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Bot?.Dispose();
        Admin.Dispose();
        if (_ownsSimulator) await Simulator.DisposeAsync();
        await Host.DisposeAsync();
    }

    private static async Task<TestHandover> HostAsync(
        string storage, Action<SimulatorOptions>? simulated, IReadOnlyDictionary<string, string?>? more, SimulatorServer? simulator,
        Action<WebApplicationBuilder>? configure, string url = "http://127.0.0.1:0", bool ownsSimulator = false)
    {
        var options = new SimulatorOptions { RetryDelays = [.. Enumerable.Repeat(TimeSpan.FromMilliseconds(300), 60)] };
        simulated?.Invoke(options);
        var gateway = simulator ?? await SimulatorServer.StartAsync(options, TestContext.Current.CancellationToken);
        var logs = new RecordedLogs();
        var host = await ConnectorHost.StartAsync(url, storage, TestConnector.AdminKey, builder =>
        {
            builder.Logging.ClearProviders().AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
            builder.Configuration.AddInMemoryCollection(Quick);
            if (more is not null) builder.Configuration.AddInMemoryCollection(more);
            configure?.Invoke(builder);
        }, TestContext.Current.CancellationToken);
        return new TestHandover(host, gateway, ownsSimulator || simulator is null, TestConnector.AdminOf(host.Url), logs);
    }

    private async Task CreateProviderAsync(string? callback, WebhookGate? gate)
    {
        var url = $"{Host.Url}/handover/eightByEight";
        if (gate is not null) gate.Target = url;
        var webhook = Gateway.AddWebhook("Handovers", gate?.Url ?? url);
        var channel = Gateway.AddChannel("Handovers", "ChatAPI", webhook.Id, "101");
        using var created = await Admin.PostAsJsonAsync("/api/handover-providers", new JsonObject
        {
            ["name"] = "Test",
            ["baseUrl"] = Simulator.Url,
            ["apiKey"] = TestConnector.ApiKey,
            ["tenantId"] = "acme01",
            ["channelId"] = channel.Id,
            ["callback"] = callback is null ? [] : new JsonObject { ["url"] = callback },
        }, TestContext.Current.CancellationToken);
        Assert.True(created.StatusCode == HttpStatusCode.Created, await created.Content.ReadAsStringAsync());
        Provider = (await created.Content.ReadFromJsonAsync<JsonObject>())!;
        Bot = ClientOf(BotKey);
    }
}
