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
    /// <summary>From 1; never given twice under one name.</summary>
    public int Number { get; init; } = 1;

    /// <summary>The blob that holds the document; null when the row does.</summary>
    public string? Blob { get; init; }

    /// <summary>The document, when the row holds it.</summary>
    public byte[]? Inline { get; init; }
}

/// <summary>
/// The Flow documents as they were sent, and all their versions: in table rows, or in blobs when they are larger than 32 KiB. The
/// newest version stands under its name as well, and both rows share the blob. Names sort before <c>~</c>, with which all other rows begin.
/// </summary>
internal sealed class FlowStore(ConnectorStorage storage, TimeProvider time)
{
    /// <summary>The largest document, in bytes of UTF-8.</summary>
    public const int MostBytes = 1024 * 1024;

    private const int MostAttempts = 10;
    private const int MostInlineBytes = 32 * 1024;
    private const string Partition = "flows";
    private static readonly string[] WithoutDocument =
        ["RowKey", "Name", "Number", "Version", "Length", "ContentType", "CreatedAt", "LastChanged", "Blob"];

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
                // It was deleted, and perhaps made again, since the row was read: look again.
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
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {Partition} and RowKey gt {after ?? ""} and RowKey lt {"~"}");
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
        // The same again is no new version.
        if (before is not null && before.ContentType == contentType && before.Length == bytes.Length
            && await DocumentAsync(before, cancellation) == document) return before;
        // The ETag begins with the clock, so that a Flow deleted and made again never repeats one.
        var after = new StoredFlow(
            name, (before?.Version ?? now.ToUnixTimeMilliseconds()) + 1, bytes.Length, contentType, before?.CreatedAt ?? now, now)
        {
            Number = (before?.Number ?? await LastNumberAsync(name, cancellation)) + 1,
        };
        if (bytes.Length <= MostInlineBytes) after = after with { Inline = bytes };
        else
        {
            after = after with { Blob = $"flows/{name}/{Guid.NewGuid():n}" };
            await storage.Bodies.GetBlobClient(after.Blob).UploadAsync(BinaryData.FromBytes(bytes), overwrite: false, cancellation);
        }

        var actions = new List<TableTransactionAction>
        {
            before is null ? new(TableTransactionActionType.Add, Row(after)) : new(TableTransactionActionType.UpdateReplace, Row(after), found.Value!.ETag),
            new(TableTransactionActionType.UpsertReplace, Row(after, VersionKey(name, after.Number))),
        };
        // One of before there were versions has no row of its own yet.
        if (before is not null) actions.Add(new(TableTransactionActionType.UpsertReplace, Row(before, VersionKey(name, before.Number))));
        try
        {
            await Table.SubmitTransactionAsync(actions, cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 409 or 412)
        {
            // The answer to our own commit may have been lost, and its repetition refused.
            if (await GetAsync(name, CancellationToken.None) is { } stored && IsSame(stored, after)) return after;
            await DeleteBlobAsync(after);
            throw new VersionMismatchException(before?.Version ?? 0);
        }

        return after;
    }

    private static bool IsSame(StoredFlow one, StoredFlow other) =>
        one.Version == other.Version && one.Blob == other.Blob && one.Inline.AsSpan().SequenceEqual(other.Inline);

    /// <summary>Deletes a Flow and all its versions.</summary>
    /// <returns>What was deleted; null when there was none.</returns>
    /// <exception cref="VersionMismatchException"><paramref name="isExpected"/> said no, or someone else was faster.</exception>
    public async Task<StoredFlow?> DeleteAsync(string name, Func<long, bool> isExpected, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var found = await Table.GetEntityIfExistsAsync<TableEntity>(Partition, name, cancellationToken: cancellation);
        if (!found.HasValue) return null;
        var flow = Read(found.Value!);
        if (!isExpected(flow.Version)) throw new VersionMismatchException(flow.Version);
        try
        {
            await Table.SubmitTransactionAsync(
            [
                new(TableTransactionActionType.Delete, found.Value!, found.Value!.ETag),
                new(TableTransactionActionType.UpsertReplace, new TableEntity(Partition, LastKey(name)) { ["Number"] = flow.Number }),
            ], cancellation);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            throw new VersionMismatchException(flow.Version);
        }

        // What a crash leaves of them is under no name, and goes when a Flow of that name is deleted again.
        await foreach (var row in RowsAsync(name, 0, cancellation))
        {
            await DeleteBlobAsync(Read(row));
            await Table.DeleteEntityAsync(Partition, row.RowKey, ETag.All, cancellation);
        }

        await DeleteBlobAsync(flow);
        return flow;
    }

