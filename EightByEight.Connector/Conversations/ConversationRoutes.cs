using System.Text.Json.Serialization;
using EightByEight.Connector.Admin;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Conversations;

/// <summary>The operator's routes: conversations and parked work. They are mapped into the authenticated admin API.</summary>
internal static class ConversationRoutes
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/endpoints/{id}/conversations", (Delegate)ListAsync).WithTags("Conversations")
            .WithSummary("Conversations of an Endpoint that were active on a day (?day=yyyyMMdd, UTC; default today).")
            .Produces<AdminList<string>>();
        api.MapGet("/endpoints/{id}/conversations/{conversationId}", (Delegate)FindAsync).WithTags("Conversations")
            .WithSummary("State and transcript of a conversation.")
            .Produces<ConversationView>();
        api.MapPost("/endpoints/{id}/conversations/{conversationId}/reset", (Delegate)ResetAsync).WithTags("Conversations")
            .WithSummary("Ends the running session: the next input starts a new one at the start of the Flow.")
            .Produces(StatusCodes.Status202Accepted);
        api.MapGet("/parked", (Delegate)ListParkedAsync).WithTags("Parked work")
            .WithSummary("Work set aside after repeated failure, oldest first (?endpoint=id: of one Endpoint).")
            .Produces<AdminList<ParkedItem>>();
        api.MapPost("/parked/{id}/retry", (Delegate)RetryAsync).WithTags("Parked work")
            .WithSummary("Puts a parked item back as the newest work of its conversation.")
            .Produces(StatusCodes.Status202Accepted);
        api.MapDelete("/parked/{id}", (Delegate)DiscardAsync).WithTags("Parked work")
            .WithSummary("Deletes a parked item for good.")
            .Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> ListAsync(HttpContext http)
    {
        var (limit, after) = http.Request.Paging();
        var day = http.Request.Query["day"].ToString();
        if (day.Length > 0 && !DateOnly.TryParseExact(day, "yyyyMMdd", out _))
            throw new AdminException(400, "Bad day", "day must be a date such as 20260131.");
        var (items, next) = await Service<Transcripts>(http).ListAsync(
            Route(http, "id"), day.Length == 0 ? null : day, limit, after, http.RequestAborted);
        return AdminRequest.Answer(new AdminList<string>(items, next), ConversationRoutesJson.Default.AdminListString);
    }

    private static async Task<IResult> FindAsync(HttpContext http) =>
        await Service<Transcripts>(http).FindAsync(Route(http, "id"), Route(http, "conversationId"), http.RequestAborted) is { } found
            ? AdminRequest.Answer(found, ConversationRoutesJson.Default.ConversationView)
            : throw AdminException.NotFound("conversation", Route(http, "conversationId"));

    /// <summary>In the order of the conversation's other work: a turn that runs, and what it says, come first.</summary>
    private static async Task<IResult> ResetAsync(HttpContext http)
    {
        var (endpoint, conversation) = (Route(http, "id"), Route(http, "conversationId"));
        var key = ConversationKey.Of(endpoint, conversation);
        if ((await Service<ConversationStore>(http).ReadAsync(key, http.RequestAborted)).Head is null)
            throw AdminException.NotFound("conversation", conversation);
        await Service<Inbox>(http).AddAsync(
            key, conversation, StoredEvent.Reset, $"reset-{Guid.NewGuid():n}", "{}"u8.ToArray(), false, http.RequestAborted);
        await Service<AuditTrail>(http).AddAsync(http, "conversation.reset", $"{endpoint}/{conversation}", []);
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> ListParkedAsync(HttpContext http)
    {
        var (limit, after) = http.Request.Paging();
        var endpoint = http.Request.Query["endpoint"].ToString();
        var (items, next) = await Service<ParkedWork>(http).ListAsync(
            endpoint.Length == 0 ? null : endpoint, limit, after, http.RequestAborted);
        return AdminRequest.Answer(new AdminList<ParkedItem>(items, next), ConversationRoutesJson.Default.AdminListParkedItem);
    }

    private static async Task<IResult> RetryAsync(HttpContext http)
    {
        var id = Route(http, "id");
        if (!await Service<ParkedWork>(http).RetryAsync(id, http.RequestAborted)) throw AdminException.NotFound("parked item", id);
        await Service<AuditTrail>(http).AddAsync(http, "parked.retry", id, []);
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> DiscardAsync(HttpContext http)
    {
        var id = Route(http, "id");
        if (!await Service<ParkedWork>(http).DiscardAsync(id, http.RequestAborted)) throw AdminException.NotFound("parked item", id);
        await Service<AuditTrail>(http).AddAsync(http, "parked.discard", id, []);
        return TypedResults.NoContent();
    }

    /// <summary>Servers decode a path but for its encoded slashes, and an id of 8x8 may hold one.</summary>
    private static string Route(HttpContext http, string name) =>
        ((string)http.Request.RouteValues[name]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static T Service<T>(HttpContext http) where T : notnull => http.RequestServices.GetRequiredService<T>();
}

/// <summary>JSON of the operator's routes.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(AdminList<string>))]
[JsonSerializable(typeof(AdminList<ParkedItem>))]
[JsonSerializable(typeof(ConversationView))]
internal sealed partial class ConversationRoutesJson : JsonSerializerContext;
