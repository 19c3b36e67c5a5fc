using System.Globalization;
using System.Text.RegularExpressions;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Steps;

namespace EightByEight.Connector.Flows;

/// <summary>What a step is made from: its part of the document.</summary>
/// <param name="Compiler">Compiles what lies inside, and takes the problems.</param>
/// <param name="Path">The path of the step.</param>
/// <param name="Kind">The member that names the step.</param>
/// <param name="Members">The step as a whole: that member and those beside it.</param>
/// <param name="Value">What that member holds.</param>
internal sealed partial record StepSource(
    FlowCompiler Compiler, string Path, ScalarNode Kind, MapNode Members, DocumentNode Value)
{
    public int Line => Kind.Line;

    public Problems Problems => Compiler.Problems;

    /// <summary>By what the step is known in a session: its id, or else its path.</summary>
    public string Mark => Members.Find("id") is ScalarNode id ? id.Text : Path;

    /// <summary>Refuses members beside the step's own and <c>id</c> that are not known.</summary>
    public void AllowBeside(params string[] known) =>
        CheckMembers(Members, Kind.Text, [Kind.Text, "id", .. known]);

    /// <summary>
    /// The value as an object of known members; a text is short for an object with only <paramref name="shortFor"/>.
    /// </summary>
    public MapNode? Object(string shortFor, params string[] known)
    {
        if (Value is MapNode map && !IsText(map, known))
        {
            if (!Compiler.IsMixed(map, Kind.Text, known)) CheckMembers(map, Kind.Text, known);
            return map;
        }

        if (Value is not (MapNode or ScalarNode { IsNull: false }))
        {
            Problems.Report(Value, $"'{Kind.Text}' is a text, or an object with {string.Join(", ", known)}; not {Value.Kind}.");
            return null;
        }

        var brief = new MapNode(Value.Line, Value.Column);
        brief.TryAdd(new ScalarNode(Value.Line, Value.Column, 0, 0, shortFor, quoted: false), Value);
        return brief;
    }

    /// <summary>Whether an object is one text in several languages, and not one of the members that are known.</summary>
    public static bool IsText(MapNode map, params string[] known) =>
        Locales.AreNames(map) && !map.Members.Any(member => known.Contains(member.Key.Text));

    /// <summary>A member that must be there.</summary>
    public DocumentNode? Require(MapNode map, string member, string example)
    {
        var value = map.Find(member);
        if (value is null && !map.IsFaulty) Problems.Report(map, $"'{Kind.Text}' lacks '{member}', such as {example}.");
        return value;
    }

    /// <summary>Refuses members that are not known.</summary>
    public void CheckMembers(MapNode map, string owner, params string[] known)
    {
        foreach (var (key, _) in map.Members.Where(member => !known.Contains(member.Key.Text)))
        {
            map.IsFaulty = true;
            Problems.Report(key, $"'{owner}' has no member '{key.Text}'.{Problems.DidYouMean(key.Text, known)}"
                + $" It has {string.Join(", ", known.Where(name => name != owner))}.");
        }
    }

    /// <summary>Compiles a branch and lets each of its ends go on below this step.</summary>
    /// <param name="name">In the paths of its steps.</param>
    /// <param name="written">As its author named it; null: the same.</param>
    public Step? Branch(DocumentNode node, string name, string? written = null)
    {
        if (written is not null) Compiler.Name($"{Path}/{name}", written);
        if (node is ListNode list) return Compiler.Steps(list, $"{Path}/{name}", list);
        Problems.Report(node, $"'{written ?? name}' is a list of steps, not {node.Kind}. Write '- say: …' below it.");
        return null;
    }

    /// <summary>Compiles a branch after whose end another step runs.</summary>
    /// <inheritdoc cref="Branch" path="/param"/>
    public Step? Block(DocumentNode node, string name, Step end, string? written = null)
    {
        var first = Branch(node, name, written);
        Compiler.Register(end);
        // What lies around the branch, so that the end is what comes next.
        var frame = new Passage { Path = end.Path, Line = end.Line, Following = end };
        for (var step = first; step is not null; step = step.Following) step.Around = frame;
        return first;
    }

    /// <summary>A place to store that a member names; null when it is missing or wrong.</summary>
    public MemoryPath? Place(MapNode map, string member) =>
        map.Find(member) is { } node && Compiler.PlainText(node, member) is { } path ? Place(node, path) : null;

    /// <summary>A whole number that a member gives; null when it is missing or wrong.</summary>
    public int? Whole(MapNode map, string member, int least, int most)
    {
        if (map.Find(member) is not { } node) return null;
        if (node is ScalarNode text && int.TryParse(text.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most) return number;
        Problems.Report(node, $"'{member}' is a whole number from {least} to {most}.");
        return null;
    }

    /// <summary>A number that a member gives, from 0 up; null when it is missing or wrong.</summary>
    public double? Number(MapNode map, string member, double most)
    {
        if (map.Find(member) is not { } node) return null;
        if (node is ScalarNode text && double.TryParse(text.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number >= 0 && number <= most) return number;
        Problems.Report(node, $"'{member}' is a number from 0 to {most.ToString(CultureInfo.InvariantCulture)}.");
        return null;
    }

    /// <summary>A URL, written out; null when it is wrong.</summary>
    public Uri? Url(DocumentNode node, string member)
    {
        if (Compiler.PlainText(node, member) is not { } text) return null;
        if (UrlSecrets.Fault(text) is { } secret && Problems.ReportNew(node, $"'{member}' {secret}")) return null;
        if (WebAddress.IsOne(text)) return new Uri(text);
        Problems.Report(node, $"'{member}' is a URL that begins with https:// or http://, not '{text}'.");
        return null;
    }

    /// <summary>A share that a member gives, above 0 and up to 1; null when it is missing or wrong.</summary>
    public double? Share(MapNode map, string member)
    {
        if (map.Find(member) is not { } node) return null;
        if (node is ScalarNode text && double.TryParse(text.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share)
            && share is > 0 and <= 1) return share;
        Problems.Report(node, $"'{member}' is a number above 0 and up to 1, such as 0.5.");
        return null;
    }

    /// <summary>Whether a member says <c>true</c>.</summary>
    public bool Flag(MapNode map, string member)
    {
        if (map.Find(member) is not { } node) return false;
        if (node is ScalarNode { Text: "true" or "false" } flag) return flag.Text == "true";
        Problems.Report(node, $"'{member}' is true or false, without quotes.");
        return false;
    }

    /// <summary>One of a few words; the first when the member is missing.</summary>
    public string Word(MapNode map, string member, params string[] words)
    {
        if (map.Find(member) is not { } node) return words[0];
        if (node is ScalarNode { IsNull: false } word && words.Contains(word.Text)) return word.Text;
        Problems.Report(node, $"'{member}' is one of {string.Join(", ", words)}."
            + Problems.DidYouMean((node as ScalarNode)?.Text ?? "", words));
        return words[0];
    }

    /// <summary>Refuses a value: the step has none.</summary>
    public void ExpectNothing()
    {
        if (Value is ScalarNode { IsNull: true } or ScalarNode { Text: "true" } or MapNode { Size: 1 }
            || (Value is ScalarNode word && word.Text == Kind.Text)) return;
        Problems.Report(Value, $"'{Kind.Text}' takes nothing. Write '- {Kind.Text}'.");
    }

    /// <summary>A place where a Flow may store, such as <c>context.order.id</c>.</summary>
    public MemoryPath? Place(DocumentNode at, string text)
    {
        var parts = text.Trim().Split('.');
        if (parts.Length > 1 && parts[0] is ("context" or "profile") && parts.Skip(1).All(MemberPattern.IsMatch)
            && !parts.Contains("__proto__"))
            return new MemoryPath(parts[0] == "context" ? Root.Context : Root.Profile, parts[1..]);
        Problems.Report(at, $"'{text}' is not a place to store. Write context.<name> or profile.<name>,"
            + " with letters, digits and '_' in the names, such as context.order.id.");
        return null;
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,63}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex MemberPattern { get; }

    /// <summary>Leads on and does nothing.</summary>
    private sealed class Passage : Step
    {
        public override Outcome Run(Turn turn) => Outcome.Continue;
    }
}
