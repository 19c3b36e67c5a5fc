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
    public static IReadOnlyList<string> RootNames { get; } = ["input", "context", "profile"];

    private readonly int[] _versions = new int[RootNames.Count];
    private JsonObject? _input;

    public JsonObject Context { get; } = Copy(given.Context);

    public JsonObject Profile { get; } = Copy(given.Profile);

    /// <summary>Grows with each change of that object, so that the sandbox knows when its copy is old.</summary>
    public int Version(Root root) => _versions[(int)root];

    public JsonObject this[Root root] => root switch
    {
        Root.Context => Context,
        Root.Profile => Profile,
        _ => _input ?? given.Input,
    };

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
    }

    /// <summary>Sets <c>input.result</c>: the answer to a question.</summary>
    public void SetResult(JsonNode? result)
    {
        _input ??= Copy(given.Input);
        _input["result"] = result;
        _versions[(int)Root.Input]++;
    }

    public static JsonObject Copy(JsonObject original) => (JsonObject)original.DeepClone();
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
