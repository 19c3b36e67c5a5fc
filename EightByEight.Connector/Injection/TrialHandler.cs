using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using EightByEight.Connector.Handover;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Transformers;
using EightByEight.Connector.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Endpoint = EightByEight.Connector.Endpoints.Endpoint;

namespace EightByEight.Connector.Injection;

/// <summary>
/// <c>POST /test/{urlToken}</c>: an input goes the whole way, in a session of its own, but what would be said and done at 8x8 is the answer.
/// It stands in no list of conversations and is counted nowhere.
/// </summary>
internal sealed partial class TrialHandler(
    EndpointDirectory endpoints, RequestKeys keys, TurnRunner turns, TransformerRoom transformers, TrialSessions sessions,
    IOptions<ConversationOptions> options, TimeProvider time, ILogger<TrialHandler> logger)
{
    private const int MostAttempts = 5;
    private const int MostNotices = 10;
    private const int MostParts = 100;

    public async Task HandleAsync(HttpContext context)
    {
        Refusal? refusal;
        try
        {
            refusal = await RunAsync(context);
        }
        catch (FlowMissingException missing)
        {
            refusal = new(409, "No Flow", missing.Message);
        }
        catch (Exception failed) when (Refusal.IsStorageFailure(failed, context.RequestAborted))
        {
            Log.Failed(logger, failed);
            refusal = Refusal.TryAgain("Storage, or a secret, cannot be read now. Send it again.");
        }

        if (refusal is not null) await refusal.WriteAsync(context.Response, context.RequestAborted);
    }

    private async Task<Refusal?> RunAsync(HttpContext context)
    {
        var (request, cancellation) = (context.Request, context.RequestAborted);
        var endpoint = await endpoints.FindByTokenAsync((string?)request.RouteValues["urlToken"] ?? "", cancellation);
        if (endpoint is null) return new(404, "No such Endpoint", "There is no Endpoint with this URL token.");
        if (await WebhookBody.ReadAsync(request, cancellation) is not { } bytes) return Refusal.TooLarge;
        if (!await keys.HasKeyAsync(request, endpoint, EndpointSecrets.TestKey, cancellation))
            return new(401, "Not allowed", "Send Authorization: Bearer with the Endpoint's test.key.");
        var now = time.GetUtcNow();
        if (EventOf(bytes, now, out var fault) is not { } given) return new(400, "Bad body", fault!);
        if (!await sessions.CountAsync(endpoint, now, cancellation))
        {
            context.Response.Headers.RetryAfter = "600";
            return new(429, "Too many tests", $"test.messagesPerHour allows {endpoint.Settings.Test.MessagesPerHour} in an hour.");
        }

        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var session = await sessions.ReadAsync(endpoint.Id, given.Stored.ConversationId, cancellation);
            var (answer, state) = await TriedAsync(given, session.State, endpoint, cancellation);
            if (!await sessions.WriteAsync(session, state, now, cancellation)) continue;
            context.Response.ContentType = "application/json; charset=utf-8";
            await context.Response.WriteAsync(answer.ToJsonString(), cancellation);
            return null;
        }

        return new(409, "Busy", "Another test of the same session runs. Send one at a time.");
    }

    /// <summary>A whole event of 8x8 as it is, or one made of Cognigy's <c>{ userId, sessionId, text, data }</c>.</summary>
    private static Input? EventOf(byte[] bytes, DateTimeOffset now, out string? fault)
    {
        fault = "The body must be an event of 8x8, or an object with sessionId and text or data.";
        JsonObject body;
        try
        {
            if (JsonNode.Parse(bytes) is not JsonObject given) return null;
            var isEvent = given["eventType"] is not null;
            body = isEvent ? given : MessageOf(given, now);
            var element = JsonElement.Parse(body.ToJsonString());
            if (element.Text("conversationId") is not { Length: > 0 and <= WebhookEvent.MaxId } conversation
                || element.Text("eventType") is not { Length: > 0 } type || type[0] == '$') return null;
            return new(
                StoredEvent.Now(type, $"test-{Guid.NewGuid():n}", conversation, now),
                element,
                isEvent ? null : element.Member("data").Member("sender").Text("id"));
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException or ArgumentException)
        {
            fault = "The body is not JSON.";
            return null;
        }
    }

    /// <summary>What is tried.</summary>
    /// <param name="UserId">Whose words they are; null: whose 8x8's events said.</param>
    private sealed record Input(StoredEvent Stored, JsonElement Body, string? UserId)
    {
        /// <summary>What is known of the conversation, with who the customer is.</summary>
        public ConversationFacts Known(ConversationFacts facts)
        {
            if (UserId is null) return facts;
            var user = facts.User.Value is { } known ? JsonNode.Parse(known)!.AsObject() : [];
            user["userId"] = UserId;
            return facts with { User = new(user.ToJsonString(), facts.User.At) };
        }
    }

    /// <summary>What came of an input.</summary>
    private sealed record Trial(List<Turn> Turns, List<double> SkippedDelays);

    private static JsonObject MessageOf(JsonObject given, DateTimeOffset now)
    {
        var data = given["data"]?.DeepClone() as JsonObject ?? [];
        data["text"] = given["text"]?.DeepClone();
        data["sender"] = new JsonObject { ["type"] = "user", ["id"] = given["userId"]?.DeepClone() };
        return new JsonObject
        {
            ["eventType"] = "MESSAGE",
            ["conversationId"] = given["sessionId"]?.DeepClone(),
            ["timestamp"] = now.ToUnixTimeMilliseconds(),
            ["data"] = data,
        };
    }

    private async Task<(JsonObject Answer, ConversationState State)> TriedAsync(
        Input given, ConversationState state, Endpoint endpoint, CancellationToken cancellation)
    {
        var (stored, body) = (given.Stored, given.Body);
        var bytes = Encoding.UTF8.GetBytes(body.GetRawText());
        // Whatever an earlier test left is not waited for; and no test touches the profile of a customer.
        state = state with { Facts = given.Known(state.Facts), Paused = null, OwnProfile = state.OwnProfile ?? [] };
        var plan = await Plan.MakeAsync(
            new Snapshot { State = state, Inbox = [new("2", stored)] }, endpoint.Settings, time.GetUtcNow(), options.Value, _ => new(bytes),
            text => turns.IntentAsync(text, state, endpoint, cancellation));
        var trial = new Trial([], []);
        state = plan.After(state);
        if (plan.Cancels)
        {
            trial.Turns.Add(turns.TurnOf(stored, state.Session, IncomingContent.Of(body).Text) with { Action = ConversationAction.TakeBack });
            state = state with { Handover = state.Handover!.Return(HandoverStatus.Cancelled).TakenBack() };
        }
        else if (plan.Acting is not null)
        {
            // Files are neither fetched, stored nor scanned: a test leaves nothing behind.
            (var turn, state) = await turns.RunAsync(
                stored, body, IncomingFile.Of(body), state, endpoint, cancellation, plan.IsShown, plan.OnlyLooks);
            if (turn is not null) state = await WholeAsync(trial, turn, state, stored, endpoint, cancellation);
        }

        for (var told = 0; told < MostNotices && state.Handover is { Notices: [var notice, ..] }; told++)
        {
            (var turn, state) = await turns.TellAsync(
                stored with { EventType = StoredEvent.HandoverNotice }, notice, state, endpoint, cancellation);
            state = await WholeAsync(trial, turn, state, stored, endpoint, cancellation);
        }

        return (AnswerOf(stored, trial, state, endpoint.Settings), state);
    }

    /// <summary>A turn with all that comes after its pauses, which are not waited for.</summary>
    private async Task<ConversationState> WholeAsync(
        Trial trial, Turn turn, ConversationState state, StoredEvent stored, Endpoint endpoint, CancellationToken cancellation)
    {
        trial.Turns.Add(turn);
        state = state.WithOwnProfileChanged();
        while (state.Paused is { } rest)
        {
            if (rest.Part > MostParts)
            {
                trial.Turns.Add(turns.TurnOf(stored, state.Session, null) with
                {
                    Part = rest.Part,
                    Failure = new(rest.At.Step, 0, $"The turn paused {MostParts} times, more than a test goes along with: the rest of it is left out."),
                });
                state = state with { Paused = null };
                break;
            }

            if (rest.Delay > TimeSpan.Zero) trial.SkippedDelays.Add(rest.Delay.TotalSeconds);
            (turn, state) = await turns.ContinueAsync(rest, rest.Event(stored.ConversationId), state, endpoint, cancellation);
            trial.Turns.Add(turn);
            state = state.WithOwnProfileChanged();
        }

        if (turn.SessionId is { } session)
            await transformers.FinishedAsync(
                endpoint, TransformerView.UserId(stored.ConversationId, state), session, stored.ConversationId, cancellation);
        return state;
    }

    private JsonObject AnswerOf(StoredEvent stored, Trial trial, ConversationState state, EndpointSettings settings) => new()
    {
        ["sessionId"] = state.Session?.Id,
        ["conversationId"] = stored.ConversationId,
        ["outputs"] = new JsonArray([.. trial.Turns.SelectMany(turn => turn.Outputs).Select(Json)]),
        ["calls"] = new JsonArray([.. trial.Turns.SelectMany(turn => CallsOf(turn, stored.ConversationId, state, settings))]),
        ["skippedDelays"] = new JsonArray([.. trial.SkippedDelays.Select(seconds => (JsonNode)seconds)]),
        ["failure"] = trial.Turns.Select(turn => turn.Failure).FirstOrDefault(failure => failure is not null)?.Message,
        ["unsent"] = trial.Turns.Select(turn => turn.UnsentReason).FirstOrDefault(reason => reason is not null),
        ["handover"] = state.Handover is { } handover ? HandoverCase.Name(handover.Status) : null,
        ["peopleTalk"] = state.Facts.People.TalkAt(time.GetUtcNow(), options.Value.TransferGrace) != Talk.No,
    };

    /// <summary>What would be asked of 8x8, in order.</summary>
    private static IEnumerable<JsonNode> CallsOf(Turn turn, string conversationId, ConversationState state, EndpointSettings settings)
    {
        var path = $"/chat-gateway/v1/conversations/{Uri.EscapeDataString(conversationId)}";
        foreach (var message in turn.Outputs) yield return Call("POST", $"{path}/messages", Json(message));
        switch (turn.Action)
        {
            case ConversationAction.HandOver:
                yield return Call("PATCH", path, Json(HandoverPatch.Of(state.Handover!.Request)));
                break;
            case ConversationAction.TakeBack when settings.Handover.ReturnScriptId is { } script:
                yield return Call("PATCH", path, Json(new ConversationChange(new Assignment("script", script))));
                break;
            case ConversationAction.TakeBack or ConversationAction.End:
                yield return Call("PATCH", $"{path}/participants/user", new JsonObject { ["removed"] = true });
                break;
        }
    }

    private static JsonObject Call(string method, string path, JsonNode? body) => new() { ["method"] = method, ["path"] = path, ["body"] = body };

    private static JsonNode? Json(OutgoingMessage message) =>
        JsonSerializer.SerializeToNode(message, ChatGatewayJson.Default.OutgoingMessage);

    private static JsonNode? Json(ConversationChange change) =>
        JsonSerializer.SerializeToNode(change, ChatGatewayJson.Default.ConversationChange);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "A test of an Endpoint answered 503: storage or a secret cannot be read.")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}

