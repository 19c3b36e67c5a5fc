using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Content;

/// <summary>WhatsApp takes answers for a day.</summary>
public sealed class WhatsAppWindowTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task An_answer_that_comes_a_day_late_is_parked_with_its_reason_and_a_template_is_sent()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: late
            start:
              - say: Too late
              - say: { text: Your parcel comes today., channelCard: { type: Template, content: { name: parcel_today, language: en } } }
            """,
            new JsonObject { ["eightByEight"] = new JsonObject { ["verifySignatures"] = false } }, simulator => simulator.TimeProvider = new Yesterday());

        var conversation = connector.Start("hi", channel: "WhatsApp");

        Assert.Equal(["Your parcel comes today."], await connector.BotSaysAsync(conversation, 1));
        var parked = Assert.Single(await connector.ParkedAsync(1))!;
        Assert.Contains("25 hours ago, and WhatsApp takes only templates", (string)parked["reason"]!);
        Assert.Equal(conversation, (string)parked["conversationId"]!);
    }

    /// <summary>A clock that is 25 hours late.</summary>
    private sealed class Yesterday : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(-25);
    }
}
