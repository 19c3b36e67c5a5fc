using System.Text.Json;
using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Content;

/// <summary>Clicks as 8x8 may report them, by the front door.</summary>
public sealed class ClickTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_click_that_8x8_also_sends_as_a_message_is_one_input()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Echo, simulator: options => options.ClickAlsoWrites = true);
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);

        connector.Gateway.CustomerClicks(conversation, "Yes", "y");
        connector.Gateway.CustomerSays(conversation, "done");

        Assert.Equal(["1: hi", "2: y", "3: done"], await connector.BotSaysAsync(conversation, 3));
    }

    [Fact]
    public async Task An_executed_action_answers_with_its_form_and_only_once()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: execute
            start:
              - say:
                  adaptiveCard:
                    version: "1.4"
                    body: [ { type: Input.Text, id: size } ]
                    actions: [ { type: Action.Execute, title: Order, verb: order, data: { kind: shoe } } ]
              - waitForInput
              - say: "{{ input.data.adaptivecards.kind }} {{ input.data.request.value.size }} {{ input.data.adaptivecards._card || 'no id' }}"
              - question: Name?
              - say: "Name: {{ input.text }}"
            """, new JsonObject { ["content"] = new JsonObject { ["cardVersion"] = "1.4" } });
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);
        var action = Assert.Single(connector.Gateway.Messages(conversation)[^1].Cards).Content.GetProperty("actions")[0];
        var form = JsonNode.Parse(action.GetProperty("data").GetRawText())!;
        form["size"] = "L";
        var submitted = JsonSerializer.SerializeToElement(form);

        connector.Gateway.CustomerSubmits(conversation, submitted, type: action.GetProperty("type").GetString()!);
        Assert.Equal(["shoe L no id", "Name?"], (await connector.BotSaysAsync(conversation, 3)).Skip(1));
        connector.Gateway.CustomerSubmits(conversation, submitted, type: "Action.Execute");
        connector.Gateway.CustomerSays(conversation, "Ann");

        Assert.Equal("Action.Execute", action.GetProperty("type").GetString());
        Assert.Equal("Name: Ann", (await connector.BotSaysAsync(conversation, 4))[3]);
    }
}
