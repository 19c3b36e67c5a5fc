using System.Diagnostics;
using System.Globalization;
using EightByEight.Connector.Flows;
using EightByEight.Simulator;
using Microsoft.Extensions.Logging;

namespace EightByEight.Benchmarks;

/// <summary>A good Flow, alone and beside 200 conversations of another Endpoint whose Flow loops without end.</summary>
internal static class Sharing
{
    private const int Loops = 200;
    private const int Conversations = 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(100);

    private const string Loop = """
        name: loop
        start:
          - code: while (true) 'a loop without end'.split('').reverse().join('').replace(/o+/g, 'u')
        """;

    public static async Task MeasureAsync(Stage stage, Report report, int turns)
    {
        // Each loop is an error of its author's, which would fill the screen.
        await using var connector = await stage.StartConnectorAsync(
            stage.NewAccount(), withWorker: true, builder => builder.Logging.AddFilter("EightByEight.Connector.Conversations", LogLevel.None));
        var bad = await stage.CreateEndpointAsync(connector.Host.Url, Loop);
        var good = new Customers(stage.Gateway, connector.EndpointUrl);
        var open = new List<string>();
        for (var i = 0; i < Conversations; i++) open.Add(await good.OpenAsync());
        var since = Stopwatch.GetTimestamp();
        Flow.Parse(Loop).Run();
        var one = Stopwatch.GetElapsedTime(since);

        await TalkAsync(good, open, turns / 4, new Latencies());
        var alone = new Latencies();
        await TalkAsync(good, open, turns, alone);
        var webhook = stage.Gateway.AddWebhook("Loops", $"{bad}").Id;
        for (var i = 0; i < Loops; i++) stage.Gateway.StartConversation(new ConversationStart { WebhookId = webhook, Text = "hello" });
        // What is measured is that they loop, not that two hundred customers come at once.
        await stage.Gateway.SettledAsync();
        await TalkAsync(good, open, turns / 4, new Latencies());
        var beside = new Latencies();
        await TalkAsync(good, open, turns, beside);

        report.Head($"A good Flow beside {Loops} endless loops of another Endpoint ({beside.Count} turns, one after the other)");
        report.Note("a loop, until it is stopped", string.Create(CultureInfo.InvariantCulture, $"{one.TotalSeconds:0.00} s"));
        report.Note("alone", $"{alone}");
        report.Note("beside the loops", $"{beside}");
        report.AtMost("beside the loops / alone, p99", beside.Percentile(99) / alone.Percentile(99), 2, "");
    }

    private static async Task TalkAsync(Customers customers, List<string> open, int turns, Latencies latencies)
    {
        var since = Stopwatch.GetTimestamp();
        for (var i = 0; i < turns && Stopwatch.GetElapsedTime(since) < Longest; i++) latencies.Add(await customers.SayAsync(open[i % open.Count]));
    }

    private static void Run(this Flow flow)
    {
        using var run = flow.Begin(new FlowInput { Input = [], Context = [], Profile = [] }, CancellationToken.None);
        run.Next();
    }
}