/// <summary>The sessions of tests: each a partition of its own, apart from all conversations, and gone two days after its last input.</summary>
internal sealed class TrialSessions(ConnectorStorage storage, Seals seals)
{
    private const string Row = "test";
    private const string Pointers = "tests";
    private static readonly TimeSpan Kept = TimeSpan.FromDays(2);

    /// <summary>A session as it was read.</summary>
    /// <param name="Tag">Null: there was none.</param>
    public sealed record Read(ConversationKey Key, ConversationState State, Body Body, ETag? Tag);

    public async Task<Read> ReadAsync(string endpointId, string sessionId, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        // No escaped conversation id has '=t'.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sessionId)));
        var key = new ConversationKey(endpointId, $"=t{hash}");
        var row = await storage.Conversations.GetEntityIfExistsAsync<TableEntity>(key.ToString(), Row, cancellationToken: cancellation);
        if (!row.HasValue) return new(key, new(), default, null);
        var body = Body.From(row.Value!);
        var state = JsonSerializer.Deserialize(
            await seals.OpenAsync(key, await body.ReadAsync(storage.Bodies, cancellation), cancellation) ?? "{}"u8.ToArray(),
            ConversationJson.Default.ConversationState)!;
        return new(key, state, body, row.Value!.ETag);
    }

