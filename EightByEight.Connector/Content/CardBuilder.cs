using System.Text.Json.Nodes;

namespace EightByEight.Connector.Content;

/// <summary>
/// Adaptive Cards that this product makes, of 1.3 and older features. A text beside the card is not repeated in it. Every button is a set
/// of its own: clients put those of one set beside one another, cut off what a narrow chat cannot hold, and show no more than five.
/// </summary>
internal static class CardBuilder
{
    /// <summary>Buttons alone.</summary>
    public static JsonObject Actions(IReadOnlyList<QuickReply> buttons, string cardId) => Card(ActionSets(buttons, cardId));

    /// <summary>One container an item.</summary>
    public static JsonObject Gallery(IReadOnlyList<Item> items, string cardId) => Card(items.Select((item, index) =>
    {
        var parts = new List<JsonNode>();
        if (item.ImageUrl is { } image) parts.Add(Image(image, item.ImageAlt ?? item.Title, "Stretch"));
        parts.AddRange(Texts(item));
        parts.AddRange(ActionSets(item.Buttons, cardId));
        return Container(parts, item.Url, index);
    }));

    /// <summary>One row an item, with its image at the end.</summary>
    public static JsonObject List(ItemList list, string cardId)
    {
        var rows = list.Items.Select((item, index) =>
        {
            var columns = new JsonArray { Column([.. Texts(item)], "stretch") };
            if (item.ImageUrl is { } image) columns.Add(Column([Image(image, item.ImageAlt ?? item.Title, "Medium")], "auto"));
            var row = new JsonObject { ["type"] = "ColumnSet", ["columns"] = columns };
            return Container([row, .. ActionSets(item.Buttons, cardId)], item.Url, index);
        }).ToList<JsonNode>();
        // Set off from the last item's own buttons.
        if (list.Button is { } button) rows.Add(Container([.. ActionSets([button], cardId)], null, rows.Count));
        return Card(rows);
    }

    /// <summary>A date and a button. The date's id is <c>text</c>, so that it comes back as what the customer said.</summary>
    public static JsonObject Date(DatePicker picker, string cardId)
    {
        var input = new JsonObject { ["type"] = "Input.Date", ["id"] = "text" };
        if (picker.Min is { } min) input["min"] = min;
        if (picker.Max is { } max) input["max"] = max;
        var submit = new JsonObject
        {
            ["type"] = "Action.Submit",
            ["title"] = picker.Button,
            ["data"] = new JsonObject { [AdaptiveCards.IdMember] = cardId },
        };
        return Card([input, new JsonObject { ["type"] = "ActionSet", ["actions"] = new JsonArray { submit } }]);
    }

    private static JsonObject Card(IEnumerable<JsonNode> body) => new()
    {
        ["type"] = "AdaptiveCard",
        ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
        ["version"] = "1.3",
        ["body"] = new JsonArray([.. body]),
    };

    private static JsonObject Container(List<JsonNode> parts, string? url, int index)
    {
        var container = new JsonObject { ["type"] = "Container", ["items"] = new JsonArray([.. parts]) };
        if (index > 0) container["separator"] = true;
        if (url is not null) container["selectAction"] = OpenUrl(url, null);
        return container;
    }

    private static IEnumerable<JsonNode> Texts(Item item)
    {
        yield return Text(item.Title, isTitle: true);
        if (item.Subtitle is { } subtitle) yield return Text(subtitle, isTitle: false);
    }

    private static JsonObject Text(string text, bool isTitle)
    {
        var block = new JsonObject { ["type"] = "TextBlock", ["text"] = text, ["wrap"] = true };
        if (isTitle) block["weight"] = "Bolder";
        else (block["isSubtle"], block["spacing"]) = (true, "None");
        return block;
    }

    private static JsonObject Image(string url, string alt, string size) =>
        new() { ["type"] = "Image", ["url"] = url, ["altText"] = alt, ["size"] = size };

    private static JsonObject Column(List<JsonNode> items, string width) =>
        new() { ["type"] = "Column", ["width"] = width, ["items"] = new JsonArray([.. items]) };

    private static IEnumerable<JsonNode> ActionSets(IReadOnlyList<QuickReply> buttons, string cardId) =>
        buttons.Select((button, index) =>
        {
            var set = new JsonObject { ["type"] = "ActionSet", ["actions"] = new JsonArray { Action(button, cardId) } };
            if (index > 0) set["spacing"] = "Small";
            return set;
        });

    private static JsonObject Action(QuickReply button, string cardId) => button.Kind switch
    {
        ButtonKind.WebUrl => OpenUrl(button.Payload, button.Title),
        ButtonKind.PhoneNumber => OpenUrl($"tel:{string.Concat(button.Payload.Where(c => char.IsAsciiDigit(c) || c is '+' or '*' or '#'))}", button.Title),
        _ => new JsonObject
        {
            ["type"] = "Action.Submit",
            ["title"] = button.Title,
            ["data"] = new JsonObject { ["postback"] = button.Payload, [AdaptiveCards.IdMember] = cardId },
        },
    };

    private static JsonObject OpenUrl(string url, string? title)
    {
        var action = new JsonObject { ["type"] = "Action.OpenUrl" };
        if (title is not null) action["title"] = title;
        action["url"] = url;
        return action;
    }
}
