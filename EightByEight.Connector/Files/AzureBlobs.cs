using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;

namespace EightByEight.Connector.Files;

/// <summary>A container of Azure Blob Storage, reached by the account's key or by an identity.</summary>
internal sealed class AzureBlobs(BlobContainerClient container, TimeProvider time) : IFileStore
{
    /// <summary>
    /// The tag that Microsoft Defender for Storage leaves. Source: Microsoft Learn, "Understand and manage malware scanning results":
    /// <c>No threats found</c> or <c>Malicious</c>, others for what was not scanned.
    /// </summary>
    public const string VerdictTag = "Malware Scanning scan result";

    /// <summary>Clocks differ: a key that is valid from now on is not, on another server's clock.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    public async Task WriteAsync(string name, Stream content, string contentType, CancellationToken cancellation)
    {
        // The service compares a checksum of each block.
        var options = new BlobUploadOptions
        {
            HttpHeaders = new BlobHttpHeaders { ContentType = contentType },
            TransferValidation = new() { ChecksumAlgorithm = Azure.Storage.StorageChecksumAlgorithm.MD5 },
        };
        content.Position = 0;
        try
        {
            await container.GetBlobClient(name).UploadAsync(content, options, cancellation);
        }
        catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.ContainerNotFound)
        {
            await container.CreateIfNotExistsAsync(cancellationToken: cancellation);
            content.Position = 0;
            await container.GetBlobClient(name).UploadAsync(content, options, cancellation);
        }
    }

    public async Task<Stream?> OpenAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return (await container.GetBlobClient(name).DownloadStreamingAsync(cancellationToken: cancellation)).Value.Content;
        }
        catch (RequestFailedException missing) when (missing.Status == 404)
        {
            return null;
        }
    }

    public async Task DeleteAsync(string name, CancellationToken cancellation)
    {
        try
        {
            await container.GetBlobClient(name).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellation);
        }
        catch (RequestFailedException missing) when (missing.Status == 404)
        {
            // The container is gone, too.
        }
    }

    public async Task<Uri> SignedUrlAsync(string name, FileHeaders headers, TimeSpan lifetime, CancellationToken cancellation)
    {
        var blob = container.GetBlobClient(name);
        var sas = new BlobSasBuilder(BlobSasPermissions.Read, time.GetUtcNow() + lifetime)
        {
            BlobContainerName = container.Name,
            BlobName = name,
            Resource = "b",
            ContentType = headers.ContentType,
            ContentDisposition = headers.ContentDisposition,
            Protocol = container.Uri.Scheme == Uri.UriSchemeHttps ? SasProtocol.Https : SasProtocol.HttpsAndHttp,
        };
        if (blob.CanGenerateSasUri) return blob.GenerateSasUri(sas);
        // Without the account's key: a key of the identity's, which lives no longer than the URL.
        var service = container.GetParentBlobServiceClient();
        var key = await service.GetUserDelegationKeyAsync(time.GetUtcNow() - Skew, sas.ExpiresOn, cancellation);
        return new BlobUriBuilder(blob.Uri) { Sas = sas.ToSasQueryParameters(key.Value, service.AccountName) }.ToUri();
    }

    /// <summary>What Defender found in an object; null: it has not said anything yet.</summary>
    public async Task<string?> VerdictAsync(string name, CancellationToken cancellation)
    {
        try
        {
            var tags = await container.GetBlobClient(name).GetTagsAsync(cancellationToken: cancellation);
            return tags.Value.Tags.TryGetValue(VerdictTag, out var verdict) ? verdict : null;
        }
        catch (RequestFailedException gone) when (gone.Status == 404)
        {
            return "the file was taken out of quarantine, as Defender does with malicious ones where it is told to";
        }
    }
}
