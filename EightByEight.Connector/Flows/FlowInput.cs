using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Understanding;

namespace EightByEight.Connector.Flows;

/// <summary>One input and the memory that the Flow has of the session.</summary>
public sealed record FlowInput
{
    /// <summary>
    /// The object that the Flow sees as <c>input</c>: <c>text</c>, <c>data</c>, <c>user</c>, ids and so on.
    /// </summary>
    public required JsonObject Input { get; init; }

    /// <summary>The object that the Flow sees as <c>context</c>: lives as long as the session.</summary>
    public required JsonObject Context { get; init; }

    /// <summary>The object that the Flow sees as <c>profile</c>: what is known of the customer.</summary>
    public required JsonObject Profile { get; init; }

    /// <summary>Where the session waits; null: at the start.</summary>
    public FlowPosition? Position { get; init; }

    /// <summary>What the virtual agent at which the session waits said without being asked; null: nothing.</summary>
    internal AgentAnswer? Said { get; init; }

    /// <summary>Whether a customer can be taken back from a queue, so that calling a handover off means something.</summary>
    public bool CanReturn { get; init; } = true;

    /// <summary>What the turn's transcript keeps to itself, whatever the Flow says; null: nothing.</summary>
    internal Hidden? Hides { get; init; }

    /// <summary>The turn paused, and this is the rest of it; null: it begins.</summary>
    public FlowPause? Rest { get; init; }

    /// <summary>The event's id: what is random in the turn comes from it.</summary>
    public string Id { get; init; } = "";

    /// <summary>When the event was received: the clock of the turn.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>The Endpoint's locale; null: none.</summary>
    public string? Locale { get; init; }

    /// <summary>What understands; null: as the Flow says.</summary>
    public NluSettings? Nlu { get; init; }

    /// <summary>What the engine remembers of the session.</summary>
    public FlowMarks Marks { get; init; } = new();

    /// <summary>What the turn may do.</summary>
    public FlowLimits Limits { get; init; } = new();
}
