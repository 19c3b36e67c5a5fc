using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Says in what part of the conversation the customer is: <c>input.state</c>, until it is set again. Empty is none.</summary>
internal sealed class SetState : Step
{
    private Template? _state;

    public static SetState Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new SetState { Path = source.Path, Line = source.Line };
        if (source.Value is not ScalarNode { IsNull: true }) step._state = source.Compiler.Template(source.Value, "setState");
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        turn.State = _state?.Require(turn) is { Length: > 0 } state ? state : null;
        turn.Memory.SetInput("state", turn.State);
        return Outcome.Continue;
    }
}
