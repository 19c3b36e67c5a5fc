using System.Security.Cryptography;
using System.Text;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover;
using EightByEight.Functions.Tests.ChatGateway;
using EightByEight.Functions.Tests.Simulator;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Handover;

/// <summary>How 8x8 is asked to give a conversation back after the agent.</summary>
public sealed class HandbackTests : IAsyncDisposable
{
    private static readonly Endpoint Bot = new()
    {
        Id = "bot",
        Settings = new() { Name = "Bot", Flow = "bot", EightByEight = new() },
        TokenHash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes("its-token"))),
    };

    private readonly Connected _connected = new();

    public ValueTask DisposeAsync() => _connected.DisposeAsync();

    [Fact]
    public async Task The_Endpoints_own_webhook_is_found_by_its_URL_on_whichever_page_it_is()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        for (var other = 0; other < 60; other++) simulated.Gateway.AddWebhook($"Other {other}", $"https://example.com/{other}");
        simulated.Gateway.AddWebhook("Bot", "https://example.com/8x8/its-token");
        for (var other = 60; other < 70; other++) simulated.Gateway.AddWebhook($"Other {other}", $"https://example.com/{other}");
        var conversation = simulated.StartConversation("human");

        Assert.Null(await ArrangeAsync(simulated, conversation, new()));

        Assert.Equal(2, simulated.Gateway.Requests[Operations.ListWebhooks]);
        Assert.Equal(1, simulated.Gateway.Requests[Operations.PostAgentAssignment]);
    }

    [Fact]
    public async Task A_webhook_that_the_settings_name_is_taken_without_looking_for_one()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var conversation = simulated.StartConversation("human");

        Assert.Null(await ArrangeAsync(simulated, conversation, new() { WebhookId = simulated.WebhookId }));

        Assert.Equal(0, simulated.Gateway.Requests.GetValueOrDefault(Operations.ListWebhooks));
        Assert.Equal(1, simulated.Gateway.Requests[Operations.PostAgentAssignment]);
    }

    [Fact]
    public async Task Where_8x8_knows_no_webhook_of_the_Endpoint_it_is_said_what_to_do()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var conversation = simulated.StartConversation("human");

        Assert.Contains("handover.postAgent.webhookId", await ArrangeAsync(simulated, conversation, new()), StringComparison.Ordinal);

        Assert.Equal(0, simulated.Gateway.Requests.GetValueOrDefault(Operations.PostAgentAssignment));
    }

    [Fact]
    public async Task Asked_for_again_it_is_the_same()
    {
        await using var simulated = await SimulatedGateway.StartAsync();
        var conversation = simulated.StartConversation("human");
        var settings = new PostAgentSettings { WebhookId = simulated.WebhookId };

        Assert.Null(await ArrangeAsync(simulated, conversation, settings));
        Assert.Null(await ArrangeAsync(simulated, conversation, settings));
    }

    private Task<string?> ArrangeAsync(SimulatedGateway simulated, string conversation, PostAgentSettings settings) => Handback.ArrangeAsync(
        _connected.Client, conversation, Bot, new ChatGatewayAccount(new Uri(simulated.Server.Url), TestConnector.ApiKey, "acme01"), settings,
        TestContext.Current.CancellationToken);
}
