using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Questions;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>What a question asks, what is an answer to it, and where that is stored.</summary>
internal sealed class Inquiry
{
    private readonly Template? _text;
    private readonly IReadOnlyList<Choice> _options = [];
    private readonly MemoryPath? _saveTo;
    private readonly Expression? _validate;

    public Inquiry(StepSource source, MapNode map, string example)
    {
        if (source.Require(map, "text", example) is { } text) _text = source.Compiler.Template(text, "text");
        _saveTo = source.Place(map, "saveTo");
        Answers = AnswerType.Parse(source, map);
        if (Answers is ChoiceAnswer && source.Require(map, "options", "options: [ Small, Large ]") is { } list)
            _options = Choice.ParseList(source, list, "options", Choice.OfOptions);
        if (map.Find("validate") is { } condition) _validate = source.Compiler.Condition(condition, "validate");
    }

    /// <summary>The members that it reads.</summary>
    public static readonly string[] Members = ["text", "type", .. AnswerType.Members, "validate", "saveTo"];

    public AnswerType? Answers { get; }

    public Template Text => _text!;

    /// <summary>Whether somebody is asked what an answer holds.</summary>
    public bool Asks => Answers is EntityAnswer;

    /// <summary>Who is to be asked what is in the input before it is read; null: nobody.</summary>
    public FlowRequest? Extract(Turn turn, Step step) => Answers is EntityAnswer entity && turn.Text.Trim() is { Length: > 0 } said
        ? entity.Request(Text.Render(turn, step), said, turn.KeyOf(step)) with { AskedBy = step } : null;

    public void Ask(Turn turn, Step step, string text) =>
        turn.Say(new Output { Text = text, QuickReplies = Choice.Render(_options, turn, step) });

    /// <summary>The input as an answer; null when it is none.</summary>
    public JsonNode? Read(Turn turn, Step step)
    {
        // Data alone, such as a conversation that became active, has no text and answers no question for one.
        var given = Given(turn, step);
        return given.Text.Length == 0 && !Answers!.TakesData ? null : Answers!.Take(given);
    }

    /// <summary>Whether the author takes it, too; it is <c>input.result</c> meanwhile.</summary>
    public bool IsValid(Turn turn, JsonNode answer)
    {
        if (_validate is null) return true;
        turn.Memory.SetResult(answer.DeepClone());
        var isValid = _validate.Truth(turn);
        if (!isValid) turn.Memory.SetResult(null);
        return isValid;
    }

    public string Short(Turn turn, Step step, JsonNode answer) => Answers!.Short(answer, Given(turn, step));

    /// <summary>What was stored as its answer before; null: nothing.</summary>
    public JsonNode? Known(Turn turn) => _saveTo is null ? null : turn.Memory.Find(_saveTo)?.DeepClone();

    public void Accept(Turn turn, JsonNode? answer)
    {
        if (_saveTo is not null) turn.Memory.Store(_saveTo, new ScriptValue(answer?.DeepClone()));
        turn.Memory.SetResult(answer?.DeepClone());
    }

    private Given Given(Turn turn, Step step) => new(turn.Text.Trim(), Choice.Render(_options, turn, step), turn);
}
