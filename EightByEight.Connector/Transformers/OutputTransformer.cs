using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Transformers;

/// <summary>Shows <c>handleOutput</c> each message that a turn is to send.</summary>
/// <param name="timeout">How long all calls of the turn may take together.</param>
internal sealed class OutputTransformer(
    TransformerRoom room, Endpoint endpoint, string userId, string sessionId, JsonObject about, TimeSpan timeout)
{
    private const string Media = "$media";
    private readonly string? _conversationId = (string?)about["id"];
    private TimeSpan _spent;

    /// <summary>Whether an error ended the turn's outputs.</summary>
    public bool IsAborted { get; private set; }

    /// <summary>What is to be sent of an output, and what that offers.</summary>
    /// <param name="cardId">The id of Adaptive Cards that the transformer may make.</param>
    public async Task<Converted> TransformAsync(Output output, Converted converted, string cardId, CancellationToken cancellation)
    {
        var sent = new List<OutgoingMessage>();
        foreach (var message in converted.Messages)
            if (await TransformAsync(output, message, cancellation) is { } transformed)
                sent.Add(ReferenceEquals(transformed, message) ? message : OutgoingContent.Marked(transformed, cardId));
        return sent.SequenceEqual(converted.Messages, ReferenceEqualityComparer.Instance) ? converted
            : new(sent, sent.Select(OutgoingContent.OfferOf).Aggregate(Offer.Nothing, (all, one) => all.And(one)));
    }

    /// <summary>The message to be sent; null: none is.</summary>
    private async Task<OutgoingMessage?> TransformAsync(Output output, OutgoingMessage message, CancellationToken cancellation)
    {
        if (IsAborted) return null;
        var processed = JsonSerializer.SerializeToNode(message, ChatGatewayJson.Default.OutgoingMessage)!.AsObject();
        var began = Stopwatch.GetTimestamp();
        var result = _spent > timeout
            ? new HandlerResult { Failure = new($"The output transformers of one turn took longer than {timeout.TotalSeconds} s together.") }
            : await room.CallAsync(endpoint, "handleOutput", new JsonObject
            {
                ["output"] = OutputView.Of(output),
                ["processedOutput"] = processed.DeepClone(),
                ["userId"] = userId,
                ["sessionId"] = sessionId,
                ["conversation"] = about.DeepClone(),
            }, _conversationId, sessionId, cancellation);
        _spent += Stopwatch.GetElapsedTime(began);
        if (!result.IsThere) return message;
        if (result.Failure is null)
        {
            if (result.Value is null) return null;
            if (JsonNode.DeepEquals(result.Value, processed)) return message;
            if (Read(result.Value, out var problem) is { } changed) return changed;
            await room.FailedAsync(endpoint, $"handleOutput returned no message of 8x8: {problem}", _conversationId, sessionId, cancellation);
        }

        IsAborted = endpoint.Settings.Transformers.AbortOnError;
        return IsAborted ? null : message;
    }

    /// <summary>A message as a handler returned it; null: 8x8 would not take it.</summary>
    internal static OutgoingMessage? Read(JsonNode value, out string? problem)
    {
        problem = "it is no object.";
        if (value is not JsonObject given) return null;
        IReadOnlyList<MediaFile>? files = null;
        if (given[Media] is { } media)
        {
            given.Remove(Media);
            try
            {
                files = media.Deserialize(OutputJson.Default.IReadOnlyListMediaFile);
            }
            catch (JsonException)
            {
                problem = "'$media' is not a list of files as processedOutput had it.";
                return null;
            }

            // A file alone is a message too.
            if (given["text"] is null && given["cards"] is null && given["attachments"] is null && given["externalProvider"] is null)
                return new OutgoingMessage { Media = files };
        }

        return RawMessages.Read(given, out problem) is { } read ? read with { Media = files } : null;
    }
}

/// <summary>An output as its Flow said it: text, and whatever else in data.</summary>
internal static class OutputView
{
    public static JsonObject Of(Output output)
    {
        var data = (JsonObject?)output.Data?.DeepClone() ?? [];
        if (output.QuickReplies.Count > 0) data["quickReplies"] = JsonSerializer.SerializeToNode(output.QuickReplies, OutputJson.Default.IReadOnlyListQuickReply);
        if (output.FallbackText is { } fallback) data["fallbackText"] = fallback;
        if (output.Rich is { } rich)
        {
            data["type"] = JsonNamingPolicy.CamelCase.ConvertName(rich.GetType().Name);
            foreach (var (name, value) in JsonSerializer.SerializeToNode(rich, rich.GetType(), OutputJson.Default)!.AsObject())
                data[name] = value?.DeepClone();
        }

        return new() { ["text"] = output.Text, ["data"] = data };
    }
}

/// <summary>JSON of outputs.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<QuickReply>))]
[JsonSerializable(typeof(IReadOnlyList<MediaFile>))]
[JsonSerializable(typeof(Buttons))]
[JsonSerializable(typeof(Gallery))]
[JsonSerializable(typeof(ItemList))]
[JsonSerializable(typeof(Media))]
[JsonSerializable(typeof(AdaptiveCard))]
[JsonSerializable(typeof(DatePicker))]
[JsonSerializable(typeof(ChannelCard))]
[JsonSerializable(typeof(RawMessage))]
internal sealed partial class OutputJson : JsonSerializerContext;
