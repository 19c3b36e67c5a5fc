using System.Globalization;
using System.Text;

namespace EightByEight.Connector.Flows;

/// <summary>Which step of a Flow leads to which.</summary>
internal sealed class FlowMap
{
    private const int Longest = 60;

    private readonly IReadOnlyList<Stop> _stops;
    private readonly Dictionary<string, Stop?> _around;
    private readonly List<Way> _ways = [];
    private readonly IReadOnlyList<string> _entries;

    /// <param name="stops">The steps, each before what lies in it.</param>
    /// <param name="jumps">From which path to which, apart from what the order of steps says.</param>
    /// <param name="entries">Where it begins beside its start.</param>
    /// <param name="written">As what a branch is written, by its path, where that calls it otherwise.</param>
    public FlowMap(
        IEnumerable<Stop> stops, IEnumerable<(string From, string To)> jumps, IEnumerable<string> entries, IReadOnlyDictionary<string, string> written)
    {
        _entries = ["start/0", .. entries];
        // A document that repeats a part by an alias has it at several paths.
        _stops = [.. stops.DistinctBy(stop => stop.Path)];
        var known = _stops.ToDictionary(stop => stop.Path);
        _around = _stops.ToDictionary(stop => stop.Path, stop => Around(stop.Path, known));
        foreach (var stop in _stops)
        {
            var branches = _stops.Where(inner => _around[inner.Path] == stop && inner.Path.EndsWith("/0", StringComparison.Ordinal)).ToList();
            foreach (var branch in branches) _ways.Add(new(stop.Path, branch.Path, Short(written.GetValueOrDefault(branch.Path[..^2]) ?? BranchOf(stop, branch))));
            if (Ends(stop, branches)) continue;
            if (Next(stop.Path, known, _around) is { } next) _ways.Add(new(stop.Path, next, branches.Count > 0 && stop.Kind == "if" ? "else" : ""));
        }

        foreach (var (from, to) in jumps) _ways.Add(new(from, to, known[from].Kind == "goTo" ? "" : "continueAt"));
    }

    /// <summary>Steps to which no way leads; of what follows one another, or lies in one, only the first.</summary>
    public IEnumerable<Stop> Unreached()
    {
        var ways = _ways.ToLookup(way => way.From, way => way.To);
        var reached = new HashSet<string>();
        var open = new Stack<string>(_entries);
        while (open.TryPop(out var path))
            if (reached.Add(path))
                foreach (var to in ways[path]) open.Push(to);
        bool IsFirst(Stop stop) => (_around[stop.Path] is not { } outer || reached.Contains(outer.Path))
            && !_stops.Any(other => Below(other.Path) == stop.Path && !reached.Contains(other.Path));
        return _stops.Where(stop => !reached.Contains(stop.Path) && IsFirst(stop));
    }

    /// <summary>A flowchart in the language of Mermaid (https://mermaid.js.org/syntax/flowchart.html).</summary>
    public string Draw()
    {
        var drawing = new StringBuilder("flowchart TD\n");
        var numbers = _stops.Index().ToDictionary(stop => stop.Item.Path, stop => stop.Index);
        foreach (var (place, section) in _stops.GroupBy(stop => SectionOf(stop.Path)).Index())
        {
            // Names of intents are no ids of Mermaid.
            var id = section.Key.Contains('/', StringComparison.Ordinal) ? $"intent{place}" : section.Key;
            drawing.Append(CultureInfo.InvariantCulture, $"  subgraph s_{id}[\"{Quoted(section.Key)}\"]\n");
            foreach (var stop in section)
            {
                var (open, close) = stop.Kind is "if" or "switch" or "while" or "forEach" ? ("{", "}") : stop.Waits ? ("[/", "/]") : ("[", "]");
                drawing.Append(CultureInfo.InvariantCulture, $"    n{numbers[stop.Path]}{open}\"{Quoted(stop.Label)}\"{close}\n");
            }

            drawing.Append("  end\n");
        }

        foreach (var way in _ways)
            drawing.Append(CultureInfo.InvariantCulture,
                $"  n{numbers[way.From]} -->{(way.Label.Length == 0 ? "" : $"|\"{Quoted(way.Label)}\"|")} n{numbers[way.To]}\n");
        return drawing.ToString();
    }

    /// <summary>The step in which another lies; null: in none.</summary>
    private static Stop? Around(string path, Dictionary<string, Stop> known)
    {
        for (var end = path.LastIndexOf('/'); end > 0; end = path.LastIndexOf('/', end - 1))
            if (known.TryGetValue(path[..end], out var stop)) return stop;
        return null;
    }

    /// <summary>What runs after a step: the one below, else what follows the step around it, or that step again.</summary>
    private static string? Next(string path, Dictionary<string, Stop> known, Dictionary<string, Stop?> around)
    {
        var below = Below(path);
        if (known.ContainsKey(below)) return below;
        if (around[path] is not { } outer) return null;
        var isAgain = outer.Kind is "forEach" or "while" or "handover"
            || (outer.Kind == "ask" && path.StartsWith(outer.Path + "/tools/", StringComparison.Ordinal))
            || (outer.Waits && !path.StartsWith(outer.Path + "/otherwise/", StringComparison.Ordinal));
        return isAgain ? outer.Path : Next(outer.Path, known, around);
    }

    /// <summary>A section's name, or <c>intents/</c> with that of an intent.</summary>
    private static string SectionOf(string path)
    {
        var parts = path.Split('/', 3);
        return parts[0] == "intents" ? $"intents/{parts[1]}" : parts[0];
    }

    private static string Below(string path)
    {
        var cut = path.LastIndexOf('/') + 1;
        return string.Create(CultureInfo.InvariantCulture, $"{path[..cut]}{int.Parse(path[cut..], CultureInfo.InvariantCulture) + 1}");
    }

    /// <summary>Whether nothing below a step runs after it by itself.</summary>
    private static bool Ends(Stop stop, List<Stop> branches) => stop.Kind switch
    {
        "stop" or "goTo" or "return" or "endConversation" or "think" => true,
        "if" or "interval" => branches.Exists(branch => BranchOf(stop, branch) == "then") && branches.Exists(branch => BranchOf(stop, branch) == "else"),
        "switch" => branches.Exists(branch => BranchOf(stop, branch) == "default"),
        _ => false,
    };

    private static string BranchOf(Stop stop, Stop branch) => branch.Path[(stop.Path.Length + 1)..^2];

    private static string Short(string text)
    {
        text = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.Length > Longest ? text[..Longest] + "…" : text;
    }

    private static string Quoted(string text) => text.Replace("#", "#35;", StringComparison.Ordinal).Replace("\"", "#quot;", StringComparison.Ordinal)
        .Replace("<", "#lt;", StringComparison.Ordinal).Replace(">", "#gt;", StringComparison.Ordinal);

    /// <summary>A step where it stands.</summary>
    /// <param name="Text">What it says or decides by; empty: it shows by itself.</param>
    public sealed record Stop(string Path, int Line, int Column, string Kind, string Text)
    {
        public bool Waits => Kind is "question" or "optionalQuestion" or "waitForInput" or "agent";

        public string Label
        {
            get
            {
                var text = Short(Text);
                return text.Length == 0 || text == Kind ? Kind : $"{Kind}: {text}";
            }
        }
    }

    private sealed record Way(string From, string To, string Label);
}
