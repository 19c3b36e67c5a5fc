using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EightByEight.Connector.ChatGateway;

/// <summary>The JSON of the Chat Gateway: camelCase, null left out, unknown members ignored, numbers also as strings.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(OutgoingMessage))]
[JsonSerializable(typeof(Message))]
[JsonSerializable(typeof(Card))]
[JsonSerializable(typeof(Participant))]
[JsonSerializable(typeof(Conversation))]
[JsonSerializable(typeof(ConversationChange))]
[JsonSerializable(typeof(NewConversation))]
[JsonSerializable(typeof(CreatedConversation))]
[JsonSerializable(typeof(Interaction))]
[JsonSerializable(typeof(PostAgentAssignment))]
[JsonSerializable(typeof(Attachment))]
[JsonSerializable(typeof(Webhook))]
[JsonSerializable(typeof(Channel))]
[JsonSerializable(typeof(JsonElement))]
public sealed partial class ChatGatewayJson : JsonSerializerContext;

/// <summary>Small bodies that only the client sees.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(TypingBody))]
[JsonSerializable(typeof(ThinkingBody))]
[JsonSerializable(typeof(ReadReceiptBody))]
[JsonSerializable(typeof(RemovedBody))]
[JsonSerializable(typeof(VerifyBody))]
[JsonSerializable(typeof(PageInfo))]
[JsonSerializable(typeof(QueueAnswer))]
[JsonSerializable(typeof(ScheduleAnswer))]
internal sealed partial class SmallJson : JsonSerializerContext;

internal sealed record TypingBody(string AuthorType);

internal sealed record ThinkingBody(string AuthorType, int? MaxThinkingTimeSeconds);

internal sealed record ReadReceiptBody(string AuthorType, long ReadAt);

internal sealed record RemovedBody(bool Removed);

internal sealed record VerifyBody(string Version, string Uri);

internal sealed record PageInfo(int? Number = null, int? TotalElements = null, int? TotalPages = null);

/// <summary>Ids are opaque strings; spaces around them, seen in 8x8's samples, are dropped, and a number is taken as its digits.</summary>
internal sealed class IdConverter : JsonConverter<string>
{
    /// <inheritdoc/>
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.String => reader.GetString()!.Trim(),
        JsonTokenType.Number => reader.GetDecimal().ToString(CultureInfo.InvariantCulture),
        _ => throw new JsonException("An id is a string."),
    };

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

/// <summary>ISO 8601 or milliseconds since 1970; what is neither becomes null rather than an error.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset?>
{
    /// <inheritdoc/>
    public override DateTimeOffset? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType is JsonTokenType.Number && reader.TryGetInt64(out var number)) return FromMilliseconds(number);
        if (reader.TokenType is JsonTokenType.String) return FromText(reader.GetString()!);
        reader.Skip();
        return null;
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset? value, JsonSerializerOptions options)
    {
        if (value is { } time) writer.WriteStringValue(time);
        else writer.WriteNullValue();
    }

    private static DateTimeOffset? FromText(string text) =>
        long.TryParse(text, CultureInfo.InvariantCulture, out var number) ? FromMilliseconds(number)
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time
        : null;

    private static DateTimeOffset? FromMilliseconds(long number) =>
        number >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && number <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(number)
            : null;
}
