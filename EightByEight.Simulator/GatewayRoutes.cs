using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace EightByEight.Simulator;

/// <summary>The REST side: faults, key and tenant, then the operation.</summary>
internal static class GatewayRoutes
{
    private const string Root = "/chat-gateway/v1";
    private const string OneConversation = "/conversations/{conversationId}";
    private const int LoggedBody = 64 * 1024;

    public static void Map(IEndpointRouteBuilder routes, ChatGatewaySimulator gateway)
    {
        void Add(string method, string path, string operation, Func<GatewayRequest, Task<Answer>> work, bool open = false, string root = Root) =>
            routes.MapMethods(root + path, [method], context => ServeAsync(context, gateway, operation, work, open));

        void Do(string method, string path, string operation, Func<GatewayRequest, Answer> work, bool open = false, string root = Root) =>
            Add(method, path, operation, request => Task.FromResult(work(request)), open, root);

        Do("GET", "/webhooks", Operations.ListWebhooks, WebhookOperations.List);
        Add("POST", "/webhooks", Operations.CreateWebhook, WebhookOperations.CreateAsync);
        Add("POST", "/webhooks/verify", Operations.VerifyWebhook, WebhookOperations.VerifyAsync);
        Do("GET", "/webhooks/{webhookId}", Operations.GetWebhook, WebhookOperations.Get);
        Add("PUT", "/webhooks/{webhookId}", Operations.ReplaceWebhook, WebhookOperations.ReplaceAsync);
        Do("DELETE", "/webhooks/{webhookId}", Operations.DeleteWebhook, WebhookOperations.Delete);
        Do("GET", "/jwk/{jwkId}/public", Operations.GetJwk, WebhookOperations.GetJwk, open: true);
        Do("GET", "/jwk/{jwkId}/public", Operations.GetJwk, WebhookOperations.GetJwk, open: true, root: "/vcc/us/chat/v2");

        Do("GET", "/channels", Operations.ListChannels, ChannelOperations.List);
        Do("POST", "/channels", Operations.CreateChannel, ChannelOperations.Create);
        Do("GET", "/channels/{channelId}", Operations.GetChannel, ChannelOperations.Get);
        Do("PUT", "/channels/{channelId}", Operations.ReplaceChannel, ChannelOperations.Replace);
        Do("DELETE", "/channels/{channelId}", Operations.DeleteChannel, ChannelOperations.Delete);

        Do("GET", "/conversations", Operations.ListConversations, ConversationOperations.List);
        Do("POST", "/conversations", Operations.CreateConversation, ConversationOperations.Create);
        Do("GET", OneConversation, Operations.GetConversation, ConversationOperations.Get);
        Do("PUT", OneConversation, Operations.ReplaceConversation, ConversationOperations.Replace);
        Do("PATCH", OneConversation, Operations.PatchConversation, ConversationOperations.Patch);
        Do("GET", OneConversation + "/interactions", Operations.ListInteractions, ConversationOperations.ListInteractions);
        Do("GET", OneConversation + "/participants", Operations.ListParticipants, ConversationOperations.ListParticipants);
        Do("PATCH", OneConversation + "/participants/user", Operations.PatchUserParticipant, ConversationOperations.PatchUser);
        Do("POST", OneConversation + "/post-agent-assignment", Operations.PostAgentAssignment, ConversationOperations.AssignAfterAgent);
        Do("POST", OneConversation + "/typing", Operations.Typing, ConversationOperations.Typing);
        Do("POST", OneConversation + "/thinking", Operations.Thinking, ConversationOperations.Thinking);
        Do("POST", OneConversation + "/read-receipt", Operations.ReadReceipt, ConversationOperations.ReadReceipt);

        Do("GET", OneConversation + "/messages", Operations.ListMessages, MessageOperations.List);
        Do("POST", OneConversation + "/messages", Operations.SendMessage, MessageOperations.Send);
        Do("GET", OneConversation + "/messages/{messageId}", Operations.GetMessage, MessageOperations.Get);
        Do("GET", OneConversation + "/messages/{messageId}/cards", Operations.ListCards, MessageOperations.ListCards);
        Do("GET", OneConversation + "/attachments", Operations.ListAttachments, MessageOperations.ListAttachments);
        Add("POST", OneConversation + "/attachments", Operations.UploadAttachment, MessageOperations.UploadAsync);
        Do("GET", OneConversation + "/attachments/{attachmentId}", Operations.GetAttachment, MessageOperations.GetAttachment);
        Do("GET", OneConversation + "/attachments/{attachmentId}/content", Operations.DownloadAttachment, MessageOperations.Download);

        Do("GET", "/stats/rt/queue/{queueId}", Operations.QueueStatistics, ContactCenterOperations.QueueStatistics, root: "/cc/v1");
        Do("GET", "/schedules/{scheduleId}/status", Operations.ScheduleStatus, ContactCenterOperations.ScheduleStatus, root: "/cc/v1");

        const string card = "/conversations/{conversationId}/cards/{cardId}";
        Do("PUT", card + "/action-submit", Operations.SubmitCard, request => MessageOperations.Act(request, false), root: "/api/v1/tenant/{tenantId}");
        Do("PUT", card + "/action-execute", Operations.ExecuteCard, request => MessageOperations.Act(request, true), root: "/api/v1/tenant/{tenantId}");
    }

