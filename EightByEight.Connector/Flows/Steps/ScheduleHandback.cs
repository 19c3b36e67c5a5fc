namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// Has 8x8 give the conversation back to the bot when an agent has finished with it. A handover after which steps follow does that of itself.
/// </summary>
internal sealed class ScheduleHandback : AskingStep
{
    private HandbackRequest _request = new(null, null, null);

    public static ScheduleHandback Parse(StepSource source)
    {
        source.AllowBeside("onError");
        var step = new ScheduleHandback { Path = source.Path, Line = source.Line };
        step.ReadOnError(source);
        if (source.Value is ScalarNode { IsNull: true } || source.Value == source.Kind) return step;
        if (source.Value is not MapNode map)
        {
            source.Problems.Report(source.Value,
                $"'scheduleHandback' is an object with webhookId, maxTotalMinutes, userTimeoutMinutes, saveTo, all of which may be missing; not {source.Value.Kind}.");
            return step;
        }

        source.CheckMembers(map, "scheduleHandback", "webhookId", "maxTotalMinutes", "userTimeoutMinutes", "saveTo");
        // Source of the bounds: 8x8, Chat Gateway, post-agent assignment.
        step._request = new HandbackRequest(
            map.Find("webhookId") is { } id ? source.Compiler.PlainText(id, "webhookId") : null,
            source.Whole(map, "maxTotalMinutes", 20, 600), source.Whole(map, "userTimeoutMinutes", 10, 300));
        step.ReadPlace(source, map);
        return step;
    }

    public override FlowRequest Ask(Turn turn) => _request;
}
