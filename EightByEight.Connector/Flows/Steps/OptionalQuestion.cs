using EightByEight.Connector.Flows.Questions;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// Asks and goes on: one of the next inputs may answer it by the way. With <c>then</c> an answer is all that such an input is; the session
/// goes on waiting where it did. Without, the Flow goes on with the input, and sees the answer in <c>input.result</c>.
/// </summary>
internal sealed class OptionalQuestion : Step
{
    private Inquiry? _inquiry;
    private int _inputs = 1;
    private Step? _then;

    public static OptionalQuestion Parse(StepSource source)
    {
        source.AllowBeside("then");
        var step = new OptionalQuestion { Path = source.Path, Line = source.Line };
        if (source.Object("text", [.. Inquiry.Members, "inputs"]) is { } map)
        {
            step._inquiry = new Inquiry(source, map, "text: Are you a customer?");
            step._inputs = source.Whole(map, "inputs", 1, 100) ?? 1;
            if (step._inquiry.Answers is TextAnswer && map.Find("validate") is null)
                source.Problems.Report(source.Kind, "Every input would answer it: give it a 'type', or a 'validate'.");
        }

        if (source.Members.Find("then") is not { } then) return step;
        step._then = source.Block(then, "then", new Stay { Path = $"{source.Path}/then/end", Line = source.Line });
        source.Compiler.Close($"{source.Path}/then/", "'then' of an optionalQuestion, which runs only when that is answered");
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        if (turn.Frame.Caller is not null)
            throw new StepException("A Flow that is called cannot ask by the way: it is over when the answer comes. Ask in the Flow that calls.");
        _inquiry!.Ask(turn, this, _inquiry.Text.Render(turn, this));
        turn.Pending = new PendingQuestion(turn.Frame.Flow.Name, Path, _inputs);
        return Outcome.Continue;
    }

    /// <inheritdoc/>
    public override bool Asks => _inquiry?.Asks == true;

    /// <summary>Who is to be asked whether the input answers it; null: nobody.</summary>
    public FlowRequest? Extract(Turn turn) => _inquiry!.Extract(turn, this);

    /// <summary>An input came.</summary>
    /// <returns>Where it goes on; null: as though nothing had been asked.</returns>
    public Step? Hear(Turn turn, PendingQuestion pending)
    {
        turn.Memory.SetInput("activeOptionalQuestion", new System.Text.Json.Nodes.JsonObject
        {
            ["nodeId"] = Path,
            ["type"] = _inquiry!.Answers!.Name,
            ["inputs"] = pending.Inputs,
        });
        turn.Pending = pending.Inputs > 1 ? pending with { Inputs = pending.Inputs - 1 } : null;
        if (_inquiry.Read(turn, this) is not { } answer || !_inquiry.IsValid(turn, answer)) return null;
        turn.Pending = null;
        _inquiry.Accept(turn, answer);
        return _then;
    }

    /// <summary>The turn is over, and the session waits where it did before the answer.</summary>
    private sealed class Stay : Step
    {
        public override Outcome Run(Turn turn) => Outcome.Stay;
    }
}
