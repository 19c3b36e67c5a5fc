using EightByEight.Connector.Flows;

namespace EightByEight.Functions.Tests.Flows;

internal static class FlowRuns
{
    /// <summary>Runs an input to its end, all parts of its turn.</summary>
    /// <param name="answer">What the world answers; null: nothing is asked.</param>
    public static FlowResult Run(
        this Flow flow, FlowInput input, CancellationToken cancellation, Func<FlowRequest, FlowAnswer>? answer = null)
    {
        using var run = flow.Begin(input, cancellation);
        FlowAnswer? given = null;
        while (run.Next(given) is { } request) given = answer!(request);
        if (run.Result.Pause is not { } pause) return run.Result;
        var rest = flow.Run(input with
        {
            Input = pause.Input,
            Context = run.Result.Context,
            Profile = run.Result.Profile,
            Marks = run.Result.Marks,
            Rest = pause,
        }, cancellation, answer);
        return rest with
        {
            Outputs = [.. run.Result.Outputs, .. rest.Outputs],
            Warnings = [.. run.Result.Warnings, .. rest.Warnings],
            Log = [.. run.Result.Log, .. rest.Log],
            Tracked = rest.Tracked with { Goals = [.. run.Result.Tracked.Goals, .. rest.Tracked.Goals] },
            Understanding = run.Result.Understanding,
        };
    }
}
