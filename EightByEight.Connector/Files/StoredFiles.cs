using System.Security.Cryptography;
using Azure;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Files;

/// <summary>Files of Endpoints, once they are stored: opened, listed, deleted.</summary>
internal sealed class StoredFiles(FileIndex index, FileStores stores, FileAddresses addresses, TimeProvider time)
{
    /// <summary>A file that may be offered; null: there is none, or it is withheld.</summary>
    public async Task<(StoredFile File, ETag Tag)?> FindAsync(FileId id, CancellationToken cancellation) =>
        await index.FindAsync(id, cancellation) is { File.Status: FileStatus.Stored } found ? found : null;

    /// <summary>The Endpoint's own file that a URL leads to; null: it is none.</summary>
    public async Task<StoredFile?> OfUrlAsync(Endpoint endpoint, string url, CancellationToken cancellation) =>
        FileAddresses.Parse(url, endpoint.Id) is { } id && await FindAsync(id, cancellation) is { } found ? found.File : null;

    /// <summary>Its content; null: the store has it no more. Dispose it.</summary>
    public async Task<Stream?> OpenAsync(Endpoint endpoint, StoredFile file, CancellationToken cancellation) =>
        await stores.OfAsync(endpoint, cancellation) is { } store ? await store.OpenAsync(file.Object, cancellation) : null;

    /// <summary>A URL that works from now on; null: the Endpoint has no store any more.</summary>
    public async Task<string?> LinkAsync(Endpoint endpoint, StoredFile file, CancellationToken cancellation) =>
        await stores.OfAsync(endpoint, cancellation) is { } store ? await addresses.OfAsync(endpoint, store, file, cancellation) : null;

    /// <summary>All files of a conversation, whatever their status.</summary>
    public IAsyncEnumerable<StoredFile> OfConversationAsync(Endpoint endpoint, string conversationId, CancellationToken cancellation) =>
        index.OfConversationAsync(endpoint.Id, conversationId, cancellation);

    /// <summary>Erases the files of a conversation. Can be repeated after a failure.</summary>
    /// <returns>How many there were.</returns>
    public Task<int> DeleteConversationAsync(Endpoint endpoint, string conversationId, CancellationToken cancellation) =>
        DeleteAsync(endpoint, index.OfConversationAsync(endpoint.Id, conversationId, cancellation), cancellation);

    /// <summary>Deletes an Endpoint's files of the days before that of a time; reads no row of a later day. Can be repeated.</summary>
    /// <returns>How many there were.</returns>
    public Task<int> DeleteBeforeAsync(Endpoint endpoint, DateTimeOffset before, CancellationToken cancellation) =>
        DeleteAsync(endpoint, index.BeforeAsync(endpoint.Id, before, cancellation), cancellation);

    /// <summary>Forgets the files of a conversation whose Endpoint was deleted, and with it the way into its store.</summary>
    public async Task ForgetConversationAsync(string endpointId, string conversationId, CancellationToken cancellation)
    {
        await foreach (var file in index.OfConversationAsync(endpointId, conversationId, cancellation)) await index.DeleteAsync(file, cancellation);
    }

    /// <summary>Forgets such files of an Endpoint that was deleted, and with it the way into its store.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> ForgetBeforeAsync(string endpointId, DateTimeOffset before, CancellationToken cancellation)
    {
        var forgotten = 0;
        await foreach (var file in index.BeforeAsync(endpointId, before, cancellation))
        {
            await index.DeleteAsync(file, cancellation);
            forgotten++;
        }

        return forgotten;
    }

    /// <summary>Writes, reads back and deletes a probe.</summary>
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
            return back.ToArray().AsSpan().SequenceEqual(probe) ? null : "What was written could not be read back.";
        }
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            return Told(failed);
        }
    }

    /// <summary>A store's fault on one line: its libraries put whole answers into their messages.</summary>
    public static string Told(Exception failed)
    {
        var message = failed.Message.AsSpan().Trim();
        var end = message.IndexOfAny('\r', '\n');
        if (end >= 0) message = message[..end];
        return $"{failed.GetType().Name}: {message[..Math.Min(message.Length, 300)]}";
    }

    private async Task<int> DeleteAsync(Endpoint endpoint, IAsyncEnumerable<StoredFile> files, CancellationToken cancellation)
    {
        var deleted = 0;
        var store = await stores.OfAsync(endpoint, cancellation);
        await foreach (var file in files.WithCancellation(cancellation))
        {
            // The row goes last: what fails before is tried again.
            if (store is not null)
            {
                await store.DeleteAsync(file.Id.Object, cancellation);
                await store.DeleteAsync(file.Id.Quarantine, cancellation);
                foreach (var variant in file.Variants) await store.DeleteAsync(ImageCopies.ObjectOf(file, variant), cancellation);
            }

            await index.DeleteAsync(file, cancellation);
            deleted++;
        }

        return deleted;
    }
}
