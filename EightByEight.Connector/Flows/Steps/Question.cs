using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Questions;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Asks, waits, and takes the next input as the answer; asks again until it is one, or as often as its author wants.</summary>
internal sealed class Question : WaitingStep
{
    private const string ShortForm = "[ANSWER]";

    private readonly Dictionary<string, Step?> _intents = new(StringComparer.OrdinalIgnoreCase);
    private Inquiry? _inquiry;
    private Template? _reprompt;
    private Step? _repromptSteps;
    private int? _reprompts;
    private int? _forgetAfter;
    private double? _intentThreshold;
    private Template? _validationMessage;
    private Template? _confirm;
    private Template? _confirmReprompt;
    private bool _skipIfKnown;
    private bool _skipIfInInput;
    private Step? _otherwise;

    /// <summary>Whether its answers are choices.</summary>
    public bool TakesChoices => _inquiry!.Answers is ChoiceAnswer;

    /// <inheritdoc/>
    public override bool Asks => _inquiry?.Asks == true;

    /// <inheritdoc/>
    public override bool Pauses => Asks;

    public static Question Parse(StepSource source)
    {
        source.AllowBeside("otherwise", "intents");
        var step = new Question { Path = source.Path, Line = source.Line };
        if (source.Object("text", [.. Inquiry.Members, "reprompt", "reprompts", "forgetAfter", "intentThreshold", "validationMessage", "confirm", "confirmReprompt",
            "skipIfKnown", "skipIfInInput"]) is { } map) step.Read(source, map);
        if (source.Members.Find("otherwise") is { } otherwise)
        {
            step._otherwise = source.Branch(otherwise, "otherwise");
            step.Surround(step._otherwise);
            if (step._reprompts is null)
                source.Problems.Report(source.Members.FindKey("otherwise")!, "'otherwise' comes after the last of the 'reprompts': say how many there are.");
        }

        if (source.Members.Find("intents") is { } intents) step.ReadIntents(source, intents);
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        if (_skipIfKnown && _inquiry!.Known(turn) is { } known)
        {
            turn.Memory.SetResult(known);
            return Outcome.Continue;
        }

        if (_skipIfInInput && _inquiry!.Read(turn, this) is { } answer && _inquiry.IsValid(turn, answer)) return Take(turn, answer, 0);
        return AskAgain(turn, 0);
    }

    /// <summary>Who is to be asked what the input holds before the question is asked; null: nobody.</summary>
    public FlowRequest? Look(Turn turn) => _skipIfInInput && !(_skipIfKnown && _inquiry!.Known(turn) is not null) ? _inquiry!.Extract(turn, this) : null;

    /// <summary>Who is to be asked what is in the answer before it is taken; null: nobody.</summary>
    public FlowRequest? Extract(Turn turn, FlowPosition position) =>
        position.Tentative is null && Escalation(turn) is null ? _inquiry!.Extract(turn, this) : null;

    public override Outcome Resume(Turn turn, FlowPosition position)
    {
        var tentative = position.Tentative?.DeepClone();
        Show(turn, position);
        // Nothing of the customer, such as a conversation that becomes active.
        if (turn.Text.Length == 0 && turn.Data is { } data && Agent.Given(data) is null) return Outcome.Wait(position);
        if (Escalation(turn) is { } steps)
        {
            turn.Memory.SetInput("understood", true);
            turn.Frame[this] = position.Reprompts;
            return Outcome.JumpTo(steps);
        }

        if (tentative is not null)
            return YesNoAnswer.Read(turn.Text.Trim()) switch
            {
                true => Accept(turn, tentative),
                false => AskAgain(turn, position.Reprompts),
                null => Wrong(turn, position, _confirmReprompt ?? _confirm!),
            };
        if (_inquiry!.Read(turn, this) is not { } answer) return Wrong(turn, position, _reprompt ?? _inquiry.Text);
        if (!_inquiry.IsValid(turn, answer)) return Wrong(turn, position, _validationMessage ?? _reprompt ?? _inquiry.Text);
        return Take(turn, answer, position.Reprompts);
    }

    /// <summary>What an intent leads to while the question waits; null: the input is an answer, or none.</summary>
    private Step? Escalation(Turn turn) =>
        turn.Heard is { Intent: { } intent, Score: var score } && !(score < _intentThreshold) ? _intents.GetValueOrDefault(intent) : null;

