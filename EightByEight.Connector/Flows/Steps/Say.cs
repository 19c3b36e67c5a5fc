using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Says a text, and shows quick replies or one of the rich contents with it.</summary>
internal sealed class Say : Step
{
    private IReadOnlyList<Template> _texts = [];
    private string _order = "";
    private string _mark = "";
    private IReadOnlyList<Choice> _quickReplies = [];
    private RichSource? _rich;
    private Template? _fallback;
    private JsonTemplate? _data;
    private bool _isUnrecorded;

    public static Say Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new Say { Path = source.Path, Line = source.Line, _mark = source.Mark };
        if (source.Object("text", ["text", "quickReplies", .. RichSource.Members, "fallbackText", "order", "data",
            "excludeFromTranscript", "audience"]) is { } map) step.Read(source, map);
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        var output = new Output
        {
            Text = _texts.Count == 0 ? "" : Alternative(turn).Render(turn, this),
            QuickReplies = Choice.Render(_quickReplies, turn, this),
            Rich = _rich?.Render(turn, this),
            FallbackText = _fallback?.Render(turn, this),
            Data = _data?.Render(turn, this).Json as JsonObject,
            IsUnrecorded = _isUnrecorded,
        };
        // "0" is said, nothing is not.
        if (!output.IsEmpty) turn.Say(output);
        return Outcome.Continue;
    }

    private void Read(StepSource source, MapNode map)
    {
        var kind = RichSource.KindIn(source, map);
        if (kind is null || RichSource.NeedsText(kind))
            _ = source.Require(map, "text", "text: How can I help?");
        if (map.Find("text") is { } node) _texts = Texts(source, node);
        _order = source.Word(map, "order", "random", "linear", "loop");
        if (_texts.Count < 2 && map.FindKey("order") is { } order)
            source.Problems.Report(order, "'order' is that of several texts: text: [ Hello!, Hi! ].");
        if (map.Find("quickReplies") is { } replies)
            _quickReplies = Choice.ParseList(source, replies, "quickReplies", Choice.OfQuickReplies);
        if (kind is not null) _rich = RichSource.Parse(source, map, kind);
        if (map.Find("fallbackText") is { } instead) _fallback = source.Compiler.Template(instead, "fallbackText");
        if (map.Find("data") is { } data)
        {
            if (data is not MapNode) source.Problems.Report(data, $"'data' is an object, not {data.Kind}.");
            _data = JsonTemplate.Parse(source.Compiler, data, "data");
        }

        _isUnrecorded = source.Flag(map, "excludeFromTranscript");
        // Source: 8x8, Chat Gateway: a message has an author and no audience, and the agent sees the whole conversation.
        if (source.Word(map, "audience", "both", "user", "agent") is not "both" and var audience)
            source.Problems.Report(map.Find("audience")!, audience == "user"
                ? "8x8 shows the agent the whole conversation: nothing can be said to the customer alone. Leave 'audience' out."
                : "8x8 shows the customer all that is said: what only the agent is to know goes into the handover's 'summary' or 'properties'.");
    }

    private static IReadOnlyList<Template> Texts(StepSource source, DocumentNode node)
    {
        if (node is not ListNode list) return source.Compiler.Template(node, "text") is { } text ? [text] : [];
        if (list.Items.Count == 0) source.Problems.Report(list, "'text' is a text, or a list of texts of which one is said.");
        return [.. list.Items.Select(item => source.Compiler.Template(item, "text")).OfType<Template>()];
    }

    /// <summary>One of the texts: the next, the next in a circle, or any.</summary>
    private Template Alternative(Turn turn)
    {
        if (_texts.Count == 1) return _texts[0];
        if (_order == "random") return _texts[turn.Chance.Below(_texts.Count)];
        var mark = $"{turn.Frame.Flow.Name} {_mark}";
        var said = turn.Count(mark);
        turn.Remember(mark, _order == "loop" ? (said + 1) % _texts.Count : Math.Min(said + 1, _texts.Count - 1));
        return _texts[(int)Math.Min(said, _texts.Count - 1)];
    }
}
