using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// One invocation's work on 8x8's side of one handover: open the conversation, note what 8x8 says, pass on what the bot says. What
/// the bot is told rests in numbered rows, from where callbacks and streams take it.
/// </summary>
internal sealed partial class HandoverRun(Desk desk, ConversationKey key, WakeUp wakeUp)
    : LeasedRun<HandoverHead>(desk.Row(key), key, wakeUp, desk.WakeUps, desk.Conversations.Value, desk.Time)
{
    /// <summary>Events of 8x8 that are noted in one transaction of a hundred: each deletes a row and makes up to two.</summary>
    private const int MaxNoted = 30;

    /// <summary>How often 8x8 may say that the agent who left still has the conversation, before the event is believed.</summary>
    private const int MostLooks = 5;

    /// <summary>The blob of the command that was read last; null: it has none.</summary>
    private string? _obeyed;

    /// <summary>What 8x8 is told of the customer, which its answer may quote.</summary>
    private IReadOnlyList<string?> _told = [];

    private string HandoverId { get; } = key.Conversation;
    private ConversationKey Key { get; } = key;

    /// <summary>Only the request of a bot makes a handover.</summary>
    protected override HandoverHead? NewHead() => null;

    protected override async Task<RunEnd?> DoNextAsync(Leased<HandoverHead> read, CancellationToken cancellation)
    {
        var head = read.Head!;
        await EraseObeyedAsync(read, cancellation);
        var incoming = read.Rows.Where(r => r.RowKey.StartsWith(HandoverRows.Incoming, StringComparison.Ordinal)).Take(MaxNoted).ToList();
        if (!head.HasEnded && head.ConversationId is null)
        {
            if (incoming.Count > 0) return await OpenedAsync(read, incoming[0].GetString("Conversation"), cancellation);
            return head.RetryAt > NowMs
                ? await ReleaseAsync(read, head.RetryAt, cancellation)
                : await OpenAsync(read, cancellation);
        }

        if (head is { ConversationId: not null, Adopted: false }) return await AdoptAsync(read, cancellation);
        if (incoming.Count > 0) return await NoteAsync(read, incoming, cancellation);
        var command = read.Rows.FirstOrDefault(r => r.RowKey.StartsWith(HandoverRows.Commanded, StringComparison.Ordinal));
        if (head.HasEnded) return await AfterTheEndAsync(read, command, cancellation);

        var decision = DecisionAt(head);
        var mustDecide = decision <= NowMs;
        var isEarly = head.RetryAt > NowMs;
        if (mustDecide && !isEarly) return await DecideAsync(read, cancellation);
        if (command is not null && !isEarly) return await ObeyAsync(read, await CommandAsync(command, cancellation), cancellation);
        if (decision > NowMs) await ScheduleAsync(DateTimeOffset.FromUnixTimeMilliseconds(decision.Value) - Now, cancellation);
        return await ReleaseAsync(read, mustDecide || command is not null ? head.RetryAt : null, cancellation);
    }

    // ---- What 8x8 says -----------------------------------------------------------------------------------------

    /// <summary>Takes events out of the inbox, and tells the bot what they mean for it.</summary>
    private async Task<RunEnd?> NoteAsync(Leased<HandoverHead> read, List<TableEntity> incoming, CancellationToken cancellation)
    {
        var head = read.Head!;
        var happenings = new List<Happening>();
        var leaves = await IsLeavingAsync(read, cancellation);
        foreach (var row in incoming)
        {
            var stored = StoredEvent.From(row);
            if (stored.ConversationId != head.ConversationId)
            {
                Log.Stray(desk.Logger, HandoverId, stored.ConversationId, stored.EventType);
                continue;
            }

            using var body = JsonDocument.Parse(await desk.Bodies.ReadAsync(Key, stored.Body, cancellation));
            head = AgentSide.After(head, stored, body.RootElement, happenings, leaves);
        }

        await desk.Interpreter.ForCustomerAsync(head, happenings, cancellation);
        if (await TellAsync(read, head, happenings, [.. incoming.Select(Deleted)], cancellation) is null) return null;
        foreach (var row in incoming)
            if (row.GetString("BodyBlob") is { } blob) await desk.Storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
        return null;
    }

    /// <summary>Nothing is sent any more; what the customer still wrote is given back.</summary>
    private async Task<RunEnd?> AfterTheEndAsync(Leased<HandoverHead> read, TableEntity? row, CancellationToken cancellation)
    {
        if (read.Rows.FirstOrDefault(r => r.RowKey == HandoverRows.Request) is { } request)
        {
            await ForgetAsync(read, read.Head!, request, cancellation);
            return null;
        }

        if (row is null) return await ReleaseAsync(read, null, cancellation);
        var command = await CommandAsync(row, cancellation);
        await TellAsync(read, read.Head!,
            command.MessageId is null ? [] : [Undeliverable(command, "The handover has ended.")], [Deleted(row)], cancellation);
        return null;
    }

    /// <summary>When it has to be decided whether an agent who left was the last; null: there is nothing to decide.</summary>
    private long? DecisionAt(HandoverHead head)
    {
        var people = head.Facts.People;
        var left = Math.Max(people.LeftAt, people.EndedAt);
        if (!head.HadAgent) return null;
        if (left <= head.GoesOnAfter)
            return head.StatusAt > left || people.TalkAt(Now, Options.TransferGrace) == Talk.Yes ? null : head.LookAt;
        return people.TalkAt(Now, Options.TransferGrace) switch
        {
            Talk.No => NowMs,
            Talk.Undecided => people.DecidedAt(Options.TransferGrace).ToUnixTimeMilliseconds(),
            _ => null,
        };
    }

    /// <summary>The agent left and no transfer was seen: 8x8's conversation knows whether it goes on.</summary>
    private async Task<RunEnd?> DecideAsync(Leased<HandoverHead> read, CancellationToken cancellation)
    {
        var head = read.Head!;
        var asked = head.Asking ?? new Request { Since = NowMs };
        if (await AccountAsync(read, asked, cancellation) is not { } account) return null;
        Conversation? conversation;
        try
        {
            conversation = await desk.Gateway.GetConversationAsync(account, head.ConversationId!, cancellation);
        }
        catch (ChatGatewayException gone) when (gone is { Delivery: Delivery.Refused, Status: 404 or 410 })
        {
            conversation = null;
        }
        catch (ChatGatewayException failed) when (!IsTooOld(asked))
        {
            return await LaterAsync(read, asked, failed, cancellation);
        }
        catch (ChatGatewayException)
        {
            // The events are believed: the agent left, and nobody was heard of since.
            conversation = null;
        }

        var people = head.Facts.People;
        var left = Math.Max(people.LeftAt, people.EndedAt);
        var type = conversation?.Assignment?.Type?.ToUpperInvariant();
        // Who has left has not got it: the resource is behind the events, unless it says so for long.
        var isStale = conversation is not null && HandoverPatch.IsWith(conversation, "agent", people.WhoLeft);
        var looks = (head.GoesOnAfter == left ? head.Looks : 0) + 1;
        if (isStale && looks > MostLooks) type = null;
        if (type is not ("QUEUE" or "AGENT") || string.Equals(conversation!.State, "idle", StringComparison.OrdinalIgnoreCase))
            return await EndAsync(read, HandoverStatus.Completed, "agent", [], cancellation);

        var again = Backoff.After(looks, Options);
        if (again < Options.TransferGrace) again = Options.TransferGrace;
        head = head with { GoesOnAfter = left, RetryAt = null, Asking = null, Looks = looks, LookAt = (Now + again).ToUnixTimeMilliseconds() };
        if (type == "QUEUE") head = head with { Status = HandoverStatus.Queued, QueueId = conversation.Assignment!.Id, QueueName = null };
        await KeepAsync(read, head, [], cancellation);
        return null;
    }

    // ---- What the bot is told ----------------------------------------------------------------------------------

    /// <summary>
    /// Commits the handover, what goes with it and what the bot is told. The callback's backup is put before, so that no kill
    /// leaves an event without a wake-up.
    /// </summary>
    private async Task<Leased<HandoverHead>?> TellAsync(
        Leased<HandoverHead> read, HandoverHead head, List<Happening> happenings, IReadOnlyList<TableTransactionAction> actions,
        CancellationToken cancellation)
    {
        if (happenings.Count == 0) return await KeepAsync(read, head, actions, cancellation);
        var provider = await desk.Providers.FindAsync(head.ProviderId, pastCache: false, cancellation);
        var wantsCallback = provider?.Settings.Callback.Url is not null;
        var all = new List<TableTransactionAction>(actions);
        foreach (var happening in happenings)
        {
            head = head with { Events = head.Events + 1 };
            all.Add(new(TableTransactionActionType.Add, await StoredHandoverEvent.RowAsync(
                desk.Bodies, head, head.Events, happening, NowMs, wantsCallback, cancellation)));
        }

        var callbacks = HandoverKey.Callbacks(HandoverId);
        Backup? backup = wantsCallback ? await desk.WakeUps.PutBackupAsync(callbacks, TimeSpan.Zero, cancellation) : null;
        if (await KeepAsync(read, head, all, cancellation) is not { } kept) return null;
        foreach (var happening in happenings) Log.Told(desk.Logger, happening.Type, HandoverId, head.ConversationId);
        if (backup is { } put) await desk.WakeUps.PutAsync(callbacks, put, TimeSpan.Zero, cancellation);
        return kept;
    }

    private async Task<RunEnd?> EndAsync(
        Leased<HandoverHead> read, string status, string reason, IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellation)
    {
        var happenings = new List<Happening>();
        if (status == HandoverStatus.Failed) Log.Failed(desk.Logger, HandoverId, reason);
        await TellAsync(read, AgentSide.Ended(read.Head!, status, reason, NowMs, happenings), happenings, actions, cancellation);
        return null;
    }

    private Happening Undeliverable(Command command, string reason) =>
        new(EventTypes.Undeliverable, NowMs, new() { ["messageId"] = command.MessageId, ["reason"] = reason });

    // ---- 8x8 ---------------------------------------------------------------------------------------------------

    /// <returns>Null: it cannot be called now; what follows from that was written.</returns>
    private async Task<ChatGatewayAccount?> AccountAsync(Leased<HandoverHead> read, Request asked, CancellationToken cancellation)
    {
        var head = read.Head!;
        if (await desk.Providers.FindAsync(head.ProviderId, pastCache: false, cancellation) is not { } provider)
        {
            await EndAsync(read, HandoverStatus.Failed, "The handover provider was deleted.", [], cancellation);
            return null;
        }

        try
        {
            return await desk.Providers.AccountAsync(provider, cancellation);
        }
        catch (EndpointSecretException unreadable)
        {
            // A command is given back, and an opening fails, before that. What is left is a question that nobody can answer.
            if (IsTooOld(asked) || (head.ConversationId is null && provider.ProtectedApiKey is null))
                await EndAsync(read, HandoverStatus.Failed, unreadable.Message, [], cancellation);
            else await LaterAsync(read, asked, unreadable.Message, null, cancellation);
            return null;
        }
    }

    /// <summary>Foreign failures never throw: the work is left to a delayed wake-up.</summary>
    private async Task<RunEnd?> LaterAsync(
        Leased<HandoverHead> read, Request asked, ChatGatewayException failed, CancellationToken cancellation)
    {
        // The cached settings may be older than a change of the key.
        if (failed.Status is 401 or 403) await desk.Providers.FindAsync(read.Head!.ProviderId, pastCache: true, cancellation);
        return await LaterAsync(read, asked, Words(failed), failed.RetryAfter, cancellation);
    }

    private async Task<RunEnd?> LaterAsync(
        Leased<HandoverHead> read, Request asked, string reason, TimeSpan? after, CancellationToken cancellation)
    {
        var delay = Backoff.After(asked.Failures + 1, Options);
        if (after > delay) delay = after.Value < Options.RetryLongest ? after.Value : Options.RetryLongest;
        Log.Later(desk.Logger, HandoverId, delay, reason);
        var until = await ScheduleAsync(delay, cancellation);
        await KeepAsync(read, read.Head! with
        {
            RetryAt = until,
            LastError = reason.Length > 1_000 ? reason[..1_000] : reason,
            Asking = asked with { Failures = asked.Failures + 1 },
        }, [], cancellation);
        return null;
    }

    /// <summary>What 8x8 says went wrong, without what it may quote of the customer.</summary>
    private string Words(ChatGatewayException failed) => Masking.WithoutQuotes(failed.Message, _told);

    private async Task<Command> CommandAsync(TableEntity row, CancellationToken cancellation)
    {
        var body = Body.From(row, HandoverRows.CommandBody);
        _obeyed = body.Blob;
        var command = await CommandOfAsync(body, cancellation) with { Number = HandoverRows.NumberOf(row.RowKey) };
        _told = [command.Text, command.ForAgents];
        return command;
    }

    private async ValueTask<Command> CommandOfAsync(Body body, CancellationToken cancellation) =>
        JsonSerializer.Deserialize(await desk.Bodies.ReadAsync(Key, body, cancellation), HandoverJson.Default.Command)!;

    /// <summary>Whether that waits to be done. It is short; only long messages rest in blobs.</summary>
    private async ValueTask<bool> IsLeavingAsync(Leased<HandoverHead> read, CancellationToken cancellation)
    {
        foreach (var row in read.Rows.Where(row => row.RowKey.StartsWith(HandoverRows.Commanded, StringComparison.Ordinal)))
            if (Body.From(row, HandoverRows.CommandBody) is { Inline: not null } body
                && (await CommandOfAsync(body, cancellation)).MessageId is null) return true;
        return false;
    }

    /// <summary>What the customer wrote is erased once its row is.</summary>
    private async Task EraseObeyedAsync(Leased<HandoverHead> read, CancellationToken cancellation)
    {
        if (_obeyed is not { } blob || read.Rows.Any(row => Body.From(row, HandoverRows.CommandBody).Blob == blob)) return;
        await desk.Storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
        _obeyed = null;
    }

    private static TableTransactionAction Deleted(TableEntity row) =>
        new(TableTransactionActionType.Delete, new TableEntity(row.PartitionKey, row.RowKey) { ETag = ETag.All });

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "{Type} in handover {HandoverId}, conversation {ConversationId}.")]
        public static partial void Told(ILogger logger, string type, string handoverId, string? conversationId);

        [LoggerMessage(2, LogLevel.Warning, "Handover {HandoverId} got {EventType} of another conversation, {ConversationId}; it is dropped.")]
        public static partial void Stray(ILogger logger, string handoverId, string conversationId, string eventType);

        [LoggerMessage(3, LogLevel.Warning, "Handover {HandoverId} waits {Delay} before it asks 8x8 again: {Reason}")]
        public static partial void Later(ILogger logger, string handoverId, TimeSpan delay, string reason);

        [LoggerMessage(4, LogLevel.Error, "Handover {HandoverId} failed: {Reason}")]
        public static partial void Failed(ILogger logger, string handoverId, string reason);

        [LoggerMessage(5, LogLevel.Information, "Handover {HandoverId} opened conversation {ConversationId}.")]
        public static partial void Opened(ILogger logger, string handoverId, string conversationId);

        [LoggerMessage(6, LogLevel.Warning, "Whether 8x8 did what handover {HandoverId} asked is in doubt; it is looked up: {Reason}")]
        public static partial void InDoubt(ILogger logger, string handoverId, string reason);
    }
}
