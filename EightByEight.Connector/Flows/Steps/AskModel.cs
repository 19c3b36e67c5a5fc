using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Models;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// Lets a language model answer, which may call tools before it does, or give the customer to people. Each of its answers is committed
/// before anything is done with it, so that a crash asks again only for one that nobody has.
/// </summary>
internal sealed partial class AskModel : AskingStep, ICaller
{
    /// <summary>What the model calls to give the customer to people, and to say that it is done.</summary>
    private const string HandOverTool = "hand_over";
    private const string FinishTool = "finish";

    private const int MostRepairs = 1;

    /// <summary>Each is a message for the customer, and a step of the turn.</summary>
    private const int MostPieces = 20;

    private ModelSettings? _model;
    private Template? _instructions;
    private Template? _text;
    private JsonObject? _schema;
    private bool _isSilent;
    private int _tokens;
    private int _rounds;
    private IReadOnlyList<AskTool> _tools = [];
    private Range _inside = 0..0;
    private IReadOnlyList<ToolDescription> _offered = [];
    private IReadOnlyList<AskTarget> _targets = [];
    private AskUntil? _until;
    private Template? _refusal;
    private Step? _onError;
    private Step? _onHandover;
    private string _mark = "";

    /// <inheritdoc/>
    public override bool IsCommitted => true;

    /// <inheritdoc/>
    public override string Kind => "ask";

    /// <inheritdoc/>
    public Step? After => this;

    public override FlowRequest? Ask(Turn turn)
    {
        var dialogue = Dialogue.Read(turn.Recall(_mark));
        var input = (string?)turn.Memory[Root.Input]["inputId"] ?? "";
        if (dialogue.Input == input) dialogue.Leave();
        else if (Said(turn) is { Length: > 0 } said) dialogue.Begin(input, said, _tokens);
        else return null;
        turn.Keep(_mark, dialogue.ToJson());
        if (dialogue.Open.Count > 0) return null;
        var wanted = dialogue is { Rounds: 0, Repairs: 0, Stream: null } && dialogue.Left(_tokens) is > 0 and var left
            ? new ElsewhereSaid((string?)turn.Memory[Root.Input]["sessionId"] ?? "", dialogue.Last, input, left) : null;
        return new ModelRequest(_model!)
        {
            Instructions = _instructions?.Render(turn, this),
            Messages = [.. dialogue.Messages],
            Wanted = wanted,
            Elsewhere = wanted is null ? [] : [.. turn.Outputs.Where(output => !output.IsUnrecorded && output.Text.Length > 0)
                .Select(output => new ModelMessage { Role = ModelRole.Assistant, Text = output.Text })],
            Tools = _offered,
            MustAnswer = dialogue.Rounds >= _rounds,
            Schema = _schema,
            Id = turn.KeyOf(this),
            MayStream = !_isSilent && _schema is null,
            Continues = dialogue.Stream,
            Told = dialogue.Streamed.Length,
            InOnePiece = dialogue.Pieces >= MostPieces,
        };
    }

    /// <summary>The next tool runs; or nobody said anything.</summary>
    public override Outcome Pass(Turn turn)
    {
        var dialogue = Dialogue.Read(turn.Recall(_mark));
        if (dialogue.Open.Count == 0) return _until is null ? Outcome.Continue : Wait();
        var call = dialogue.Open[0];
        dialogue.Open.RemoveAt(0);
        dialogue.Running = call;
        turn.Keep(_mark, dialogue.ToJson());
        return _tools.First(tool => tool.Description.Name == call.Name).Begin(turn, this, call.Arguments);
    }

    /// <inheritdoc/>
    public void Take(Turn turn, ScriptValue result)
    {
        var dialogue = Dialogue.Read(turn.Recall(_mark));
        if (dialogue.Running is not { } call) return;
        var told = result.Json is JsonValue value && value.TryGetValue<string>(out var text) ? text : result.Json?.ToJsonString() ?? "Done.";
        dialogue.Answer(call.Id, told);
        dialogue.Running = null;
        // A tool may have asked the customer something: the answer to that was another input.
        dialogue.Input = (string?)turn.Memory[Root.Input]["inputId"] ?? "";
        turn.Keep(_mark, dialogue.ToJson());
        Forget(turn);
    }

