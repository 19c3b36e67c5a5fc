using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;

namespace EightByEight.Functions.Tests.Agents;

/// <summary>Chat endpoints as OpenAI's.</summary>
public class ChatTests
{
    private static (int, string) Says(string text, string reason = "stop") =>
        (200, new JsonObject { ["choices"] = new JsonArray(new JsonObject { ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text }, ["finish_reason"] = reason }) }.ToJsonString());

    private static AgentSettings At(string url) => new(AgentKind.OpenAI, new Uri(url)) { Model = "m", Temperature = 0.5, MaxTokens = 50, History = 3 };

    [Fact]
    public async Task What_was_said_so_far_goes_along_after_the_instructions()
    {
        var number = 0;
        await using var model = await AgentServer.StartAsync(_ => Says($"answer {++number}"));

        var first = await Ask.Async(Ask.Request(At(model.Url + "/v1"), "one") with { Instructions = "Be brief." });
        await Ask.Async(Ask.Request(At(model.Url + "/v1"), "two", memory: first.Memory) with { Instructions = "Be brief." });

        Assert.Equal("answer 1", Assert.Single(first.Outputs).Text);
        var call = model.Calls[1];
        Assert.Equal("/v1/chat/completions", call.Path);
        Assert.Equal(("m", 0.5, 50), ((string?)call.Json["model"], (double)call.Json["temperature"]!, (int)call.Json["max_tokens"]!));
        Assert.Equal(["system: Be brief.", "user: one", "assistant: answer 1", "user: two"],
            call.Json["messages"]!.AsArray().Select(one => $"{one!["role"]}: {one["content"]}"));
    }

    [Fact]
    public async Task Of_a_long_conversation_the_newest_messages_are_kept_from_one_of_the_customers_on()
    {
        await using var model = await AgentServer.StartAsync(_ => Says("ok"));
        JsonObject? memory = null;
        for (var i = 0; i < 4; i++) memory = (await Ask.Async(Ask.Request(At(model.Url), $"say {i}", memory: memory))).Memory;

        Assert.Equal(["say 3", "ok"], memory!["messages"]!.AsArray().Select(one => (string)one!["content"]!));
    }

    [Fact]
    public async Task The_version_in_a_query_stays()
    {
        await using var model = await AgentServer.StartAsync(_ => Says("ok"));

        await Ask.Async(Ask.Request(At(model.Url + "/openai/deployments/d?api-version=2024-10-21")));

        Assert.Equal("/openai/deployments/d/chat/completions?api-version=2024-10-21", Assert.Single(model.Calls).Path);
    }

    [Fact]
    public async Task Who_says_nothing_is_an_error_with_the_reason()
    {
        await using var model = await AgentServer.StartAsync(_ => Says("", "content_filter"));

        Assert.Contains("content_filter", (await Ask.AnyAsync(Ask.Request(At(model.Url)))).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_in_parts_is_joined_and_one_that_was_cut_off_is_noted()
    {
        await using var model = await AgentServer.StartAsync(_ => (200,
            """{"choices":[{"message":{"content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo"}]},"finish_reason":"length"}]}"""));

        var answer = await Ask.Async(Ask.Request(At(model.Url)));

        Assert.Equal("Hello", Assert.Single(answer.Outputs).Text);
        Assert.Contains("maxTokens", Assert.Single(answer.Faults), StringComparison.Ordinal);
    }
}
