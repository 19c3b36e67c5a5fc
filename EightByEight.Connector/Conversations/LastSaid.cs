using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// What the customer typed or clicked last. 8x8 does not say whether a click on a quick reply also comes as a <c>MESSAGE</c> with its
/// title; if it does, the two are one input. A double click is one, too.
/// </summary>
/// <param name="Text">A hash of what was typed, or of the title of what was clicked: customers' texts are not kept here.</param>
/// <param name="Click">A hash of a click's payload and card; null: it was typed.</param>
/// <param name="At">When, by 8x8; milliseconds since 1970.</param>
internal sealed record LastSaid(string Text, string? Click, long At)
{
    /// <summary>How long after a click its title may come as a message.</summary>
    private const long EchoMs = 5_000;

    /// <summary>How far two clicks of one hand, or a message and the click that it echoes, are apart.</summary>
    private const long TogetherMs = 1_000;

    /// <summary>Longer texts are no titles.</summary>
    private const int LongestTitle = 250;

    /// <summary>What an event of the customer says; null: nothing that can come twice.</summary>
    public static LastSaid? Of(StoredEvent stored, JsonElement body)
    {
        var click = stored.EventType == "ACTIVITY" ? Content.Click.Of(body) : null;
        var text = (click is null ? body.Member("data").Text("text") : click.Title)?.Trim() ?? "";
        if (text.Length > LongestTitle || (click is null && text.Length == 0)) return null;
        return new(Hash(text), click is null ? null : Hash($"{click.CardId} {click.Payload}"), stored.Timestamp);
    }

    private static string Hash(string text) => Convert.ToHexStringLower(XxHash64.Hash(Encoding.UTF8.GetBytes(text)));

    /// <summary>Whether the next event says the same once more, and so makes no turn.</summary>
    public bool IsSaidAgainBy(LastSaid next)
    {
        var apart = Math.Abs(next.At - At);
        return (Click, next.Click) switch
        {
            (not null, null) => Text == next.Text && apart <= EchoMs,
            (null, not null) => Text == next.Text && apart <= TogetherMs,
            (not null, not null) => Text == next.Text && Click == next.Click && apart <= TogetherMs,
            _ => false,
        };
    }
}
