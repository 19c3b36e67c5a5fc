using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// One quick reply or option: a title, and the payload that stands for it, which is the title where none is given.
/// </summary>
internal sealed class Choice
{
    private readonly Template _title;
    private readonly Template _payload;
    private readonly QuickReply? _fixed;

    private Choice(Template title, Template payload)
    {
        (_title, _payload) = (title, payload);
        if (title.Plain is { } text && payload.Plain is { } value) _fixed = new QuickReply(text, value);
    }

    public static IReadOnlyList<Choice> ParseList(StepSource source, DocumentNode node, string member)
    {
        if (node is not ListNode { Items.Count: > 0 } list)
        {
            source.Problems.Report(node, $"'{member}' is a list of texts or of {{ title, payload }}, with at least one.");
            return [];
        }

        return [.. list.Items.Select(item => Parse(source, item, member)).OfType<Choice>()];
    }

    public static IReadOnlyList<QuickReply> Render(IReadOnlyList<Choice> choices, Turn turn, Step step) =>
        choices.Count == 0 ? [] : choices.Select(choice => choice.Render(turn, step)).ToArray();

    private static Choice? Parse(StepSource source, DocumentNode node, string member)
    {
        var titleNode = node;
        if (node is MapNode map)
        {
            source.CheckMembers(map, member, "title", "payload");
            titleNode = map.Find("title");
            if (titleNode is null)
            {
                source.Problems.Report(node,
                    $"Each of '{member}' needs a title, such as {{ title: \"Yes\", payload: \"yes\" }}.");
                return null;
            }
        }

        if (titleNode is ScalarNode { IsNull: false, Text: var text } && string.IsNullOrWhiteSpace(text))
            source.Problems.Report(titleNode, "A title cannot be empty: the customer reads it on the button.");
        var title = source.Compiler.Template(titleNode, "title");
        var payload = (node as MapNode)?.Find("payload") is { } given ? source.Compiler.Template(given, "payload") : title;
        return title is null || payload is null ? null : new Choice(title, payload);
    }

    private QuickReply Render(Turn turn, Step step) =>
        _fixed ?? new QuickReply(_title.Render(turn, step), _payload.Render(turn, step));
}
