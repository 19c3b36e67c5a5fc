using System.Diagnostics;
using System.Text.Json.Nodes;
using EightByEight.Connector;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Transformers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace EightByEight.Benchmarks;

/// <summary>What one call of a transformer costs: in a realm that is ready, with each library in use, and in a process that just began.</summary>
internal static class Transforming
{
    private const string Source = """
        interface Given { processedOutput: { text?: string } }
        createWebhookTransformer({
          handleOutput: async ({ processedOutput }: Given) => ({ ...processedOutput, text: processedOutput.text + "!" }),
          handleInput: async () => ({ text: _.camelCase("a b") + moment.utc(0).format("YYYY") + xmljs.js2xml({ a: {} }, { compact: true }) })
        });
        """;

    public static async Task MeasureAsync(Stage stage, Report report, int calls)
    {
        using var realms = new Realms();
        var storage = new ConnectorStorage(
            new ConfigurationBuilder().AddInMemoryCollection([new("AzureWebJobsStorage", stage.NewAccount())]).Build(), StorageTimeouts.Work, []);
        var room = new TransformerRoom(realms, new Computing(TimeProvider.System), null!, new SessionStorage(storage, null!, TimeProvider.System),
            null!, new EndpointLog(storage), Options.Create(new TransformerOptions()), TimeProvider.System);
        var output = new JsonObject { ["processedOutput"] = new JsonObject { ["authorType"] = "bot", ["text"] = "Hello" } };
        Task<HandlerResult> OutputAsync() => room.RunAsync("endpoint", Source, "handleOutput", output, CancellationToken.None);
        Task<HandlerResult> InputAsync() => room.RunAsync("endpoint", Source, "handleInput", [], CancellationToken.None);

        var first = await TimeAsync(OutputAsync);
        var libraries = await TimeAsync(InputAsync);
        report.Head($"A call of a transformer ({calls} calls)");
        report.Note("first of a process, types removed", FormattableString.Invariant($"{first.TotalMilliseconds:0} ms"));
        report.Note("first use of lodash, moment, xml-js", FormattableString.Invariant($"{libraries.TotalMilliseconds:0} ms"));
        report.Note("warm", await WarmAsync(OutputAsync, calls));
        report.Note("warm, with all three", await WarmAsync(InputAsync, calls));
    }

    private static async Task<string> WarmAsync(Func<Task<HandlerResult>> call, int calls)
    {
        var best = TimeSpan.MaxValue;
        var allocated = 0L;
        for (var round = 0; round < 10; round++)
        {
            var before = GC.GetTotalAllocatedBytes();
            var took = await TimeAsync(async () =>
            {
                for (var i = 0; i < calls / 10; i++) await call();
                return await call();
            });
            allocated = (GC.GetTotalAllocatedBytes() - before) / (calls / 10 + 1);
            if (took < best) best = took;
        }

        return FormattableString.Invariant($"{best.TotalMicroseconds / (calls / 10 + 1):0} µs, {allocated / 1024} KiB allocated");
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task<HandlerResult>> call)
    {
        var began = Stopwatch.GetTimestamp();
        if ((await call()).Failure is { } failure) throw new InvalidOperationException(failure.ToString());
        return Stopwatch.GetElapsedTime(began);
    }
}
