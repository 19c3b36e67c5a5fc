using System.Net;
using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;

namespace EightByEight.Connector.Files;

/// <summary>A bucket of Amazon S3, or of a server that speaks its protocol.</summary>
/// <param name="isCustom">
/// Another server than Amazon's: what it does with checksums and chunked encoding is not known, so bytes are compared after reading back.
/// </param>
internal sealed class S3Bucket(IAmazonS3 client, string bucket, bool isCustom, TimeProvider time) : IFileStore
{
    public async Task WriteAsync(string name, Stream content, string contentType, CancellationToken cancellation)
    {
        content.Position = 0;
        await client.PutObjectAsync(new PutObjectRequest
        {
            BucketName = bucket,
            Key = name,
            InputStream = content,
            AutoCloseStream = false,
            ContentType = contentType,
            UseChunkEncoding = !isCustom,
        }, cancellation);
        if (!isCustom) return;
        content.Position = 0;
        var sent = await SHA256.HashDataAsync(content, cancellation);
        await using var back = await OpenAsync(name, cancellation);
        var stored = back is null ? [] : await SHA256.HashDataAsync(back, cancellation);
        if (!stored.AsSpan().SequenceEqual(sent))
            throw new FileStoreException(
                $"The S3-compatible server gave back other bytes than were written to {bucket}/{name}: it stores what it cannot read.");
    }

    public async Task<Stream?> OpenAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return (await client.GetObjectAsync(bucket, name, cancellation)).ResponseStream;
        }
        catch (AmazonS3Exception missing) when (missing.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public Task DeleteAsync(string name, CancellationToken cancellation) => client.DeleteObjectAsync(bucket, name, cancellation);

    public async Task<Uri> SignedUrlAsync(string name, FileHeaders headers, TimeSpan lifetime, CancellationToken cancellation) =>
        new(await client.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = bucket,
            Key = name,
            Expires = (time.GetUtcNow() + lifetime).UtcDateTime,
            Verb = HttpVerb.GET,
            Protocol = client.Config.ServiceURL is { } url && url.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
                ? Protocol.HTTP : Protocol.HTTPS,
            ResponseHeaderOverrides = { ContentType = headers.ContentType, ContentDisposition = headers.ContentDisposition },
        }));
}
