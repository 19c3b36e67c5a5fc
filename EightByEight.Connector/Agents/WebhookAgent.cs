using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Handover.Providers;

namespace EightByEight.Connector.Agents;

/// <summary>Any server that takes our own JSON, signed as Standard Webhooks 1.0 says, and answers in it at once or later.</summary>
internal static class WebhookAgent
{
    public static async Task<AgentAnswer> AskAsync(AgentRequest request, AgentHttp http, TimeProvider time, CancellationToken cancellation)
    {
        var agent = request.Agent;
        var content = AgentHttp.Json(new JsonObject
        {
            ["type"] = "message",
            ["id"] = request.Id,
            ["sessionId"] = request.SessionId,
            ["conversationId"] = request.ConversationId,
            ["userId"] = request.UserId,
            ["channel"] = request.Channel,
            ["locale"] = request.Locale,
            ["text"] = request.Text,
            ["data"] = request.Data?.DeepClone(),
        });
        var message = new HttpRequestMessage(HttpMethod.Post, agent.Url) { Content = content };
        if (await http.SigningKeyAsync(agent, cancellation) is { } key)
        {
            var now = time.GetUtcNow().ToUnixTimeSeconds();
            message.Headers.Add("webhook-id", request.Id);
            message.Headers.Add("webhook-timestamp", now.ToString(CultureInfo.InvariantCulture));
            message.Headers.Add("webhook-signature", CallbackSignature.Sign(key, request.Id, now, await content.ReadAsByteArrayAsync(cancellation)));
        }

        var answer = await http.SendAsync(agent, message, cancellation);
        if (answer.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined or JsonValueKind.Null))
            throw new AgentException(null, $"{agent.Name} answered no object with 'outputs'.");
        return AgentAnswer.Read(answer);
    }
}
