using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>Any text. It stays one: 00123 keeps its zeros.</summary>
internal sealed class TextAnswer : AnswerType
{
    public override JsonNode? Read(string text, IReadOnlyList<QuickReply> options) => text;
}
