using System.ComponentModel.DataAnnotations;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// The configuration section <c>Connector:HandoverProviders</c>. Leases, backups and the pauses after 8x8 failed are those of
/// <c>Connector:Conversations</c>.
/// </summary>
public sealed record HandoverProviderOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector:HandoverProviders";

    /// <summary>How long a bot that asks for a handover waits at most until 8x8 has opened the conversation. Default 20 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:03:00")]
    public TimeSpan OpenPatience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long opening a conversation is tried before the handover fails. Default 2 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan OpenFor { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a customer's message is tried before it is reported as undeliverable. Default 15 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan SendFor { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>For one callback, the name look-up, the connection and the answer included. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:00:30")]
    public TimeSpan CallbackTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The first pause after a callback failed; it doubles with each further failure. Default 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:05:00")]
    public TimeSpan CallbackRetryFirst { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest pause between two attempts of a callback. Default 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan CallbackRetryLongest { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an event is tried before its callback is parked. Default 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "7.00:00:00")]
    public TimeSpan CallbackFor { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Also allows http and addresses that are not public as callbacks: for bots on this machine.</summary>
    public bool AllowPrivateCallbacks { get; init; }

    /// <summary>How often an open stream of events looks for new ones. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.02", "00:01:00")]
    public TimeSpan StreamPoll { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a comment tells a reader without events that the stream lives. Default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.02", "00:01:00")]
    public TimeSpan StreamHeartbeat { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a stream stays open before its reader has to come back. Default 3 min; Azure cuts at 230 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "01:00:00")]
    public TimeSpan StreamFor { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long an ended handover is kept, in days since it began. Default 30.</summary>
    [Range(1, 3650)]
    public int RetentionDays { get; init; } = 30;
}