    /// <returns>False: another test of the session was quicker.</returns>
    public async Task<bool> WriteAsync(Read before, ConversationState state, DateTimeOffset now, CancellationToken cancellation)
    {
        await storage.Index.UpsertEntityAsync(
            new TableEntity(Pointers, $"{ActiveIndex.Day(now)}|{before.Key}"), TableUpdateMode.Replace, cancellation);
        var body = await Body.StoreAsync(storage.Bodies, before.Key, "test",
            await seals.SealAsync(
                before.Key, JsonSerializer.SerializeToUtf8Bytes(state, ConversationJson.Default.ConversationState), cancellation), cancellation);
        var row = new TableEntity(before.Key.ToString(), Row);
        body.WriteTo(row);
        try
        {
            if (before.Tag is { } tag) await storage.Conversations.UpdateEntityAsync(row, tag, TableUpdateMode.Replace, cancellation);
            else await storage.Conversations.AddEntityAsync(row, cancellation);
        }
        catch (RequestFailedException quicker) when (quicker.Status is 404 or 409 or 412)
        {
            if (body.Blob is { } unused) await storage.Bodies.DeleteBlobIfExistsAsync(unused, cancellationToken: cancellation);
            return false;
        }

        if (before.Body.Blob is { } old) await storage.Bodies.DeleteBlobIfExistsAsync(old, cancellationToken: cancellation);
        return true;
    }

