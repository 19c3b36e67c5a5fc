using Azure;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Files;

/// <summary>Smaller copies of stored images: made when they are first asked for, and kept beside the image, a few of each.</summary>
internal sealed partial class ImageCopies(
    FileIndex index, FileStores stores, IOptions<FilesOptions> options, ILogger<ImageCopies> log) : IDisposable
{
    /// <summary>Unpacked images are large: so many at a time.</summary>
    private readonly SemaphoreSlim _places = new(2);

    public static string ObjectOf(StoredFile file, string variant) => $"{file.Id.Object}~{variant}";

    /// <summary>A copy within limits; null: the image itself is within them.</summary>
    /// <exception cref="ImageException">There cannot be one.</exception>
    public async Task<(Stream Content, FileHeaders Headers)?> OpenAsync(
        Endpoint endpoint, StoredFile file, ETag tag, ImageLimits limits, CancellationToken cancellation)
    {
        var store = await stores.OfAsync(endpoint, file, cancellation)
            ?? throw new ImageException(404, "The image is not in the store any more.");
        if (file.Variants.FirstOrDefault(known => Path.GetFileNameWithoutExtension(known) == limits.Key) is { } variant
            && await store.OpenAsync(ObjectOf(file, variant), cancellation) is { } kept)
            return (kept, HeadersOf(file, Path.GetExtension(variant) == ".png" ? "image/png" : "image/jpeg", Path.GetExtension(variant)));
        await _places.WaitAsync(cancellation);
        try
        {
            var original = await store.OpenAsync(file.Object, cancellation)
                ?? throw new ImageException(404, "The image is not in the store any more.");
            await using var spool = await TakeAsync(original, cancellation);
            if (ImageSize.Fit(spool.Content, limits, options.Value.MaxPixels) is not { } made) return null;
            await KeepAsync(store, file, tag, limits.Key + made.Type.Extension, made.Image, made.Type, cancellation);
            return (new MemoryStream(made.Image, writable: false), HeadersOf(file, made.Type.ContentType, made.Type.Extension));
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private static async Task<Spool> TakeAsync(Stream original, CancellationToken cancellation)
    {
        await using (original) return await Spool.TakeAsync(original, long.MaxValue, cancellation);
    }

    /// <summary>The row first, so that the copy goes when the image goes. Not keeping it costs only time.</summary>
    private async Task KeepAsync(
        IFileStore store, StoredFile file, ETag tag, string variant, byte[] image, FileType type, CancellationToken cancellation)
    {
        try
        {
            var noted = file.Variants.Contains(variant)
                || (file.Variants.Count < options.Value.MaxVariants
                    && await index.ChangeAsync(file with { Variants = [.. file.Variants, variant] }, tag, cancellation));
            if (noted) await store.WriteAsync(ObjectOf(file, variant), new MemoryStream(image), type.ContentType, cancellation);
        }
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            Log.NotKept(log, StoredFiles.Told(failed));
        }
    }

    private static FileHeaders HeadersOf(StoredFile file, string contentType, string extension) =>
        new(contentType, Path.ChangeExtension(file.Name, extension));

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "A smaller copy of an image could not be kept. {Reason}")]
        public static partial void NotKept(ILogger logger, string reason);
    }
}
