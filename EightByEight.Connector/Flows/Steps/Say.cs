using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Says a text, with quick replies below it.</summary>
internal sealed class Say : Step
{
    private readonly Template? _text;
    private readonly IReadOnlyList<Choice> _quickReplies;

    private Say(Template? text, IReadOnlyList<Choice> quickReplies) => (_text, _quickReplies) = (text, quickReplies);

    public static Say Parse(StepSource source)
    {
        source.AllowBeside();
        Template? text = null;
        IReadOnlyList<Choice> quickReplies = [];
        if (source.Object("text", "text", "quickReplies") is { } map)
        {
            if (source.Require(map, "text", "text: How can I help?") is { } node)
                text = source.Compiler.Template(node, "text");
            if (map.Find("quickReplies") is { } replies)
                quickReplies = Choice.ParseList(source, replies, "quickReplies");
        }

        return new Say(text, quickReplies) { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn)
    {
        var text = _text!.Render(turn, this);
        // "0" is said, nothing is not.
        if (text.Length > 0 || _quickReplies.Count > 0)
            turn.Say(new Output { Text = text, QuickReplies = Choice.Render(_quickReplies, turn, this) });
        return Outcome.Continue;
    }
}
