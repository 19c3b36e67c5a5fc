using System.Text.Json.Nodes;

namespace EightByEight.Connector.Transformers;

/// <summary>What <c>handleInput</c>, <c>handleInject</c> or <c>handleNotify</c> made of a request. A member that is null is left as it is.</summary>
/// <param name="Stops">Whether nothing is to come of the request.</param>
internal sealed record Transformed(bool Stops, string? UserId = null, string? SessionId = null, string? Text = null, JsonObject? Data = null)
{
    public const int MaxId = 256;
    public const int MaxText = 10_000;

    /// <summary>Everything is left as it is.</summary>
    public static readonly Transformed Unchanged = new(false);

    public static readonly Transformed Stopped = new(true);

    /// <summary>What the handler answered by <c>response</c>; null: nothing.</summary>
    public HandlerAnswer? Answer { get; init; }

    /// <summary>The conversation whose data it is, as far as the request or the handler names one; null: nobody knows.</summary>
    public string? About { get; init; }

    /// <summary>Files to go along, for <c>handleNotify</c> and <c>handleInject</c>; null: left as they are.</summary>
    public JsonArray? Attachments { get; init; }

    /// <summary>Whether the handler failed, or returned what cannot be taken.</summary>
    public bool HasFailed { get; init; }

    /// <summary>Whether the handler ran and returned something.</summary>
    public bool IsTransformed { get; init; }

    /// <summary>Reads what a handler returned.</summary>
    /// <param name="problem">What is wrong with it.</param>
    public static Transformed? Read(JsonNode? value, out string? problem)
    {
        problem = null;
        if (value is null) return Stopped;
        if (value is not JsonObject given)
        {
            problem = "it is no object";
            return null;
        }

        var read = new Transformed(false,
            TextOf(given, "userId", MaxId, ref problem), TextOf(given, "sessionId", MaxId, ref problem), TextOf(given, "text", MaxText, ref problem),
            PartOf<JsonObject>(given, "data", "an object", ref problem))
        {
            Attachments = PartOf<JsonArray>(given, "attachments", "a list", ref problem),
            IsTransformed = true,
        };
        return problem is null ? read : null;
    }

    private static string? TextOf(JsonObject given, string name, int most, ref string? problem)
    {
        if (given[name] is not { } node) return null;
        if (node is JsonValue value && value.TryGetValue<string>(out var text))
        {
            if (text.Length <= most) return text;
            problem ??= $"{name} has {text.Length} characters; {most} are allowed";
        }
        else problem ??= $"{name} is no text";
        return null;
    }

    private static T? PartOf<T>(JsonObject given, string name, string kind, ref string? problem) where T : JsonNode
    {
        if (given[name] is not { } node) return null;
        if (node is T part) return (T)part.DeepClone();
        problem ??= $"{name} is not {kind}";
        return null;
    }
}
