using System.Collections.Concurrent;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Flows;

/// <summary>The stored Flows, compiled once and cached.</summary>
public sealed class FlowDirectory
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
    public ValueTask<Flow?> FindAsync(string name, CancellationToken cancellation) =>
        _recent.GetAsync(name, () => ReadAsync(name), cancellation);

    /// <summary>The next look-up reads the Flow from storage.</summary>
    internal void Drop(string name) => _recent.Drop(name);

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

        var flow = _compile(document);
        if (_compiled.Count >= Capacity) _compiled.Clear();
        _compiled[name] = new(stored.Version, flow);
        return flow;
    }

    private sealed record Compiled(long Version, Flow Flow);
}
