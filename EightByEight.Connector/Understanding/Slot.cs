using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Understanding;

/// <summary>Something that is looked for in what customers say: one of a list of values, or what a pattern matches.</summary>
internal sealed class Slot
{
    private readonly Dictionary<string, string> _values = [];
    private readonly Regex? _pattern;

    public Slot(string name, Regex pattern) => (Name, _pattern) = (name, pattern);

    /// <param name="values">What is said, and what it stands for.</param>
    public Slot(string name, IEnumerable<(string Said, string Value)> values)
    {
        Name = name;
        foreach (var (said, value) in values) _values.TryAdd(Features.Fold(said), value);
        MostWords = _values.Keys.Max(said => said.Count(c => c == ' ') + 1);
    }

    public string Name { get; }

    /// <summary>How many words a value has at most; 0: the slot is a pattern.</summary>
    public int MostWords { get; }

    /// <summary>What some words stand for; null: nothing.</summary>
    public string? ValueOf(string words) => _values.GetValueOrDefault(Features.Fold(words));

    /// <summary>What the pattern finds in a text: its first group, where it has one.</summary>
    public IEnumerable<JsonObject> Matches(string text)
    {
        if (_pattern is null) yield break;
        foreach (var match in Found(_pattern, text))
        {
            var kept = match.Groups.Count > 1 && match.Groups[1].Success ? match.Groups[1] : match.Groups[0];
            if (kept.Length > 0) yield return Entry(kept.Value, kept.Value, kept.Index);
        }
    }

    /// <summary>One that was found. Source of <c>keyphrase</c>: Cognigy, slots of the Input object.</summary>
    public static JsonObject Entry(string keyphrase, string said, int start) =>
        new() { ["keyphrase"] = keyphrase, ["text"] = said, ["start"] = start, ["end"] = start + said.Length };

    private static List<Match> Found(Regex pattern, string text)
    {
        try
        {
            return [.. pattern.Matches(text).Take(SlotFinder.Most)];
        }
        catch (RegexMatchTimeoutException)
        {
            // Only a text made for it takes a pattern that long.
            return [];
        }
    }
}
