using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Content;

/// <summary>
/// What WhatsApp shows: interactive messages. Since 8x8 does not say what becomes of a card that it does not understand, the same in
/// words stands beside each, numbers and all.
/// </summary>
internal static class WhatsAppMessages
{
    /// <summary>The label that opens a list: a sign, since the Flow's language is not known.</summary>
    private const string ListLabel = "☰";

    public static Converted? Of(Output output, ChannelContext channel) => output.Rich switch
    {
        null => Choices(output, output.QuickReplies, channel),
        Buttons { Items: [{ Kind: ButtonKind.WebUrl } only] } => One(output, channel, LinkButton(output.Text, only), [only]),
        Buttons { Items: var buttons } => Choices(output, buttons, channel),
        ItemList list => Rows(output, list, channel),
        Gallery gallery => Cards(output, gallery, channel),
        _ => null,
    };

    private static Converted? Choices(Output output, IReadOnlyList<QuickReply> choices, ChannelContext channel) =>
        choices.Count <= WhatsAppLimits.Buttons
            ? One(output, channel, ReplyButtons(output.Text, choices, null), choices)
            : One(output, channel, List(output.Text, [.. choices.Select(choice => (choice, (string?)null))]), choices);

    /// <summary>A list whose rows are the items, each with one choice behind it.</summary>
    private static Converted? Rows(Output output, ItemList list, ChannelContext channel)
    {
        if (list.Items.Any(item => item.Url is not null || item.Buttons is not [{ Kind: ButtonKind.Postback }])) return null;
        var rows = list.Items.Select(item => (new QuickReply(item.Title, item.Buttons[0].Payload), item.Subtitle)).ToList();
        if (list.Button is { } button) rows.Add((button, null));
        return One(output, channel, List(output.Text, rows), rows.Select(row => row.Item1));
    }

    private static Converted? One(Output output, ChannelContext channel, JsonObject? interactive, IEnumerable<QuickReply> choices, int first = 1)
    {
        if (interactive is null) return null;
        var (text, offer) = TextFallback.Of(output, first);
        var message = new OutgoingMessage { Cards = [ChannelCards.Of(ChannelCards.Interactive, interactive, channel)] };
        return new(OutgoingContent.With(text, channel, message), Known(offer, choices));
    }

    /// <summary>A message an item, each with its image and its buttons.</summary>
    private static Converted? Cards(Output output, Gallery gallery, ChannelContext channel)
    {
        if (gallery.Items.Count > WhatsAppLimits.Rows || output.FallbackText is not null) return null;
        var messages = new List<OutgoingMessage>(OutgoingContent.Texts(output.Text, channel));
        var choices = new List<OfferedChoice>();
        foreach (var item in gallery.Items)
        {
            // Numbers count on from one message to the next.
            var first = choices.Count(choice => choice.Number > 0) + 1;
            var converted = CardOf(item, channel, first) ?? OutgoingContent.InText(new Output { Rich = new Gallery([item]) }, channel, first);
            messages.AddRange(converted.Messages);
            choices.AddRange(converted.Offer.Choices);
        }

        return new(messages, new Offer { Choices = choices });
    }

    private static Converted? CardOf(Item item, ChannelContext channel, int first)
    {
        var text = item.Subtitle is { } subtitle ? $"{item.Title}\n{subtitle}" : item.Title;
        if (item.Url is not null) text += "\n" + item.Url;
        if (item.Buttons.Count == 0)
        {
            if (item.ImageUrl is not { } url) return null;
            var image = new Media(MediaKind.Image, url, item.ImageAlt);
            return OutgoingContent.OfMedia(new Output { Text = text, Rich = image }, image, channel);
        }

        var interactive = item.Buttons is [{ Kind: ButtonKind.WebUrl } link] ? LinkButton(text, link) : ReplyButtons(text, item.Buttons, item.ImageUrl);
        return One(new Output { Text = text, Rich = new Buttons(item.Buttons) }, channel, interactive, item.Buttons, first);
    }

    private static JsonObject? ReplyButtons(string text, IReadOnlyList<QuickReply> buttons, string? image)
    {
        if (buttons.Count is 0 or > WhatsAppLimits.Buttons || Titles(buttons, WhatsAppLimits.ButtonTitle) is not { } titles) return null;
        var interactive = new JsonObject { ["type"] = "button" };
        if (image is not null)
            interactive["header"] = new JsonObject { ["type"] = "image", ["image"] = new JsonObject { ["link"] = image } };
        interactive["body"] = Body(text, buttons);
        interactive["action"] = new JsonObject
        {
            ["buttons"] = new JsonArray([.. buttons.Select((button, i) => new JsonObject
            {
                ["type"] = "reply",
                ["reply"] = new JsonObject { ["id"] = button.Payload, ["title"] = titles[i] },
            })]),
        };
        return interactive;
    }

    private static JsonObject? List(string text, List<(QuickReply Choice, string? Description)> rows)
    {
        var choices = rows.Select(row => row.Choice).ToArray();
        if (rows.Count > WhatsAppLimits.Rows || Titles(choices, WhatsAppLimits.RowTitle) is not { } titles) return null;
        return new JsonObject
        {
            ["type"] = "list",
            ["body"] = Body(text, choices),
            ["action"] = new JsonObject
            {
                ["button"] = ListLabel,
                ["sections"] = new JsonArray
                {
                    new JsonObject
                    {
                        ["rows"] = new JsonArray([.. rows.Select((row, i) =>
                        {
                            var made = new JsonObject { ["id"] = row.Choice.Payload, ["title"] = titles[i] };
                            if (row.Description is { } description)
                                made["description"] = TextSplitter.Shorten(description, WhatsAppLimits.RowDescription);
                            return made;
                        })]),
                    },
                },
            },
        };
    }

    private static JsonObject LinkButton(string text, QuickReply link) => new()
    {
        ["type"] = "cta_url",
        ["body"] = Body(text, [link]),
        ["action"] = new JsonObject
        {
            ["parameters"] = new JsonObject
            {
                ["display_text"] = TextSplitter.Shorten(link.Title, WhatsAppLimits.ButtonTitle),
                ["url"] = link.Payload,
            },
        },
    };

    /// <summary>A body must not be empty, and may be shorter than a text: the whole text stands beside the card.</summary>
    private static JsonObject Body(string text, IEnumerable<QuickReply> choices) => new()
    {
        ["text"] = TextSplitter.Shorten(
            text.Length > 0 ? text : string.Join(" · ", choices.Select(choice => choice.Title)), WhatsAppLimits.Body),
    };

    /// <summary>The titles, shortened; null when two are the same then, one is no choice, or an id is too long for WhatsApp.</summary>
    private static string[]? Titles(IReadOnlyList<QuickReply> choices, int limit)
    {
        if (choices.Any(choice => choice.Kind != ButtonKind.Postback || choice.Payload.Length > WhatsAppLimits.Id)) return null;
        string[] titles = [.. choices.Select(choice => TextSplitter.Shorten(choice.Title, limit))];
        return titles.Distinct().Count() == titles.Length && choices.Select(choice => choice.Payload).Distinct().Count() == choices.Count
            ? titles
            : null;
    }

    /// <summary>Numbers go by the words; titles of rows may differ from those of their buttons.</summary>
    private static Offer Known(Offer inWords, IEnumerable<QuickReply> choices)
    {
        var more = Offer.Of(choices).Choices.Where(choice => inWords.Choices.All(known => known.Title != choice.Title));
        return inWords with { Choices = [.. more, .. inWords.Choices] };
    }
}
