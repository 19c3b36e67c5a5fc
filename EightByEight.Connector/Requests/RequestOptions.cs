using System.ComponentModel.DataAnnotations;

namespace EightByEight.Connector.Requests;

/// <summary>How the step <c>http</c> of Flows reaches servers (configuration section <c>Connector:Requests</c>).</summary>
public sealed record RequestOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector:Requests";

    /// <summary>
    /// How long a server that could not answer is left alone before it is asked again, twice as long each time, unless it says how long
    /// itself. Default 500 ms.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:10")]
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How many requests without waiting may be on their way in a process; one more waits for one of them. Default 100.</summary>
    [Range(1, 10_000)]
    public int MaxAsync { get; init; } = 100;

    /// <summary>
    /// Whether Flows may reach loopback, private and link-local addresses. Who stores Flows could otherwise reach what only this server
    /// can, such as a cloud's metadata. Default false.
    /// </summary>
    public bool AllowPrivateAddresses { get; init; }
}
