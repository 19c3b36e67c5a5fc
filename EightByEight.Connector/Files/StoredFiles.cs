using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Azure;
using EightByEight.Connector.Endpoints;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Files;

/// <summary>Files of Endpoints, once they are stored: opened, listed, deleted.</summary>
internal sealed partial class StoredFiles(
    FileIndex index, FileStores stores, FileAddresses addresses, Scanners scanners, EndpointDirectory endpoints, TimeProvider time,
    ILogger<StoredFiles> log)
{
    /// <summary>A file that may be offered; null: there is none, or it is withheld.</summary>
    public async Task<(StoredFile File, ETag Tag)?> FindAsync(FileId id, CancellationToken cancellation) =>
        await index.FindAsync(id, cancellation) is { File.Status: FileStatus.Stored } found ? found : null;

    /// <summary>The Endpoint's own file that a URL leads to; null: it is none.</summary>
    public async Task<StoredFile?> OfUrlAsync(Endpoint endpoint, string url, CancellationToken cancellation) =>
        FileAddresses.Parse(url, endpoint.Id) is { } id && await FindAsync(id, cancellation) is { } found ? found.File : null;

    /// <summary>Its content; null: its store has it no more, or no way leads there. Dispose it.</summary>
    public async Task<Stream?> OpenAsync(Endpoint endpoint, StoredFile file, CancellationToken cancellation) =>
        await stores.OfAsync(endpoint, file, cancellation) is { } store ? await store.OpenAsync(file.Object, cancellation) : null;

    /// <summary>A URL that works from now on; null: no way leads to its store any more.</summary>
    public async Task<string?> LinkAsync(Endpoint endpoint, StoredFile file, CancellationToken cancellation) =>
        await stores.OfAsync(endpoint, file, cancellation) is { } store ? await addresses.OfAsync(endpoint, store, file, cancellation) : null;

    /// <summary>All files of a conversation, whatever their status.</summary>
    public IAsyncEnumerable<StoredFile> OfConversationAsync(string endpointId, string conversationId, CancellationToken cancellation) =>
        index.OfConversationAsync(endpointId, conversationId, cancellation);

    /// <summary>Erases the files of a conversation. Can be repeated after a failure.</summary>
    /// <returns>Each when its objects are gone, or cannot be reached; its row goes afterwards.</returns>
    public IAsyncEnumerable<DeletedFile> DeleteConversationAsync(string endpointId, string conversationId, CancellationToken cancellation) =>
        DeleteAsync(endpointId, index.NamelessOfConversationAsync(endpointId, conversationId, cancellation), cancellation);

    /// <summary>Deletes an Endpoint's files of the days before that of a time; reads no row of a later day. Can be repeated.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> DeleteBeforeAsync(string endpointId, DateTimeOffset before, CancellationToken cancellation)
    {
        var deleted = 0;
        await foreach (var file in DeleteAsync(endpointId, index.BeforeAsync(endpointId, before, cancellation), cancellation))
        {
            deleted++;
            if (file.Left is { } left) Log.Left(log, left);
        }

        return deleted;
    }

    /// <summary>Writes, reads back and deletes a probe, and has the scanner look at it.</summary>
    /// <returns>What is wrong; null: nothing is.</returns>
    public async Task<string?> FaultAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        var probe = RandomNumberGenerator.GetBytes(64);
        var name = $"{endpoint.Id}/probe-{FileIndex.Day(time.GetUtcNow())}-{Guid.NewGuid():N}";
        try
        {
            if (await stores.OfAsync(endpoint, cancellation) is not { } store) return null;
            await store.WriteAsync(name, new MemoryStream(probe), "application/octet-stream", cancellation);
            var back = new MemoryStream();
            await using (var stored = await store.OpenAsync(name, cancellation))
                if (stored is not null) await stored.CopyToAsync(back, cancellation);
            await store.DeleteAsync(name, cancellation);
            if (!back.ToArray().AsSpan().SequenceEqual(probe)) return "What was written could not be read back.";
            return endpoint.Settings.FileStorage is { Scan: "clamav", ScanWaitSeconds: var seconds }
                && (await scanners.ScanAsync(new MemoryStream(probe), TimeSpan.FromSeconds(seconds), cancellation)).Reason is { } reason
                ? $"fileStorage.scan is clamav, but no file can be scanned, so all are withheld: {reason}" : null;
        }
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            return Told(failed);
        }
    }

    /// <summary>A fault on one line, by its cause: libraries put whole answers into their messages, and wrap what happened.</summary>
    public static string Told(Exception failed)
    {
        while (failed.InnerException is { } inner
            && (failed is AggregateException or HttpRequestException || failed.Message.Contains("inner exception", StringComparison.Ordinal)))
            failed = inner;
        var message = failed.Message.AsSpan().Trim();
        var end = message.IndexOfAny('\r', '\n');
        if (end >= 0) message = message[..end];
        return message[..Math.Min(message.Length, 300)].ToString();
    }

    private async IAsyncEnumerable<DeletedFile> DeleteAsync(
        string endpointId, IAsyncEnumerable<StoredFile> files, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var endpoint = await endpoints.FindAsync(endpointId, pastCache: true, cancellation);
        await foreach (var file in files.WithCancellation(cancellation))
        {
            var store = await stores.OfAsync(endpoint, file, cancellation);
            if (store is not null)
                foreach (var name in file.Objects) await store.DeleteAsync(name, cancellation);
            yield return new(file, store is not null ? null
                : $"{file.Place ?? "The file storage that the Endpoint had"}, objects {string.Join(", ", file.Objects)}: "
                + (endpoint is null ? "the Endpoint that led there is deleted." : "the Endpoint has another file storage now."));
            // The row goes last: what fails before is tried again.
            await index.DeleteAsync(file, cancellation);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "A file is forgotten that nobody here can delete. {Left}")]
        public static partial void Left(ILogger logger, string left);
    }
}

/// <summary>A file that is deleted.</summary>
/// <param name="Left">Where objects of it stay that nobody here can reach; null: none do. It names no customer.</param>
internal sealed record DeletedFile(StoredFile File, string? Left);
