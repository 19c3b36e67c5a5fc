using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;
using EightByEight.Functions.Tests.Agents;
using EightByEight.Functions.Tests.Models;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Which version of a Flow a conversation talks to.</summary>
public sealed class FlowVersionTests(AzuriteFixture azurite)
{
    private const string First = """
        name: versions
        start:
          - set: { context.began: first }
          - question: "First asks."
          - say: "First hears {{ input.result }}."
        """;

    private const string Second = """
        name: versions
        start:
          - question: "Second asks, began {{ context.began ?? 'anew' }}."
          - say: "Second hears {{ input.result }}."
        """;

    [Fact]
    public async Task A_session_that_waits_finishes_on_the_version_it_began_with()
    {
        await using var connector = await TestConnector.StartAsync(azurite, First);
        var id = connector.Start("hi");
        await connector.BotSaysAsync(id, 1);
        await StoreAsync(connector, Second);

        connector.Gateway.CustomerSays(id, "a");
        Assert.Equal("First hears a.", (await connector.BotSaysAsync(id, 2))[1]);
        connector.Gateway.CustomerSays(id, "b");

        Assert.Equal("Second asks, began first.", (await connector.BotSaysAsync(id, 3))[2]);
    }

    /// <summary>Whoever upgrades must not find that a bot says nothing any more, for what was right when it was stored.</summary>
    [Fact]
    public async Task A_Flow_that_an_earlier_version_took_goes_on_and_is_refused_only_when_it_is_stored_anew()
    {
        const string Taken = """
            name: versions
            nlu: { provider: rasa, url: "https://127.0.0.1:1/?token=abc" }
            start:
              - say: Hello.
              - if: "false"
                then:
                  - agent: { rasa: "https://me:secret@rasa.example.com" }
                  - ask: { url: "https://models.example.com?api_key=abc", model: m, instructions: Help. }
                  - http: { url: "https://example.com/?sig=abc", query: { token: abc } }
                  - goTo: inside
              - handover: { queueId: "101", message: One moment. }
                onQueued: [ { say: You wait., id: inside } ]
            """;
        await using var connector = await TestConnector.StartAsync(azurite, First);
        using (var refused = await connector.Admin.PutAsync(
            "/api/flows/versions", new StringContent(Taken, Encoding.UTF8, "application/yaml"), TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        await connector.Host.Services.GetRequiredService<FlowStore>().PutAsync(
            "versions", Taken, "application/yaml", _ => true, TestContext.Current.CancellationToken);
        connector.Host.Services.GetRequiredService<FlowDirectory>().Drop("versions");

        var id = connector.Start("hi");
        Assert.Equal(["Hello.", "One moment."], (await connector.BotSaysAsync(id, 2)).Take(2));
    }

    [Fact]
    public async Task An_Endpoint_that_is_bound_to_a_version_stays_with_it_until_it_is_deleted_under_it()
    {
        await using var connector = await TestConnector.StartAsync(azurite, First);
        await connector.PatchAsync(new JsonObject { ["flowVersion"] = 1 });
        await StoreAsync(connector, Second);
        var id = connector.Start("hi");
        Assert.Equal(["First asks."], await connector.BotSaysAsync(id, 1));
        using (var refused = await connector.Admin.DeleteAsync("/api/flows/versions/versions/1", TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        using (var deleted = await connector.Admin.DeleteAsync("/api/flows/versions/versions/1?force=true", TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

        connector.Gateway.CustomerSays(id, "a");

        Assert.Equal("Second asks, began anew.", (await connector.BotSaysAsync(id, 2))[1]);
        Assert.EndsWith("-2", (string)(await connector.SettledAsync(id, 2))["sessionId"]!);
    }

    [Fact]
    public async Task An_Endpoint_that_gets_bound_takes_a_session_there_once_it_waits_no_more()
    {
        await using var connector = await TestConnector.StartAsync(azurite, First);
        await StoreAsync(connector, Second);
        var id = connector.Start("hi");
        Assert.Equal(["Second asks, began anew."], await connector.BotSaysAsync(id, 1));
        await connector.PatchAsync(new JsonObject { ["flowVersion"] = 1 });

        connector.Gateway.CustomerSays(id, "a");
        Assert.Equal("Second hears a.", (await connector.BotSaysAsync(id, 2))[1]);
        connector.Gateway.CustomerSays(id, "b");

        Assert.Equal("First asks.", (await connector.BotSaysAsync(id, 3))[2]);
    }

    [Fact]
    public async Task Another_Flow_on_the_Endpoint_ends_the_session_with_the_next_input()
    {
        await using var connector = await TestConnector.StartAsync(azurite, First);
        var id = connector.Start("hi");
        await connector.BotSaysAsync(id, 1);
        await StoreAsync(connector, Second.Replace("name: versions", "name: other", StringComparison.Ordinal), "other");
        await connector.PatchAsync(new JsonObject { ["flow"] = "other" });

        connector.Gateway.CustomerSays(id, "a");

        Assert.Equal("Second asks, began anew.", (await connector.BotSaysAsync(id, 2))[1]);
    }

    [Fact]
    public async Task A_session_that_waits_in_a_Flow_that_was_called_finishes_it_in_the_version_that_was_called()
    {
        await using var connector = await CallingAsync();
        var id = connector.Start("hi");
        Assert.Equal(["First asks."], await connector.BotSaysAsync(id, 1));
        await StoreAsync(connector, Second);

        connector.Gateway.CustomerSays(id, "a");
        Assert.Equal(["First hears a.", "Back."], (await connector.BotSaysAsync(id, 3)).Skip(1));
        connector.Gateway.CustomerSays(id, "b");

        Assert.Equal("Second asks, began anew.", (await connector.BotSaysAsync(id, 4))[3]);
    }

    [Fact]
    public async Task A_turn_that_paused_in_a_Flow_that_was_called_goes_on_in_the_version_that_was_called()
    {
        await using var connector = await CallingAsync(First.Replace("- question: \"First asks.\"", "- say: Wait.\n  - delay: 1", StringComparison.Ordinal));
        var id = connector.Start("hi");
        await connector.BotSaysAsync(id, 1);
        await StoreAsync(connector, Second);

        Assert.Equal(["Wait.", "First hears .", "Back."], await connector.BotSaysAsync(id, 3));
    }

    [Fact]
    public async Task Deletion_of_the_version_that_was_called_ends_the_session_with_the_next_input()
    {
        await using var connector = await CallingAsync();
        var id = connector.Start("hi");
        await connector.BotSaysAsync(id, 1);
        await StoreAsync(connector, Second);
        using (var deleted = await connector.Admin.DeleteAsync("/api/flows/versions/versions/1", TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

        connector.Gateway.CustomerSays(id, "a");

        Assert.Equal("Second asks, began anew.", (await connector.BotSaysAsync(id, 2))[1]);
        Assert.EndsWith("-2", (string)(await connector.SettledAsync(id, 2))["sessionId"]!);
    }

    [Fact]
    public async Task A_tool_of_ask_in_which_a_session_waits_finishes_in_the_version_that_was_called()
    {
        await using var llm = await CallingModelAsync(calls: [1, 3]);
        await using var connector = await AskingAsync(llm);
        var id = connector.Start("hi");
        Assert.Equal(["First asks."], await connector.BotSaysAsync(id, 1));
        await StoreAsync(connector, Second);

        connector.Gateway.CustomerSays(id, "a");
        Assert.Equal(["First hears a.", "Answer 2."], (await connector.BotSaysAsync(id, 3)).Skip(1));
        connector.Gateway.CustomerSays(id, "b");

        Assert.Equal("Second asks, began anew.", (await connector.BotSaysAsync(id, 4))[3]);
        Assert.Equal("heard a", (string?)llm.Calls[1].Json["messages"]!.AsArray().Single(one => (string?)one!["role"] == "tool")!["content"]);
    }

    [Fact]
    public async Task Deletion_of_the_version_of_a_tool_in_which_a_session_waits_ends_the_session_with_the_next_input()
    {
        await using var llm = await CallingModelAsync(calls: [1]);
        await using var connector = await AskingAsync(llm);
        var id = connector.Start("hi");
        await connector.BotSaysAsync(id, 1);
        await StoreAsync(connector, Second);
        await DeleteFirstAsync(connector);

        connector.Gateway.CustomerSays(id, "a");

        Assert.Equal("Answer 2.", (await connector.BotSaysAsync(id, 2))[1]);
        Assert.EndsWith("-2", (string)(await connector.SettledAsync(id, 2))["sessionId"]!);
        Assert.Equal("a", (string?)Assert.Single(llm.Calls[1].Json["messages"]!.AsArray(), one => (string?)one!["role"] == "user")!["content"]);
        Assert.DoesNotContain(llm.Calls[1].Json["messages"]!.AsArray(), one => (string?)one!["role"] == "tool");
    }

    [Fact]
    public async Task The_end_of_a_handover_whose_version_was_deleted_is_told_to_nobody_and_the_next_input_begins_anew()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: versions
            start:
              - handover: { queueId: "101", message: One moment. }
              - say: Back on the first.
            """);
        var id = connector.Start("human");
        await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(id).Type, type => type == "queue", "the queue", null, connector.Logs);
        connector.Gateway.AgentAccepts(id);
        await HandedOverAsync(connector, id, "agent");
        await StoreAsync(connector, Second);
        await DeleteFirstAsync(connector);

        connector.Gateway.AgentLeaves(id);
        await HandedOverAsync(connector, id, "completed");
        connector.Gateway.CustomerSays(id, "and now?");

        Assert.Equal(["One moment.", "Second asks, began anew."], await connector.BotSaysAsync(id, 2));
        var view = await connector.SettledAsync(id, 2);
        Assert.EndsWith("-2", (string)view["sessionId"]!);
        Assert.All(view["turns"]!.AsArray(), turn => Assert.Null(turn!["failure"]));
        Assert.Empty(await connector.ParkedAsync(0));
    }

    [Fact]
    public async Task A_session_on_an_older_version_that_calls_a_Flow_which_is_gone_ends_with_the_next_input()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: caller
            start:
              - question: "Ready?"
              - call: versions
            """);
        await StoreAsync(connector, First);
        var id = connector.Start("hi");
        await connector.BotSaysAsync(id, 1);
        await StoreAsync(connector, "name: caller\nstart: [ { say: It calls nothing. } ]", "caller");
        using (var deleted = await connector.Admin.DeleteAsync("/api/flows/versions", TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);

        connector.Gateway.CustomerSays(id, "a");

        Assert.Equal("It calls nothing.", (await connector.BotSaysAsync(id, 2))[1]);
    }

    [Fact]
    public async Task A_version_can_be_made_the_newest_again()
    {
        await using var connector = await TestConnector.StartAsync(azurite, First);
        await StoreAsync(connector, Second);
        using (var restored = await connector.Admin.PostAsync("/api/flows/versions/versions/1/restore", null, TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.NoContent, restored.StatusCode);

        Assert.Equal(["First asks."], await connector.BotSaysAsync(connector.Start("hi"), 1));
    }

    [Fact]
    public async Task A_version_that_is_not_there_is_refused_with_its_path()
    {
        await using var connector = await TestConnector.StartAsync(azurite, First);

        using var refused = await connector.Admin.PatchAsync($"/api/endpoints/{connector.EndpointId}",
            new StringContent("""{"flowVersion":2}""", Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var error = JsonNode.Parse(await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["errors"]![0]!;
        Assert.Equal("$.flowVersion", (string?)error["path"]);
    }

    /// <summary>An Endpoint whose Flow calls the one with versions.</summary>
    private async Task<TestConnector> CallingAsync(string called = First)
    {
        var connector = await TestConnector.StartAsync(azurite, "name: caller\nstart: [ { call: versions }, { say: Back. } ]");
        await StoreAsync(connector, called);
        return connector;
    }

    /// <summary>An Endpoint whose Flow asks a model that may call the Flow with versions.</summary>
    private async Task<TestConnector> AskingAsync(AgentServer llm)
    {
        var connector = await TestConnector.StartAsync(azurite, $$"""
            name: caller
            start: [ { ask: { url: "{{llm.Url}}/v1", model: m, tools: [ { name: lookup, description: Looks up., flow: versions } ] } } ]
            """);
        await StoreAsync(connector, First + "\n  - return: \"heard {{ input.result }}\"");
        return connector;
    }

    /// <summary>A model that calls its tool when it is asked for these times, and else answers.</summary>
    private static Task<AgentServer> CallingModelAsync(int[] calls)
    {
        var times = 0;
        return AgentServer.StartAsync(_ => calls.Contains(++times) ? Llm.Calls(($"call-{times}", "lookup", "{}")) : Llm.Says($"Answer {times}."));
    }

    private static Task<string?> HandedOverAsync(TestConnector connector, string id, string status) => Eventually.GetAsync(
        async () => (string?)(await connector.ViewAsync(id))["handover"]?["status"], now => now == status, $"the handover {status}", null, connector.Logs);

    private static async Task DeleteFirstAsync(TestConnector connector)
    {
        using var deleted = await connector.Admin.DeleteAsync("/api/flows/versions/versions/1", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    private static async Task StoreAsync(TestConnector connector, string flow, string name = "versions")
    {
        using var stored = await connector.Admin.PutAsync(
            $"/api/flows/{name}", new StringContent(flow, Encoding.UTF8, "application/yaml"), TestContext.Current.CancellationToken);
        Assert.True(stored.IsSuccessStatusCode, await stored.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
