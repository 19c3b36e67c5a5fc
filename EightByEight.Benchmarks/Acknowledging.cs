using System.Diagnostics;

namespace EightByEight.Benchmarks;

/// <summary>The acknowledge path with storage, next to the floor, in rounds that take turns so that drift hits both.</summary>
internal static class Acknowledging
{
    private const int Connections = 16;
    private const int PerRound = 80;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(90);

    public static async Task MeasureAsync(Stage stage, Report report, int rounds)
    {
        await using var floor = await Floor.StartAsync(stage.NewAccount(), gatewayUrl: null);
        await using var connector = await stage.StartConnectorAsync(stage.NewAccount(), withWorker: false);
        using var ofFloor = await Load.ConnectAsync(floor.Url, Connections);
        using var ofConnector = await Load.ConnectAsync(connector.EndpointUrl, Connections);
        Load[] order = [ofFloor, ofConnector, ofConnector, ofFloor];
        var since = Stopwatch.GetTimestamp();
        for (var round = -2; round < rounds && Stopwatch.GetElapsedTime(since) < Longest; round++)
        {
            if (round == 0)
                foreach (var load in order) load.Forget();
            foreach (var load in order) await load.RunAsync(Enumerable.Range(0, PerRound).Select(_ => NewMessage(stage)).ToList());
        }

        report.Head($"Acknowledge, with storage ({Connections} connections, {ofConnector.Count:#,0} events each side)");
        report.Note("floor", ofFloor.ToString());
        report.Note("connector", ofConnector.ToString());
        // Each pair of neighbours has met the same conditions; their median is not moved by one disturbed round.
        var ratio = ofConnector.Rates.Zip(ofFloor.Rates, (ours, least) => ours / least).Median();
        report.AtLeast("connector / floor, requests per second", ratio, 0.9, "");
    }

    private static SignedEvent NewMessage(Stage stage) => SignedEvent.Message(stage.Key, $"CV{Guid.NewGuid():N}");
}
