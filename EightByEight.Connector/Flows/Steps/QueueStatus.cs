using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>Asks 8x8 how a queue is served, before customers are sent into it: 8x8 does not tell that nobody is there.</summary>
internal sealed class QueueStatus : AskingStep
{
    private Template? _queueId;

    public static QueueStatus Parse(StepSource source)
    {
        source.AllowBeside("onError");
        var step = new QueueStatus { Path = source.Path, Line = source.Line };
        if (source.Object("queueId", "queueId", "saveTo") is not { } map) return step;
        if (source.Require(map, "queueId", "queueId: \"101\"") is { } id) step._queueId = source.Compiler.Template(id, "queueId");
        step.Read(source, map);
        return step;
    }

    public override FlowRequest Ask(Turn turn) => new QueueStatusRequest(_queueId!.Require(turn));
}
