using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Models;
using EightByEight.Connector.Requests;
using EightByEight.Connector.Understanding;
using EightByEight.DevHost.Rehearsals;
using Turn = EightByEight.Connector.Conversations.Turn;

namespace EightByEight.DevHost.Chats;

/// <summary>
/// Asks the world for a Flow, by the product's own rules, where neither 8x8 nor a connection is needed. What needs them is told, and
/// fails, until the author answers it.
/// </summary>
internal sealed class ChatOutside(IOutside world, Func<IReadOnlyList<Turn>> turns, ChatPage page) : IOutside
{
    /// <summary>Why there were no good answers.</summary>
    public HashSet<string> Errors { get; } = [];

    public async Task<FlowAnswer> AnswerAsync(FlowRequest request, Endpoint endpoint, string conversationId, CancellationToken cancellation)
    {
        if (request is HandbackRequest)
        {
            page.Outside("8x8 would be told to give the conversation back after the agent.");
            return new(true);
        }

        if (Missing(request) is { } missing)
        {
            Errors.Add(missing);
            page.Outside($"{missing}\nAnswer in its place with :answer {StubbedOutside.NamesOf(request)[0]} {ExampleOf(request)}");
            return request is HttpCall ? StubbedOutside.Answered(null, missing) : new(null, missing);
        }

        var answer = await world.AnswerAsync(request is ModelRequest question ? Informed(question) : request, endpoint, conversationId, cancellation);
        if (answer.Error is { } error) Errors.Add(error);
        page.Outside($"{Told(request)}: {answer.Error ?? (answer.Value is JsonObject got && got["status"] is { } status ? $"{status}" : "done")}");
        return answer;
    }

    /// <summary>What cannot be asked here; null: it can.</summary>
    private static string? Missing(FlowRequest request) => (request, ConnectionOf(request)) switch
    {
        (QueueStatusRequest queue, _) => $"8x8 would be asked how the queue {queue.QueueId} is.",
        (ScheduleRequest schedule, _) => $"8x8 would be asked whether the schedule {schedule.ScheduleId} is open.",
        (_, { } connection) => $"{Told(request)} would be asked with the connection '{connection}', which a chat does not have.",
        _ => null,
    };

    private static string Told(FlowRequest request) => request switch
    {
        HttpCall call => $"{call.Method} {call.Url}",
        ModelRequest model => model.Model.Label,
        AgentRequest agent => agent.Agent.Name,
        UnderstandRequest nlu => $"The service that understands ({nlu.Service.Kind}) at {nlu.Service.Url.Authority}",
        TranslateRequest wish => $"translation to {wish.To}",
        _ => request.GetType().Name,
    };

    private static string? ConnectionOf(FlowRequest request) => request switch
    {
        HttpCall call => call.Connection,
        ModelRequest model => model.Model.Connection,
        AgentRequest agent => agent.Agent.Connection,
        UnderstandRequest nlu => nlu.Service.Connection,
        _ => null,
    };

    private static string ExampleOf(FlowRequest request) => request switch
    {
        QueueStatusRequest => """{ "agents": { "available": 2 }, "waiting": 0 }""",
        ScheduleRequest => "open",
        AgentRequest => """{ "outputs": [ { "text": "Hello" } ] }""",
        UnderstandRequest => "<intent>",
        HttpCall => """{ "some": "body" }""",
        _ => "<text>",
    };

    private ModelRequest Informed(ModelRequest question)
    {
        if (question.Wanted is not { } wanted) return question;
        var last = turns().Index().LastOrDefault(turn => turn.Item.EventId == wanted.After, (Index: -1, Item: null!)).Index;
        return Outside.Informed(question, turns().Skip(last + 1).Where(turn => turn.SessionId == wanted.Session && turn.Hides is null)
            .Select(turn => (turn.EventId, TurnView.Of(turn))));
    }
}
