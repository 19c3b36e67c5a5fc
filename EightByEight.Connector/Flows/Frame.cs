using System.Text.Json.Nodes;
using EightByEight.Connector.Flows.Steps;

namespace EightByEight.Connector.Flows;

/// <summary>A Flow that runs within a turn: the Endpoint's, or one that was called.</summary>
/// <param name="flow">Which one.</param>
/// <param name="context">What it sees as <c>context</c>.</param>
/// <param name="caller">The Flow that called it; null: none did.</param>
/// <param name="call">The step there.</param>
internal sealed class Frame(Flow flow, JsonObject context, Frame? caller = null, ICaller? call = null)
{
    private readonly byte[] _visits = new byte[flow.Size];
    private Dictionary<string, int>? _passes;

    public Flow Flow => flow;

    public JsonObject Context => context;

    public Frame? Caller => caller;

    public ICaller? Call => call;

    public int Depth { get; } = caller is null ? 0 : caller.Depth + 1;

    /// <summary>What it returns; undefined until a <c>return</c> says it.</summary>
    public ScriptValue Result { get; set; } = ScriptValue.Undefined;

    /// <summary>The lists that loops go through, by the path of the loop.</summary>
    public Dictionary<string, JsonArray>? Lists { get; set; }

    /// <summary>How often the step ran in this turn, this time counted.</summary>
    public int Visit(Step step) => ++_visits[step.Number];

    /// <summary>A loop begins a pass: what lies in it counts anew.</summary>
    public void Forget(Range steps) => Array.Clear(_visits, steps.Start.Value, steps.End.Value - steps.Start.Value);

    /// <summary>A number that a step keeps while something runs inside of it, such as the pass of a loop; 0 where it keeps none.</summary>
    public int this[Step step]
    {
        get => _passes is not null && _passes.TryGetValue(step.Path, out var pass) ? pass : 0;
        set => (_passes ??= [])[step.Path] = value;
    }

    /// <summary>The numbers of the steps around a path.</summary>
    public IReadOnlyDictionary<string, int>? Around(string path)
    {
        if (_passes is null) return null;
        var around = _passes.Where(pass => IsIn(path, pass.Key)).ToDictionary();
        return around.Count == 0 ? null : around;
    }

    /// <summary>What a later part of the turn has to know of it, which goes on at a path.</summary>
    public FlowProgress ProgressAt(string path)
    {
        var lists = ListsAround(path).ToDictionary();
        return new() { Visits = flow.Visited(_visits), Lists = lists.Count > 0 ? lists : null };
    }

    /// <summary>The lists that loops around a path go through.</summary>
    public IEnumerable<KeyValuePair<string, JsonArray>> ListsAround(string path) => Lists?.Where(list => IsIn(path, list.Key)) ?? [];

    /// <summary>A loop begins to go through a list: those that lie in it were of other passes.</summary>
    public void Keep(string path, JsonArray list)
    {
        Lists ??= [];
        foreach (var inner in Lists.Keys.Where(other => IsIn(other, path)).ToList()) Lists.Remove(inner);
        Lists[path] = list;
    }

    /// <param name="passes">The numbers of the steps around the place where it goes on.</param>
    /// <param name="progress">What earlier parts of the turn did; null: it begins.</param>
    public void Restore(IReadOnlyDictionary<string, int>? passes, FlowProgress? progress)
    {
        _passes = passes is null ? null : new(passes);
        Lists = progress?.Lists is null ? null : new(progress.Lists);
        foreach (var (path, count) in progress?.Visits ?? new Dictionary<string, int>())
            if (flow.Find(path) is { } step) _visits[step.Number] = (byte)Math.Clamp(count, 0, byte.MaxValue - 1);
    }

    private static bool IsIn(string path, string outer) =>
        path.Length > outer.Length && path[outer.Length] == '/' && path.StartsWith(outer, StringComparison.Ordinal);
}
