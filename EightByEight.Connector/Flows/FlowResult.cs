using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Handover;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Flows;

/// <summary>What came of one input.</summary>
public sealed record FlowResult
{
    /// <summary>What the Flow said, in order. After a failure: what it said before, then its error text.</summary>
    public required IReadOnlyList<Output> Outputs { get; init; }

    /// <summary>
    /// The context afterwards; after a failure, as it was before. Always a copy: change and keep it freely.
    /// </summary>
    public required JsonObject Context { get; init; }

    /// <summary>The profile afterwards; after a failure, as it was before. Always a copy.</summary>
    public required JsonObject Profile { get; init; }

    /// <summary>What the engine remembers afterwards; after a failure, as it was before.</summary>
    public FlowMarks Marks { get; init; } = new();

    /// <summary>Where the session waits now; null: the next input runs the Flow from its start.</summary>
    public FlowPosition? Position { get; init; }

    /// <summary>The rest of the turn, when it comes later; null: the turn is over. <see cref="Position"/> then is as it was before.</summary>
    public FlowPause? Pause { get; init; }

    /// <summary>Why the Flow failed, for the operator; null when it did not.</summary>
    public FlowFailure? Failure { get; init; }

    /// <summary>The handover that the Flow asks for, after what it said; null: none.</summary>
    public HandoverRequest? Handover { get; init; }

    /// <summary>Whether the Flow closes the conversation, after what it said.</summary>
    public bool EndsConversation { get; init; }

    /// <summary>Whether the handover that waits is called off, after what it said.</summary>
    public bool ClosesHandover { get; init; }

    /// <summary>Whether the session is blind from now on; null: as it was.</summary>
    public bool? Blind { get; init; }

    /// <summary>Whether nobody may look at this input and its outputs.</summary>
    public bool IsBlind { get; init; }

    /// <summary>What was understood of the input; null: nothing tries to.</summary>
    public Understood? Understanding { get; init; }

    /// <summary>What the Flow says for analytics; after a failure nothing, since what it did is undone.</summary>
    public Tracked Tracked { get; init; } = Tracked.Nothing;

    /// <summary>What the Flow says to those who run it, in order; after a failure too. At most 50.</summary>
    public IReadOnlyList<FlowLine> Log { get; init; } = [];

    /// <summary>What the bot author should look at although the turn went on: templates that rendered nothing because
    /// their expression threw. At most 20.</summary>
    public IReadOnlyList<FlowFailure> Warnings { get; init; } = [];
}

/// <summary>Why and where a Flow failed.</summary>
/// <param name="Step">The path of the step, such as <c>start/1/then/0</c>.</param>
/// <param name="Line">Its line in the document, from 1.</param>
/// <param name="Message">What was wrong, for the bot author.</param>
public sealed record FlowFailure(string Step, int Line, string Message)
{
    /// <summary>The Flow in which the step stands; null in what earlier versions stored.</summary>
    public string? Flow { get; init; }
}

/// <summary>A line that a Flow writes to the Endpoint's log.</summary>
/// <param name="Level">Debug, Information, Warning or Error.</param>
public sealed record FlowLine(LogLevel Level, string Message);

/// <summary>What was understood of an input.</summary>
/// <param name="Intent">What the customer wanted; null: nothing was recognised.</param>
/// <param name="Score">How sure that is, 0 to 1.</param>
/// <param name="IsUnderstood">Whether it is enough to go on with.</param>
public sealed record Understood(string? Intent, double? Score, bool? IsUnderstood)
{
    /// <summary>What was found in it, by the name of the slot; null: nothing.</summary>
    public JsonObject? Slots { get; init; }
}

/// <summary>What a Flow says of its turn for analytics.</summary>
public sealed record Tracked
{
    /// <summary>The Flow says nothing.</summary>
    public static readonly Tracked Nothing = new();

    /// <summary>Goals that were reached; each once.</summary>
    public IReadOnlyList<string> Goals { get; init; } = [];

    /// <summary>The Flow's own values: texts, numbers, true and false.</summary>
    public JsonObject Custom { get; init; } = [];

    /// <summary>Whether the bot understood; null: as it was found.</summary>
    public bool? Understood { get; init; }

    /// <summary>What is kept in place of what the customer said; null: that.</summary>
    public string? Text { get; init; }
}
