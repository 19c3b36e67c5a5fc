using System.Text.Json.Nodes;
namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// A step that needs something from outside, stores what it gets and goes on; where that is an error, it warns and runs its <c>onError</c>,
/// if it has one.
/// </summary>
internal abstract class AskingStep : Step
{
    private MemoryPath? _place;
    private Step? _onError;

    /// <inheritdoc/>
    public sealed override bool Asks => true;

    /// <summary>Whether what it asks for must not be done twice: the answer is committed before the turn goes on.</summary>
    public virtual bool IsCommitted => false;

    /// <inheritdoc/>
    public sealed override bool Pauses => IsCommitted;

    /// <summary>What it asks for; null: nothing this time.</summary>
    public abstract FlowRequest? Ask(Turn turn);

    /// <summary>What comes where it asks for nothing.</summary>
    public virtual Outcome Pass(Turn turn) => Outcome.Continue;

    /// <summary>What is done with the answer.</summary>
    public virtual Outcome Take(Turn turn, FlowAnswer answer)
    {
        Store(turn, answer.Value);
        if (answer.Error is null) return Outcome.Continue;
        turn.Warn(Path, Line, answer.Error);
        return _onError is null ? Outcome.Continue : Outcome.JumpTo(_onError);
    }

    /// <summary>Stores what it got; null when it got nothing. An error may come with something, too.</summary>
    protected virtual void Store(Turn turn, JsonNode? answer)
    {
        if (_place is not null) turn.Memory.Store(_place, new(answer));
    }

    /// <summary>Asking takes time: only <see cref="FlowRun"/> can.</summary>
    public sealed override Outcome Run(Turn turn) => throw new InvalidOperationException("It asks.");

    /// <summary>Reads <c>saveTo</c>, and <c>onError</c> beside the step.</summary>
    protected void Read(StepSource source, MapNode map)
    {
        if (source.Require(map, "saveTo", "saveTo: context.answer") is { } place)
            _place = source.Place(place, (place as ScalarNode)?.Text ?? "");
        ReadOnError(source);
    }

    /// <summary>Reads a <c>saveTo</c> that may be missing.</summary>
    protected void ReadPlace(StepSource source, MapNode map) => _place = source.Place(map, "saveTo");

    /// <summary>Reads <c>onError</c> beside the step.</summary>
    protected void ReadOnError(StepSource source)
    {
        if (source.Members.Find("onError") is not { } node) return;
        _onError = source.Branch(node, "onError");
        Surround(_onError);
    }
}
