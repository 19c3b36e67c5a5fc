using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>What a message of the bot is to be. What is null does not matter.</summary>
internal sealed record Expected
{
    public string? Text { get; init; }
    public string? Contains { get; init; }
    public Regex? Matches { get; init; }

    /// <summary>The titles of its quick replies, in order.</summary>
    public IReadOnlyList<string>? QuickReplies { get; init; }

    /// <summary>The contents of its cards, in order; each may hold more.</summary>
    public JsonArray? Cards { get; init; }

    /// <summary>The URLs of its files.</summary>
    public IReadOnlyList<string>? Media { get; init; }

    /// <summary>The whole message as 8x8 gets it, which may hold more.</summary>
    public JsonObject? Message { get; init; }

    public bool Fits(OutgoingMessage message)
    {
        var text = message.Text ?? "";
        return (Text is null || text == Text)
            && (Contains is null || text.Contains(Contains, StringComparison.Ordinal))
            && (Matches is null || Matches.IsMatch(text))
            && (QuickReplies is null || Titles(message).SequenceEqual(QuickReplies))
            && (Media is null || (message.Media ?? []).Select(file => file.Url).SequenceEqual(Media))
            && (Cards is null || Comparison.Difference(Cards, Contents(message)) is null)
            && (Message is null || Comparison.Difference(Message, JsonSerializer.SerializeToNode(message, ChatGatewayJson.Default.OutgoingMessage)) is null);
    }

    /// <summary>As it is shown beside what was said.</summary>
    public string Show() => string.Join("  ", new[]
    {
        Text, Contains is null ? null : $"… {Contains} …", Matches is null ? null : $"/{Matches}/",
        QuickReplies is null ? null : Buttons(QuickReplies),
        Media is null ? null : Files(Media),
        Cards?.ToJsonString(Script.Readable), Message?.ToJsonString(Script.Readable),
    }.Where(part => part is { Length: > 0 }));

    /// <summary>A message as it is shown beside what was expected.</summary>
    public static string Show(OutgoingMessage message) => string.Join("  ", new[]
    {
        message.Text,
        Titles(message) is { Count: > 0 } titles ? Buttons(titles) : null,
        message.Media is { Count: > 0 } media ? Files(media.Select(file => file.Url)) : null,
        string.Join("  ", (message.Cards ?? []).Where(card => card.ContentType != ChannelCards.QuickReplies).Select(card => card.Content.GetRawText())),
    }.Where(part => part is { Length: > 0 }));

    private static string Buttons(IEnumerable<string> titles) => string.Join(' ', titles.Select(title => $"[{title}]"));

    private static string Files(IEnumerable<string> urls) => string.Join(' ', urls.Select(url => $"<{url}>"));

    private static List<string> Titles(OutgoingMessage message) => (message.Cards ?? [])
        .Where(card => card.ContentType == ChannelCards.QuickReplies)
        .SelectMany(card => JsonNode.Parse(card.Content.GetRawText())?["options"] as JsonArray ?? [])
        .Select(option => (string?)option?["title"] ?? "").ToList();

    private static JsonArray Contents(OutgoingMessage message) =>
        [.. (message.Cards ?? []).Select(card => JsonNode.Parse(card.Content.GetRawText()))];
}
