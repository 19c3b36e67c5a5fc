using System.Text.Json;

namespace EightByEight.Simulator;

internal static class WebhookOperations
{
    private const string Version = "Chat Gateway v1.0";

    public static Answer List(GatewayRequest request) => request.Page("webhooks", request.Gateway.Webhooks);

    public static Answer Get(GatewayRequest request) => Answer.Ok(Find(request));

    public static Task<Answer> CreateAsync(GatewayRequest request) => SaveAsync(request, request.Gateway.NextId());

    public static Task<Answer> ReplaceAsync(GatewayRequest request) => SaveAsync(request, Find(request).Id);

    public static Answer Delete(GatewayRequest request)
    {
        request.Gateway.RemoveWebhook(Find(request).Id);
        return Answer.NoContent;
    }

    public static async Task<Answer> VerifyAsync(GatewayRequest request)
    {
        var webhook = Read(request, "verify", needsName: false);
        return await RefusalAsync(request, webhook) ?? Answer.NoContent;
    }

    public static Answer GetJwk(GatewayRequest request)
    {
        var jwk = request.Gateway.Jwk;
        return request.Route("jwkId") == jwk.Kid
            ? new Answer(200, jwk, "application/json")
            : Problems.NotFound("Jwk", request.Route("jwkId"));
    }

    private static async Task<Answer> SaveAsync(GatewayRequest request, string id)
    {
        var webhook = Read(request, id, needsName: true);
        if (await RefusalAsync(request, webhook) is { } refusal) return refusal;
        request.Gateway.Put(webhook);
        return Answer.Ok(webhook);
    }

