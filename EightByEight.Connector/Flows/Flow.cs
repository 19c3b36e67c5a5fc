using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Flows;

/// <summary>A compiled Flow document: immutable, safe for any number of conversations at a time.</summary>
public sealed class Flow
{
    private Flow(string name) => Name = name;

    /// <summary>The document's <c>name</c>.</summary>
    public string Name { get; }

    /// <summary>Compiles a document in YAML or JSON.</summary>
    /// <exception cref="FlowFormatException">It is not a Flow; all faults found are listed with line and column.</exception>
    public static Flow Parse(string source) => throw new NotImplementedException();

    /// <summary>Runs one input through the Flow. Nothing passed in is changed; what changed is in the result.</summary>
    public FlowResult Run(FlowInput input, CancellationToken cancellation) => throw new NotImplementedException();
}

/// <summary>One input and the memory that the Flow has of the session.</summary>
public sealed record FlowInput
{
    /// <summary>The object that the Flow sees as <c>input</c>: <c>text</c>, <c>data</c>, <c>user</c>, ids and so on.</summary>
    public required JsonObject Input { get; init; }

    /// <summary>The object that the Flow sees as <c>context</c>: lives as long as the session.</summary>
    public required JsonObject Context { get; init; }

    /// <summary>The object that the Flow sees as <c>profile</c>: what is known of the customer.</summary>
    public required JsonObject Profile { get; init; }

    /// <summary>Where the session waits; null: at the start.</summary>
    public FlowPosition? Position { get; init; }
}

/// <summary>What came of one input.</summary>
public sealed record FlowResult
{
    /// <summary>What the Flow said, in order. After a failure: what it said before, then its error text.</summary>
    public required IReadOnlyList<Output> Outputs { get; init; }

    /// <summary>The context afterwards; after a failure, as it was before.</summary>
    public required JsonObject Context { get; init; }

    /// <summary>The profile afterwards; after a failure, as it was before.</summary>
    public required JsonObject Profile { get; init; }

    /// <summary>Where the session waits now; null: the next input runs the Flow from its start.</summary>
    public FlowPosition? Position { get; init; }

    /// <summary>Why the Flow failed, for the operator; null when it did not.</summary>
    public FlowFailure? Failure { get; init; }
}

/// <summary>Where a session waits inside a Flow. Stored with the session as JSON, so it survives new versions of the Flow.</summary>
public sealed record FlowPosition
{
    /// <summary>The path of the step that waits, such as <c>start/1</c>.</summary>
    public required string Step { get; init; }

    /// <summary>How many answers to the waiting question were not valid.</summary>
    public int Reprompts { get; init; }
}

/// <summary>Why and where a Flow failed.</summary>
/// <param name="Step">The path of the step, such as <c>start/1/then/0</c>.</param>
/// <param name="Line">Its line in the document, from 1.</param>
/// <param name="Message">What was wrong, for the bot author.</param>
public sealed record FlowFailure(string Step, int Line, string Message);

/// <summary>One fault in a Flow document.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public sealed record FlowProblem(int Line, int Column, string Message);

/// <summary>A document is not a Flow.</summary>
public sealed class FlowFormatException(IReadOnlyList<FlowProblem> problems)
    : Exception(string.Join(Environment.NewLine, problems.Select(p => $"line {p.Line}, column {p.Column}: {p.Message}")))
{
    /// <summary>All faults found, in the order of the document.</summary>
    public IReadOnlyList<FlowProblem> Problems { get; } = problems;
}
