using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Questions;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Flows.Steps;
using EightByEight.Connector.Handover;
using EightByEight.Connector.Models;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Translation;
using EightByEight.Connector.Understanding;

namespace EightByEight.Connector.Flows;

/// <summary>One run of a Flow over one input: what it has said, the memory it works on, and its JavaScript engine once it
/// needs one. Used by one thread and thrown away.</summary>
internal sealed class Turn : IDisposable
{
    private const int MaxWarnings = 20;
    private const int MaxLines = 50;
    private const int MaxOutputCharacters = 1_000_000;

    private readonly Flow _flow;
    private readonly FlowInput _input;
    private readonly CancellationToken _cancellation;
    private readonly List<Output> _outputs = [];
    private readonly JsonObject _context;
    private Dictionary<string, long>? _counts;
    private List<FlowFailure>? _warnings;
    private List<FlowLine>? _log;
    private FlowUse _used;
    private FlowPause? _pause;
    private Understood? _earlier;
    private Chance? _chance;
    private string? _locale;
    private Dictionary<string, JsonObject>? _agents;

    public Turn(Flow flow, FlowInput input, CancellationToken cancellation)
    {
        (_flow, _input, _cancellation) = (flow, input, cancellation);
        Memory = new Memory(input);
        _context = Memory.Context;
        Frame = new Frame(flow, _context);
        State = input.Marks.State;
        Translation = input.Marks.Translation;
        _locale = input.Marks.Locale;
        ExpirationMinutes = input.Marks.ExpirationMinutes;
        Pending = input.Marks.Pending;
        _used = input.Rest?.Used ?? FlowUse.None;
    }

    public Memory Memory { get; }

    public FlowLimits Limits => _input.Limits;

    /// <summary>The Flow that runs now.</summary>
    public Frame Frame { get; private set; }

    /// <summary>What the customer said; empty when the input is data only.</summary>
    public string Text => Memory[Root.Input].TryGetPropertyValue("text", out var text) && text is JsonValue value
        && value.TryGetValue<string>(out var said) ? said : "";

    /// <summary>What came with it beside the text, and beside the event itself; null: nothing did.</summary>
    public JsonObject? Data => Memory[Root.Input]["data"] as JsonObject;

    /// <summary>The locale in which the bot speaks now; null: none is set.</summary>
    public string? Locale => Memory[Root.Input]["localeId"] is JsonValue value && value.TryGetValue<string>(out var locale) ? locale : _locale ?? _input.Locale;

    /// <summary>The Endpoint's locale; null: none is set.</summary>
    public string? EndpointLocale => _input.Locale;

    /// <summary>The clock of the turn: when its event was received.</summary>
    public DateTimeOffset Now => _input.At;

    /// <summary>How many inputs the session has had, this one counted.</summary>
    public int Execution => Memory[Root.Input]["execution"] is JsonValue value && value.TryGetValue<int>(out var number) ? number : 0;

    public Chance Chance => _chance ??= new Chance(_input.Id, Part);

    public FlowPosition? Position { get; set; }

    /// <summary>The optional question whose <c>then</c> runs; null: none's.</summary>
    public FlowAside? Aside { get; set; }

    /// <summary>Whether the input comes to the Flow only now; else earlier parts of its turn have run and are committed.</summary>
    public bool IsFirstPart => _input.Rest is null;

    /// <summary>Whether a customer can be taken back from a queue.</summary>
    public bool CanReturn => _input.CanReturn;

    /// <summary>Whether the rest of the turn comes later.</summary>
    public bool IsPaused => _pause is not null;

    /// <summary>The status of a handover that this input tells of; null when it tells of none.</summary>
    public string? HandoverStatus => (HandoverOf(_input.Input)?["status"] as JsonValue)?.GetValue<string>();

    /// <summary>Beside the status, what happened, such as <c>handoverInactivity</c>.</summary>
    public string? HandoverEvent => (HandoverOf(_input.Input)?["eventType"] as JsonValue)?.GetValue<string>();

    public HandoverRequest? Handover { get; set; }

    public bool EndsConversation { get; set; }

