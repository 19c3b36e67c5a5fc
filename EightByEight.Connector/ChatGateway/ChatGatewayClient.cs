using System.Text.Json;
using static EightByEight.Connector.ChatGateway.Repeating;
using Json = EightByEight.Connector.ChatGateway.ChatGatewayJson;

namespace EightByEight.Connector.ChatGateway;

/// <summary>
/// The 8x8 Chat Gateway v1.0. Every method fails with <see cref="ChatGatewayException"/>, or with
/// <see cref="OperationCanceledException"/> when its token is cancelled, after which it may or may not have been done.
/// None takes longer than <see cref="ChatGatewayOptions.TotalTimeout"/> (uploads: <see cref="ChatGatewayOptions.UploadTimeout"/>).
/// What may be done twice is repeated after 408, 429, 5xx, time-outs and lost connections; sending a message, uploading
/// and creating only after 429 or when no connection was made; indicators and receipts never.
/// </summary>
public sealed partial class ChatGatewayClient
{
    private readonly IHttpClientFactory _http;
    private readonly ChatGatewayOptions _options;
    private readonly ChatGatewayTelemetry _telemetry;
    private readonly TimeProvider _time;

    internal ChatGatewayClient(
        IHttpClientFactory http, ChatGatewayOptions options, ChatGatewayTelemetry telemetry, TimeProvider time) =>
        (_http, _options, _telemetry, _time) = (http, options, telemetry, time);

    // Messages

    /// <summary>Adds a message to a conversation. 8x8 answers 202 without an id.</summary>
    public Task SendMessageAsync(
        ChatGatewayAccount account, string conversationId, OutgoingMessage message, CancellationToken cancellation) =>
        DoAsync(WhenNotDelivered, account, HttpMethod.Post, $"conversations/{conversationId}/messages",
            Body(message is { Media: null, IsUnrecorded: null } ? message : message with { Media = null, IsUnrecorded = null }, Json.Default.OutgoingMessage), cancellation);

    /// <summary>The messages of a conversation, newest first.</summary>
    /// <param name="page">From 0.</param>
    /// <param name="size">Messages a page.</param>
    public Task<Page<Message>> ListMessagesAsync(
        ChatGatewayAccount account, string conversationId, int page, int size, CancellationToken cancellation) =>
        ListAsync(account, $"conversations/{conversationId}/messages", "messages", Json.Default.Message,
            new(page, size), cancellation);

    /// <summary>One message.</summary>
    public Task<Message> GetMessageAsync(
        ChatGatewayAccount account, string conversationId, string messageId, CancellationToken cancellation) =>
        AskAsync(Freely, account, HttpMethod.Get, $"conversations/{conversationId}/messages/{messageId}", null,
            Json.Default.Message, cancellation);

    /// <summary>The cards of a message, newest first.</summary>
    public Task<Page<Card>> ListCardsAsync(
        ChatGatewayAccount account, string conversationId, string messageId, ListQuery query, CancellationToken cancellation) =>
        ListAsync(account, $"conversations/{conversationId}/messages/{messageId}/cards", "cards", Json.Default.Card,
            query, cancellation);

    // Conversations

    /// <summary>The conversations of the tenant.</summary>
    public Task<Page<Conversation>> ListConversationsAsync(
        ChatGatewayAccount account, ListQuery query, CancellationToken cancellation) =>
        ListAsync(account, $"conversations", "conversations", Json.Default.Conversation, query, cancellation);

    /// <summary>Creates a conversation on a Chat API channel. Its interaction is made later: an event tells.</summary>
    /// <exception cref="ArgumentException">More history or additional properties than 8x8 takes.</exception>
    public Task<CreatedConversation> CreateConversationAsync(
        ChatGatewayAccount account, NewConversation conversation, CancellationToken cancellation) =>
        AskAsync(WhenNotDelivered, account, HttpMethod.Post, $"conversations",
            Body(Within8x8sLimits(conversation), Json.Default.NewConversation), Json.Default.CreatedConversation, cancellation);

    /// <summary>One conversation.</summary>
    public Task<Conversation> GetConversationAsync(
        ChatGatewayAccount account, string conversationId, CancellationToken cancellation) =>
        AskAsync(Freely, account, HttpMethod.Get, $"conversations/{conversationId}", null, Json.Default.Conversation,
            cancellation);

