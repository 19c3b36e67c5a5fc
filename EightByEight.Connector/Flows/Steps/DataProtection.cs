namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// Says what nobody may look at: this input (<c>hideInput</c>), or this one and those that follow (<c>blind</c>) until the Flow says
/// otherwise. Transcript, analytics and log then show that something was said, not what.
/// </summary>
internal sealed class DataProtection : Step
{
    private bool? _blind;
    private bool _hidesInput;

    public static DataProtection Parse(StepSource source)
    {
        source.AllowBeside();
        var step = new DataProtection { Path = source.Path, Line = source.Line };
        if (source.Value is not MapNode { Size: > 0 } map)
        {
            source.Problems.Report(source.Value, "'dataProtection' is an object with blind or hideInput, such as blind: true.");
            return step;
        }

        source.CheckMembers(map, "dataProtection", "blind", "hideInput");
        step._blind = Flag(source, map, "blind");
        step._hidesInput = Flag(source, map, "hideInput") == true;
        return step;
    }

    public override Outcome Run(Turn turn)
    {
        turn.Blind = _blind ?? turn.Blind;
        turn.IsBlind |= _hidesInput || _blind == true;
        return Outcome.Continue;
    }

    internal static bool? Flag(StepSource source, MapNode map, string name)
    {
        switch (map.Find(name))
        {
            case null: return null;
            case ScalarNode { Text: "true" or "false" } flag: return flag.Text == "true";
            case var other:
                source.Problems.Report(other, $"'{name}' is true or false, without quotes.");
                return null;
        }
    }
}