    /// <summary>Whether the handover that waits is called off.</summary>
    public bool ClosesHandover { get; set; }

    /// <summary>What was said so far.</summary>
    public IReadOnlyList<Output> Outputs => _outputs;

    /// <summary>Whether nobody may look at what comes from now on; null: as it was.</summary>
    public bool? Blind { get; set; }

    /// <summary>Whether nobody may look at this input, whatever comes.</summary>
    public bool IsBlind { get; set; }

    /// <summary>What the transcript keeps to itself of this turn, as far as it is known by now; null: nothing.</summary>
    public Hidden? Hides => IsBlind ? Hidden.All : _input.Hides;

    /// <summary>The state that <c>setState</c> set; null: none.</summary>
    public string? State { get; set; }

    /// <summary>What is changed of the Endpoint's translation; null: nothing.</summary>
    public TranslationChange? Translation { get; set; }

    /// <summary>The bot speaks in a locale from now on; null: in the Endpoint's.</summary>
    public void SetLocale(string? locale)
    {
        _locale = locale;
        Memory.SetInput("localeId", locale ?? EndpointLocale);
        Memory.SetInput("language", Locales.LanguageOf(locale ?? EndpointLocale));
    }

    /// <summary>Minutes that the session was given; null: as the Endpoint's settings say.</summary>
    public double? ExpirationMinutes { get; set; }

    /// <summary>The question that the next inputs may answer by the way; null: none.</summary>
    public PendingQuestion? Pending { get; set; }

    /// <summary>What was understood of the input; null: there is nothing to understand, or nobody tries to.</summary>
    public Heard? Heard { get; private set; }

    /// <summary>What a language model found in the input for the question that takes it; null: nothing.</summary>
    public JsonNode? Entity { get; set; }

    /// <summary>A language model answered what the input holds; what is no answer is told to the operator.</summary>
    public void Find(Step step, FlowAnswer answer)
    {
        if ((answer.Error ?? (answer as ModelAnswer)?.Problem) is { } error) Warn(step.Path, step.Line, error);
        Entity = answer.Error is null ? EntityAnswer.In(answer.Value) : null;
    }

    /// <summary>What the Endpoint chose to understand by; null: as the Flow says.</summary>
    public NluSettings? Nlu => _input.Nlu;

    /// <summary>Whether someone looks at what slots hold.</summary>
    public bool NamesSlots => _flow.NamesSlots;

    /// <summary>What is said for analytics.</summary>
    public Tracked Tracked { get; set; } = Tracked.Nothing;

    /// <summary>Made by the first expression that needs JavaScript; never shared with another turn.</summary>
    public Sandbox Sandbox => SandboxOrNull ??= new Sandbox(this, _cancellation);

    public Sandbox? SandboxOrNull { get; private set; }

    /// <summary>A goal is reached, which counts once in a turn.</summary>
    public void Reach(string goal)
    {
        var reached = Memory[Root.Input]["completedGoals"] is JsonArray before ? before.Select(one => (string)one!).ToList() : [];
        if (reached.Contains(goal)) return;
        if (reached.Count == Track.MaxGoals) throw new StepException($"More than {Track.MaxGoals} goals in one turn.");
        Memory.SetInput("completedGoals", new JsonArray([.. reached.Append(goal).Select(one => (JsonNode)one)]));
        Tracked = Tracked with { Goals = [.. Tracked.Goals, goal] };
    }

    /// <summary>The names of the values of its own that the turn told analytics.</summary>
    private IEnumerable<string> CustomNames => Tracked.Custom.Select(value => value.Key).Union(_used.Custom ?? []);

    /// <summary>Tells analytics values of the Flow's own.</summary>
    public void Tell(JsonObject custom)
    {
        Tracked = Tracked with { Custom = custom };
        if (CustomNames.Count() > Track.MaxCustom) throw new StepException($"More than {Track.MaxCustom} custom values in one turn.");
    }

