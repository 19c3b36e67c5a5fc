using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Agents;

/// <summary>What an agent says in our own JSON, whose members are those of the step <c>say</c>.</summary>
internal static class AgentOutputs
{
    private const int MostNames = 8;
    private const int LongestName = 40;

    /// <param name="steering">Members that are something else than shown.</param>
    public static Output Read(JsonElement one, List<string> faults, params string[] steering)
    {
        if (one.ValueKind == JsonValueKind.String) return new Output { Text = one.GetString()! };
        var told = faults.Count;
        var output = new Output
        {
            Text = one.Text("text") ?? "",
            QuickReplies = Choices(one.Member("quickReplies"), faults),
            Rich = RichOf(one, faults),
            FallbackText = one.Text("fallbackText"),
            Data = Object(one.Member("data")),
        };
        if (one.ValueKind != JsonValueKind.Object) faults.Add($"An output that is {KindOf(one)} was left out: it is a text, or an object with the members of 'say'.");
        else if (faults.Count == told) Lost(one.EnumerateObject().Where(member => !steering.Contains(member.Name) && !IsShown(member, output)), faults);
        return output;
    }

    /// <summary>Tells of members that nobody sees, by their names; what is empty is no loss.</summary>
    public static void Lost(IEnumerable<JsonProperty> members, List<string> faults, string within = "")
    {
        var names = members.Where(member => !IsNothing(member.Value)).Select(member => $"'{TextSplitter.Shorten(within + member.Name, LongestName)}'").Take(MostNames).ToList();
        if (names.Count > 0) faults.Add($"What cannot be shown was left out of an output: {string.Join(", ", names)}.");
    }

    private static bool IsShown(JsonProperty member, Output output) => member.Name switch
    {
        "text" => output.Text.Length > 0,
        "quickReplies" => output.QuickReplies.Count > 0,
        "fallbackText" => output.FallbackText is not null,
        "data" => output is { IsEmpty: false, Data: not null },
        var name => name == output.Rich switch
        {
            ItemList => "list",
            Media media => media.Kind.ToString().ToLowerInvariant(),
            RawMessage => "eightByEight",
            null => null,
            var rich => JsonNamingPolicy.CamelCase.ConvertName(rich.GetType().Name),
        },
    };

    private static bool IsNothing(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => true,
        JsonValueKind.String => value.GetString()!.Length == 0,
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        _ => false,
    };

    private static string KindOf(JsonElement one) => one.ValueKind switch
    {
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        JsonValueKind.Array => "a list",
        _ => "null",
    };

    /// <summary>An object of its own; null: it is none.</summary>
    public static JsonObject? Object(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object ? (JsonObject?)JsonNode.Parse(element.GetRawText()) : null;

    /// <summary>A choice that opens a URL only where that is one.</summary>
    public static QuickReply Choice(string title, string? payload, string? url, string? phone, string? intent, List<string> faults)
    {
        if (url is not null && WebAddress.IsOne(url)) return new(title, url, ButtonKind.WebUrl);
        if (url is not null) faults.Add($"'{url}' behind '{title}' is not a URL that begins with https:// or http://.");
        if (phone is { Length: > 0 }) return new(title, phone, ButtonKind.PhoneNumber);
        return new(title, intent is { Length: > 0 } ? TriggeredIntent.Prefix + intent : payload is { Length: > 0 } ? payload : title);
    }

    /// <summary>A file at a URL; null, with a word about it, where that is none.</summary>
    public static Media? Media(MediaKind kind, string? url, string? alt, string? name, List<string> faults)
    {
        if (url is not null && WebAddress.IsOne(url)) return new Media(kind, url, alt, name);
        faults.Add($"{kind}: '{url}' is not a URL that begins with https:// or http://.");
        return null;
    }

    private static Rich? RichOf(JsonElement one, List<string> faults)
    {
        if (Choices(one.Member("buttons"), faults) is { Count: > 0 } buttons) return new Buttons(buttons);
        if (Items(one.Member("gallery"), faults) is { Count: > 0 } gallery) return new Gallery(gallery);
        if (Items(one.Member("list"), faults) is { Count: > 0 } list) return new ItemList(list);
        foreach (var kind in Enum.GetValues<MediaKind>())
            if (one.Member(kind.ToString().ToLowerInvariant()) is { ValueKind: JsonValueKind.String or JsonValueKind.Object } file)
                return Media(kind, file.ValueKind == JsonValueKind.String ? file.GetString() : file.Text("url"), file.Text("alt"), file.Text("name"), faults);
        if (Object(one.Member("adaptiveCard")) is { } card) return new AdaptiveCard(card);
        if (one.Member("channelCard") is { ValueKind: JsonValueKind.Object } channel) return Card(channel, faults);
        if (Object(one.Member("eightByEight")) is not { } raw) return null;
        if (RawMessages.Read(raw, out var problem) is { } message) return new RawMessage(message);
        faults.Add($"'eightByEight' is not a message of 8x8: {problem}");
        return null;
    }

    private static ChannelCard? Card(JsonElement card, List<string> faults)
    {
        var type = card.Text("type") ?? "";
        if (ChannelCards.Types.Contains(type) && card.Member("content") is { ValueKind: JsonValueKind.Object or JsonValueKind.Array } content)
            return new ChannelCard(type, JsonNode.Parse(content.GetRawText())!);
        faults.Add($"There is no channel card '{type}' with this content. Types are {string.Join(", ", ChannelCards.Types)}.");
        return null;
    }

    private static IReadOnlyList<QuickReply> Choices(JsonElement list, List<string> faults) =>
        list.ValueKind != JsonValueKind.Array ? [] : [.. list.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.String
            ? new QuickReply(one.GetString()!, one.GetString()!)
            : Choice(one, faults)).OfType<QuickReply>().Where(choice => choice.Title.Length > 0)];

    private static QuickReply? Choice(JsonElement one, List<string> faults)
    {
        if (one.Text("title") is { Length: > 0 } title) return Choice(title, one.Text("payload"), one.Text("url"), one.Text("phone"), one.Text("intent"), faults);
        var named = one.ValueKind == JsonValueKind.Object ? string.Join(", ", one.EnumerateObject().Select(member => $"'{member.Name}'").Take(MostNames)) : KindOf(one);
        faults.Add($"A choice without 'title' was left out: it is {(named.Length > 0 ? named : "empty")}.");
        return null;
    }

    private static IReadOnlyList<Item> Items(JsonElement list, List<string> faults) =>
        list.ValueKind != JsonValueKind.Array ? [] : [.. list.EnumerateArray().Select(one => new Item(one.Text("title") ?? "")
        {
            Subtitle = one.Text("subtitle"),
            ImageUrl = Address(one.Text("image"), faults),
            ImageAlt = one.Text("imageAlt"),
            Url = Address(one.Text("url"), faults),
            Buttons = Choices(one.Member("buttons"), faults),
        })];

    /// <summary>A URL that can be opened; null where it is none.</summary>
    public static string? Address(string? url, List<string> faults)
    {
        if (url is not { Length: > 0 }) return null;
        if (WebAddress.IsOne(url)) return url;
        faults.Add($"'{url}' is not a URL that begins with https:// or http://.");
        return null;
    }
}
