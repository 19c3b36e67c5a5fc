using System.Globalization;
using System.Text.RegularExpressions;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Flows.Questions;
using EightByEight.Connector.Flows.Steps;

namespace EightByEight.Connector.Understanding;

/// <summary>Reads how a Flow understands from its members <c>intents</c>, <c>slots</c>, <c>nlu</c> and <c>defaultReply</c>.</summary>
internal sealed partial class ListenerSource
{
    /// <summary>The members of a Flow that it reads.</summary>
    public static readonly string[] Members = ["intents", "slots", "nlu", "defaultReply"];

    public const int MostIntents = 500;
    public const int MostExamples = 10_000;
    private const double UsualTimeout = 5;
    private const int MostTimeout = 30;
    private static readonly string[] Reactions = ["reply", "steps", "flow"];
    private const string DefaultReplyPath = "defaultReply";

    private readonly FlowCompiler _compiler;
    private readonly MapNode _flow;
    private readonly List<Slot> _slots = [];
    private readonly List<(ScalarNode At, string? Locale, Intent Intent)> _examples = [];
    private readonly List<(ScalarNode Name, Intent Intent)> _intents = [];

    public ListenerSource(FlowCompiler compiler, MapNode flow)
    {
        (_compiler, _flow) = (compiler, flow);
        if (flow.Find("slots") is { } slots) ReadSlots(slots);
    }

    /// <summary>The names of slots that may be found.</summary>
    public IEnumerable<string> SlotNames => _slots.Select(slot => slot.Name).Concat(SlotFinder.SystemNames);

    /// <summary>Where reactions to intents begin, and the default reply.</summary>
    public IEnumerable<string> Entries => _intents.Where(one => one.Intent.Reaction is not null).Select(one => $"{PathOf(one.Intent.Name)}/0").Append($"{DefaultReplyPath}/0");

    private Problems Problems => _compiler.Problems;

    public Listener Read()
    {
        if (_flow.Find("intents") is { } intents) ReadIntents(intents);
        var nlu = _flow.Find("nlu") is { } node ? Object(node, "nlu", "threshold", "didYouMean", "provider", "url", "model", "connection", "timeout") : null;
        var threshold = nlu is null ? null : Share(nlu, "threshold");
        return new Listener([.. _intents.Select(one => one.Intent)], _slots)
        {
            Threshold = threshold ?? Listener.UsualThreshold,
            DidYouMean = nlu?.Find("didYouMean") is { } asking ? ReadDidYouMean(asking, threshold ?? Listener.UsualThreshold) : null,
            Service = nlu is null ? null : ReadService(nlu),
            DefaultReply = _flow.Find("defaultReply") is { } reply ? Reply(reply, "defaultReply", DefaultReplyPath) : null,
        };
    }

    /// <summary>Intents that lead nowhere, and examples of two.</summary>
    public void Doubt(IReadOnlyCollection<string> texts)
    {
        foreach (var (name, intent) in _intents)
            if (intent.Reaction is null && !texts.Any(text => Names(text, intent.Name)))
                Problems.Report(name, $"Nothing is done with the intent '{intent.Name}': give it a reply, steps or a flow, or name it, "
                    + "such as in a switch by input.intent.");
        foreach (var same in _examples.GroupBy(one => (one.Locale, Normalized(one.At.Text))))
        {
            var first = same.First();
            foreach (var other in same.DistinctBy(one => one.Intent).Skip(1))
                if (Meet(first.Intent, other.Intent))
                    Problems.Report(other.At, $"'{other.At.Text}' is an example of '{first.Intent.Name}' too (line {first.At.Line}): "
                        + "only one of the two can be meant.");
        }
    }

    /// <summary>Intents that are waited for and that nothing recognises.</summary>
    public void Doubt(IEnumerable<ScalarNode> expected, DocumentNode document)
    {
        // A service may know others.
        if (_intents.Count == 0 || (_flow.Find("nlu") as MapNode)?.Find("provider") is not null) return;
        foreach (var name in expected)
            if (!_intents.Any(one => one.Intent.Name.Equals(name.Text, StringComparison.OrdinalIgnoreCase)) && !Triggers(document, name.Text))
                Problems.Report(name, $"There is no intent '{name.Text}'.{Problems.DidYouMean(name.Text, _intents.Select(one => one.Intent.Name))}"
                    + " Name it in 'intents' of the Flow.");
    }

