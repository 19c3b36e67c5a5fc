using System.Collections.Concurrent;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Flows;

/// <summary>The stored Flows, compiled once and cached.</summary>
public sealed class FlowDirectory : IFlows
{
    private const int Capacity = 1000;
    private readonly FlowStore _store;
    private readonly CompileFlow _compile;
    private readonly RecentlyRead<Flow> _recent;
    private readonly ConcurrentDictionary<string, Compiled> _compiled = new();

    internal FlowDirectory(FlowStore store, CompileFlow compile, TimeProvider time)
    {
        (_store, _compile) = (store, compile);
        _recent = new(time, present: TimeSpan.FromSeconds(30), absent: TimeSpan.FromSeconds(2), Capacity);
    }

    /// <summary>The compiled Flow of that name, at most 30 s old; null when there is none.</summary>
    /// <exception cref="Azure.RequestFailedException">Storage cannot be read.</exception>
    /// <exception cref="FlowFormatException">It was stored by a version of this product that understood it.</exception>
    public async ValueTask<Flow?> FindAsync(string name, CancellationToken cancellation)
    {
        var flow = await _recent.GetAsync(name, () => ReadAsync(name), cancellation);
        return flow is { Calls.Count: > 0 } ? await WithCalledAsync(flow, cancellation) : flow;
    }

    /// <summary>That version of a Flow; null when there is none.</summary>
    /// <exception cref="Azure.RequestFailedException">Storage cannot be read.</exception>
    /// <exception cref="FlowFormatException">It was stored by a version of this product that understood it.</exception>
    public async ValueTask<Flow?> FindAsync(string name, int version, CancellationToken cancellation)
    {
        var flow = await _recent.GetAsync(Key(name, version), () => ReadAsync(name, version), cancellation);
        return flow is { Calls.Count: > 0 } ? await WithCalledAsync(flow, cancellation) : flow;
    }

    /// <summary>The next look-up reads the Flow from storage.</summary>
    internal void Drop(string name) => _recent.Drop(name);

    /// <summary>The next look-ups read all Flows from storage.</summary>
    internal void DropAll() => _recent.Clear();

    /// <summary>A Flow that can call what it names, and those what they name. What is not stored is missed when it is called.</summary>
    private async ValueTask<Flow> WithCalledAsync(Flow flow, CancellationToken cancellation)
    {
        var called = new Dictionary<string, Flow>();
        var open = new Stack<string>(flow.Calls);
        while (open.TryPop(out var name))
        {
            if (name == flow.Name || called.ContainsKey(name) || await _recent.GetAsync(name, () => ReadAsync(name), cancellation) is not { } found) continue;
            called[name] = found;
            foreach (var next in found.Calls) open.Push(next);
        }

        return flow.With(called);
    }

    /// <inheritdoc cref="Drop(string)"/>
    internal void Drop(string name, int version) => _recent.Drop(Key(name, version));

    private static string Key(string name, int version) => $"{name}~{version}";

    private async Task<Flow?> ReadAsync(string name, int version)
    {
        var key = Key(name, version);
        // A version never changes, but it may be gone.
        if (_compiled.TryGetValue(key, out var known) && await _store.HasVersionAsync(name, version, CancellationToken.None)) return known.Flow;
        if (await _store.ReadVersionAsync(name, version, CancellationToken.None) is not var (stored, document)) return null;
        return await KeepAsync(key, stored, document);
    }

    private async Task<Flow?> ReadAsync(string name)
    {
        if (_compiled.TryGetValue(name, out var known)
            && await _store.GetAsync(name, CancellationToken.None) is { } unchanged && unchanged.Version == known.Version)
            return known.Flow;
        if (await _store.ReadAsync(name, CancellationToken.None) is not var (stored, document))
        {
            _compiled.TryRemove(name, out _);
            return null;
        }

        return await KeepAsync(name, stored, document);
    }

    private async Task<Flow> KeepAsync(string key, StoredFlow stored, string document)
    {
        var flow = _compile(document, isStored: true);
        // Here, so that it happens once, and no thread that runs a turn waits for it.
        if (flow.Listener is { HasExamples: true } listener) await Task.Run(listener.Train);
        flow.Version = stored.Number;
        if (_compiled.Count >= Capacity) _compiled.Clear();
        _compiled[key] = new(stored.Version, flow);
        return flow;
    }

    private sealed record Compiled(long Version, Flow Flow);
}
