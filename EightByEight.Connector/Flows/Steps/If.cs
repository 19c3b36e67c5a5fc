using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Runs one of two branches; both go on below.</summary>
internal sealed class If : Step
{
    private readonly Expression? _condition;
    private readonly Step? _then;
    private readonly Step? _else;

    private If(Expression? condition, Step? then, Step? otherwise)
    {
        (_condition, _then, _else) = (condition, then, otherwise);
        Surround(then);
        Surround(otherwise);
    }

    public static If Parse(StepSource source)
    {
        source.AllowBeside("then", "else");
        var condition = source.Compiler.Condition(source.Value, "if");
        var then = source.Require(source.Members, "then", "then: [ { say: Yes! } ]") is { } yes
            ? source.Branch(yes, "then")
            : null;
        var otherwise = source.Members.Find("else") is { } no ? source.Branch(no, "else") : null;
        return new If(condition, then, otherwise) { Path = source.Path, Line = source.Line };
    }

    public override Outcome Run(Turn turn)
    {
        var branch = _condition!.Truth(turn) ? _then : _else;
        return branch is null ? Outcome.Continue : Outcome.JumpTo(branch);
    }
}
