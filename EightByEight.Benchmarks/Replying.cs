using System.Diagnostics;

namespace EightByEight.Benchmarks;

/// <summary>From the moment a customer writes until 8x8 has the bot's reply, next to the floor, in turns.</summary>
internal static class Replying
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(120);

    public static async Task MeasureAsync(Stage stage, Report report, int conversations)
    {
        await using var floor = await Floor.StartAsync(stage.NewAccount(), stage.Simulator.Url);
        await using var connector = await stage.StartConnectorAsync(stage.NewAccount(), withWorker: true);
        var ofFloor = new Customers(stage.Gateway, floor.Url);
        var ofConnector = new Customers(stage.Gateway, connector.EndpointUrl);
        Customers[] order = [ofFloor, ofConnector, ofConnector, ofFloor];
        var since = Stopwatch.GetTimestamp();
        for (var i = 0; i < (conversations + 1) / 2 && Stopwatch.GetElapsedTime(since) < Longest; i++)
            foreach (var customers in order) await customers.TalkAsync();

        report.Head(
            $"Event to reply ({ofConnector.Turns.Count} conversations each side, one after the other, " +
            $"an empty queue looked at every {Floor.Poll.TotalMilliseconds} ms)");
        report.Note("floor", $"{ofFloor.Turns}");
        report.Note("connector", $"{ofConnector.Turns}");
        var ratio = ofConnector.Turns.Percentile(50) / ofFloor.Turns.Percentile(50);
        report.Note("connector / floor, p50", FormattableString.Invariant($"{ratio:0.00}"));
    }
}
