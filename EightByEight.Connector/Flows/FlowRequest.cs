using System.Text.Json.Nodes;

namespace EightByEight.Connector.Flows;

/// <summary>Something that a Flow asks of the world in the middle of a turn.</summary>
internal abstract record FlowRequest
{
    /// <summary>The step that asks; null: the Flow asks what an input means, before any step.</summary>
    public Steps.Step? AskedBy { get; init; }

    /// <summary>Who asks is no part of what is asked.</summary>
    public virtual bool Equals(FlowRequest? other) => other?.EqualityContract == EqualityContract;

    public override int GetHashCode() => EqualityContract.GetHashCode();
}

/// <summary>Nothing that can be asked, and so nobody is: this is the answer.</summary>
internal sealed record NoRequest(FlowAnswer Answer) : FlowRequest;

/// <summary>Asks 8x8 who serves a queue and how long it is.</summary>
internal sealed record QueueStatusRequest(string QueueId) : FlowRequest;

/// <summary>Asks 8x8 whether a schedule is open now.</summary>
internal sealed record ScheduleRequest(string ScheduleId) : FlowRequest;

/// <summary>Asks for what was said in the conversation, in so many turns before this one, and in the parts of this one that are committed.</summary>
/// <param name="Input">The event of this one.</param>
internal sealed record TranscriptRequest(int Turns, string Input) : FlowRequest;

/// <summary>Asks 8x8 to give the conversation back after the agent. What is null is as in the Endpoint's settings.</summary>
internal sealed record HandbackRequest(string? WebhookId, int? MaxTotalMinutes, int? UserTimeoutMinutes) : FlowRequest;

/// <summary>Asks for a text in another language.</summary>
/// <param name="From">null: it is detected.</param>
internal sealed record TranslateRequest(string Text, string To, string? From) : FlowRequest;

/// <summary>What the world answers.</summary>
/// <param name="Value">As the Flow sees it; with an error, what there is to see of that.</param>
/// <param name="Error">Why there is none, or why it is no good; null: there is one.</param>
internal record FlowAnswer(JsonNode? Value, string? Error = null);
