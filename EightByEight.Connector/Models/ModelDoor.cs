using System.Net;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Connections;

namespace EightByEight.Connector.Models;

/// <summary>Sends what the library asks to the URL that the Flow names, with the credentials of its connection, and reads no endless answer.</summary>
internal sealed class ModelDoor(ModelSettings model, Credentials credentials, int mostBytes) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.RequestUri = ChatAgent.Completions(model.Url);
        request.Headers.Authorization = null;
        if (model.Connection is { } connection) await credentials.ApplyAsync(connection, request, cancellationToken);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.Unauthorized && model.Connection is { } refused) credentials.Refused(refused, request);
        var content = new StreamContent(new Capped(await response.Content.ReadAsStreamAsync(cancellationToken), mostBytes));
        foreach (var (name, values) in response.Content.Headers) content.Headers.TryAddWithoutValidation(name, values);
        content.Headers.ContentLength = null;
        response.Content = content;
        return response;
    }

    /// <summary>A stream that ends with an error where it is too long.</summary>
    private sealed class Capped(Stream inner, int mostBytes) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Counted(inner.Read(buffer, offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Counted(await inner.ReadAsync(buffer, cancellationToken));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }

        private int Counted(int count) => (_read += count) <= mostBytes ? count : throw new TooMuchException();
    }
}

/// <summary>An answer is larger than any should be.</summary>
internal sealed class TooMuchException : Exception;
