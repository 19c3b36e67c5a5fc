using System.Text.Json;
using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Simulator.Contract;

/// <summary>A whole connector at work, with Prism and 8x8's OpenAPI file between it and 8x8.</summary>
public sealed class ConnectorContractTests(AzuriteFixture azurite)
{
    private const string Flow = """
        name: contract
        start:
          - say: "You said: {{ input.text }}"
          - say:
              text: Anything else?
              quickReplies: [ { title: "Yes", payload: "yes" }, { title: "No", payload: "no" } ]
        """;

    private const string WithHandover = """
        name: contract-handover
        start:
          - handover:
              queueId: "101"
              message: One moment, a colleague takes over.
              summary: "Wants help: {{ input.text }}"
              properties: { plan: gold }
          - say: How was it?
        """;

    [Theory]
    [InlineData("WebChat")]
    [InlineData("WhatsApp")]
    [InlineData("RCS")]
    [InlineData("Viber")]
    public async Task All_that_a_conversation_asks_of_8x8_is_as_8x8_describes_it(string channel)
    {
        var openApi = OpenApiFile.PathOrSkip();
        await using var connector = await TestConnector.StartAsync(azurite, Flow);
        var prism = await PrismProxy.StartAsync(openApi, connector.Simulator.Url);
        await using (prism)
        {
            await connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["baseUrl"] = prism.Url.ToString() } });
            var conversation = connector.Start("Hello", channel);
            await connector.BotSaysAsync(conversation, 2);
            connector.Gateway.CustomerClicks(conversation, "Yes", "yes");
            connector.Gateway.CustomerSubmits(conversation, JsonSerializer.SerializeToElement(new { postback = "no" }));
            await connector.BotSaysAsync(conversation, 6);
            connector.Gateway.CustomerSendsFile(conversation, "photo.png", [1, 2, 3]);
            await connector.BotSaysAsync(conversation, 8);
            await connector.SettledAsync(conversation, 4);
        }

        // Once Prism has ended, all that it printed is read. What is wrong with answers, ContractTests tell.
        Assert.Equal(8, prism.Requests.Count(request => request.StartsWith("post ", StringComparison.Ordinal) && request.EndsWith("/messages", StringComparison.Ordinal)));
        Assert.DoesNotContain(prism.Violations, violation => violation.StartsWith("request", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_handover_and_the_way_back_are_as_8x8_describes_them()
    {
        var openApi = OpenApiFile.PathOrSkip();
        await using var connector = await TestConnector.StartAsync(azurite, WithHandover);
        var prism = await PrismProxy.StartAsync(openApi, connector.Simulator.Url);
        await using (prism)
        {
            await connector.PatchAsync(new JsonObject { ["eightByEight"] = new JsonObject { ["baseUrl"] = prism.Url.ToString() } });
            var conversation = connector.Start("Hello");
            await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(conversation).Type, type => type == "queue", "the handover", logs: connector.Logs);
            connector.Gateway.AgentAccepts(conversation);
            connector.Gateway.AgentLeaves(conversation);
            await connector.BotSaysAsync(conversation, 2);
        }

        Assert.Contains(prism.Requests, request => request.EndsWith("/post-agent-assignment", StringComparison.Ordinal));
        Assert.Contains(prism.Requests, request => request.StartsWith("patch ", StringComparison.Ordinal));
        Assert.DoesNotContain(prism.Violations, violation => violation.StartsWith("request", StringComparison.Ordinal));
    }
}
