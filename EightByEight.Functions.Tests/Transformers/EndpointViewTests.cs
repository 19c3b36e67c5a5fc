using System.Net;
using System.Text.Json.Nodes;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Transformers;
using EightByEight.Functions.Tests.Admin;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Transformers;

/// <summary>What transformers see of their Endpoint.</summary>
public sealed class EndpointViewTests(AzuriteFixture azurite)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_has_the_names_that_Cognigys_transformers_read(bool on)
    {
        var flag = on ? "true" : "false";
        var (endpoint, view) = await ViewAsync($$"""
            {"name":"Acme","flow":"welcome","enabled":{{flag}},
             "dataProtection":{"collectAnalytics":{{flag}},"collectConversations":{{flag}},"contactProfiles":{{flag}},"maskIpAddress":{{flag}},
                               "maskSensitiveAnalytics":{{flag}},"maskSensitiveLogging":{{flag}},
                               "dashbot":{"platform":"sms"{{(on ? ",\"apiKey\":\"planted-key\"" : "")}} } },
             "handover":{"queueId":"101"},
             "transformers":{"input":true,"source":"createWebhookTransformer({})"} }
            """);
        var settings = view["settings"]!.AsObject();
        view.Remove("settings");

        Assert.Equal(JsonNode.Parse($$"""
            {"_id":"{{endpoint.Id}}","channel":"eightByEight","name":"Acme","flowId":"welcome","entrypoint":"welcome","active":{{flag}},
             "nluConnectorId":null,"useAnalytics":{{flag}},"storeDataPayload":null,"useConversations":{{flag}},"useContactProfiles":{{flag}},
             "maskIPAddress":{{flag}},"maskAnalytics":{{flag}},"maskLogging":{{flag}},"useDashbotAnalytics":{{flag}},"dashbotPlatform":"sms",
             "handoverSettings":{{settings["handover"]!.ToJsonString()}},
             "createdAt":{{endpoint.CreatedAt.ToUnixTimeSeconds()}},"lastChanged":{{endpoint.LastChanged.ToUnixTimeSeconds()}},
             "createdBy":null,"lastChangedBy":null}
            """)!.ToJsonString(), view.ToJsonString());
        Assert.Equal(("101", true), ((string?)settings["handover"]!["queueId"], (bool)settings["transformers"]!["input"]!));
        Assert.Null(settings["transformers"]!["source"]);
    }

    [Fact]
    public async Task None_of_the_Endpoints_secrets_is_in_it()
    {
        var body = new JsonObject { ["name"] = "Acme", ["flow"] = "welcome" };
        foreach (var path in EndpointSecrets.All)
        {
            JsonNode part = body;
            var names = path.Split('.');
            foreach (var name in names[..^1]) part = part[name] ??= new JsonObject();
            part[names[^1]] = $"planted-{path}-of-this-endpoint";
        }

        body["inject"]!["signingSecret"] = "whsec_cGxhbnRlZC1wbGFudGVkLXBsYW50ZWQtcGxhbnQ=";
        var (endpoint, view) = await ViewAsync(body.ToJsonString());

        Assert.Equal(EndpointSecrets.All.Order(), endpoint.ProtectedSecrets.Keys.Order());
        var text = view.ToJsonString();
        Assert.DoesNotContain("planted", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("cGxhbnRlZC1", text, StringComparison.Ordinal);
        Assert.DoesNotContain(endpoint.TokenHash, text, StringComparison.OrdinalIgnoreCase);
        Assert.All(endpoint.ProtectedSecrets.Values.Append(endpoint.ProtectedUrlToken), secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        Assert.DoesNotContain("urlToken", text, StringComparison.OrdinalIgnoreCase);
    }

    private async Task<(Endpoint Endpoint, JsonObject View)> ViewAsync(string body)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await server.StoreFlowAsync("welcome");
        var created = await server.SendAsync("POST", "/api/endpoints", body);
        created.Is(HttpStatusCode.Created);
        var endpoint = await server.Services.GetRequiredService<EndpointStore>().GetAsync(created.Member("id"), TestContext.Current.CancellationToken);
        return (endpoint!, EndpointView.Of(endpoint!));
    }
}
