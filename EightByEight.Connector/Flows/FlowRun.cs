using EightByEight.Connector.Flows.Steps;

namespace EightByEight.Connector.Flows;

/// <summary>
/// One input on its way through a Flow. It computes and nothing else: where a step needs something from outside, it stops there with a
/// request, and goes on when it is given the answer. Used by one thread at a time.
/// </summary>
internal sealed class FlowRun(Step? start, WaitingStep? waiting, FlowInput input, string errorText, CancellationToken cancellation) : IDisposable
{
    private readonly Turn _turn = new(input, cancellation);
    private Step? _step = waiting ?? start;
    private AskingStep? _asking;
    private FlowResult? _result;
    private bool _began;
    private int _steps = input.Steps;

    /// <summary>What came of it, once <see cref="Next"/> asks for nothing more.</summary>
    public FlowResult Result => _result ?? throw new InvalidOperationException("The run is not over.");

    /// <summary>Goes on until the Flow asks for something, or its turn is over.</summary>
    /// <param name="answer">To what it asked for last.</param>
    /// <returns>What it asks for; null: it is over.</returns>
    /// <exception cref="OperationCanceledException">The turn was cancelled; it has no result.</exception>
    public FlowRequest? Next(FlowAnswer? answer = null)
    {
        try
        {
            if (_asking is { } asked)
            {
                var taken = asked.Take(_turn, answer ?? throw new ArgumentNullException(nameof(answer)));
                Follow(asked.IsCommitted ? taken.Committed() : taken);
            }
            else if (!_began && waiting is not null) Follow(waiting.Resume(_turn, input.Position!));
            else if (!_began && _step is null)
                _turn.Warn(input.Position!.Step, 0, "The Flow was changed while the turn paused before this step: the rest of the turn is left out.");
            _began = true;
            for (; _step is not null; _steps++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (_steps == Flow.MaxStepsPerTurn)
                    throw new StepException($"More than {Flow.MaxStepsPerTurn} steps in one turn: a goTo runs in a circle. " +
                        "Put a question, a waitForInput or a stop into it.");
                if (_step is AskingStep asking)
                {
                    _steps++;
                    _asking = asking;
                    var request = asking.Ask(_turn);
                    // Expressions have a second together, and what is asked may take longer.
                    _turn.RestSandbox();
                    return request;
                }

                Follow(_step.Run(_turn));
            }

            _result = _turn.Finish();
        }
        // The boundary of a Flow: its faults, ours too, must not take the conversation down.
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            _result = _turn.Fail(new FlowFailure(_step!.Path, _step.Line, fault.Message), errorText);
        }

        return null;
    }

    public void Dispose() => _turn.Dispose();

    private void Follow(Outcome outcome)
    {
        _asking = null;
        _turn.Position = outcome.Position;
        var next = outcome.Goes ? outcome.Target ?? _step!.Next : null;
        if (next is not null && outcome.Pause is { } pause) _turn.Pause(next, pause, _steps);
        _step = _turn.IsPaused ? null : next;
    }
}
