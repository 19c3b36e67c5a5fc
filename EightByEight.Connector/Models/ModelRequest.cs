using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Models;

/// <summary>What a language model is asked: it remembers nothing, so all that was said goes along.</summary>
internal sealed record ModelRequest(ModelSettings Model) : FlowRequest
{
    /// <summary>What it is told before everything else; null: nothing.</summary>
    public string? Instructions { get; init; }

    public required IReadOnlyList<ModelMessage> Messages { get; init; }

    /// <summary>What was said in the conversation and not to this model, which stands before the last message of the customer; empty: nothing.</summary>
    public IReadOnlyList<ModelMessage> Elsewhere { get; init; } = [];

    /// <summary>What of that is to be looked up; null: nothing.</summary>
    public ElsewhereSaid? Wanted { get; init; }

    /// <summary>What it may call.</summary>
    public IReadOnlyList<ToolDescription> Tools { get; init; } = [];

    /// <summary>Whether it has to answer now, and calls nothing.</summary>
    public bool MustAnswer { get; init; }

    /// <summary>The same when it is asked again after a crash, and of no other answer.</summary>
    public string Id { get; init; } = "";

    /// <summary>Whether the answer may come in pieces, while the model still writes it.</summary>
    public bool MayStream { get; init; }

    /// <summary>The <see cref="Id"/> of the request whose answer comes in pieces, of which some came; null: it is asked for now.</summary>
    public string? Continues { get; init; }

    /// <summary>How many characters of the answer came.</summary>
    public int Told { get; init; }

    /// <summary>Whether the rest is to come in one piece.</summary>
    public bool InOnePiece { get; init; }

    /// <summary>The JSON schema of its answer; null: it answers with a text.</summary>
    public JsonObject? Schema { get; init; }
}

/// <summary>A language model behind a chat endpoint as OpenAI's, as a Flow names it.</summary>
/// <param name="Url">The base of the API, or the whole URL of its chat completions.</param>
/// <param name="Name">What its server calls it.</param>
internal sealed record ModelSettings(Uri Url, string Name)
{
    /// <summary>The longest time in which an answer may come, in seconds: below the lease of a conversation.</summary>
    public const int LongestTimeout = 40;

    /// <summary>The connection that holds its credentials; null: it wants none.</summary>
    public string? Connection { get; init; }

    /// <summary>How freely it answers, 0 to 2; null: as it does by itself.</summary>
    public double? Temperature { get; init; }

    /// <summary>How long an answer may be, in tokens; null: as it does by itself.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Texts at which it stops.</summary>
    public IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>How long an answer may take, in seconds; its attempts together.</summary>
    public int TimeoutSeconds { get; init; } = 30;

    /// <summary>The model without what its URL may hold in secrets.</summary>
    public string Label => $"The model '{Name}' at {Url.Authority}";
}

/// <summary>What was said in a session and not to a model.</summary>
/// <param name="Session">The session.</param>
/// <param name="After">The last input that the model was told; null: it was told none.</param>
/// <param name="Input">The input that it is told now.</param>
/// <param name="Tokens">How much of it, in tokens.</param>
internal sealed record ElsewhereSaid(string Session, string? After, string Input, int Tokens);

/// <summary>Something that a model may call.</summary>
/// <param name="Name">Of letters, digits, <c>_</c> and <c>-</c>.</param>
/// <param name="Description">When to call it, for the model.</param>
/// <param name="Parameters">The JSON schema of what it is called with.</param>
internal sealed record ToolDescription(string Name, string Description, JsonObject Parameters);

/// <summary>A message of the conversation with a model.</summary>
internal sealed record ModelMessage
{
    public ModelRole Role { get; set; }

    public string Text { get; set; } = "";

    /// <summary>What the model calls along with the text; null: nothing.</summary>
    public IReadOnlyList<ToolCall>? Calls { get; set; }

    /// <summary>The call of which this is the result; null: it is none.</summary>
    public string? CallId { get; set; }
}

/// <summary>Who says something.</summary>
internal enum ModelRole
{
    User,
    Assistant,
    Tool,
}

/// <summary>A model calls a tool.</summary>
internal sealed record ToolCall
{
    public string Id { get; set; } = "";

    public string Name { get; set; } = "";

    public JsonObject Arguments { get; set; } = [];

    /// <summary>Why it cannot be done, for the model; null: it can.</summary>
    public string? Problem { get; set; }
}

/// <summary>What a language model answers.</summary>
internal sealed record ModelAnswer : FlowAnswer
{
    public ModelAnswer() : base(Value: null) { }

    public string Text { get; init; } = "";

    public IReadOnlyList<ToolCall> Calls { get; init; } = [];

    /// <summary>What it was told of what was said elsewhere: it is kept, so that it is told again.</summary>
    public IReadOnlyList<ModelMessage> Elsewhere { get; init; } = [];

    /// <summary>Of an answer in pieces, of which the text is the next: by what the ones after it are had; null: this is the last.</summary>
    public string? Continues { get; init; }

    /// <summary>Why an answer in pieces ends before its end; null: it does not.</summary>
    public string? Broken { get; init; }

    /// <summary>Where a schema was asked for, why the answer is not of it, for the model; null: it is, and in <c>Value</c>.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether it, or a filter on its way, refuses to answer.</summary>
    public bool IsRefused { get; init; }

    /// <summary>An answer that is no model's: a text, the JSON of a schema, or <c>text</c>, <c>calls</c> and <c>refused</c>.</summary>
    public static ModelAnswer Of(JsonNode? given, bool isStructured)
    {
        if (given is JsonObject whole && whole.Any(member => member.Key is "text" or "calls" or "refused"))
            return new ModelAnswer
            {
                Text = (string?)whole["text"] ?? "",
                IsRefused = (bool?)whole["refused"] == true,
                Calls = [.. (whole["calls"] as JsonArray ?? []).Index().Select(call => new ToolCall
                {
                    Id = $"call-{call.Index}",
                    Name = (string?)call.Item?["name"] ?? "",
                    Arguments = (JsonObject?)call.Item?["arguments"]?.DeepClone() ?? [],
                })],
            };
        var text = given is JsonValue value && value.TryGetValue<string>(out var said) ? said : given?.ToJsonString() ?? "";
        return new ModelAnswer { Text = text, Value = isStructured ? given?.DeepClone() : null };
    }

    /// <summary>Whether it is cut off, by <see cref="ModelSettings.MaxTokens"/> or the model's own limit.</summary>
    public bool IsCut { get; init; }
}
