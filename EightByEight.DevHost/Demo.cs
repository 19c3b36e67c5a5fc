using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Simulator;

namespace EightByEight.DevHost;

/// <summary>
/// What there is to talk to on the first run: an Endpoint for the Flow <c>welcome</c>, made through the admin API as a user would, and
/// the simulator's webhook and channels that point to it.
/// </summary>
internal sealed class Demo(HttpClient admin, SimulatorServer simulator)
{
    private const string Name = "Demo";
    private const string Flow = "welcome";

    /// <summary>Makes what is missing.</summary>
    /// <returns>The Endpoint URL, and the Flow that it runs by now.</returns>
    public async Task<(string Url, string Flow)> PrepareAsync(CancellationToken cancellation)
    {
        var endpoint = await FindAsync(cancellation) ?? await CreateAsync(cancellation);
        var id = endpoint["id"]!.GetValue<string>();
        // The simulator's address and key may differ from the last run's.
        endpoint = await SendAsync(HttpMethod.Patch, $"/api/endpoints/{id}", new JsonObject { ["eightByEight"] = EightByEight() }, cancellation);
        // After an unclean end the key that protects the URL token may be lost: then there is a new one.
        if (endpoint["endpointUrl"] is null)
            endpoint = await SendAsync(HttpMethod.Post, $"/api/endpoints/{id}/url-token", new JsonObject { ["revokeNow"] = true }, cancellation);
        var url = endpoint["endpointUrl"]!.GetValue<string>();
        var webhook = simulator.Gateway.AddWebhook(Name, url);
        foreach (var channel in (string[])["WebChat", "ChatAPI", "WhatsApp", "SMS"])
            simulator.Gateway.AddChannel($"{Name} {channel}", channel, webhook.Id, simulator.Gateway.Options.Queues[0].Id);
        return (url, (string?)endpoint["flow"] ?? Flow);
    }

    private async Task<JsonObject?> FindAsync(CancellationToken cancellation)
    {
        for (string? after = ""; after is not null;)
        {
            var list = await admin.GetFromJsonAsync<JsonObject>($"/api/endpoints?continue={Uri.EscapeDataString(after)}", cancellation);
            var found = list!["items"]!.AsArray().OfType<JsonObject>().FirstOrDefault(e => e["name"]?.GetValue<string>() == Name);
            if (found is not null) return found;
            after = list["continue"]?.GetValue<string>();
        }

        return null;
    }

    private Task<JsonObject> CreateAsync(CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, "/api/endpoints", new JsonObject
        {
            ["name"] = Name,
            ["flow"] = Flow,
            ["eightByEight"] = EightByEight(),
            // Who waits for a person in the simulator, and does not want to any more, comes back to the bot.
            ["handover"] = new JsonObject { ["returnScriptId"] = simulator.Gateway.Options.ScriptId },
        }, cancellation);

    private JsonObject EightByEight() => new()
    {
        ["baseUrl"] = simulator.Url,
        ["apiKey"] = simulator.Gateway.Options.ApiKeys[0],
        ["tenantId"] = simulator.Gateway.Options.TenantId,
    };

    private async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonObject body, CancellationToken cancellation)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var response = await admin.SendAsync(request, cancellation);
        await ThrowUnlessDoneAsync(response, cancellation);
        return JsonSerializer.Deserialize<JsonObject>(await response.Content.ReadAsStringAsync(cancellation))!;
    }

    private static async Task ThrowUnlessDoneAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.IsSuccessStatusCode) return;
        throw new DevHostException(
            $"The demo could not be made: {response.RequestMessage!.Method} {response.RequestMessage.RequestUri!.AbsolutePath} was answered " +
            $"{(int)response.StatusCode}.\n{await response.Content.ReadAsStringAsync(cancellation)}");
    }
}
