namespace EightByEight.Connector.Flows;

/// <summary>The stored Flows, compiled once and cached.</summary>
public sealed class FlowDirectory
{
    /// <summary>The compiled Flow of that name, at most 30 s old; null when there is none.</summary>
    public ValueTask<Flow?> FindAsync(string name, CancellationToken cancellation) => throw new NotImplementedException();
}
