using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Agents;

/// <summary>
/// An agent of Cognigy.AI behind its REST Endpoint, which answers at once, or its Webhook Endpoint, which takes the same request and posts
/// what it says later. REST knows no handover: <c>data.handover</c> of an output asks for it here.
/// Source: Cognigy.AI, REST and Webhook Endpoints.
/// </summary>
internal static class CognigyAgent
{
    public static async Task<AgentAnswer> AskAsync(AgentRequest request, AgentHttp http, CancellationToken cancellation)
    {
        var answer = await http.PostAsync(request.Agent, request.Agent.Url, new JsonObject
        {
            ["userId"] = request.UserId,
            ["sessionId"] = request.SessionId,
            ["text"] = request.Text,
            ["data"] = request.Data?.DeepClone() ?? new JsonObject(),
        }, cancellation);
        // The text beside it repeats all of the stack.
        return answer.Member("outputStack") is { ValueKind: JsonValueKind.Array } stack ? Of(stack.EnumerateArray()) : new AgentAnswer();
    }

    /// <summary>What it says, as one answer.</summary>
    public static AgentAnswer Of(IEnumerable<JsonElement> said)
    {
        var faults = new List<string>();
        var all = said.Where(one => one.Text("source") is not "user").ToList();
        return new AgentAnswer
        {
            Outputs = [.. all.SelectMany(one => CognigyOutputs.Read(one.Text("text"), one.Member("data"), faults))],
            Handover = all.Select(one => AgentAnswer.HandoverIn(one.Member("data"))).FirstOrDefault(wish => wish is not null),
            Ends = all.Any(one => one.Member("data").Member("end").ValueKind == JsonValueKind.True),
            Faults = faults,
        };
    }
}
