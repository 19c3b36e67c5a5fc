using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector.Privacy;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// Gets what was said so far: into <c>input.transcript</c>, and where <c>saveTo</c> says. What is blind or left out of transcripts is so here, too.
/// </summary>
internal sealed class Transcript : AskingStep
{
    private const int DefaultTurns = 10;
    private const int MostTurns = 100;

    private int _turns = DefaultTurns;
    private bool _asText;

    public static Transcript Parse(StepSource source)
    {
        source.AllowBeside("onError");
        var step = new Transcript { Path = source.Path, Line = source.Line };
        step.ReadOnError(source);
        if (source.Value is ScalarNode { IsNull: true } || source.Value == source.Kind) return step;
        if (source.Value is not MapNode map)
        {
            source.Problems.Report(source.Value, $"'transcript' is an object with turns, format, saveTo, all of which may be missing; not {source.Value.Kind}.");
            return step;
        }

        source.CheckMembers(map, "transcript", "turns", "format", "saveTo");
        step._turns = source.Whole(map, "turns", 1, MostTurns) ?? DefaultTurns;
        step._asText = source.Word(map, "format", "list", "text") == "text";
        step.ReadPlace(source, map);
        return step;
    }

    public override FlowRequest Ask(Turn turn) => new TranscriptRequest(_turns, (string?)turn.Memory[Root.Input]["inputId"] ?? "");

    protected override void Store(Turn turn, JsonNode? answer)
    {
        var entries = answer as JsonArray ?? [];
        // This part of the turn is not stored yet; what the customer said is, with the first.
        if (turn.IsFirstPart && turn.Text.Length > 0) entries.Add(Entry("user", turn.Hides is null ? turn.Text : Masking.Mask));
        foreach (var output in turn.Outputs)
            if (!output.IsUnrecorded && output.Text.Length > 0) entries.Add(Entry("bot", turn.Hides == Hidden.All ? Masking.Mask : output.Text));
        JsonNode made = _asText ? Text(entries) : entries;
        base.Store(turn, made.DeepClone());
        turn.Memory.SetInput("transcript", made);
    }

    /// <summary>One thing that was said. Source of its members: Cognigy, lastConversationEntries.</summary>
    public static JsonObject Entry(string source, string text) => new() { ["source"] = source, ["text"] = text };

    private static string Text(JsonArray entries) => entries.Aggregate(new StringBuilder(),
        (all, entry) => all.Append(all.Length == 0 ? "" : "\n").Append((string)entry!["source"]!).Append(": ").Append((string)entry["text"]!)).ToString();
}
