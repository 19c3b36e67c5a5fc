using System.Security.Cryptography;
using Azure.Data.Tables;
using Azure.Storage.Blobs;

namespace EightByEight.Connector.Conversations;

/// <summary>An accepted event as it rests in the inbox, in history, or parked.</summary>
internal sealed record StoredEvent
{
    /// <summary>The event type of outputs that were parked and are sent again.</summary>
    public const string RetriedOutputs = "$outputs";

    /// <summary>The event type of a turn that no event of 8x8 made, but the course of a handover.</summary>
    public const string HandoverNotice = "$handover";

    /// <summary>The event type of what a virtual agent said after a turn was over, as it was fetched from there.</summary>
    public const string Heard = "$agent";

    /// <summary>The event type of what somebody else says to the Flow.</summary>
    public const string Injected = "$inject";

    /// <summary>The event type of what somebody else says to the customer.</summary>
    public const string Notified = "$notify";

    /// <summary>The event type of an operator's wish that the session ends.</summary>
    public const string Reset = "$reset";

    /// <summary>Whether it came neither from 8x8 nor from here.</summary>
    public bool IsFromOutside => EventType is Injected or Notified or Reset;

    /// <summary>Whether it is none of 8x8's, so that its timestamp is by our clock.</summary>
    public bool IsOurs => EventType.StartsWith('$');

    public required string EventId { get; init; }
    public required string EventType { get; init; }
    public required string ConversationId { get; init; }

    /// <summary>When it happened, by 8x8; milliseconds since 1970.</summary>
    public required long Timestamp { get; init; }

    /// <summary>When it was accepted; milliseconds since 1970.</summary>
    public required long ReceivedAt { get; init; }

    public required Body Body { get; init; }
    public string? TraceParent { get; init; }

    /// <summary>Whether a person asked for it to be processed again.</summary>
    public bool IsRetry { get; init; }

    /// <summary>Whether what comes of it is said even where an agent is.</summary>
    public bool IsBesideAgent { get; init; }

    /// <summary>One that happens now, and rests nowhere until its turn does.</summary>
    public static StoredEvent Now(string eventType, string eventId, string conversationId, DateTimeOffset now) => new()
    {
        EventId = eventId,
        EventType = eventType,
        ConversationId = conversationId,
        Timestamp = now.ToUnixTimeMilliseconds(),
        ReceivedAt = now.ToUnixTimeMilliseconds(),
        Body = default,
    };

    public TableEntity ToEntity(ConversationKey key, string rowKey)
    {
        var entity = new TableEntity(key.ToString(), rowKey)
        {
            ["EventId"] = EventId,
            ["EventType"] = EventType,
            ["Conversation"] = ConversationId,
            ["At"] = Timestamp,
            ["ReceivedAt"] = ReceivedAt,
        };
        Body.WriteTo(entity);
        if (TraceParent is not null) entity["TraceParent"] = TraceParent;
        if (IsRetry) entity["Retry"] = true;
        if (IsBesideAgent) entity["BesideAgent"] = true;
        return entity;
    }

    public static StoredEvent From(TableEntity entity) => new()
    {
        EventId = entity.GetString("EventId"),
        EventType = entity.GetString("EventType"),
        ConversationId = entity.GetString("Conversation"),
        Timestamp = entity.GetInt64("At") ?? 0,
        ReceivedAt = entity.GetInt64("ReceivedAt") ?? 0,
        Body = Body.From(entity),
        TraceParent = entity.GetString("TraceParent"),
        IsRetry = entity.GetBoolean("Retry") ?? false,
        IsBesideAgent = entity.GetBoolean("BesideAgent") ?? false,
    };
}

/// <summary>UTF-8 that rests in its row up to 32 KiB, else in a blob that was written before its row, under a name of its own.</summary>
/// <param name="Inline">The bytes; null when they are in a blob.</param>
/// <param name="Blob">The blob's name in the container <c>bodies</c>.</param>
internal readonly record struct Body(byte[]? Inline, string? Blob)
{
    public const int MaxInline = 32 * 1024;

    /// <summary>What the names of all blobs of a conversation start with.</summary>
    public static string Folder(ConversationKey key) => $"{key.EndpointId}/{key.Conversation}/";

    public static ValueTask<Body> StoreAsync(
        BlobContainerClient bodies, ConversationKey key, string name, byte[] bytes, CancellationToken cancellation)
    {
        return bytes.Length <= MaxInline ? new(new Body(bytes, null)) : new(SpillAsync());

        async Task<Body> SpillAsync()
        {
            var blob = $"{Folder(key)}{ConversationKey.Escape(name)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
            await bodies.GetBlobClient(blob).UploadAsync(BinaryData.FromBytes(bytes), cancellation);
            return new Body(null, blob);
        }
    }

    public async ValueTask<byte[]> ReadAsync(BlobContainerClient bodies, CancellationToken cancellation) =>
        Inline ?? (Blob is null ? [] : (await bodies.GetBlobClient(Blob).DownloadContentAsync(cancellation)).Value.Content.ToArray());

    public void WriteTo(TableEntity entity, string column = "Body")
    {
        if (Inline is not null) entity[column] = Inline;
        if (Blob is not null) entity[column + "Blob"] = Blob;
    }

    public static Body From(TableEntity entity, string column = "Body") =>
        new(entity.GetBinary(column), entity.GetString(column + "Blob"));
}
