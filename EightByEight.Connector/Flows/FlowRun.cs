using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Steps;
using EightByEight.Connector.Understanding;

namespace EightByEight.Connector.Flows;

/// <summary>
/// One input on its way through a Flow. It computes and nothing else: where a step needs something from outside, it stops there with a
/// request, and goes on when it is given the answer. Used by one thread at a time.
/// </summary>
internal sealed class FlowRun(Flow flow, FlowInput input, CancellationToken cancellation) : IDisposable
{
    private readonly Turn _turn = new(flow, input, cancellation);
    private Step _last = flow.Start;
    private AskingStep? _asking;
    private FlowResult? _result;
    private bool _began;
    private Func<FlowAnswer, FlowRequest?>? _understand;
    private int _steps = input.Rest?.Used.Steps ?? 0;

    /// <summary>Where the session waits; an earlier version could leave a place there at which nothing does.</summary>
    private FlowPosition? _place = input.Position is { GoesOn: true } ? null : input.Position;

    /// <summary>What runs next; null: nothing.</summary>
    private Step? Current
    {
        get;
        set => _last = (field = value) ?? _last;
    } = flow.Start;

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
            else if (_understand is { } understand)
            {
                _understand = null;
                if (understand(answer ?? throw new ArgumentNullException(nameof(answer))) is { } more) return more;
            }
            else if (!_began && Begin() is { } first) return first;

            while (Current is { } step)
            {
                cancellation.ThrowIfCancellationRequested();
                flow.Watch?.Invoke(step);
                Count(step);
                if (step is AskingStep asking)
                {
                    if (asking.Ask(_turn) is not { } request)
                    {
                        Follow(asking.Pass(_turn));
                        continue;
                    }

                    if (request is NoRequest none)
                    {
                        Follow(asking.Take(_turn, none.Answer));
                        continue;
                    }

                    _asking = asking;
                    // Expressions have a second together, and what is asked may take longer.
                    _turn.RestSandbox();
                    return request with { AskedBy = asking };
                }

                if (step is Question question && question.Look(_turn) is { } wanted)
                    return Extracted(question, wanted, () => Take(question.Run(_turn).Committed()));
                if (Take(step.Run(_turn)) is { } again) return again;
            }

            _result = _turn.Finish();
        }
        // The boundary of a Flow: its faults, ours too, must not take the conversation down.
        catch (Exception fault) when (fault is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            _result = _turn.Fail(_last, fault.Message);
        }

        return null;
    }

    public void Dispose() => _turn.Dispose();

    private FlowRequest? Begin()
    {
        _began = true;
        if (input.Rest is not { At: var place }) return Listen(_place, Enter);
        Current = _turn.Restore(place);
        if (Current is null) _turn.Warn(place.Step, 0, "The Flow was changed while the turn paused before this step: the rest of the turn is left out.");
        return null;
    }

    /// <summary>Understands what is said before it is taken.</summary>
    private FlowRequest? Listen(FlowPosition? position, Func<FlowRequest?> take)
    {
        var listener = _turn.Text.Length == 0 ? null : _turn.ListenerAt(position);
        if (listener?.Ask(_turn) is { } request)
        {
            _understand = answer =>
            {
                _turn.Hear(listener.Hear(_turn, answer));
                return take();
            };
            return request;
        }

        _turn.Hear(listener is not null ? listener.Hear(_turn)
            : TriggeredIntent.In(_turn.Text) is { } intent ? Listener.Triggered(intent, null) : null);
        return take();
    }

    /// <summary>Finds where the input goes on.</summary>
    private FlowRequest? Enter()
    {
        if (_turn.Pending is { } pending && _turn.HandoverStatus is null && !IsOfNobody && pending.Flow == flow.Name
            && flow.Find(pending.Step) is OptionalQuestion question)
        {
            Current = question;
            return question.Extract(_turn) is { } wanted ? Extracted(question, wanted, () => ByTheWay(question, pending, isCommitted: true))
                : ByTheWay(question, pending, isCommitted: false);
        }

        return EnterPlace();
    }

    /// <summary>Whether no customer said anything: a conversation became active, or a virtual agent says something later.</summary>
    private bool IsOfNobody => input.Said is not null || input.Input["agent"] is not null
        || (_turn.Text.Length == 0 && _turn.Data is { } data && Agent.Given(data) is null);

    /// <summary>The input may answer what was asked by the way; without steps of its own that is all of it, else it goes on.</summary>
    private FlowRequest? ByTheWay(OptionalQuestion question, PendingQuestion pending, bool isCommitted)
    {
        if (question.Hear(_turn, pending) is not { } then) return EnterPlace();
        _turn.Aside = new FlowAside(question.Path, _place);
        if (isCommitted) Follow(Outcome.JumpTo(then).Committed());
        else Current = then;
        return null;
    }

    /// <summary>Asks what the input holds for a question, which takes it then, and no other does.</summary>
    private FlowRequest Extracted(Step question, FlowRequest wanted, Func<FlowRequest?> take)
    {
        _understand = answer =>
        {
            _turn.Find(question, answer);
            try
            {
                return take();
            }
            finally
            {
                _turn.Entity = null;
            }
        };
        // Expressions have a second together, and what is asked may take longer.
        _turn.RestSandbox();
        return wanted;
    }

    /// <summary>The input goes to what waits for it.</summary>
    private FlowRequest? EnterPlace()
    {
        if (_place is { } position)
            switch (Current = _turn.Restore(position))
            {
                case Question asked when asked.Extract(_turn, position) is { } wanted:
                    return Extracted(asked, wanted, () => Take(asked.Resume(_turn, position).Committed()));
                case WaitingStep waiting: return Take(waiting.Resume(_turn, position));
                case Agent agent:
                    if (agent.Hear(_turn, input.Said) is { } heard) Follow(heard.Committed());
                    return null;
                case AskModel: return null;
            }

        _turn.LeaveAll();
        Current = _turn.Entry;
        return null;
    }

    private FlowRequest? Take(Outcome outcome)
    {
        Follow(outcome);
        if (!outcome.Anew) return null;
        _turn.Unhear();
        // What is forgotten after an answer by the way leaves the input to what waited before.
        _place = outcome.Forgets ? _turn.Aside?.Before : null;
        _turn.Aside = null;
        return Listen(_place, EnterPlace);
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
        _turn.Position = outcome.Stays ? _turn.Aside is { } aside ? aside.Before : _place : outcome.Position is { } position ? _turn.Place(position) : null;
        var next = !outcome.Goes || outcome.Returns ? null : outcome.Target ?? Current!.Next;
        // A Flow that was called ends as with `return`.
        while (next is null && outcome.Goes && _turn.Leave() is { } call) next = call.After;
        if (next is not null && outcome.Pause is { } pause) _turn.Pause(next, pause, _steps);
        Current = _turn.IsPaused ? null : next;
    }
}
