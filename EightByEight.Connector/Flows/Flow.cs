using System.Collections.Frozen;
using EightByEight.Connector.Flows.Steps;

namespace EightByEight.Connector.Flows;

/// <summary>A compiled Flow document: immutable, safe for any number of conversations at a time.</summary>
public sealed class Flow
{
    /// <summary>How many steps one turn may run; more is taken for a <c>goTo</c> that runs in a circle.</summary>
    public const int MaxStepsPerTurn = 1_000;

    private readonly Step _start;
    private readonly string _errorText;
    private readonly FrozenDictionary<string, Step> _steps;

    internal Flow(string name, string errorText, Step start, IEnumerable<Step> steps, bool asks)
    {
        Asks = asks;
        Name = name;
        _errorText = errorText;
        _start = start;
        _steps = steps.ToFrozenDictionary(step => step.Path);
    }

    /// <summary>The document's <c>name</c>.</summary>
    public string Name { get; }

    /// <summary>Whether one of its steps needs something from outside in the middle of a turn.</summary>
    internal bool Asks { get; }

    /// <summary>Compiles a document in YAML or JSON, of at most 1 MiB.</summary>
    /// <exception cref="FlowFormatException">It is not a Flow; all faults found are listed with line and column.</exception>
    public static Flow Parse(string source) => FlowCompiler.Compile(source);

    /// <summary>Whether a session that waits there waits for the end of a handover.</summary>
    public bool AwaitsHandover(FlowPosition? position) =>
        position is not null && _steps.TryGetValue(position.Step, out var step) && step is HandOver;

    /// <summary>
    /// Whether a number or title typed there can stand for a choice that was offered: anywhere but at a question of another type than
    /// <c>choice</c>, which alone decides what is an answer to it.
    /// </summary>
    public bool TakesChoices(FlowPosition? position) =>
        position is null || !_steps.TryGetValue(position.Step, out var step) || step is not Question { TakesChoices: false };

    /// <summary>Begins to run one input through the Flow. Nothing passed in is changed; what changed is in the result.</summary>
    /// <remarks>
    /// Whatever the Flow does wrong is told in <see cref="FlowResult.Failure"/>. A session that waits at a step which
    /// the Flow no longer has, or where nothing waits any more, starts anew. A turn that paused before a step which the Flow no longer
    /// has ends there.
    /// </remarks>
    internal FlowRun Begin(FlowInput input, CancellationToken cancellation)
    {
        var at = input.Position is { } position ? _steps.GetValueOrDefault(position.Step) : null;
        return input.Position is { GoesOn: true }
            ? new(at, null, input, _errorText, cancellation)
            : new(_start, at as WaitingStep, input, _errorText, cancellation);
    }
}