    // ---- Versions ----------------------------------------------------------------------------------------------

    /// <summary>Versions without documents, the newest first.</summary>
    /// <param name="below">The last number of the page before; 0: from the newest.</param>
    public async Task<IReadOnlyList<StoredFlow>> VersionsAsync(string name, int below, int limit, CancellationToken cancellation)
    {
        var versions = await RowsAsync(name, below, cancellation, WithoutDocument).Take(limit).Select(Read).ToListAsync(cancellation);
        if (versions.Count == 0 && below == 0 && await GetAsync(name, cancellation) is { } only) versions.Add(only);
        return versions;
    }

    /// <summary>A version and its document; null when there is none.</summary>
    public async Task<(StoredFlow Flow, string Document)?> ReadVersionAsync(string name, int number, CancellationToken cancellation)
    {
        var row = await Table.GetEntityIfExistsAsync<TableEntity>(Partition, VersionKey(name, number), cancellationToken: cancellation);
        var version = row.HasValue ? Read(row.Value!) : await GetAsync(name, cancellation);
        if (version?.Number != number) return null;
        try
        {
            return (version, await DocumentAsync(version, cancellation));
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    /// <summary>Whether a Flow has a version.</summary>
    public async Task<bool> HasVersionAsync(string name, int number, CancellationToken cancellation) =>
        (await Table.GetEntityIfExistsAsync<TableEntity>(Partition, VersionKey(name, number), ["RowKey"], cancellation)).HasValue
        || (await GetAsync(name, cancellation))?.Number == number;

    /// <summary>Deletes a version that is not the newest.</summary>
    /// <returns>False when there is none.</returns>
    public async Task<bool> DeleteVersionAsync(string name, int number, CancellationToken cancellation)
    {
        var row = await Table.GetEntityIfExistsAsync<TableEntity>(Partition, VersionKey(name, number), cancellationToken: cancellation);
        if (!row.HasValue) return false;
        await Table.DeleteEntityAsync(Partition, row.Value!.RowKey, ETag.All, cancellation);
        await DeleteBlobAsync(Read(row.Value!));
        return true;
    }

    private AsyncPageable<TableEntity> RowsAsync(string name, int below, CancellationToken cancellation, IEnumerable<string>? select = null)
    {
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {Partition} and RowKey gt {(below == 0 ? LastKey(name) + "~" : VersionKey(name, below))} and RowKey lt {LastKey(name) + "~~"}");
        return Table.QueryAsync<TableEntity>(filter, select: select, cancellationToken: cancellation);
    }

    private async Task<int> LastNumberAsync(string name, CancellationToken cancellation)
    {
        var last = await Table.GetEntityIfExistsAsync<TableEntity>(Partition, LastKey(name), cancellationToken: cancellation);
        return last.HasValue ? last.Value!.GetInt32("Number") ?? 0 : 0;
    }

    /// <summary>The row that remembers the last number of a Flow that was deleted.</summary>
    private static string LastKey(string name) => $"~{name}";

    /// <summary>The newest sorts first.</summary>
    private static string VersionKey(string name, int number) => $"~{name}~{int.MaxValue - number:D10}";

    private Task DeleteBlobAsync(StoredFlow flow) => flow.Blob is null
        ? Task.CompletedTask
        : storage.Bodies.GetBlobClient(flow.Blob).DeleteIfExistsAsync(cancellationToken: CancellationToken.None);

    private static TableEntity Row(StoredFlow flow, string? key = null) => new(Partition, key ?? flow.Name)
    {
        ["Name"] = flow.Name,
        ["Number"] = flow.Number,
        ["Version"] = flow.Version,
        ["Length"] = flow.Length,
        ["ContentType"] = flow.ContentType,
        ["CreatedAt"] = flow.CreatedAt,
        ["LastChanged"] = flow.LastChanged,
        ["Blob"] = flow.Blob,
        ["Document"] = flow.Inline,
    };

    private static StoredFlow Read(TableEntity row) => new(
        row.GetString("Name") ?? row.RowKey, row.GetInt64("Version") ?? 0, row.GetInt32("Length") ?? 0, row.GetString("ContentType"),
        row.GetDateTimeOffset("CreatedAt") ?? default, row.GetDateTimeOffset("LastChanged") ?? default)
    {
        Number = row.GetInt32("Number") ?? 1,
        Blob = row.GetString("Blob"),
        Inline = row.GetBinary("Document"),
    };
}

/// <summary>Compiles a document: <see cref="Flow.Parse(string, bool)"/>.</summary>
internal delegate Flow CompileFlow(string document, bool isStored = false);
