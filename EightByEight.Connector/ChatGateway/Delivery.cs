namespace EightByEight.Connector.ChatGateway;

/// <summary>What is known about a call that failed: whether it took effect at 8x8.</summary>
public enum Delivery
{
    /// <summary>
    /// It may or may not have been done: time-out, connection lost after sending began, 408, 5xx, or an answer that
    /// cannot be read. Never send it again on suspicion: read back first.
    /// </summary>
    Unknown,

    /// <summary>
    /// 8x8 answered a definite no (3xx, or 4xx other than 408 and 429), or an id or key made the call impossible (no
    /// status then). Nothing was done.
    /// </summary>
    Refused,

    /// <summary>Nothing was done: 429, no connection was made, or the circuit is open. Sending it again is safe.</summary>
    NotDelivered,
}
