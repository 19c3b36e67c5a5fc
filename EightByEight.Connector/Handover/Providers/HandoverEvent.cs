using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Privacy;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>Something that the bot is told, as it goes out: by callback and in the stream of events alike.</summary>
/// <param name="Type">One of <see cref="EventTypes"/>.</param>
/// <param name="Timestamp">When it happened, by 8x8 where 8x8 said so; ISO 8601.</param>
/// <param name="Data">With <c>handoverId</c>, <c>number</c> and, where the bot gave one, <c>reference</c>.</param>
internal sealed record HandoverEvent(string Type, string Timestamp, JsonObject Data);

/// <summary>The types of events for the bot.</summary>
internal static class EventTypes
{
    public const string Queued = "handover.queued";
    public const string AgentJoined = "handover.agent_joined";
    public const string Transferred = "handover.transferred";
    public const string AgentLeft = "handover.agent_left";
    public const string Completed = "handover.completed";
    public const string Failed = "handover.failed";
    public const string AgentMessage = "agent.message";
    public const string AgentTyping = "agent.typing";
    public const string Undeliverable = "message.undeliverable";
    public const string Untranslated = "message.untranslated";

    /// <summary>Whether nothing but what an agent wrote before can follow.</summary>
    public static bool IsLast(string type) => type is Completed or Failed;
}

/// <summary>An event that has happened and has no number yet.</summary>
/// <param name="At">Milliseconds since 1970.</param>
internal sealed record Happening(string Type, long At, JsonObject Data);

/// <summary>An event as it rests in its row.</summary>
/// <param name="At">When it was written, in milliseconds since 1970.</param>
/// <param name="WantsCallback">Whether the provider had a callback when it happened.</param>
internal sealed record StoredHandoverEvent(long Number, string Type, long At, bool WantsCallback, Body Body)
{
    /// <summary>The row of an event; what does not fit into it becomes a blob.</summary>
    public static async Task<TableEntity> RowAsync(
        SealedBodies bodies, HandoverHead head, long number, Happening happening, long now, bool wantsCallback,
        CancellationToken cancellation)
    {
        var data = happening.Data;
        data["handoverId"] = head.Id;
        data["number"] = number;
        if (head.Reference is not null) data["reference"] = head.Reference;
        var at = DateTimeOffset.FromUnixTimeMilliseconds(happening.At).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var json = JsonSerializer.SerializeToUtf8Bytes(new HandoverEvent(happening.Type, at, data), HandoverJson.Default.HandoverEvent);
        var key = HandoverKey.Of(head.Id);
        var body = await bodies.StoreAsync(key, $"event-{number}", json, cancellation);
        return new StoredHandoverEvent(number, happening.Type, now, wantsCallback, body).ToEntity(key.ToString(), HandoverRows.Event(number));
    }

    public TableEntity ToEntity(string partition, string rowKey)
    {
        var row = new TableEntity(partition, rowKey) { ["Number"] = Number, ["Type"] = Type, ["At"] = At, ["Callback"] = WantsCallback };
        Body.WriteTo(row);
        return row;
    }

    public static StoredHandoverEvent From(TableEntity row) => new(
        row.GetInt64("Number") ?? 0, row.GetString("Type"), row.GetInt64("At") ?? 0, row.GetBoolean("Callback") ?? false, Body.From(row));
}
