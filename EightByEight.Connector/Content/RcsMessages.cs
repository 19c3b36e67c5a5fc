using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;

namespace EightByEight.Connector.Content;

/// <summary>What RCS shows: suggestions below a text, and carousels. The same in words stands beside a carousel.</summary>
internal static class RcsMessages
{
    public static Converted? Of(Output output, ChannelContext channel) => output.Rich switch
    {
        null => WithSuggestions(output, output.QuickReplies, channel),
        Buttons { Items: var buttons } => WithSuggestions(output, buttons, channel),
        Gallery { Items: var items } => InCarousel(output, items, null, channel),
        ItemList list => InCarousel(output, list.Items, list.Button, channel),
        _ => null,
    };

    private static Converted? WithSuggestions(Output output, IReadOnlyList<QuickReply> choices, ChannelContext channel)
    {
        if (choices.Count > RcsLimits.Suggestions || Suggestions(choices) is not { } suggestions) return null;
        var (text, offer) = TextFallback.Of(output);
        var card = ChannelCards.Of(ChannelCards.Suggestions, suggestions, channel);
        return new(OutgoingContent.With(text, channel, new OutgoingMessage { Cards = [card] }), offer);
    }

    private static Converted? InCarousel(Output output, IReadOnlyList<Item> items, QuickReply? button, ChannelContext channel)
    {
        if (items.Count is < RcsLimits.LeastCards or > RcsLimits.MostCards) return null;
        var cards = new JsonArray();
        foreach (var item in items)
        {
            QuickReply[] choices = [.. item.Buttons, .. item.Url is { } url ? [new QuickReply(item.Title, url, ButtonKind.WebUrl)] : Array.Empty<QuickReply>()];
            if (item.ImageUrl?.Length > RcsLimits.Url || choices.Length > RcsLimits.CardSuggestions || Suggestions(choices) is not { } suggestions) return null;
            var card = new JsonObject { ["title"] = TextSplitter.Shorten(item.Title, RcsLimits.CardTitle) };
            if (item.Subtitle is { } subtitle) card["description"] = TextSplitter.Shorten(subtitle, RcsLimits.CardDescription);
            if (item.ImageUrl is { } image)
                card["media"] = new JsonObject { ["height"] = "MEDIUM", ["contentInfo"] = new JsonObject { ["fileUrl"] = image } };
            if (suggestions.Count > 0) card["suggestions"] = suggestions;
            cards.Add(card);
        }

        var carousel = ChannelCards.Of(ChannelCards.Carousel, new JsonObject { ["cardWidth"] = "medium", ["cards"] = cards }, channel);
        var sent = new List<Card> { carousel };
        if (button is not null)
        {
            if (Suggestions([button]) is not { } one) return null;
            sent.Add(ChannelCards.Of(ChannelCards.Suggestions, one, channel));
        }

        var (text, offer) = TextFallback.Of(output);
        return new(OutgoingContent.With(text, channel, new OutgoingMessage { Cards = sent }), offer);
    }

    /// <summary>Null when one of them cannot be one, or two look the same.</summary>
    private static JsonArray? Suggestions(IReadOnlyList<QuickReply> choices)
    {
        string[] texts = [.. choices.Select(choice => TextSplitter.Shorten(choice.Title, RcsLimits.SuggestionText))];
        if (choices.Any(choice => choice.Payload.Length > RcsLimits.PostbackData) || texts.Distinct().Count() < texts.Length) return null;
        return [.. choices.Select((choice, i) => Suggestion(choice, texts[i]))];
    }

    private static JsonObject Suggestion(QuickReply choice, string text)
    {
        var data = choice.Kind == ButtonKind.Postback ? choice.Payload : Click.NoInput;
        var suggestion = new JsonObject { ["text"] = text, ["postbackData"] = data };
        switch (choice.Kind)
        {
            case ButtonKind.WebUrl:
                suggestion["openUrlAction"] = new JsonObject { ["url"] = choice.Payload, ["application"] = "BROWSER" };
                return new() { ["action"] = suggestion };
            case ButtonKind.PhoneNumber:
                suggestion["dialAction"] = new JsonObject { ["phoneNumber"] = choice.Payload };
                return new() { ["action"] = suggestion };
            default:
                return new() { ["reply"] = suggestion };
        }
    }
}
