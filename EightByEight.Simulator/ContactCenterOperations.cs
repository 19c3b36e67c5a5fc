namespace EightByEight.Simulator;

/// <summary>Statistics and schedules of the contact centre, beside the Chat Gateway.</summary>
internal static class ContactCenterOperations
{
    public static Answer QueueStatistics(GatewayRequest request)
    {
        var gateway = request.Gateway;
        if (gateway.Options.Queues.FirstOrDefault(queue => queue.Id == request.Route("queueId")) is not { } queue)
            return Problems.NotFound("Queue", request.Route("queueId"));
        var waiting = gateway.InOrder.Count(conversation => conversation.Assignment is { Type: "queue" } to && to.Id == queue.Id);
        return Answer.Ok(new Dictionary<string, object>
        {
            ["queue"] = new Dictionary<string, object>
            {
                ["queue-id"] = queue.Id,
                ["queue-name"] = queue.Name,
                ["media-type"] = "chat",
                ["queue-size"] = waiting,
                ["longest-wait-time"] = 0,
                ["thirty-min-avg-wait-time"] = 0,
                ["agent-count-waitTransact"] = gateway.Options.AvailableAgents,
                ["agent-count-busy"] = 0,
                ["agent-count-postProcess"] = 0,
                ["agent-count-workOffline"] = 0,
                ["agent-count-onBreak"] = 0,
                ["agent-count-loggedOut"] = 0,
            },
        });
    }

    public static Answer ScheduleStatus(GatewayRequest request) => Answer.Ok(new Dictionary<string, object>
    {
        ["schedule-status"] = new Dictionary<string, object>
        {
            ["status"] = request.Gateway.Options.Schedule switch
            {
                "open" => 0,
                "closed" => -1,
                var choice => $"Choice #{choice[^1]}",
            },
        },
    });
}
