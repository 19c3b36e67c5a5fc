using System.Net.Mime;
using System.Text.Json.Serialization;

namespace EightByEight.Connector.ChatGateway;

/// <summary>A file in a conversation.</summary>
public sealed record Attachment(
    [property: JsonConverter(typeof(IdConverter))] string Id = "",
    string? Filename = null,
    long? SizeInBytes = null,
    [property: JsonConverter(typeof(TimeConverter))] DateTimeOffset? CreatedAt = null);

/// <summary>
/// The content of an attachment while it arrives. Disposing it ends the download. Reading is not bound by the client's
/// time-outs: pass a token to each read. A connection that is lost meanwhile is an <see cref="IOException"/>.
/// </summary>
public sealed class AttachmentContent : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;

    internal AttachmentContent(HttpResponseMessage response, Stream stream) => (_response, Stream) = (response, stream);

    /// <summary>The bytes. Not limited: count while you read.</summary>
    public Stream Stream { get; }

    /// <summary>In bytes, as announced; null when 8x8 does not say.</summary>
    public long? Length => _response.Content.Headers.ContentLength;

    /// <summary>As announced, for people only: it may be any text. Null when 8x8 does not say.</summary>
    public string? FileName => _response.Content.Headers.ContentDisposition is { } disposition
        ? disposition.FileNameStar ?? disposition.FileName?.Trim('"')
        : null;

    /// <summary>8x8 documents only <c>application/octet-stream</c>: find out the true type from the bytes.</summary>
    public string ContentType => _response.Content.Headers.ContentType?.MediaType ?? MediaTypeNames.Application.Octet;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        _response.Dispose();
    }
}
