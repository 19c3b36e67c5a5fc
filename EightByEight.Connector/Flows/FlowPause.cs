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

    /// <summary>How many steps the turn has run so far.</summary>
    public required int Steps { get; init; }
}
