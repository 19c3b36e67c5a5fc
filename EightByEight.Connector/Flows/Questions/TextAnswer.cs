using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>Any text but a triggered intent. It stays one: 00123 keeps its zeros.</summary>
internal sealed class TextAnswer : AnswerType
{
    protected override bool IgnoresMarks => false;

    public override JsonNode? Read(in Given given) =>
        TriggeredIntent.In(given.Text) is null ? given.Text : null;
}
