using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EightByEight.Connector.Conversations;

/// <summary>A queue message: a conversation has something to do. It carries no content, so losing or doubling one is harmless.</summary>
public sealed record WakeUp
{
    /// <summary>The conversation's partition.</summary>
    [JsonPropertyName("k")]
    public required string Key { get; init; }

    /// <summary>Whether this is the second message that stays invisible until the first should long be done.</summary>
    [JsonPropertyName("s")]
    public bool IsBackup { get; init; }

    /// <summary>The id of the backup that belongs to this wake-up.</summary>
    [JsonPropertyName("b")]
    public string? BackupId { get; init; }

    /// <summary>What deleting the backup takes.</summary>
    [JsonPropertyName("r")]
    public string? BackupReceipt { get; init; }

    /// <summary>Seen earlier, it is put again; milliseconds since 1970. Null: there is work now.</summary>
    [JsonPropertyName("f")]
    public long? NotBefore { get; init; }

    /// <summary>W3C <c>traceparent</c> of what put the message.</summary>
    [JsonPropertyName("t")]
    public string? TraceParent { get; init; }

    /// <summary>How often it came back from the poison queue.</summary>
    [JsonPropertyName("n")]
    public int Rounds { get; init; }

    /// <summary>The text of the queue message.</summary>
    public string ToMessage() => JsonSerializer.Serialize(this, ConversationJson.Default.WakeUp);

    /// <summary>Reads a queue message; false when it is not one of ours.</summary>
    public static bool TryParse(string message, [NotNullWhen(true)] out WakeUp? wakeUp)
    {
        try
        {
            wakeUp = JsonSerializer.Deserialize(message, ConversationJson.Default.WakeUp);
        }
        catch (JsonException)
        {
            wakeUp = null;
        }

        return wakeUp is { Key: not null } && ConversationKey.Parse(wakeUp.Key) is not null;
    }
}
