namespace EightByEight.Connector.Flows;

/// <summary>One fault in a Flow document.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public sealed record FlowProblem(int Line, int Column, string Message);

/// <summary>A document is not a Flow.</summary>
public sealed class FlowFormatException(IReadOnlyList<FlowProblem> problems)
    : Exception(string.Join(Environment.NewLine, problems.Select(p => $"line {p.Line}, column {p.Column}: {p.Message}")))
{
    /// <summary>All faults found, in the order of the document; at most 100.</summary>
    public IReadOnlyList<FlowProblem> Problems { get; } = problems;
}
