using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Runs the branch of the case that a value is, else <c>default</c>; all go on below.</summary>
internal sealed class Switch : Step
{
    private readonly Dictionary<string, Step?> _cases = [];
    private Expression? _value;
    private Step? _default;

    public static Switch Parse(StepSource source)
    {
        source.AllowBeside("cases", "default");
        var step = new Switch { Path = source.Path, Line = source.Line };
        step._value = source.Compiler.Condition(source.Value, "switch");
        if (source.Require(source.Members, "cases", "cases: { small: [ { say: S } ] }") is { } cases) step.Read(source, cases);
        if (source.Members.Find("default") is { } otherwise) step._default = source.Branch(otherwise, "default");
        foreach (var branch in step._cases.Values) step.Surround(branch);
        step.Surround(step._default);
        return step;
    }

    public override Outcome Run(Turn turn) =>
        (_cases.TryGetValue(_value!.Text(turn), out var branch) ? branch : _default) is { } first ? Outcome.JumpTo(first) : Outcome.Continue;

    private void Read(StepSource source, DocumentNode cases)
    {
        if (cases is not MapNode { Size: > 1 } map)
        {
            source.Problems.Report(cases, "'cases' is an object of values and steps, such as cases: { small: [ { say: S } ] }.");
            return;
        }

        if (_value?.Source == "input.intent")
            foreach (var (key, _) in map.Members.Where(member => member.Key.Text.Length > 0)) source.Compiler.Expects(key);
        foreach (var (key, steps) in map.Members) _cases[key.Text] = source.Branch(steps, $"case{_cases.Count}", key.Text);
    }
}