    /// <summary>Replaces channel, user and assignment. An assignment takes effect later: an event tells.</summary>
    public Task PutConversationAsync(
        ChatGatewayAccount account, string conversationId, Conversation conversation, CancellationToken cancellation) =>
        DoAsync(Freely, account, HttpMethod.Put, $"conversations/{conversationId}",
            Body(conversation with { Id = null, State = null }, Json.Default.Conversation), cancellation);

    /// <summary>Changes user or assignment. An assignment takes effect later: an event tells.</summary>
    public Task PatchConversationAsync(
        ChatGatewayAccount account, string conversationId, ConversationChange change, CancellationToken cancellation) =>
        DoAsync(Freely, account, HttpMethod.Patch, $"conversations/{conversationId}",
            Body(change, Json.Default.ConversationChange), cancellation);

    /// <summary>
    /// Gives the conversation to a queue or a script. Not repeated when it may have been done: an agent may have taken it meanwhile.
    /// </summary>
    public Task AssignAsync(
        ChatGatewayAccount account, string conversationId, ConversationChange change, CancellationToken cancellation) =>
        DoAsync(WhenNotDelivered, account, HttpMethod.Patch, $"conversations/{conversationId}",
            Body(change, Json.Default.ConversationChange), cancellation);

    /// <summary>The interactions of a conversation.</summary>
    public Task<Page<Interaction>> ListInteractionsAsync(
        ChatGatewayAccount account, string conversationId, CancellationToken cancellation) =>
        ListAsync(account, $"conversations/{conversationId}/interactions", "interactions", Json.Default.Interaction,
            default, cancellation);

    /// <summary>Says who gets the conversation after the agent. That it was said before is no error.</summary>
    public async Task AssignAfterAgentAsync(
        ChatGatewayAccount account, string conversationId, PostAgentAssignment assignment, CancellationToken cancellation)
    {
        try
        {
            await DoAsync(Freely, account, HttpMethod.Post, $"conversations/{conversationId}/post-agent-assignment",
                Body(assignment, Json.Default.PostAgentAssignment), cancellation, expected: AlreadyExists);
        }
        catch (ChatGatewayException e) when (AlreadyExists(e))
        {
        }
    }

    /// <summary>Shows that someone is typing. How long it shows is up to 8x8.</summary>
    /// <param name="authorType"><c>bot</c> or <c>user</c>.</param>
    public Task SendTypingAsync(
        ChatGatewayAccount account, string conversationId, string authorType, CancellationToken cancellation) =>
        DoAsync(Once, account, HttpMethod.Post, $"conversations/{conversationId}/typing",
            Body(new(authorType), SmallJson.Default.TypingBody), cancellation);

    /// <summary>Shows that the bot is thinking.</summary>
    /// <param name="atMost">1 s to 600 s; null: 8x8's default of 60 s.</param>
    public Task SendThinkingAsync(
        ChatGatewayAccount account, string conversationId, TimeSpan? atMost, CancellationToken cancellation) =>
        DoAsync(Once, account, HttpMethod.Post, $"conversations/{conversationId}/thinking",
            Body(new(AuthorTypes.Bot, (int?)atMost?.TotalSeconds), SmallJson.Default.ThinkingBody), cancellation);

    /// <summary>Marks everything up to a time as read.</summary>
    /// <param name="authorType"><c>bot</c>, or <c>user</c> on Chat API channels.</param>
    public Task SendReadReceiptAsync(
        ChatGatewayAccount account, string conversationId, string authorType, DateTimeOffset readAt, CancellationToken cancellation) =>
        DoAsync(Once, account, HttpMethod.Post, $"conversations/{conversationId}/read-receipt",
            Body(new(authorType, readAt.ToUnixTimeMilliseconds()), SmallJson.Default.ReadReceiptBody), cancellation);

    // Participants

    /// <summary>Everyone who ever joined the conversation.</summary>
    public Task<Page<Participant>> ListParticipantsAsync(
        ChatGatewayAccount account, string conversationId, CancellationToken cancellation) =>
        ListAsync(account, $"conversations/{conversationId}/participants", "participants", Json.Default.Participant,
            default, cancellation);

