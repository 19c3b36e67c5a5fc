using System.Text.Json.Nodes;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>What the customer wants, where it is recognised; its value is the intent's name.</summary>
internal sealed class IntentAnswer : AnswerType
{
    public override JsonNode? Read(in Given given) => given.Turn.Heard?.Intent;
}

/// <summary>The first of a slot in what the customer says; its value is that of the slot.</summary>
internal sealed class SlotAnswer(string slot) : AnswerType
{
    public static SlotAnswer? Make(StepSource source, MapNode question)
    {
        if (source.Require(question, "slot", "slot: NUMBER") is not { } node || source.Compiler.PlainText(node, "slot") is not { } slot) return null;
        if (!source.Compiler.SlotNames.Contains(slot))
            source.Problems.Report(node, $"There is no slot '{slot}'.{Problems.DidYouMean(slot, source.Compiler.SlotNames)}"
                + " Name it in 'slots', or take one that each Flow has, such as NUMBER.");
        return new(slot);
    }

    public override JsonNode? Read(in Given given)
    {
        if (given.Turn.Heard?.Slots[slot] is not JsonArray { Count: > 0 } found) return null;
        return ((found[0] as JsonObject)?["keyphrase"] ?? found[0])?.DeepClone();
    }
}
