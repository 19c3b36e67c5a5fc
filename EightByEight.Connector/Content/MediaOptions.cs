using System.ComponentModel.DataAnnotations;

namespace EightByEight.Connector.Content;

/// <summary>How files are fetched that Flows name by URL (configuration section <c>Connector:Media</c>).</summary>
public sealed record MediaOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector:Media";

    /// <summary>The largest file that is fetched and uploaded; of a larger one the URL is sent. Default 20 MiB.</summary>
    [Range(1, 1024L * 1024 * 1024)]
    public long MaxBytes { get; init; } = 20 * 1024 * 1024;

    /// <summary>How long fetching and uploading one file may take; after that the URL is sent. At most half a lease. Default 20 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Whether files may come from loopback, private and link-local addresses. Only for development: a Flow could otherwise read what
    /// only this server can reach, such as a cloud's metadata. Default false.
    /// </summary>
    public bool AllowPrivateAddresses { get; init; }
}
