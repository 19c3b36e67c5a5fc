using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;

namespace EightByEight.Connector.Files;

/// <summary>
/// The table <c>Files</c>: one row a file under its Endpoint and day, and a pointer under its conversation. So retention, export and
/// erasure read what they are about, and nothing else.
/// </summary>
internal sealed class FileIndex(ConnectorStorage storage, KeyRing ring, Seals seals)
{
    private const string SealedName = "SealedName";
    private const string SecretPartition = "secret";
    private const string SecretPurpose = "Files.Key";
    private byte[]? _secret;

    /// <summary>
    /// The place of an attachment: the same whenever it is asked for, so that a turn that is repeated writes the same object; and unguessable
    /// even for who knows all ids, since it comes from a secret of the connector's.
    /// </summary>
    public async Task<FileId> IdAsync(
        string endpointId, string conversationId, string eventId, string attachment, long receivedAt, CancellationToken cancellation)
    {
        var secret = await SecretAsync(cancellation);
        var what = string.Join('\0', endpointId, conversationId, eventId, attachment);
        var key = HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(what)).AsSpan(0, FileId.KeyBytes);
        return new(endpointId, Day(DateTimeOffset.FromUnixTimeMilliseconds(receivedAt)), Convert.ToHexStringLower(key));
    }

    public static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    /// <summary>Null: there is no such file.</summary>
    public async Task<(StoredFile File, ETag Tag)?> FindAsync(FileId id, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        return await RowOfAsync(id, cancellation) is { } row ? (await OpenAsync(row, cancellation), row.ETag) : null;
    }

    /// <summary>Before the object is written: whatever lies in a store can be found again.</summary>
    public async Task PutAsync(StoredFile file, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        await storage.Files.UpsertEntityAsync(new TableEntity(ByConversation(file.Id.EndpointId, file.ConversationId), PointerKey(file.Id)),
            TableUpdateMode.Replace, cancellation);
        await storage.Files.UpsertEntityAsync(await RowAsync(file, cancellation), TableUpdateMode.Replace, cancellation);
    }

    /// <returns>False: somebody else changed it, or it is gone.</returns>
    public async Task<bool> ChangeAsync(StoredFile file, ETag tag, CancellationToken cancellation)
    {
        try
        {
            await storage.Files.UpdateEntityAsync(await RowAsync(file, cancellation), tag, TableUpdateMode.Replace, cancellation);
            return true;
        }
        catch (RequestFailedException changed) when (changed.Status is 404 or 412)
        {
            return false;
        }
    }

    public async Task DeleteAsync(StoredFile file, CancellationToken cancellation)
    {
        await storage.Files.DeleteEntityAsync(file.Id.Partition, file.Id.Key, ETag.All, cancellation);
        await storage.Files.DeleteEntityAsync(
            ByConversation(file.Id.EndpointId, file.ConversationId), PointerKey(file.Id), ETag.All, cancellation);
    }

    /// <summary>An Endpoint's files of the days before one, oldest day first; what is to be deleted needs no name.</summary>
    public async IAsyncEnumerable<StoredFile> BeforeAsync(
        string endpointId, DateTimeOffset before, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var (start, end) = (FileId.PartitionOf(endpointId, ""), FileId.PartitionOf(endpointId, Day(before)));
        var filter = TableClient.CreateQueryFilter($"PartitionKey ge {start} and PartitionKey lt {end}");
        await foreach (var row in storage.Files.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
            yield return StoredFile.From(row, name: null);
    }

    /// <summary>A conversation's files, oldest first.</summary>
    public IAsyncEnumerable<StoredFile> OfConversationAsync(string endpointId, string conversationId, CancellationToken cancellation) =>
        RowsAsync(endpointId, conversationId, cancellation).Select(async (row, c) => await OpenAsync(row, c));

    /// <summary>The same without their names: what is to be deleted needs none, and none may be readable any more.</summary>
    public IAsyncEnumerable<StoredFile> NamelessOfConversationAsync(string endpointId, string conversationId, CancellationToken cancellation) =>
        RowsAsync(endpointId, conversationId, cancellation).Select(row => StoredFile.From(row, name: null));

    private async IAsyncEnumerable<TableEntity> RowsAsync(
        string endpointId, string conversationId, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var partition = ByConversation(endpointId, conversationId);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition}");
        await foreach (var pointer in storage.Files.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            var parts = pointer.RowKey.Split('|');
            if (await RowOfAsync(new(endpointId, parts[0], parts[1]), cancellation) is { } row) yield return row;
            else await storage.Files.DeleteEntityAsync(pointer.PartitionKey, pointer.RowKey, ETag.All, cancellation);
        }
    }

    private async Task<TableEntity?> RowOfAsync(FileId id, CancellationToken cancellation)
    {
        var row = await storage.Files.GetEntityIfExistsAsync<TableEntity>(id.Partition, id.Key, cancellationToken: cancellation);
        return row.HasValue ? row.Value : null;
    }

    private static string ByConversation(string endpointId, string conversationId) =>
        $"{endpointId}|c|{ConversationKey.Escape(conversationId)}";

    private static string PointerKey(FileId id) => $"{id.Day}|{id.Key}";

    /// <summary>Customers choose names, so they rest sealed; the version before shows what stands in its column.</summary>
    private async ValueTask<TableEntity> RowAsync(StoredFile file, CancellationToken cancellation)
    {
        var row = file.ToEntity();
        var name = await seals.SealAsync(KeyOf(row), Encoding.UTF8.GetBytes(file.Name), cancellation);
        row["Name"] = Seals.IsSealed(name) ? "file" + Path.GetExtension(file.Name) : file.Name;
        if (Seals.IsSealed(name)) row[SealedName] = name;
        return row;
    }

    private async ValueTask<StoredFile> OpenAsync(TableEntity row, CancellationToken cancellation)
    {
        var name = row.GetBinary(SealedName) is { } stored ? await seals.OpenAsync(KeyOf(row), stored, cancellation) : null;
        return StoredFile.From(row, name is null ? null : Encoding.UTF8.GetString(name));
    }

    private static ConversationKey KeyOf(TableEntity row) => ConversationKey.Of(FileId.Of(row).EndpointId, row.GetString("Conversation"));

    /// <summary>Made once for all instances; protected like all secrets.</summary>
    private async ValueTask<byte[]> SecretAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _secret) is { } known) return known;
        await storage.ReadyAsync().WaitAsync(cancellation);
        var row = await storage.Files.GetEntityIfExistsAsync<TableEntity>(SecretPartition, SecretPartition, cancellationToken: cancellation);
        if (!row.HasValue)
        {
            var made = await ring.ProtectAsync(SecretPurpose, Convert.ToHexString(RandomNumberGenerator.GetBytes(32)), cancellation);
            try
            {
                await storage.Files.AddEntityAsync(new TableEntity(SecretPartition, SecretPartition) { ["Protected"] = made }, cancellation);
            }
            catch (RequestFailedException faster) when (faster.Status == 409)
            {
                // Another instance made it.
            }

            row = await storage.Files.GetEntityAsync<TableEntity>(SecretPartition, SecretPartition, cancellationToken: cancellation);
        }

        var secret = Convert.FromHexString(await ring.UnprotectAsync(SecretPurpose, row.Value!.GetString("Protected"), cancellation));
        Volatile.Write(ref _secret, secret);
        return secret;
    }
}
