using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;
using NJsonSchema;

namespace EightByEight.Connector.Models;

/// <summary>Between our words and those of Microsoft.Extensions.AI.</summary>
internal static partial class ModelWords
{
    private const int MostFaults = 5;

    public static List<ChatMessage> MessagesOf(ModelRequest request)
    {
        var messages = new List<ChatMessage>();
        if (request.Instructions is { Length: > 0 } instructions) messages.Add(new ChatMessage(ChatRole.System, instructions));
        var told = request.Messages.ToList();
        Dialogue.Insert(told, request.Elsewhere);
        messages.AddRange(told.Select(Of));
        return messages;
    }

    public static ChatOptions OptionsOf(ModelRequest request) => new()
    {
        Temperature = (float?)request.Model.Temperature,
        MaxOutputTokens = request.Model.MaxTokens,
        StopSequences = request.Model.StopSequences.Count == 0 ? null : [.. request.Model.StopSequences],
        Tools = request.Tools.Count == 0 ? null
            : [.. request.Tools.Select(tool => AIFunctionFactory.CreateDeclaration(tool.Name, tool.Description, Element(tool.Parameters)))],
        ToolMode = request.Tools.Count == 0 ? null : request.MustAnswer ? ChatToolMode.None : ChatToolMode.Auto,
        // As its author wrote it: the library's own format makes it one that OpenAI calls strict, in which everything is required.
        RawRepresentationFactory = request.Schema is not { } schema ? null : _ => new OpenAI.Chat.ChatCompletionOptions
        {
            ResponseFormat = OpenAI.Chat.ChatResponseFormat.CreateJsonSchemaFormat("answer", BinaryData.FromString(schema.ToJsonString())),
        },
    };

    /// <summary>The answer, held against the schemas.</summary>
    public static async Task<ModelAnswer> ReadAsync(ModelRequest request, ChatResponse response, CancellationToken cancellation)
    {
        var contents = response.Messages.SelectMany(message => message.Contents).ToList();
        var calls = new List<ToolCall>();
        foreach (var call in contents.OfType<FunctionCallContent>()) calls.Add(await CalledAsync(request, call, cancellation));
        var answer = new ModelAnswer
        {
            Text = response.Text.Trim(),
            Calls = calls,
            IsCut = response.FinishReason == ChatFinishReason.Length,
            IsRefused = response.FinishReason == ChatFinishReason.ContentFilter || contents.OfType<ErrorContent>().Any(),
        };
        if (request.Schema is not { } schema || calls.Count > 0 || answer.IsRefused) return answer;
        var (value, problem) = Json(answer.Text);
        problem ??= await FaultAsync(schema, value!.ToJsonString(), cancellation);
        return problem is null ? answer with { Value = value } : answer with { Problem = problem };
    }

    private static ChatMessage Of(ModelMessage message) => message switch
    {
        { Role: ModelRole.Tool } => new ChatMessage(ChatRole.Tool, [new FunctionResultContent(message.CallId!, message.Text)]),
        { Role: ModelRole.Assistant } => new ChatMessage(ChatRole.Assistant,
        [
            .. message.Text.Length > 0 ? [new TextContent(message.Text)] : Array.Empty<AIContent>(),
            .. (message.Calls ?? []).Select(call => new FunctionCallContent(
                call.Id, call.Name, call.Arguments.ToDictionary(one => one.Key, one => (object?)one.Value?.DeepClone()))),
        ]),
        _ => new ChatMessage(ChatRole.User, message.Text),
    };

    private static async Task<ToolCall> CalledAsync(ModelRequest request, FunctionCallContent call, CancellationToken cancellation)
    {
        var arguments = new JsonObject();
        foreach (var (name, value) in call.Arguments ?? new Dictionary<string, object?>())
            arguments[name] = value is null ? null : JsonSerializer.SerializeToNode(value, AIJsonUtilities.DefaultOptions);
        var tool = request.Tools.FirstOrDefault(one => one.Name == call.Name);
        return new ToolCall
        {
            Id = call.CallId,
            Name = call.Name,
            Arguments = arguments,
            Problem = tool is null ? $"There is no tool '{call.Name}'."
                : call.Exception is not null ? "The arguments are no JSON object."
                : await FaultAsync(tool.Parameters, arguments.ToJsonString(), cancellation) is { } fault ? $"The arguments are not right: {fault}" : null,
        };
    }

    /// <summary>Some servers wrap JSON in a block of code, perhaps with words around it.</summary>
    private static (JsonNode? Value, string? Problem) Json(string text)
    {
        try
        {
            return JsonNode.Parse(text) is { } value ? (value, null) : (null, "It is null.");
        }
        catch (JsonException)
        {
            return Fenced().Match(text) is { Success: true } block ? Json(block.Groups[1].Value) : (null, "It is no JSON.");
        }
    }

    [GeneratedRegex("```[a-z0-9]*(.*)```", RegexOptions.Singleline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Fenced();

    /// <summary>What is wrong with JSON by a schema; null: nothing.</summary>
    private static async Task<string?> FaultAsync(JsonObject schema, string json, CancellationToken cancellation)
    {
        var faults = (await JsonSchema.FromJsonAsync(schema.ToJsonString(), cancellation)).Validate(json);
        return faults.Count == 0 ? null : string.Join("; ", faults.Take(MostFaults).Select(fault => $"{fault.Path?.TrimStart('#', '/')} {fault.Kind}"));
    }

    private static JsonElement Element(JsonObject json) => JsonElement.Parse(json.ToJsonString());
}
