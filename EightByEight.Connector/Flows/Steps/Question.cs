using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Questions;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Asks, waits, and takes the next input as the answer; asks again until it is one.</summary>
internal sealed class Question : WaitingStep
{
    private readonly Template? _text;
    private readonly Template? _reprompt;
    private readonly IReadOnlyList<Choice> _options;
    private readonly AnswerType? _answers;
    private readonly MemoryPath? _saveTo;

    private Question(
        Template? text, Template? reprompt, IReadOnlyList<Choice> options, AnswerType? answers, MemoryPath? saveTo) =>
        (_text, _reprompt, _options, _answers, _saveTo) = (text, reprompt, options, answers, saveTo);

    /// <summary>Whether its answers are choices.</summary>
    public bool TakesChoices => _answers is ChoiceAnswer;

    public static Question Parse(StepSource source)
    {
        source.AllowBeside();
        Template? text = null, reprompt = null;
        IReadOnlyList<Choice> options = [];
        AnswerType? answers = null;
        MemoryPath? saveTo = null;
        if (source.Object("text", "text", "type", "pattern", "options", "reprompt", "saveTo") is { } map)
        {
            if (source.Require(map, "text", "text: What is your name?") is { } node)
                text = source.Compiler.Template(node, "text");
            if (map.Find("reprompt") is { } again) reprompt = source.Compiler.Template(again, "reprompt");
            if (map.Find("saveTo") is { } place)
                saveTo = source.Compiler.PlainText(place, "saveTo") is { } path ? source.Place(place, path) : null;
            answers = AnswerType.Parse(source, map);
            if (answers is ChoiceAnswer && source.Require(map, "options", "options: [ Small, Large ]") is { } list)
                options = Choice.ParseList(source, list, "options", Choice.OfOptions);
        }

        return new Question(text, reprompt, options, answers, saveTo) { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn)
    {
        Ask(turn, _text!);
        return Wait();
    }

    public override Outcome Resume(Turn turn, FlowPosition position)
    {
        // Data alone, such as a conversation that became active, has no text and answers nothing.
        var said = turn.Text.Trim();
        if (said.Length == 0 || _answers!.Read(said, Choice.Render(_options, turn, this)) is not { } answer)
        {
            Ask(turn, _reprompt ?? _text!);
            return Wait(position.Reprompts + 1);
        }

        if (_saveTo is not null) turn.Memory.Store(_saveTo, new ScriptValue(answer.DeepClone()));
        turn.Memory.SetResult(answer);
        return Outcome.Continue;
    }

    private void Ask(Turn turn, Template text) =>
        turn.Say(new Output { Text = text.Render(turn, this), QuickReplies = Choice.Render(_options, turn, this) });
}
