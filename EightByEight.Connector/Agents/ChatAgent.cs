using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Agents;

/// <summary>
/// A language model behind a chat endpoint as OpenAI's. It remembers nothing: what was said so far goes along. Source: OpenAI, Chat Completions.
/// </summary>
internal static class ChatAgent
{
    /// <summary>Of what is told again; what is older is left out.</summary>
    private const int MostCharacters = 16_000;

    public static async Task<AgentAnswer> AskAsync(AgentRequest request, AgentHttp http, CancellationToken cancellation)
    {
        var agent = request.Agent;
        var said = (request.Memory?["messages"] as JsonArray)?.Select(message => message!.DeepClone()).ToList() ?? [];
        said.Add(Message("user", request.Text.Length > 0 ? request.Text : request.Data!.ToJsonString()));
        var messages = new JsonArray();
        if (request.Instructions is { Length: > 0 } instructions) messages.Add(Message("system", instructions));
        foreach (var message in said) messages.Add(message.DeepClone());
        var body = new JsonObject { ["model"] = agent.Model, ["messages"] = messages };
        if (agent.Temperature is { } temperature) body["temperature"] = temperature;
        if (agent.MaxTokens is { } tokens) body["max_tokens"] = tokens;
        var answer = await http.PostAsync(agent, Completions(agent.Url), body, cancellation);
        var choice = answer.Member("choices") is { ValueKind: JsonValueKind.Array } choices && choices.GetArrayLength() > 0 ? choices[0] : default;
        var text = TextOf(choice.Member("message").Member("content")).Trim();
        if (text.Length == 0) text = choice.Member("message").Text("refusal") ?? "";
        if (text.Length == 0)
            throw new AgentException(null, $"{agent.Name} said nothing; it stopped because of '{choice.Text("finish_reason")}'.");
        said.Add(Message("assistant", text));
        return new AgentAnswer
        {
            Outputs = [new Output { Text = text }],
            Memory = new JsonObject { ["messages"] = new JsonArray([.. Newest(said, agent.History)]) },
            Faults = choice.Text("finish_reason") == "length" ? [$"{agent.Name} was cut off: give it more maxTokens."] : [],
        };
    }

    /// <summary>The base of the API is enough; a query, such as Azure's <c>api-version</c>, stays.</summary>
    public static Uri Completions(Uri url)
    {
        if (url.AbsolutePath.EndsWith("/chat/completions", StringComparison.Ordinal)) return url;
        return new UriBuilder(url) { Path = url.AbsolutePath.TrimEnd('/') + "/chat/completions" }.Uri;
    }

    /// <summary>The last messages that are allowed, beginning with one of the customer's.</summary>
    private static IEnumerable<JsonNode> Newest(List<JsonNode> said, int most)
    {
        var (first, characters) = (said.Count, 0);
        while (first > 0 && said.Count - first < most && (characters += ((string)said[first - 1]["content"]!).Length) <= MostCharacters) first--;
        while (first < said.Count && (string)said[first]["role"]! != "user") first++;
        return said.Skip(first);
    }

    /// <summary>Some servers answer in parts.</summary>
    private static string TextOf(JsonElement content) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString()!,
        JsonValueKind.Array => string.Concat(content.EnumerateArray().Select(part => part.Text("text"))),
        _ => "",
    };

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
