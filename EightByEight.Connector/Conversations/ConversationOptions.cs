using System.ComponentModel.DataAnnotations;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// The intervals of the conversation protocol (configuration section <c>Connector:Conversations</c>). All are options so that
/// tests with real processes run in seconds; production needs none of them changed.
/// </summary>
public sealed record ConversationOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector:Conversations";

    /// <summary>How long a worker owns a conversation before it has to renew. Default 60 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "00:10:00")]
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What a taker waits beyond a lease's end, for clocks that differ. Default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a backup wake-up stays invisible. Default 20 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan Backup { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long 8x8 may take until an accepted message shows in its list of messages. Default 3 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan Visibility { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The first pause after 8x8 failed; it doubles with each further failure. Default 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:05:00")]
    public TimeSpan RetryFirst { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest pause between two attempts. Default 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan RetryLongest { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long outputs are tried before they are parked. Default 1 h.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "7.00:00:00")]
    public TimeSpan ParkAfter { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long nothing is sent for an Endpoint whose credentials 8x8 refused. Default 1 min.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan Pause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often a turn may fail or its process die before its event is parked. Default 5.</summary>
    [Range(1, 100)]
    public int MaxAttempts { get; init; } = 5;

    /// <summary>How long <c>TRANSFER</c> may come after an agent left. Default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan TransferGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long 8x8 may take to carry out an assignment that it accepted, before it is asked. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan AssignmentGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one invocation goes on with one conversation before it hands on to the next. Default 2 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan LongestRun { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// How many conversations of one Endpoint a process works on at a time; those beyond come again later. It leaves room to other
    /// Endpoints as long as it is less than what the host works on at a time (host.json: 12). Default 8.
    /// </summary>
    [Range(1, 1_000)]
    public int PlacesPerEndpoint { get; init; } = 8;

    /// <summary>The longest that a session lives after its last input, whatever its Endpoint's settings say. Default 7 days.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "365.00:00:00")]
    public TimeSpan LongestSession { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// How long event ids, and what transformers keep, stay at least, in days: the settings of Endpoints say the rest. Default 30.
    /// </summary>
    [Range(1, 3650)]
    public int RetentionDays { get; init; } = 30;

    /// <summary>How long one sweep works before it leaves the rest to the next. Default 5 min.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LongestSweep { get; init; } = TimeSpan.FromMinutes(5);
}
