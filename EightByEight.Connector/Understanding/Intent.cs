using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Flows.Steps;

namespace EightByEight.Connector.Understanding;

/// <summary>Something that customers want, as a Flow's author names it.</summary>
/// <param name="Name">As documents and analytics name it.</param>
/// <param name="Examples">How customers say it, by locale; the locale null is for all.</param>
internal sealed record Intent(string Name, IReadOnlyList<(string? Locale, IReadOnlyList<string> Texts)> Examples)
{
    /// <summary>How customers read it; null: as its name.</summary>
    public Template? Title { get; init; }

    /// <summary>What answers it; null: the Flow's start.</summary>
    public Step? Reaction { get; init; }

    /// <summary>The states in which it counts; null: in all.</summary>
    public IReadOnlySet<string>? States { get; init; }

    /// <summary>The states in which it does not count.</summary>
    public IReadOnlySet<string> ExceptStates { get; init; } = new HashSet<string>();

    public bool CountsIn(string? state) =>
        (States is null || (state is not null && States.Contains(state))) && (state is null || !ExceptStates.Contains(state));
}
