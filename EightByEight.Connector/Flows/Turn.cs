using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows.Scripting;
using EightByEight.Connector.Flows.Steps;
using EightByEight.Connector.Handover;

namespace EightByEight.Connector.Flows;

/// <summary>One run of a Flow over one input: what it has said, the memory it works on, and its JavaScript engine once it
/// needs one. Used by one thread and thrown away.</summary>
internal sealed class Turn(FlowInput input, CancellationToken cancellation) : IDisposable
{
    private const int MaxWarnings = 20;
    private const int MaxOutputCharacters = 1_000_000;

    private readonly List<Output> _outputs = [];
    private List<FlowFailure>? _warnings;
    private int _outputCharacters;
    private FlowPause? _pause;

    public Memory Memory { get; } = new(input);

    /// <summary>What the customer said; empty when the input is data only.</summary>
    public string Text => input.Input.TryGetPropertyValue("text", out var text) && text is JsonValue value
        && value.TryGetValue<string>(out var said) ? said : "";

    public FlowPosition? Position { get; set; }

    /// <summary>Whether a customer can be taken back from a queue.</summary>
    public bool CanReturn => input.CanReturn;

    /// <summary>Whether the rest of the turn comes later.</summary>
    public bool IsPaused => _pause is not null;

    /// <summary>The status of a handover that this input tells of; null when it tells of none.</summary>
    public string? HandoverStatus => (HandoverOf(input.Input)?["status"] as JsonValue)?.GetValue<string>();

    /// <summary>Beside the status, what happened, such as <c>handoverInactivity</c>.</summary>
    public string? HandoverEvent => (HandoverOf(input.Input)?["eventType"] as JsonValue)?.GetValue<string>();

    public HandoverRequest? Handover { get; set; }

    public bool EndsConversation { get; set; }

    /// <summary>Whether nobody may look at what comes from now on; null: as it was.</summary>
    public bool? Blind { get; set; }

    /// <summary>Whether nobody may look at this input, whatever comes.</summary>
    public bool IsBlind { get; set; }

    /// <summary>Made by the first expression that needs JavaScript; never shared with another turn.</summary>
    public Sandbox Sandbox => SandboxOrNull ??= new Sandbox(Memory, cancellation);

    public Sandbox? SandboxOrNull { get; private set; }

    /// <summary>Ends the sandbox; the next expression that needs one gets a new one, with its whole time.</summary>
    public void RestSandbox()
    {
        SandboxOrNull?.Dispose();
        SandboxOrNull = null;
    }

    /// <summary>The rest of the turn comes later.</summary>
    public void Pause(Step next, TimeSpan delay, int steps) => _pause = new FlowPause
    {
        At = new FlowPosition { Step = next.Path, GoesOn = true },
        Delay = delay,
        Input = Memory.Copy(Memory[Root.Input]),
        Steps = steps,
    };

    public void Say(Output output)
    {
        _outputCharacters += output.Size;
        if (_outputCharacters > MaxOutputCharacters)
            throw new StepException($"The turn says more than {MaxOutputCharacters} characters.");
        _outputs.Add(output);
    }

    public void Warn(string step, int line, string message)
    {
        _warnings ??= [];
        if (_warnings.Count < MaxWarnings) _warnings.Add(new FlowFailure(step, line, message));
    }

    public FlowResult Finish() => new()
    {
        Outputs = _outputs,
        Context = Memory.Context,
        Profile = Memory.Profile,
        Position = _pause is null ? Position : input.Position,
        Pause = _pause,
        Handover = Handover,
        EndsConversation = EndsConversation,
        Blind = Blind,
        IsBlind = IsBlind,
        Warnings = _warnings ?? [],
    };

    public FlowResult Fail(FlowFailure failure, string errorText) => new()
    {
        Outputs = [.. _outputs, new Output { Text = errorText }],
        Context = Memory.Copy(input.Context),
        Profile = Memory.Copy(input.Profile),
        Position = input.Position,
        Failure = failure,
        Blind = Blind,
        IsBlind = IsBlind,
        Warnings = _warnings ?? [],
    };

    private static JsonObject? HandoverOf(JsonObject given) => given["handover"] as JsonObject;

    public void Dispose() => SandboxOrNull?.Dispose();
}
