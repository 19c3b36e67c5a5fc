using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Content;

/// <summary>A conversation whose channel no event has told yet: 8x8's resource of the channel knows it.</summary>
public sealed class ChannelTypeTests(AzuriteFixture azurite)
{
    private const string Menu = """
        name: menu
        start:
          - say: { text: "{{ input.text }}", quickReplies: [ { title: One, payload: one }, { title: Two, payload: two } ] }
        """;

    [Fact]
    public async Task The_type_of_the_channel_counts_until_an_event_names_it_and_is_asked_once()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Menu, simulator: Untold);

        var conversation = connector.Start("hi", channel: "SMS");

        Assert.Equal("hi\n1. One\n2. Two", (await connector.BotSaysAsync(conversation, 1))[0]);
        connector.Gateway.CustomerSays(conversation, "2");
        Assert.Equal("two\n1. One\n2. Two", (await connector.BotSaysAsync(conversation, 2))[1]);
        Assert.Equal(1, connector.Gateway.Requests[Operations.GetChannel]);
    }

    [Fact]
    public async Task Where_8x8_does_not_tell_the_type_the_customer_is_answered_as_on_web_chat()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Menu, simulator: Untold);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.GetChannel, 404, times: 1000));

        var conversation = connector.Start("hi", channel: "SMS");

        Assert.Equal("hi", (await connector.BotSaysAsync(conversation, 1))[0]);
        Assert.Equal("application/8x8.quick.replies", Assert.Single(connector.Gateway.Messages(conversation)[^1].Cards).ContentType);
    }

    private static void Untold(SimulatorOptions options) =>
        options.EventDelays = new Dictionary<string, TimeSpan> { ["CONVERSATION_UPDATE"] = TimeSpan.FromMinutes(5) };

    [Theory]
    [InlineData("", true)]
    [InlineData(", fallbackText: Who are you?", false)]
    [InlineData(", text: Who are you?", false)]
    public async Task A_card_of_which_the_channel_shows_nothing_is_warned_of_at_the_turn(string more, bool warns)
    {
        await using var connector = await TestConnector.StartAsync(azurite, $$"""
            name: form
            start:
              - say: { adaptiveCard: { type: AdaptiveCard, version: "1.3", body: [ { type: Input.Text, id: name } ] }{{more}} }
              - say: Below.
            """);
        var conversation = connector.Start("hi", channel: "SMS");

        var said = await connector.BotSaysAsync(conversation, warns ? 1 : 2);
        var warnings = (await connector.SettledAsync(conversation, 1))["turns"]![0]!["warnings"] as System.Text.Json.Nodes.JsonArray ?? [];

        Assert.Equal(warns ? ["Below."] : ["Who are you?", "Below."], said);
        Assert.Equal(warns ? 1 : 0, warnings.Count);
        Assert.All(warnings, warning => Assert.Contains("fallbackText", (string)warning!["message"]!, StringComparison.Ordinal));
    }
}
