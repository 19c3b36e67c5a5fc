using System.Diagnostics;
using System.Security.Cryptography;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Endpoint = EightByEight.Connector.Endpoints.Endpoint;

namespace EightByEight.Connector.Webhooks;

/// <summary>
/// Acknowledges webhook events: checks, stores, wakes, answers. Nothing else happens before the answer: no Flow, no decryption,
/// no call to 8x8 but for a missing signing key.
/// </summary>
public sealed partial class WebhookHandler(
    EndpointDirectory endpoints, SignatureCheck signatures, Inbox inbox, ILogger<WebhookHandler> logger)
{
    /// <summary>The largest body that is accepted: 1 MiB.</summary>
    public const int MaxBody = 1024 * 1024;

    /// <summary>Answers one webhook request; see the status table in the public contract.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var refusal = await AcceptAsync(context);
        if (refusal is null)
        {
            context.Response.StatusCode = StatusCodes.Status200OK;
            context.Response.ContentLength = 0;
            return;
        }

        await refusal.WriteAsync(context.Response, context.RequestAborted);
    }

    /// <returns>Null when the event is accepted.</returns>
    private async ValueTask<Refusal?> AcceptAsync(HttpContext context)
    {
        var request = context.Request;
        var cancellation = context.RequestAborted;
        Endpoint? endpoint;
        try
        {
            endpoint = await endpoints.FindByTokenAsync((string?)request.RouteValues["urlToken"] ?? "", cancellation);
        }
        catch (Exception failed) when (Refusal.IsStorageFailure(failed, cancellation))
        {
            Log.StorageFailed(logger, failed);
            return Refusal.TryAgain("The event could not be stored. Send it again.");
        }

        if (endpoint is not { Settings.Enabled: true })
            return Refuse(new(404, "No such Endpoint", "There is no enabled Endpoint with this URL. Copy the Endpoint URL anew."), endpoint, null);
        if (await WebhookBody.ReadAsync(request, cancellation) is not { } body) return Refuse(Refusal.TooLarge, endpoint, null);

        var notEvent = WebhookEvent.TryRead(body, out var read);
        if (notEvent is null && read.IsVerify) return null;

        var eventId = (string?)request.Headers["x-8x8-event-id"];
        if (endpoint.Settings.EightByEight.VerifySignatures
            && await signatures.CheckAsync(request.Headers, body, endpoint.Settings.EightByEight, cancellation) is { } unsigned)
            return Refuse(unsigned, endpoint, eventId);
        if (notEvent is not null) return Refuse(new(400, "Not an event", notEvent), endpoint, eventId);

        // Without a signature there may be no id; a redelivery has the same bytes, so they name it.
        if (string.IsNullOrEmpty(eventId)) eventId = "sha256-" + Convert.ToHexStringLower(SHA256.HashData(body));
        return await StoreAsync(endpoint, eventId, read, body, cancellation);
    }

    private async ValueTask<Refusal?> StoreAsync(
        Endpoint endpoint, string eventId, WebhookEvent read, byte[] body, CancellationToken cancellation)
    {
        using var activity = Telemetry.Activities.StartActivity("webhook", ActivityKind.Server);
        activity?.SetTag("eightbyeight.endpoint.id", endpoint.Id);
        activity?.SetTag("eightbyeight.conversation.id", read.ConversationId);
        activity?.SetTag("eightbyeight.event.id", eventId);
        activity?.SetTag("eightbyeight.event.type", read.EventType);
        try
        {
            var isNew = await inbox.AddAsync(
                endpoint.Id, eventId, read, body, cancellation, isShown: endpoint.Settings.Transformers is { Input: true, Source.Length: > 0 });
            Log.Accepted(logger, isNew ? "accepted" : "duplicate", read.EventType, endpoint.Id, read.ConversationId!, eventId);
            return null;
        }
        catch (Exception failed) when (Refusal.IsStorageFailure(failed, cancellation))
        {
            activity?.SetStatus(ActivityStatusCode.Error);
            Log.StorageFailed(logger, failed);
            return Refusal.TryAgain("The event could not be stored. Send it again.");
        }
    }

    private Refusal Refuse(Refusal refusal, Endpoint? endpoint, string? eventId)
    {
        Telemetry.Refused.Add(1, new KeyValuePair<string, object?>("status", refusal.Status));
        Log.Refused(logger, refusal.Status, refusal.Detail, endpoint?.Id, eventId);
        return refusal;
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Event {Outcome}: {EventType} of {EndpointId} {ConversationId}, event {EventId}.")]
        public static partial void Accepted(
            ILogger logger, string outcome, string eventType, string endpointId, string conversationId, string eventId);

        [LoggerMessage(2, LogLevel.Warning, "Webhook refused with {Status}: {Reason} Endpoint {EndpointId}, event {EventId}.")]
        public static partial void Refused(ILogger logger, int status, string reason, string? endpointId, string? eventId);

        [LoggerMessage(3, LogLevel.Error, "Webhook answered 503: storage did not take the event.")]
        public static partial void StorageFailed(ILogger logger, Exception exception);
    }
}
