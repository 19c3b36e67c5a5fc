using System.Text.Json;

namespace EightByEight.Simulator;

/// <summary>
/// A customer's answer to a card of their channel. 8x8 shows the shape of <see cref="Button"/> only; the others follow
/// its messaging API.
/// </summary>
/// <param name="Value">The activity's value.</param>
/// <param name="Shown">What the customer sees as their own message.</param>
public sealed record ChannelReply(JsonElement Value, string Shown)
{
    /// <summary>The activity's name.</summary>
    public const string Activity = "interactive/reply";

    /// <summary>A button of a WhatsApp <c>Interactive</c> card.</summary>
    public static ChannelReply Button(string id, string title) =>
        Of(new { type = "button_reply", button_reply = new { id, title } }, title);

    /// <summary>A row of a WhatsApp list.</summary>
    public static ChannelReply Row(string id, string title, string? description = null) =>
        Of(new { type = "list_reply", list_reply = new { id, title, description } }, title);

    /// <summary>A suggestion of RCS.</summary>
    public static ChannelReply Suggestion(string text, string postbackData) =>
        Of(new { type = "suggestion_reply", text, postbackData }, text);

    /// <summary>A WhatsApp flow, filled in.</summary>
    public static ChannelReply Flow(JsonElement answers) =>
        Of(new { type = "nfmReply", nfmReply = new { responseJson = answers.GetRawText() } }, "Form sent");

    /// <summary>A place, as WhatsApp asks for it.</summary>
    public static ChannelReply Location(double latitude, double longitude) =>
        Of(new { type = "location", location = new { latitude, longitude } }, "Location sent");

    private static ChannelReply Of(object value, string shown) =>
        new(JsonSerializer.SerializeToElement(value, SimulatorJson.Options), shown);
}
