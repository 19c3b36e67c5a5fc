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

    /// <summary>That answer as the customer reads it; null: no answer is to be confirmed.</summary>
    public string? TentativeShort { get; init; }

    /// <summary>How many inputs the session had when the question was asked.</summary>
    public int AskedAt { get; init; }

    /// <summary>How often the loops around the step ran, by their paths; null: there are none.</summary>
    public IReadOnlyDictionary<string, int>? Passes { get; init; }

    /// <summary>How far the Flow had come when the turn paused there; null: it is over, and the next one begins to count.</summary>
    public FlowProgress? Progress { get; init; }

    /// <summary>The optional question in whose <c>then</c> the step stands; null: it stands in none.</summary>
    public FlowAside? Aside { get; init; }

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

    /// <summary>How far the Flow that called it had come when the turn paused; null: it is over.</summary>
    public FlowProgress? Progress { get; init; }

    /// <summary>Its own <c>context</c>.</summary>
    public required JsonObject Context { get; init; }
}

/// <summary>How far a Flow has come in a turn that is not over.</summary>
public sealed record FlowProgress
{
    /// <summary>How often its steps ran, by their paths.</summary>
    public required IReadOnlyDictionary<string, int> Visits { get; init; }

    /// <summary>The lists that the loops around the step go through, by their paths; null: there are none.</summary>
    public IReadOnlyDictionary<string, JsonArray>? Lists { get; init; }
}

/// <summary>What an answer by the way leads to, which runs while something else waits.</summary>
/// <param name="Step">The path of the <c>optionalQuestion</c>.</param>
/// <param name="Before">Where the session waits when it is over; null: nowhere.</param>
public sealed record FlowAside(string Step, FlowPosition? Before);