    public override Outcome Take(Turn turn, FlowAnswer answer)
    {
        var dialogue = Dialogue.Read(turn.Recall(_mark));
        if (answer.Error is { } error) return Fail(turn, dialogue, error);
        var said = answer as ModelAnswer ?? ModelAnswer.Of(answer.Value, _schema is not null);
        Dialogue.Insert(dialogue.Messages, said.Elsewhere);
        if (said.IsCut) turn.Warn(Path, Line, $"{_model!.Label} was cut off: give it more maxTokens.");
        if (!said.IsRefused && _schema is null && !_isSilent && said.Text.Trim() is { Length: > 0 } text)
            turn.Say(new Output { Text = text }, goesOn: dialogue.Pieces > 0);
        if (said.Continues is { } stream)
        {
            dialogue.Take(said.Text, stream);
            turn.Keep(_mark, dialogue.ToJson());
            return AskAgain(turn);
        }

        if (said.Broken is { } broken) turn.Warn(Path, Line, broken);
        said = said with { Text = dialogue.Whole(said.Text) };
        if (said.Text.Length > 0 || said.Calls.Count > 0)
            dialogue.Messages.Add(new ModelMessage { Role = ModelRole.Assistant, Text = said.Text, Calls = said.Calls.Count == 0 ? null : said.Calls });
        if (said.IsRefused) return Refuse(turn, dialogue);
        return said.Calls.Count > 0 ? Called(turn, dialogue, said)
            : said.Problem is { } problem ? Again(turn, dialogue, problem)
            : said.Text.Length == 0 ? Fail(turn, dialogue, $"{_model!.Label} said nothing.")
            : Answered(turn, dialogue, said);
    }

    private Outcome Called(Turn turn, Dialogue dialogue, ModelAnswer said)
    {
        if (dialogue.Rounds++ >= _rounds) return Fail(turn, dialogue, $"{_model!.Label} calls tools more than {_rounds} times for one input.");
        JsonObject? handover = null;
        var isFinished = false;
        foreach (var call in said.Calls)
        {
            if (call.Problem is { } problem) dialogue.Answer(call.Id, problem);
            else if (call.Name == HandOverTool && Target(call) is { } target)
            {
                handover ??= target;
                dialogue.Answer(call.Id, "A person takes over.");
            }
            else if (call.Name == FinishTool && _until?.Finished is not null) (isFinished, _) = (true, Noted(dialogue, call));
            else if (_tools.Any(tool => tool.Description.Name == call.Name)) dialogue.Open.Add(call);
            else dialogue.Answer(call.Id, $"There is no '{call.Name}' that can be called with that.");
        }

        if (handover is null && !isFinished)
        {
            turn.Keep(_mark, dialogue.ToJson());
            return AskAgain(turn);
        }

        foreach (var left in dialogue.Open) dialogue.Answer(left.Id, "It was not done: the conversation goes on elsewhere.");
        dialogue.Open = [];
        Close(turn, dialogue, said.Text, handover, isFinished);
        dialogue.Inputs = 0;
        turn.Keep(_mark, dialogue.ToJson());
        return handover is null ? Outcome.Continue : Outcome.JumpTo(_onHandover!);
    }

    private static bool Noted(Dialogue dialogue, ToolCall call)
    {
        dialogue.Answer(call.Id, "Noted.");
        return true;
    }

    /// <summary>Whether people are called as the Flow allows it; null: not like that.</summary>
    private JsonObject? Target(ToolCall call)
    {
        if (_onHandover is null) return null;
        var name = (string?)call.Arguments["to"];
        var target = _targets.FirstOrDefault(one => one.Name == name);
        if (target is null && _targets.Count > 0) return null;
        return new JsonObject
        {
            ["to"] = target?.Name,
            ["queueId"] = target?.QueueId,
            ["scriptId"] = target?.ScriptId,
            ["summary"] = (string?)call.Arguments["summary"],
        };
    }

