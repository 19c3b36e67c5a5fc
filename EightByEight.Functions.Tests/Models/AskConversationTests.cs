using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Functions.Tests.Agents;

namespace EightByEight.Functions.Tests.Models;

/// <summary>Language models on 8x8: from the customer's message to the model's answer.</summary>
public sealed class AskConversationTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_model_calls_a_flow_and_a_server_with_its_connection_and_answers()
    {
        await using var stock = await AgentServer.StartAsync(_ => (200, """{"left":3}"""));
        var times = 0;
        await using var llm = await AgentServer.StartAsync(_ => ++times switch
        {
            1 => Llm.Calls(("a", "order", """{"number":"77"}""")),
            2 => Llm.Calls(("b", "stock", """{"size":42}""")),
            3 => Llm.Says("It was sent, and three are left."),
            _ => Llm.Says("Bye."),
        });
        var lookup = $"lookup-{Guid.NewGuid():N}";
        await using var connector = await TestConnector.StartAsync(azurite, $$$"""
            name: shop
            start:
              - ask:
                  url: "{{{llm.Url}}}/v1"
                  model: m
                  connection: llm
                  tools:
                    - { name: order, description: Looks up., parameters: { type: object, properties: { number: { type: string } } }, flow: {{{lookup}}} }
                    - { name: stock, description: Counts., http: { url: "{{{stock.Url}}}/{{ input.arguments.size }}" } }
            """);
        using var key = await connector.Admin.PutAsJsonAsync(
            "/api/connections/llm", new JsonObject { ["kind"] = "bearer", ["secret"] = "sk-1" }, TestContext.Current.CancellationToken);
        await PutAsync(connector, lookup, $$$"""
            name: {{{lookup}}}
            start: [ say: "Looking for {{ context.number }}.", return: sent ]
            """);

        var id = connector.Start("Where is 77?");
        Assert.Equal(["Looking for 77.", "It was sent, and three are left."], await connector.BotSaysAsync(id, 2));
        connector.Gateway.CustomerSays(id, "Thanks");
        Assert.Equal("Bye.", (await connector.BotSaysAsync(id, 3))[^1]);

        Assert.Equal("/42", Assert.Single(stock.Calls).Path);
        Assert.NotEmpty(stock.Calls[0].Headers["Idempotency-Key"].ToString());
        Assert.All(llm.Calls, call => Assert.Equal("Bearer sk-1", call.Headers.Authorization.ToString()));
        Assert.Equal(["user", "assistant", "tool", "assistant", "tool", "assistant", "user"], llm.Calls[3].Json["messages"]!.AsArray().Select(one => (string)one!["role"]!));
    }

    private static async Task PutAsync(TestConnector connector, string name, string flow)
    {
        using var content = new StringContent(flow);
        using var put = await connector.Admin.PutAsync($"/api/flows/{name}", content, TestContext.Current.CancellationToken);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
