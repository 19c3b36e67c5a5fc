using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>A text in which a .NET regular expression finds a match; its value is the match.</summary>
internal sealed class RegexAnswer(Regex pattern) : AnswerType
{
    /// <summary>For patterns that cannot be run in linear time.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(250);

    public static RegexAnswer? Compile(StepSource source, MapNode question)
    {
        if (source.Require(question, "pattern", "pattern: \"^[0-9]{6}$\"") is not { } node) return null;
        if (node is not ScalarNode { IsNull: false } text)
        {
            source.Problems.Report(node, $"'pattern' is a regular expression in quotes, not {node.Kind}.");
            return null;
        }

        try
        {
            return new RegexAnswer(ToRegex(text.Text));
        }
        catch (ArgumentException fault)
        {
            source.Problems.Report(node, $"'pattern' is not a regular expression: {fault.Message}");
            return null;
        }
    }

    protected override bool IgnoresMarks => false;

    public override JsonNode? Read(in Given given)
    {
        var text = given.Text;
        try
        {
            return pattern.Match(text) is { Success: true } match ? match.Value : null;
        }
        catch (RegexMatchTimeoutException)
        {
            // Only a text made for it takes a pattern that long; it is not the answer.
            return null;
        }
    }

    /// <summary>A pattern that is bounded in time.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static Regex ToRegex(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, Timeout);
        }
        catch (NotSupportedException)
        {
            // Back-references, look-around and patterns too large for an automaton.
            return new Regex(pattern, RegexOptions.CultureInvariant, Timeout);
        }
    }
}
