using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace EightByEight.Connector.Models;

/// <summary>What is kept of the conversation with a model between its answers. It is stored with the session.</summary>
internal sealed record Dialogue
{
    /// <summary>For the names of who speaks and the like.</summary>
    private const int TokensOfMessage = 4;

    private const int BytesOfToken = 4;

    /// <summary>The most of a tool's result that the model is told, in characters.</summary>
    private const int LongestResult = 16_000;

    public List<ModelMessage> Messages { get; set; } = [];

    /// <summary>The input that is answered now; null: the last one is.</summary>
    public string? Input { get; set; }

    /// <summary>The input that was answered last; null: none was.</summary>
    public string? Last { get; set; }

    /// <summary>How often the model called something since that input.</summary>
    public int Rounds { get; set; }

    /// <summary>How often its answer had to be given again since that input.</summary>
    public int Repairs { get; set; }

    /// <summary>How many inputs were answered since the model has the customer.</summary>
    public int Inputs { get; set; }

    /// <summary>By what the rest of an answer is had that comes in pieces; null: none does.</summary>
    public string? Stream { get; set; }

    /// <summary>What came of it.</summary>
    public string Streamed { get; set; } = "";

    /// <summary>In how many pieces.</summary>
    public int Pieces { get; set; }

    /// <summary>What the model called and was not begun, in order.</summary>
    public List<ToolCall> Open { get; set; } = [];

    /// <summary>The call that was begun and has not returned.</summary>
    public ToolCall? Running { get; set; }

    public static Dialogue Read(JsonObject? stored) => stored is null ? new() : stored.Deserialize(DialogueJson.Default.Dialogue)!;

    public JsonObject ToJson() => (JsonObject)JsonSerializer.SerializeToNode(this, DialogueJson.Default.Dialogue)!;

    /// <summary>The customer says something: what was not finished is not finished any more.</summary>
    public void Begin(string input, string text, int tokens)
    {
        Last = Input ?? Last;
        Leave();
        // The turn in which the rest was to come failed.
        if (Whole("") is { Length: > 0 } said) Messages.Add(new ModelMessage { Role = ModelRole.Assistant, Text = said });
        foreach (var call in Open) Answer(call.Id, "It was not done: the customer said something else.");
        Trim(tokens);
        Messages.Add(new ModelMessage { Role = ModelRole.User, Text = text });
        (Input, Rounds, Repairs, Open) = (input, 0, 0, []);
    }

    /// <summary>The result of a call.</summary>
    public void Answer(string callId, string result) => Messages.Add(new ModelMessage
    {
        Role = ModelRole.Tool,
        CallId = callId,
        Text = result.Length <= LongestResult ? result : result[..LongestResult] + "…",
    });

    /// <summary>A piece of the answer came, and more does.</summary>
    public void Take(string piece, string stream)
    {
        (Stream, Streamed) = (stream, Streamed + piece);
        Pieces++;
    }

    /// <summary>The whole answer, once its last piece came.</summary>
    public string Whole(string last)
    {
        var whole = Streamed + last;
        (Stream, Streamed, Pieces) = (null, "", 0);
        return whole.Trim();
    }

    /// <summary>What was begun did not come back.</summary>
    public void Leave()
    {
        if (Running is { } left) Answer(left.Id, "It did not return.");
        Running = null;
    }

    /// <summary>The input is answered.</summary>
    public void Close(int tokens)
    {
        Inputs++;
        (Last, Input) = (Input ?? Last, null);
        Trim(tokens);
    }

    /// <summary>How many tokens of the history are left for what was said elsewhere.</summary>
    public int Left(int tokens) => Math.Max(0, tokens - Messages.Sum(Tokens) + (Messages.Count > 0 ? Tokens(Messages[^1]) : 0));

    /// <summary>Puts what was said elsewhere before the last message of the customer.</summary>
    public static void Insert(List<ModelMessage> messages, IReadOnlyList<ModelMessage> elsewhere)
    {
        if (elsewhere.Count > 0) messages.InsertRange(messages.FindLastIndex(message => message.Role == ModelRole.User), elsewhere);
    }

    /// <summary>The newest that fit, in their order.</summary>
    public static IReadOnlyList<ModelMessage> Newest(IReadOnlyList<ModelMessage> messages, int tokens)
    {
        var (first, sum) = (messages.Count, 0);
        while (first > 0 && (sum += Tokens(messages[first - 1])) <= tokens) first--;
        return [.. messages.Skip(first)];
    }

    /// <summary>Keeps the newest messages that fit; no result without its call.</summary>
    private void Trim(int tokens)
    {
        var first = Messages.Count - Newest(Messages, tokens).Count;
        while (first < Messages.Count && Messages[first].Role == ModelRole.Tool) first++;
        Messages.RemoveRange(0, first);
    }

    /// <summary>An estimate that holds for most languages and models: four bytes of UTF-8 are a token.</summary>
    private static int Tokens(ModelMessage message) => TokensOfMessage
        + ((Encoding.UTF8.GetByteCount(message.Text) + (message.Calls?.Sum(call => call.Name.Length + Encoding.UTF8.GetByteCount(call.Arguments.ToJsonString())) ?? 0)
            + BytesOfToken - 1) / BytesOfToken);
}

/// <summary>Dialogues as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Dialogue))]
internal sealed partial class DialogueJson : JsonSerializerContext;