    /// <summary>
    /// Lets the Flow see what was understood. Source of the members: Cognigy, Input object.
    /// </summary>
    public void Hear(Heard? heard)
    {
        Heard = heard;
        if (heard is null) return;
        Memory.SetInput("intent", heard.Intent);
        Memory.SetInput("intentScore", heard.Score);
        Memory.SetInput("intentFlow", heard.Intent is null ? null : _flow.OwnerOf(heard.By)?.Name);
        Memory.SetInput("intentOutOfState", heard.OutOfState);
        Memory.SetInput("slots", heard.Slots.DeepClone());
        Memory.SetInput("understood", heard.IsUnderstood);
        Memory.SetInput("nlu", new JsonObject
        {
            ["guesses"] = new JsonArray([.. heard.Guesses.Select(guess => (JsonNode)new JsonObject { ["intent"] = guess.Intent, ["score"] = guess.Score })]),
        });
    }

    /// <summary>The input is taken anew, perhaps with another text: what was understood of it counts no more.</summary>
    public void Unhear()
    {
        _earlier = Understanding();
        Heard = null;
        foreach (var member in new[] { "intent", "intentScore", "intentFlow", "intentOutOfState", "understood", "nlu" }) Memory.SetInput(member, null);
        Memory.SetInput("slots", new JsonObject());
    }

    /// <summary>What understands an input: the Flow in which the session waits, else the one that called it, and so on.</summary>
    public Listener? ListenerAt(FlowPosition? position)
    {
        for (var i = (position?.Calls?.Count ?? 0) - 1; i >= 0; i--)
            if (_flow.Find(position!.Calls![i])?.Listener is { } inner) return inner;
        return _flow.Listener ?? (NamesSlots || Nlu is { Service: not null } ? Listener.OfSlots : null);
    }

    /// <summary>Where an input begins for which nothing waits: with what answers its intent, else at the Flow's start.</summary>
    public Step Entry => (Heard is { By: { } by } && by == _flow.Listener ? by.Reaction(Heard) : null) ?? Frame.Flow.Start;

    /// <summary>Ends the sandbox; the next expression that needs one gets a new one, with its whole time.</summary>
    public void RestSandbox()
    {
        SandboxOrNull?.Dispose();
        SandboxOrNull = null;
    }

    /// <summary>What the session remembers under that name; 0: nothing.</summary>
    public long Count(string name) => (_counts ?? _input.Marks.Counts).TryGetValue(name, out var count) ? count : 0;

    public void Remember(string name, long count) => (_counts ??= new(_input.Marks.Counts))[name] = count;