    private void Read(StepSource source, MapNode map)
    {
        _inquiry = new Inquiry(source, map, "text: What is your name?");
        if (map.Find("reprompt") is ListNode again) _repromptSteps = source.Block(again, "reprompt", new Again(this) { Path = $"{Path}/reprompt/end", Line = Line });
        else if (map.Find("reprompt") is { } text) _reprompt = source.Compiler.Template(text, "reprompt");
        _reprompts = source.Whole(map, "reprompts", 0, 100);
        _intentThreshold = source.Share(map, "intentThreshold");
        _forgetAfter = source.Whole(map, "forgetAfter", 1, 100);
        Template? Text(string member, string needs)
        {
            if (map.Find(member) is not { } node) return null;
            if (map.Find(needs) is null) source.Problems.Report(map.FindKey(member)!, $"'{member}' means nothing without '{needs}'.");
            return source.Compiler.Template(node, member);
        }

        _validationMessage = Text("validationMessage", "validate");
        _confirm = Text("confirm", "text");
        _confirmReprompt = Text("confirmReprompt", "confirm");
        _skipIfKnown = source.Flag(map, "skipIfKnown");
        if (_skipIfKnown && map.Find("saveTo") is null)
            source.Problems.Report(map.FindKey("skipIfKnown")!, "'skipIfKnown' looks where 'saveTo' says: write it.");
        _skipIfInInput = source.Flag(map, "skipIfInInput");
        if (_skipIfInInput && _inquiry.Answers is TextAnswer)
            source.Problems.Report(map.FindKey("skipIfInInput")!, "Every input answers a question of type text: it would never be asked.");
    }

    private void ReadIntents(StepSource source, DocumentNode intents)
    {
        if (intents is not MapNode { Size: > 1 } map)
        {
            source.Problems.Report(intents, "'intents' is an object of intents and steps, such as intents: { cancel: [ stop ] }.");
            return;
        }

        foreach (var (key, steps) in map.Members)
        {
            source.Compiler.Expects(key);
            var branch = $"intent{_intents.Count}";
            _intents[key.Text] = source.Block(steps, branch, new Again(this) { Path = $"{Path}/{branch}/end", Line = Line }, key.Text);
        }
    }

    /// <summary>An answer came: perhaps the customer confirms it first.</summary>
    private Outcome Take(Turn turn, JsonNode answer, int reprompts)
    {
        if (_confirm is null) return Accept(turn, answer);
        var position = new FlowPosition
        {
            Step = Path,
            Reprompts = reprompts,
            AskedAt = turn.Execution,
            Tentative = answer,
            TentativeShort = _inquiry!.Short(turn, this, answer),
        };
        Show(turn, position);
        return Confirm(turn, _confirm, position);
    }

    private Outcome Accept(Turn turn, JsonNode answer)
    {
        turn.Memory.SetInput("activeQuestion", null);
        turn.Memory.SetInput("understood", true);
        _inquiry!.Accept(turn, answer);
        return Outcome.Continue;
    }

    private Outcome Wrong(Turn turn, FlowPosition position, Template said)
    {
        // Data alone, such as a file, are no answer that went wrong.
        var wrong = position.Reprompts + (turn.Text.Length == 0 ? 0 : 1);
        turn.Memory.SetInput("understood", false);
        if (wrong >= _forgetAfter)
        {
            turn.LeaveAll();
            turn.Memory.SetInput("activeQuestion", null);
            return Outcome.Forget;
        }

        if (wrong > _reprompts)
        {
            turn.Memory.SetInput("activeQuestion", null);
            turn.Memory.SetResult(null);
            return _otherwise is null ? Outcome.Continue : Outcome.JumpTo(_otherwise);
        }

        if (position.Tentative is not null) return Confirm(turn, said, position with { Reprompts = wrong, AskedAt = turn.Execution });
        if (_repromptSteps is not null && said != _validationMessage)
        {
            turn.Frame[this] = wrong;
            return Outcome.JumpTo(_repromptSteps);
        }

        _inquiry!.Ask(turn, this, said.Render(turn, this));
        return WaitAt(turn, wrong);
    }

    private Outcome Confirm(Turn turn, Template said, FlowPosition position)
    {
        turn.Say(new Output { Text = said.Render(turn, this).Replace(ShortForm, ShortOf(turn, position), StringComparison.Ordinal) });
        return Outcome.Wait(position);
    }

    /// <summary>Earlier versions of this product stored none.</summary>
    private string ShortOf(Turn turn, FlowPosition position) => position.TentativeShort ?? _inquiry!.Short(turn, this, position.Tentative!);

    private Outcome AskAgain(Turn turn, int reprompts)
    {
        _inquiry!.Ask(turn, this, _inquiry.Text.Render(turn, this));
        return WaitAt(turn, reprompts);
    }

    private Outcome WaitAt(Turn turn, int reprompts) => Outcome.Wait(new FlowPosition { Step = Path, Reprompts = reprompts, AskedAt = turn.Execution });

    /// <summary>Lets the Flow see in <c>input.activeQuestion</c> what waits. Source of its members: Cognigy, Input object.</summary>
    private void Show(Turn turn, FlowPosition position) => turn.Memory.SetInput("activeQuestion", new JsonObject
    {
        ["nodeId"] = Path,
        ["type"] = _inquiry!.Answers!.Name,
        ["lastExecutedAt"] = position.AskedAt,
        ["forgetQuestionThreshold"] = _forgetAfter,
        ["repromptCount"] = position.Reprompts,
        ["tentativeAnswer"] = position.Tentative?.DeepClone(),
        ["tentativeShortFormAnswer"] = position.Tentative is null ? null : ShortOf(turn, position),
    });

    /// <summary>The end of what runs while it waits.</summary>
    private sealed class Again(Question question) : Step
    {
        public override Outcome Run(Turn turn) => question.AskAgain(turn, turn.Frame[question]);
    }
}
