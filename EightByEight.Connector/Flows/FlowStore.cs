using System.Text;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Flows;

/// <summary>A stored Flow document.</summary>
/// <param name="Name">Also the document's own <c>name</c>.</param>
/// <param name="Version">Grows with each change; the admin API's ETag.</param>
/// <param name="Length">Of the document, in bytes of UTF-8.</param>
/// <param name="ContentType">As it was sent.</param>
internal sealed record StoredFlow(
    string Name, long Version, int Length, string ContentType, DateTimeOffset CreatedAt, DateTimeOffset LastChanged)
{
    /// <summary>The blob that holds the document; null when the row does.</summary>
    public string? Blob { get; init; }

    /// <summary>The document, when the row holds it.</summary>
    public byte[]? Inline { get; init; }
}

/// <summary>The Flow documents as they were sent: in a table row, or in a blob when they are larger than 32 KiB.</summary>
internal sealed class FlowStore(ConnectorStorage storage, TimeProvider time)
{
    /// <summary>The largest document, in bytes of UTF-8.</summary>
    public const int MostBytes = 1024 * 1024;

    private const int MostAttempts = 10;
    private const int MostInlineBytes = 32 * 1024;
    private const string Partition = "flows";
    private static readonly string[] WithoutDocument =
        ["RowKey", "Version", "Length", "ContentType", "CreatedAt", "LastChanged", "Blob"];

    private TableClient Table => storage.Flows;

    /// <summary>Whether a Flow of that name is stored.</summary>
    public async Task<bool> ExistsAsync(string name, CancellationToken cancellation) =>
        (await Table.GetEntityIfExistsAsync<TableEntity>(Partition, name, ["RowKey"], cancellation)).HasValue;

    /// <summary>Null when there is none.</summary>
    public async Task<StoredFlow?> GetAsync(string name, CancellationToken cancellation)
    {
        var row = await Table.GetEntityIfExistsAsync<TableEntity>(Partition, name, cancellationToken: cancellation);
        return row.HasValue ? Read(row.Value!) : null;
    }

    /// <summary>A Flow and its document as it was sent; null when there is none.</summary>
    public async Task<(StoredFlow Flow, string Document)?> ReadAsync(string name, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await GetAsync(name, cancellation) is not { } flow) return null;
            try
            {
                return (flow, await DocumentAsync(flow, cancellation));
            }
            catch (RequestFailedException e) when (e.Status == 404 && attempt < MostAttempts)
            {
                // It was replaced, and its blob deleted, since the row was read: look again.
            }
        }
    }

    private async Task<string> DocumentAsync(StoredFlow flow, CancellationToken cancellation) => flow.Inline is { } inline
        ? Encoding.UTF8.GetString(inline)
        : (await storage.Bodies.GetBlobClient(flow.Blob).DownloadContentAsync(cancellation)).Value.Content.ToString();

    /// <summary>Flows in the order of their names, without documents.</summary>
    /// <param name="after">The last name of the page before; null: from the first.</param>
    public async Task<IReadOnlyList<StoredFlow>> ListAsync(string? after, int limit, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Partition} and RowKey gt {after ?? ""}");
        return await Table.QueryAsync<TableEntity>(filter, Math.Min(limit, 1000), WithoutDocument, cancellation)
            .Take(limit).Select(Read).ToArrayAsync(cancellation);
    }

    /// <summary>Creates or replaces a Flow.</summary>
    /// <param name="isExpected">Whether this is the version that the caller means to replace; null: there is none.</param>
    /// <exception cref="VersionMismatchException"><paramref name="isExpected"/> said no, or someone else was faster.</exception>
    public async Task<StoredFlow> PutAsync(
        string name, string document, string contentType, Func<long?, bool> isExpected, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var found = await Table.GetEntityIfExistsAsync<TableEntity>(Partition, name, cancellationToken: cancellation);
        var before = found.HasValue ? Read(found.Value!) : null;
        if (!isExpected(before?.Version)) throw new VersionMismatchException(before?.Version ?? 0);

        var now = time.GetUtcNow();
        var bytes = Encoding.UTF8.GetBytes(document);
        // The first version is taken from the clock, so that a Flow deleted and made again never repeats one.
        var after = new StoredFlow(
            name, (before?.Version ?? now.ToUnixTimeMilliseconds()) + 1, bytes.Length, contentType, before?.CreatedAt ?? now, now);
        if (bytes.Length <= MostInlineBytes) after = after with { Inline = bytes };
        else
        {
            // A blob of its own for each version: readers of the one before are not disturbed.
            after = after with { Blob = $"flows/{name}/{Guid.NewGuid():n}" };
            await storage.Bodies.GetBlobClient(after.Blob).UploadAsync(BinaryData.FromBytes(bytes), overwrite: false, cancellation);
        }

        try
        {
            if (before is null) await Table.AddEntityAsync(Row(after), cancellation);
            else await Table.UpdateEntityAsync(Row(after), found.Value!.ETag, TableUpdateMode.Replace, cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 409 or 412)
        {
            await DeleteBlobAsync(after);
            throw new VersionMismatchException(before?.Version ?? 0);
        }

        if (before is not null) await DeleteBlobAsync(before);
        return after;
    }

    /// <summary>Deletes a Flow.</summary>
    /// <returns>What was deleted; null when there was none.</returns>
    /// <exception cref="VersionMismatchException"><paramref name="isExpected"/> said no, or someone else was faster.</exception>
    public async Task<StoredFlow?> DeleteAsync(string name, Func<long, bool> isExpected, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var found = await Table.GetEntityIfExistsAsync<TableEntity>(Partition, name, cancellationToken: cancellation);
        if (!found.HasValue) return null;
        var flow = Read(found.Value!);
        if (!isExpected(flow.Version)) throw new VersionMismatchException(flow.Version);
        // The SDK answers a missing row with a 404 response and a changed one with an exception.
        try
        {
            await Table.DeleteEntityAsync(Partition, name, found.Value!.ETag, cancellation);
        }
        catch (RequestFailedException e) when (e.Status == 412)
        {
            throw new VersionMismatchException(flow.Version);
        }

        await DeleteBlobAsync(flow);
        return flow;
    }

    private Task DeleteBlobAsync(StoredFlow flow) => flow.Blob is null
        ? Task.CompletedTask
        : storage.Bodies.GetBlobClient(flow.Blob).DeleteIfExistsAsync(cancellationToken: CancellationToken.None);

    private static TableEntity Row(StoredFlow flow) => new(Partition, flow.Name)
    {
        ["Version"] = flow.Version,
        ["Length"] = flow.Length,
        ["ContentType"] = flow.ContentType,
        ["CreatedAt"] = flow.CreatedAt,
        ["LastChanged"] = flow.LastChanged,
        ["Blob"] = flow.Blob,
        ["Document"] = flow.Inline,
    };

    private static StoredFlow Read(TableEntity row) => new(
        row.RowKey, row.GetInt64("Version") ?? 0, row.GetInt32("Length") ?? 0, row.GetString("ContentType"),
        row.GetDateTimeOffset("CreatedAt") ?? default, row.GetDateTimeOffset("LastChanged") ?? default)
    {
        Blob = row.GetString("Blob"),
        Inline = row.GetBinary("Document"),
    };
}

/// <summary>Compiles a document: <see cref="Flow.Parse"/>.</summary>
internal delegate Flow CompileFlow(string document);
