using System.Globalization;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// The rows of a conversation's partition. Everything that a turn needs sorts below <see cref="EndOfPending"/>, so that a turn
/// never reads the transcript.
/// </summary>
internal static class RowKeys
{
    /// <summary>Lease, sequence, session, what is being sent.</summary>
    public const string Head = "0";

    /// <summary>Only its ETag counts: it changes when a wake-up found the lease taken.</summary>
    public const string Bell = "1";

    /// <summary>The first key behind head, bell and inbox.</summary>
    public const string EndOfPending = "3";

    /// <summary>In the year 9999: later ones are clamped to it.</summary>
    public const long MaxTimestamp = 253_402_300_799_999;

    /// <summary>An event that waits; in the order of <c>conversation-protocol.md</c>, rule 9.</summary>
    public static string Inbox(long timestamp, int rank, string eventId) =>
        string.Create(CultureInfo.InvariantCulture, $"2|{Sortable(timestamp):D15}|{rank}|{ConversationKey.Escape(eventId)}");

    /// <summary>What all analytics records that are not gathered yet begin with, and the first key behind them.</summary>
    public const string FirstAnalytics = "4|", EndOfAnalytics = "4}";

    /// <summary>The analytics record of a turn, until the sweep gathers it.</summary>
    public static string Analytics(long sequence) => string.Create(CultureInfo.InvariantCulture, $"{FirstAnalytics}{sequence:D10}");

    /// <summary>An event id that was accepted; kept until no redelivery is expected any more.</summary>
    public static string Tombstone(string eventId) => $"5|{ConversationKey.Escape(eventId)}";

    /// <summary>A committed turn.</summary>
    public static string Turn(long sequence) => string.Create(CultureInfo.InvariantCulture, $"7|{sequence:D10}");

    /// <summary>A turn in full that its transcript does not show, until it is sent.</summary>
    public static string Outbox(long sequence) => string.Create(CultureInfo.InvariantCulture, $"6|{sequence:D10}");

    /// <summary>An event that caused no turn.</summary>
    public static string History(long timestamp, string eventId) =>
        string.Create(CultureInfo.InvariantCulture, $"8|{Sortable(timestamp):D15}|{ConversationKey.Escape(eventId)}");

    /// <summary>Work set aside.</summary>
    public static string Parked(string id) => $"9|{id}";

    private static long Sortable(long timestamp) => Math.Clamp(timestamp, 0, MaxTimestamp);
}
