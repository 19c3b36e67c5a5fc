using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Handover;

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