    /// <summary>Names what a step asks for in this part of the turn: the same when the part is repeated, and else never.</summary>
    public string KeyOf(Step step) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $"{_input.Id}\n{(string?)_input.Input["sessionId"]}\n{Part}\n{Frame.Flow.Name}\n{step.Path}")))[..16]);

    /// <summary>What an agent left to be kept at that step; null: it never spoke, or its conversation is over.</summary>
    public JsonObject? Recall(string step) => (_agents ?? _input.Marks.Agents)?.GetValueOrDefault(AgentAt(Frame.Flow, step));

    /// <summary>Keeps it for the agent's next input; null forgets.</summary>
    public void Keep(string step, JsonObject? memory)
    {
        _agents ??= new(_input.Marks.Agents ?? new Dictionary<string, JsonObject>());
        if (memory is null) _agents.Remove(AgentAt(Frame.Flow, step));
        else _agents[AgentAt(Frame.Flow, step)] = memory;
    }

    /// <summary>Under what name it is kept.</summary>
    public static string AgentAt(Flow flow, string step) => $"{flow.Name}/{step}";

    /// <summary>What ran once may run once again.</summary>
    public void ForgetCounts() => _counts = [];

    /// <summary>Another Flow runs until it returns.</summary>
    /// <exception cref="StepException">What it is given is too large.</exception>
    public void Enter(Flow flow, ICaller call, JsonObject context)
    {
        if (Memory.Size(context) > Limits.ContextBytes)
            throw new StepException($"What '{flow.Name}' is given is larger than {Limits.ContextBytes} bytes. Give it less, such as an id instead of a whole object.");
        Begin(flow, call, context);
    }

    private void Begin(Flow flow, ICaller call, JsonObject context)
    {
        if (Frame.Depth == Limits.Calls)
            throw new StepException($"More than {Limits.Calls} Flows call one another. Look for one that calls itself without end.");
        Frame = new Frame(flow, context, Frame, call);
        Memory.Use(context);
    }

    /// <summary>The Flow that runs returns.</summary>
    /// <returns>The step that called it; null: none did, and it runs on.</returns>
    public ICaller? Leave()
    {
        if (Frame is not { Caller: { } caller, Call: { } call }) return null;
        var result = Frame.Result;
        Frame = caller;
        Memory.Use(caller.Context);
        call.Take(this, result);
        return call;
    }

    /// <summary>The Endpoint's Flow runs alone.</summary>
    public void LeaveAll()
    {
        if (Frame.Caller is null) return;
        while (Frame.Caller is { } caller) Frame = caller;
        Memory.Use(Frame.Context);
    }

    /// <summary>The Flow of that name, as this one can call it; null: there is none.</summary>
    public Flow? Find(string name) => name == _flow.Name ? _flow : _flow.Called.GetValueOrDefault(name);

    /// <summary>A place in the Flow that runs, with all that is needed to go on there.</summary>
    public FlowPosition Place(FlowPosition position)
    {
        List<CalledFlow>? calls = null;
        for (var frame = Frame; frame is { Caller: { } caller, Call: { } call }; frame = caller)
            (calls ??= []).Insert(0, new CalledFlow
            {
                Flow = frame.Flow.Name,
                Version = frame.Flow.Version,
                Step = call.Path,
                Passes = caller.Around(call.Path),
                Progress = position.GoesOn ? caller.ProgressAt(call.Path) : null,
                Context = Memory.Copy(frame.Context),
            });
        return position with
        {
            Passes = Frame.Around(position.Step),
            Progress = position.GoesOn ? Frame.ProgressAt(position.Step) : null,
            Calls = calls,
            // It may have led elsewhere for good.
            Aside = (calls?[0].Step ?? position.Step).StartsWith($"{Aside?.Step}/then/", StringComparison.Ordinal) ? Aside : null,
        };
    }

    /// <summary>The step at a place, with the Flows called on the way to it; null when it is not there any more.</summary>
    public Step? Restore(FlowPosition position)
    {
        Aside = position.Aside;
        foreach (var called in position.Calls ?? [])
        {
            if (Frame.Flow.Find(called.Step) is not ICaller call || _flow.Find(called) is not { } flow || Frame.Depth == Limits.Calls)
            {
                LeaveAll();
                return null;
            }

            Frame.Restore(called.Passes, called.Progress);
            Begin(flow, call, Memory.Copy(called.Context));
        }

        Frame.Restore(position.Passes, position.Progress);
        var step = Frame.Flow.Find(position.Step);
        if (step is null) LeaveAll();
        return step;
    }

    /// <summary>Refuses a list that would be too large to be kept, with those around it, where the turn pauses in its loop.</summary>
    /// <exception cref="StepException">It is.</exception>
    public void Weigh(ForEach loop)
    {
        if (loop.Inside.FirstOrDefault(MayPause) is not { } pausing) return;
        var lists = Frame.ListsAround(pausing.Path);
        for (var frame = Frame; frame is { Caller: { } caller, Call: { } call }; frame = caller) lists = lists.Concat(caller.ListsAround(call.Path));
        if (lists.Sum(list => (long)Memory.Size(list.Value)) > Limits.ContextBytes)
            throw new StepException($"The list of this loop, with those of the loops around it, is larger than {Limits.ContextBytes} bytes: too large to be kept where the turn pauses,"
                + $" at '{pausing.Kind}' (line {pausing.Line}). Go through less, such as ids instead of whole objects, or a part of the list.");
    }

    /// <summary>Whether a turn may pause at a step, or in the Flow that it calls.</summary>
    private bool MayPause(Step step)
    {
        var seen = new HashSet<string>();
        bool May(Step one) => one.Pauses || (one is Call { Flow: { } name } && seen.Add(name) && Find(name) is { } flow && flow.Steps.Any(May));
        return May(step);
    }

    /// <summary>The rest of the turn comes later.</summary>
    public void Pause(Step next, TimeSpan delay, int steps)
    {
        var at = Place(new FlowPosition { Step = next.Path, GoesOn = true });
        _pause = new FlowPause
        {
            At = at,
            Delay = delay,
            Input = Memory.Copy(Memory[Root.Input]),
            Used = _used with { Steps = steps, Custom = CustomNames.Any() ? [.. CustomNames] : null },
        };
    }

    /// <param name="goesOn">Whether it goes on with what was said last, as a piece of it.</param>
    public void Say(Output output, bool goesOn = false)
    {
        _used = _used with { OutputCharacters = _used.OutputCharacters + output.Size, Outputs = _used.Outputs + (goesOn ? 0 : 1) };
        if (_used.OutputCharacters > MaxOutputCharacters)
            throw new StepException($"The turn says more than {MaxOutputCharacters} characters.");
        if (_used.Outputs > Limits.Outputs)
            throw new StepException($"The turn says more than {Limits.Outputs} things. Say less at once, or ask in between.");
        _outputs.Add(output);
    }

    public void Warn(string step, int line, string message)
    {
        _warnings ??= [];
        if (_warnings.Count < MaxWarnings) _warnings.Add(new FlowFailure(step, line, message) { Flow = Frame.Flow.Name });
    }

    /// <summary>What is too much is left out: a line must not stop a turn. Lines are cut where they are masked, no sooner.</summary>
    public void Log(FlowLine line)
    {
        _used = _used with { Lines = _used.Lines + 1, LineCharacters = Math.Min(_used.LineCharacters, MaxOutputCharacters) + line.Message.Length };
        if (_used.Lines <= MaxLines && _used.LineCharacters <= MaxOutputCharacters) (_log ??= []).Add(line);
    }

    public FlowResult Finish() => new()
    {
        Outputs = _outputs,
        Context = _context,
        Profile = Memory.Profile,
        Marks = _input.Marks with
        {
            Counts = _counts ?? _input.Marks.Counts,
            State = State,
            Locale = _locale,
            Translation = Translation,
            ExpirationMinutes = ExpirationMinutes,
            Pending = Pending,
            Agents = _agents is null ? _input.Marks.Agents : _agents.Count == 0 ? null : _agents,
        },
        Position = _pause is null ? Position : _input.Position,
        Pause = _pause,
        Handover = Handover,
        EndsConversation = EndsConversation,
        ClosesHandover = ClosesHandover,
        Blind = Blind,
        IsBlind = IsBlind,
        Tracked = Tracked,
        Understanding = Understanding(),
        Log = _log ?? [],
        Warnings = _warnings ?? [],
    };

    public FlowResult Fail(Step step, string message) => new()
    {
        Outputs = [.. _outputs, new Output { Text = _flow.ErrorText.Render(this, step) }],
        Context = Memory.Copy(_input.Context),
        Profile = Memory.Copy(_input.Profile),
        Marks = _input.Marks,
        Position = _input.Position,
        Failure = new FlowFailure(step.Path, step.Line, message) { Flow = Frame.Flow.Name },
        Understanding = Heard is null ? _earlier : new(Heard.Intent, Heard.Score, Heard.IsUnderstood) { Slots = Heard.Slots },
        Blind = Blind,
        IsBlind = IsBlind,
        Log = _log ?? [],
        Warnings = _warnings ?? [],
    };

    /// <summary>An answer to a question is understood, too, and what is none is not.</summary>
    private Understood? Understanding()
    {
        var isUnderstood = Memory[Root.Input]["understood"] is JsonValue value && value.TryGetValue<bool>(out var truth) ? truth : (bool?)null;
        return Heard is null && isUnderstood is null ? _earlier : new(Heard?.Intent, Heard?.Score, isUnderstood) { Slots = Heard?.Slots };
    }

    /// <summary>Tells this part of the turn from its others: how many steps ran before it. The first may have run none, so that the second has a number of its own.</summary>
    private int Part => _input.Rest is not { Used.Steps: var before } ? 0 : before == 0 ? -1 : before;

    private static JsonObject? HandoverOf(JsonObject given) => given["handover"] as JsonObject;

    public void Dispose() => SandboxOrNull?.Dispose();
}
