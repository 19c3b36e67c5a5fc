using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>What counts as an answer to a question.</summary>
internal abstract class AnswerType
{
    private static readonly OrderedDictionary<string, Func<StepSource, MapNode, AnswerType?>> Types = new()
    {
        ["text"] = (_, _) => new TextAnswer(),
        ["number"] = (_, _) => new NumberAnswer(),
        ["regex"] = RegexAnswer.Compile,
        ["yesNo"] = (_, _) => new YesNoAnswer(),
        ["choice"] = (_, _) => new ChoiceAnswer(),
    };

    /// <summary>The value of an answer; null when it is none.</summary>
    /// <param name="text">What the customer said, trimmed, never empty.</param>
    /// <param name="options">The options of the question, as they were shown.</param>
    public abstract JsonNode? Read(string text, IReadOnlyList<QuickReply> options);

    public static AnswerType? Parse(StepSource source, MapNode question)
    {
        var name = question.Find("type") is { } type ? source.Compiler.PlainText(type, "type") : "text";
        if (name is null) return null;
        if (!Types.TryGetValue(name, out var make))
        {
            source.Problems.Report(question.Find("type")!, $"There is no question type '{name}'."
                + $"{Problems.DidYouMean(name, Types.Keys)} Types are {string.Join(", ", Types.Keys)}.");
            return null;
        }

        foreach (var (member, owner) in new[] { ("pattern", "regex"), ("options", "choice") })
        {
            if (name != owner && question.FindKey(member) is { } misplaced)
                source.Problems.Report(misplaced, $"'{member}' belongs to questions of type {owner}; this one is of type {name}.");
        }

        return make(source, question);
    }
}
