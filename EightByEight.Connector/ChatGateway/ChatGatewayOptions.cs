using System.ComponentModel.DataAnnotations;

namespace EightByEight.Connector.ChatGateway;

/// <summary>The configuration section <c>Connector:ChatGateway</c>: how patient the connector is with 8x8.</summary>
public sealed record ChatGatewayOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector:ChatGateway";

    /// <summary>For making a connection, name look-up and TLS included.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For one attempt, the answer's body included. At most <see cref="TotalTimeout"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:05:00")]
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// For one call with all its repeats and waits: none takes longer. The lease of a conversation counts on it.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:05:00")]
    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Instead of both, for the upload of an attachment: it takes as long as the file is large.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:30:00")]
    public TimeSpan UploadTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a call is repeated at most, where it may be repeated at all.</summary>
    [Range(1, 10)]
    public int MaxRetries { get; init; } = 3;

    /// <summary>The wait before the first repeat; it doubles each time, with jitter. <c>Retry-After</c> takes its place.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:30")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>The share of failed attempts (5xx, time-outs, lost connections) that opens the circuit of a base URL.</summary>
    [Range(0.01, 1.0)]
    public double BreakerFailureRatio { get; init; } = 0.5;

    /// <summary>Fewer attempts than this within <see cref="BreakerSampling"/> say nothing.</summary>
    [Range(2, 10_000)]
    public int BreakerMinimumAttempts { get; init; } = 20;

    /// <summary>The time over which attempts are counted.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00")]
    public TimeSpan BreakerSampling { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the circuit stays open before one attempt is let through.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00")]
    public TimeSpan BreakerBreak { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The largest JSON answer that is read, in bytes.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxAnswerBytes { get; init; } = 4 * 1024 * 1024;
}
