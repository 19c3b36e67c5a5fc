namespace EightByEight.Connector.Flows;

/// <summary>What an author wants to know of a document before it is stored.</summary>
public static class FlowReview
{
    /// <summary>
    /// All that is wrong with it, in the order of the document, at most 100: what keeps it from being a Flow, or, where it is one, steps to
    /// which no way leads, and names that no expression finds and no input brings. None: it is well.
    /// </summary>
    public static IReadOnlyList<FlowProblem> Check(string source)
    {
        try
        {
            return FlowCompiler.Look(source).Doubts;
        }
        catch (FlowFormatException fault)
        {
            return fault.Problems;
        }
    }

    /// <summary>A flowchart in the language of Mermaid.</summary>
    /// <exception cref="FlowFormatException">It is not a Flow.</exception>
    public static string Draw(string source) => FlowCompiler.Look(source).Map.Draw();
}
