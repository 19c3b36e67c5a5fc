using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using EightByEight.Connector.Admin;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Translation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Handover.Providers;

/// <summary><c>/api/handovers</c>, for the bot of a handover provider.</summary>
internal sealed partial class HandoverRoutes(
    Desk desk, HandoverStream stream, RequestHashes hashes, TimeProvider time, ILogger<HandoverRoutes> logger)
{
    private const int MostKey = 255;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/handovers").WithTags("Handovers");
        group.AddEndpointFilter((invocation, next) =>
            invocation.HttpContext.RequestServices.GetRequiredService<BotGate>().PassAsync(invocation, next));
        group.Refuses(401, 503);
        group.MapPost("", (Delegate)((HttpContext http) => Of(http).BeginAsync(http)))
            .WithSummary("Hands a customer to 8x8's agents. Idempotent by the header Idempotency-Key, else by reference.")
            .Takes<HandoverBodyDescription>("application/json").Produces<HandoverResource>(201).Produces<HandoverResource>(200)
            .Produces<HandoverResource>(202).Refuses(400, 413, 422, 502);
        group.MapGet("/{id}", (HttpContext http, string id) => Of(http).GetAsync(http, id))
            .WithSummary("What a handover is up to.").Produces<HandoverResource>().Refuses(404);
        group.MapPost("/{id}/messages", (HttpContext http, string id) => Of(http).SayAsync(http, id))
            .WithSummary("Passes on what the customer wrote: in order, and once for each id.")
            .Takes<MessageBodyDescription>("application/json").Produces<MessageResource>(202).Refuses(400, 404, 409, 413, 422);
        group.MapPost("/{id}/typing", (HttpContext http, string id) => Of(http).TypeAsync(http, id))
            .WithSummary("Shows the agent that the customer is typing.").Produces(204).Refuses(404, 409, 502);
        group.MapPost("/{id}/end", (HttpContext http, string id) => Of(http).EndAsync(http, id))
            .WithSummary("The customer leaves, after all that was sent before.").Produces<HandoverResource>(202).Produces<HandoverResource>(200)
            .Refuses(404);
        group.MapGet("/{id}/events", (HttpContext http, string id) => Of(http).StreamAsync(http, id))
            .WithSummary("Server-sent events; Last-Event-ID resumes. 204 when it is over and everything was read.")
            .Produces<string>(200, "text/event-stream").Produces(204).Refuses(400, 404);
    }

    private static HandoverRoutes Of(HttpContext http) => http.RequestServices.GetRequiredService<HandoverRoutes>();

    private async Task<IResult> BeginAsync(HttpContext http)
    {
        var provider = BotGate.ProviderOf(http);
        var body = await http.Request.ReadJsonAsync();
        var key = http.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length > MostKey) throw new AdminException(400, "Bad Idempotency-Key", $"Idempotency-Key must have at most {MostKey} characters.");
        var name = key.Length > 0 ? "k " + key : body.Text("reference") is { } given ? "r " + given : null;
        var id = IdOf(provider.Id, name);
        var (reference, conversation) = HandoverBody.ReadHandover(body, id, provider.Settings);
        var said = HandoverBody.Plain(body);
        var wakeUp = await desk.Inbox.BeginAsync(new HandoverHead
        {
            Id = id,
            ProviderId = provider.Id,
            TenantId = provider.Settings.TenantId,
            ChannelId = conversation.ChannelId,
            QueueId = conversation.Assignment?.Id,
            Reference = reference,
            Language = body.Member("user").Text("language") is { } language && TranslationSettings.IsLanguage(language) ? language : null,
            RequestHash = await hashes.OfAsync(HandoverKey.Of(id), said, http.RequestAborted),
            CreatedAt = time.GetUtcNow().ToUnixTimeMilliseconds(),
        }, new CustomerKey(provider.Settings.TenantId, conversation.ChannelId, conversation.User.UserId is { Length: > 0 } user ? user : id).Id,
            conversation, http.RequestAborted);
        if (wakeUp is null) await RequireSameAsync(id, said, http.RequestAborted);
        var opened = await OpenedAsync(id, wakeUp, http.RequestAborted);
        http.Response.Headers.Location = $"/api/handovers/{id}";
        if (opened.Status == HandoverStatus.Failed)
            throw new AdminException(502, "Handover failed",
                $"8x8 did not take the customer: {opened.Reason} Mend it, then ask again with another key or reference.");
        return Answer(opened, opened.ConversationId is null ? 202 : wakeUp is null ? 200 : 201);
    }

    /// <summary>Works at once instead of waiting for the queue, whose backup takes over if this instance dies.</summary>
    private async Task<HandoverHead> OpenedAsync(string id, WakeUp? wakeUp, CancellationToken cancellation)
    {
        var since = time.GetTimestamp();
        if (wakeUp is not null)
            await WorkAsync(id, wakeUp).WaitAsync(desk.Options.OpenPatience, time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        while (true)
        {
            var head = (await desk.Inbox.FindAsync(id, cancellation))!;
            if (head.ConversationId is not null || head.HasEnded || time.GetElapsedTime(since) >= desk.Options.OpenPatience) return head;
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellation);
        }
    }

    /// <summary>Goes on when the bot hangs up: what was begun at 8x8 is finished.</summary>
    private async Task WorkAsync(string id, WakeUp wakeUp)
    {
        try
        {
            if (await desk.WorkAsync(HandoverKey.Of(id), wakeUp, CancellationToken.None) == RunEnd.Finished)
                await desk.WakeUps.DeleteBackupAsync(wakeUp, CancellationToken.None);
        }
        catch (Exception failed)
        {
            // The boundary of this work: whatever it was, the backup tries again.
            Log.LeftToBackup(logger, id, failed);
        }
    }

    private async Task RequireSameAsync(string id, string said, CancellationToken cancellation)
    {
        if (await desk.Inbox.FindAsync(id, cancellation) is { } head
            && !await hashes.IsOfAsync(HandoverKey.Of(id), head.RequestHash, said, cancellation))
            throw new AdminException(422, "Used before", "This Idempotency-Key or reference was used for another request. Take a new one.");
    }

    private async Task<IResult> GetAsync(HttpContext http, string id) => Answer(await FindAsync(http, id), 200);

    private async Task<IResult> SayAsync(HttpContext http, string id)
    {
        await FindAsync(http, id);
        var (messageId, text) = HandoverBody.ReadMessage(await http.Request.ReadJsonAsync());
        var accepted = await desk.Inbox.AddMessageAsync(id, messageId, text, http.RequestAborted);
        Refuse(accepted, id);
        return AdminRequest.Answer(
            new MessageResource(messageId, accepted == Acceptance.Known), HandoverRoutesJson.Default.MessageResource, 202);
    }

    private async Task<IResult> TypeAsync(HttpContext http, string id)
    {
        var head = await FindAsync(http, id);
        Refuse(head.HasEnded ? Acceptance.HasEnded : Acceptance.Accepted, id);
        if (head.ConversationId is not { } conversation) return TypedResults.NoContent();
        try
        {
            var account = await desk.Providers.AccountAsync(BotGate.ProviderOf(http), http.RequestAborted);
            await desk.Gateway.SendTypingAsync(account, conversation, AuthorTypes.User, http.RequestAborted);
            return TypedResults.NoContent();
        }
        catch (ChatGatewayException failed)
        {
            throw new AdminException(502, "8x8 did not take it", failed.Message);
        }
    }

    private async Task<IResult> EndAsync(HttpContext http, string id)
    {
        var head = await FindAsync(http, id);
        if (head.HasEnded) return Answer(head, 200);
        var accepted = await desk.Inbox.AddLeaveAsync(id, http.RequestAborted);
        if (accepted == Acceptance.NoHandover) throw NotFound(id);
        return Answer(head, 202);
    }

    private async Task<IResult> StreamAsync(HttpContext http, string id)
    {
        var head = await FindAsync(http, id);
        var after = http.Request.Headers["Last-Event-ID"].ToString();
        if (after.Length == 0) after = http.Request.Query["after"].ToString();
        if (!long.TryParse(after.Length == 0 ? "0" : after, out var number) || number < 0)
            throw new AdminException(400, "Bad Last-Event-ID", "Last-Event-ID must be the number of the last event that was read.");
        // What still waits is given back, which is told after the end.
        if (head.HasEnded && number >= head.Events && !await desk.Inbox.HasWorkAsync(id, http.RequestAborted)
            && number >= (await FindAsync(http, id)).Events)
            return TypedResults.NoContent();
        await stream.WriteAsync(http, id, number, head.HasEnded);
        return Results.Empty;
    }

    /// <summary>Another provider's handovers do not exist for this bot.</summary>
    private async Task<HandoverHead> FindAsync(HttpContext http, string id) =>
        await desk.Inbox.FindAsync(id, http.RequestAborted) is { } head && head.ProviderId == BotGate.ProviderOf(http).Id ? head : throw NotFound(id);

    private static void Refuse(Acceptance acceptance, string id)
    {
        switch (acceptance)
        {
            case Acceptance.NoHandover: throw NotFound(id);
            case Acceptance.HasEnded:
                throw new AdminException(409, "Handover ended", "The handover has ended: nothing reaches an agent any more. Begin another one.");
            case Acceptance.Differs:
                throw new AdminException(422, "Used before", "This message id was used for another text. Take a new id for each message.");
        }
    }

    private static IResult Answer(HandoverHead head, int status) => AdminRequest.Answer(new HandoverResource(
        head.Id, head.Reference, head.Status, head.ConversationId, head.ChannelId, head.QueueId, head.QueueName, head.AgentId, head.Events,
        DateTimeOffset.FromUnixTimeMilliseconds(head.CreatedAt),
        head.EndedAt is { } ended ? DateTimeOffset.FromUnixTimeMilliseconds(ended) : null, head.Reason, head.LastError),
        HandoverRoutesJson.Default.HandoverResource, status);

    /// <summary>The same for the same key, so that storage itself refuses a second handover.</summary>
    private static string IdOf(string providerId, string? name) => "ho" + (name is null
        ? RandomNumberGenerator.GetHexString(32, lowercase: true)
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{providerId} {name}")))[..32]);

    private static AdminException NotFound(string id) => AdminException.NotFound("handover", id);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "Opening handover {HandoverId} failed here; its backup wake-up tries again.")]
        public static partial void LeftToBackup(ILogger logger, string handoverId, Exception exception);
    }
}

