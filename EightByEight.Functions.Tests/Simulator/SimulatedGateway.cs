using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Simulator;

/// <summary>A running simulator, a webhook that it knows, and a client with the right key.</summary>
public sealed class SimulatedGateway : IAsyncDisposable
{
    private SimulatedGateway(SimulatorServer server, RecordingWebhook webhook, Webhook registered)
    {
        Server = server;
        Webhook = webhook;
        WebhookId = registered.Id;
        Client = new HttpClient { BaseAddress = new Uri(server.Url) };
        Client.DefaultRequestHeaders.Add("x-api-key", server.Gateway.Options.ApiKeys[0]);
    }

    public SimulatorServer Server { get; }

    public ChatGatewaySimulator Gateway => Server.Gateway;

    public RecordingWebhook Webhook { get; }

    public string WebhookId { get; }

    public HttpClient Client { get; }

    public static async Task<SimulatedGateway> StartAsync(Action<SimulatorOptions>? configure = null)
    {
        var webhook = await RecordingWebhook.StartAsync();
        var options = new SimulatorOptions { RetryDelays = [] };
        configure?.Invoke(options);
        var server = await SimulatorServer.StartAsync(options, TestContext.Current.CancellationToken);
        return new SimulatedGateway(server, webhook, server.Gateway.AddWebhook("Bot", webhook.Url));
    }

    public string StartConversation(string? text = null) =>
        Gateway.StartConversation(new ConversationStart { WebhookId = WebhookId, Text = text });

    public Task<HttpResponseMessage> PostAsync(string path, object? body) => SendAsync(HttpMethod.Post, path, body);

    public Task<HttpResponseMessage> PatchAsync(string path, object? body) => SendAsync(HttpMethod.Patch, path, body);

    public Task<HttpResponseMessage> PutAsync(string path, object? body) => SendAsync(HttpMethod.Put, path, body);

    public Task<HttpResponseMessage> SayAsync(string conversationId, string text) =>
        PostAsync($"conversations/{conversationId}/messages", new { authorType = "bot", text });

    public async Task<JsonElement> GetAsync(string path) =>
        await Client.GetFromJsonAsync<JsonElement>("/chat-gateway/v1/" + path, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        await Webhook.DisposeAsync();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body)
    {
        using var request = new HttpRequestMessage(method, "/chat-gateway/v1/" + path)
        {
            Content = body switch
            {
                null => null,
                string text => new StringContent(text, Encoding.UTF8, "application/json"),
                _ => JsonContent.Create(body),
            },
        };
        return await Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}

internal static class Responses
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response) =>
        await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
}
