using System.Collections.Frozen;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Flows.Steps;
using EightByEight.Connector.Understanding;

namespace EightByEight.Connector.Flows;

/// <summary>A compiled Flow document: immutable, safe for any number of conversations at a time.</summary>
public sealed class Flow
{
    private readonly FrozenDictionary<string, Step> _steps;
    private readonly bool _asks;
    private readonly IReadOnlyList<Flow> _before = [];

    internal Flow(
        string name, Template errorText, Step start, IReadOnlyCollection<Step> steps, IEnumerable<string> calls, Listener? listener = null)
    {
        Name = name;
        Listener = listener;
        ErrorText = errorText;
        Start = start;
        Size = steps.Count;
        Calls = calls.ToFrozenSet();
        _asks = listener?.Service is not null || steps.Any(step => step.Asks);
        _steps = steps.ToFrozenDictionary(step => step.Path);
    }

    private Flow(Flow flow, IReadOnlyDictionary<string, Flow> called, IReadOnlyList<Flow> before)
    {
        Flow[] others = [.. called.Values, .. before];
        (Name, ErrorText, Start, Size, Calls, _steps, _asks) =
            (flow.Name, flow.ErrorText, flow.Start, flow.Size, flow.Calls, flow._steps, flow._asks || others.Any(one => one._asks));
        (Version, Called, _before, Listener) = (flow.Version, called, before, flow.Listener);
        NamesSlots = flow.NamesSlots || others.Any(one => one.NamesSlots);
        Connections = flow.Connections;
        NamesUrlToken = flow.NamesUrlToken || others.Any(one => one.NamesUrlToken);
    }

    /// <summary>The document's <c>name</c>.</summary>
    public string Name { get; }

    /// <summary>The number under which it is stored, from 1; 0: it is not.</summary>
    public int Version { get; internal set; }

    /// <summary>Whether one of its steps needs something from outside in the middle of a turn.</summary>
    internal bool Asks => _asks;

    /// <summary>Whether it reads <c>input.URLToken</c>, which is a secret that no other Flow is shown.</summary>
    internal bool NamesUrlToken { get; init; }

    /// <summary>Whether it, or a Flow that it calls, looks at what slots hold: they are found only then.</summary>
    internal bool NamesSlots { get; init; }

    /// <summary>How it understands what customers say; null: it does not try to.</summary>
    internal Listener? Listener { get; }

    /// <summary>The connections that it names.</summary>
    internal IReadOnlySet<string> Connections { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Is shown each step before it runs, also of Flows that are called; null in production.</summary>
    internal Action<Step>? Watch { get; set; }

    internal Step Start { get; }

    internal Template ErrorText { get; }

    /// <summary>How many steps it has.</summary>
    internal int Size { get; }

    /// <summary>All of them.</summary>
    internal IEnumerable<Step> Steps => _steps.Values;

    /// <summary>The names of the Flows that it calls.</summary>
    internal IReadOnlySet<string> Calls { get; }

    /// <summary>The Flows that can be called while it runs, by their names.</summary>
    internal IReadOnlyDictionary<string, Flow> Called { get; } = FrozenDictionary<string, Flow>.Empty;

    /// <summary>Whether all is there that it calls, also from there.</summary>
    internal bool IsWhole => Called.Values.Append(this).SelectMany(one => one.Calls).All(name => name == Name || Called.ContainsKey(name));

    /// <summary>Compiles a document in YAML or JSON, of at most 1 MiB.</summary>
    /// <exception cref="FlowFormatException">It is not a Flow; all faults found are listed with line and column.</exception>
    public static Flow Parse(string source) => Parse(source, isStored: false);

    /// <inheritdoc cref="Parse(string)"/>
    /// <param name="isStored">It was taken before: what is refused only since then is let pass, so that an upgrade stops no bot.</param>
    internal static Flow Parse(string source, bool isStored) => FlowCompiler.Compile(source, isStored);

    /// <summary>This Flow, and what it calls, also from there.</summary>
    internal Flow With(IReadOnlyDictionary<string, Flow> called) => new(this, called, _before);

    /// <summary>This Flow for a session that waits in other versions of what it calls.</summary>
    internal Flow With(IReadOnlyList<Flow> before)
    {
        var called = new Dictionary<string, Flow>(Called);
        // What they call may be called by nothing else any more.
        foreach (var (name, flow) in before.SelectMany(one => one.Called)) called.TryAdd(name, flow);
        return new(this, called, before);
    }

    /// <summary>The Flow that was called there, in the version that it had then; null: this one does not have it.</summary>
    internal Flow? Find(CalledFlow called)
    {
        var newest = called.Flow == Name ? this : Called.GetValueOrDefault(called.Flow);
        return called.Version is null || newest?.Version == called.Version ? newest
            : _before.FirstOrDefault(one => one.Name == called.Flow && one.Version == called.Version);
    }

    /// <summary>The step at a path; null when there is none.</summary>
    internal Step? Find(string path) => _steps.GetValueOrDefault(path);

    /// <summary>By their paths, how often steps ran, of counts by their numbers.</summary>
    internal Dictionary<string, int> Visited(byte[] visits) =>
        _steps.Values.Where(step => visits[step.Number] > 0).ToDictionary(step => step.Path, step => (int)visits[step.Number]);

    /// <summary>The Flow that understands so: this one, or one that it calls; null: none does.</summary>
    internal Flow? OwnerOf(Listener? listener) =>
        listener is null ? null : _before.Concat(Called.Values).Prepend(this).FirstOrDefault(flow => flow.Listener == listener);

    /// <summary>Whether a session that waits there waits for the end of a handover.</summary>
    public bool AwaitsHandover(FlowPosition? position) => At(position) is HandOver;

    /// <summary>Whether a session that waits there talks with a virtual agent that lives elsewhere.</summary>
    public bool AwaitsAgent(FlowPosition? position) => At(position) is Agent;

    /// <summary>How the virtual agent that has the customer there is asked what it has said since; null: it is not.</summary>
    internal LaterRequest? Later(FlowPosition? position, FlowMarks marks) =>
        Find(position) is ({ } flow, Agent agent) ? agent.Later(flow, marks.Agents) : null;

    /// <summary>
    /// Whether a number or title typed there can stand for a choice that was offered: anywhere but at a question of another type than
    /// <c>choice</c>, which alone decides what is an answer to it.
    /// </summary>
    public bool TakesChoices(FlowPosition? position) => At(position) is not Question { TakesChoices: false };

    /// <summary>Begins to run one input through the Flow. Nothing passed in is changed; what changed is in the result.</summary>
    /// <remarks>
    /// Whatever the Flow does wrong is told in <see cref="FlowResult.Failure"/>. A session that waits at a step which
    /// the Flow no longer has, or where nothing waits any more, starts anew. A turn that paused before a step which the Flow no longer
    /// has ends there.
    /// </remarks>
    internal FlowRun Begin(FlowInput input, CancellationToken cancellation) => new(this, input, cancellation);

    private Step? At(FlowPosition? position) => Find(position).Step;

    /// <summary>The step at a place, and the Flow in which it stands: perhaps one that was called.</summary>
    private (Flow? Flow, Step? Step) Find(FlowPosition? position)
    {
        if (position is null) return default;
        var flow = position.Calls is { Count: > 0 } calls ? Find(calls[^1]) : this;
        return (flow, flow?.Find(position.Step));
    }
}
