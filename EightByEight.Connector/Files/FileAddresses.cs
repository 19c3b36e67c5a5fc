using System.Text.RegularExpressions;
using EightByEight.Connector.Endpoints;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Files;

/// <summary>The URLs of files, and which file an URL is of.</summary>
internal sealed partial class FileAddresses(IOptions<ConnectorOptions> connector, IOptions<FilesOptions> options)
{
    /// <summary>Where the connector serves files.</summary>
    public const string Path = "/files";

    /// <summary>By the connector's route, or signed; only for a file that may be offered.</summary>
    public async Task<string> OfAsync(Endpoint endpoint, IFileStore store, StoredFile file, CancellationToken cancellation)
    {
        var settings = endpoint.Settings.FileStorage;
        if (settings.Urls == "route" && (options.Value.BaseUrl ?? connector.Value.PublicBaseUrl) is { } server)
            return $"{server.ToString().TrimEnd('/')}{Path}/{file.Id.Object}/{Uri.EscapeDataString(file.Name)}";
        return (await store.SignedUrlAsync(
            file.Id.Object, file.Headers, TimeSpan.FromMinutes(settings.UrlMinutes), cancellation)).AbsoluteUri;
    }

    /// <summary>
    /// The file of an Endpoint that a URL leads to, signed or not; null: it cannot be one. Who knows its key may have it, so it does not
    /// matter which server the URL names.
    /// </summary>
    public static FileId? Parse(string url, string endpointId) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && Place().Match(Uri.UnescapeDataString(uri.AbsolutePath)) is { Success: true } place
        && place.Groups[1].Value == endpointId
            ? new(endpointId, place.Groups[2].Value, place.Groups[3].Value)
            : null;

    [GeneratedRegex("/([A-Za-z0-9]+)/([0-9]{8})/([0-9a-f]{40})(?:/[^/]*)?$")]
    private static partial Regex Place();
}
