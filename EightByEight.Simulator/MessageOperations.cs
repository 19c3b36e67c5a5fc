using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace EightByEight.Simulator;

internal static class MessageOperations
{
    public static Answer List(GatewayRequest request)
    {
        var conversation = request.Conversation();
        var now = request.Gateway.Options.TimeProvider.GetUtcNow();
        lock (conversation.Gate)
        {
            return request.Page(
                "messages", Visible(conversation, now).Select(message => message.View()), "createdAt:desc", links: false);
        }
    }

    public static Answer Send(GatewayRequest request)
    {
        var conversation = request.Conversation();
        var json = request.Json(message => Problems.BadRequest(message));
        Attachment[] attachments;
        lock (conversation.Gate) attachments = [.. conversation.Attachments];
        var make = Read(json, attachments);
        var status = request.Gateway.Options.IdleMessageStatus;
        if (conversation.State == "idle" && status != 202)
        {
            return status == 404
                ? Problems.NotFound("Interaction", conversation.Id)
                : Problems.BadRequest($"Conversation {conversation.Id} has no running interaction.", "resource_not_found") with { Status = status };
        }

        request.Gateway.Accept(conversation, make, request.Fault?.VisibilityDelay ?? TimeSpan.Zero);
        return Answer.Accepted();
    }

    public static Answer Get(GatewayRequest request) => Answer.Ok(Find(request).View());

    public static Answer ListCards(GatewayRequest request) => request.Page("cards", Find(request).Cards);

    public static Answer ListAttachments(GatewayRequest request)
    {
        var conversation = request.Conversation();
        lock (conversation.Gate)
            return request.Page("attachments", conversation.Attachments.Select(attachment => attachment.View()).ToArray());
    }

    public static async Task<Answer> UploadAsync(GatewayRequest request)
    {
        var conversation = request.Conversation();
        var http = request.Context.Request;
        if (!http.HasFormContentType) return Invalid("The request body has to be multipart/form-data.");
        IFormCollection form;
        try
        {
            form = await http.ReadFormAsync(request.Context.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException)
        {
            return Invalid($"The request body is not multipart/form-data: {e.Message}");
        }

        if (form.Files["attachment"] is not { FileName.Length: > 0 } file) return Invalid("The part attachment, a file with a name, is required.");
        if (form["authorType"].FirstOrDefault() is { } author && author is not ("bot" or "user"))
            return Invalid($"Invalid authorType={author}, has to be one of user, bot");
        using var content = new MemoryStream();
        await file.CopyToAsync(content, request.Context.RequestAborted);
        return Answer.Ok(request.Gateway.Upload(conversation, file.FileName, content.ToArray()).View());
    }

    public static Answer GetAttachment(GatewayRequest request) => Answer.Ok(FindAttachment(request).View());

    public static Answer Download(GatewayRequest request)
    {
        var attachment = FindAttachment(request);
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(attachment.Filename);
        return new Answer(200, attachment.Content, "application/octet-stream") { Disposition = disposition.ToString() };
    }

    public static Answer Act(GatewayRequest request, bool executed)
    {
        var conversation = request.Conversation(Problems.ResourceNotFoundException);
        return request.Gateway.ActOnCard(conversation, request.Route("cardId"), executed)
            ? Answer.NoContent
            : Problems.ResourceNotFoundException("Card", request.Route("cardId"));
    }

    /// <summary>Reads a message body; the result makes the message once its time is known.</summary>
    /// <param name="attachments">What it may refer to; null leaves references unchecked.</param>
    public static Func<DateTimeOffset, Message> Read(JsonElement json, IReadOnlyList<Attachment>? attachments)
    {
        var author = json.Text("authorType") ?? "user";
        if (author is not ("user" or "bot")) throw Bad($"Invalid authorType={author}, has to be one of user, bot, agent");
        var text = json.Member("text") is { } given
            ? given.ValueKind == JsonValueKind.String ? given.GetString() : throw Bad("text has to be a string.")
            : null;
        var provider = json.Member("externalProvider");
        if (text is not null && provider is not null) throw Bad("text and externalProvider cannot be provided at the same time.");
        if (provider is { } external && (external.Text("name") != "X" || external.Text("externalMessageId") is not { Length: > 0 }))
            throw Bad("externalProvider has to have name X and an externalMessageId.");

        var ids = Items(json, "attachments").Select(item => item.Text("id") ?? throw Bad("An attachment has no id.")).ToList();
        if (attachments is not null && ids.Find(id => attachments.All(attachment => attachment.Id != id)) is { } unknown)
            throw Bad($"Attachment {unknown} does not exist in this conversation.");
        var cards = Items(json, "cards").Select(ReadCard).ToList();
        if (string.IsNullOrEmpty(text) && provider is null && ids.Count == 0 && cards.Count == 0)
            throw Bad("A message needs text, externalProvider, attachments or cards.");

        return at => new Message($"msg-{WebhookDelivery.NewId()}", author, author, text, at, at)
        {
            Attachments = ids,
            Cards = cards,
            ExternalProvider = provider,
        };
    }

    private static Card ReadCard(JsonElement card)
    {
        if (card.ValueKind != JsonValueKind.Object || card.Member("content") is not { ValueKind: JsonValueKind.Object } content)
            throw Bad("A card has to have a content, which is an object.");
        var contentType = card.Text("contentType") ?? "application/vnd.microsoft.card.adaptive";
        return new Card(card.Text("id") ?? $"card-{WebhookDelivery.NewId()}", contentType, content);
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement json, string name) => json.Member(name) switch
    {
        null => default,
        { ValueKind: JsonValueKind.Array } array => array.EnumerateArray(),
        _ => throw Bad($"{name} has to be an array."),
    };

    private static IEnumerable<Message> Visible(Conversation conversation, DateTimeOffset now) =>
        // A stamp may run a few milliseconds ahead of the clock, so a message without delay is visible in any case.
        conversation.Messages.Where(message => message.VisibleAt <= message.CreatedAt || message.VisibleAt <= now);

    private static Message Find(GatewayRequest request)
    {
        var conversation = request.Conversation();
        var id = request.Route("messageId");
        var now = request.Gateway.Options.TimeProvider.GetUtcNow();
        lock (conversation.Gate)
        {
            return Visible(conversation, now).FirstOrDefault(message => message.Id == id)
                ?? throw new AnswerException(Problems.NotFound("Message", id));
        }
    }

    private static Attachment FindAttachment(GatewayRequest request)
    {
        var conversation = request.Conversation();
        var id = request.Route("attachmentId");
        lock (conversation.Gate)
        {
            return conversation.Attachments.Find(attachment => attachment.Id == id)
                ?? throw new AnswerException(Problems.NotFound("Attachment", id));
        }
    }

    private static Answer Invalid(string message) => Problems.Generic(400, "invalid_parameter", message);

    private static AnswerException Bad(string message) => new(Problems.BadRequest(message));
}
