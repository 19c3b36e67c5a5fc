namespace EightByEight.Connector.Flows;

/// <summary>
/// Where a session waits inside a Flow. Stored with the session as JSON, so it survives new versions of the Flow.
/// </summary>
public sealed record FlowPosition
{
    /// <summary>The path of the step that waits, such as <c>start/1</c>.</summary>
    public required string Step { get; init; }

    /// <summary>How many answers to the waiting question were not valid.</summary>
    public int Reprompts { get; init; }

    /// <summary>Whether nothing waits there: the turn paused before that step, and goes on with it.</summary>
    public bool GoesOn { get; init; }
}
