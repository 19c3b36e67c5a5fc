using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Content;

/// <summary>Turns what a Flow says into the best 8x8 messages for the channel; <c>docs/content.md</c> has them all.</summary>
internal static class OutgoingContent
{
    /// <summary>Less room than this beside a file's URL is not worth splitting a text for.</summary>
    private const int LeastCaption = 80;

    /// <summary>The messages for an output; none when it has nothing to show, since 8x8 refuses empty messages.</summary>
    public static Converted ToMessages(Output output, ChannelContext channel)
    {
        output = Plain(output);
        return output.Rich switch
        {
            RawMessage raw => OfRaw(raw.Message, channel),
            Media media => OfMedia(output, media, channel),
            null when output.QuickReplies.Count == 0 => InText(output, channel),
            ChannelCard card => OfChannelCard(output, card, channel),
            _ => Best(output, channel) ?? InText(output, channel),
        };
    }

    /// <summary>The output without HTML; subtitles lose it where they are shown.</summary>
    private static Output Plain(Output output) => output with
    {
        Text = PlainText.Of(output.Text),
        QuickReplies = Plain(output.QuickReplies),
        Rich = output.Rich switch
        {
            Buttons buttons => buttons with { Items = Plain(buttons.Items) },
            Gallery gallery => gallery with { Items = Plain(gallery.Items) },
            ItemList list => list with { Items = Plain(list.Items), Button = list.Button is { } button ? Plain(button) : null },
            var other => other,
        },
    };

    private static IReadOnlyList<Item> Plain(IReadOnlyList<Item> items) =>
        [.. items.Select(item => item with { Title = PlainText.Of(item.Title), Buttons = Plain(item.Buttons) })];

    private static IReadOnlyList<QuickReply> Plain(IReadOnlyList<QuickReply> choices) => choices.Count == 0 ? choices : [.. choices.Select(Plain)];

    private static QuickReply Plain(QuickReply choice) => PlainText.Of(choice.Title) is var title && ReferenceEquals(title, choice.Title) ? choice
        : choice with { Title = title, Payload = choice.Payload == choice.Title ? title : choice.Payload };

    /// <summary>What a channel can show beyond text; null: it cannot show this.</summary>
    private static Converted? Best(Output output, ChannelContext channel) => channel.Kind switch
    {
        ChannelKind.Unknown or ChannelKind.WebChat or ChannelKind.ChatApi => WebChatMessages.Of(output, channel),
        ChannelKind.WhatsApp => WhatsAppMessages.Of(output, channel),
        ChannelKind.Rcs => RcsMessages.Of(output, channel),
        ChannelKind.Viber => ViberMessages.Of(output, channel),
        _ => null,
    };

    /// <summary>The output in words.</summary>
    /// <param name="first">The number of the first choice in it.</param>
    public static Converted InText(Output output, ChannelContext channel, int first = 1)
    {
        var (text, offer) = TextFallback.Of(output, first);
        return new([.. Texts(text, channel)], offer);
    }

    /// <summary>A text as one message, or as several where it is too long for one; none where it is empty.</summary>
    public static IEnumerable<OutgoingMessage> Texts(string text, ChannelContext channel) =>
        string.IsNullOrWhiteSpace(text) ? [] : TextSplitter.Split(text, channel.Limits.Text).Select(piece => new OutgoingMessage { Text = piece });

    /// <summary>A message with a text of any length: what is too long goes ahead.</summary>
    public static IReadOnlyList<OutgoingMessage> With(string text, ChannelContext channel, OutgoingMessage message, int? limit = null)
    {
        if (string.IsNullOrWhiteSpace(text)) return [message];
        var pieces = TextSplitter.Split(text, Math.Min(limit ?? int.MaxValue, channel.Limits.Text));
        return [.. pieces.SkipLast(1).Select(piece => new OutgoingMessage { Text = piece }), message with { Text = pieces[^1] }];
    }

    private static Converted OfMedia(Output output, Media media, ChannelContext channel)
    {
        var limits = channel.Limits;
        var takes = media.Kind == MediaKind.File ? limits.TakesFiles : limits.TakesMedia;
        if (!takes || channel.Settings.Media == "link") return InText(output, channel);
        var file = new MediaFile(media.Url, media.Kind.ToString(), media.Alt, media.Name, limits.Bytes.TryGetValue(media.Kind, out var most) ? most : null,
            limits.Types.GetValueOrDefault(media.Kind));
        var text = output.Text.Length > 0 ? output.Text : output.FallbackText ?? media.Alt ?? "";
        var message = new OutgoingMessage { Media = [file] };
        // The URL stands below the text when the file cannot be uploaded.
        var room = Math.Min(limits.Caption, limits.Text - media.Url.Length - 1);
        return new(room < LeastCaption ? [.. Texts(text, channel), message] : With(text, channel, message, room), Offer.Nothing);
    }

    private static Converted OfRaw(OutgoingMessage raw, ChannelContext channel)
    {
        if (raw.Cards?.Any(card => card.ContentType == ChannelCards.Adaptive) != true) return new([raw], OfferOf(raw));
        var marked = raw with { Cards = [.. raw.Cards.Select(card => Marked(card, channel.CardId))] };
        return new([marked], OfferOf(marked));
    }

    private static Card Marked(Card card, string cardId)
    {
        if (card.ContentType != ChannelCards.Adaptive || JsonNode.Parse(card.Content.GetRawText()) is not JsonObject content) return card;
        AdaptiveCards.Mark(content, cardId);
        return ChannelCards.AdaptiveOf(content);
    }

    private static Converted OfChannelCard(Output output, ChannelCard card, ChannelContext channel) =>
        ChannelCards.Knows(channel.Kind, card.Type)
            ? new(With(output.Text, channel, new OutgoingMessage { Cards = [ChannelCards.Of(card.Type, card.Content.DeepClone(), channel)] }),
                new Offer { IsOpen = true })
            : InText(output, channel);

    /// <summary>What a message of 8x8 offers.</summary>
    public static Offer OfferOf(OutgoingMessage raw)
    {
        if (raw.Cards is not { Count: > 0 } cards) return Offer.Nothing;
        var choices = cards.Where(card => card.ContentType == ChannelCards.QuickReplies)
            .SelectMany(card => JsonNode.Parse(card.Content.GetRawText())?["options"] as JsonArray ?? [])
            .Select(option => new QuickReply(Text(option?["title"]), Text(option?["data"]?["postback"])));
        var ids = cards.ToDictionary(card => card, card => card.ContentType == ChannelCards.Adaptive ? AdaptiveCards.IdsIn(card.Content) : []);
        return Offer.Of(choices) with
        {
            Cards = [.. ids.Values.SelectMany(id => id).Distinct()],
            IsOpen = cards.Any(card => card.ContentType != ChannelCards.QuickReplies && ids[card].Count == 0),
        };

        static string Text(JsonNode? node) => node is JsonValue value ? value.ToString() : "";
    }
}
