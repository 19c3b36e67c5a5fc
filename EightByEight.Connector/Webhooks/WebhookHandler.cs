using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Azure;
using Azure.Identity;
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
    EndpointDirectory endpoints, SigningKeys keys, Inbox inbox, TimeProvider time, ILogger<WebhookHandler> logger)
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
        catch (Exception failed) when (IsStorageFailure(failed, cancellation))
        {
            Log.StorageFailed(logger, failed);
            return Refusal.TryAgain("The event could not be stored. Send it again.");
        }

        if (endpoint is not { Settings.Enabled: true })
            return Refuse(new(404, "No such Endpoint", "There is no enabled Endpoint with this URL. Copy the Endpoint URL anew."), endpoint, null);
        if (await ReadBodyAsync(request, cancellation) is not { } body)
            return Refuse(new(413, "Too large", "The body is over 1 MiB."), endpoint, null);

        var notEvent = WebhookEvent.TryRead(body, out var read);
        if (notEvent is null && read.IsVerify) return null;

        var eventId = (string?)request.Headers["x-8x8-event-id"];
        if (endpoint.Settings.EightByEight.VerifySignatures
            && await CheckSignatureAsync(request.Headers, body, endpoint.Settings.EightByEight, cancellation) is { } unsigned)
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
            var isNew = await inbox.AddAsync(endpoint.Id, eventId, read, body, cancellation);
            Log.Accepted(logger, isNew ? "accepted" : "duplicate", read.EventType, endpoint.Id, read.ConversationId!, eventId);
            return null;
        }
        catch (Exception failed) when (IsStorageFailure(failed, cancellation))
        {
            activity?.SetStatus(ActivityStatusCode.Error);
            Log.StorageFailed(logger, failed);
            return Refusal.TryAgain("The event could not be stored. Send it again.");
        }
    }

    private async ValueTask<Refusal?> CheckSignatureAsync(
        IHeaderDictionary headers, byte[] body, EightByEightSettings settings, CancellationToken cancellation)
    {
        if (WebhookSignature.TryRead(headers, body, out var signature) is { } wrong) return Refusal.Signature(wrong);
        if (settings.TenantId is { Length: > 0 } tenant && !string.Equals(tenant, headers["x-8x8-tenant-id"], StringComparison.Ordinal))
            return Refusal.Signature("The event is of another tenant than the Endpoint's eightByEight.tenantId.");
        var age = time.GetUtcNow().ToUnixTimeMilliseconds() - signature.TransmissionTime;
        if (Math.Abs((double)age) > settings.FreshnessSeconds * 1000d)
            return Refusal.Signature($"x-8x8-transmission-time is more than {settings.FreshnessSeconds} s from now.");
        try
        {
            return await keys.VerifyAsync(settings.BaseUrl, settings.TenantId, signature, cancellation)
                ? null
                : Refusal.Signature("x-8x8-signature does not match, or its key is not 8x8's.");
        }
        catch (SigningKeyUnavailableException unavailable)
        {
            Log.KeyUnavailable(logger, signature.KeyId, unavailable);
            return Refusal.TryAgain("8x8's signing key cannot be fetched now. Send the event again.");
        }
    }

    private Refusal Refuse(Refusal refusal, Endpoint? endpoint, string? eventId)
    {
        Telemetry.Refused.Add(1, new KeyValuePair<string, object?>("status", refusal.Status));
        Log.Refused(logger, refusal.Status, refusal.Detail, endpoint?.Id, eventId);
        return refusal;
    }

    /// <returns>The body; null when it is too large.</returns>
    private static async ValueTask<byte[]?> ReadBodyAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength is { } length)
        {
            if (length > MaxBody) return null;
            var body = new byte[length];
            await request.Body.ReadExactlyAsync(body, cancellation);
            return body;
        }

        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        while (await request.Body.ReadAsync(chunk, cancellation) is var read and > 0)
        {
            if (buffer.Length + read > MaxBody) return null;
            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    private static bool IsStorageFailure(Exception exception, CancellationToken cancellation) =>
        exception is RequestFailedException or AuthenticationFailedException or AggregateException or IOException or HttpRequestException
        || (exception is OperationCanceledException && !cancellation.IsCancellationRequested);

    /// <summary>Why a request was not accepted. 8x8 shows it in its Event Log: short, and nothing secret.</summary>
    private sealed record Refusal(int Status, string Title, string Detail)
    {
        public static Refusal Signature(string detail) => new(401, "Signature refused", detail);

        public static Refusal TryAgain(string detail) => new(503, "Try again", detail);

        public async Task WriteAsync(HttpResponse response, CancellationToken cancellation)
        {
            response.StatusCode = Status;
            response.ContentType = "application/problem+json";
            if (Status == StatusCodes.Status503ServiceUnavailable) response.Headers.RetryAfter = "2";
            await using var json = new Utf8JsonWriter(response.BodyWriter);
            json.WriteStartObject();
            json.WriteString("type", "about:blank");
            json.WriteString("title", Title);
            json.WriteNumber("status", Status);
            json.WriteString("detail", Detail);
            json.WriteEndObject();
            await json.FlushAsync(cancellation);
        }
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

        [LoggerMessage(4, LogLevel.Error, "Webhook answered 503: the signing key {KeyId} cannot be fetched.")]
        public static partial void KeyUnavailable(ILogger logger, string keyId, Exception exception);
    }
}
