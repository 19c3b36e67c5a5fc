using System.Text.RegularExpressions;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Flows.Steps;
using EightByEight.Connector.Understanding;

namespace EightByEight.Connector.Flows;

/// <summary>Turns a document into a Flow, or into the list of all that is wrong with it.</summary>
internal sealed partial class FlowCompiler
{
    private const string DefaultErrorText = "Sorry, something went wrong. Please try again.";

    /// <summary>How each step is made, by the member that names it.</summary>
    private static readonly OrderedDictionary<string, Func<StepSource, Step>> StepKinds = new()
    {
        ["say"] = Say.Parse,
        ["question"] = Question.Parse,
        ["optionalQuestion"] = OptionalQuestion.Parse,
        ["if"] = If.Parse,
        ["switch"] = Switch.Parse,
        ["forEach"] = ForEach.Parse,
        ["while"] = While.Parse,
        ["once"] = Once.Parse,
        ["interval"] = Interval.Parse,
        ["set"] = Set.Parse,
        ["setState"] = SetState.Parse,
        ["setLocale"] = SetLocale.Parse,
        ["setTranslation"] = SetTranslation.Parse,
        ["translate"] = Translate.Parse,
        ["resetContext"] = ResetContext.Parse,
        ["setSessionExpiration"] = SetSessionExpiration.Parse,
        ["goTo"] = GoTo.Parse,
        ["call"] = Call.Parse,
        ["return"] = Return.Parse,
        ["think"] = Think.Parse,
        ["waitForInput"] = WaitForInput.Parse,
        ["delay"] = Delay.Parse,
        ["http"] = Http.Parse,
        ["code"] = Code.Parse,
        ["agent"] = Agent.Parse,
        ["ask"] = AskModel.Parse,
        ["queueStatus"] = QueueStatus.Parse,
        ["schedule"] = Schedule.Parse,
        ["handover"] = HandOver.Parse,
        ["endConversation"] = EndConversation.Parse,
        ["dataProtection"] = DataProtection.Parse,
        ["closeHandover"] = CloseHandover.Parse,
        ["scheduleHandback"] = ScheduleHandback.Parse,
        ["transcript"] = Transcript.Parse,
        ["track"] = Track.Parse,
        ["log"] = Log.Parse,
        ["stop"] = Stop.Parse,
    };

    /// <summary>What names a step.</summary>
    public static IEnumerable<string> Kinds => StepKinds.Keys;

    private readonly string _source;
    private readonly Dictionary<string, Step> _targets = [];
    private readonly List<(ScalarNode Id, Step Step)> _ids = [];
    private readonly List<(ScalarNode At, string From, Action<Step> Resolve)> _jumps = [];
    private readonly List<(string Prefix, string Why)> _closed = [];
    private readonly Dictionary<string, string> _written = [];
    private readonly List<Step> _all = [];
    private readonly HashSet<string> _calls = [];
    private readonly HashSet<string> _connections = [];
    private readonly List<ScalarNode> _intents = [];
    private readonly List<(int Line, int Column, string Path, string Kind, string Text)> _made = [];
    private readonly List<(ScalarNode At, string Source, IEnumerable<string> Names, IReadOnlyList<string> InputMembers)> _scripts = [];

    private FlowCompiler(string source, bool isStored = false) => (_source, Problems) = (source, new(isStored));

    private ListenerSource? _listener;
    private DocumentNode? _document;

    public Problems Problems { get; }

    /// <summary>The slots that may be found in what customers say.</summary>
    public IEnumerable<string> SlotNames => _listener!.SlotNames;

    public static Flow Compile(string source, bool isStored = false)
    {
        var compiler = new FlowCompiler(source, isStored);
        var document = DocumentReader.Read(source, compiler.Problems);
        return compiler.Compile(document);
    }