/// <summary>A handover as its bot sees it.</summary>
/// <param name="LastEvent">The number of the newest event.</param>
/// <param name="Reason">Why it failed, or who ended it.</param>
internal sealed record HandoverResource(
    string Id, string? Reference, string Status, string? ConversationId, string ChannelId, string? QueueId, string? QueueName, string? AgentId,
    long LastEvent, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt, string? Reason, string? LastError);

/// <summary>A message that was accepted.</summary>
/// <param name="Duplicate">Whether it had been accepted before.</param>
internal sealed record MessageResource(string Id, bool Duplicate);

/// <summary>What a body may hold; described only, read by <see cref="HandoverBody"/>.</summary>
internal sealed record HandoverBodyDescription(
    string? Reference, string? ChannelId, string? QueueId, UserDescription? User, JsonElement? Properties,
    IReadOnlyList<HistoryDescription>? History);

/// <inheritdoc cref="HandoverBodyDescription"/>
internal sealed record UserDescription(
    string? Name, string? UserId, string? Email, string? Phone, string? Company, string? CaseId, string? Language, string? CustomerId,
    string? Ipaddress, int? TimezoneOffset, IReadOnlyList<PropertyDescription>? AdditionalProperties);

/// <inheritdoc cref="HandoverBodyDescription"/>
internal sealed record PropertyDescription(string Key, JsonElement? Value);

/// <inheritdoc cref="HandoverBodyDescription"/>
internal sealed record HistoryDescription(string Author, string? Text, IReadOnlyList<AttachmentDescription>? Attachments);

/// <inheritdoc cref="HandoverBodyDescription"/>
internal sealed record MessageBodyDescription(string Id, string? Text, IReadOnlyList<AttachmentDescription>? Attachments);

/// <inheritdoc cref="HandoverBodyDescription"/>
internal sealed record AttachmentDescription(string Url, string? Name);

/// <summary>JSON of these routes.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HandoverResource))]
[JsonSerializable(typeof(MessageResource))]
[JsonSerializable(typeof(HandoverBodyDescription))]
[JsonSerializable(typeof(MessageBodyDescription))]
internal sealed partial class HandoverRoutesJson : JsonSerializerContext;
