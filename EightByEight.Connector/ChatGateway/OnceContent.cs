using System.Net;

namespace EightByEight.Connector.ChatGateway;

/// <summary>
/// A body that knows when it begins to be sent, and is not sent twice in one attempt: so no connection pool can repeat
/// a call on its own, and a call whose body never began is known not to have been delivered.
/// </summary>
internal sealed class OnceContent : HttpContent
{
    private readonly HttpContent _body;
    private readonly Call _call;

    public OnceContent(HttpContent body, Call call)
    {
        (_body, _call) = (body, call);
        foreach (var (name, values) in body.Headers) Headers.TryAddWithoutValidation(name, values);
    }

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _call.Send()
            ? _body.CopyToAsync(stream, context, cancellationToken)
            : throw new HttpRequestException("The connection was lost after the request had been sent.");

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = _body.Headers.ContentLength ?? 0;
        return _body.Headers.ContentLength is not null;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _body.Dispose();
        base.Dispose(disposing);
    }
}