    /// <summary>A Flow with the map of its steps, and what is right as a Flow and yet no author means.</summary>
    /// <exception cref="FlowFormatException">It is not a Flow.</exception>
    public static (Flow Flow, FlowMap Map, IReadOnlyList<FlowProblem> Doubts) Look(string source)
    {
        var compiler = new FlowCompiler(source);
        var flow = compiler.Compile(DocumentReader.Read(source, compiler.Problems));
        var map = compiler.Map();
        foreach (var stop in map.Unreached())
            compiler.Problems.Report(stop.Line, stop.Column, $"No way leads to this '{stop.Kind}'. Take it out, or lead to it with goTo.");
        compiler.DoubtNames();
        compiler._listener!.Doubt(Texts(compiler._document!));
        compiler._listener.Doubt(compiler._intents, compiler._document!);
        return (flow, map, compiler.Problems.Any ? compiler.Problems.ToException().Problems : []);
    }

    /// <summary>All texts of a document but the examples and names of its intents.</summary>
    private static HashSet<string> Texts(DocumentNode node)
    {
        var texts = new HashSet<string>();
        void Gather(DocumentNode one, bool isRoot)
        {
            if (one is ScalarNode scalar) texts.Add(scalar.Text);
            else if (one is ListNode list) foreach (var item in list.Items) Gather(item, false);
            else if (one is MapNode map)
                foreach (var (key, value) in map.Members)
                {
                    if (!isRoot) texts.Add(key.Text);
                    if (isRoot && key.Text == "intents" && value is MapNode intents)
                        foreach (var reaction in intents.Members.Select(intent => intent.Value).OfType<MapNode>().SelectMany(intent => intent.Members))
                        {
                            if (reaction.Key.Text is "reply" or "steps") Gather(reaction.Value, false);
                        }
                    else if (!isRoot || key.Text != "name") Gather(value, false);
                }
        }

        Gather(node, true);
        return texts;
    }

    private FlowMap Map()
    {
        var stops = _made.Select(made => new FlowMap.Stop(made.Path, made.Line, made.Column, made.Kind, made.Text)).ToList();
        var jumps = _jumps.Where(jump => _targets.ContainsKey(jump.At.Text)).Select(jump => (jump.From, _targets[jump.At.Text].Path));
        return new FlowMap(stops, jumps, _listener!.Entries, _written);
    }

    /// <summary>Names that no expression finds when it runs.</summary>
    private void DoubtNames()
    {
        foreach (var (at, source, names, members) in _scripts)
        {
            foreach (var name in names)
            {
                if (Sandbox.Knows(name)) continue;
                var (line, column) = Place(at, source, Math.Max(0, source.IndexOf(name, StringComparison.Ordinal)));
                Problems.Report(line, column, $"There is no '{name}' in an expression: there are input, context, profile and what JavaScript has."
                    + Problems.DidYouMean(name, Memory.RootNames));
            }

            foreach (var member in members.Except(Memory.InputMembers))
            {
                var found = Regex.Match(source, $@"\binput\s*\??\.\s*({Regex.Escape(member)})\b").Groups[1];
                var (line, column) = Place(at, source, found.Success ? found.Index : 0);
                Problems.Report(line, column, $"'input' has no member '{member}'.{Problems.DidYouMean(member, Memory.InputMembers)}");
            }
        }
    }