    /// <summary>Counts a test.</summary>
    /// <returns>False: the hour has had as many as it may.</returns>
    public async Task<bool> CountAsync(Endpoint endpoint, DateTimeOffset now, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var partition = $"{endpoint.Id}|=tests";
        var hour = now.UtcDateTime.ToString("yyyyMMddHH", CultureInfo.InvariantCulture);
        while (true)
        {
            var found = await storage.Conversations.GetEntityIfExistsAsync<TableEntity>(partition, Row, cancellationToken: cancellation);
            var count = found.HasValue && found.Value!.GetString("Hour") == hour ? found.Value.GetInt32("Count") ?? 0 : 0;
            if (count >= endpoint.Settings.Test.MessagesPerHour) return false;
            var row = new TableEntity(partition, Row) { ["Hour"] = hour, ["Count"] = count + 1 };
            try
            {
                if (found.HasValue)
                    await storage.Conversations.UpdateEntityAsync(row, found.Value!.ETag, TableUpdateMode.Replace, cancellation);
                else await storage.Conversations.AddEntityAsync(row, cancellation);
                return true;
            }
            catch (RequestFailedException quicker) when (quicker.Status is 404 or 409 or 412)
            {
                // Another test was counted at the same time: count again.
            }
        }
    }

    /// <summary>Deletes sessions that nobody has used for two days.</summary>
    public static async Task SweepAsync(ConnectorStorage storage, DateTimeOffset now, CancellationToken cancellation)
    {
        var before = now - Kept;
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Pointers} and RowKey lt {ActiveIndex.Day(before)}");
        await foreach (var pointer in storage.Index.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            var partition = pointer.RowKey[(pointer.RowKey.IndexOf('|') + 1)..];
            var row = await storage.Conversations.GetEntityIfExistsAsync<TableEntity>(partition, Row, cancellationToken: cancellation);
            if (row.HasValue && row.Value!.Timestamp < before)
            {
                await storage.Conversations.DeleteEntityAsync(partition, Row, row.Value.ETag, cancellation);
                if (Body.From(row.Value).Blob is { } blob) await storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
            }

            await storage.Index.DeleteEntityAsync(Pointers, pointer.RowKey, ETag.All, cancellation);
        }
    }
}
