using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>What an operator finds in an Endpoint's log, beside what its Flow says.</summary>
public sealed class LogLineTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_handover_that_8x8_refuses_is_an_error_with_its_reason()
    {
        await using var connector = await TestConnector.StartAsync(
            azurite, "name: human\nstart: [ { handover: { queueId: nowhere } }, { say: \"{{ input.handover.status }}\" } ]");
        var conversation = connector.Start("human");

        Assert.Equal("failed", Assert.Single(await connector.BotSaysAsync(conversation, 1)));

        var line = await LineAsync(connector, "handover");
        Assert.Equal(("error", conversation), ((string?)line["level"], (string?)line["conversationId"]));
        Assert.StartsWith("The handover failed: ", (string?)line["message"], StringComparison.Ordinal);
        Assert.Contains("nowhere", (string?)line["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_must_not_be_said_any_more_is_told_with_the_reason()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Echo);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.AgentTakes(conversation);
        await Eventually.GetAsync(() => connector.ViewAsync(conversation), view => (bool)view["peopleTalk"]!, "an agent");

        await connector.Service<Inbox>().AddAsync(
            ConversationKey.Of(connector.EndpointId, conversation), conversation, StoredEvent.Notified, "late",
            Encoding.UTF8.GetBytes($$$"""{"conversationId":"{{{conversation}}}","text":"secret"}"""), false, TestContext.Current.CancellationToken);

        var line = await LineAsync(connector, "connector");
        Assert.Equal("warning", (string?)line["level"]);
        Assert.Matches("^Turn [0-9]+ is not delivered: An agent is in", (string?)line["message"]);
    }

    [Fact]
    public async Task A_message_that_8x8_refuses_is_told_in_8x8s_own_words()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Echo);
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 400));
        var conversation = connector.Start("hello");

        var line = await LineAsync(connector, "connector");

        Assert.Equal(("error", conversation), ((string?)line["level"], (string?)line["conversationId"]));
        Assert.Contains("is parked: ", (string?)line["message"], StringComparison.Ordinal);
        Assert.Contains("400", (string?)line["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transformer_is_quoted_by_level_and_its_error_has_a_line()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Echo, new JsonObject
        {
            ["transformers"] = new JsonObject
            {
                ["input"] = true,
                ["source"] = "createWebhookTransformer({ handleInput: async () => {\n  console.info('looks');\n  return missing.x;\n} });",
            },
        });
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);

        Assert.Contains("looks", (string?)(await LineAsync(connector, "transformer", "info"))["message"], StringComparison.Ordinal);
        var error = (string?)(await LineAsync(connector, "transformer", "error"))["message"];
        Assert.Contains("missing", error, StringComparison.Ordinal);
        Assert.Contains("line 3", error, StringComparison.Ordinal);
    }

    private static async Task<JsonNode> LineAsync(TestConnector connector, string source, string? level = null)
    {
        async Task<JsonNode?> FindAsync()
        {
            var page = await connector.Admin.GetFromJsonAsync<JsonObject>($"/api/endpoints/{connector.EndpointId}/log", TestContext.Current.CancellationToken);
            return page!["items"]!.AsArray().FirstOrDefault(line =>
                (string?)line!["source"] == source && (level is null || (string?)line["level"] == level));
        }

        return (await Eventually.GetAsync<JsonNode?>(FindAsync, line => line is not null, $"a line of {source}", null, connector.Logs))!;
    }
}
