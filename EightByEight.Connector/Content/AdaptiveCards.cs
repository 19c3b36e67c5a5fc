using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EightByEight.Connector.Content;

/// <summary>Adaptive Cards of authors: lowered to a version, marked with their id, put into words. Source: adaptivecards.io, schema explorer.</summary>
internal static class AdaptiveCards
{
    /// <summary>The member of every submit's data that names its card.</summary>
    public const string IdMember = "_card";

    /// <summary>What a client of 1.3 knows; anything else needs a <c>fallback</c> of its own, which clients follow since 1.2.</summary>
    private static readonly HashSet<string> Known =
    [
        "AdaptiveCard", "TextBlock", "Image", "ImageSet", "Media", "RichTextBlock", "TextRun", "Container", "ColumnSet", "Column", "FactSet",
        "ActionSet", "Input.Text", "Input.Number", "Input.Date", "Input.Time", "Input.Toggle", "Input.ChoiceSet",
        "Action.OpenUrl", "Action.Submit", "Action.ShowCard", "Action.ToggleVisibility",
    ];

    /// <summary>Members of 1.4 to 1.6 without which a card still means the same, by the version that has them.</summary>
    private static readonly (string Member, int Since)[] Harmless =
    [
        ("refresh", 4), ("authentication", 4), ("mode", 5), ("tooltip", 5), ("rtl", 5), ("metadata", 6), ("captionSources", 6),
    ];

    /// <summary>Members whose values are texts, whatever YAML took them for.</summary>
    private static readonly HashSet<string> Texts = ["text", "title", "version", "id", "label", "placeholder", "altText", "url"];

    /// <summary>
    /// A copy that a client of that version shows: <c>Action.Execute</c> becomes <c>Action.Submit</c>, a <c>Table</c> becomes rows of
    /// columns, and what only decorates is dropped. Null when the card would lose its meaning.
    /// </summary>
    /// <param name="version">1.3 to 1.6.</param>
    public static JsonObject? Lower(JsonObject card, string version)
    {
        var minor = Minor(version);
        if (Lowered(card, minor) is not JsonObject lowered) return null;
        lowered["type"] = "AdaptiveCard";
        var declared = lowered["version"]?.GetValueKind() == JsonValueKind.String ? lowered["version"]!.GetValue<string>() : null;
        if (declared is null || !declared.StartsWith("1.", StringComparison.Ordinal) || Minor(declared) > minor) lowered["version"] = version;
        return lowered;
    }

    /// <summary>Puts the card's id into the data of every submit.</summary>
    public static void Mark(JsonObject card, string cardId)
    {
        foreach (var action in Objects(card).ToArray())
        {
            if (Type(action) is not ("Action.Submit" or "Action.Execute")) continue;
            if (action["data"] is null) action["data"] = new JsonObject { [IdMember] = cardId };
            else if (action["data"] is JsonObject data) data[IdMember] = cardId;
            // A text has no place for an id. As a postback it reaches the Flow as the same input.
            else if (action["data"]!.GetValueKind() == JsonValueKind.String)
                action["data"] = new JsonObject { ["postback"] = action["data"]!.GetValue<string>(), [IdMember] = cardId };
        }
    }

    /// <summary>The ids that a card was marked with.</summary>
    public static IReadOnlyList<string> IdsIn(JsonObject card) =>
    [
        .. Objects(card).Where(action => Type(action) is "Action.Submit" or "Action.Execute")
            .Select(action => action["data"] is JsonObject data ? Text(data, IdMember) : null).OfType<string>().Distinct(),
    ];

    /// <summary>Its texts from top to bottom, and what can be clicked. Inputs cannot be filled in words.</summary>
    public static (IReadOnlyList<string> Lines, IReadOnlyList<QuickReply> Actions) InWords(JsonObject card)
    {
        var lines = new List<string>();
        var actions = new List<QuickReply>();
        foreach (var one in Objects(card))
        {
            switch (Type(one))
            {
                case "TextBlock":
                    if (Text(one, "text") is { } text) lines.Add(text);
                    break;
                case "RichTextBlock" when one["inlines"] is JsonArray inlines:
                    lines.Add(string.Concat(inlines.Select(run => run is JsonObject part ? Text(part, "text") : run?.ToString())));
                    break;
                case "FactSet" when one["facts"] is JsonArray facts:
                    lines.AddRange(facts.OfType<JsonObject>().Select(fact => $"{Text(fact, "title")} {Text(fact, "value")}".Trim()));
                    break;
                case "Action.OpenUrl" when Text(one, "title") is { } title && Text(one, "url") is { } url:
                    actions.Add(new(title, url, ButtonKind.WebUrl));
                    break;
                case "Action.Submit" or "Action.Execute" when Text(one, "title") is { } title && one["data"] is JsonObject data
                    && (Text(data, "postback") ?? Text(data, "text")) is { } payload:
                    actions.Add(new(title, payload));
                    break;
            }
        }

        return (lines, actions);
    }

    private static JsonNode? Lowered(JsonNode? node, int minor)
    {
        switch (node)
        {
            case JsonArray list:
                var items = new JsonArray();
                foreach (var item in list)
                {
                    // A disabled action would become one that works.
                    if (minor < 5 && item is JsonObject { } one && IsFalse(one["isEnabled"])) continue;
                    var lowered = Lowered(item, minor);
                    if (item is not null && lowered is null) return null;
                    items.Add(lowered);
                }

                return items;
            case JsonObject old:
                return LoweredObject(old, minor);
            default:
                return node?.DeepClone();
        }
    }

