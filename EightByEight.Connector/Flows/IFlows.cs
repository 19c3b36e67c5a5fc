namespace EightByEight.Connector.Flows;

/// <summary>Where Flows are found: stored ones, or those of files that are rehearsed.</summary>
internal interface IFlows
{
    /// <summary>The newest version of a Flow, with all that it calls; null when there is none.</summary>
    ValueTask<Flow?> FindAsync(string name, CancellationToken cancellation);

    /// <summary>That version of it; null when there is none.</summary>
    ValueTask<Flow?> FindAsync(string name, int version, CancellationToken cancellation);
}
