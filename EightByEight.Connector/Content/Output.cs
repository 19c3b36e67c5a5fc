using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Content;

/// <summary>What a Flow says, channel-neutral. The Content room turns it into the best 8x8 messages for the channel.</summary>
public sealed record Output
{
    /// <summary>Plain text or simple HTML; may be empty when there is something else to show.</summary>
    public string Text { get; init; } = "";

    /// <summary>Choices shown below the text; the customer's click comes back as the payload.</summary>
    public IReadOnlyList<QuickReply> QuickReplies { get; init; } = [];

    /// <summary>What is shown beside the text; null: nothing.</summary>
    public Rich? Rich { get; init; }

    /// <summary>Said instead, word for word, where the channel cannot show the rest; null: made from the content.</summary>
    public string? FallbackText { get; init; }

    /// <summary>What the author sends along for the output transformer: 8x8's messages have no place for it; null: nothing.</summary>
    public JsonObject? Data { get; init; }

    /// <summary>Whether transcripts leave it out.</summary>
    public bool IsUnrecorded { get; init; }

    /// <summary>Whether there is nothing to say. "0" is something.</summary>
    public bool IsEmpty => Text.Length == 0 && QuickReplies.Count == 0 && Rich is null;

    /// <summary>About how much it says, in characters.</summary>
    internal int Size => Text.Length + (Rich?.Size ?? 0);
}

/// <summary>One choice: what the customer sees, and what happens when it is clicked.</summary>
/// <param name="Title">The label of the button.</param>
/// <param name="Payload">The text that the Flow receives, a URL or a phone number.</param>
/// <param name="Kind">Which of these it is.</param>
public sealed record QuickReply(string Title, string Payload, ButtonKind Kind = ButtonKind.Postback);

/// <summary>What a click does.</summary>
public enum ButtonKind
{
    /// <summary>The payload comes back as input. Cognigy's <c>trigger_intent</c> is one with <c>cIntent:…</c> as payload.</summary>
    Postback,

    /// <summary>Opens a URL.</summary>
    WebUrl,

    /// <summary>Calls a number.</summary>
    PhoneNumber,
}

/// <summary>What an output shows beside its text.</summary>
public abstract record Rich
{
    internal virtual int Size => 0;
}

/// <summary>Buttons below the text.</summary>
public sealed record Buttons(IReadOnlyList<QuickReply> Items) : Rich;

/// <summary>Cards beside one another.</summary>
public sealed record Gallery(IReadOnlyList<Item> Items) : Rich;

/// <summary>Items below one another, with perhaps one button for all of them.</summary>
public sealed record ItemList(IReadOnlyList<Item> Items, QuickReply? Button = null) : Rich;

/// <summary>One card of a gallery or one entry of a list.</summary>
public sealed record Item(string Title)
{
    /// <summary>Below the title.</summary>
    public string? Subtitle { get; init; }

    /// <summary>Where its image is.</summary>
    public string? ImageUrl { get; init; }

    /// <summary>What the image shows, for who cannot see it.</summary>
    public string? ImageAlt { get; init; }

    /// <summary>Opened by a click on the item.</summary>
    public string? Url { get; init; }

    /// <summary>Its buttons.</summary>
    public IReadOnlyList<QuickReply> Buttons { get; init; } = [];
}

/// <summary>An image, a sound, a film or any file.</summary>
/// <param name="Url">Absolute, http or https.</param>
/// <param name="Alt">What it is, for who cannot see or hear it.</param>
/// <param name="Name">The file's name; null: the last part of the URL.</param>
public sealed record Media(MediaKind Kind, string Url, string? Alt = null, string? Name = null) : Rich;

/// <summary>What kind of file.</summary>
public enum MediaKind
{
    /// <summary>Any other.</summary>
    File,

    /// <summary>A picture.</summary>
    Image,

    /// <summary>A sound.</summary>
    Audio,

    /// <summary>A film.</summary>
    Video,
}

/// <summary>An Adaptive Card as its author wrote it.</summary>
public sealed record AdaptiveCard(JsonObject Card) : Rich
{
    internal override int Size { get; } = Card.ToJsonString().Length;
}

/// <summary>Asks for a date; it comes back as text, such as <c>2026-04-30</c>.</summary>
/// <param name="Button">The label of the button that sends it.</param>
/// <param name="Min">The first day that can be chosen.</param>
/// <param name="Max">The last.</param>
public sealed record DatePicker(string Button, string? Min = null, string? Max = null) : Rich;

/// <summary>A card of one channel (<see cref="ChannelCards"/>), with the output's text for all others.</summary>
/// <param name="Type">Such as <c>Template</c>.</param>
/// <param name="Content">Without the wrapping of <c>content.cardWrappers</c>.</param>
public sealed record ChannelCard(string Type, JsonNode Content) : Rich
{
    internal override int Size { get; } = Content.ToJsonString().Length;
}

/// <summary>A message of 8x8 as its author wrote it, checked.</summary>
public sealed record RawMessage(OutgoingMessage Message) : Rich
{
    internal override int Size => (Message.Text?.Length ?? 0) + (Message.Cards?.Sum(card => card.Content.GetRawText().Length) ?? 0);
}