    /// <summary>An answer that is not of the schema is given again, once.</summary>
    private Outcome Again(Turn turn, Dialogue dialogue, string problem)
    {
        if (dialogue.Repairs++ == MostRepairs) return Fail(turn, dialogue, $"{_model!.Label} answered twice what is not of the schema: {problem}");
        dialogue.Messages.Add(new ModelMessage { Role = ModelRole.User, Text = $"That answer is not of the schema: {problem} Answer again, with JSON alone." });
        turn.Keep(_mark, dialogue.ToJson());
        return AskAgain(turn);
    }

    private Outcome Answered(Turn turn, Dialogue dialogue, ModelAnswer said)
    {
        var result = said.Value?.DeepClone() ?? said.Text;
        turn.Memory.SetResult(result.DeepClone());
        Store(turn, result);
        Close(turn, dialogue, said.Text, null, isFinished: false);
        if (_until is null) return Outcome.Continue;
        if (!IsOver(turn, dialogue)) return Wait();
        dialogue.Inputs = 0;
        turn.Keep(_mark, dialogue.ToJson());
        return Outcome.Continue;
    }

    private bool IsOver(Turn turn, Dialogue dialogue) =>
        dialogue.Inputs >= _until!.Inputs || _until.Condition?.Truth(turn) == true;

    private void Close(Turn turn, Dialogue dialogue, string text, JsonObject? handover, bool isFinished)
    {
        dialogue.Close(_tokens);
        turn.Keep(_mark, dialogue.ToJson());
        turn.Memory.SetInput("ask", new JsonObject { ["text"] = text, ["handover"] = handover, ["finished"] = isFinished, ["refused"] = false });
    }

    private Outcome Refuse(Turn turn, Dialogue dialogue)
    {
        if (_refusal is null) return Fail(turn, dialogue, $"{_model!.Label} refuses to answer.");
        dialogue.Close(_tokens);
        turn.Keep(_mark, dialogue.ToJson());
        var text = _refusal.Render(turn, this);
        turn.Say(new Output { Text = text });
        turn.Memory.SetInput("ask", new JsonObject { ["text"] = text, ["handover"] = null, ["finished"] = false, ["refused"] = true });
        return _until is null || IsOver(turn, dialogue) ? Outcome.Continue : Wait();
    }

    private Outcome Fail(Turn turn, Dialogue dialogue, string error)
    {
        if (_onError is null) throw new StepException(error);
        dialogue.Close(_tokens);
        turn.Keep(_mark, dialogue.ToJson());
        turn.Warn(Path, Line, error);
        return Outcome.JumpTo(_onError);
    }

    /// <summary>What the model is told: what the step says, or else what the customer did.</summary>
    private string Said(Turn turn) => _text is not null ? _text.Render(turn, this)
        : turn.Text.Length > 0 ? turn.Text : Agent.Given(turn.Data)?.ToJsonString() ?? "";

    private Outcome Wait() => Outcome.Wait(new FlowPosition { Step = Path });

    private Outcome AskAgain(Turn turn)
    {
        Forget(turn);
        return Outcome.JumpTo(this);
    }

    /// <summary>How often it and its tools run has bounds of its own.</summary>
    private void Forget(Turn turn)
    {
        turn.Frame.Forget(Number..(Number + 1));
        turn.Frame.Forget(_inside);
    }
}

/// <summary>Where a model may hand over to.</summary>
/// <param name="Name">What the model calls it.</param>
internal sealed record AskTarget(string Name, string? QueueId, string? ScriptId, string? Description);

/// <summary>When a model has had the customer long enough.</summary>
/// <param name="Condition">Asked after each answer; null: none.</param>
/// <param name="Finished">When the model itself says so, for the model; null: it cannot.</param>
/// <param name="Inputs">After so many inputs.</param>
internal sealed record AskUntil(Expression? Condition, string? Finished, int Inputs);
