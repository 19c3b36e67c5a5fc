using System.Text.Json.Nodes;
using EightByEight.Connector.Models;
using EightByEight.Functions.Tests.Agents;

namespace EightByEight.Functions.Tests.Models;

/// <summary>Language models on the wire of OpenAI's chat completions.</summary>
public class LanguageModelTests
{
    private static readonly ToolDescription Order = new("order_status", "Looks up an order.", Schema("""{"type":"object","properties":{"order":{"type":"string"}},"required":["order"]}"""));

    [Fact]
    public async Task Instructions_messages_tools_and_settings_go_along()
    {
        await using var server = await AgentServer.StartAsync(_ => Llm.Says("Hi."));

        var answer = await Llm.AskAsync(Llm.Request(server.Url + "/v1") with
        {
            Model = new ModelSettings(new Uri(server.Url + "/v1"), "m") { Temperature = 0.5, MaxTokens = 50, StopSequences = ["###"] },
            Instructions = "Be brief.",
            Tools = [Order],
            Messages =
            [
                new() { Role = ModelRole.User, Text = "one" },
                new() { Role = ModelRole.Assistant, Text = "Let me see.", Calls = [new() { Id = "a", Name = "order_status", Arguments = new() { ["order"] = "77" } }] },
                new() { Role = ModelRole.Tool, CallId = "a", Text = "sent" },
            ],
        });

        Assert.Equal("Hi.", answer.Text);
        var call = Assert.Single(server.Calls);
        Assert.Equal(("POST", "/v1/chat/completions"), (call.Method, call.Path));
        Assert.Empty(call.Headers.Authorization.ToString());
        var messages = call.Json["messages"]!.DeepClone().AsArray();
        var arguments = messages[2]!["tool_calls"]![0]!["function"]!;
        arguments["arguments"] = JsonNode.Parse((string)arguments["arguments"]!);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""
            [{"role":"system","content":"Be brief."},{"role":"user","content":"one"},
             {"role":"assistant","content":"Let me see.","tool_calls":[{"id":"a","type":"function","function":{"name":"order_status","arguments":{"order":"77"}}}]},
             {"role":"tool","tool_call_id":"a","content":"sent"}]
            """), messages), call.Body);
        Assert.Equal(("m", 0.5, 50, "###", "auto"), ((string?)call.Json["model"], (double)call.Json["temperature"]!, (int)call.Json["max_tokens"]!,
            (string?)call.Json["stop"]![0], (string?)call.Json["tool_choice"]));
        var tool = call.Json["tools"]![0]!["function"]!;
        Assert.Equal(("order_status", "Looks up an order."), ((string?)tool["name"], (string?)tool["description"]));
        Assert.Equal("string", (string?)tool["parameters"]!["properties"]!["order"]!["type"]);
    }

    [Theory]
    [InlineData("api.openai.com", "max_completion_tokens")]
    [InlineData("shop.openai.azure.com", "max_completion_tokens")]
    [InlineData("llm.example.com", "max_tokens")]
    public void Each_server_is_told_the_longest_answer_by_the_name_it_knows(string host, string name)
    {
        var body = ModelDoor.Understood(host, """{"max_completion_tokens":5,"stream_options":{"include_usage":true}}"""u8.ToArray());

        Assert.Equal($$"""{"{{name}}":5}""", System.Text.Encoding.UTF8.GetString(body));
    }

    [Fact]
    public async Task Calls_come_with_their_arguments_and_wrong_ones_with_a_word_about_it()
    {
        await using var server = await AgentServer.StartAsync(_ => Llm.Calls(
            ("a", "order_status", """{"order":"77"}"""), ("b", "order_status", """{"order":77}"""), ("c", "drop_tables", "{}"), ("d", "order_status", "not json")));

        var calls = (await Llm.AskAsync(Llm.Request(server.Url) with { Tools = [Order] })).Calls;

        Assert.Equal(["a", "b", "c", "d"], calls.Select(call => call.Id));
        Assert.Equal(("77", null), ((string?)calls[0].Arguments["order"], calls[0].Problem));
        Assert.Equal("The arguments are not right: order StringExpected", calls[1].Problem);
        Assert.Equal("There is no tool 'drop_tables'.", calls[2].Problem);
        Assert.NotNull(calls[3].Problem);
    }

    [Fact]
    public async Task Who_has_to_answer_is_told_so()
    {
        await using var server = await AgentServer.StartAsync(_ => Llm.Says("Hi."));

        await Llm.AskAsync(Llm.Request(server.Url) with { Tools = [Order], MustAnswer = true });

        Assert.Equal("none", (string?)server.Calls[0].Json["tool_choice"]);
    }

    [Theory]
    [InlineData("""{"city":"Rome"}""", null)]
    [InlineData("```json\n{\"city\":\"Rome\"}\n```", null)]
    [InlineData("```json {\"city\":\"Rome\"}```", null)]
    [InlineData("Here it is:\n\n```json\r\n{\"city\":\"Rome\"}\r\n```\nWas that it?", null)]
    [InlineData("""{"city":1}""", "city StringExpected")]
    [InlineData("""{}""", "city PropertyRequired")]
    [InlineData("Rome", "It is no JSON.")]
    public async Task A_structured_answer_is_held_against_its_schema(string said, string? problem)
    {
        await using var server = await AgentServer.StartAsync(_ => Llm.Says(said));

        var answer = await Llm.AskAsync(Llm.Request(server.Url) with
        {
            Schema = Schema("""{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"""),
        });

        Assert.Equal((problem, problem is null ? "Rome" : null), (answer.Problem, (string?)answer.Value?["city"]));
        var format = server.Calls[0].Json["response_format"]!;
        Assert.Equal(("json_schema", "object"), ((string?)format["type"], (string?)format["json_schema"]!["schema"]!["type"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_schema_of_an_answer_goes_as_it_is_written(bool streams)
    {
        var schema = Schema("""{"type":"object","properties":{"n":{"type":"integer","minimum":1,"default":2},"o":{"type":"object","properties":{"a":{"type":"string","pattern":"^x"}}}},"required":["n"]}""");
        await using var server = await AgentServer.StartAsync(_ => Llm.Says("""{"n":1}"""));
        var request = Llm.Request(server.Url) with { Schema = schema, Id = $"as-written-{streams}", MayStream = streams };

        _ = streams ? await Llm.NextAsync(request) : await Llm.AnyAsync(request);

        var format = server.Calls[0].Json["response_format"]!["json_schema"]!;
        Assert.True(JsonNode.DeepEquals(schema, format["schema"]), format.ToJsonString());
        Assert.NotEqual(true, (bool?)format["strict"]);
    }

    [Fact]
    public async Task A_refusal_a_filter_and_a_cut_are_told_apart()
    {
        await using var server = await AgentServer.StartAsync(call => (string?)call.Json["messages"]![0]!["content"] switch
        {
            "refuse" => Llm.Answers(new JsonObject { ["role"] = "assistant", ["content"] = null, ["refusal"] = "I cannot." }, "stop"),
            "filter" => Llm.Says("", "content_filter"),
            _ => Llm.Says("Hel", "length"),
        });

        async Task<(bool, bool)> Of(string text) => await Llm.AskAsync(Llm.Request(server.Url, text)) is var answer ? (answer.IsRefused, answer.IsCut) : default;

        Assert.Equal([(true, false), (true, false), (false, true)], [await Of("refuse"), await Of("filter"), await Of("cut")]);
    }

    [Fact]
    public async Task The_version_in_a_query_stays()
    {
        await using var server = await AgentServer.StartAsync(_ => Llm.Says("ok"));

        await Llm.AskAsync(Llm.Request(server.Url + "/openai/deployments/d?api-version=2024-10-21"));

        Assert.Equal("/openai/deployments/d/chat/completions?api-version=2024-10-21", Assert.Single(server.Calls).Path);
    }

    [Theory]
    [InlineData(401, "look at the credentials")]
    [InlineData(404, "look at its URL")]
    [InlineData(500, "answered 500")]
    public async Task A_server_that_refuses_is_named_without_its_url(int status, string hint)
    {
        await using var server = await AgentServer.StartAsync(_ => (status, """{"error":{"message":"secret words"}}"""));

        var error = (await Llm.AnyAsync(Llm.Request(server.Url + "/a-secret"))).Error!;

        Assert.Contains(hint, error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
        Assert.Single(server.Calls);
    }

    [Fact]
    public async Task Who_is_busy_is_asked_again_and_who_cannot_be_read_or_reached_is_an_error()
    {
        var times = 0;
        await using var server = await AgentServer.StartAsync(_ => ++times == 1 ? (429, "{}") : times == 2 ? Llm.Says("Here.") : times == 3 ? (200, "<html>") : (200, new string(' ', 2_000_000)));

        Assert.Equal("Here.", (await Llm.AskAsync(Llm.Request(server.Url))).Text);
        Assert.Contains("cannot be read", (await Llm.AnyAsync(Llm.Request(server.Url))).Error, StringComparison.Ordinal);
        Assert.Contains("more than", (await Llm.AnyAsync(Llm.Request(server.Url))).Error, StringComparison.Ordinal);
        Assert.Contains("cannot be reached", (await Llm.AnyAsync(Llm.Request("http://127.0.0.1:1"))).Error, StringComparison.Ordinal);
    }

    private static JsonObject Schema(string json) => JsonNode.Parse(json)!.AsObject();
}
