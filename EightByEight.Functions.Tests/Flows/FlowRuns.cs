using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

internal static class FlowRuns
{
    /// <summary>Runs an input to its end.</summary>
    /// <param name="answer">What the world answers; null: nothing is asked.</param>
    public static FlowResult Run(
        this Flow flow, FlowInput input, CancellationToken cancellation, Func<FlowRequest, FlowAnswer>? answer = null)
    {
        using var run = flow.Begin(input, cancellation);
        FlowAnswer? given = null;
        while (run.Next(given) is { } request) given = answer!(request);
        return run.Result;
    }
}
