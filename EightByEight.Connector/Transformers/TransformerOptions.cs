using System.ComponentModel.DataAnnotations;

namespace EightByEight.Connector.Transformers;

/// <summary>What transformers may do (configuration section <c>Connector:Transformers</c>).</summary>
public sealed record TransformerOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector:Transformers";

    /// <summary>How many requests one call of a handler may make by <c>httpRequest</c>. Default 10.</summary>
    [Range(0, 100)]
    public int MaxRequests { get; init; } = 10;

    /// <summary>How long all output transformers of one turn may take together; what comes later goes out as it is. Default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan OutputsTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Whether <c>httpRequest</c> may reach loopback, private and link-local addresses. Only for development: a transformer could otherwise
    /// read what only this server can reach, such as a cloud's metadata. Default false.
    /// </summary>
    public bool AllowPrivateAddresses { get; init; }
}
