using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;

namespace EightByEight.DevHost.Chats;

/// <summary>A message of the bot as words.</summary>
/// <param name="Text">What is read; empty: nothing.</param>
/// <param name="Choices">What can be clicked.</param>
/// <param name="Hints">What there is beside, such as a card.</param>
internal sealed record CustomerView(string Text, IReadOnlyList<OfferedChoice> Choices, IReadOnlyList<string> Hints)
{
    /// <summary>Whether there is a card that may offer more than is known here.</summary>
    public bool IsPartial { get; private init; }

    public static CustomerView Of(OutgoingMessage message)
    {
        var lines = new List<string>();
        var choices = new List<OfferedChoice>();
        var hints = new List<string>();
        if (message.Text is { Length: > 0 } text) lines.Add(text);
        foreach (var file in message.Media ?? []) lines.Add($"[{file.Kind}{(file.Alt ?? file.Name) switch { { } name => $": {name}", null => "" }}] {file.Url}");
        foreach (var card in message.Cards ?? [])
        {
            var content = JsonNode.Parse(card.Content.GetRawText()) as JsonObject ?? [];
            if (card.ContentType == ChannelCards.QuickReplies)
                choices.AddRange((content["options"] as JsonArray ?? []).Select(option => new OfferedChoice($"{option?["title"]}", $"{option?["data"]?["postback"]}")));
            else if (card.ContentType == ChannelCards.Adaptive)
            {
                var (words, actions) = AdaptiveCards.InWords(content);
                lines.AddRange(words.Select(PlainText.Of));
                choices.AddRange(actions.Where(action => action.Kind == ButtonKind.Postback).Select(action => new OfferedChoice(action.Title, action.Payload)));
                lines.AddRange(actions.Where(action => action.Kind != ButtonKind.Postback).Select(action => $"{action.Title}: {action.Payload}"));
                hints.Add(InputsOf(content).ToList() is { Count: > 0 } inputs
                    ? $"(an Adaptive Card; fill it in with :form {{ {string.Join(", ", inputs.Select(input => $"\"{input}\": \"…\""))} }})" : "(an Adaptive Card; :raw shows it)");
            }
            else hints.Add($"(a card {card.ContentType}; :raw shows it)");
        }

        return new(string.Join('\n', lines), choices, hints)
        {
            IsPartial = message.Cards?.Any(card => card.ContentType is not (ChannelCards.QuickReplies or ChannelCards.Adaptive)) == true,
        };
    }

    private static IEnumerable<string> InputsOf(JsonNode? node) => node switch
    {
        JsonArray items => items.SelectMany(InputsOf),
        JsonObject one => (one["type"]?.ToString().StartsWith("Input.", StringComparison.Ordinal) == true && one["id"] is { } id ? [id.ToString()] : Array.Empty<string>())
            .Concat(one.Select(member => member.Value).SelectMany(InputsOf)),
        _ => [],
    };
}
