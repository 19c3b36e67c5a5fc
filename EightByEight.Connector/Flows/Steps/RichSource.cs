using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>The rich content of a <c>say</c>, compiled.</summary>
internal sealed class RichSource
{
    /// <summary>How each kind is made, by its member.</summary>
    private static readonly OrderedDictionary<string, Func<StepSource, DocumentNode, string, Func<Turn, Step, Rich?>>> Kinds = new()
    {
        ["buttons"] = ParseButtons,
        ["gallery"] = ParseGallery,
        ["list"] = ParseList,
        ["image"] = (source, node, member) => ParseMedia(source, node, member, MediaKind.Image),
        ["audio"] = (source, node, member) => ParseMedia(source, node, member, MediaKind.Audio),
        ["video"] = (source, node, member) => ParseMedia(source, node, member, MediaKind.Video),
        ["file"] = (source, node, member) => ParseMedia(source, node, member, MediaKind.File),
        ["adaptiveCard"] = ParseAdaptiveCard,
        ["datePicker"] = ParseDatePicker,
        ["channelCard"] = ParseChannelCard,
        ["eightByEight"] = ParseRaw,
    };

    private const int MostItems = 30;

    private readonly Func<Turn, Step, Rich?> _render;

    private RichSource(Func<Turn, Step, Rich?> render) => _render = render;

    /// <summary>The members of a <c>say</c> that name a kind.</summary>
    public static IReadOnlyList<string> Members { get; } = [.. Kinds.Keys];

    /// <summary>The kind that a <c>say</c> has; null: none. Two are reported.</summary>
    public static string? KindIn(StepSource source, MapNode say)
    {
        var given = say.Members.Select(member => member.Key).Where(key => Kinds.ContainsKey(key.Text)).ToList();
        if (given.Count > 1)
            source.Problems.Report(given[1], $"'{given[0].Text}' and '{given[1].Text}' are two messages. Begin the second with its own '- say'.");
        if (given is [{ Text: "eightByEight" }] && (say.FindKey("text") ?? say.FindKey("quickReplies")) is { } beside)
            source.Problems.Report(beside, $"'eightByEight' is the whole message: put '{beside.Text}' into it.");
        else if (given is [{ Text: not "adaptiveCard" }, ..] && say.FindKey("quickReplies") is { } replies)
            source.Problems.Report(replies, $"'quickReplies' cannot stand beside '{given[0].Text}'. Say them in a step of their own.");
        return given.FirstOrDefault()?.Text;
    }

    /// <summary>Whether the kind says nothing without a text.</summary>
    public static bool NeedsText(string kind) => kind is "buttons" or "datePicker" or "channelCard";

    public static RichSource Parse(StepSource source, MapNode say, string kind) => new(Kinds[kind](source, say.Find(kind)!, kind));

    /// <summary>Null, with a warning, when what came out cannot be shown.</summary>
    public Rich? Render(Turn turn, Step step) => _render(turn, step);

    private static Func<Turn, Step, Rich?> ParseButtons(StepSource source, DocumentNode node, string member)
    {
        var buttons = Choice.ParseList(source, node, member, Choice.OfButtons);
        return (turn, step) => Choice.Render(buttons, turn, step) is { Count: > 0 } shown ? new Buttons(shown) : null;
    }

    private static Func<Turn, Step, Rich?> ParseGallery(StepSource source, DocumentNode node, string member)
    {
        var items = ParseItems(source, node, member);
        return (turn, step) => Render(items, turn, step) is { Count: > 0 } shown ? new Gallery(shown) : null;
    }

    private static Func<Turn, Step, Rich?> ParseList(StepSource source, DocumentNode node, string member)
    {
        var list = node;
        Choice? button = null;
        if (node is MapNode map)
        {
            source.CheckMembers(map, member, "items", "button");
            if (map.Find("button") is { } shared) button = Choice.Parse(source, shared, "button", Choice.OfButtons);
            if (map.Find("items") is not { } inner)
            {
                source.Problems.Report(map, "'list' lacks 'items', such as items: [ { title: Small } ].");
                return (_, _) => null;
            }

            list = inner;
        }

        var items = ParseItems(source, list, member);
        return (turn, step) => Render(items, turn, step) is { Count: > 0 } shown ? new ItemList(shown, button?.Render(turn, step)) : null;
    }

