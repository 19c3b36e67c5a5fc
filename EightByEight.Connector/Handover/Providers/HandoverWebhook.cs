using System.Diagnostics;
using System.Text.Json;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// Acknowledges 8x8's events for all handover providers. The tenant comes from the signed header and finds the providers whose
/// server's key may have signed; the conversation finds the handover. Nothing is called before the answer but for a missing signing key.
/// </summary>
internal sealed partial class HandoverWebhook(
    ProviderStore providers, SignatureCheck signatures, [FromKeyedServices(Inbox.Acknowledge)] HandoverInbox inbox,
    ILogger<HandoverWebhook> logger)
{
    /// <summary>Where 8x8 posts to.</summary>
    public const string Path = "/handover/eightByEight";

    /// <summary>Answers one webhook request; the status table is the one of Endpoint URLs.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        Refusal? refusal;
        try
        {
            refusal = await AcceptAsync(context.Request, context.RequestAborted);
        }
        catch (Exception failed) when (Refusal.IsStorageFailure(failed, context.RequestAborted))
        {
            Log.StorageFailed(logger, failed);
            refusal = Refusal.TryAgain("The event could not be stored. Send it again.");
        }

        if (refusal is null)
        {
            context.Response.StatusCode = StatusCodes.Status200OK;
            context.Response.ContentLength = 0;
            return;
        }

        Telemetry.Refused.Add(1, new KeyValuePair<string, object?>("status", refusal.Status));
        Log.Refused(logger, refusal.Status, refusal.Detail, context.Request.Headers["x-8x8-event-id"]);
        await refusal.WriteAsync(context.Response, context.RequestAborted);
    }

    /// <returns>Null when the event is accepted.</returns>
    private async Task<Refusal?> AcceptAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (await WebhookBody.ReadAsync(request, cancellation) is not { } body) return Refusal.TooLarge;
        var notEvent = WebhookEvent.TryRead(body, out var read);
        if (notEvent is null && read.IsVerify) return null;
        string? tenant = request.Headers["x-8x8-tenant-id"];
        if (await CheckAsync(request.Headers, body, tenant, cancellation) is { } unsigned) return unsigned;
        if (notEvent is not null) return new(400, "Not an event", notEvent);
        string eventId = request.Headers["x-8x8-event-id"]!;
        if (IsOfNoUse(read, body))
        {
            Log.Accepted(logger, "ignored", read.EventType, read.ConversationId!, eventId);
            return null;
        }

        using var activity = Telemetry.Activities.StartActivity("handover webhook", ActivityKind.Server);
        activity?.SetTag("eightbyeight.conversation.id", read.ConversationId);
        activity?.SetTag("eightbyeight.event.id", eventId);
        activity?.SetTag("eightbyeight.event.type", read.EventType);
        var accepted = await inbox.AddEventAsync(tenant!, eventId, read, body, cancellation);
        var outcome = accepted is not var (_, isNew) ? "of no handover" : isNew ? "accepted" : "duplicate";
        Log.Accepted(logger, outcome, read.EventType, read.ConversationId!, eventId);
        return null;
    }

    /// <summary>One of the tenant's providers has to name the server whose key signed.</summary>
    private async Task<Refusal?> CheckAsync(IHeaderDictionary headers, byte[] body, string? tenant, CancellationToken cancellation)
    {
        if (WebhookSignature.TryRead(headers, body, out _) is { } wrong) return Refusal.Signature(wrong);
        if (await providers.OfTenantAsync(tenant!, cancellation) is not { } all)
            return Refusal.Signature("The event is of a tenant that no handover provider has.");
        Refusal? refusal = null;
        foreach (var server in all.Select(provider => provider.Settings.BaseUrl).Distinct())
        {
            var settings = new EightByEightSettings { BaseUrl = server, TenantId = tenant };
            if (await signatures.CheckAsync(headers, body, settings, cancellation) is not { } refused) return null;
            // One that may be right later says more than one that is wrong.
            if (refusal is null || refused.Status == StatusCodes.Status503ServiceUnavailable) refusal = refused;
        }

        return refusal;
    }

    /// <summary>What the customer or a bot wrote comes back from 8x8, and nobody shows read receipts.</summary>
    private static bool IsOfNoUse(WebhookEvent read, byte[] body)
    {
        if (read.EventType is not ("MESSAGE" or "ACTIVITY")) return false;
        using var json = JsonDocument.Parse(body);
        return read.EventType == "MESSAGE"
            ? Speaker.Of(json.RootElement) != Speaker.Agent
            : json.RootElement.Member("data").Text("name") != "typing";
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Event for handovers {Outcome}: {EventType} of {ConversationId}, event {EventId}.")]
        public static partial void Accepted(ILogger logger, string outcome, string eventType, string conversationId, string eventId);

        [LoggerMessage(2, LogLevel.Warning, "Webhook of handovers refused with {Status}: {Reason} Event {EventId}.")]
        public static partial void Refused(ILogger logger, int status, string reason, string? eventId);

        [LoggerMessage(3, LogLevel.Error, "Webhook of handovers answered 503: storage did not take the event.")]
        public static partial void StorageFailed(ILogger logger, Exception exception);
    }
}
