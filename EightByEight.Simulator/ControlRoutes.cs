using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EightByEight.Simulator;

/// <summary>What the page and tests in other processes use; without a key, for this machine only.</summary>
internal static class ControlRoutes
{
    private sealed record Typed(string? Text, bool? Typing, string? Title, string? Payload);

    private sealed record Replied(
        string Kind, string? Id, string? Title, string? Description, string? Text, string? PostbackData, JsonElement? Answers,
        double? Latitude, double? Longitude);

    private sealed record Submitted(JsonElement Data, string? CardId, string? Type);

    private sealed record Acted(string Name, JsonElement Value);

    private sealed record Served(string? Text, bool? Typing, string? AgentId, string? QueueId);

    private sealed record NewWebhook(string? Name, string? Uri);

    private sealed record Copies(int? Number);

    public static void Map(IEndpointRouteBuilder routes, ChatGatewaySimulator gateway)
    {
        var control = routes.MapGroup("/simulator").AddEndpointFilter(LocalOnlyAsync);

        control.MapGet("/setup", () => Json(new
        {
            gateway.Webhooks,
            gateway.Channels,
            gateway.Options.Queues,
            gateway.Options.Agents,
            gateway.Options.TenantId,
            gateway.Options.CustomerId,
            ApiKey = gateway.Options.ApiKeys.FirstOrDefault(),
            gateway.Jwk.Kid,
        }));
        control.MapPost("/webhooks", async (NewWebhook webhook) => await RegisterAsync(gateway, webhook));
        control.MapPost("/webhooks/{id}/test", (string id) => TryAsync(async () => Json(await gateway.TestConnectionAsync(id))));
        control.MapPost("/webhooks/{id}/events", async (string id, HttpRequest request) => await PostEventAsync(gateway, id, request));
        control.MapDelete("/webhooks/{id}", (string id) =>
        {
            var removed = gateway.RemoveWebhook(id);
            gateway.Live.SetupChanged();
            return removed ? Results.NoContent() : Problem(404, $"There is no webhook {id}.");
        });

        control.MapGet("/conversations", () => Json(gateway.InOrder.Select(ConversationView.Of)));
        control.MapGet("/conversations/{id}", (string id) => Try(() => Json(ConversationView.Of(gateway.Find(id)))));
        control.MapPost("/conversations", (ConversationStart start) => Try(() =>
            Json(ConversationView.Of(gateway.Find(gateway.StartConversation(start))))));

        var customer = control.MapGroup("/conversations/{id}/customer");
        customer.MapPost("/say", (string id, Typed it) => Do(() => gateway.CustomerSays(id, Needed(it.Text, "text"))));
        customer.MapPost("/click", (string id, Typed it) => Do(() =>
            gateway.CustomerClicks(id, Needed(it.Title, "title"), it.Payload ?? it.Title!)));
        customer.MapPost("/submit", (string id, Submitted it) => Do(() =>
            gateway.CustomerSubmits(id, it.Data, it.CardId, it.Type ?? "Action.Submit")));
        customer.MapPost("/act", (string id, Acted it) => Do(() => gateway.CustomerActs(id, it.Name, it.Value)));
        customer.MapPost("/type", (string id, Typed it) => Do(() => gateway.CustomerTypes(id, it.Typing ?? true)));
        customer.MapPost("/reply", (string id, Replied it) => Do(() => gateway.CustomerReplies(id, Reply(it))));
        customer.MapPost("/read", (string id) => Do(() => gateway.CustomerReads(id)));
        customer.MapPost("/file", async (string id, HttpRequest request) => await SendFileAsync(gateway, id, request));
        customer.MapPost("/leave", (string id) => Do(() => gateway.CustomerLeaves(id)));

        var agent = control.MapGroup("/conversations/{id}/agent");
        agent.MapPost("/accept", (string id, Served it) => Do(() => gateway.AgentAccepts(id, it.AgentId ?? "agent-1")));
        agent.MapPost("/take", (string id, Served it) => Do(() => gateway.AgentTakes(id, it.AgentId ?? "agent-1")));
        agent.MapPost("/say", (string id, Served it) => Do(() => gateway.AgentSays(id, Needed(it.Text, "text"))));
        agent.MapPost("/type", (string id, Served it) => Do(() => gateway.AgentTypes(id, it.Typing ?? true)));
        agent.MapPost("/transfer", (string id, Served it) => Do(() => gateway.AgentTransfers(id, Needed(it.QueueId, "queueId"))));
        agent.MapPost("/leave", (string id) => Do(() => gateway.AgentLeaves(id)));

        control.MapPost("/conversations/{id}/idle", (string id) => Do(() => gateway.BecomesIdle(id)));
        control.MapPost("/conversations/{id}/queued", (string id) => Do(() => gateway.QueuedAgain(id)));

        control.MapGet("/switches", () => Json(Switches.Of(gateway.Options)));
        control.MapPatch("/switches", async (HttpRequest request) => await SwitchAsync(gateway, request));

        control.MapGet("/log", () => Json(gateway.EventLog.Entries));
        control.MapPost("/events/{eventId}/redeliver", (string eventId, Copies? copies) => TryAsync(async () =>
        {
            await gateway.RedeliverAsync(eventId, Math.Clamp(copies?.Number ?? 1, 1, 100));
            return Results.NoContent();
        }));
        control.MapGet("/requests", () => Json(gateway.Requests));
        control.MapGet("/faults", () => Json(gateway.Faults.Pending));
        control.MapPost("/faults", async (HttpRequest request) => await AddFaultAsync(gateway, request));
        control.MapDelete("/faults", () => Do(gateway.Faults.Clear));
        control.MapGet("/live", (CancellationToken aborted) => TypedResults.ServerSentEvents(StreamAsync(gateway, aborted)));
    }

