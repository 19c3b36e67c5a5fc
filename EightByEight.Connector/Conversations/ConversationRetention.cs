using System.Globalization;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// Deletes what is too old of conversations. They are found by the days on which they were active; how far each kind of data is dealt
/// with is written down, so that no day is read twice. The kind that is kept longest takes the conversation itself along.
/// </summary>
internal sealed partial class ConversationRetention(
    ConnectorStorage storage, ConversationStore store, ActiveIndex active, Profiles profiles, Customers customers,
    IOptions<ConversationOptions> options, ILogger<ConversationRetention> logger)
{
    /// <summary>Rows of a kind: those whose keys start with one of these characters.</summary>
    private sealed record Kind(string Name, string Rows, Func<Periods, int> Days);

    private const string Whole = "conversations";

    private static readonly Kind[] Kinds =
    [
        new("sessions", "", p => p.Sessions),
        new("transcripts", "678", p => p.Collected.Transcripts),
        new("parked", "9", p => p.Collected.Parked),
    ];

    /// <summary>Days until nothing of a conversation is left.</summary>
    public int LongestOf(Periods periods) => Kinds.Max(kind => Math.Max(kind.Days(periods), options.Value.RetentionDays));

    /// <summary>Deletes what is due of an Endpoint's conversations, and moves its marks on.</summary>
    public async Task SweepAsync(Keeper keeper, DateTimeOffset now, CancellationToken cancellation)
    {
        // Nothing is older than what was deleted as a whole.
        var longest = LongestOf(keeper.Periods);
        foreach (var kind in Kinds.Where(kind => kind.Days(keeper.Periods) < longest))
            await GoOnAsync(keeper, kind.Name, now, now.AddDays(-kind.Days(keeper.Periods)), (key, _, before) =>
                kind.Rows.Length == 0 ? EndSessionsAsync(key, now, before, cancellation) : ExpireAsync(key, kind.Rows, before, cancellation), cancellation);
        await GoOnAsync(keeper, Whole, now, now.AddDays(-longest), async (key, place, before) =>
        {
            await ExpireWholeAsync(key, ActiveIndex.DayOf(place.Partition), before, now, cancellation);
            await active.DeleteAsync(place, cancellation);
        }, cancellation);
    }

    private async Task GoOnAsync(
        Keeper keeper, string kind, DateTimeOffset now, DateTimeOffset before, Func<ConversationKey, ActiveIndex.Place, DateTimeOffset, Task> expire,
        CancellationToken cancellation)
    {
        var end = ActiveIndex.Day(before);
        var from = ActiveIndex.Place.Of(keeper.Row.GetString("Since") ?? "");
        foreach (var mark in (string[])[kind, Whole])
            if (ActiveIndex.Place.Parse(keeper.Row.GetString(Mark(mark))) is var known && from.IsBefore(known)) from = known;
        if (!from.IsBefore(ActiveIndex.Place.Of(end))) return;
        await foreach (var (key, conversationId, place) in active.BeforeAsync(keeper.EndpointId, from, end, cancellation))
        {
            await TryAsync(key, conversationId, now, () => expire(key, place, before), cancellation);
            keeper.Row[Mark(kind)] = place.ToString();
        }

        keeper.Row[Mark(kind)] = ActiveIndex.Place.Of(end).ToString();
    }

    /// <summary>One that cannot be read must not keep all others: it is looked at again when as much time has passed.</summary>
    private async Task TryAsync(
        ConversationKey key, string conversationId, DateTimeOffset now, Func<Task> expire, CancellationToken cancellation)
    {
        try
        {
            await expire();
        }
        catch (Exception failed) when (failed is not (RequestFailedException or OperationCanceledException))
        {
            await active.AddAsync(key, conversationId, ActiveIndex.Day(now), cancellation);
            Log.Failed(logger, key, failed);
        }
    }

    private static string Mark(string kind) => "At_" + kind;

    /// <summary>Forgets the context and place of sessions that ended; the conversation goes on with a new one.</summary>
    private async Task EndSessionsAsync(ConversationKey key, DateTimeOffset now, DateTimeOffset before, CancellationToken cancellation)
    {
        var snapshot = await store.ReadAsync(key, cancellation);
        var state = snapshot.State;
        // What is going on was active later, too.
        if (snapshot.Head is not { Lease: null, Sending: null } head || snapshot.Inbox.Count > 0 || state.Paused is not null
            || state.Handover is { IsActive: true } || state.Facts.People.IsAgentIn) return;
        // One that lives longer than the period is found again when it has ended.
        if (LivesUntil(state, now) is var until && until > now) await active.AddAsync(key, head.ConversationId, ActiveIndex.Day(until - (now - before)), cancellation);
        bool Stays(Session session) => session.RestsSince(state.Facts.People) >= before.ToUnixTimeMilliseconds() || EndOf(session, state, now) > now;
        var ended = state.Session is { } last && !Stays(last);
        var others = state.OtherSessions.Where(other => Stays(other.Value)).ToDictionary();
        if (!ended && others.Count == state.OtherSessions.Count) return;
        if (state.ProfileChange is { } change) await profiles.ApplyAsync(change, key, cancellation);
        state = state with { OtherSessions = others, Session = ended ? null : state.Session, ProfileChange = null };
        if (await store.CommitAsync(key, snapshot, head, state, [], release: false, cancellation) is not null) Log.Forgotten(logger, key);
    }

    /// <summary>When the last of the sessions ends whose Flow said how long they live: the Endpoint's own time is in the periods.</summary>
    private DateTimeOffset LivesUntil(ConversationState state, DateTimeOffset now) =>
        state.OtherSessions.Values.Append(state.Session).OfType<Session>().Max(session => (DateTimeOffset?)EndOf(session, state, now)) ?? DateTimeOffset.MinValue;

    private DateTimeOffset EndOf(Session session, ConversationState state, DateTimeOffset now) =>
        session.Marks.ExpirationMinutes is not { } minutes ? DateTimeOffset.MinValue
            : DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(session.RestsSince(state.Facts.People), now.ToUnixTimeMilliseconds()))
                + TimeSpan.FromMinutes(Math.Min(minutes, options.Value.LongestSession.TotalMinutes));

    /// <summary>Deletes rows of some kinds that are older.</summary>
    private async Task ExpireAsync(ConversationKey key, string kinds, DateTimeOffset before, CancellationToken cancellation)
    {
        var (deleted, newest) = await DeleteRowsAsync(key, kinds, before, cancellation);
        if (newest is { } at) await active.AddAsync(key, await NameAsync(key, cancellation), ActiveIndex.Day(at), cancellation);
        if (deleted > 0) Log.Expired(logger, key, deleted, false);
    }

    /// <summary>
    /// Deletes what is older. The head goes last, if it is still as it was read: a conversation that comes to life meanwhile keeps it.
    /// What is left is found again under its own day.
    /// </summary>
    private async Task ExpireWholeAsync(ConversationKey key, string day, DateTimeOffset before, DateTimeOffset now, CancellationToken cancellation)
    {
        var snapshot = await store.ReadAsync(key, cancellation);
        var (deleted, newest) = await DeleteRowsAsync(key, "56789", before, cancellation);
        if (snapshot.Inbox.Count > 0 || LivesUntil(snapshot.State, now) > now) newest = now;
        var elsewhere = string.CompareOrdinal(snapshot.Head?.ActiveDay ?? day, day) > 0;
        if (newest is null && !elsewhere && !await EndAsync(key, snapshot, before, cancellation)) newest = now;
        if (newest is { } at) await active.AddAsync(key, NameOf(key, snapshot), ActiveIndex.Day(at), cancellation);
        Log.Expired(logger, key, deleted, newest is null && !elsewhere);
    }

    private async Task<(int Deleted, DateTimeOffset? Newest)> DeleteRowsAsync(
        ConversationKey key, string kinds, DateTimeOffset before, CancellationToken cancellation)
    {
        var deleted = 0;
        DateTimeOffset? newest = null;
        var (first, last) = (kinds[..1], ((char)(kinds[^1] + 1)).ToString(CultureInfo.InvariantCulture));
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {key.ToString()} and RowKey ge {first} and RowKey lt {last}");
        await foreach (var row in storage.Conversations.QueryAsync<TableEntity>(filter, 200, cancellationToken: cancellation))
        {
            if (row.Timestamp >= before)
            {
                if (newest is null || row.Timestamp > newest) newest = row.Timestamp;
                continue;
            }

            await DeleteRowAsync(storage, row, cancellation);
            deleted++;
        }

        return (deleted, newest);
    }

    /// <summary>Deletes a row of a conversation, after its body in a blob and the pointer to it, if it was parked.</summary>
    public static async Task DeleteRowAsync(ConnectorStorage storage, TableEntity row, CancellationToken cancellation)
    {
        if (row.GetString("BodyBlob") is { } blob)
            await storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
        if (row.RowKey.StartsWith(RowKeys.Parked(""), StringComparison.Ordinal))
            await storage.Index.DeleteEntityAsync(ParkedWork.Partition, row.RowKey[RowKeys.Parked("").Length..], ETag.All, cancellation);
        await storage.Conversations.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellation);
    }

    private async Task<bool> EndAsync(ConversationKey key, Snapshot snapshot, DateTimeOffset before, CancellationToken cancellation)
    {
        if (snapshot.Head is not null && !await store.ForgetAsync(key, snapshot, cancellation)) return false;
        foreach (var customer in snapshot.State.Customers) await customers.DeleteAsync(customer, key, cancellation);
        await foreach (var blob in storage.Bodies.GetBlobsAsync(BlobTraits.None, BlobStates.None, Body.Folder(key), cancellation))
            if (blob.Properties.CreatedOn < before)
                await storage.Bodies.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancellation);
        return true;
    }

    private async Task<string> NameAsync(ConversationKey key, CancellationToken cancellation) =>
        NameOf(key, await store.ReadAsync(key, cancellation));

    private static string NameOf(ConversationKey key, Snapshot snapshot) =>
        snapshot.Head?.ConversationId ?? (snapshot.Inbox is [var first, ..] ? first.Event.ConversationId : key.Conversation);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Retention of {Conversation}: {Rows} rows deleted, the whole conversation: {Whole}.")]
        public static partial void Expired(ILogger logger, ConversationKey conversation, int rows, bool whole);

        [LoggerMessage(3, LogLevel.Error, "Retention of {Conversation} failed: it is looked at again later.")]
        public static partial void Failed(ILogger logger, ConversationKey conversation, Exception exception);

        [LoggerMessage(2, LogLevel.Information, "Retention of {Conversation}: the session that ended is forgotten.")]
        public static partial void Forgotten(ILogger logger, ConversationKey conversation);
    }
}
