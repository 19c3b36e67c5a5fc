using System.Text.Json;

namespace EightByEight.Connector.Flows.Steps;

/// <summary>
/// One step of a compiled Flow. Immutable once compiled; all that a turn changes is in the <see cref="Turn"/>.
/// </summary>
internal abstract class Step
{
    /// <summary>
    /// Where it is: section and index, then branch and index for each <c>if</c> around it, such as
    /// <c>start/1/then/0</c>.
    /// </summary>
    public required string Path { get; init; }

    /// <summary>Its line in the document, from 1.</summary>
    public required int Line { get; init; }

    /// <summary>What it is, as a document names it.</summary>
    public virtual string Kind => JsonNamingPolicy.CamelCase.ConvertName(GetType().Name);

    /// <summary>What its author calls it; null: nothing. Set once, by the compiler.</summary>
    public string? Id { get; set; }

    /// <summary>Its number in its Flow, from 0. Set once, by the compiler.</summary>
    public int Number { get; set; }

    /// <summary>The step below it in the same list. Set once, by the compiler.</summary>
    public Step? Following { get; set; }

    /// <summary>The step in whose branch it lies. Set once, when that step is made.</summary>
    public Step? Around { get; set; }

    /// <summary>What runs after it: the step below, at the end of a branch what runs after the step around it; null at the
    /// end of a section.</summary>
    public Step? Next => Following ?? Around?.Next;

    /// <summary>Whether something may be asked of the world for it.</summary>
    public virtual bool Asks => false;

    /// <summary>Whether a turn may pause at it, so that what comes after it runs as a part of its own.</summary>
    public virtual bool Pauses => false;

    public abstract Outcome Run(Turn turn);

    /// <summary>Lets a branch go on below this step at its end.</summary>
    protected void Surround(Step? branch)
    {
        for (var step = branch; step is not null; step = step.Following) step.Around = this;
    }
}

/// <summary>A step at which the session waits for the next input.</summary>
internal abstract class WaitingStep : Step
{
    /// <summary>Takes the input that was waited for.</summary>
    public abstract Outcome Resume(Turn turn, FlowPosition position);

    protected Outcome Wait() => Outcome.Wait(new FlowPosition { Step = Path });
}

/// <summary>What the engine does after a step.</summary>
internal readonly record struct Outcome
{
    private Outcome(bool goes, Step? target, FlowPosition? position, TimeSpan? pause = null) =>
        (Goes, Target, Position, Pause) = (goes, target, position, pause);

    /// <summary>Whether another step follows in this turn.</summary>
    public bool Goes { get; }

    /// <summary>Which one; null: the one below.</summary>
    public Step? Target { get; }

    /// <summary>Whether the session waits where it did before an answer by the way.</summary>
    public bool Stays { get; private init; }

    /// <summary>Whether the input is understood again, and taken as though nothing waited for it.</summary>
    public bool Anew { get; private init; }

    /// <summary>Whether that is because nothing waits for it any more.</summary>
    public bool Forgets { get; private init; }

    /// <summary>Whether the Flow goes back to the one that called it.</summary>
    public bool Returns { get; private init; }

    /// <summary>Where the session waits, when it does.</summary>
    public FlowPosition? Position { get; }

    /// <summary>How long the turn pauses before it goes on; zero: until it is committed; null: it does not.</summary>
    public TimeSpan? Pause { get; }

    public static Outcome Continue { get; } = new(true, null, null);

    public static Outcome End { get; } = new(false, null, null);

    public static Outcome Stay { get; } = new(false, null, null) { Stays = true };

    public static Outcome Again { get; } = new(false, null, null) { Anew = true };

    public static Outcome Forget { get; } = Again with { Forgets = true };

    public static Outcome Return { get; } = new(true, null, null) { Returns = true };

    public static Outcome JumpTo(Step target) => new(true, target, null);

    public static Outcome Wait(FlowPosition position) => new(false, null, position);

    public static Outcome ContinueAfter(TimeSpan pause) => new(true, null, null, pause);

    /// <summary>This, once what was done so far is committed.</summary>
    public Outcome Committed() => Goes ? new(true, Target, null, TimeSpan.Zero) : this;
}
