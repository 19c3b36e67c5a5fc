using System.Text.Json.Nodes;
using EightByEight.Connector.Models;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>How a document names a language model, and the JSON that it wants of it.</summary>
internal static class ModelSource
{
    /// <summary>The members that <see cref="Read"/> reads.</summary>
    public static readonly string[] Members = ["url", "model", "connection", "temperature", "maxTokens", "stopSequences", "timeoutSeconds"];

    /// <summary>The model; null where its name or place is missing or wrong.</summary>
    public static ModelSettings? Read(StepSource source, MapNode map)
    {
        if (source.Require(map, "url", "url: https://api.openai.com/v1") is not { } at
            || source.Require(map, "model", "model: gpt-4o-mini") is not { } name) return null;
        if (source.Url(at, "url") is not { } url || source.Compiler.PlainText(name, "model") is not { } model) return null;
        return new ModelSettings(url, model)
        {
            Connection = map.Find("connection") is { } connection ? source.Compiler.Connected(connection) : null,
            Temperature = source.Number(map, "temperature", 2),
            MaxTokens = source.Whole(map, "maxTokens", 1, 100_000),
            StopSequences = Texts(source, map, "stopSequences", 4),
            TimeoutSeconds = source.Whole(map, "timeoutSeconds", 1, ModelSettings.LongestTimeout) ?? 30,
        };
    }

    /// <summary>A JSON schema, which holds no place elsewhere.</summary>
    /// <param name="isObject">Whether it has to be one of an object.</param>
    public static JsonObject? Schema(StepSource source, DocumentNode node, string member, bool isObject = true)
    {
        if (node is MapNode map && JsonTemplate.Parse(source.Compiler, map, member).Constant is JsonObject schema)
        {
            if (!LeadsAway(schema) && (!isObject || (string?)(schema["type"] as JsonValue) == "object")) return schema;
            source.Problems.Report(node, $"'{member}' is a JSON schema{(isObject ? " with 'type: object'" : "")}, and a '$ref' in it begins with '#'.");
            return null;
        }

        source.Problems.Report(node, $"'{member}' is a JSON schema, an object without {{{{ }}}}, such as {{ type: object, properties: {{ order: {{ type: string }} }} }}.");
        return null;
    }

    private static bool LeadsAway(JsonNode? node) => node switch
    {
        JsonObject map => map.Any(member => (member.Key == "$ref" && !((member.Value as JsonValue)?.ToString().StartsWith('#') ?? true)) || LeadsAway(member.Value)),
        JsonArray list => list.Any(LeadsAway),
        _ => false,
    };

    private static IReadOnlyList<string> Texts(StepSource source, MapNode map, string member, int most)
    {
        if (map.Find(member) is not { } node) return [];
        if (node is ListNode list && list.Items.Count <= most && list.Items.All(item => item is ScalarNode { IsNull: false }))
            return [.. list.Items.Select(item => ((ScalarNode)item).Text)];
        source.Problems.Report(node, $"'{member}' is a list of at most {most} texts.");
        return [];
    }
}