    private static List<Item> Render(List<Func<Turn, Step, Item?>> items, Turn turn, Step step) =>
        [.. items.Select(item => item(turn, step)).OfType<Item>()];

    private static List<Func<Turn, Step, Item?>> ParseItems(StepSource source, DocumentNode node, string member)
    {
        if (node is not ListNode { Items.Count: > 0 and <= MostItems } list)
        {
            source.Problems.Report(node,
                $"'{member}' is a list of 1 to {MostItems} items {{ title, subtitle, image, imageAlt, url, buttons }}.");
            return [];
        }

        return [.. list.Items.Select(item => ParseItem(source, item, member))];
    }

    private static Func<Turn, Step, Item?> ParseItem(StepSource source, DocumentNode node, string member)
    {
        var map = node as MapNode;
        if (map is not null) source.CheckMembers(map, member, "title", "subtitle", "image", "imageAlt", "url", "buttons", "if");
        if (map is null || map.Find("title") is not { } titleNode)
        {
            source.Problems.Report(node, $"Each item of '{member}' needs a title, such as {{ title: Red shoes, image: \"https://…\" }}.");
            return (_, _) => new Item("");
        }

        var title = source.Compiler.Template(titleNode, "title");
        var (subtitle, image, alt, url) = (Text("subtitle"), Address("image"), Text("imageAlt"), Address("url"));
        var buttons = map.Find("buttons") is { } list ? Choice.ParseList(source, list, "buttons", Choice.OfButtons) : [];
        var condition = map.Find("if") is { } only ? source.Compiler.Condition(only, "if") : null;
        return (turn, step) => condition is not null && !condition.Truth(turn) ? null : new Item(title!.Render(turn, step))
        {
            Subtitle = Given(subtitle?.Render(turn, step)),
            ImageUrl = RenderAddress(image, "image", turn, step),
            ImageAlt = Given(alt?.Render(turn, step)),
            Url = RenderAddress(url, "url", turn, step),
            Buttons = Choice.Render(buttons, turn, step),
        };

        Template? Text(string name) => map.Find(name) is { } at ? source.Compiler.Template(at, name) : null;
        Template? Address(string name) => map.Find(name) is { } at ? ParseAddress(source, at, name) : null;
    }

    private static Func<Turn, Step, Rich?> ParseMedia(StepSource source, DocumentNode node, string member, MediaKind kind)
    {
        Template? url, alt = null, name = null;
        if (node is MapNode map)
        {
            source.CheckMembers(map, member, "url", "alt", "name");
            if (map.Find("url") is not { } at)
            {
                if (!map.IsFaulty) source.Problems.Report(map, $"'{member}' lacks 'url', such as url: https://example.com/plan.png.");
                return (_, _) => null;
            }

            url = ParseAddress(source, at, "url");
            if (map.Find("alt") is { } described) alt = source.Compiler.Template(described, "alt");
            if (map.Find("name") is { } named) name = source.Compiler.Template(named, "name");
        }
        else url = ParseAddress(source, node, member);

        return (turn, step) => RenderAddress(url, member, turn, step) is { } address
            ? new Media(kind, address, Given(alt?.Render(turn, step)), Given(name?.Render(turn, step)))
            : null;
    }

    private static Func<Turn, Step, Rich?> ParseAdaptiveCard(StepSource source, DocumentNode node, string member)
    {
        if (node is not MapNode map)
            source.Problems.Report(node, "'adaptiveCard' is an Adaptive Card: an object with 'body' and 'actions'.");
        else if (map.Find("type") is ScalarNode { Text: not "AdaptiveCard" } type && !type.Text.Contains("{{", StringComparison.Ordinal))
            source.Problems.Report(type, "The 'type' of an Adaptive Card is AdaptiveCard.");
        else if (map.Find("body") is null && map.Find("actions") is null)
            source.Problems.Report(map, "This Adaptive Card has neither 'body' nor 'actions': it would show nothing.");
        var template = JsonTemplate.Parse(source.Compiler, node, member);
        return (turn, step) => template.Render(turn, step).Json is JsonObject card ? new AdaptiveCard(card) : null;
    }

