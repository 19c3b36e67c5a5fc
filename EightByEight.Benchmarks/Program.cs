using EightByEight.Benchmarks;

const string Quick = "--quick";
var measurements = new Dictionary<string, Func<Stage, Report, int, Task>>
{
    ["acknowledge"] = (stage, report, share) => Acknowledging.MeasureAsync(stage, report, rounds: 30 / share),
    ["handle"] = (stage, report, share) => Handling.MeasureAsync(stage, report, requests: 100_000 / share),
    ["reply"] = (stage, report, share) => Replying.MeasureAsync(stage, report, conversations: 200 / share),
    ["requests"] = (stage, report, share) => Counting.MeasureAsync(stage, report, conversations: 50 / share),
    ["transform"] = (stage, report, share) => Transforming.MeasureAsync(stage, report, calls: 20_000 / share),
    ["translate"] = (_, report, share) => Translating.MeasureAsync(report, turns: 20_000 / share),
    ["protect"] = (_, report, share) =>
    {
        Protecting.Measure(report, calls: 100_000 / share);
        return Task.CompletedTask;
    },
    ["flow"] = (_, report, share) =>
    {
        Conversing.Measure(report, turns: 50_000 / share);
        return Task.CompletedTask;
    },
    ["understanding"] = (_, report, share) =>
    {
        Recognising.Measure(report, matches: 100_000 / share);
        return Task.CompletedTask;
    },
    ["loops"] = (stage, report, share) => Sharing.MeasureAsync(stage, report, turns: 1_000 / share),
    ["start"] = (stage, report, _) => Starting.MeasureAsync(stage, report, starts: 5),
};

if (args.FirstOrDefault(a => a != Quick && !measurements.ContainsKey(a)) is { } unknown)
{
    Console.Error.WriteLine(
        $"'{unknown}' is no measurement. Name some of {string.Join(", ", measurements.Keys)}, or none for all; " +
        $"{Quick} takes a tenth of each.");
    return 2;
}

// Each measurement is bounded; this is for a machine on which something hangs.
using var limit = new Timer(_ =>
{
    Console.Error.WriteLine("Not done after 15 minutes.");
    Environment.Exit(3);
}, null, TimeSpan.FromMinutes(15), Timeout.InfiniteTimeSpan);

var isQuick = args.Contains(Quick);
var size = isQuick ? ", a tenth of each" : "";
Console.WriteLine($"8x8 connector: measurements{size}; {Environment.ProcessorCount} cores, .NET {Environment.Version}");
var report = new Report(Console.Out);
foreach (var (name, measureAsync) in measurements)
{
    if (!args.All(a => a == Quick) && !args.Contains(name)) continue;
    // A new storage emulator for each: one that tidies up after the measurement before would be measured too.
    await using var stage = await Stage.SetAsync();
    await measureAsync(stage, report, isQuick ? 10 : 1);
}

Console.WriteLine(report.ExitCode == 0 ? "\nAll targets are met." : "\nNot all targets are met.");
return report.ExitCode;
