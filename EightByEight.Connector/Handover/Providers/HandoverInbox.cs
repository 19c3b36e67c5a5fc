using System.Diagnostics;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Webhooks;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// Where what bots ask and what 8x8 says is accepted: stored first, then woken, then answered. What was accepted is never lost and
/// never counted twice.
/// </summary>
internal sealed class HandoverInbox(
    ConnectorStorage storage, WakeUps wakeUps, Seals seals, RequestHashes hashes, TimeProvider time)
{
    private const int MostAttempts = 40;

    private readonly SealedBodies _bodies = new(storage, seals);

    private TableClient Table => storage.Handovers;

    /// <summary>The row that heads a handover.</summary>
    public static LeasedRow<HandoverHead> RowOf(ConnectorStorage storage, string handoverId) => new(
        storage.Handovers, HandoverKey.Of(handoverId).ToString(), HandoverRows.Head, HandoverRows.Bell, HandoverRows.EndOfPending,
        HandoverJson.Default.HandoverHead);

    /// <summary>Null when there is none.</summary>
    public async Task<HandoverHead?> FindAsync(string handoverId, CancellationToken cancellation) =>
        IsId(handoverId) ? (await HeadAsync(handoverId, cancellation)).Head : null;

    /// <summary>Begins a handover. Its backup wake-up is in the queue before it exists.</summary>
    /// <param name="customerId">See <see cref="CustomerKey.Id"/>.</param>
    /// <returns>The wake-up to work with; null when there is a handover with this id already.</returns>
    public async Task<WakeUp?> BeginAsync(HandoverHead head, string customerId, NewConversation request, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var key = HandoverKey.Of(head.Id);
        var json = JsonSerializer.SerializeToUtf8Bytes(request, HandoverJson.Default.NewConversation);
        var asked = new TableEntity(key.ToString(), HandoverRows.Request);
        (await _bodies.StoreAsync(key, "request", json, cancellation)).WriteTo(asked);
        var backup = await wakeUps.PutBackupAsync(key, TimeSpan.Zero, cancellation);
        await HandoverSweep.AddAsync(storage, head, cancellation);
        await new Customers(storage).AddAsync(customerId, key, head.Reference ?? head.Id, cancellation);
        head = head with { CustomerPlace = Customers.PlaceOf(customerId, key) };
        try
        {
            await Table.SubmitTransactionAsync(
            [
                new(TableTransactionActionType.Add, RowOf(storage, head.Id).NewRow(head)),
                new(TableTransactionActionType.Add, new TableEntity(key.ToString(), HandoverRows.Bell) { [HandoverRows.Commands] = 0L }),
                new(TableTransactionActionType.Add, asked),
            ], cancellation);
            return new WakeUp { Key = key.ToString(), BackupId = backup.Id, BackupReceipt = backup.Receipt, TraceParent = Activity.Current?.Id };
        }
        catch (RequestFailedException known) when (known.ErrorCode == "EntityAlreadyExists")
        {
            return null;
        }
    }

    /// <summary>Whether something that was accepted is still to be dealt with, so that events may follow.</summary>
    public async Task<bool> HasWorkAsync(string handoverId, CancellationToken cancellation)
    {
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {HandoverKey.Of(handoverId).ToString()} and RowKey ge {HandoverRows.Incoming} and RowKey lt {HandoverRows.EndOfPending}");
        return await Table.QueryAsync<TableEntity>(filter, maxPerPage: 1, cancellationToken: cancellation).AnyAsync(cancellation);
    }

    /// <summary>Accepts what the customer wrote, to be sent after all that was accepted before.</summary>
    /// <param name="messageId">The bot's id: the same one is sent once.</param>
    public Task<Acceptance> AddMessageAsync(string handoverId, string messageId, string text, CancellationToken cancellation) =>
        AddCommandAsync(handoverId, "m-" + messageId, new Command { MessageId = messageId, Text = text }, cancellation);

    /// <summary>Accepts that the customer leaves, after all that was accepted before.</summary>
    public Task<Acceptance> AddLeaveAsync(string handoverId, CancellationToken cancellation) =>
        AddCommandAsync(handoverId, "leave", new Command(), cancellation);

    /// <summary>Accepts an event of 8x8.</summary>
    /// <returns>The handover that it belongs to, and whether it is new; null: of no handover.</returns>
    /// <exception cref="RequestFailedException">Storage did not take it: it counts as never received.</exception>
    public async Task<(string HandoverId, bool IsNew)?> AddEventAsync(
        string tenantId, string eventId, WebhookEvent read, byte[] body, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var conversationId = read.ConversationId!;
        var received = time.GetUtcNow().ToUnixTimeMilliseconds();
        async Task<StoredEvent> StoredAsync(ConversationKey key) => new()
        {
            EventId = eventId,
            EventType = read.EventType,
            ConversationId = conversationId,
            Timestamp = Math.Clamp(read.Timestamp ?? received, 0, RowKeys.MaxTimestamp),
            ReceivedAt = received,
            Body = await _bodies.StoreAsync(key, eventId, body, cancellation),
            TraceParent = Activity.Current?.Id,
        };
        var handoverId = await HandoverOfAsync(tenantId, conversationId, cancellation) ?? await MarkedAsync(tenantId, read, body, cancellation);
        if (handoverId is null)
        {
            // Its conversation may be being opened at this moment: it is set aside, then looked for again.
            await SetAsideAsync(tenantId, await StoredAsync(HandoverKey.Unclaimed(conversationId)), read.Rank, cancellation);
            handoverId = await HandoverOfAsync(tenantId, conversationId, cancellation);
        }

        if (handoverId is null) return null;
        return (handoverId, await InsertAsync(handoverId, await StoredAsync(HandoverKey.Of(handoverId)), read.Rank, cancellation));
    }

    /// <summary>Lets a conversation lead to its handover, and moves the events there that were set aside.</summary>
    public async Task AdoptAsync(string tenantId, string conversationId, string handoverId, CancellationToken cancellation)
    {
        var partition = HandoverRows.OfConversation(tenantId, conversationId);
        await Table.UpsertEntityAsync(
            new TableEntity(partition, HandoverRows.Head) { ["HandoverId"] = handoverId }, TableUpdateMode.Replace, cancellation);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey gt {HandoverRows.Bell}");
        await foreach (var row in Table.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            var aside = StoredEvent.From(row);
            await MoveAsync(aside, row.GetInt32("Rank") ?? 1, conversationId, handoverId, cancellation);
            if (aside.Body.Blob is { } blob) await storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
            await Table.DeleteEntityAsync(partition, row.RowKey, ETag.All, cancellation);
        }
    }

    private async Task MoveAsync(StoredEvent aside, int rank, string conversationId, string handoverId, CancellationToken cancellation)
    {
        byte[] clear;
        try
        {
            clear = await _bodies.ReadAsync(HandoverKey.Unclaimed(conversationId), aside.Body, cancellation);
        }
        catch (RequestFailedException gone) when (gone.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            // Its blob goes once it was moved: somebody else did, or died between the two.
            return;
        }

        // What was sealed for one place does not open in another.
        var body = await _bodies.StoreAsync(HandoverKey.Of(handoverId), aside.EventId, clear, cancellation);
        await InsertAsync(handoverId, aside with { Body = body }, rank, cancellation);
    }

    /// <summary>Whether storage can be asked for it: other characters are not all allowed in keys.</summary>
    private static bool IsId(string handoverId) => handoverId.Length <= 64 && handoverId.All(char.IsAsciiLetterOrDigit);

    private async Task<Acceptance> AddCommandAsync(string handoverId, string knownAs, Command command, CancellationToken cancellation)
    {
        if (!IsId(handoverId)) return Acceptance.NoHandover;
        var key = HandoverKey.Of(handoverId);
        var hash = await hashes.OfAsync(key, command.Text ?? "", cancellation);
        var backup = wakeUps.PutBackupAsync(key, TimeSpan.Zero, cancellation);
        var acceptance = await InsertAsync(key, knownAs, hash, command, cancellation);
        // A repetition rings too: the first time may have died between its insert and its wake-up.
        var put = await backup;
        if (acceptance is Acceptance.Accepted or Acceptance.Known) await wakeUps.PutAsync(key, put, TimeSpan.Zero, cancellation);
        return acceptance;
    }

    private async Task<Acceptance> InsertAsync(ConversationKey key, string knownAs, string hash, Command command, CancellationToken cancellation)
    {
        var partition = key.ToString();
        Body? body = null;
        for (var attempt = 1; ; attempt++)
        {
            var (head, bell) = await HeadAsync(key.Conversation, cancellation);
            if (head is null || bell is null) return Acceptance.NoHandover;
            if (head.HasEnded && await KnownAsync(key, knownAs, command, cancellation) is var known) return known ?? Acceptance.HasEnded;
            var number = (bell.GetInt64(HandoverRows.Commands) ?? 0) + 1;
            body ??= await _bodies.StoreAsync(key, knownAs, JsonSerializer.SerializeToUtf8Bytes(
                command with { ReceivedAt = time.GetUtcNow().ToUnixTimeMilliseconds() }, HandoverJson.Compact.Command), cancellation);
            var row = new TableEntity(partition, HandoverRows.Command(number));
            body.Value.WriteTo(row, HandoverRows.CommandBody);
            try
            {
                // The number comes from the bell, so that the order is the one of acceptance, whatever the clocks say.
                await Table.SubmitTransactionAsync(
                [
                    new(TableTransactionActionType.Add, new TableEntity(partition, HandoverRows.Known(knownAs)) { ["Hash"] = hash }),
                    new(TableTransactionActionType.UpdateMerge,
                        new TableEntity(partition, HandoverRows.Bell) { [HandoverRows.Commands] = number }, bell.ETag),
                    new(TableTransactionActionType.Add, row),
                ], cancellation);
                return Acceptance.Accepted;
            }
            catch (RequestFailedException refused) when (refused.Status is 409 or 412 && attempt < MostAttempts)
            {
                if (await KnownAsync(key, knownAs, command, cancellation) is { } acceptance) return acceptance;
                // Something else came in meanwhile: look again.
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(5, 5 + 5 * attempt)), time, cancellation);
            }
        }
    }

    private async Task<Acceptance?> KnownAsync(ConversationKey key, string knownAs, Command command, CancellationToken cancellation)
    {
        var row = await Table.GetEntityIfExistsAsync<TableEntity>(key.ToString(), HandoverRows.Known(knownAs), cancellationToken: cancellation);
        if (!row.HasValue) return null;
        return await hashes.IsOfAsync(key, row.Value!.GetString("Hash"), command.Text ?? "", cancellation) ? Acceptance.Known : Acceptance.Differs;
    }

    private async Task<(HandoverHead? Head, TableEntity? Bell)> HeadAsync(string handoverId, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var partition = HandoverKey.Of(handoverId).ToString();
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and (RowKey eq {HandoverRows.Head} or RowKey eq {HandoverRows.Bell})");
        HandoverHead? head = null;
        TableEntity? bell = null;
        await foreach (var row in Table.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
            if (row.RowKey == HandoverRows.Head) head = RowOf(storage, handoverId).HeadOf(row);
            else bell = row;
        return (head, bell);
    }

    // ---- Events of 8x8 -----------------------------------------------------------------------------------------

    private async Task<bool> InsertAsync(string handoverId, StoredEvent stored, int rank, CancellationToken cancellation)
    {
        var key = HandoverKey.Of(handoverId);
        var backup = wakeUps.PutBackupAsync(key, TimeSpan.Zero, cancellation);
        bool isNew;
        try
        {
            await Table.SubmitTransactionAsync(
            [
                new(TableTransactionActionType.Add, new TableEntity(key.ToString(), RowKeys.Tombstone(stored.EventId))),
                new(TableTransactionActionType.Add, stored.ToEntity(key, RowKeys.Inbox(stored.Timestamp, rank, stored.EventId))),
                new(TableTransactionActionType.UpsertMerge, new TableEntity(key.ToString(), HandoverRows.Bell)),
            ], cancellation);
            isNew = true;
        }
        catch (RequestFailedException known) when (known.ErrorCode == "EntityAlreadyExists")
        {
            isNew = false;
        }

        await wakeUps.PutAsync(key, await backup, TimeSpan.Zero, cancellation);
        return isNew;
    }

    private async Task<string?> HandoverOfAsync(string tenantId, string conversationId, CancellationToken cancellation)
    {
        var row = await Table.GetEntityIfExistsAsync<TableEntity>(
            HandoverRows.OfConversation(tenantId, conversationId), HandoverRows.Head, cancellationToken: cancellation);
        return row.HasValue ? row.Value!.GetString("HandoverId") : null;
    }

    /// <summary>The handover that the customer's properties name, if it still waits for its conversation: 8x8's answer may be lost.</summary>
    private async Task<string?> MarkedAsync(string tenantId, WebhookEvent read, byte[] body, CancellationToken cancellation)
    {
        if (read.EventType != "CONVERSATION_UPDATE") return null;
        using var json = JsonDocument.Parse(body);
        var properties = json.RootElement.Member("data").Member("user").Member("additionalProperties");
        if (properties.ValueKind != JsonValueKind.Array) return null;
        var marked = properties.EnumerateArray().Where(p => p.Text("key") == HandoverRun.Marker).Select(p => p.Text("value")).FirstOrDefault();
        return marked is not null
            && await FindAsync(marked, cancellation) is { ConversationId: null, HasEnded: false } head && head.TenantId == tenantId
            ? marked
            : null;
    }

    private async Task SetAsideAsync(string tenantId, StoredEvent stored, int rank, CancellationToken cancellation)
    {
        var partition = HandoverRows.OfConversation(tenantId, stored.ConversationId);
        var row = stored.ToEntity(default, RowKeys.Inbox(stored.Timestamp, rank, stored.EventId));
        row.PartitionKey = partition;
        row["Rank"] = rank;
        await HandoverSweep.AddAsync(storage, partition, time.GetUtcNow(), cancellation);
        await Table.UpsertEntityAsync(row, TableUpdateMode.Replace, cancellation);
    }
}

/// <summary>What became of something that a bot asked.</summary>
internal enum Acceptance
{
    /// <summary>It will be done.</summary>
    Accepted,

    /// <summary>It was accepted before.</summary>
    Known,

    /// <summary>Its id was used before for something else.</summary>
    Differs,

    /// <summary>The handover is over.</summary>
    HasEnded,

    /// <summary>There is no such handover.</summary>
    NoHandover,
}
