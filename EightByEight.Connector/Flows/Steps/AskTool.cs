using System.Text.Json.Nodes;
using EightByEight.Connector.Models;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>What a model may call: another Flow, or a request over HTTP.</summary>
internal sealed record AskTool(ToolDescription Description)
{
    /// <summary>The Flow that is called; null: it is a request.</summary>
    public string? Flow { get; init; }

    /// <summary>The request; null: it is a Flow.</summary>
    public Step? Request { get; init; }

    /// <summary>Begins what the model called, with its arguments.</summary>
    public Outcome Begin(Turn turn, AskModel ask, JsonObject arguments)
    {
        if (Request is not null)
        {
            turn.Memory.SetInput("arguments", arguments.DeepClone());
            return Outcome.JumpTo(Request);
        }

        var flow = turn.Find(Flow!) ?? throw new StepException($"There is no Flow named '{Flow}', which is to be a tool: store it, or name another.");
        turn.Enter(flow, ask, (JsonObject)arguments.DeepClone());
        return Outcome.JumpTo(flow.Start);
    }

    /// <summary>The end of a request: its answer is the model's.</summary>
    internal sealed class Answered(AskModel ask) : Step
    {
        public override Outcome Run(Turn turn)
        {
            var answer = turn.Memory[Root.Input]["result"] as JsonObject ?? [];
            ask.Take(turn, new ScriptValue(new JsonObject
            {
                ["status"] = answer["status"]?.DeepClone(),
                ["body"] = answer["body"]?.DeepClone(),
                ["error"] = answer["error"]?.DeepClone(),
            }));
            return Outcome.JumpTo(ask);
        }
    }
}
