using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Transformers;
using EightByEight.Connector.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Endpoint = EightByEight.Connector.Endpoints.Endpoint;

namespace EightByEight.Connector.Injection;

/// <summary>
/// <c>POST /inject/{urlToken}</c>, <c>/notify/{urlToken}</c> and <c>/callbacks/{urlToken}</c>: checks, stores among the conversation's other work, wakes, answers 202.
/// Whether it may be delivered is checked here, for the caller, and once more when it is its turn.
/// </summary>
internal sealed partial class OutsideHandler(
    EndpointDirectory endpoints, RequestKeys keys, TransformerRoom transformers, ConversationStore store, TurnRunner turns, Inbox inbox,
    TimeProvider time, ILogger<OutsideHandler> logger)
{
    public Task InjectAsync(HttpContext context) => AnswerAsync(context, StoredEvent.Injected);

    public Task NotifyAsync(HttpContext context) => AnswerAsync(context, StoredEvent.Notified);

    /// <summary>What a virtual agent says later: it comes to the step that waits for it, in its place among the conversation's work.</summary>
    public Task CallbackAsync(HttpContext context) => AnswerAsync(context, StoredEvent.Injected, isCallback: true);

    private async Task AnswerAsync(HttpContext context, string type, bool isCallback = false)
    {
        Refusal? refusal;
        try
        {
            refusal = await AcceptAsync(context, type, isCallback);
        }
        catch (Exception failed) when (Refusal.IsStorageFailure(failed, context.RequestAborted))
        {
            Log.Failed(logger, failed);
            refusal = Refusal.TryAgain("It could not be stored. Send it again.");
        }

        if (refusal is null) return;
        Log.Refused(logger, type, refusal.Status, refusal.Title);
        await refusal.WriteAsync(context.Response, context.RequestAborted);
    }

    private async Task<Refusal?> AcceptAsync(HttpContext context, string type, bool isCallback)
    {
        var (request, cancellation) = (context.Request, context.RequestAborted);
        var endpoint = await endpoints.FindByTokenAsync((string?)request.RouteValues["urlToken"] ?? "", cancellation);
        if (endpoint is not { Settings.Enabled: true })
            return new(404, "No such Endpoint", "There is no enabled Endpoint with this URL token.");
        if (await WebhookBody.ReadAsync(request, cancellation) is not { } bytes) return Refusal.TooLarge;
        var isKnown = await keys.HasKeyAsync(request, endpoint, EndpointSecrets.InjectKey, cancellation)
            || await keys.IsSignedAsync(request, endpoint, bytes, cancellation);
        if (!isKnown && !(endpoint.Settings.Inject.LeaveToTransformer && !isCallback && Transforms(endpoint, type))) return NotAllowed;
        HandlerAnswer? answer = null;
        string? about = null;
        if (isCallback) bytes = Callback.ToInjection(bytes);
        else if (Transforms(endpoint, type))
        {
            var made = await TransformedAsync(request, endpoint, bytes, type, cancellation);
            // A handler that is missing or failed has let nobody in.
            if (!isKnown && (made.HasFailed || made is { Stops: false, IsTransformed: false })) return NotAllowed;
            (answer, about) = (made.Answer, made.About);
            if (made.Stops)
            {
                if (made.HasFailed && answer is null)
                    return new(500, "The handler failed", "Nothing was delivered: the Endpoint's transformer failed, and its log says why. Mend it, and send this again.");
                await (answer ?? HandlerAnswer.Empty).WriteAsync(context.Response, cancellation);
                return null;
            }

            bytes = Merged(bytes, made);
        }

        var refusal = Read(bytes, type, isCallback, out var fault) is { } message
            ? await DeliverAsync(context, endpoint, message, bytes, type, isAnswered: answer is not null)
            : new(400, "Bad body", fault!);
        if (answer is null) return refusal;
        if (refusal is not null) await transformers.RefusedAsync(endpoint, HandlerOf(type), refusal, about, cancellation);
        await answer.WriteAsync(context.Response, cancellation);
        return null;
    }

    private static Refusal NotAllowed { get; } = new(401, "Not allowed",
        "Send Authorization: Bearer with the Endpoint's inject.key, or sign as Standard Webhooks with inject.signingSecret.");

    private static string HandlerOf(string type) => type == StoredEvent.Notified ? "handleNotify" : "handleInject";

    private static bool Transforms(Endpoint endpoint, string type) => endpoint.Settings.Transformers is { Source.Length: > 0 } settings
        && (type == StoredEvent.Notified ? settings.Notify : settings.Inject);

    private Task<Transformed> TransformedAsync(
        HttpRequest request, Endpoint endpoint, byte[] bytes, string type, CancellationToken cancellation)
    {
        // Not the real path: that holds the URL token.
        var path = "/" + type[1..];
        var seen = new JsonObject
        {
            ["method"] = request.Method,
            ["url"] = path,
            ["originalUrl"] = path,
            ["path"] = path,
            ["query"] = new JsonObject(request.Query.Select(q => KeyValuePair.Create(q.Key, (JsonNode?)q.Value.ToString()))),
            ["params"] = new JsonObject(),
            ["headers"] = new JsonObject(request.Headers.Where(h => endpoint.Settings.Inject.LeaveToTransformer || !h.Key.Equals("Authorization", StringComparison.OrdinalIgnoreCase))
                .Select(h => KeyValuePair.Create(h.Key.ToLowerInvariant(), (JsonNode?)h.Value.ToString()))),
            ["body"] = Json(bytes) ?? Encoding.UTF8.GetString(bytes),
        };
        return type == StoredEvent.Notified
            ? transformers.NotifyAsync(endpoint, seen, cancellation) : transformers.InjectAsync(endpoint, seen, cancellation);
    }

    private static JsonNode? Json(byte[] bytes)
    {
        try
        {
            return JsonNode.Parse(bytes);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What the transformer returned stands in place of the body's members of that name.</summary>
    private static byte[] Merged(byte[] bytes, Transformed made)
    {
        if (!made.IsTransformed) return bytes;
        var body = Json(bytes) as JsonObject ?? [];
        if (made.SessionId is { } session) body["sessionId"] = session;
        if (made.Text is { } text) body["text"] = text;
        if (made.Data is { } data) body["data"] = data;
        if (made.Attachments is { } attachments) body["attachments"] = attachments;
        return Encoding.UTF8.GetBytes(body.ToJsonString());
    }

    private static OutsideMessage? Read(byte[] bytes, string type, bool isCallback, out string? fault)
    {
        try
        {
            return OutsideMessage.Read(JsonElement.Parse(bytes), type == StoredEvent.Notified, out fault, isCallback);
        }
        catch (JsonException wrong)
        {
            fault = $"The body is not JSON: line {wrong.LineNumber + 1}, byte {wrong.BytePositionInLine + 1}.";
        }
        catch (InvalidOperationException)
        {
            fault = "The body is not JSON: a string is not Unicode text.";
        }

        return null;
    }

    private async Task<Refusal?> DeliverAsync(
        HttpContext context, Endpoint endpoint, OutsideMessage message, byte[] bytes, string type, bool isAnswered)
    {
        var cancellation = context.RequestAborted;
        if (await FindAsync(endpoint.Id, message, cancellation) is not var (key, snapshot))
            return new(404, "No such conversation", "The Endpoint knows no conversation with this sessionId or conversationId.");
        var conversation = snapshot.Head!.ConversationId;
        var id = EventId(context.Request, type);
        if (!await inbox.KnowsAsync(key, id, cancellation)
            && turns.FaultIn(message, time.GetUtcNow().ToUnixTimeMilliseconds(), snapshot.State.WithSessionOf(message, conversation), false,
                endpoint.Settings) is { } undeliverable)
            return new(409, "Cannot be delivered", undeliverable);
        var isNew = await inbox.AddAsync(key, conversation, type, id, bytes, message.PastAgent, cancellation);
        Log.Accepted(logger, isNew ? "accepted" : "duplicate", type, endpoint.Id, conversation, id);
        if (isAnswered) return null;
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("conversationId", conversation);
        json.WriteEndObject();
        await json.FlushAsync(cancellation);
        return null;
    }

    /// <summary>The conversation that is named, or the one whose session is: a session's id is the conversation's, with a number or without.</summary>
    private async Task<(ConversationKey Key, Snapshot Snapshot)?> FindAsync(
        string endpointId, OutsideMessage message, CancellationToken cancellation)
    {
        if (message.ConversationId is not { } conversation)
            return await store.NamedAsync(endpointId, message.SessionId!, cancellation) is var (named, found) ? (ConversationKey.Of(endpointId, named), found) : null;
        var key = ConversationKey.Of(endpointId, conversation);
        var snapshot = await store.ReadAsync(key, cancellation);
        return snapshot.Head is null ? null : (key, snapshot);
    }

    /// <summary>What the caller calls it, so that a repetition is one; else a new one.</summary>
    private static string EventId(HttpRequest request, string type)
    {
        var given = request.Headers["Idempotency-Key"].ToString() is { Length: > 0 } key ? key : request.Headers["webhook-id"].ToString();
        var id = given.Length > 0 ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(given)))[..32] : Guid.NewGuid().ToString("n");
        return $"{type[1..]}-{id}";
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "{Type} {Outcome}: {EndpointId} {ConversationId}, {Id}.")]
        public static partial void Accepted(ILogger logger, string outcome, string type, string endpointId, string conversationId, string id);

        [LoggerMessage(2, LogLevel.Warning, "{Type} refused with {Status}: {Reason}.")]
        public static partial void Refused(ILogger logger, string type, int status, string reason);

        [LoggerMessage(3, LogLevel.Error, "Inject or notify answered 503: storage or a secret cannot be read.")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