    private static async IAsyncEnumerable<SseItem<string>> StreamAsync(
        ChatGatewaySimulator gateway,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken aborted)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(aborted, gateway.Stopping);
        await using var updates = gateway.Live.ListenAsync(either.Token).GetAsyncEnumerator(either.Token);
        while (await NextAsync(updates)) yield return new SseItem<string>(updates.Current.Json, updates.Current.Name);
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<LiveUpdate> updates)
    {
        try
        {
            return await updates.MoveNextAsync();
        }
        catch (OperationCanceledException)
        {
            return false; // the page went away, or the simulator stops
        }
    }

    /// <summary>
    /// Another machine has no business here, nor has a page of another site: a browser names its origin, and a name
    /// that was pointed at this machine shows in Host.
    /// </summary>
    private static ValueTask<object?> LocalOnlyAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var host = context.Request.Host;
        var isLocal = context.Connection.RemoteIpAddress is not { } address || IPAddress.IsLoopback(address);
        var hostIsLocal = host.Host == "localhost" || (IPAddress.TryParse(host.Host, out var ip) && IPAddress.IsLoopback(ip));
        var origin = context.Request.Headers.Origin.ToString();
        var isOwn = origin.Length == 0 || origin == $"{context.Request.Scheme}://{host}";
        return isLocal && hostIsLocal && isOwn
            ? next(invocation)
            : ValueTask.FromResult<object?>(Problem(403, "The control API answers on this machine and to its own page only."));
    }

    private static async Task<IResult> RegisterAsync(ChatGatewaySimulator gateway, NewWebhook it)
    {
        if (!Uri.TryCreate(it.Uri, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            return Problem(400, "The webhook's address has to start with http:// or https://.");
        var webhook = gateway.AddWebhook(string.IsNullOrWhiteSpace(it.Name) ? uri.Host : it.Name, uri.OriginalString);
        return Json(new { webhook, test = await gateway.TestConnectionAsync(webhook.Id) });
    }

    private static async Task<IResult> AddFaultAsync(ChatGatewaySimulator gateway, HttpRequest request)
    {
        try
        {
            var fault = await JsonSerializer.DeserializeAsync<Fault>(
                request.Body, SimulatorJson.Options, request.HttpContext.RequestAborted);
            gateway.Faults.Add(fault!);
            return Results.NoContent();
        }
        catch (Exception e) when (e is JsonException or ArgumentNullException or NullReferenceException)
        {
            return Problem(400, $"This is not a fault: {e.Message}");
        }
    }

    private static async Task<IResult> SwitchAsync(ChatGatewaySimulator gateway, HttpRequest request)
    {
        try
        {
            var change = await JsonSerializer.DeserializeAsync<Switches>(
                request.Body, SimulatorJson.Options, request.HttpContext.RequestAborted);
            change!.ApplyTo(gateway.Options);
            gateway.Live.SetupChanged();
            return Json(Switches.Of(gateway.Options));
        }
        catch (Exception e) when (e is JsonException or NullReferenceException or ArgumentException)
        {
            return Problem(400, $"These are not switches: {e.Message}");
        }
    }

    private static async Task<IResult> SendFileAsync(ChatGatewaySimulator gateway, string id, HttpRequest request)
    {
        if (!request.HasFormContentType) return Problem(400, "Send multipart/form-data with a part file, and perhaps text.");
        var form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
        if (form.Files["file"] is not { FileName.Length: > 0 } file) return Problem(400, "The part file is missing, or has no name.");
        using var content = new MemoryStream();
        await file.CopyToAsync(content, request.HttpContext.RequestAborted);
        return Do(() => gateway.CustomerSendsFile(id, file.FileName, content.ToArray(), form["text"].FirstOrDefault()));
    }

    private static async Task<IResult> PostEventAsync(ChatGatewaySimulator gateway, string id, HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        return await TryAsync(async () =>
        {
            var (attempt, eventId) = await gateway.PostEventAsync(id, body.ToArray());
            return Json(new { eventId, attempt });
        });
    }

    private static ChannelReply Reply(Replied it) => it.Kind switch
    {
        "button" => ChannelReply.Button(Needed(it.Id, "id"), Needed(it.Title, "title")),
        "row" => ChannelReply.Row(Needed(it.Id, "id"), Needed(it.Title, "title"), it.Description),
        "suggestion" => ChannelReply.Suggestion(Needed(it.Text, "text"), it.PostbackData ?? it.Text!),
        "flow" => ChannelReply.Flow(it.Answers ?? throw new SimulatorStateException("answers is missing.")),
        "location" => ChannelReply.Location(it.Latitude ?? 0, it.Longitude ?? 0),
        _ => throw new SimulatorStateException("kind has to be button, row, suggestion, flow or location."),
    };

    private static string Needed(string? value, string name) =>
        string.IsNullOrEmpty(value) ? throw new SimulatorStateException($"{name} is missing.") : value;

    private static IResult Do(Action action) => Try(() =>
    {
        action();
        return Results.NoContent();
    });

    private static IResult Try(Func<IResult> action)
    {
        try
        {
            return action();
        }
        catch (KeyNotFoundException e)
        {
            return Problem(404, e.Message);
        }
        catch (SimulatorStateException e)
        {
            return Problem(409, e.Message);
        }
    }

    private static async Task<IResult> TryAsync(Func<Task<IResult>> action)
    {
        try
        {
            return await action();
        }
        catch (KeyNotFoundException e)
        {
            return Problem(404, e.Message);
        }
    }

    private static IResult Json(object value) => Results.Json(value, SimulatorJson.Options);

    private static IResult Problem(int status, string detail) => Results.Problem(detail, statusCode: status);
}
