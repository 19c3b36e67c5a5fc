using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Google.Apis.Auth.OAuth2;

namespace EightByEight.Connector.Files;

/// <summary>
/// A bucket of Google Cloud Storage, by its JSON API. Sources: Google Cloud, "Objects: insert", "Objects: get", "Objects: delete",
/// "V4 signing process with your own program".
/// </summary>
/// <param name="server">Such as <c>https://storage.googleapis.com/</c>.</param>
internal sealed class GoogleBucket(
    string bucket, ServiceAccountCredential account, HttpClient http, Uri server, TimeProvider time) : IFileStore
{
    /// <summary>What the service account asks for: objects of its buckets.</summary>
    public const string Scope = "https://www.googleapis.com/auth/devstorage.read_write";

    public async Task WriteAsync(string name, Stream content, string contentType, CancellationToken cancellation)
    {
        content.Position = 0;
        using var request = await RequestAsync(
            HttpMethod.Post, $"upload/storage/v1/b/{bucket}/o?uploadType=media&name={Uri.EscapeDataString(name)}", cancellation);
        // The request would close the file.
        request.Content = new StreamContent(new Unclosed(content));
        request.Content.Headers.ContentType = new(contentType);
        request.Content.Headers.ContentLength = content.Length;
        using var response = await http.SendAsync(request, cancellation);
        await ThrowUnlessDoneAsync(response, cancellation);
        using var stored = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellation), default, cancellation);
        // Composite objects have no md5Hash; none of ours is one.
        content.Position = 0;
        if (stored.RootElement.GetProperty("md5Hash").GetString() != Convert.ToBase64String(await Md5Async(content, cancellation)))
            throw new FileStoreException($"Google Cloud Storage holds other bytes than were sent for {bucket}/{name}.");
    }

    public async Task<Stream?> OpenAsync(string name, CancellationToken cancellation)
    {
        using var request = await RequestAsync(HttpMethod.Get, $"{ObjectPath(name)}?alt=media", cancellation);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            response.Dispose();
            return null;
        }

        await ThrowUnlessDoneAsync(response, cancellation);
        return await response.Content.ReadAsStreamAsync(cancellation);
    }

    public async Task DeleteAsync(string name, CancellationToken cancellation)
    {
        using var request = await RequestAsync(HttpMethod.Delete, ObjectPath(name), cancellation);
        using var response = await http.SendAsync(request, cancellation);
        if (response.StatusCode != HttpStatusCode.NotFound) await ThrowUnlessDoneAsync(response, cancellation);
    }

    public Task<Uri> SignedUrlAsync(string name, FileHeaders headers, TimeSpan lifetime, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var day = now.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        var second = now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var scope = $"{day}/auto/storage/goog4_request";
        var path = $"/{bucket}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}";
        // Sorted by name, as the canonical request wants it.
        var query = string.Join('&', new (string Name, string Value)[]
        {
            ("X-Goog-Algorithm", "GOOG4-RSA-SHA256"),
            ("X-Goog-Credential", $"{account.Id}/{scope}"),
            ("X-Goog-Date", second),
            ("X-Goog-Expires", ((long)lifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture)),
            ("X-Goog-SignedHeaders", "host"),
            ("response-content-disposition", headers.ContentDisposition),
            ("response-content-type", headers.ContentType),
        }.Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"));
        var canonical = $"GET\n{path}\n{query}\nhost:{server.Authority}\n\nhost\nUNSIGNED-PAYLOAD";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
        var toSign = $"GOOG4-RSA-SHA256\n{second}\n{scope}\n{hash}";
        var signature = Convert.ToHexStringLower(Convert.FromBase64String(account.CreateSignature(Encoding.UTF8.GetBytes(toSign))));
        return Task.FromResult(new Uri($"{server.Scheme}://{server.Authority}{path}?{query}&X-Goog-Signature={signature}"));
    }

    private string ObjectPath(string name) => $"storage/v1/b/{bucket}/o/{Uri.EscapeDataString(name)}";

    private async Task<HttpRequestMessage> RequestAsync(HttpMethod method, string path, CancellationToken cancellation)
    {
        var token = await account.GetAccessTokenForRequestAsync(cancellationToken: cancellation);
        return new(method, new Uri(server, path)) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
    }

    private static async Task ThrowUnlessDoneAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        if (response.IsSuccessStatusCode) return;
        var answer = await response.Content.ReadAsStringAsync(cancellation);
        response.Dispose();
        throw new HttpRequestException(
            $"Google Cloud Storage answered {(int)response.StatusCode}: {answer[..Math.Min(answer.Length, 300)]}", null, response.StatusCode);
    }

    /// <summary>No secret depends on it: it is the checksum that the service reports.</summary>
#pragma warning disable CA5351
    private static async Task<byte[]> Md5Async(Stream content, CancellationToken cancellation) =>
        await MD5.HashDataAsync(content, cancellation);
#pragma warning restore CA5351

    /// <summary>A stream whose reader may not close it.</summary>
    private sealed class Unclosed(Stream inner) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => inner.CanSeek;
        public override bool CanWrite => false;
        public override long Length => inner.Length;
        public override long Position { get => inner.Position; set => inner.Position = value; }
        public override void Flush() => inner.Flush();
        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(buffer, cancellationToken);
        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
