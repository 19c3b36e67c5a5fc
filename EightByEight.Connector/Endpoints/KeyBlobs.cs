using System.Xml.Linq;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace EightByEight.Connector.Endpoints;

/// <summary>
/// The Data Protection keys, each in a blob of its own, so that two writers cannot overwrite each other.
/// Data Protection asks synchronously, when it builds a key ring and once a day.
/// </summary>
internal sealed class KeyBlobs(BlobContainerClient container) : IXmlRepository
{
    private const string Folder = "ring/";

    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements() =>
    [
        .. container.GetBlobs(BlobTraits.None, BlobStates.None, Folder, CancellationToken.None)
            .Select(blob => XElement.Parse(container.GetBlobClient(blob.Name).DownloadContent().Value.Content.ToString())),
    ];

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName) =>
        container.GetBlobClient($"{Folder}{friendlyName}.xml")
            .Upload(BinaryData.FromString(element.ToString(SaveOptions.DisableFormatting)), overwrite: false);
}
