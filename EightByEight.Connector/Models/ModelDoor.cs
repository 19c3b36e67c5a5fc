using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Connector.Connections;

namespace EightByEight.Connector.Models;

/// <summary>Sends what the library asks to the URL that the Flow names, with the credentials of its connection, and reads no endless answer.</summary>
/// <param name="id">By which a server can tell a repetition; empty: it cannot.</param>
internal sealed class ModelDoor(ModelSettings model, string id, int mostBytes) : DelegatingHandler
{
    /// <summary>Words in other scripts go as they are: they are fewer bytes.</summary>
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.RequestUri = ChatAgent.Completions(model.Url);
        request.Headers.Authorization = null;
        if (id.Length > 0) request.Headers.TryAddWithoutValidation("Idempotency-Key", id);
        request.Content = new ByteArrayContent(Understood(model.Url.Host, await request.Content!.ReadAsByteArrayAsync(cancellationToken)))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
        };
        LentCredentials.Lend(request, model.Connection);
        var response = await base.SendAsync(request, cancellationToken);
        var content = new StreamContent(new Capped(await response.Content.ReadAsStreamAsync(cancellationToken), mostBytes));
        foreach (var (name, values) in response.Content.Headers) content.Headers.TryAddWithoutValidation(name, values);
        content.Headers.ContentLength = null;
        response.Content = content;
        return response;
    }

    /// <summary>
    /// A request as all servers know it. The newer name of the longest answer is known, and for some models the only one, at OpenAI and Azure; others refuse what
    /// they do not know. Nobody looks at the usage at the end of a stream.
    /// </summary>
    public static byte[] Understood(string host, byte[] body)
    {
        var request = JsonNode.Parse(body)!.AsObject();
        request.Remove("stream_options");
        if (!host.EndsWith(".openai.com", StringComparison.OrdinalIgnoreCase) && !host.EndsWith(".azure.com", StringComparison.OrdinalIgnoreCase)
            && request.Remove("max_completion_tokens", out var most)) request["max_tokens"] = most;
        return JsonSerializer.SerializeToUtf8Bytes<JsonNode>(request, Relaxed);
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