    private Flow Compile(DocumentNode? document)
    {
        if (document is not MapNode flow)
            throw Problems.Fatal(document?.Line ?? 1, document?.Column ?? 1,
                "A Flow is an object with 'name' and 'start', a list of steps.");

        var name = flow.Find("name") is { } nameNode ? Name(nameNode) : Missing(flow, "name", "such as: name: order-status");
        var error = flow.Find("error") is { } errorNode ? Template(errorNode, "error") : null;
        if (error is { IsConstant: false }) Problems.Report(flow.Find("error")!, "'error' takes no {{ }}: write the text out.");
        if (flow.Find("start") is null) Missing(flow, "start", "the list of steps that each input runs");

        _document = document;
        _listener = new ListenerSource(this, flow);
        Step? start = null;
        foreach (var (key, value) in flow.Members.Where(member => member.Key.Text is not ("name" or "error") && !ListenerSource.Members.Contains(member.Key.Text)))
        {
            if (value is not ListNode steps)
            {
                Problems.Report(key, $"'{key.Text}' is not a list of steps." + (key.Text == "start"
                    ? " Write '- say: …' below it."
                    : Problems.DidYouMean(key.Text, ["name", "start", "error", .. ListenerSource.Members])
                      + " A Flow has 'name', 'start', 'error' and sections, which are lists of steps."));
                continue;
            }

            if (!IdPattern.IsMatch(key.Text)) Problems.Report(key, $"'{key.Text}' cannot name a section. {IdRule}");
            var first = Steps(steps, key.Text, key);
            if (first is null) continue;
            if (key.Text == "start") start = first;
            AddTarget(key, first);
        }

        var listener = _listener.Read();
        foreach (var (id, step) in _ids) AddTarget(id, step);
        foreach (var (at, from, resolve) in _jumps)
        {
            if (_targets.TryGetValue(at.Text, out var target))
            {
                resolve(target);
                if (ClosedAround(target.Path) is { Why: { } why } closed && closed != ClosedAround(from))
                    Problems.ReportNew(at, $"'{at.Text}' lies in {why}. Lead to a step outside of it.");
            }
            else Problems.Report(at, $"There is no section and no step with the id '{at.Text}'."
                + Problems.DidYouMean(at.Text, _targets.Keys));
        }

        if (Problems.Any) throw Problems.ToException();
        if (_scripts.Any(script => script.Names.Contains(LanguageFunction.Name))) SpokenLanguage.Prepare();
        return new Flow(name!, error ?? new Template([(DefaultErrorText, (Expression?)null)]), start!, _all, _calls, ListenerSource.Members.Any(member => flow.Find(member) is not null) ? listener : null)
        {
            NamesSlots = flow.Find("slots") is not null || _source.Contains("slot", StringComparison.Ordinal),
            Connections = _connections,
            NamesUrlToken = _source.Contains("URLToken", StringComparison.Ordinal),
        };
    }

    /// <summary>Knows as what a branch is written, where its path calls it otherwise.</summary>
    public void Name(string path, string written) => _written[path] = written;

    /// <summary>Compiles a list of steps and returns the first; null when there is none.</summary>
    public Step? Steps(ListNode list, string path, DocumentNode at)
    {
        if (list.Items.Count == 0) Problems.Report(at, $"'{_written.GetValueOrDefault(path, path)}' has no step. Write at least one, such as '- stop'.");
        Step? first = null, last = null;
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (ParseStep(list.Items[i], $"{path}/{i}") is not { } step) continue;
            first ??= step;
            if (last is not null) last.Following = step;
            last = step;
            Register(step);
        }

