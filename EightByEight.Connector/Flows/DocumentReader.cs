using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace EightByEight.Connector.Flows;

/// <summary>
/// Reads YAML, and so JSON, into nodes that know their place. Bounded in size and depth, aliases counted in full.
/// </summary>
internal sealed class DocumentReader
{
    public const int MaxCharacters = 1024 * 1024;
    public const int MaxDepth = 50;
    public const int MaxNodes = 20_000;

    private readonly Parser _events;
    private readonly Problems _problems;
    private readonly Dictionary<AnchorName, DocumentNode?> _anchors = [];
    private int _nodes;

    private DocumentReader(string source, Problems problems)
    {
        _events = new Parser(new StringReader(source));
        _problems = problems;
    }

    /// <summary>The document's value; null when it is empty.</summary>
    /// <exception cref="FlowFormatException">It cannot be read on; what was found until there is listed.</exception>
    public static DocumentNode? Read(string source, Problems problems)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(source) > MaxCharacters)
            throw problems.Fatal(1, 1, "The document is larger than 1 MiB. Split it into several Flows.");
        var reader = new DocumentReader(source, problems);
        try
        {
            return reader.ReadDocument();
        }
        catch (YamlException fault)
        {
            throw problems.Fatal((int)fault.Start.Line, (int)fault.Start.Column, $"This is not YAML: {fault.Message}");
        }
        // The YAML scanner throws others too on some escapes and numbers; a wrong document must not look like our fault.
        catch (Exception fault) when (fault is not FlowFormatException)
        {
            var at = reader._events.Current?.End ?? Mark.Empty;
            throw problems.Fatal((int)at.Line, (int)at.Column, $"This is not YAML: {fault.Message}");
        }
    }

    private DocumentNode? ReadDocument()
    {
        Move();
        while (_events.Current is StreamStart or DocumentStart) Move();
        if (_events.Current is null or StreamEnd) return null;
        var root = ReadNode(1);
        if (_events.Current is { } more and not StreamEnd)
            throw Fatal(more, "A second document begins here. A Flow is one document: remove the '---'.");
        return root;
    }

    /// <summary>Reads the value at the current event and moves behind it.</summary>
    private DocumentNode ReadNode(int depth)
    {
        var at = _events.Current!;
        if (at is not (NodeEvent or AnchorAlias)) throw Fatal(at, "A value is missing here.");
        if (depth > MaxDepth) throw Fatal(at, $"This is nested more than {MaxDepth} deep. Use sections and goTo.");
        if (++_nodes > MaxNodes)
            throw Fatal(at, $"The document has more than {MaxNodes} values. Split it into several Flows.");
        var anchor = (at as NodeEvent)?.Anchor ?? AnchorName.Empty;
        if (!anchor.IsEmpty) _anchors[anchor] = null;

        DocumentNode node = at switch
        {
            AnchorAlias alias => ReadAlias(alias, depth),
            Scalar scalar => ReadScalar(scalar),
            SequenceStart list => ReadList(list, depth),
            _ => ReadMap((MappingStart)at, depth),
        };
        if (!anchor.IsEmpty) _anchors[anchor] = node;
        Move();
        return node;
    }

    private DocumentNode ReadAlias(AnchorAlias alias, int depth)
    {
        if (!_anchors.TryGetValue(alias.Value, out var node))
            throw Fatal(alias, $"There is no '&{alias.Value}' above this.");
        if (node is null) throw Fatal(alias, $"'&{alias.Value}' cannot hold itself.");
        _nodes += node.Size;
        if (_nodes > MaxNodes) throw Fatal(alias, $"With its aliases the document has more than {MaxNodes} values.");
        if (depth + node.Height - 1 > MaxDepth)
            throw Fatal(alias, $"With its aliases this is nested more than {MaxDepth} deep.");
        return node;
    }

    private ScalarNode ReadScalar(Scalar scalar)
    {
        CheckTag(scalar, isText: true);
        return new ScalarNode((int)scalar.Start.Line, (int)scalar.Start.Column, (int)scalar.Start.Index,
            (int)scalar.End.Index, scalar.Value, scalar.Style != ScalarStyle.Plain || !scalar.Tag.IsEmpty);
    }

    private ListNode ReadList(SequenceStart at, int depth)
    {
        CheckTag(at, isText: false);
        var list = new ListNode((int)at.Start.Line, (int)at.Start.Column);
        Move();
        while (_events.Current is not SequenceEnd) list.Add(ReadNode(depth + 1));
        return list;
    }

    private MapNode ReadMap(MappingStart at, int depth)
    {
        CheckTag(at, isText: false);
        var map = new MapNode((int)at.Start.Line, (int)at.Start.Column);
        Move();
        while (_events.Current is not MappingEnd)
        {
            var key = ReadNode(depth + 1);
            var value = ReadNode(depth + 1);
            if (key is not ScalarNode name)
            {
                map.IsFaulty = true;
                _problems.Report(key, "A name is expected here. A text that begins with {{ needs quotes: \"{{ … }}\".");
            }
            else if (!map.TryAdd(name, value))
                _problems.Report(key, $"'{name.Text}' is here twice. Keep one.");
        }

        return map;
    }

    private void CheckTag(NodeEvent at, bool isText)
    {
        if (at.Tag.IsEmpty || at.Tag.IsNonSpecific || (isText && at.Tag.Value == "tag:yaml.org,2002:str")) return;
        _problems.Report((int)at.Start.Line, (int)at.Start.Column,
            "Tags ('!…') mean nothing in a Flow. Remove it, or put the text in quotes.");
    }

    private void Move()
    {
        while (_events.MoveNext() && _events.Current is Comment or DocumentEnd)
        {
        }
    }

    private FlowFormatException Fatal(ParsingEvent at, string message) =>
        _problems.Fatal((int)at.Start.Line, (int)at.Start.Column, message);
}
