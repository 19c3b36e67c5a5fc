using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;

namespace EightByEight.Connector.Conversations;

/// <summary>Answers what Flows ask of the world. It only reads, so that a turn that is repeated asks again and harms nobody.</summary>
internal sealed class Outside(ChatGatewayClient gateway, EndpointDirectory endpoints)
{
    public async Task<FlowAnswer> AnswerAsync(FlowRequest request, Endpoint endpoint, CancellationToken cancellation)
    {
        try
        {
            return new(request switch
            {
                QueueStatusRequest queue => Json(await gateway.GetQueueStatisticsAsync(
                    await AccountAsync(endpoint, cancellation), queue.QueueId, cancellation)),
                ScheduleRequest schedule => await gateway.GetScheduleStatusAsync(
                    await AccountAsync(endpoint, cancellation), schedule.ScheduleId, cancellation),
                _ => throw new InvalidOperationException($"Nobody answers {request.GetType().Name}."),
            });
        }
        catch (Exception failed) when (failed is ChatGatewayException or EndpointSecretException)
        {
            return new(null, failed.Message);
        }
    }

    private async Task<ChatGatewayAccount> AccountAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        var settings = endpoint.Settings.EightByEight;
        return new(new Uri(settings.ClusterBaseUrl ?? settings.BaseUrl), await endpoints.ApiKeyAsync(endpoint, cancellation), settings.TenantId);
    }

    private static JsonObject Json(QueueStatistics queue) => new()
    {
        ["name"] = queue.Name,
        ["waiting"] = queue.Size,
        ["longestWaitSeconds"] = queue.LongestWait,
        ["averageWaitSeconds"] = queue.AverageWait,
        ["agents"] = new JsonObject
        {
            ["available"] = queue.Available,
            ["busy"] = queue.Busy,
            ["postProcessing"] = queue.PostProcessing,
            ["workingOffline"] = queue.WorkingOffline,
            ["onBreak"] = queue.OnBreak,
            ["loggedOut"] = queue.LoggedOut,
        },
    };
}