        return first;
    }

    private Step? ParseStep(DocumentNode node, string path)
    {
        void Made(ScalarNode kind, DocumentNode? value = null) => _made.Add((kind.Line, kind.Column, path, kind.Text,
            ((value as MapNode)?.Find("text") ?? (value as MapNode)?.Find("message") ?? (value as MapNode)?.Find("url") ?? value) is ScalarNode { IsNull: false } text ? text.Text : ""));
        // `- stop` is short for `- stop:`.
        if (node is ScalarNode
            {
                Text: "stop" or "waitForInput" or "endConversation" or "return" or "resetContext" or "closeHandover" or "transcript"
            or "scheduleHandback"
            } word)
        {
            Made(word);
            return StepKinds[word.Text](new StepSource(this, path, word, new MapNode(word.Line, word.Column), word));
        }

        if (node is not MapNode map)
        {
            Problems.Report(node, $"A step is expected here, such as 'say: Hello', not {node.Kind}.");
            return null;
        }

        var kinds = map.Members.Select(member => member.Key).Where(key => StepKinds.ContainsKey(key.Text)).ToList();
        if (kinds.Count != 1)
        {
            if (kinds.Count > 1)
                Problems.Report(kinds[1], $"'{kinds[0].Text}' and '{kinds[1].Text}' are two steps."
                    + " Begin the second with its own '-'.");
            else if (map.Members.FirstOrDefault(member => member.Key.Text != "id").Key is { } unknown)
                Problems.Report(unknown, $"'{unknown.Text}' is not a step.{Problems.DidYouMean(unknown.Text, StepKinds.Keys)}"
                    + $" Steps are {string.Join(", ", StepKinds.Keys)}.");
            else Problems.Report(node, $"A step is missing here: one of {string.Join(", ", StepKinds.Keys)}.");
            return null;
        }

        Made(kinds[0], map.Find(kinds[0].Text));
        var step = StepKinds[kinds[0].Text](new StepSource(this, path, kinds[0], map, map.Find(kinds[0].Text)!));
        if (map.Find("id") is { } id)
        {
            if (id is ScalarNode named && IdPattern.IsMatch(named.Text))
            {
                step.Id = named.Text;
                _ids.Add((named, step));
            }
            else Problems.Report(id, $"This cannot be an id. {IdRule}");
        }

        return step;
    }

    private void AddTarget(ScalarNode name, Step step)
    {
        if (!_targets.TryAdd(name.Text, step))
            Problems.Report(name, $"'{name.Text}' names another step or section already. Choose another id.");
    }

    /// <summary>Knows a step, also one that stands in no document, by its path and number.</summary>
    public void Register(Step step)
    {
        step.Number = _all.Count;
        _all.Add(step);
    }

    /// <summary>How many steps are known by now.</summary>
    public int Count => _all.Count;

    /// <summary>The steps of these numbers.</summary>
    public IReadOnlyList<Step> Between(Range numbers) => _all[numbers];

    /// <summary>A Flow is called by that name.</summary>
    public string? Called(DocumentNode node)
    {
        if (PlainText(node, "call") is not { } name) return null;
        if (NamePattern.IsMatch(name)) _calls.Add(name);
        else Problems.Report(node, $"'{name}' cannot be the name of a Flow.");
        return name;
    }

    /// <summary>An intent of that name is reckoned with.</summary>
    public void Expects(ScalarNode intent) => _intents.Add(intent);

    /// <summary>A connection of that name is used.</summary>
    public string? Connected(DocumentNode node)
    {
        if (PlainText(node, "connection") is not { } name) return null;
        if (NamePattern.IsMatch(name)) _connections.Add(name);
        else Problems.Report(node, $"'{name}' cannot be the name of a connection.");
        return name;
    }

    /// <summary>Calls back with the step of that name once all are known.</summary>
    /// <param name="target">The name of a section or the id of a step.</param>
    /// <param name="from">The path of the step that leads there.</param>
    /// <param name="resolve">Takes it.</param>
    public void WhenFound(ScalarNode target, string from, Action<Step> resolve) => _jumps.Add((target, from, resolve));

    private string? Name(DocumentNode node)
    {
        if (node is ScalarNode name && NamePattern.IsMatch(name.Text)) return name.Text;
        Problems.Report(node, "A name is 1 to 64 lower-case letters, digits and '-', beginning with a letter or digit,"
            + " such as order-status.");
        return null;
    }

    private string? Missing(MapNode flow, string name, string example)
    {
        Problems.Report(flow, $"'{name}' is missing: {example}.");
        return null;
    }

    /// <summary>Closes a block: nothing outside of it can lead into it.</summary>
    /// <param name="prefix">Of the paths in it.</param>
    /// <param name="why">Which one it is, and when it runs.</param>
    public void Close(string prefix, string why) => _closed.Add((prefix, why));

    /// <summary>The innermost closed block around a path.</summary>
    private (string Prefix, string Why) ClosedAround(string path) =>
        _closed.Where(closed => path.StartsWith(closed.Prefix, StringComparison.Ordinal)).OrderByDescending(closed => closed.Prefix.Length).FirstOrDefault();

    /// <summary>
    /// Closes a block that runs while a handover goes on: it cannot wait, or lead elsewhere; nor can anything lead into it, and to stop in it is to
    /// come to its end.
    /// </summary>
    public void Enclose(string prefix, string block, Step end)
    {
        Close(prefix, $"'{block}', which runs only while its handover goes on");
        foreach (var stop in _all.OfType<Stop>().Where(stop => stop.Path.StartsWith(prefix, StringComparison.Ordinal))) stop.End = end;
        foreach (var (line, column, path, kind, _) in _made)
            if (kind is "question" or "waitForInput" or "goTo" or "handover" or "delay" or "call" or "think" or "return" or "agent" or "ask" or "http" && path.StartsWith(prefix, StringComparison.Ordinal))
                Problems.Report(line, column, $"'{kind}' cannot stand in '{block}': the handover goes on meanwhile."
                    + " Say something, set something, or end the conversation.");
    }

    /// <summary>A text without <c>{{ }}</c>.</summary>
    public string? PlainText(DocumentNode node, string member)
    {
        if (node is ScalarNode { IsNull: false } text)
        {
            if (!text.Text.Contains("{{", StringComparison.Ordinal)) return text.Text;
            Problems.Report(node, $"'{member}' takes no {{{{ }}}}: write the text out.");
            return null;
        }

        Problems.Report(node, $"'{member}' is a text, not {node.Kind}.");
        return null;
    }

    /// <summary>A text that may hold <c>{{ }}</c>.</summary>
    public Template? Template(DocumentNode node, string member)
    {
        if (node is ScalarNode { IsNull: false } text) return Template(text);
        if (node is MapNode { Members: var texts } map && texts.Any() && Locales.AreNames(map))
            return texts.Select(one => OneText(one.Value, one.Key.Text)).ToList() is var made && made.Any(one => one is null)
                ? null : new Template([.. texts.Zip(made, (one, template) => (one.Key.Text, template!))]);
        if (node is MapNode mixed && IsMixed(mixed, member)) return null;
        Problems.Report(node, node is MapNode { Members: var members } && !members.Any()
            ? $"'{member}' is a text. One that begins with {{{{ needs quotes: \"{{{{ … }}}}\"."
            : $"'{member}' is a text, not {node.Kind}.");
        return null;
    }

    /// <summary>Tells of a member that is no locale in a text for each of several.</summary>
    /// <param name="known">Names that mean something else there.</param>
    public bool IsMixed(MapNode map, string owner, params string[] known)
    {
        if (Locales.Mixed(map, known) is not var (stray, name)) return false;
        map.IsFaulty = true;
        Problems.Report(stray, $"'{stray.Text}' is no language tag, such as de or de-AT, and '{name.Text}' beside it is: '{owner}' is one text, or one for each language.");
        return true;
    }

    private Template? OneText(DocumentNode node, string locale)
    {
        if (node is ScalarNode { IsNull: false } text) return Template(text);
        Problems.Report(node, $"'{locale}' is a text, not {node.Kind}.");
        return null;
    }

    private Template? Template(ScalarNode node)
    {
        const int maxEnds = 16;
        var text = node.Text;
        var parts = new List<(string, Expression?)>();
        var at = 0;
        while (text.IndexOf("{{", at, StringComparison.Ordinal) is var open and >= 0)
        {
            if (open > at) parts.Add((text[at..open], null));
            // An expression may hold }} itself, as in {{ {a: {b: 1}} }}: the first end at which it is one counts.
            var end = text.IndexOf("}}", open + 2, StringComparison.Ordinal);
            if (end < 0)
            {
                Problems.Report(node, "A {{ has no }}. To say {{ itself, write {{ '{{' }}.");
                return null;
            }

            var firstEnd = end;
            Expression? expression = null;
            for (var tries = 0; expression is null && end >= 0 && tries < maxEnds; tries++)
            {
                expression = TryExpression(text[(open + 2)..end]);
                if (expression is null) end = text.IndexOf("}}", end + 1, StringComparison.Ordinal);
            }

            if (expression is not null) _scripts.Add((node, expression.Source, expression.Script.ReferencedGlobals!, expression.Traits.InputMembers));
            expression ??= Expression(node, text[(open + 2)..(end = firstEnd)]);
            if (expression is not null) parts.Add(("", expression));
            at = end + 2;
        }

        if (at < text.Length) parts.Add((text[at..], null));
        return new Template(parts);
    }

    private static Expression? TryExpression(string source)
    {
        if (source.Length > Scripting.Expression.MaxCharacters) return null;
        try
        {
            return Scripting.Expression.Parse(source);
        }
        catch (ExpressionFormatException)
        {
            return null;
        }
    }

    /// <summary>A condition: a JavaScript expression without braces.</summary>
    public Expression? Condition(DocumentNode node, string member)
    {
        if (node is not ScalarNode { IsNull: false } text)
        {
            Problems.Report(node, $"'{member}' is a JavaScript expression such as context.order === '1', not {node.Kind}.");
            return null;
        }

        if (text.Text.TrimStart().StartsWith("{{", StringComparison.Ordinal))
        {
            Problems.Report(node, $"'{member}' takes the expression without {{{{ }}}}: they are for texts.");
            return null;
        }

        return Expression(text, text.Text);
    }

    private Expression? Expression(ScalarNode node, string source)
    {
        if (source.Length > Scripting.Expression.MaxCharacters)
        {
            Problems.Report(node, $"An expression has at most {Scripting.Expression.MaxCharacters} characters.");
            return null;
        }

        try
        {
            var expression = Scripting.Expression.Parse(source);
            _scripts.Add((node, expression.Source, expression.Script.ReferencedGlobals!, expression.Traits.InputMembers));
            return expression;
        }
        catch (ExpressionFormatException fault)
        {
            var (line, column) = Place(node, source, fault.Index);
            Problems.Report(line, column, string.IsNullOrWhiteSpace(source)
                ? "An expression is missing between {{ and }}."
                : $"'{Shorten(source.Trim())}' is not a JavaScript expression: {fault.Message}.");
            return null;
        }
    }

    /// <summary>JavaScript statements.</summary>
    public CodeBlock? Statements(DocumentNode node, string member)
    {
        if (node is not ScalarNode { IsNull: false, Text: var source } text)
        {
            Problems.Report(node, $"'{member}' is JavaScript, not {node.Kind}. Write it below '{member}: |'.");
            return null;
        }

        if (source.Length > CodeBlock.MaxCharacters)
        {
            Problems.Report(node, $"Code has at most {CodeBlock.MaxCharacters} characters.");
            return null;
        }

        try
        {
            var code = CodeBlock.Parse(source);
            _scripts.Add((text, source, code.Script.ReferencedGlobals!.Where(name => name != "console"), code.Traits.InputMembers));
            return code;
        }
        catch (ExpressionFormatException fault)
        {
            var (line, column) = Place(text, source, fault.Index);
            Problems.Report(line, column, $"This is not JavaScript: {fault.Message}.");
            return null;
        }
    }

    /// <summary>
    /// Where the character of a part of a text stands in the document: exact unless YAML changed it by escapes or
    /// folding.
    /// </summary>
    private (int Line, int Column) Place(ScalarNode node, string part, int index)
    {
        var (start, end) = node.Span;
        end = Math.Min(end, _source.Length);
        if (start < end && _source[start] == '|' && part == node.Text) return PlaceInBlock(node, part.AsSpan(0, Math.Clamp(index, 0, part.Length)));
        var at = start < end ? _source.IndexOf(part, start, end - start, StringComparison.Ordinal) : -1;
        if (at < 0) return (node.Line, node.Column);
        var before = _source.AsSpan(start, Math.Min(at + Math.Clamp(index, 0, part.Length), end) - start);
        var lines = before.Count('\n');
        return lines == 0
            ? (node.Line, node.Column + before.Length)
            : (node.Line + lines, before.Length - before.LastIndexOf('\n'));
    }

    /// <summary>Behind so much of a text that stands, indented, on the lines below its <c>|</c>.</summary>
    private (int Line, int Column) PlaceInBlock(ScalarNode node, ReadOnlySpan<char> before)
    {
        var line = node.Line + 1 + before.Count('\n');
        var written = _source.Split('\n').ElementAtOrDefault(line - 1) ?? "";
        var said = node.Text.Split('\n').ElementAtOrDefault(line - node.Line - 1) ?? "";
        return (line, Math.Max(0, written.TrimEnd('\r').Length - said.Length) + before.Length - before.LastIndexOf('\n'));
    }

    private static string Shorten(string text) => text.Length <= 60 ? text : text[..60] + "…";

    private const string IdRule = "Write letters, digits, '_' and '-', at most 64, beginning with a letter.";

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,63}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern { get; }

    [GeneratedRegex("^[A-Za-z][A-Za-z0-9_-]{0,63}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex IdPattern { get; }
}
