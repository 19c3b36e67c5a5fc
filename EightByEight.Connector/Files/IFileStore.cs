namespace EightByEight.Connector.Files;

/// <summary>
/// Where files lie: a container or bucket of the Endpoint's. Contents are streamed. Its faults are those of its library: who calls it
/// treats each as a failure of the store.
/// </summary>
internal interface IFileStore
{
    /// <summary>Writes an object, or replaces it, and makes sure that what arrived is what was sent.</summary>
    /// <param name="content">Can be read again from its start; it is read from there.</param>
    Task WriteAsync(string name, Stream content, string contentType, CancellationToken cancellation);

    /// <summary>The content; null: there is no such object. Dispose it.</summary>
    Task<Stream?> OpenAsync(string name, CancellationToken cancellation);

    /// <summary>Deletes an object, if it is there.</summary>
    Task DeleteAsync(string name, CancellationToken cancellation);

    /// <summary>A URL that anybody can read the object by until it expires.</summary>
    /// <param name="lifetime">At most 7 days, the limit of signature version 4.</param>
    Task<Uri> SignedUrlAsync(string name, FileHeaders headers, TimeSpan lifetime, CancellationToken cancellation);
}

/// <summary>What a file is served as.</summary>
internal sealed record FileHeaders(string ContentType, string FileName)
{
    /// <summary>What is harmless is shown, all else is downloaded. Source: RFC 6266; RFC 8187 for the name.</summary>
    public string ContentDisposition =>
        (IsShown ? "inline" : "attachment") + "; filename*=UTF-8''" + Uri.EscapeDataString(FileName);

    private bool IsShown => ContentType == "application/pdf" || ContentType.Split('/')[0] is "image" or "audio" or "video";
}

/// <summary>What was read back is not what was written.</summary>
internal sealed class FileStoreException(string message) : Exception(message);
