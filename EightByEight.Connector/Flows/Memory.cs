using System.Text.Json.Nodes;

namespace EightByEight.Connector.Flows;

/// <summary>The objects of a turn by the names that expressions use.</summary>
internal enum Root
{
    Input,
    Context,
    Profile,
}

/// <summary>
/// <c>input</c>, <c>context</c> and <c>profile</c> during one turn: copies, so that the caller's stay as they were.
/// </summary>
internal sealed class Memory(FlowInput given)
{
    /// <summary>Of a name with what stands around it: <c>"name":{},</c>.</summary>
    private const int LongestMember = 64 + 6;

    /// <summary>As an escape.</summary>
    private const int BytesOfCharacter = 6;

    [ThreadStatic]
    private static SizeOf? _scale;

    public static IReadOnlyList<string> RootNames { get; } = ["input", "context", "profile"];

    /// <summary>What <c>input</c> may have; docs/flows.md explains them.</summary>
    public static IReadOnlyList<string> InputMembers { get; } =
    [
        "text", "data", "mode", "attachments", "intent", "intentScore", "intentFlow", "intentOutOfState", "nlu", "slots", "understood", "result",
        "activeQuestion", "activeOptionalQuestion", "user", "userId", "sessionId", "session", "execution", "conversationId", "inputId", "receivedAt",
        "channel", "endpointType", "flowName", "localeId", "language", "URLToken", "currentTime", "state", "handover", "transcript", "completedGoals",
        "agent", "ask", "arguments", "translation",
    ];

    private readonly int[] _versions = new int[RootNames.Count];
    private JsonObject? _input;

    /// <summary>The context's size, or more; negative: not measured.</summary>
    private int _size = -1;

    /// <summary>Called when a value was stored, which is one change of the object's version.</summary>
    public Action<MemoryPath, ScriptValue>? Stored { get; set; }

    public JsonObject Context { get; private set; } = Copy(given.Context);

    public JsonObject Profile { get; } = Copy(given.Profile);

    /// <summary>Grows with each change of that object, so that the sandbox knows when its copy is old.</summary>
    public int Version(Root root) => _versions[(int)root];

    public JsonObject this[Root root] => root switch
    {
        Root.Context => Context,
        Root.Profile => Profile,
        _ => _input ?? given.Input,
    };

    /// <summary>Another Flow begins to run, or goes on: this is its context.</summary>
    public void Use(JsonObject context)
    {
        Context = context;
        _size = -1;
        _versions[(int)Root.Context]++;
    }

    /// <summary>Stores a value, making the objects on the way to it; <c>undefined</c> removes what was there.</summary>
    public void Store(MemoryPath path, ScriptValue value)
    {
        var holder = path.Root == Root.Context ? Context : Profile;
        for (var i = 0; i < path.Members.Count - 1; i++)
        {
            var name = path.Members[i];
            if (!holder.TryGetPropertyValue(name, out var inner) || inner is null) holder[name] = inner = new JsonObject();
            holder = inner as JsonObject ?? throw new StepException(
                $"'{path}' cannot be stored: '{path.Upto(i)}' is there already and is not an object.");
        }

        if (value.IsUndefined) holder.Remove(path.Members[^1]);
        else holder[path.Members[^1]] = value.Json;
        _versions[(int)path.Root]++;
        Stored?.Invoke(path, value);
        if (path.Root == Root.Context && !value.IsUndefined) Weigh(path, value.Json);
    }

    /// <summary>What is stored there; null when nothing is.</summary>
    public JsonNode? Find(MemoryPath path)
    {
        JsonNode? node = this[path.Root];
        foreach (var name in path.Members)
            if (node is not JsonObject holder || !holder.TryGetPropertyValue(name, out node)) return null;
        return node;
    }

    /// <summary>Sets <c>input.result</c>: the answer to a question.</summary>
    public void SetResult(JsonNode? result) => SetInput("result", result);

    /// <summary>Sets a member of <c>input</c>.</summary>
    public void SetInput(string name, JsonNode? value)
    {
        _input ??= Copy(given.Input);
        _input[name] = value;
        _versions[(int)Root.Input]++;
    }

    /// <summary>Refuses a context that became too large. It is measured only when what was stored since may have made it so.</summary>
    private void Weigh(MemoryPath path, JsonNode? value)
    {
        var most = given.Limits.ContextBytes;
        if (_size >= 0) _size += AtMost(value) + (path.Members.Count * LongestMember);
        if (_size >= 0 && _size <= most) return;
        _size = Size(Context);
        if (_size > most) throw new StepException(
            $"'context' is larger than {most} bytes with what '{path}' gets. Keep less in it: set what is not needed any more to undefined.");
    }

    /// <summary>In bytes of JSON, or more: texts are not looked at.</summary>
    private static int AtMost(JsonNode? value) => value is not JsonValue scalar ? Size(value)
        : scalar.TryGetValue<string>(out var text) ? (Math.Min(text.Length, 10_000_000) * BytesOfCharacter) + 2 : 32;

    /// <summary>In bytes of JSON.</summary>
    public static int Size(JsonNode? node) => node is null ? 4 : (_scale ??= new()).Of(node);

    public static JsonObject Copy(JsonObject original) => (JsonObject)original.DeepClone();
}

/// <summary>Measures JSON without keeping it.</summary>
internal sealed class SizeOf : System.Buffers.IBufferWriter<byte>
{
    private byte[] _page = new byte[4096];
    private int _size;

    public int Of(JsonNode node)
    {
        _size = 0;
        using (var writer = new System.Text.Json.Utf8JsonWriter(this)) node.WriteTo(writer);
        return _size;
    }

    public void Advance(int count) => _size += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (sizeHint > _page.Length) _page = new byte[sizeHint];
        return _page;
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}

/// <summary>A place in the memory such as <c>context.order.id</c>.</summary>
internal sealed record MemoryPath(Root Root, IReadOnlyList<string> Members)
{
    public string Upto(int member) => $"{Memory.RootNames[(int)Root]}.{string.Join('.', Members.Take(member + 1))}";

    public override string ToString() => Upto(Members.Count - 1);
}

/// <summary>A value as JSON; JSON has no <c>undefined</c>, so it is told apart from null here.</summary>
internal readonly record struct ScriptValue(JsonNode? Json, bool IsUndefined = false)
{
    public static ScriptValue Undefined { get; } = new(null, true);
}