    /// <summary>Whether something in the document names an intent outright.</summary>
    private static bool Triggers(DocumentNode node, string intent) => node switch
    {
        ScalarNode text => text.Text.Contains($"{TriggeredIntent.Prefix}{intent}", StringComparison.OrdinalIgnoreCase),
        ListNode list => list.Items.Any(item => Triggers(item, intent)),
        MapNode map => map.Members.Any(member => Triggers(member.Value, intent)
            || (member.Key.Text == "intent" && member.Value is ScalarNode named && named.Text.Equals(intent, StringComparison.OrdinalIgnoreCase))),
        _ => false,
    };

    /// <summary>Whether a text of the document may speak of an intent: it is its name, or has it in quotes.</summary>
    private static bool Names(string text, string intent) => text.Equals(intent, StringComparison.OrdinalIgnoreCase)
        || text.Contains($"'{intent}'", StringComparison.OrdinalIgnoreCase) || text.Contains($"\"{intent}\"", StringComparison.OrdinalIgnoreCase)
        || text.Contains($"`{intent}`", StringComparison.OrdinalIgnoreCase)
        || text.Contains($"cIntent:{intent}", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether there may be a state in which both count.</summary>
    private static bool Meet(Intent one, Intent other) =>
        one.States is null || other.States is null || one.States.Overlaps(other.States);

    private static string Normalized(string text)
    {
        Span<char> words = stackalloc char[Features.LongestWords];
        return words[..Features.Normalize(text, words)].ToString();
    }

    private static string PathOf(string intent) => $"intents/{intent}";

    private void ReadIntents(DocumentNode node)
    {
        if (node is not MapNode map)
        {
            Problems.Report(node, "'intents' is an object of names and examples, such as intents: { cancel: [ cancel it, forget it ] }.");
            return;
        }

        if (map.Members.Count() > MostIntents) Problems.Report(map, $"'intents' are more than {MostIntents}. Call another Flow for some of them.");
        foreach (var (key, value) in map.Members)
        {
            if (!IntentPattern.IsMatch(key.Text))
                Problems.Report(key, $"'{key.Text}' cannot name an intent: letters, digits, spaces, '_', '-' and '.', at most 64.");
            else if (_intents.Any(one => one.Name.Text.Equals(key.Text, StringComparison.OrdinalIgnoreCase)))
                Problems.Report(key, $"There is an intent '{key.Text}' already: capitals make no difference.");
            else if (ReadIntent(key, value) is { } intent) _intents.Add((key, intent));
        }

        if (_examples.Count > MostExamples) Problems.Report(map, $"'intents' have more than {MostExamples} examples.");
    }

    private Intent? ReadIntent(ScalarNode name, DocumentNode node)
    {
        if (node is ListNode)
        {
            var short_ = new Intent(name.Text, [(null, Texts(node, name.Text))]);
            Remember(short_, node, null);
            return short_;
        }

        if (Object(node, name.Text, "examples", "title", "reply", "steps", "flow", "states", "exceptStates") is not { } map) return null;
        var examples = map.Find("examples");
        var reactions = Reactions.Where(member => map.Find(member) is not null).ToArray();
        if (reactions.Length > 1)
            Problems.Report(map.FindKey(reactions[1])!, $"'{reactions[0]}' and '{reactions[1]}' both answer the intent. Keep one.");
        var intent = new Intent(name.Text, examples is null ? [] : Examples(examples))
        {
            Title = map.Find("title") is { } title ? _compiler.Template(title, "title") : null,
            Reaction = reactions is [var reaction, ..] ? React(reaction, map, PathOf(name.Text)) : null,
            States = map.Find("states") is { } states ? Texts(states, "states").ToHashSet() : null,
            ExceptStates = map.Find("exceptStates") is { } others ? Texts(others, "exceptStates").ToHashSet() : new HashSet<string>(),
        };
        if (examples is MapNode byLocale)
            foreach (var (locale, texts) in byLocale.Members) Remember(intent, texts, locale.Text);
        else if (examples is not null) Remember(intent, examples, null);
        return intent;
    }

    private void Remember(Intent intent, DocumentNode texts, string? locale)
    {
        foreach (var text in texts is ListNode list ? list.Items : [texts])
            if (text is ScalarNode { IsNull: false } example) _examples.Add((example, locale, intent));
    }

    private IReadOnlyList<(string?, IReadOnlyList<string>)> Examples(DocumentNode node) => node is MapNode map && Locales.AreNames(map)
        ? [.. map.Members.Select(one => ((string?)one.Key.Text, Texts(one.Value, one.Key.Text)))]
        : [(null, Texts(node, "examples"))];

    private List<string> Texts(DocumentNode node, string member)
    {
        var items = node is ListNode list ? list.Items : [node];
        var texts = new List<string>();
        foreach (var item in items)
        {
            if (item is not ScalarNode { IsNull: false } text || string.IsNullOrWhiteSpace(text.Text))
                Problems.Report(item, $"'{member}' is a list of texts; this is {(item is ScalarNode ? "empty" : item.Kind)}.");
            else if (text.Text.Length > Features.LongestText)
                Problems.Report(item, $"A text of '{member}' has at most {Features.LongestText} characters.");
            else texts.Add(text.Text);
        }

        if (items.Count == 0) Problems.Report(node, $"'{member}' has no text.");
        return texts;
    }

    private Step? React(string member, MapNode map, string path)
    {
        var node = map.Find(member)!;
        return member switch
        {
            "reply" => Reply(node, member, path),
            "flow" => _compiler.Steps(One("call", map.FindKey(member)!, node), path, node),
            _ when node is ListNode steps => _compiler.Steps(steps, path, map.FindKey(member)!),
            _ => Wrong(node, $"'steps' is a list of steps, not {node.Kind}. Write '- say: …' below it."),
        };
    }

    /// <summary>Steps, or what a <c>say</c> takes.</summary>
    private Step? Reply(DocumentNode node, string member, string path) => node is ListNode steps
        ? _compiler.Steps(steps, path, node)
        : _compiler.Steps(One("say", _flow.FindKey(member) ?? new ScalarNode(node.Line, node.Column, 0, 0, member, quoted: false), node), path, node);

    private Step? Wrong(DocumentNode at, string message)
    {
        Problems.Report(at, message);
        return null;
    }

    /// <summary>A list of one step.</summary>
    private static ListNode One(string kind, ScalarNode at, DocumentNode value)
    {
        var step = new MapNode(at.Line, at.Column);
        step.TryAdd(new ScalarNode(at.Line, at.Column, 0, 0, kind, quoted: false), value);
        var list = new ListNode(at.Line, at.Column);
        list.Add(step);
        return list;
    }

    private DidYouMean? ReadDidYouMean(DocumentNode node, double threshold)
    {
        var map = node is MapNode members && !StepSource.IsText(members, "text", "from") ? Object(members, "didYouMean", "text", "from") : null;
        if (node is MapNode && map is null && !StepSource.IsText((MapNode)node, "text", "from")) return null;
        var text = map is null ? node : map.Find("text");
        if (text is null)
        {
            Problems.Report(node, "'didYouMean' lacks 'text', such as text: Did you mean one of these?");
            return null;
        }

        var from = map is null ? null : Share(map, "from");
        if (from >= threshold) Problems.Report(map!.Find("from")!, $"'from' is less than the threshold, {threshold.ToString(CultureInfo.InvariantCulture)}.");
        if (_compiler.Template(text, "didYouMean") is not { } template) return null;
        var asking = new DidYouMean(template, from ?? Math.Min(Listener.UsualOffer, threshold / 2)) { Path = "nlu/didYouMean", Line = text.Line };
        _compiler.Register(asking);
        return asking;
    }

    private NluService? ReadService(MapNode nlu)
    {
        string? Text(string member) => nlu.Find(member) is { } node ? _compiler.PlainText(node, member) : null;
        if (nlu.FindKey("provider") is not { } key)
        {
            if ((nlu.FindKey("url") ?? nlu.FindKey("model") ?? nlu.FindKey("connection") ?? nlu.FindKey("timeout")) is { } lost)
                Problems.Report(lost, $"'{lost.Text}' means nothing without a 'provider'.");
            return null;
        }

        var provider = Text("provider");
        if (provider is not (NluService.Rasa or NluService.OpenAI)) Problems.Report(nlu.Find("provider")!, "'provider' is rasa or openai; without one the Flow understands by its examples.");
        if (Text("url") is { } written && UrlSecrets.Fault(written) is { } secret && Problems.ReportNew(nlu.Find("url")!, $"'url' {secret}")) return null;
        if (!NluService.IsUrl(Text("url"), out var url))
            Problems.Report((DocumentNode?)nlu.Find("url") ?? key, "'url' is where the service is, such as url: https://rasa.example.com, without a user.");
        var model = Text("model");
        if (provider == NluService.OpenAI && model is null) Problems.Report(key, "'openai' needs a 'model', such as model: gpt-4o-mini.");
        if (provider == NluService.Rasa && model is not null) Problems.Report(nlu.FindKey("model")!, "'model' belongs to the provider openai.");
        var timeout = UsualTimeout;
        if (nlu.Find("timeout") is { } seconds && !(double.TryParse((seconds as ScalarNode)?.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out timeout)
            && timeout is > 0 and <= MostTimeout))
            Problems.Report(seconds, $"'timeout' is a number of seconds, above 0 and up to {MostTimeout}.");
        var connection = nlu.Find("connection") is { } named ? _compiler.Connected(named) : null;
        return Problems.Any ? null : new NluService(provider!, url!, model, TimeSpan.FromSeconds(timeout), key.Line) { Connection = connection };
    }

    private void ReadSlots(DocumentNode node)
    {
        if (node is not MapNode map)
        {
            Problems.Report(node, "'slots' is an object of names and values, such as slots: { size: [ small, large ] }.");
            return;
        }

        foreach (var (key, value) in map.Members)
        {
            if (!SlotPattern.IsMatch(key.Text)) Problems.Report(key, $"'{key.Text}' cannot name a slot: letters, digits and '_', at most 64.");
            else if (SlotFinder.SystemNames.Contains(key.Text)) Problems.Report(key, $"Each Flow has a slot '{key.Text}'. Choose another name.");
            else if (ReadSlot(key.Text, value) is { } slot) _slots.Add(slot);
        }
    }

    private Slot? ReadSlot(string name, DocumentNode node)
    {
        if (node is ListNode) return OfValues(name, [.. Texts(node, name).Select(text => (text, text))]);
        if (Object(node, name, "values", "pattern") is not { } map) return null;
        if (map.Find("pattern") is { } pattern) return OfPattern(name, pattern);
        if (map.Find("values") is ListNode list) return OfValues(name, [.. Texts(list, name).Select(text => (text, text))]);
        if (map.Find("values") is not MapNode { Size: > 1 } values)
        {
            Problems.Report(node, $"'{name}' needs 'values', such as values: {{ large: [ big, L ] }}, or a 'pattern'.");
            return null;
        }

        return OfValues(name, [.. values.Members.SelectMany(value => (value.Value is ScalarNode { IsNull: true } ? [] : Texts(value.Value, value.Key.Text))
            .Prepend(value.Key.Text).Select(said => (said, value.Key.Text)))]);
    }

    private static Slot? OfValues(string name, IReadOnlyList<(string, string)> values) => values.Count == 0 ? null : new Slot(name, values);

    private Slot? OfPattern(string name, DocumentNode node)
    {
        if (node is not ScalarNode { IsNull: false } text)
        {
            Problems.Report(node, $"'pattern' is a regular expression in quotes, not {node.Kind}.");
            return null;
        }

        try
        {
            return new Slot(name, RegexAnswer.ToRegex(text.Text));
        }
        catch (ArgumentException fault)
        {
            Problems.Report(node, $"'pattern' is not a regular expression: {fault.Message}");
            return null;
        }
    }

    private MapNode? Object(DocumentNode node, string owner, params string[] known)
    {
        if (node is not MapNode map)
        {
            Problems.Report(node, $"'{owner}' is an object with {string.Join(", ", known)}; not {node.Kind}.");
            return null;
        }

        foreach (var (key, _) in map.Members.Where(member => !known.Contains(member.Key.Text)))
            Problems.Report(key, $"'{owner}' has no member '{key.Text}'.{Problems.DidYouMean(key.Text, known)} It has {string.Join(", ", known)}.");
        return map;
    }

    private double? Share(MapNode map, string member)
    {
        if (map.Find(member) is not { } node) return null;
        if (node is ScalarNode text && double.TryParse(text.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share) && share is > 0 and <= 1)
            return share;
        Problems.Report(node, $"'{member}' is a number above 0 and up to 1, such as 0.5.");
        return null;
    }

    [GeneratedRegex(@"^[\p{L}\p{Nd}]([\p{L}\p{Nd} _.-]{0,62}[\p{L}\p{Nd}_.-])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex IntentPattern { get; }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,63}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex SlotPattern { get; }
}
