using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// The partition of one conversation: <c>{endpointId}|{conversationId}</c>, the latter escaped for table keys.
/// </summary>
/// <param name="EndpointId">Letters and digits.</param>
/// <param name="Conversation">8x8's conversation id, escaped; the raw id rests in the rows.</param>
public readonly record struct ConversationKey(string EndpointId, string Conversation)
{
    private const int MaxEscaped = 200;

    /// <summary>The key of an Endpoint's conversation, by the raw id that 8x8 gave it.</summary>
    public static ConversationKey Of(string endpointId, string conversationId) => new(endpointId, Escape(conversationId));

    /// <summary>Reads back <see cref="ToString"/>; null when it is none.</summary>
    public static ConversationKey? Parse(string partitionKey) =>
        partitionKey.IndexOf('|', StringComparison.Ordinal) is var bar and > 0
            ? new ConversationKey(partitionKey[..bar], partitionKey[(bar + 1)..])
            : null;

    /// <summary>The PartitionKey.</summary>
    public override string ToString() => $"{EndpointId}|{Conversation}";

    /// <summary>
    /// Makes any id fit for a table key: other than letters, digits and <c>-_~</c> become <c>=HH</c> for each byte of
    /// UTF-8; what is longer than 200 characters then is replaced by its SHA-256, marked <c>=h</c>.
    /// </summary>
    public static string Escape(string id)
    {
        if (id.Length <= MaxEscaped && id.AsSpan().IndexOfAnyExcept(Plain) < 0) return id;
        var escaped = new StringBuilder(id.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(id))
            if (Plain.Contains((char)b)) escaped.Append((char)b);
            else escaped.Append(CultureInfo.InvariantCulture, $"={b:X2}");
        return escaped.Length <= MaxEscaped
            ? escaped.ToString()
            : "=h" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)));
    }

    private static readonly System.Buffers.SearchValues<char> Plain =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~");
}
