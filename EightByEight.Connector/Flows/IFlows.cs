namespace EightByEight.Connector.Flows;

/// <summary>Where Flows are found: stored ones, or those of files that are rehearsed.</summary>
internal interface IFlows
{
    /// <summary>The newest version of a Flow, with all that it calls; null when there is none.</summary>
    ValueTask<Flow?> FindAsync(string name, CancellationToken cancellation);

    /// <summary>That version of it; null when there is none.</summary>
    ValueTask<Flow?> FindAsync(string name, int version, CancellationToken cancellation);

    /// <summary>The version to which an Endpoint is bound; else, and where that was deleted, the newest; null: there is none.</summary>
    async ValueTask<Flow?> CurrentAsync(string name, int? version, CancellationToken cancellation) =>
        (version is { } bound ? await FindAsync(name, bound, cancellation) : null) ?? await FindAsync(name, cancellation);
}
