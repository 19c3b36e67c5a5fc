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
        output = PlainOutput.Of(output);
        return output.Rich switch
        {
            RawMessage raw => OfRaw(raw.Message, channel),
            Media media => OfMedia(output, media, channel),
            null when output.QuickReplies.Count == 0 => InText(output, channel),
            ChannelCard card => OfChannelCard(output, card, channel),
            _ => Best(output, channel) ?? InText(output, channel),
        };
    }

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

    /// <summary>A file to upload, with what is said of it.</summary>
    public static Converted OfMedia(Output output, Media media, ChannelContext channel)
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
        var marked = Marked(raw, channel.CardId);
        return new([marked], OfferOf(marked));
    }

    /// <summary>An author's message as it is, but for the id of its Adaptive Cards: a click has to tell which card it was on.</summary>
    public static OutgoingMessage Marked(OutgoingMessage message, string cardId) =>
        message.Cards?.Any(card => card.ContentType == ChannelCards.Adaptive) == true
            ? message with { Cards = [.. message.Cards.Select(card => Marked(card, cardId))] }
            : message;

    private static Card Marked(Card card, string cardId)
    {
        if (card.ContentType != ChannelCards.Adaptive || JsonNode.Parse(card.Content.GetRawText()) is not JsonObject content) return card;
        AdaptiveCards.Mark(content, cardId);
        return card with { Content = ChannelCards.AdaptiveOf(content).Content };
    }

    private static Converted OfChannelCard(Output output, ChannelCard card, ChannelContext channel) =>
        ChannelCards.Knows(channel.Kind, card.Type)
            ? new(With(output.Text, channel, new OutgoingMessage { Cards = [ChannelCards.Of(card.Type, card.Content.DeepClone(), channel)] }),
                new Offer { IsOpen = true })
            : InText(output, channel);

    /// <summary>What a message of 8x8 offers.</summary>
    public static Offer OfferOf(OutgoingMessage raw) =>
        raw.Cards is not { Count: > 0 } cards ? Offer.Nothing : cards.Select(OfferOf).Aggregate((all, one) => all.And(one));

    private static Offer OfferOf(Card card)
    {
        if (card.ContentType == ChannelCards.QuickReplies)
            return Offer.Of((JsonNode.Parse(card.Content.GetRawText())?["options"] as JsonArray ?? [])
                .Select(option => new QuickReply(Text(option?["title"]), Text(option?["data"]?["postback"]))));
        // What has no id cannot be told from another.
        return card.ContentType == ChannelCards.Adaptive && JsonNode.Parse(card.Content.GetRawText()) is JsonObject content
            && AdaptiveCards.IdsIn(content) is { Count: > 0 } ids
                ? Offer.Of(AdaptiveCards.InWords(content).Actions) with { Cards = ids }
                : new Offer { IsOpen = true };

        static string Text(JsonNode? node) => node is JsonValue value ? value.ToString() : "";
    }
}
