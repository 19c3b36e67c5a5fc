using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Models;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Models;

/// <summary>What a server with OpenAI's chat completions answers, and how one is asked directly.</summary>
internal static class Llm
{
    private static readonly LanguageModels Models = new ServiceCollection()
        .AddSingleton(TimeProvider.System)
        .AddAgents(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Connector:Agents:AllowPrivateAddresses"] = "true",
            ["Connector:Agents:RetryPause"] = "00:00:00.005",
        }).Build())
        .AddSingleton(provider => new Credentials(null!, provider.GetRequiredService<IHttpClientFactory>(), TimeProvider.System))
        .BuildServiceProvider().GetRequiredService<LanguageModels>();

    /// <summary>A whole answer.</summary>
    public static (int, string) Says(string text, string reason = "stop") => Answers(new JsonObject { ["role"] = "assistant", ["content"] = text }, reason);

    /// <summary>A call of tools, by their names and arguments.</summary>
    public static (int, string) Calls(params (string Id, string Name, string Arguments)[] calls) => Answers(new JsonObject
    {
        ["role"] = "assistant",
        ["content"] = null,
        ["tool_calls"] = new JsonArray([.. calls.Select(call => (JsonNode)new JsonObject
        {
            ["id"] = call.Id,
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
        })]),
    }, "tool_calls");

    public static (int, string) Answers(JsonObject message, string reason) => (200, new JsonObject
    {
        ["id"] = "chatcmpl-1",
        ["object"] = "chat.completion",
        ["created"] = 1_700_000_000,
        ["model"] = "m",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = reason }),
        ["usage"] = new JsonObject { ["prompt_tokens"] = 1, ["completion_tokens"] = 1, ["total_tokens"] = 2 },
    }.ToJsonString());

    public static ModelRequest Request(string url, string text = "hello") => new(new ModelSettings(new Uri(url), "m"))
    {
        Messages = [new ModelMessage { Role = ModelRole.User, Text = text }],
    };

    public static Task<FlowAnswer> AnyAsync(ModelRequest request) => Models.AskAsync(request, TestContext.Current.CancellationToken);

    /// <summary>Asks as an Endpoint that streams sentences does.</summary>
    public static Task<FlowAnswer> NextAsync(ModelRequest request) => Models.AskAsync(request, TestContext.Current.CancellationToken, streams: true);

    public static async Task<ModelAnswer> AskAsync(ModelRequest request) =>
        await AnyAsync(request) is var answer && answer is ModelAnswer said ? said : throw new InvalidOperationException(answer.Error);
}
