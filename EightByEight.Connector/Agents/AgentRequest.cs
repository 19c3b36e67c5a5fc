using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Agents;

/// <summary>An input that a virtual agent is told.</summary>
internal sealed record AgentRequest(AgentSettings Agent) : FlowRequest
{
    /// <summary>The same when it is told again after a crash, and of no other input.</summary>
    public required string Id { get; init; }

    public required string Text { get; init; }

    /// <summary>What came with the text; null: nothing.</summary>
    public JsonObject? Data { get; init; }

    public required string SessionId { get; init; }
    public required string UserId { get; init; }
    public required string ConversationId { get; init; }
    public string? Channel { get; init; }
    public string? Locale { get; init; }

    /// <summary>What a chat endpoint is told before everything else; null: nothing.</summary>
    public string? Instructions { get; init; }

    /// <summary>What the agent's answer before left to be kept; null: nothing.</summary>
    public JsonObject? Memory { get; init; }
}

/// <summary>Asks what a virtual agent has said since it was heard last, without telling it anything.</summary>
/// <param name="Memory">What its last answer left to be kept.</param>
internal sealed record LaterRequest(AgentSettings Agent, JsonObject Memory) : FlowRequest
{
    /// <summary>Who it was told that the customer is.</summary>
    public string UserId { get; init; } = "";
}

/// <summary>What a virtual agent answers.</summary>
internal sealed record AgentAnswer : FlowAnswer
{
    public AgentAnswer() : base(Value: null) { }

    /// <summary>What it says, in order.</summary>
    public IReadOnlyList<Output> Outputs { get; init; } = [];

    /// <summary>That it wants a person for the customer: perhaps with <c>queueId</c>, <c>summary</c>, <c>message</c>; null: it does not.</summary>
    public JsonObject? Handover { get; init; }

    /// <summary>Whether its conversation is over.</summary>
    public bool Ends { get; init; }

    /// <summary>What else it sends, for the Flow; null: nothing.</summary>
    public JsonObject? Data { get; init; }

    /// <summary>What is kept for its next input; null: nothing.</summary>
    public JsonObject? Memory { get; init; }

    /// <summary>Whether it says nothing at all.</summary>
    public bool IsEmpty => Outputs.All(output => output.IsEmpty) && Handover is null && !Ends && Data is null && Faults.Count == 0;

    /// <summary>What was left out of its answer, for the bot author.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>An answer in our own JSON: <c>outputs</c>, <c>handover</c>, <c>end</c>, <c>data</c>, each of which may be missing.</summary>
    public static AgentAnswer Read(JsonElement answer)
    {
        // What Cognigy's Webhook Endpoint posted.
        if (answer.Member("cognigy") is { ValueKind: JsonValueKind.Array } cognigy) return CognigyAgent.Of(cognigy.EnumerateArray());
        var faults = new List<string>();
        var outputs = answer.Member("outputs");
        if (outputs.ValueKind is not (JsonValueKind.Array or JsonValueKind.Undefined or JsonValueKind.Null)) faults.Add("'outputs' is not a list.");
        return new AgentAnswer
        {
            Outputs = outputs.ValueKind == JsonValueKind.Array ? [.. outputs.EnumerateArray().Select(one => AgentOutputs.Read(one, faults))] : [],
            Handover = HandoverIn(answer),
            Ends = answer.Member("end").ValueKind == JsonValueKind.True,
            Data = AgentOutputs.Object(answer.Member("data")),
            Faults = faults,
        };
    }

    /// <summary>The wish for a person in an object: <c>handover</c> as an object or true; null: none.</summary>
    public static JsonObject? HandoverIn(JsonElement given) => given.Member("handover") switch
    {
        { ValueKind: JsonValueKind.Object } wish => AgentOutputs.Object(wish),
        { ValueKind: JsonValueKind.True } => [],
        _ => null,
    };
}

/// <summary>A virtual agent did not answer.</summary>
/// <param name="status">What it answered by HTTP; null: nothing.</param>
/// <param name="reason">Why, without URLs and without what the customer said.</param>
internal sealed class AgentException(HttpStatusCode? status, string reason) : Exception(reason)
{
    public HttpStatusCode? Status => status;
}
