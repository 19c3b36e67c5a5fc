using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Analytics;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Transformers;

/// <summary>
/// The Endpoint as transformers see it, in Cognigy's names; null where there is nothing of the kind. There is no secret in it, nor the URL token.
/// </summary>
internal static class EndpointView
{
    public static JsonObject Of(Endpoint endpoint)
    {
        var settings = JsonSerializer.SerializeToNode(endpoint.Settings, EndpointJson.Default.EndpointSettings)!.AsObject();
        // A handler has no use for its own source, and each call would carry it.
        (settings["transformers"] as JsonObject)?.Remove("source");
        var data = endpoint.Settings.DataProtection;
        return new JsonObject
        {
            ["_id"] = endpoint.Id,
            ["channel"] = "eightByEight",
            ["name"] = endpoint.Settings.Name,
            ["flowId"] = endpoint.Settings.Flow,
            ["entrypoint"] = endpoint.Settings.Flow,
            ["active"] = endpoint.Settings.Enabled,
            ["nluConnectorId"] = null,
            ["useAnalytics"] = data.CollectAnalytics,
            ["storeDataPayload"] = null,
            ["useConversations"] = data.CollectConversations,
            ["useContactProfiles"] = data.ContactProfiles,
            ["maskIPAddress"] = data.MaskIpAddress,
            ["maskAnalytics"] = data.MaskSensitiveAnalytics,
            ["maskLogging"] = data.MaskSensitiveLogging,
            ["useDashbotAnalytics"] = Dashbot.IsTold(endpoint),
            ["dashbotPlatform"] = data.Dashbot.Platform,
            ["handoverSettings"] = settings["handover"]?.DeepClone(),
            ["settings"] = settings,
            ["createdAt"] = endpoint.CreatedAt.ToUnixTimeSeconds(),
            ["lastChanged"] = endpoint.LastChanged.ToUnixTimeSeconds(),
            ["createdBy"] = null,
            ["lastChangedBy"] = null,
        };
    }
}
