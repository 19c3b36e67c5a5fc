using System.Text.Json.Nodes;

namespace EightByEight.Connector.Flows;

/// <summary>
/// A turn that is not over: what it said and stored so far is committed, and the rest runs as a part of its own. It pauses after what
/// must not be done twice, and where a step lets time pass.
/// </summary>
public sealed record FlowPause
{
    /// <summary>The step that comes next.</summary>
    public required FlowPosition At { get; init; }

    /// <summary>How long it rests; zero: until it is committed.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The input as the Flow sees it by now.</summary>
    public required JsonObject Input { get; init; }

    /// <summary>How much of its limits the turn has used up so far.</summary>
    public required FlowUse Used { get; init; }
}

/// <summary>How much of its limits a turn has used up.</summary>
public sealed record FlowUse
{
    /// <summary>Nothing.</summary>
    public static readonly FlowUse None = new();

    /// <summary>Steps that it ran.</summary>
    public int Steps { get; init; }

    /// <summary>Things that it said.</summary>
    public int Outputs { get; init; }

    /// <summary>Their size, in characters.</summary>
    public int OutputCharacters { get; init; }

    /// <summary>Lines that it wrote to the Endpoint's log.</summary>
    public int Lines { get; init; }

    /// <summary>Their size, in characters.</summary>
    public int LineCharacters { get; init; }

    /// <summary>The names of the values of its own that it told analytics; null: none.</summary>
    public IReadOnlyList<string>? Custom { get; init; }
}
