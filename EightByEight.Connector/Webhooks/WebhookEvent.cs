using System.Text.Json;

namespace EightByEight.Connector.Webhooks;

/// <summary>
/// The envelope of a webhook event, and as much of its data as decides whether it can act. Read in one pass, without
/// building a document. Source: 8x8, Webhooks Events Reference.
/// </summary>
public readonly record struct WebhookEvent
{
    /// <summary>The longest event type and conversation id, in characters; 8x8's have a few dozen.</summary>
    public const int MaxId = 1_024;

    /// <summary><c>eventType</c>, as 8x8 writes it; unknown values are kept.</summary>
    public string EventType { get; private init; }

    /// <summary><c>conversationId</c>; null only for <c>WEB_HOOK_VERIFY</c>.</summary>
    public string? ConversationId { get; private init; }

    /// <summary><c>timestamp</c> in milliseconds since 1970; null when it is missing or no number.</summary>
    public long? Timestamp { get; private init; }

    /// <summary>What 8x8 sends to try a connection.</summary>
    public bool IsVerify => EventType == "WEB_HOOK_VERIFY";

    /// <summary>
    /// Whether the event can neither make a turn nor change what the conversation's state is: the bot's own echo, messages of
    /// 8x8's system, typing and read receipts. It is stored, but wakes nobody.
    /// </summary>
    public bool IsSilent { get; private init; }

    /// <summary>Where the event stands among others of the same millisecond: state before words.</summary>
    public int Rank => EventType == "CONVERSATION_UPDATE" ? 0 : 1;

    /// <summary>Reads a body.</summary>
    /// <returns>Null when it is an event, else what is wrong with it.</returns>
    public static string? TryRead(ReadOnlySpan<byte> body, out WebhookEvent read)
    {
        read = default;
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return "The body is not a JSON object.";
            var envelope = new Envelope();
            envelope.Read(ref reader);
            if (reader.Read()) return "The body is not JSON: something follows the object.";
            if (string.IsNullOrEmpty(envelope.EventType)) return "The body lacks 'eventType', a string.";
            if (string.IsNullOrEmpty(envelope.ConversationId) && envelope.EventType != "WEB_HOOK_VERIFY")
                return "The body lacks 'conversationId', a string.";
            if (envelope.EventType.Length > MaxId) return $"The body's 'eventType' is longer than {MaxId} characters.";
            if (envelope.ConversationId?.Length > MaxId) return $"The body's 'conversationId' is longer than {MaxId} characters.";
            read = new WebhookEvent
            {
                EventType = envelope.EventType,
                ConversationId = envelope.ConversationId,
                Timestamp = envelope.Timestamp,
                IsSilent = envelope.IsSilent,
            };
            return null;
        }
        catch (JsonException wrong)
        {
            return $"The body is not JSON: line {wrong.LineNumber + 1}, byte {wrong.BytePositionInLine + 1}.";
        }
        catch (InvalidOperationException)
        {
            return "The body is not JSON: a string is not valid UTF-8.";
        }
    }

    /// <summary>What is picked up while reading.</summary>
    private ref struct Envelope
    {
        public string? EventType;
        public string? ConversationId;
        public long? Timestamp;
        private bool _isEcho;
        private string? _sender;
        private string? _activity;

        public readonly bool IsSilent => EventType switch
        {
            "MESSAGE" or "TEXT" => _sender is "bot" or "system" || (_isEcho && _sender != "agent"),
            "ACTIVITY" => _activity is "typing" or "read-receipts",
            _ => false,
        };

        public void Read(ref Utf8JsonReader reader)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("eventType"u8)) EventType = Text(ref reader);
                else if (reader.ValueTextEquals("conversationId"u8)) ConversationId = Text(ref reader);
                else if (reader.ValueTextEquals("timestamp"u8)) Timestamp = Number(ref reader);
                else if (reader.ValueTextEquals("data"u8) && Opens(ref reader)) ReadData(ref reader);
                else reader.Skip();
            }
        }

        private void ReadData(ref Utf8JsonReader reader)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("isEcho"u8)) _isEcho = Flag(ref reader);
                else if (reader.ValueTextEquals("name"u8)) _activity = Text(ref reader);
                else if (reader.ValueTextEquals("sender"u8) && Opens(ref reader)) ReadSender(ref reader);
                else reader.Skip();
            }
        }

        private void ReadSender(ref Utf8JsonReader reader)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("type"u8)) _sender = Text(ref reader);
                else reader.Skip();
            }
        }

        /// <summary>Steps onto the value; true when it is an object, which then is to be read. Else it is there to be skipped.</summary>
        private static bool Opens(ref Utf8JsonReader reader)
        {
            reader.Read();
            return reader.TokenType == JsonTokenType.StartObject;
        }

        private static string? Text(ref Utf8JsonReader reader)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.String) return reader.GetString();
            if (reader.TokenType == JsonTokenType.Number) return System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
            reader.Skip();
            return null;
        }

        private static long? Number(ref Utf8JsonReader reader)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.Number)
                return reader.TryGetInt64(out var whole) ? whole : reader.TryGetDouble(out var any) ? (long)any : null;
            if (reader.TokenType == JsonTokenType.String && long.TryParse(reader.GetString(), out var text)) return text;
            reader.Skip();
            return null;
        }

        private static bool Flag(ref Utf8JsonReader reader)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.String) return reader.ValueTextEquals("true"u8);
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) reader.Skip();
            return reader.TokenType == JsonTokenType.True;
        }
    }
}
