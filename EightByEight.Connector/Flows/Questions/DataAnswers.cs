using System.Text.Json.Nodes;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>Data beside the text: a form that was filled in, a place, or what an inject brought; its value is that data.</summary>
internal sealed class DataAnswer : AnswerType
{
    public override bool TakesData => true;

    public override JsonNode? Read(in Given given)
    {
        // The event itself is there in every input, a click is text, and files have a type of their own.
        if (given.Turn.Data is not { } data) return null;
        var answer = new JsonObject();
        foreach (var (name, value) in data)
            if (name is not ("request" or "choice" or "attachments") && value is not null) answer[name] = value.DeepClone();
        return answer.Count == 0 ? null : answer;
    }
}

/// <summary>One file or more; its value is a list of them, as in <c>input.data.attachments</c>.</summary>
internal sealed class FileAnswer : AnswerType
{
    public override bool TakesData => true;

    public override JsonNode? Read(in Given given) =>
        given.Turn.Data?["attachments"] is JsonArray { Count: > 0 } files ? files.DeepClone() : null;

    public override string Short(JsonNode answer, in Given given) =>
        string.Join(", ", answer.AsArray().Select(file => file?["name"]?.ToString()).Where(name => !string.IsNullOrEmpty(name)));
}

/// <summary>What an expression makes of the input; null, undefined, false and "" are no answer.</summary>
internal sealed class CustomAnswer(Expression? answer) : AnswerType
{
    protected override bool IgnoresMarks => false;

    public override bool TakesData => true;

    public static CustomAnswer Make(StepSource source, MapNode question) =>
        new(source.Require(question, "answer", "answer: input.data.order?.id") is { } node ? source.Compiler.Condition(node, "answer") : null);

    public override JsonNode? Read(in Given given)
    {
        try
        {
            return answer!.Value(given.Turn).Json is { } value && !IsNothing(value) ? value : null;
        }
        catch (ScriptException)
        {
            // What is not there is not answered.
            return null;
        }
    }

    private static bool IsNothing(JsonNode value) => value is JsonValue scalar
        && ((scalar.TryGetValue<bool>(out var truth) && !truth) || (scalar.TryGetValue<string>(out var text) && text.Length == 0));
}