    private static Func<Turn, Step, Rich?> ParseDatePicker(StepSource source, DocumentNode node, string member)
    {
        Template? button = null, min = null, max = null;
        if (node is MapNode map)
        {
            source.CheckMembers(map, member, "button", "min", "max");
            if (map.Find("button") is { } label) button = source.Compiler.Template(label, "button");
            if (map.Find("min") is { } first) min = source.Compiler.Template(first, "min");
            if (map.Find("max") is { } last) max = source.Compiler.Template(last, "max");
        }
        else if (node is not ScalarNode { Text: "true" })
            source.Problems.Report(node, "'datePicker' is an object with button, min, max, all of which may be missing: datePicker: {}.");

        return (turn, step) => new DatePicker(Given(button?.Render(turn, step)) ?? "OK", Given(min?.Render(turn, step)), Given(max?.Render(turn, step)));
    }

    private static Func<Turn, Step, Rich?> ParseChannelCard(StepSource source, DocumentNode node, string member)
    {
        var map = node as MapNode;
        if (map is not null) source.CheckMembers(map, member, "type", "content");
        if (map?.Find("type") is not { } typeNode || map.Find("content") is not { } content)
        {
            if (map is not { IsFaulty: true })
                source.Problems.Report(node, $"'channelCard' is {{ type, content }}; types are {string.Join(", ", ChannelCards.Types)}.");
            return (_, _) => null;
        }

        var type = source.Compiler.PlainText(typeNode, "type") ?? "";
        if (!ChannelCards.Types.Contains(type))
            source.Problems.Report(typeNode, $"There is no channel card '{type}'.{Problems.DidYouMean(type, ChannelCards.Types)}"
                + $" Types are {string.Join(", ", ChannelCards.Types)}.");
        if (content is ScalarNode) source.Problems.Report(content, $"The 'content' of a channel card is an object, not {content.Kind}.");
        var template = JsonTemplate.Parse(source.Compiler, content, "content");
        return (turn, step) => template.Render(turn, step).Json is { } rendered ? new ChannelCard(type, rendered) : null;
    }

    private static Func<Turn, Step, Rich?> ParseRaw(StepSource source, DocumentNode node, string member)
    {
        if (node is not MapNode) source.Problems.Report(node, "'eightByEight' is a message of 8x8: an object with text, attachments, cards.");
        var template = JsonTemplate.Parse(source.Compiler, node, member);
        if (template.Constant is JsonObject constant && RawMessages.Read(constant, out var fault) is null)
            source.Problems.Report(node, $"This is not a message of 8x8: {fault}");
        return (turn, step) =>
        {
            if (template.Render(turn, step).Json is not JsonObject json) return null;
            if (RawMessages.Read(json, out var problem) is { } message) return new RawMessage(message);
            turn.Warn(step.Path, step.Line, $"The 8x8 message was not sent: {problem}");
            return null;
        };
    }

    private static Template? ParseAddress(StepSource source, DocumentNode node, string member)
    {
        var template = source.Compiler.Template(node, member);
        if (template?.Plain is { } text && !WebAddress.IsOne(text))
            source.Problems.Report(node, $"'{member}' is a URL that begins with https:// or http://, not '{text}'.");
        return template;
    }

    private static string? RenderAddress(Template? template, string member, Turn turn, Step step)
    {
        if (template is null || template.Render(turn, step) is not { Length: > 0 } address) return null;
        if (WebAddress.IsOne(address)) return address;
        turn.Warn(step.Path, step.Line, $"'{member}' was left out: '{address}' is not a URL that begins with https:// or http://.");
        return null;
    }

    private static string? Given(string? text) => text is { Length: > 0 } ? text : null;
}