    /// <summary>The user leaves, which ends the running interaction.</summary>
    public Task RemoveUserAsync(ChatGatewayAccount account, string conversationId, CancellationToken cancellation) =>
        DoAsync(Freely, account, HttpMethod.Patch, $"conversations/{conversationId}/participants/user",
            Body(new(true), SmallJson.Default.RemovedBody), cancellation);

    // Attachments

    /// <summary>Uploads a file, streamed; a message can then name its id.</summary>
    public Task<Attachment> UploadAttachmentAsync(
        ChatGatewayAccount account, string conversationId, NewAttachment file, CancellationToken cancellation) =>
        AskAsync(WhenNotDelivered, account, HttpMethod.Post, $"conversations/{conversationId}/attachments",
            new AttachmentForm(file), Json.Default.Attachment, cancellation);

    /// <summary>The attachments of a conversation.</summary>
    public Task<Page<Attachment>> ListAttachmentsAsync(
        ChatGatewayAccount account, string conversationId, ListQuery query, CancellationToken cancellation) =>
        ListAsync(account, $"conversations/{conversationId}/attachments", "attachments", Json.Default.Attachment,
            query, cancellation);

    /// <summary>What is known about an attachment.</summary>
    public Task<Attachment> GetAttachmentAsync(
        ChatGatewayAccount account, string conversationId, string attachmentId, CancellationToken cancellation) =>
        AskAsync(Freely, account, HttpMethod.Get, $"conversations/{conversationId}/attachments/{attachmentId}", null,
            Json.Default.Attachment, cancellation);

    /// <summary>The content of an attachment, streamed. Dispose it.</summary>
    public async Task<AttachmentContent> DownloadAttachmentAsync(
        ChatGatewayAccount account, string conversationId, string attachmentId, CancellationToken cancellation)
    {
        var call = NewCall(
            account, HttpMethod.Get, $"conversations/{conversationId}/attachments/{attachmentId}/content", null,
            buffered: false);
        var response = await SendAsync(Freely, call, cancellation);
        return new(response, await response.Content.ReadAsStreamAsync(cancellation));
    }

    // Webhooks

    /// <summary>The webhooks of the customer.</summary>
    public Task<Page<Webhook>> ListWebhooksAsync(ChatGatewayAccount account, ListQuery query, CancellationToken cancellation) =>
        ListAsync(account, $"webhooks", "webhooks", Json.Default.Webhook, query, cancellation);

    /// <summary>Creates a webhook; 8x8 sends it a verifying event at once.</summary>
    public Task<Webhook> CreateWebhookAsync(ChatGatewayAccount account, Webhook webhook, CancellationToken cancellation) =>
        AskAsync(WhenNotDelivered, account, HttpMethod.Post, $"webhooks",
            Body(webhook with { Id = null }, Json.Default.Webhook), Json.Default.Webhook, cancellation);

    /// <summary>One webhook.</summary>
    public Task<Webhook> GetWebhookAsync(ChatGatewayAccount account, string webhookId, CancellationToken cancellation) =>
        AskAsync(Freely, account, HttpMethod.Get, $"webhooks/{webhookId}", null, Json.Default.Webhook, cancellation);

    /// <summary>Replaces a webhook.</summary>
    public Task<Webhook> UpdateWebhookAsync(
        ChatGatewayAccount account, string webhookId, Webhook webhook, CancellationToken cancellation) =>
        AskAsync(Freely, account, HttpMethod.Put, $"webhooks/{webhookId}",
            Body(webhook with { Id = null }, Json.Default.Webhook), Json.Default.Webhook, cancellation);

    /// <summary>Deletes a webhook.</summary>
    public Task DeleteWebhookAsync(ChatGatewayAccount account, string webhookId, CancellationToken cancellation) =>
        DoAsync(Freely, account, HttpMethod.Delete, $"webhooks/{webhookId}", null, cancellation);

    /// <summary>Has 8x8 send a verifying event to a URL; succeeds when that was answered with 2xx.</summary>
    public Task VerifyWebhookAsync(ChatGatewayAccount account, string uri, CancellationToken cancellation) =>
        DoAsync(Freely, account, HttpMethod.Post, $"webhooks/verify",
            Body(new(Webhook.ChatGatewayV1, uri), SmallJson.Default.VerifyBody), cancellation);

    // Channels

