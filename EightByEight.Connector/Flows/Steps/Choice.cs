using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// One quick reply, option or button: a title, and what stands behind it, which is the title where nothing is given.
/// </summary>
internal sealed class Choice
{
    /// <summary>What may stand behind a title, by the member that names it.</summary>
    private static readonly OrderedDictionary<string, ButtonKind> Targets = new()
    {
        ["payload"] = ButtonKind.Postback,
        ["intent"] = ButtonKind.Postback,
        ["phone"] = ButtonKind.PhoneNumber,
        ["url"] = ButtonKind.WebUrl,
    };

    public static readonly string[] OfOptions = ["payload"];
    public static readonly string[] OfQuickReplies = ["payload", "intent", "phone"];
    public static readonly string[] OfButtons = ["payload", "intent", "phone", "url"];

    private readonly Template _title;
    private readonly Template _target;
    private readonly ButtonKind _kind;

    /// <summary>Cognigy's word for an intent that a click triggers.</summary>
    private readonly string _prefix;

    private readonly QuickReply? _fixed;

    /// <summary>Whether it is shown; null: always.</summary>
    private Expression? _condition;

    private Choice(Template title, Template target, ButtonKind kind, string prefix)
    {
        (_title, _target, _kind, _prefix) = (title, target, kind, prefix);
        if (title.Plain is { } text && target.Plain is { } value) _fixed = Of(text, value);
    }

    public static IReadOnlyList<Choice> ParseList(StepSource source, DocumentNode node, string member, string[] targets)
    {
        if (node is not ListNode { Items.Count: > 0 } list)
        {
            source.Problems.Report(node,
                $"'{member}' is a list of texts or of {{ title, {string.Join(" or ", targets)} }}, with at least one.");
            return [];
        }

        return [.. list.Items.Select(item => Parse(source, item, member, targets)).OfType<Choice>()];
    }

    public static IReadOnlyList<QuickReply> Render(IReadOnlyList<Choice> choices, Turn turn, Step step) =>
        choices.Count == 0 ? [] : choices.Select(choice => choice.Render(turn, step)).OfType<QuickReply>().ToArray();

    public static Choice? Parse(StepSource source, DocumentNode node, string member, string[] targets)
    {
        var titleNode = node;
        var map = node is MapNode members && !StepSource.IsText(members, ["title", "if", .. targets]) ? members : null;
        Expression? condition = null;
        if (map is not null)
        {
            if (source.Compiler.IsMixed(map, member, ["title", .. targets, "if"])) return null;
            source.CheckMembers(map, member, ["title", .. targets, "if"]);
            if (map.Find("if") is { } only) condition = source.Compiler.Condition(only, "if");
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
        var given = targets.Where(name => map?.Find(name) is not null).ToArray();
        if (given.Length > 1)
            source.Problems.Report(map!.FindKey(given[1])!, $"'{given[0]}' and '{given[1]}' are two things that a click can do. Keep one.");
        var target = given.Length == 0 ? title : source.Compiler.Template(map!.Find(given[0])!, given[0]);
        var kind = given.Length == 0 ? ButtonKind.Postback : Targets[given[0]];
        return title is null || target is null ? null : new Choice(title, target, kind, given is ["intent", ..] ? TriggeredIntent.Prefix : "") { _condition = condition };
    }

    /// <summary>Null when its condition does not hold; and, with a warning, when its URL is none.</summary>
    public QuickReply? Render(Turn turn, Step step)
    {
        if (_condition is not null && !_condition.Truth(turn)) return null;
        var choice = _fixed ?? Of(_title.Render(turn, step), _target.Render(turn, step));
        if (choice.Kind != ButtonKind.WebUrl || WebAddress.IsOne(choice.Payload)) return choice;
        turn.Warn(step.Path, step.Line, $"The button '{choice.Title}' was left out: '{choice.Payload}' is not a URL that begins with https:// or http://.");
        return null;
    }

    /// <summary>An empty payload would be no input at all: the title is what was chosen.</summary>
    private QuickReply Of(string title, string target) => new(title, target.Length > 0 ? _prefix + target : title, _kind);
}
