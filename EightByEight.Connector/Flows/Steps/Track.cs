using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// Says something of this turn for analytics: a goal that is reached, values of the Flow's own, whether the bot understood, and what is
/// kept in place of what the customer said. Several in a turn add up; of two values of one name the last stays.
/// </summary>
internal sealed partial class Track : Step
{
    public const int MaxGoals = 10;
    public const int MaxCustom = 10;

    private Template? _goal, _text;
    private List<(string Name, JsonTemplate Value)> _custom = [];
    private bool? _understood;

    public static Track Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new Track { Path = source.Path, Line = source.Line };
        if (source.Object("goal", "goal", "custom", "understood", "text") is not { } map) return step;
        if (!map.Members.Any()) source.Problems.Report(map, "'track' says nothing. Write a goal, such as track: order-placed.");
        if (map.Find("goal") is { } goal) step._goal = source.Compiler.Template(goal, "goal");
        if (map.Find("text") is { } text) step._text = source.Compiler.Template(text, "text");
        if (map.Find("custom") is { } custom) step._custom = Values(source, custom);
        switch (map.Find("understood"))
        {
            case null: break;
            case ScalarNode { Text: "true" or "false" } flag: step._understood = flag.Text == "true"; break;
            case var other: source.Problems.Report(other, "'understood' is true or false, without quotes."); break;
        }

        return step;
    }

    public override Outcome Run(Turn turn)
    {
        if (_goal?.Render(turn, this) is { Length: > 0 } goal) turn.Reach(goal);
        if (_custom.Count > 0) turn.Tell(WithValues(turn, turn.Tracked.Custom));
        turn.Tracked = turn.Tracked with { Understood = _understood ?? turn.Tracked.Understood, Text = _text?.Render(turn, this) ?? turn.Tracked.Text };
        return Outcome.Continue;
    }

    private JsonObject WithValues(Turn turn, JsonObject before)
    {
        var custom = Memory.Copy(before);
        foreach (var (name, template) in _custom)
        {
            if (template.Render(turn, this) is not { IsUndefined: false, Json: { } value }) continue;
            if (value is not JsonValue plain) throw new StepException($"custom.{name} is an object or a list: it must be a text, a number, true or false.");
            custom[name] = plain;
        }

        return custom;
    }

    private static List<(string, JsonTemplate)> Values(StepSource source, DocumentNode node)
    {
        var values = new List<(string, JsonTemplate)>();
        if (node is not MapNode map)
        {
            source.Problems.Report(node, "'custom' is an object of names and values, such as { plan: gold }.");
            return values;
        }

        if (map.Members.Count() > MaxCustom) source.Problems.Report(map, $"'custom' has more than {MaxCustom} values.");
        foreach (var (key, value) in map.Members)
        {
            if (!NamePattern.IsMatch(key.Text)) source.Problems.Report(key, $"'{key.Text}' cannot name a value: letters, digits and '_', at most 64.");
            if (value is not ScalarNode) source.Problems.Report(value, $"'{key.Text}' is a text, a number, true or false; not {value.Kind}.");
            else values.Add((key.Text, JsonTemplate.Parse(source.Compiler, value, key.Text)));
        }

        return values;
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,63}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern { get; }
}
