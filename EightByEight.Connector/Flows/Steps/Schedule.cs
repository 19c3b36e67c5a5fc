using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Asks 8x8 whether a schedule of the contact centre is open now.</summary>
internal sealed class Schedule : AskingStep
{
    private Template? _scheduleId;

    public static Schedule Parse(StepSource source)
    {
        source.AllowBeside("onError");
        var step = new Schedule { Path = source.Path, Line = source.Line };
        if (source.Object("scheduleId", "scheduleId", "saveTo") is not { } map) return step;
        if (source.Require(map, "scheduleId", "scheduleId: \"12\"") is { } id) step._scheduleId = source.Compiler.Template(id, "scheduleId");
        step.Read(source, map);
        return step;
    }

    public override FlowRequest Ask(Turn turn) => new ScheduleRequest(_scheduleId!.Require(turn));
}
