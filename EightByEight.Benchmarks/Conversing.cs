using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Flows;

namespace EightByEight.Benchmarks;

/// <summary>
/// What a turn of a Flow costs, storage excluded: the state is read from its JSON, the Flow runs, and the state is JSON again.
/// </summary>
internal static class Conversing
{
    private const int Rounds = 100;
    private const int Sessions = 10_000;

    /// <summary>Twenty steps from the answer to the next question, and nothing to compute.</summary>
    private static readonly string Plain = $"""
        name: plain
        start:
        {Steps(3, i => $"  - say: Welcome, this is greeting {i}.\n  - set: {{ context.step{i}: {i} }}\n  - track: {{ goal: step{i} }}")}
          - once:
              - say: You are here for the first time.
            afterwards:
              - say: Good to see you again.
          - setState: shop
          - setSessionExpiration: 60
          - say: {"{ text: [\"One moment.\", \"Just a second.\"], order: loop }"}
          - say:
              text: How can I help?
              quickReplies: [Order, Return, Something else]
          - goTo: rest
        rest:
          - set: {"{ context.seen: true, profile.kind: guest }"}
          - log: The customer came in.
          - setLocale: en-GB
          - question: {"{ text: What is your order number?, type: text, saveTo: context.order }"}
        """;

    /// <summary>As many steps, ten of which compute with JavaScript.</summary>
    private static readonly string Computing = $"""
        name: computing
        start:
        {Steps(3, i => $"  - say: \"{{{{ input.text.trim().toUpperCase() + {i} }}}}\"\n  - set: {{ context.step{i}: \"{{{{ (context.step{i} || 0) + 1 }}}}\" }}\n  - track: {{ goal: step{i} }}")}
          - once:
              - say: You are here for the first time.
            afterwards:
              - say: Good to see you again.
          - setState: shop
          - if: context.orders.filter(o => o.open).length > 3
            then:
              - say: "You have {"{{ context.orders.filter(o => o.open).length }}"} open orders."
          - say:
              text: "The first is {"{{ context.orders[0].id.slice(-4) }}"}."
              quickReplies: [Order, Return, Something else]
          - goTo: rest
        rest:
          - set: {"{ context.total: \"{{ context.orders.reduce((sum, o) => sum + o.price, 0) }}\" }"}
          - log: The customer came in.
          - setLocale: en-GB
          - question: {"{ text: What is your order number?, type: text, saveTo: context.order }"}
        """;

    public static void Measure(Report report, int turns)
    {
        report.Head($"A turn of 20 steps, state conversion included ({turns} turns)");
        TellTurns(report, Plain, [], 50, "without expressions", turns);
        var orders = new JsonArray([.. Enumerable.Range(0, 48).Select(i => (JsonNode)new JsonObject
        {
            ["id"] = $"order-{i:d6}", ["price"] = i * 1.5, ["open"] = i % 3 == 0, ["name"] = "A thing that was ordered",
        })]);
        TellTurns(report, Computing, new JsonObject { ["orders"] = orders }, 250, "ten expressions, 4 KB of context", turns / 4);

        report.Head("What Flows cost beside that");
        report.Note("compiling the one without expressions", Microseconds(Best(() => Flow.Parse(Plain), turns / 100)));
        report.Note("compiling the one with ten", Microseconds(Best(() => Flow.Parse(Computing), turns / 100)));
        TellSessions(report);
    }

    private static void TellTurns(Report report, string source, JsonObject context, double target, string name, int turns)
    {
        var flow = Flow.Parse(source);
        var (waiting, steps) = Begin(flow, context);
        if (steps != 20) throw new InvalidOperationException($"The Flow runs {steps} steps.");
        var before = GC.GetAllocatedBytesForCurrentThread();
        Answer(flow, waiting);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var took = Best(() => Answer(flow, waiting), turns);
        report.AtMost(name, took, target, " µs");
        report.Note("…", string.Create(CultureInfo.InvariantCulture, $"{1_000_000 / took:#,0}/s on one core, {allocated / 1024} KiB allocated"));
    }

    /// <summary>They wait in storage: the process keeps nothing of them.</summary>
    private static void TellSessions(Report report)
    {
        var flow = Flow.Parse(Plain);
        var bytes = 0L;
        Begin(flow, []);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Sessions; i++) bytes += Begin(flow, []).Waiting.Length;
        var kept = Math.Max(0, GC.GetTotalMemory(forceFullCollection: true) - before);
        GC.KeepAlive(flow);
        report.AtMost($"memory of {Sessions} waiting sessions", kept / 1024.0, 1024, " KiB");
        report.Note("… in storage, each", string.Create(CultureInfo.InvariantCulture, $"{bytes / Sessions / 1024.0:0.0} KiB"));
    }

    /// <summary>A customer's first turn, which ends in the question.</summary>
    private static (byte[] Waiting, int Steps) Begin(Flow flow, JsonObject context)
    {
        var session = new Session { Id = "session-1", Flow = flow.Name, Context = context };
        var result = Run(flow, session, "Hello");
        return (Written(session, result), StepsOf(flow, session));
    }

    private static void Answer(Flow flow, byte[] waiting)
    {
        var session = JsonSerializer.Deserialize(waiting, ConversationJson.Default.ConversationState)!.Session!;
        Written(session, Run(flow, session with { Position = null }, "Hello again"));
    }

    private static byte[] Written(Session session, FlowResult result) => JsonSerializer.SerializeToUtf8Bytes(
        new ConversationState
        {
            Session = session with { Context = result.Context, Profile = result.Profile, Marks = result.Marks, Position = result.Position },
        }, ConversationJson.Default.ConversationState);

    private static FlowResult Run(Flow flow, Session session, string text, int steps = 100)
    {
        using var run = flow.Begin(new FlowInput
        {
            Input = new JsonObject { ["text"] = text, ["execution"] = 2 },
            Context = session.Context,
            Profile = session.Profile,
            Marks = session.Marks,
            Position = session.Position,
            Id = "event-1",
            Limits = new FlowLimits { Steps = steps },
        }, CancellationToken.None);
        if (run.Next() is { } asked) throw new InvalidOperationException($"The Flow asks for {asked}.");
        return run.Result;
    }

    /// <summary>As few as a turn may run.</summary>
    private static int StepsOf(Flow flow, Session session) =>
        Enumerable.Range(1, 100).First(steps => Run(flow, session, "Hello", steps).Failure is null);

    private static string Steps(int count, Func<int, string> step)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++) text.AppendJoin('\n', step(i)).Append(i < count - 1 ? "\n" : "");
        return text.ToString();
    }

    private static double Best(Action action, int times)
    {
        var best = TimeSpan.MaxValue;
        var share = Math.Max(1, times / Rounds);
        for (var round = 0; round < Rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < share; i++) action();
            if (Stopwatch.GetElapsedTime(began) is var took && took < best) best = took;
        }

        return best.TotalMicroseconds / share;
    }

    private static string Microseconds(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0} µs");
}
