using System.Net;
using System.Net.Mime;
using System.Text;

namespace EightByEight.Connector.ChatGateway;

/// <summary>A file to upload.</summary>
/// <param name="Content">Read from where it stands; left open. One that can seek can be sent again after 429.</param>
/// <param name="FileName">Shown to people.</param>
/// <param name="ContentType">Such as <c>image/png</c>.</param>
/// <param name="AuthorType"><c>bot</c> or <c>user</c>.</param>
public sealed record NewAttachment(
    Stream Content, string FileName, string ContentType = MediaTypeNames.Application.Octet, string AuthorType = AuthorTypes.Bot);

/// <summary>The form that uploads a file: <c>authorType</c>, then <c>attachment</c>.</summary>
internal sealed class AttachmentForm : MultipartFormDataContent
{
    public AttachmentForm(NewAttachment file)
    {
        // File names as browsers send them: UTF-8, not wrapped in RFC 2047.
        HeaderEncodingSelector = (_, _) => Encoding.UTF8;
        Replayable = file.Content.CanSeek;
        Add(new StringContent(file.AuthorType), "authorType");
        var part = new FilePart(file.Content);
        part.Headers.TryAddWithoutValidation("Content-Type", Unbroken(file.ContentType));
        var name = Unbroken(file.FileName).Replace("\"", "%22", StringComparison.Ordinal);
        part.Headers.TryAddWithoutValidation("Content-Disposition", $"form-data; name=\"attachment\"; filename=\"{name}\"");
        Add(part);
    }

    /// <summary>Whether it can be sent a second time.</summary>
    public bool Replayable { get; }

    private static string Unbroken(string text) => text.ReplaceLineEndings(" ");

    private sealed class FilePart(Stream content) : HttpContent
    {
        private readonly long _start = content.CanSeek ? content.Position : 0;

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            if (content.CanSeek) content.Position = _start;
            return content.CopyToAsync(stream, cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = content.CanSeek ? content.Length - _start : 0;
            return content.CanSeek;
        }
    }
}