    private static JsonObject? LoweredObject(JsonObject old, int minor)
    {
        var type = Type(old);
        if (type == "Table" && minor < 5) return LoweredTable(old, minor);
        if (type is not null && !IsKnown(type, minor) && old["fallback"] is null) return null;
        var made = new JsonObject();
        foreach (var (name, value) in old)
        {
            if (Harmless.Any(one => one.Member == name && minor < one.Since) || (name == "isEnabled" && minor < 5)) continue;
            // What is submitted is the author's, not the schema's.
            if (name is "data" && type is "Action.Submit" or "Action.Execute") made[name] = value?.DeepClone();
            else if (Texts.Contains(name) && value?.GetValueKind() is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
                made[name] = value!.ToJsonString();
            // Choices that only the bot could look up; those listed beside them can still be chosen.
            else if (name == "choices.data")
            {
                if (minor >= 6) made[name] = value?.DeepClone();
                else if (old["choices"] is not JsonArray { Count: > 0 }) return null;
            }
            else if (value is null) made[name] = null;
            else if (Lowered(value, minor) is { } lowered) made[name] = lowered;
            else return null;
        }

        if (type == "Action.Execute" && minor < 4) return Submit(made);
        if (type == "TextBlock" && minor < 5) made.Remove("style");
        if (type == "Input.ChoiceSet" && minor < 5 && Text(made, "style") == "filtered") made["style"] = "compact";
        return made;
    }

    private static JsonObject Submit(JsonObject execute)
    {
        execute["type"] = "Action.Submit";
        if (execute["verb"] is { } verb)
        {
            execute.Remove("verb");
            if (execute["data"] is null) execute["data"] = new JsonObject { ["verb"] = verb };
            else if (execute["data"] is JsonObject data && data["verb"] is null) data["verb"] = verb;
        }

        return execute;
    }

    private static JsonObject? LoweredTable(JsonObject table, int minor)
    {
        var widths = (table["columns"] as JsonArray)?.Select(column => (column as JsonObject)?["width"]).ToArray() ?? [];
        var hasHeader = !IsFalse(table["firstRowAsHeaders"] ?? table["firstRowAsHeader"]);
        var rows = new JsonArray();
        foreach (var row in (table["rows"] as JsonArray)?.OfType<JsonObject>() ?? [])
        {
            var columns = new JsonArray();
            foreach (var cell in (row["cells"] as JsonArray)?.OfType<JsonObject>() ?? [])
            {
                if (Lowered(cell["items"] ?? new JsonArray(), minor) is not JsonArray items) return null;
                if (hasHeader && rows.Count == 0)
                    foreach (var text in items.OfType<JsonObject>().Where(item => Type(item) == "TextBlock")) text["weight"] = "Bolder";
                var column = new JsonObject { ["type"] = "Column", ["width"] = Width(widths.ElementAtOrDefault(columns.Count)), ["items"] = items };
                if ((cell["style"] ?? row["style"]) is { } style) column["style"] = style.DeepClone();
                if (cell["verticalContentAlignment"] is { } alignment) column["verticalContentAlignment"] = alignment.DeepClone();
                columns.Add(column);
            }

            var set = new JsonObject { ["type"] = "ColumnSet", ["columns"] = columns };
            if (rows.Count > 0 && !IsFalse(table["showGridLines"])) set["separator"] = true;
            rows.Add(set);
        }

        var made = new JsonObject { ["type"] = "Container", ["items"] = rows };
        foreach (var name in (string[])["id", "isVisible", "separator", "spacing"])
            if (table[name] is { } value) made[name] = value.DeepClone();
        return made;
    }

    /// <summary>A table's width: a weight, or pixels.</summary>
    private static JsonNode Width(JsonNode? width) => width is JsonValue given
        ? given.GetValueKind() == JsonValueKind.Number ? given.DeepClone()
            : int.TryParse(given.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var weight) ? weight
            : given.ToString()
        : "stretch";

    private static bool IsKnown(string type, int minor) =>
        Known.Contains(type) || type == "Action.Execute" || (minor >= 5 && type is "Table" or "TableRow" or "TableCell")
        // Members such as an input's "type": "text" are no elements, nor are the parts of a background image or a fact.
        || !(type.StartsWith("Input.", StringComparison.Ordinal) || type.StartsWith("Action.", StringComparison.Ordinal) || char.IsAsciiLetterUpper(type[0]));

    private static int Minor(string version) =>
        int.TryParse(version.AsSpan(Math.Min(2, version.Length)), NumberStyles.None, CultureInfo.InvariantCulture, out var minor) ? minor : 99;

    /// <summary>All objects inside, from top to bottom, what is submitted left out.</summary>
    private static IEnumerable<JsonObject> Objects(JsonNode? node)
    {
        if (node is JsonObject one)
        {
            yield return one;
            var submits = Type(one) is "Action.Submit" or "Action.Execute";
            foreach (var (name, value) in one)
                if (!(submits && name == "data"))
                    foreach (var inner in Objects(value)) yield return inner;
        }
        else if (node is JsonArray list)
            foreach (var item in list)
                foreach (var inner in Objects(item)) yield return inner;
    }

    private static string? Type(JsonObject one) => Text(one, "type") is { Length: > 0 } type ? type : null;

    private static string? Text(JsonObject one, string member) =>
        one[member] is JsonValue value && value.GetValueKind() is JsonValueKind.String or JsonValueKind.Number ? one[member]!.ToString() : null;

    private static bool IsFalse(JsonNode? node) => node?.GetValueKind() == JsonValueKind.False;
}
