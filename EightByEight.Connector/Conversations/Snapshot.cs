using Azure;

namespace EightByEight.Connector.Conversations;

/// <summary>A conversation as it was read: what a turn needs, never its transcript.</summary>
internal sealed record Snapshot
{
    /// <summary>Null before the first turn.</summary>
    public Head? Head { get; init; }

    public ETag HeadTag { get; init; }
    public ETag BellTag { get; init; }
    public ConversationState State { get; init; } = new();

    /// <summary>Where <see cref="State"/> rests, so that it is not written again when it did not change.</summary>
    public Body StateBody { get; init; }

    /// <summary>What waits, in order.</summary>
    public IReadOnlyList<Waiting> Inbox { get; init; } = [];

    /// <summary>Whether more waits than was read.</summary>
    public bool IsPartial { get; init; }

    /// <summary>Whether some lease holds now, as far as this clock can tell.</summary>
    public bool IsHeld(DateTimeOffset now, TimeSpan skew) =>
        Head?.Lease is { } lease && now.ToUnixTimeMilliseconds() <= lease.Until + (long)skew.TotalMilliseconds;
}

/// <summary>An event in the inbox.</summary>
internal sealed record Waiting(string RowKey, StoredEvent Event);