    private static Webhook Read(GatewayRequest request, string id, bool needsName)
    {
        var json = request.Json();
        var name = json.Text("name");
        if (needsName && name is not { Length: > 0 and <= 256 }) throw Invalid("name is required, with at most 256 characters.");
        if (!Uri.TryCreate(json.Text("uri"), UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw Invalid("uri is required and has to be an absolute http or https URI.");
        var version = json.Text("version") ?? json.Text("notificationVersion") ?? Version;
        if (version != Version) throw Invalid($"version has to be \"{Version}\".");
        return new Webhook(id, name ?? "", uri.OriginalString);
    }

    private static async Task<Answer?> RefusalAsync(GatewayRequest request, Webhook webhook)
    {
        var attempt = await request.Gateway.VerifyAsync(webhook);
        if (attempt.Succeeded) return null;
        var what = attempt.Status is { } status ? $"it answered {status}" : attempt.Response;
        return Problems.Generic(
            400, "webhook_verification_failed", $"The webhook did not answer WEB_HOOK_VERIFY with 2xx: {what}");
    }

    private static Webhook Find(GatewayRequest request) =>
        request.Gateway.WebhookOrNull(request.Route("webhookId"))
        ?? throw new AnswerException(Problems.NotFound("WebHook", request.Route("webhookId")));

    private static AnswerException Invalid(string message) => new(Problems.Generic(400, "invalid_parameter", message));
}

internal static class ChannelOperations
{
    public static Answer List(GatewayRequest request) => request.Page("channels", request.Gateway.Channels.Select(View));

    public static Answer Get(GatewayRequest request) => Answer.Ok(View(Find(request)));

    public static Answer Create(GatewayRequest request) => Save(request, request.Gateway.NextId());

    public static Answer Replace(GatewayRequest request) => Save(request, Find(request).Id);

    public static Answer Delete(GatewayRequest request)
    {
        request.Gateway.RemoveChannel(Find(request).Id);
        return Answer.NoContent;
    }

    private static Answer Save(GatewayRequest request, string id)
    {
        var json = request.Json();
        var routing = json.Member("routingOptions") ?? default;
        if (json.Text("name") is not { Length: > 0 and <= 255 } name)
            return Problems.Generic(400, "invalid_parameter", "name is required, with at most 255 characters.");
        if ((json.Text("type") ?? "ChatAPI") != "ChatAPI")
            return Problems.Generic(400, "invalid_parameter", "Only channels of type ChatAPI can be created.");
        if (json.Text("webHookId") is not { } webhookId || request.Gateway.WebhookOrNull(webhookId) is null)
            return Problems.Generic(400, "invalid_webhook", $"Webhook ID {json.Text("webHookId")} is invalid.");
        if ((routing.Text("type") ?? "queue") != "queue" || routing.Text("id") is not { } queueId || !request.Gateway.KnowsQueue(queueId))
            return Problems.Generic(400, "invalid_queue", $"Queue ID {routing.Text("id")} is invalid.");
        var channel = new GatewayChannel(id, name, "ChatAPI", webhookId, queueId);
        request.Gateway.Put(channel);
        return Answer.Ok(View(channel));
    }

    private static GatewayChannel Find(GatewayRequest request) =>
        request.Gateway.ChannelOrNull(request.Route("channelId"))
        ?? throw new AnswerException(Problems.NotFound("Channel", request.Route("channelId")));

    private static object View(GatewayChannel channel) => new
    {
        channel.Id,
        channel.Name,
        channel.Type,
        webHookId = channel.WebhookId,
        routingOptions = new { type = "queue", id = channel.QueueId },
    };
}

internal static class ConversationOperations
{
    private const int MostProperties = 30;
    private const int MostHistory = 200;

    public static Answer List(GatewayRequest request) =>
        request.Page("conversations", request.Gateway.InOrder.Select(one => View(one)));

    public static Answer Get(GatewayRequest request) => Answer.Ok(View(request.Conversation(), request.Gateway.Options.StaleAssignment));

    public static Answer Create(GatewayRequest request)
    {
        var json = request.Json();
        if (json.Text("channelId") is not { } channelId || request.Gateway.ChannelOrNull(channelId) is not { } channel)
            return Problems.Generic(400, "invalid_channel", $"Channel ID {json.Text("channelId")} is invalid.");
        var user = User(json) ?? throw Invalid("user is required.");
        if (json.Member("history")?.Member("messages") is not { ValueKind: JsonValueKind.Array } history)
            return Problems.Generic(400, "invalid_parameter", "history.messages is required; it may be empty.");
        if (history.GetArrayLength() > MostHistory)
            return Problems.Generic(400, "invalid_parameter", $"history.messages has more than {MostHistory} messages.");

        var assignment = AssignmentOf(request, json) ?? new Assignment("queue", channel.QueueId);
        var messages = history.EnumerateArray().Select(item => MessageOperations.Read(item, attachments: null)).ToList();
        var conversation = request.Gateway.CreateByClient(channel, user, assignment, messages);
        return Answer.Accepted(new
        {
            conversationId = conversation.Id,
            createdAt = request.Gateway.Options.TimeProvider.GetUtcNow(),
        });
    }

    public static Answer Replace(GatewayRequest request) => Change(request, replace: true);

    public static Answer Patch(GatewayRequest request) => Change(request, replace: false);

    public static Answer ListInteractions(GatewayRequest request)
    {
        var conversation = request.Conversation();
        lock (conversation.Gate) return request.Page("interactions", conversation.Interactions.ToArray());
    }

    public static Answer ListParticipants(GatewayRequest request)
    {
        var conversation = request.Conversation();
        lock (conversation.Gate) return request.Page("participants", conversation.Participants.ToArray());
    }

    public static Answer PatchUser(GatewayRequest request)
    {
        var conversation = request.Conversation();
        if (request.Json().Text("removed") == "true") request.Gateway.RemoveUser(conversation);
        return Answer.NoContent;
    }

    public static Answer AssignAfterAgent(GatewayRequest request)
    {
        var conversation = request.Conversation(Problems.ResourceNotFoundException);
        var json = request.Json(Problems.InvalidParameter);
        if ((json.Text("type") ?? "webhook") != "webhook") return Problems.InvalidParameter("type has to be webhook.");
        if (json.Text("id") is not { } webhookId || request.Gateway.WebhookOrNull(webhookId) is null)
            return Problems.InvalidParameter($"Webhook ID {json.Text("id")} is invalid.");
        var configuration = json.Member("configuration") ?? default;
        if (!Within(configuration, "maxTotalMinutes", 20, 600) || !Within(configuration, "userTimeoutInMinutes", 10, 300))
            return Problems.InvalidParameter("maxTotalMinutes has to be 20 to 600, userTimeoutInMinutes 10 to 300.");
        var assignment = new AfterAgent(
            webhookId,
            configuration.Text("notifyChannelWebhookIfExists") == "true",
            Minutes(configuration, "maxTotalMinutes"),
            Minutes(configuration, "userTimeoutInMinutes"));
        return request.Gateway.AssignAfterAgent(conversation, assignment)
            ? new Answer(201)
            : Problems.InvalidParameter(
                $"Post agent assignment already exists for conversation {conversation.Id} and tenant {request.Gateway.Options.TenantId}");
    }

    public static Answer Typing(GatewayRequest request)
    {
        var conversation = request.Conversation(Problems.ResourceNotFoundException);
        if (request.Json(Problems.InvalidParameter).Text("authorType") is not ("bot" or "user") and var author)
            return Problems.InvalidParameter($"Invalid authorType={author}, has to be one of bot, user");
        request.Gateway.Indicate(conversation, request.Json().Text("authorType")!);
        return Answer.NoContent;
    }

    public static Answer Thinking(GatewayRequest request)
    {
        var conversation = request.Conversation(Problems.ResourceNotFoundException);
        var json = request.Json(Problems.InvalidParameter, optional: true);
        if ((json.Text("authorType") ?? "bot") != "bot" || !Within(json, "maxThinkingTimeSeconds", 1, 600))
            return Problems.InvalidParameter("authorType has to be bot, maxThinkingTimeSeconds 1 to 600.");
        request.Gateway.Indicate(conversation, "thinking");
        return Answer.NoContent;
    }

    public static Answer ReadReceipt(GatewayRequest request)
    {
        var conversation = request.Conversation(Problems.ResourceNotFoundException);
        var json = request.Json(Problems.InvalidParameter);
        if (json.Text("authorType") is not ("bot" or "user")) return Problems.InvalidParameter("authorType has to be one of bot, user");
        if (json.Text("authorType") == "user" && conversation.ChannelType != "ChatAPI")
            return Problems.InvalidParameter("authorType user is only allowed for CHAT_API channels.");
        if (!long.TryParse(json.Text("readAt"), out var readAt) || readAt is < 0 or > 253_402_300_799_999) return Problems.InvalidParameter("readAt is required, in milliseconds.");
        request.Gateway.Read(conversation, json.Text("authorType")!, readAt);
        return Answer.NoContent;
    }

    private static Answer Change(GatewayRequest request, bool replace)
    {
        var conversation = request.Conversation();
        var json = request.Json();
        var channelId = replace ? json.Text("channelId") : null;
        if (channelId is not null && request.Gateway.ChannelOrNull(channelId) is null)
            return Problems.Generic(400, "invalid_channel", $"Channel ID {channelId} is invalid.");
        var (assignment, user) = (AssignmentOf(request, json), User(json));
        request.Gateway.Update(conversation, channelId, assignment, user, replace, request.Fault?.VisibilityDelay ?? TimeSpan.Zero);
        return Answer.Accepted(View(conversation));
    }

    private static Assignment? AssignmentOf(GatewayRequest request, JsonElement json)
    {
        if (json.Member("assignment") is not { } assignment) return null;
        var (type, id) = (assignment.Text("type") ?? "queue", assignment.Text("id") ?? "");
        return type switch
        {
            "queue" when !request.Gateway.KnowsQueue(id) =>
                throw new AnswerException(Problems.Generic(400, "invalid_queue", $"Queue ID {id} is invalid.")),
            "queue" => new Assignment(type, id),
            "script" when id.Length > 0 => new Assignment(type, id),
            _ => throw Invalid("assignment.type has to be queue or script, with an id."),
        };
    }

    private static Dictionary<string, JsonElement>? User(JsonElement json)
    {
        if (json.Member("user") is not { } user) return null;
        if (user.ValueKind != JsonValueKind.Object) throw Invalid("user has to be an object.");
        if (user.Member("additionalProperties") is { ValueKind: JsonValueKind.Array } properties
            && properties.GetArrayLength() > MostProperties)
        {
            throw Invalid($"user.additionalProperties has more than {MostProperties} items.");
        }

        return user.EnumerateObject().ToDictionary(member => member.Name, member => member.Value);
    }

    /// <summary>Numbers may come as strings: 8x8 takes both.</summary>
    private static bool Within(JsonElement json, string name, int least, int most) =>
        json.Text(name) is not { } text || (int.TryParse(text, out var value) && value >= least && value <= most);

    private static TimeSpan? Minutes(JsonElement json, string name) =>
        json.Text(name) is { } text ? TimeSpan.FromMinutes(int.Parse(text, System.Globalization.CultureInfo.InvariantCulture)) : null;

    private static object View(Conversation conversation, string? stale = null)
    {
        lock (conversation.Gate) return conversation.View(stale);
    }

    private static AnswerException Invalid(string message) => new(Problems.Generic(400, "invalid_parameter", message));
}
