namespace EightByEight.Connector.Content;

/// <summary>
/// An output without HTML, taken away once: what is left may look like HTML and be meant so. Cards and messages that an author wrote
/// for a client stay as they are.
/// </summary>
internal static class PlainOutput
{
    public static Output Of(Output output) => output with
    {
        Text = PlainText.Of(output.Text),
        QuickReplies = Of(output.QuickReplies),
        FallbackText = OrNull(output.FallbackText),
        Rich = output.Rich switch
        {
            Buttons buttons => buttons with { Items = Of(buttons.Items) },
            Gallery gallery => gallery with { Items = Of(gallery.Items) },
            ItemList list => list with { Items = Of(list.Items), Button = list.Button is { } button ? Of(button) : null },
            Media media => media with { Alt = OrNull(media.Alt) },
            DatePicker picker => picker with { Button = Title(picker.Button) },
            var other => other,
        },
    };

    private static IReadOnlyList<Item> Of(IReadOnlyList<Item> items) => [.. items.Select(item => item with
    {
        Title = PlainText.Of(item.Title),
        Subtitle = OrNull(item.Subtitle),
        ImageAlt = OrNull(item.ImageAlt),
        Buttons = Of(item.Buttons),
    })];

    private static IReadOnlyList<QuickReply> Of(IReadOnlyList<QuickReply> choices) => choices.Count == 0 ? choices : [.. choices.Select(Of)];

    /// <summary>A payload that is only the title again goes with it.</summary>
    private static QuickReply Of(QuickReply choice) => Title(choice.Title) is var title && choice.Payload == choice.Title
        ? choice with { Title = title, Payload = title }
        : choice with { Title = title };

    /// <summary>Labels have one line.</summary>
    private static string Title(string html) => PlainText.Of(html).ReplaceLineEndings(" ");

    private static string? OrNull(string? html) => html is null ? null : PlainText.Of(html);
}
