namespace EightByEight.Connector.ChatGateway;

/// <summary>
/// A call to the 8x8 Chat Gateway failed. The message is written for an operator; it holds what 8x8 said, and never
/// the API key. After repeated attempts it describes the last one.
/// </summary>
public sealed class ChatGatewayException(string message, Delivery delivery, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether the call took effect.</summary>
    public Delivery Delivery { get; } = delivery;

    /// <summary>The HTTP status; null when there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>8x8's error codes, such as <c>invalid_queue</c>; empty when it gave none.</summary>
    public IReadOnlyList<string> Codes { get; init; } = [];

    /// <summary>What 8x8 said, most general first; empty when it said nothing.</summary>
    public IReadOnlyList<string> Messages { get; init; } = [];

    /// <summary>8x8's support asks for it; null when there was none.</summary>
    public string? ReferenceId { get; init; }

    /// <summary>How long 8x8 (<c>Retry-After</c>) or the open circuit asks to wait; null when neither did.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