    private static async Task ServeAsync(
        HttpContext context, ChatGatewaySimulator gateway, string operation, Func<GatewayRequest, Task<Answer>> work, bool open)
    {
        var time = gateway.Options.TimeProvider;
        var started = time.GetTimestamp();
        gateway.Count(operation);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, gateway.Stopping);
        try
        {
            var fault = gateway.Faults.Take(operation, context.Request.Path);
            if (fault is { DelayBefore.Ticks: > 0 }) await Task.Delay(fault.DelayBefore, time, either.Token);

            var request = new GatewayRequest(context, gateway, await ReadAsync(context, either.Token), fault);
            var answer = fault is { Works: false } ? null : await AnswerAsync(request, work, open);
            Log(request, operation, answer, time.GetElapsedTime(started));

            if (fault is { DelayAfter.Ticks: > 0 }) await Task.Delay(fault.DelayAfter, time, either.Token);
            switch (fault?.End)
            {
                case FaultEnd.Drop:
                    context.Abort();
                    return;
                case FaultEnd.Hang:
                    await Task.Delay(Timeout.InfiniteTimeSpan, time, either.Token);
                    return;
                case FaultEnd.Status:
                    await WriteAsync(context, Refusal(fault), either.Token);
                    return;
                default:
                    await WriteAsync(context, answer ?? Answer.NoContent, either.Token);
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            context.Abort(); // the client gave up, or the simulator stops
        }
    }

    private static async Task<Answer> AnswerAsync(GatewayRequest request, Func<GatewayRequest, Task<Answer>> work, bool open)
    {
        var options = request.Gateway.Options;
        var headers = request.Context.Request.Headers;
        if (!open && !options.ApiKeys.Contains(headers["x-api-key"].ToString())) return Problems.Unauthorized();
        if (headers.TryGetValue("X-8x8-Tenant", out var tenant) && tenant != options.TenantId)
            return Problems.Forbidden(options.CustomerId);
        try
        {
            return await work(request);
        }
        catch (AnswerException e)
        {
            return e.Answer;
        }
    }

    private static Answer Refusal(Fault fault)
    {
        var answer = fault.Body is { } body
            ? new Answer(fault.Status, body, "application/problem+json")
            : Problems.Generic(fault.Status, "simulated_fault", $"The simulator was told to answer {fault.Status}.");
        return answer with { RetryAfterSeconds = fault.RetryAfter is { } wait ? (int)Math.Ceiling(wait.TotalSeconds) : null };
    }

    private static async Task<byte[]> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Request.HasFormContentType) return []; // read as a form by the operation
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = 32 << 20;
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, cancellationToken);
        return buffer.ToArray();
    }

    private static async Task WriteAsync(HttpContext context, Answer answer, CancellationToken cancellationToken)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        if (answer.RetryAfterSeconds is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (answer.Disposition is not null) response.Headers.ContentDisposition = answer.Disposition;
        if (answer.Bytes is not { } bytes) return;
        response.ContentType = answer.ContentType;
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, cancellationToken);
    }

    /// <summary>Reads are left out of the Event Log: they would crowd out what happened.</summary>
    private static void Log(GatewayRequest request, string operation, Answer? answer, TimeSpan duration)
    {
        if (HttpMethods.IsGet(request.Context.Request.Method)) return;
        var gateway = request.Gateway;
        var conversation = request.Context.GetRouteValue("conversationId") is string id ? gateway.ConversationOrNull(id) : null;
        var body = request.BodyText();
        gateway.EventLog.Add(number => new EventLogEntry
        {
            Number = number,
            Direction = "Inbound",
            Status = answer is null ? "Fault"
                : answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)
                  + (request.Fault is { End: not FaultEnd.Answer } ? " (fault)" : ""),
            RecordType = operation,
            Timestamp = gateway.Options.TimeProvider.GetUtcNow(),
            TenantId = gateway.Options.TenantId,
            ConversationId = conversation?.Id,
            ChannelId = conversation?.ChannelId,
            WebhookId = conversation?.WebhookId,
            Duration = duration,
            Body = body.Length > LoggedBody ? body[..LoggedBody] : body,
            ResponseBody = answer?.Bytes is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : null,
        });
    }
}
