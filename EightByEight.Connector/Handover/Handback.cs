using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Handover;

/// <summary>Has 8x8 give a conversation back to the bot after the agent: it would go idle otherwise.</summary>
internal static class Handback
{
    private const int PageSize = 50;
    private const int MaxPages = 10;

    /// <summary>Asks 8x8 for it; asked for again, it is the same.</summary>
    /// <returns>Why it cannot be; null: it is arranged.</returns>
    /// <exception cref="ChatGatewayException">8x8 refused it, or could not be asked.</exception>
    public static async Task<string?> ArrangeAsync(
        ChatGatewayClient gateway, string conversationId, Endpoint endpoint, ChatGatewayAccount account, PostAgentSettings settings,
        CancellationToken cancellation)
    {
        if ((settings.WebhookId ?? await OwnWebhookAsync(gateway, endpoint, account, cancellation)) is not { } webhookId)
            return "8x8 knows no webhook with this Endpoint's URL. Add it there, or set handover.postAgent.webhookId.";
        await gateway.AssignAfterAgentAsync(account, conversationId, new PostAgentAssignment(webhookId, new PostAgentConfiguration(
            settings.NotifyChannelWebhookIfExists, settings.MaxTotalMinutes, settings.UserTimeoutMinutes)), cancellation);
        return null;
    }

    private static async Task<string?> OwnWebhookAsync(
        ChatGatewayClient gateway, Endpoint endpoint, ChatGatewayAccount account, CancellationToken cancellation)
    {
        for (var number = 0; number < MaxPages; number++)
        {
            var page = await gateway.ListWebhooksAsync(account, new ListQuery(number, PageSize), cancellation);
            if (page.Items.FirstOrDefault(webhook => endpoint.IsItsUrl(webhook.Uri)) is { Id: { } own }) return own;
            if (page.Items.Count < PageSize) return null;
        }

        return null;
    }
}
