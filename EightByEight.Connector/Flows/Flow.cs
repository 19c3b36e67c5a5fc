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
    private readonly FrozenDictionary<string, WaitingStep> _waitingSteps;

    internal Flow(string name, string errorText, Step start, IEnumerable<WaitingStep> waitingSteps)
    {
        Name = name;
        _errorText = errorText;
        _start = start;
        _waitingSteps = waitingSteps.ToFrozenDictionary(step => step.Path);
    }

    /// <summary>The document's <c>name</c>.</summary>
    public string Name { get; }

    /// <summary>Compiles a document in YAML or JSON, of at most 1 MiB.</summary>
    /// <exception cref="FlowFormatException">It is not a Flow; all faults found are listed with line and column.</exception>
    public static Flow Parse(string source) => FlowCompiler.Compile(source);

    /// <summary>Whether a session that waits there waits for the end of a handover.</summary>
    public bool AwaitsHandover(FlowPosition? position) =>
        position is not null && _waitingSteps.TryGetValue(position.Step, out var step) && step is HandOver;

    /// <summary>
    /// Whether a number or title typed there can stand for a choice that was offered: anywhere but at a question of another type than
    /// <c>choice</c>, which alone decides what is an answer to it.
    /// </summary>
    public bool TakesChoices(FlowPosition? position) =>
        position is null || !_waitingSteps.TryGetValue(position.Step, out var step) || step is not Question { TakesChoices: false };

    /// <summary>Runs one input through the Flow. Nothing passed in is changed; what changed is in the result.</summary>
    /// <remarks>
    /// Whatever the Flow does wrong is told in <see cref="FlowResult.Failure"/>. A session that waits at a step which
    /// the Flow no longer has, or where nothing waits any more, starts anew.
    /// </remarks>
    /// <exception cref="OperationCanceledException">The turn was cancelled; it has no result.</exception>
    public FlowResult Run(FlowInput input, CancellationToken cancellation)
    {
        using var turn = new Turn(input, cancellation);
        var step = _start;
        try
        {
            if (input.Position is { } position && _waitingSteps.TryGetValue(position.Step, out var waiting))
            {
                step = waiting;
                step = Follow(step, waiting.Resume(turn, position));
            }

            for (var steps = 0; step is not null; steps++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (steps == MaxStepsPerTurn)
                    throw new StepException($"More than {MaxStepsPerTurn} steps in one turn: a goTo runs in a circle. " +
                        "Put a question, a waitForInput or a stop into it.");
                step = Follow(step, step.Run(turn));
            }

            return turn.Finish();
        }
        // The boundary of a Flow: its faults, ours too, must not take the conversation down.
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            return turn.Fail(new FlowFailure(step!.Path, step.Line, fault.Message), _errorText);
        }

        Step? Follow(Step from, Outcome outcome)
        {
            turn.Position = outcome.Position;
            return outcome.Goes ? outcome.Target ?? from.Next : null;
        }
    }
}
