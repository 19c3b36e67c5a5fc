using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Says a text, and shows quick replies or one of the rich contents with it.</summary>
internal sealed class Say : Step
{
    private readonly Template? _text;
    private readonly IReadOnlyList<Choice> _quickReplies;
    private readonly RichSource? _rich;
    private readonly Template? _fallback;

    private Say(Template? text, IReadOnlyList<Choice> quickReplies, RichSource? rich, Template? fallback) =>
        (_text, _quickReplies, _rich, _fallback) = (text, quickReplies, rich, fallback);

    public static Say Parse(StepSource source)
    {
        source.AllowBeside();
        Template? text = null, fallback = null;
        IReadOnlyList<Choice> quickReplies = [];
        RichSource? rich = null;
        if (source.Object("text", ["text", "quickReplies", .. RichSource.Members, "fallbackText"]) is { } map)
        {
            var kind = RichSource.KindIn(source, map);
            if (kind is null || RichSource.NeedsText(kind))
                _ = source.Require(map, "text", "text: How can I help?");
            if (map.Find("text") is { } node) text = source.Compiler.Template(node, "text");
            if (map.Find("quickReplies") is { } replies)
                quickReplies = Choice.ParseList(source, replies, "quickReplies", Choice.OfQuickReplies);
            if (kind is not null) rich = RichSource.Parse(source, map, kind);
            if (map.Find("fallbackText") is { } instead) fallback = source.Compiler.Template(instead, "fallbackText");
        }

        return new Say(text, quickReplies, rich, fallback) { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn)
    {
        var output = new Output
        {
            Text = _text?.Render(turn, this) ?? "",
            QuickReplies = Choice.Render(_quickReplies, turn, this),
            Rich = _rich?.Render(turn, this),
            FallbackText = _fallback?.Render(turn, this),
        };
        // "0" is said, nothing is not.
        if (!output.IsEmpty) turn.Say(output);
        return Outcome.Continue;
    }
}
