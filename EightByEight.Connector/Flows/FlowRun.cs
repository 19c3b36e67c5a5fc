using EightByEight.Connector.Flows.Steps;

namespace EightByEight.Connector.Flows;

/// <summary>
/// One input on its way through a Flow. It computes and nothing else: where a step needs something from outside, it stops there with a
/// request, and goes on when it is given the answer. Used by one thread at a time.
/// </summary>
internal sealed class FlowRun(Flow flow, FlowInput input, CancellationToken cancellation) : IDisposable
{
    private readonly Turn _turn = new(flow, input, cancellation);
    private Step? _step = flow.Start;
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
            else if (!_began) Begin();

            while (_step is not null)
            {
                cancellation.ThrowIfCancellationRequested();
                Count(_step);
                if (_step is AskingStep asking)
                {
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
            _result = _turn.Fail(_step!, fault.Message);
        }

        return null;
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>Finds where the input goes on.</summary>
    private void Begin()
    {
        _began = true;
        if (_turn.Pending is { } pending && input.Position is not { GoesOn: true } && _turn.HandoverStatus is null
            && pending.Flow == flow.Name && flow.Find(pending.Step) is OptionalQuestion question)
        {
            _step = question;
            _step = question.Hear(_turn, pending);
            if (_step is not null) return;
            _step = flow.Start;
        }

        if (input.Position is not { } position) return;
        var at = _turn.Restore(position);
        if (position.GoesOn)
        {
            _step = at;
            if (at is null) _turn.Warn(position.Step, 0, "The Flow was changed while the turn paused before this step: the rest of the turn is left out.");
        }
        else if (at is WaitingStep waiting)
        {
            _step = waiting;
            Follow(waiting.Resume(_turn, position));
        }
        else _turn.LeaveAll();
    }

    private void Count(Step step)
    {
        if (++_steps > _turn.Limits.Steps)
            throw new StepException($"More than {_turn.Limits.Steps} steps in one turn: a goTo or a loop runs in a circle, or the Flow does too much at once. "
                + "Put a question, a waitForInput or a stop into it.");
        if (_turn.Frame.Visit(step) > _turn.Limits.Repeats)
            throw new StepException($"This step ran {_turn.Limits.Repeats} times in this turn: a goTo or a think runs in a circle. "
                + "Put a question, a waitForInput or a stop into it, or use forEach or while.");
    }

    private void Follow(Outcome outcome)
    {
        _asking = null;
        _turn.Position = outcome.Stays ? input.Position : outcome.Position is { } position ? _turn.Place(position) : null;
        var next = !outcome.Goes || outcome.Returns ? null : outcome.Target ?? _step!.Next;
        // A Flow that was called ends as with `return`.
        while (next is null && outcome.Goes && _turn.Leave() is { } call) next = call.Next;
        if (next is not null && outcome.Pause is { } pause) _turn.Pause(next, pause, _steps);
        _step = _turn.IsPaused ? null : next;
    }
}
