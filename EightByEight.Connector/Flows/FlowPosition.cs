using System.Text.Json.Nodes;

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

    /// <summary>The answer that the customer is asked to confirm; null: none.</summary>
    public JsonNode? Tentative { get; init; }

    /// <summary>How many inputs the session had when the question was asked.</summary>
    public int AskedAt { get; init; }

    /// <summary>How often the loops around the step ran, by their paths; null: there are none.</summary>
    public IReadOnlyDictionary<string, int>? Passes { get; init; }

    /// <summary>The Flows that were called, from the Endpoint's to the one in which the step stands; null: it is the Endpoint's.</summary>
    public IReadOnlyList<CalledFlow>? Calls { get; init; }
}

/// <summary>A Flow that was called and has not returned.</summary>
public sealed record CalledFlow
{
    /// <summary>Its name.</summary>
    public required string Flow { get; init; }

    /// <summary>The version that was called; null, as earlier versions of this product stored it: the newest.</summary>
    public int? Version { get; init; }

    /// <summary>The path of the <c>call</c>, in the Flow that called.</summary>
    public required string Step { get; init; }

    /// <summary>How often the loops around the <c>call</c> ran.</summary>
    public IReadOnlyDictionary<string, int>? Passes { get; init; }

    /// <summary>Its own <c>context</c>.</summary>
    public required JsonObject Context { get; init; }
}
