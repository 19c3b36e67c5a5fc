using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Flows;

/// <summary>A value of a Flow document with its place, from 1.</summary>
internal abstract class DocumentNode(int line, int column)
{
    public int Line { get; } = line;

    public int Column { get; } = column;

    /// <summary>How many values it holds, itself and repetitions through aliases counted.</summary>
    public int Size { get; protected set; } = 1;

    /// <summary>How many values lie inside one another, itself counted.</summary>
    public int Height { get; protected set; } = 1;

    /// <summary>What it is, for messages.</summary>
    public abstract string Kind { get; }

    protected void Hold(DocumentNode inner)
    {
        Size += inner.Size;
        Height = Math.Max(Height, inner.Height + 1);
    }
}

/// <summary>
/// A text, number, boolean or null. A text member takes it as it is written, so that ids keep their zeros.
/// </summary>
internal sealed partial class ScalarNode(int line, int column, int start, int end, string text, bool quoted)
    : DocumentNode(line, column)
{
    /// <summary>Where it stands in the document, quotes and all.</summary>
    public (int Start, int End) Span { get; } = (start, end);

    public string Text { get; } = text;

    public bool IsNull => !quoted && Text is "" or "~" or "null" or "Null" or "NULL";

    public override string Kind => IsNull ? "nothing" : "a text";

    /// <summary>
    /// Its JSON value: quoted it is a text, else what YAML 1.2 takes it for; a number with leading zeros stays a
    /// text.
    /// </summary>
    public JsonNode? Json()
    {
        if (quoted) return Text;
        if (IsNull) return null;
        if (Text is "true" or "True" or "TRUE") return true;
        if (Text is "false" or "False" or "FALSE") return false;
        if (!NumberPattern.IsMatch(Text)) return Text;
        if (long.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)) return whole;
        var number = double.Parse(Text, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(number) ? number : Text;
    }

    [GeneratedRegex(@"^[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex NumberPattern { get; }
}

internal sealed class ListNode(int line, int column) : DocumentNode(line, column)
{
    private readonly List<DocumentNode> _items = [];

    public IReadOnlyList<DocumentNode> Items => _items;

    public override string Kind => "a list";

    public void Add(DocumentNode item)
    {
        _items.Add(item);
        Hold(item);
    }
}

/// <summary>Members in the order of the document.</summary>
internal sealed class MapNode(int line, int column) : DocumentNode(line, column)
{
    private readonly OrderedDictionary<string, (ScalarNode Key, DocumentNode Value)> _members = [];

    public IEnumerable<(ScalarNode Key, DocumentNode Value)> Members => _members.Values;

    public override string Kind => "an object";

    /// <summary>A member of it was refused, so that nothing can be said of what is missing.</summary>
    public bool IsFaulty { get; set; }

    public DocumentNode? Find(string name) => _members.TryGetValue(name, out var member) ? member.Value : null;

    public ScalarNode? FindKey(string name) => _members.TryGetValue(name, out var member) ? member.Key : null;

    public bool TryAdd(ScalarNode key, DocumentNode value)
    {
        if (!_members.TryAdd(key.Text, (key, value))) return false;
        Hold(value);
        return true;
    }
}
