using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector.Admin;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Endpoint = EightByEight.Connector.Endpoints.Endpoint;

namespace EightByEight.Connector.Transformers;

/// <summary><c>GET</c> on the Endpoint URL, and the test of transformers in the admin API.</summary>
internal sealed partial class TransformerRoutes(
    EndpointDirectory endpoints, EndpointStore store, TransformerRoom room, ConversationStore conversations, ConnectorStorage storage, Inbox inbox,
    ILogger<TransformerRoutes> logger)
{
    /// <summary>The event type of an input that a transformer made of a <c>GET</c>.</summary>
    public const string Input = "$input";

    public static void Map(IEndpointRouteBuilder routes, RouteGroupBuilder api)
    {
        TransformerRoutes Own() => (TransformerRoutes)routes.ServiceProvider.GetService(typeof(TransformerRoutes))!;
        routes.MapGet("/webhooks/{urlToken}", (HttpContext http) => Own().GetAsync(http)).ExcludeFromDescription();
        api.MapPost("/endpoints/{id}/transformers/test", (HttpContext http, string id) => Own().TestAsync(http, id)).WithTags("Endpoints")
            .WithSummary("Runs a transformer's handler on a given or recorded event: what it returns, says and asks for. Nothing else comes of it.")
            .Takes<JsonObject>("application/json").Produces<JsonObject>().Refuses(400, 404, 409, 413);
    }

    private async Task GetAsync(HttpContext http)
    {
        Refusal? refusal;
        try
        {
            refusal = await AnswerAsync(http);
        }
        catch (Exception failed) when (Refusal.IsStorageFailure(failed, http.RequestAborted))
        {
            Log.Failed(logger, failed);
            refusal = Refusal.TryAgain("Storage cannot be reached. Send it again.");
        }

        if (refusal is not null) await refusal.WriteAsync(http.Response, http.RequestAborted);
    }

    /// <summary>Shows the request to <c>handleInput</c>, whose <c>response</c> is the answer. A value makes a turn of its conversation.</summary>
    private async Task<Refusal?> AnswerAsync(HttpContext http)
    {
        var cancellation = http.RequestAborted;
        var endpoint = await endpoints.FindByTokenAsync((string?)http.Request.RouteValues["urlToken"] ?? "", cancellation);
        if (endpoint is not { Settings.Enabled: true })
            return new(404, "No such Endpoint", "There is no enabled Endpoint with this URL. Copy the Endpoint URL anew.");
        if (endpoint.Settings.Transformers is not { Input: true, Source.Length: > 0 })
        {
            http.Response.Headers.Allow = "POST";
            return new(405, "Not allowed", "8x8 posts its events here. GET is for an input transformer, and none is on.");
        }

        var given = await room.InputAsync(endpoint, RequestOf(http.Request), null, cancellation);
        var refusal = given.IsTransformed && !given.Stops ? await AcceptAsync(endpoint, given, cancellation) : null;
        if (given.Answer is { } answer)
        {
            if (refusal is not null) await room.RefusedAsync(endpoint, "handleInput", refusal, given.About, cancellation);
            await answer.WriteAsync(http.Response, cancellation);
            return null;
        }

        if (refusal is null) http.Response.StatusCode = given.IsTransformed ? StatusCodes.Status202Accepted : StatusCodes.Status200OK;
        return refusal;
    }

    private async Task<Refusal?> AcceptAsync(Endpoint endpoint, Transformed given, CancellationToken cancellation)
    {
        if (await conversations.NamedAsync(endpoint.Id, given.SessionId ?? "", cancellation) is not var (conversation, _))
            return new(404, "No such conversation", "sessionId must be an 8x8 conversation id, or a session id, that this Endpoint knows.");
        var body = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["eventType"] = Input,
            ["conversationId"] = conversation,
            ["userId"] = given.UserId,
            ["sessionId"] = given.SessionId,
            ["text"] = given.Text ?? "",
            ["data"] = given.Data?.DeepClone() ?? new JsonObject(),
        }.ToJsonString());
        if (WebhookEvent.TryRead(body, out var read) is { } fault) return new(400, "Not an input", fault);
        await inbox.AddAsync(endpoint.Id, $"input-{Guid.NewGuid():n}", read, body, cancellation, isShown: true);
        return null;
    }

    /// <summary>The request as Express would show it. The URL token is not in it.</summary>
    private static JsonObject RequestOf(HttpRequest request)
    {
        var query = new JsonObject();
        foreach (var (name, values) in request.Query) query[name] = values.Count == 1 ? values[0] : new JsonArray([.. values.Select(v => JsonValue.Create(v))]);
        var headers = new JsonObject();
        foreach (var (name, values) in request.Headers) headers[name.ToLowerInvariant()] = values.ToString();
        return new()
        {
            ["method"] = request.Method,
            ["url"] = $"/webhooks{request.QueryString}",
            ["originalUrl"] = $"/webhooks{request.QueryString}",
            ["path"] = "/webhooks",
            ["query"] = query,
            ["params"] = new JsonObject(),
            ["headers"] = headers,
            ["body"] = new JsonObject(),
        };
    }

    private async Task<IResult> TestAsync(HttpContext http, string id)
    {
        var cancellation = http.RequestAborted;
        var endpoint = await store.GetAsync(id, cancellation) ?? throw AdminException.NotFound("Endpoint", id);
        var problems = new List<BodyProblem>();
        var body = await http.Request.ReadJsonAsync();
        var members = new JsonMembers(body, "$", problems);
        var handler = members.Word("handler", "handleInput", TransformerTest.Handlers);
        var source = members.Text("source", TransformerSettings.MaxSource) ?? endpoint.Settings.Transformers.Source;
        var conversationId = members.String("conversationId", 1_024);
        var eventId = members.String("eventId", 1_024);
        var given = members.Has("event") ? body.GetProperty("event") : default;
        members.RefuseOthers("event");
        if (given.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Object)) problems.Add(new("$.event", "Must be an object."));
        var isRecorded = given.ValueKind == JsonValueKind.Undefined && eventId is not null;
        if (isRecorded && conversationId is null) problems.Add(new("$.conversationId", "Name the conversation whose event it is."));
        if (isRecorded && handler is "handleOutput" or "handleExecutionFinished")
            problems.Add(new("$.eventId", $"{handler} sees no event: give its arguments in event."));
        if (problems.Count > 0) throw new BodyException(problems);
        var shown = isRecorded ? await RecordedAsync(endpoint, conversationId!, eventId!, cancellation)
            : given.ValueKind == JsonValueKind.Object ? JsonNode.Parse(given.GetRawText())!.AsObject() : [];
        var about = conversationId ?? TransformerTest.ConversationOf(shown);
        var state = about is { Length: > 0 } ? (await conversations.ReadAsync(ConversationKey.Of(id, about), cancellation)).State : null;
        var arguments = TransformerTest.Arguments(handler, shown, eventId, state);
        arguments["endpoint"] = EndpointView.Of(endpoint);
        var result = await room.RunAsync(id, source, handler, arguments, cancellation, about);
        var answer = TransformerTest.Shown(handler, result);
        // As a file of its own it can be tried in the terminal.
        if (isRecorded) answer["event"] = shown;
        return TypedResults.Text(answer.ToJsonString(), "application/json");
    }

    /// <summary>An event that waits, made no turn, or is kept; as far as the Endpoint lets anybody see what customers say.</summary>
    private async Task<JsonObject> RecordedAsync(Endpoint endpoint, string conversationId, string eventId, CancellationToken cancellation)
    {
        var key = ConversationKey.Of(endpoint.Id, conversationId);
        var protection = endpoint.Settings.DataProtection;
        var state = (await conversations.ReadAsync(key, cancellation)).State;
        if (protection.HidesOf(state.OtherSessions.Values.Append(state.Session).Any(session => session is { Blind: true })) is not null)
            throw new AdminException(409, "Events are hidden",
                "What customers say is masked here (dataProtection, or the Flow's blind mode), so no handler shows it. Give an event of your own in event.");
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {key.ToString()} and EventId eq {eventId}");
        await foreach (var row in storage.Conversations.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            var bytes = await conversations.ReadBodyAsync(key, Body.From(row), cancellation);
            if (bytes.Length == 0 || JsonNode.Parse(bytes) is not JsonObject body) continue;
            if (protection.MaskIpAddress) Masking.MaskAddresses(body);
            return body;
        }

        throw new AdminException(404, "No such event",
            "The conversation keeps no event with that id. An event that made a turn is kept while transformers.keepEvents is on: turn it on for those to come, "
            + "or give the event itself in event.");
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "GET on an Endpoint URL answered 503: storage cannot be read or written.")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
