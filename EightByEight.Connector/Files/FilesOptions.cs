using System.ComponentModel.DataAnnotations;

namespace EightByEight.Connector.Files;

/// <summary>What the operator decides for the files of all Endpoints (configuration section <c>Connector:Files</c>).</summary>
public sealed record FilesOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector:Files";

    /// <summary>What the connector's own URLs of files start with. Unset: <c>Connector:PublicBaseUrl</c>; without that URLs are signed ones.</summary>
    public Uri? BaseUrl { get; init; }

    /// <summary>How long all files of one message may take; what is not done then is <c>failed</c>. At most half a lease. Default 20 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Whether custom URLs of stores may be http, and lead to loopback, private and link-local addresses. Default false.</summary>
    public bool AllowPrivateAddresses { get; init; }

    /// <summary>Where ClamAV's <c>clamd</c> listens for Endpoints with <c>fileStorage.scan: clamav</c>; empty: there is none.</summary>
    public string? ClamAvHost { get; init; }

    /// <summary>Its port (<c>TCPSocket</c> in clamd.conf).</summary>
    [Range(1, 65_535)]
    public int ClamAvPort { get; init; } = 3310;

    /// <summary>
    /// When Defender is first asked again about a file on which its verdict did not come in <c>scanWaitSeconds</c>; each further pause is
    /// twice as long, up to an hour. Default 30 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ScanPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often; then the file stays <c>unscanned</c>. Default 12, which is about six hours.</summary>
    [Range(1, 1000)]
    public int ScanLooks { get; init; } = 12;

    /// <summary>The server of Google Cloud Storage.</summary>
    [Required]
    public Uri GoogleStorageUrl { get; init; } = new("https://storage.googleapis.com/");

    /// <summary>Where service accounts get their tokens.</summary>
    [Required]
    public Uri GoogleTokenUrl { get; init; } = new("https://oauth2.googleapis.com/token");

    /// <summary>Images of more pixels are not resized: unpacked, each takes four bytes. Default 25 million.</summary>
    [Range(1, 500_000_000)]
    public long MaxPixels { get; init; } = 25_000_000;

    /// <summary>How many resized copies of one image are kept. Default 10.</summary>
    [Range(0, 100)]
    public int MaxVariants { get; init; } = 10;
}
