using System.Diagnostics;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Webhooks;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Conversations;

/// <summary>Where accepted events rest until their turn. What is added here is never lost and never counted twice.</summary>
public sealed class Inbox
{
    /// <summary>The service key of the storage clients whose time-outs fit a sender that waits.</summary>
    internal const string Acknowledge = Endpoints.EndpointServices.Acknowledge;

    private readonly ConnectorStorage _storage;
    private readonly WakeUps _wakeUps;
    private readonly TimeProvider _time;

    /// <summary>Conversations that stand in the index of a day, or will with their next turn.</summary>
    private readonly RecentlyRead<string> _indexed;

    private readonly ActiveIndex _active;
    private readonly Seals _seals;

    internal Inbox([FromKeyedServices(Acknowledge)] ConnectorStorage storage, [FromKeyedServices(Acknowledge)] WakeUps wakeUps, Seals seals, TimeProvider time) =>
        (_storage, _wakeUps, _seals, _time, _active, _indexed) = (
            storage, wakeUps, seals, time, new ActiveIndex(storage), new(time, TimeSpan.FromDays(1), TimeSpan.Zero, capacity: 10_000));

    /// <summary>
    /// Stores an event and wakes its conversation. An event that cannot act is stored as history and wakes nobody.
    /// </summary>
    /// <param name="isShown">Whether the input transformer sees it, so that even this one can act.</param>
    /// <returns>False when the event had been stored before.</returns>
    /// <exception cref="RequestFailedException">Storage did not take it: it counts as never received.</exception>
    public async ValueTask<bool> AddAsync(
        string endpointId, string eventId, WebhookEvent read, byte[] body, CancellationToken cancellation, bool isShown = false)
    {
        await _storage.ReadyAsync().WaitAsync(cancellation);
        var key = ConversationKey.Of(endpointId, read.ConversationId!);
        var received = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var stored = new StoredEvent
        {
            EventId = eventId,
            EventType = read.EventType,
            ConversationId = read.ConversationId!,
            Timestamp = Math.Clamp(read.Timestamp ?? received, 0, RowKeys.MaxTimestamp),
            ReceivedAt = received,
            Body = await Body.StoreAsync(_storage.Bodies, key, eventId, await _seals.SealAsync(key, body, cancellation), cancellation),
            TraceParent = Activity.Current?.Id,
        };
        var day = ActiveIndex.Day(_time.GetUtcNow());
        var indexed = $"{day}|{key}";
        if (read.IsSilent && !isShown)
        {
            // It wakes nobody who would index the conversation, and what is not in the index is never swept. Once is enough.
            await _indexed.GetAsync(indexed, async () =>
            {
                await _active.AddAsync(key, read.ConversationId!, day, CancellationToken.None);
                return indexed;
            }, cancellation);
            return await InsertAsync(stored.ToEntity(key, RowKeys.History(stored.Timestamp, eventId)), cancellation);
        }

        // A duplicate rings too: the first delivery may have died between its insert and its wake-up.
        var backup = _wakeUps.PutBackupAsync(key, TimeSpan.Zero, cancellation);
        var isNew = await InsertAsync(key, stored, read.Rank, cancellation);
        await _wakeUps.PutAsync(key, await backup, TimeSpan.Zero, cancellation);
        await _indexed.GetAsync(indexed, () => Task.FromResult<string?>(indexed), cancellation);
        return isNew;
    }

    /// <summary>Stores what came from elsewhere than 8x8, now, and wakes its conversation.</summary>
    /// <returns>False when it had been stored before.</returns>
    /// <exception cref="RequestFailedException">Storage did not take it: it counts as never received.</exception>
    internal async Task<bool> AddAsync(
        ConversationKey key, string conversationId, string type, string eventId, byte[] body, bool besideAgent, CancellationToken cancellation)
    {
        await _storage.ReadyAsync().WaitAsync(cancellation);
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var stored = new StoredEvent
        {
            EventId = eventId,
            EventType = type,
            ConversationId = conversationId,
            Timestamp = now,
            ReceivedAt = now,
            Body = await Body.StoreAsync(_storage.Bodies, key, eventId, await _seals.SealAsync(key, body, cancellation), cancellation),
            TraceParent = Activity.Current?.Id,
            IsBesideAgent = besideAgent,
        };
        var backup = _wakeUps.PutBackupAsync(key, TimeSpan.Zero, cancellation);
        var isNew = await InsertAsync(key, stored, 1, cancellation);
        await _wakeUps.PutAsync(key, await backup, TimeSpan.Zero, cancellation);
        return isNew;
    }

    /// <summary>Whether an event of that id was stored before.</summary>
    internal async Task<bool> KnowsAsync(ConversationKey key, string eventId, CancellationToken cancellation) =>
        (await _storage.Conversations.GetEntityIfExistsAsync<TableEntity>(
            key.ToString(), RowKeys.Tombstone(eventId), ["RowKey"], cancellation)).HasValue;

    private async Task<bool> InsertAsync(ConversationKey key, StoredEvent stored, int rank, CancellationToken cancellation)
    {
        var partition = key.ToString();
        try
        {
            await _storage.Conversations.SubmitTransactionAsync(
            [
                new(TableTransactionActionType.Add, new TableEntity(partition, RowKeys.Tombstone(stored.EventId))),
                new(TableTransactionActionType.Add, stored.ToEntity(key, RowKeys.Inbox(stored.Timestamp, rank, stored.EventId))),
            ], cancellation);
            return true;
        }
        catch (RequestFailedException known) when (known.ErrorCode == "EntityAlreadyExists")
        {
            return false;
        }
    }

    private async Task<bool> InsertAsync(TableEntity entity, CancellationToken cancellation)
    {
        try
        {
            await _storage.Conversations.AddEntityAsync(entity, cancellation);
            return true;
        }
        catch (RequestFailedException known) when (known.ErrorCode == "EntityAlreadyExists")
        {
            return false;
        }
    }
}