    /// <summary>The channels of the customer.</summary>
    public Task<Page<Channel>> ListChannelsAsync(ChatGatewayAccount account, ListQuery query, CancellationToken cancellation) =>
        ListAsync(account, $"channels", "channels", Json.Default.Channel, query, cancellation);

    /// <summary>Creates a Chat API channel.</summary>
    public Task<Channel> CreateChannelAsync(ChatGatewayAccount account, Channel channel, CancellationToken cancellation) =>
        AskAsync(WhenNotDelivered, account, HttpMethod.Post, $"channels",
            Body(channel with { Id = null }, Json.Default.Channel), Json.Default.Channel, cancellation);

    /// <summary>One channel.</summary>
    public Task<Channel> GetChannelAsync(ChatGatewayAccount account, string channelId, CancellationToken cancellation) =>
        AskAsync(Freely, account, HttpMethod.Get, $"channels/{channelId}", null, Json.Default.Channel, cancellation);

    /// <summary>Replaces a channel.</summary>
    public Task<Channel> UpdateChannelAsync(
        ChatGatewayAccount account, string channelId, Channel channel, CancellationToken cancellation) =>
        AskAsync(Freely, account, HttpMethod.Put, $"channels/{channelId}",
            Body(channel with { Id = null }, Json.Default.Channel), Json.Default.Channel, cancellation);

    /// <summary>Deletes a channel.</summary>
    public Task DeleteChannelAsync(ChatGatewayAccount account, string channelId, CancellationToken cancellation) =>
        DoAsync(Freely, account, HttpMethod.Delete, $"channels/{channelId}", null, cancellation);

    // Signing keys

    /// <summary>The public key (JWK) that 8x8 signs webhooks with; null when 8x8 does not know it. No API key is sent.</summary>
    /// <param name="baseUrl">The server of the Endpoint.</param>
    /// <param name="tenantId">Sent where it is set.</param>
    /// <param name="kid">The key's id, as the signature names it; escaped, so that it cannot lead elsewhere.</param>
    public async Task<JsonElement?> GetPublicKeyAsync(Uri baseUrl, string? tenantId, string kid, CancellationToken cancellation)
    {
        var nobody = new ChatGatewayAccount(baseUrl, "", tenantId);
        // The reference documents the first path, all its samples use the second.
        return await GetKeyAsync(nobody, $"jwk/{kid}/public", cancellation)
            ?? await GetKeyAsync(nobody, $"/vcc/us/chat/v2/jwk/{kid}/public", cancellation);
    }

    private async Task<JsonElement?> GetKeyAsync(ChatGatewayAccount account, FormattableString path, CancellationToken cancellation)
    {
        try
        {
            return await AskAsync(Freely, NewCall(account, HttpMethod.Get, path, null), ReadKey, cancellation, NotFound);
        }
        catch (ChatGatewayException e) when (NotFound(e))
        {
            return null;
        }
    }

    /// <summary>An object, or, as 8x8's reference has it, a string that holds one.</summary>
    private static JsonElement ReadKey(JsonElement answer)
    {
        var key = answer.ValueKind is JsonValueKind.String
            ? JsonSerializer.Deserialize(answer.GetString()!, Json.Default.JsonElement)
            : answer.Clone();
        return key.ValueKind is JsonValueKind.Object ? key : throw new JsonException("A key is an object.");
    }

    /// <summary>8x8 does not know it, or it is no id at all (then nothing was asked).</summary>
    private static bool NotFound(ChatGatewayException e) => e is { Delivery: Delivery.Refused, Status: null or 404 };

    private static bool AlreadyExists(ChatGatewayException e) =>
        e.Status is 400 or 409 && e.Messages.Any(m => m.Contains("already exists", StringComparison.OrdinalIgnoreCase));

    private static NewConversation Within8x8sLimits(NewConversation conversation)
    {
        if (conversation.History?.Messages.Count > History.MostMessages)
            throw new ArgumentException($"8x8 takes at most {History.MostMessages} messages of history.", nameof(conversation));
        if (conversation.User.AdditionalProperties?.Count > User.MostAdditionalProperties)
            throw new ArgumentException(
                $"8x8 takes at most {User.MostAdditionalProperties} additional properties.", nameof(conversation));
        return conversation;
    }
}
