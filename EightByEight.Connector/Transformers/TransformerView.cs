using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Transformers;

/// <summary>Events and conversations as transformers see them.</summary>
internal static class TransformerView
{
    /// <summary>An event of 8x8 as the request it came in. Of its headers only what tells events apart is kept.</summary>
    public static JsonObject Request(StoredEvent stored, JsonElement body) => Request(stored.EventId, JsonNode.Parse(body.GetRawText()));

    /// <inheritdoc cref="Request(StoredEvent, JsonElement)"/>
    public static JsonObject Request(string eventId, JsonNode? body) => new()
    {
        ["method"] = "POST",
        ["url"] = "/webhooks",
        ["originalUrl"] = "/webhooks",
        ["path"] = "/webhooks",
        ["query"] = new JsonObject(),
        ["params"] = new JsonObject(),
        ["headers"] = new JsonObject { ["content-type"] = "application/json", ["x-8x8-event-id"] = eventId },
        ["body"] = body,
    };

    /// <summary>The conversation: where its handover stands, and whether people talk.</summary>
    public static JsonObject Conversation(string conversationId, ConversationState state) => new()
    {
        ["id"] = conversationId,
        ["channel"] = state.Facts.Channel.Value is { Length: > 0 } channel ? channel : null,
        ["sessionId"] = state.Session?.Id,
        ["handover"] = state.Handover is not { } handover ? null : new JsonObject
        {
            ["status"] = JsonNamingPolicy.CamelCase.ConvertName(handover.Status.ToString()),
            ["isActive"] = handover.IsActive,
            ["queueId"] = handover.QueueId,
            ["agentId"] = handover.AgentId,
            ["reason"] = handover.Reason,
        },
    };

    /// <summary>Who 8x8 says that the customer is, and who a transformer does.</summary>
    public static IEnumerable<string> UserIds(string conversationId, ConversationState state) =>
        ((string[])[UserId(conversationId, state with { Session = null }), UserId(conversationId, state)]).Distinct();

    /// <summary>The user id that the running session's Flow knows.</summary>
    public static string UserId(string conversationId, ConversationState state)
    {
        if (state.Session?.UserId is { } given) return given;
        return state.Facts.User.Value is { } known && JsonNode.Parse(known)?["userId"] is JsonValue id && id.ToString() is { Length: > 0 } userId
            ? userId : conversationId;
    }
}
