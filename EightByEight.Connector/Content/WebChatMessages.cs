using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Content;

/// <summary>What the web chat shows: quick replies and Adaptive Cards. A channel that is not known yet is treated like it.</summary>
internal static class WebChatMessages
{
    public static Converted? Of(Output output, ChannelContext channel) => output.Rich switch
    {
        null => Replies(output, output.QuickReplies, channel),
        Buttons { Items: var buttons } when buttons.All(button => button.Kind == ButtonKind.Postback) => Replies(output, buttons, channel),
        Buttons { Items: var buttons } => Built(output, channel, CardBuilder.Actions(buttons, channel.CardId), buttons),
        Gallery { Items: var items } => Built(output, channel, CardBuilder.Gallery(items, channel.CardId), items.SelectMany(item => item.Buttons)),
        ItemList list => Built(output, channel, CardBuilder.List(list, channel.CardId),
            [.. list.Items.SelectMany(item => item.Buttons), .. list.Button is { } button ? [button] : Array.Empty<QuickReply>()]),
        DatePicker picker => Built(output, channel, CardBuilder.Date(picker, channel.CardId), []),
        AdaptiveCard { Card: var card } => Given(output, card, channel),
        _ => null,
    };

    /// <summary>The documented card of choices. What only a phone can do is a line of the text.</summary>
    private static Converted Replies(Output output, IReadOnlyList<QuickReply> replies, ChannelContext channel)
    {
        var choices = replies.Where(reply => reply.Kind == ButtonKind.Postback).ToArray();
        var lines = replies.Where(reply => reply.Kind != ButtonKind.Postback).Select(reply => $"{reply.Title}: {reply.Payload}");
        var text = string.Join('\n', lines.Prepend(output.Text).Where(line => line.Length > 0));
        return choices.Length == 0
            ? new([.. OutgoingContent.Texts(text, channel)], Offer.Nothing)
            : new(OutgoingContent.With(text, channel, new OutgoingMessage { Cards = [ChannelCards.QuickRepliesOf(choices)] }), Offer.Of(choices));
    }

    private static Converted Built(
        Output output, ChannelContext channel, System.Text.Json.Nodes.JsonObject card, IEnumerable<QuickReply> choices) => new(
        OutgoingContent.With(output.Text, channel, new OutgoingMessage { Cards = [ChannelCards.AdaptiveOf(card)] }),
        Offer.Of(choices) with { Cards = [channel.CardId] });

    /// <summary>An author's card, lowered; null when it would lose its meaning.</summary>
    private static Converted? Given(Output output, System.Text.Json.Nodes.JsonObject card, ChannelContext channel)
    {
        if (AdaptiveCards.Lower(card, channel.Settings.CardVersion) is not { } lowered) return null;
        AdaptiveCards.Mark(lowered, channel.CardId);
        var text = output.Text.Length > 0 ? output.Text : output.FallbackText ?? "";
        var cards = new List<Card> { ChannelCards.AdaptiveOf(lowered) };
        var replies = output.QuickReplies.Where(reply => reply.Kind == ButtonKind.Postback).ToArray();
        if (replies.Length > 0) cards.Add(ChannelCards.QuickRepliesOf(replies));
        return new(OutgoingContent.With(text, channel, new OutgoingMessage { Cards = cards }),
            Offer.Of([.. AdaptiveCards.InWords(lowered).Actions, .. replies]) with { Cards = [channel.CardId] });
    }
}
