using System.Xml.Linq;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace EightByEight.Connector.Endpoints;

/// <summary>
/// The Data Protection keys, each in a blob of its own, so that two writers cannot overwrite each other.
/// Data Protection asks synchronously, when it builds a key ring and once a day.
/// </summary>
/// <param name="forReading">
/// Keys seem never to expire. Data Protection refuses even to decrypt when the newest key has expired and it may not
/// make another: without this, all secrets would be lost to readers 90 days after the last write.
/// </param>
internal sealed class KeyBlobs(BlobContainerClient container, bool forReading = false) : IXmlRepository
{
    private const string Folder = "ring/";

    /// <inheritdoc/>
    public IReadOnlyCollection<XElement> GetAllElements() =>
    [
        .. container.GetBlobs(BlobTraits.None, BlobStates.None, Folder, CancellationToken.None)
            .Select(blob => XElement.Parse(container.GetBlobClient(blob.Name).DownloadContent().Value.Content.ToString()))
            .Select(element => forReading ? Lasting(element) : element),
    ];

    /// <inheritdoc/>
    public void StoreElement(XElement element, string friendlyName) =>
        container.GetBlobClient($"{Folder}{friendlyName}.xml")
            .Upload(BinaryData.FromString(element.ToString(SaveOptions.DisableFormatting)), overwrite: false);

    private static XElement Lasting(XElement element)
    {
        element.Element("expirationDate")?.SetValue("9999-12-31T00:00:00Z");
        return element;
    }
}
