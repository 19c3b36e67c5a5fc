using System.Diagnostics;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Azure.Identity;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Handover;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Transformers;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Conversations;

/// <summary>How a run ended.</summary>
internal enum RunEnd
{
    /// <summary>Nothing is left to do, or a delayed wake-up will do it: the backup can go.</summary>
    Finished,

    /// <summary>Somebody else works on it, or it is too early: the backup stays.</summary>
    Left,
}

/// <summary>
/// One invocation's work on one conversation: take what waits, make turns, send, release. What it knows only in memory holds as long
/// as its lease does. The rules it follows are numbered in <c>docs/conversation-protocol.md</c>.
/// </summary>
internal sealed partial class ConversationRun(Workshop workshop, ConversationKey key, WakeUp wakeUp, long dequeueCount)
{
    private readonly ConversationOptions _options = workshop.Conversations.Value;
    private readonly long _began = workshop.Time.GetTimestamp();
    private string _lease = NewLease();

    /// <summary>The longest reason that is stored, in characters: a table property holds not much more.</summary>
    private const int MaxReason = 1_000;

    /// <summary>By a monotonic clock, before the request that took or renewed the lease was sent.</summary>
    private long _leaseTaken;

    /// <summary>What is known to be sent of the current turn; null: the head is all that is known.</summary>
    private Progress? _progress;

    private Turn? _turn;
    private string? _counted;
    private long _laid;

    /// <summary>What is on its way to those who are told of turns, in order. It never fails and ends in time.</summary>
    private Task _told = Task.CompletedTask;

    private DateTimeOffset Now => workshop.Time.GetUtcNow();

    /// <summary>Whether somebody may have died with this work: then attempts are counted before it is tried again.</summary>
    private bool IsSuspicious => dequeueCount > 1 || wakeUp.IsBackup;

    public async Task<RunEnd> WorkAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                var snapshot = await workshop.Store.ReadAsync(key, cancellation);
                if (await StepAsync(snapshot, cancellation) is { } end) return end;
            }
        }
        finally
        {
            // The lease is given back: only this invocation waits, so that the host does not stop it on the way.
            await _told;
        }
    }

    /// <returns>Null: read again, there may be more.</returns>
    private async Task<RunEnd?> StepAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        var mine = snapshot.Head?.Lease?.Id == _lease;
        if (!mine)
        {
            // The lease was lost, or never taken: what was known under it died with it.
            _progress = null;
            _turn = null;
            _lease = NewLease();
            if (snapshot.IsHeld(Now, _options.ClockSkew)) return await MeetHolderAsync(snapshot, cancellation);
            if (snapshot.Head is null && snapshot.Inbox.Count == 0) return RunEnd.Finished;
            if (snapshot.Head?.RetryAt is { } retryAt && retryAt > Now.ToUnixTimeMilliseconds())
                return await TooEarlyAsync(DateTimeOffset.FromUnixTimeMilliseconds(retryAt), cancellation);
            if (MustAcquire(snapshot))
            {
                if (await AcquireAsync(snapshot, cancellation) is not { } acquired) return null;
                snapshot = acquired;
            }
        }

        if (IsSuspicious) await LayProfileAsync(snapshot.State, cancellation);
        if (snapshot.Head?.Sending is { } sending && _progress?.IsComplete(sending) != true)
        {
            if (await SendAsync(snapshot, cancellation) is not { } sent) return null;
            if (sent.End is { } end) return end;
            snapshot = sent.Snapshot;
            // The simple turn: nothing else was waiting when it was read, so settling and releasing is one request.
            if (snapshot.Inbox.Count > 0 || snapshot.IsPartial) return null;
        }

        if (workshop.Time.GetElapsedTime(_began) > _options.LongestRun && snapshot.Inbox.Count > 0)
            return await HandOnAsync(snapshot, cancellation);
        return await TurnAsync(snapshot, cancellation);
    }

    // ---- Lease -------------------------------------------------------------------------------------------------

    /// <summary>Rules 2 and 3: ring, look again, and leave the work to the holder; a backup comes back when the lease is over.</summary>
    private async Task<RunEnd?> MeetHolderAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        var holder = snapshot.Head!.Lease!;
        if (wakeUp.IsBackup)
            return await TooEarlyAsync(DateTimeOffset.FromUnixTimeMilliseconds(holder.Until) + _options.ClockSkew, cancellation);
        await workshop.Store.RingAsync(key, cancellation);
        var again = await workshop.Store.ReadAsync(key, cancellation);
        return again.Head?.Lease?.Id == holder.Id && again.IsHeld(Now, _options.ClockSkew) ? RunEnd.Left : null;
    }

    /// <summary>A wake-up leaves it to its backup; a backup has none, so it puts itself again.</summary>
    private async Task<RunEnd> TooEarlyAsync(DateTimeOffset until, CancellationToken cancellation)
    {
        if (wakeUp.IsBackup || wakeUp.BackupId is null)
            await workshop.WakeUps.PutAsync(wakeUp with { IsBackup = true }, until - Now + TimeSpan.FromSeconds(1), cancellation);
        return RunEnd.Left;
    }

    /// <summary>A simple turn takes the lease with its commit. Here somebody may have died, so it is taken before anything is done.</summary>
    private bool MustAcquire(Snapshot snapshot) =>
        snapshot.Head is { } head && (head.Lease is not null || head.Sending is not null)
        || (IsSuspicious && snapshot.Inbox.Count > 0);

    private async Task<Snapshot?> AcquireAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        var head = snapshot.Head ?? NewHead(snapshot);
        return await CommitAsync(snapshot, head with
        {
            Lease = NewHold(),
            RetryAt = null,
            Sending = head.Sending is { By: null } certain ? certain with { By = _lease } : head.Sending,
        }, snapshot.State, [], release: false, cancellation) is { } acquired
            ? WithCertainty(acquired, head.Sending)
            : null;
    }

    /// <summary>What nobody can have sent beyond the head's count needs no reading back.</summary>
    private Snapshot WithCertainty(Snapshot acquired, Sending? before)
    {
        if (before is { By: null }) _progress = Progress.Of(acquired.Head!);
        return acquired;
    }

    private Lease NewHold() => new(_lease, (Now + _options.Lease).ToUnixTimeMilliseconds());

    private static string NewLease() => Guid.NewGuid().ToString("N");

    private static Head NewHead(Snapshot snapshot) => new() { ConversationId = snapshot.Inbox[0].Event.ConversationId };

    private async Task<Snapshot?> CommitAsync(
        Snapshot snapshot, Head head, ConversationState state, IReadOnlyList<TableTransactionAction> actions, bool release,
        CancellationToken cancellation)
    {
        var asked = workshop.Time.GetTimestamp();
        if (head.LastError is { Length: > MaxReason } tooLong) head = head with { LastError = tooLong[..MaxReason] };
        if (!ReferenceEquals(state, snapshot.State)) state = await FoundByCustomerAsync(state, head.ConversationId, cancellation);
        await WakeForHandoverAsync(snapshot.State.Handover, state.Handover, cancellation);
        await WakeForRestAsync(snapshot.State.Paused, state.Paused, cancellation);
        await WakeForAgentAsync(snapshot.State.Listener?.Listening, state.Listener?.Listening, cancellation);
        head = Settled(head);
        // What the transcript does not show is forgotten in the same transaction that settles it.
        if (_turn is { IsInOutbox: true } sent && snapshot.Head?.Sending?.Sequence == sent.Sequence && head.Sending?.Sequence != sent.Sequence)
            actions = [.. actions, new(TableTransactionActionType.Delete, new TableEntity(key.ToString(), RowKeys.Outbox(sent.Sequence)), ETag.All)];
        var committed = await workshop.Store.CommitAsync(key, snapshot, head, state, actions, release, cancellation);
        if (committed?.Head?.Lease?.Id == _lease) _leaseTaken = asked;
        if (committed is not null) await ReportHandoverAsync(snapshot.State, state, head.ConversationId, cancellation);
        return committed;
    }

    /// <summary>What was sent meanwhile is written along with whatever is written next.</summary>
    private Head Settled(Head head)
    {
        if (_progress is not { } progress || head.Sending is not { } sending || sending.Sequence != progress.Sequence) return head;
        return head with
        {
            Accepted = progress.Accepted,
            Anchor = progress.Anchor ?? head.Anchor,
            Sending = progress.IsComplete(sending) ? null : sending with { Sent = progress.Sent },
        };
    }

    /// <summary>Works on, but lets others have this worker: the rest goes to a new wake-up.</summary>
    private async Task<RunEnd?> HandOnAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        await workshop.WakeUps.PutPairAsync(key, TimeSpan.Zero, cancellation);
        var head = snapshot.Head is null ? null : snapshot.Head with { Lease = null };
        return head is null || await CommitAsync(snapshot, head, snapshot.State, [], release: false, cancellation) is not null
            ? RunEnd.Finished
            : null;
    }

    // ---- Turn --------------------------------------------------------------------------------------------------

    private async Task<RunEnd?> TurnAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        if (snapshot.State.Paused is { } rest && await GoOnAsync(snapshot, rest, cancellation) is var (wentOn, rested) && wentOn)
            return rested;
        if (snapshot.State.Handover is { } handover && await AttendAsync(snapshot, handover, cancellation) is var (attended, attendedEnd) && attended)
            return attendedEnd;
        if (snapshot.Inbox.Count == 0) return await ListenAsync(snapshot, cancellation);
        var endpoint = await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation);
        var plan = await Plan.MakeAsync(snapshot, endpoint?.Settings, Now, _options,
            stored => workshop.Store.ReadBodyAsync(key, stored.Body, cancellation),
            text => endpoint is null ? default : workshop.Turns.IntentAsync(text, snapshot.State, endpoint, cancellation));
        if (plan.Unreadable is { } unreadable) return await FailAsync(snapshot, unreadable.Waiting, unreadable.Cause, cancellation);
        if (plan.Acting is not { } acting) return await AbsorbAsync(snapshot, plan, cancellation);
        if ((snapshot.Head?.Attempts.GetValueOrDefault(acting.RowKey) ?? 0) >= _options.MaxAttempts && _counted != acting.RowKey)
            return await ParkEventAsync(snapshot, plan.Absorbed, acting, plan.After(snapshot.State),
                $"Its turn failed {_options.MaxAttempts} times. Last: {snapshot.Head!.LastError ?? "the process died."}", cancellation);
        if (endpoint is not { Settings.Enabled: true })
            return await ParkEventAsync(snapshot, plan.Absorbed, acting, plan.After(snapshot.State),
                endpoint is null ? "The Endpoint was deleted after it had accepted this." : "The Endpoint was disabled after it had accepted this.",
                cancellation);
        if (IsSuspicious && _counted != acting.RowKey) return await CountAsync(snapshot, plan, acting, cancellation);
        return await MakeTurnAsync(snapshot, plan, acting, endpoint, cancellation);
    }

    /// <summary>Whether a turn may be tried that no waiting event makes. Rule 7 counts its attempts by an id of its own.</summary>
    /// <returns>Neither: the attempt was counted first, read again. <c>Never</c>: why it is not tried any more.</returns>
    private async Task<(Endpoint? Endpoint, string? Never)> AdmitAsync(Snapshot snapshot, string id, CancellationToken cancellation)
    {
        var head = snapshot.Head!;
        var endpoint = await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation);
        if (endpoint is not { Settings.Enabled: true }) return (null, "The Endpoint was disabled or deleted.");
        if (_counted == id) return (endpoint, null);
        var attempts = head.Attempts.GetValueOrDefault(id);
        if (attempts >= _options.MaxAttempts) return (null, $"It failed {attempts} times. Last: {head.LastError ?? "The process died."}");
        if (!IsSuspicious) return (endpoint, null);
        var counted = await CommitAsync(
            snapshot, head with { Lease = NewHold(), Attempts = With(head.Attempts, id, attempts + 1) }, snapshot.State, [], release: false, cancellation);
        if (counted is not null) _counted = id;
        return (null, null);
    }

    /// <summary>Rule 7: somebody may have died with this turn, so the attempt is written down before it is made.</summary>
    private async Task<RunEnd?> CountAsync(Snapshot snapshot, Plan plan, Waiting acting, CancellationToken cancellation)
    {
        var head = await ActiveAsync(snapshot, cancellation);
        var attempts = With(Without(head.Attempts, plan.Absorbed), acting.RowKey, head.Attempts.GetValueOrDefault(acting.RowKey) + 1);
        var counted = await CommitAsync(snapshot, head with { Lease = NewHold(), Attempts = attempts },
            plan.Before(snapshot.State), Moved(plan.Absorbed), release: false, cancellation);
        if (counted is not null) _counted = acting.RowKey;
        return null;
    }

    private async Task<RunEnd?> MakeTurnAsync(
        Snapshot snapshot, Plan plan, Waiting acting, Endpoint endpoint, CancellationToken cancellation)
    {
        using var activity = Telemetry.Activities.StartActivity("turn", ActivityKind.Internal, acting.Event.TraceParent ?? Activity.Current?.Id);
        activity?.SetTag("eightbyeight.conversation.id", acting.Event.ConversationId);
        activity?.SetTag("eightbyeight.event.id", acting.Event.EventId);
        Turn? turn;
        var started = Now.ToUnixTimeMilliseconds();
        var state = plan.After(snapshot.State);
        if (state.Facts.Channel.Value is null && !acting.Event.IsOurs)
            state = state with { Facts = await WithOriginAsync(state.Facts, endpoint, acting.Event.ConversationId, cancellation) };
        try
        {
            // What is asked outside is asked by one: others who were woken for the same event find the lease taken.
            if (snapshot.Head?.Lease?.Id != _lease && await workshop.Turns.ReachesOutsideAsync(endpoint.Settings, state, cancellation))
            {
                await AcquireAsync(snapshot, cancellation);
                return null;
            }

            using var indicator = workshop.Indicators.Begin(token => AccountAsync(endpoint, token), acting.Event.ConversationId);
            if (acting.Event.EventType == StoredEvent.RetriedOutputs) turn = await RetriedAsync(acting.Event, state, plan.PeopleTalk, cancellation);
            else if (acting.Event.IsFromOutside)
                (turn, state) = await workshop.Turns.RunFromOutsideAsync(acting.Event, plan.Body, plan.PeopleTalk, state, endpoint, cancellation);
            else if (plan.Cancels) (turn, state) = workshop.Turns.TakenBack(acting.Event, IncomingContent.Of(plan.Body).Text, state, HandoverStatus.Cancelled);
            else
            {
                var files = plan.IsShown ? [] : await workshop.Files.TakeInAsync(
                    endpoint, acting.Event, plan.Body, token => AccountAsync(endpoint, token), _options.Lease / 2, cancellation);
                (turn, state) = await workshop.Turns.RunAsync(
                    acting.Event, plan.Body, files, state, endpoint, cancellation, plan.IsShown, plan.OnlyLooks);
            }
        }
        catch (FlowMissingException missing)
        {
            return await ParkEventAsync(snapshot, plan.Absorbed, acting, plan.After(snapshot.State), missing.Message, cancellation);
        }
        catch (Exception failed) when (IsOurs(failed, cancellation))
        {
            return await FailAsync(snapshot, acting, failed, cancellation, plan);
        }

        // The input transformer made nothing of it.
        if (turn is null) return await AbsorbAsync(snapshot, plan with { Absorbed = [.. plan.Absorbed, acting], Acting = null }, cancellation);
        turn = Masking.Of(turn, endpoint.Settings.DataProtection, state.Session) with { StartedAt = started, Late = acting.Event.Timestamp < (snapshot.Head?.LastTurnAt ?? 0) };
        // What its transcript hides is kept nowhere else.
        turn = turn with { KeepsEvent = endpoint.Settings.Transformers.KeepEvents && turn.Hides is null && !acting.Event.IsOurs };
        return await CommitTurnAsync(snapshot, plan.Absorbed, acting, acting.Event, turn, state, cancellation);
    }

    /// <summary>
    /// Asks 8x8, once, for the channel and the customer of a conversation of which no event has told the channel, such as one that was
    /// erased while it was open. Not knowing them stops nothing.
    /// </summary>
    private async Task<ConversationFacts> WithOriginAsync(
        ConversationFacts facts, Endpoint endpoint, string conversationId, CancellationToken cancellation)
    {
        // Older than whatever an event says.
        facts = facts with { Channel = new Stamped<string>("", 0) };
        try
        {
            if (await AccountAsync(endpoint, cancellation) is not { } account) return facts;
            var conversation = await workshop.Gateway.GetConversationAsync(account, conversationId, cancellation);
            if (facts.User.Value is null && conversation.User is { } user)
                facts = facts with { User = new Stamped<string>(JsonSerializer.Serialize(user, ChatGatewayJson.Default.User), 0) };
            if (conversation.ChannelId is { Length: > 0 } channelId
                && (await workshop.Gateway.GetChannelAsync(account, channelId, cancellation)).Type is { } type)
                facts = facts with { Channel = new Stamped<string>(type, 0) };
        }
        catch (ChatGatewayException unknown)
        {
            Log.OriginUnknown(workshop.Logger, conversationId, unknown.Message);
        }

        return facts;
    }

    /// <summary>Commits a turn that no waiting event made.</summary>
    private Task<RunEnd?> CommitOwnAsync(
        Snapshot snapshot, StoredEvent stored, Turn turn, ConversationState state, Endpoint endpoint, CancellationToken cancellation) =>
        CommitTurnAsync(snapshot, [], null, stored, Masking.Of(turn, endpoint.Settings.DataProtection, state.Session), state, cancellation);

    /// <param name="waiting">The row of the event that made the turn; null: it came from no inbox.</param>
    private async Task<RunEnd?> CommitTurnAsync(
        Snapshot snapshot, IReadOnlyList<Waiting> absorbed, Waiting? waiting, StoredEvent stored, Turn turn, ConversationState state,
        CancellationToken cancellation)
    {
        var head = await ActiveAsync(snapshot, cancellation);
        turn = turn with { Sequence = head.Sequence + 1 };
        turn = turn with { IsInOutbox = turn is { Hides: Hidden.All, Steps: > 0 } };
        if (state.ProfileChange is { Sequence: 0 } change) state = state with { ProfileChange = change with { Sequence = turn.Sequence } };
        var actions = Moved(turn.KeepsEvent ? [.. absorbed, waiting!] : absorbed);
        if (waiting is not null && !turn.KeepsEvent) actions.Add(Deleted(waiting));
        actions.Add(new(TableTransactionActionType.UpsertReplace, await workshop.Store.TurnRowAsync(key, turn, cancellation)));
        if (turn.IsInOutbox)
            actions.Add(new(TableTransactionActionType.UpsertReplace, await workshop.Store.OutboxRowAsync(key, turn, cancellation)));
        if (Recorded(turn, head.ConversationId) is { } record) actions.Add(new(TableTransactionActionType.UpsertReplace, record));
        var last = snapshot.Inbox.Count == absorbed.Count + (waiting is null ? 0 : 1) && !snapshot.IsPartial
            && state.Handover is not { Notices.Count: > 0 } && state.Paused is null
            // What comes in meanwhile would undo this turn with its end, and what was asked outside would be asked again.
            && !turn.ReachedOutside;
        var silent = turn.Steps == 0;
        if (silent && state.Paused is null) await FinishedAsync(turn, state, head.ConversationId, cancellation);
        var committed = await CommitAsync(snapshot, Settled(head) with
        {
            Sequence = turn.Sequence,
            LastTurnAt = stored.IsOurs ? head.LastTurnAt : Math.Max(head.LastTurnAt, stored.Timestamp),
            LastError = null,
            RetryAt = null,
            Attempts = head.Attempts.Count == 0 ? head.Attempts
                : Without(Without(head.Attempts, absorbed), waiting?.RowKey ?? stored.EventId),
            Lease = silent && last ? null : NewHold(),
            Sending = silent ? null : new Sending
            {
                Sequence = turn.Sequence,
                Count = turn.Steps,
                By = _lease,
                Since = Now.ToUnixTimeMilliseconds(),
            },
        }, state, actions, release: silent && last, cancellation);
        if (committed is null) return null;

        await LayProfileAsync(state, cancellation);
        Observe(stored, turn);
        await TellAsync(turn, head.ConversationId, cancellation);
        // Rule 4: only now is it known that this run, and nobody else, sends this turn.
        _turn = turn;
        _progress = silent ? null : Progress.Of(committed.Head!);
        if (silent)
        {
            RecordDuration(turn);
            return last ? RunEnd.Finished : null;
        }

        return await StepAsync(committed, cancellation);
    }

    /// <summary>Tells the transformers that all of a turn's outputs are sent: before that is written down, so that they learn it at least once.</summary>
    private async Task FinishedAsync(Turn turn, ConversationState state, string conversationId, CancellationToken cancellation)
    {
        if (turn.SessionId is not { } session) return;
        if (await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation) is not { } endpoint) return;
        await workshop.Transformers.FinishedAsync(
            endpoint, TransformerView.UserId(conversationId, state), session, conversationId, cancellation);
    }

    /// <summary>What the turn changed of its customer's profile; to lay it twice changes nothing.</summary>
    private async Task LayProfileAsync(ConversationState state, CancellationToken cancellation)
    {
        if (state.ProfileChange is not { } change || _laid >= change.Sequence) return;
        await workshop.Profiles.ApplyAsync(change, key, cancellation);
        _laid = change.Sequence;
    }

    /// <summary>Outputs that were parked go out again as a turn of their own.</summary>
    private async Task<Turn> RetriedAsync(
        StoredEvent stored, ConversationState state, bool peopleTalk, CancellationToken cancellation)
    {
        var turn = workshop.Turns.TurnOf(stored, null, null) with
        {
            Outputs = JsonSerializer.Deserialize(
                await workshop.Store.ReadBodyAsync(key, stored.Body, cancellation), ConversationJson.Default.IReadOnlyListOutgoingMessage)!,
        };
        var silence = state.Handover is { IsActive: true } ? "A handover goes on."
            : peopleTalk ? TurnRunner.AgentTalks
            : workshop.Turns.Silence(state.Facts, null);
        return silence is null ? turn : turn.Silenced(silence);
    }

    /// <summary>Moves events that cause no turn to history, and releases when nothing else waits.</summary>
    private async Task<RunEnd?> AbsorbAsync(Snapshot snapshot, Plan plan, CancellationToken cancellation)
    {
        var held = snapshot.Inbox.Count > plan.Absorbed.Count;
        if (held && plan.HeldUntil is { } until && until > Now)
        {
            // Rule 10: waiting is a delayed wake-up, never a held lease. A handover and a paused turn have put theirs.
            if (snapshot.State.Paused is null && snapshot.State.Handover?.DecideAt != until.ToUnixTimeMilliseconds())
                await workshop.WakeUps.PutPairAsync(key, until - Now, cancellation);
            held = false;
        }

        if (plan.Absorbed.Count == 0 && snapshot.Head?.Lease is null) return held ? null : RunEnd.Finished;
        var done = !held && (!snapshot.IsPartial || plan.Absorbed.Count == 0) && plan.Handover is not { Notices.Count: > 0 };
        var head = await ActiveAsync(snapshot, cancellation);
        var committed = await CommitAsync(snapshot, head with
        {
            Attempts = Without(head.Attempts, plan.Absorbed),
            Lease = done ? null : NewHold(),
        }, plan.After(snapshot.State), Moved(plan.Absorbed), release: done, cancellation);
        return committed is not null && done ? RunEnd.Finished : null;
    }

    private async Task<RunEnd?> ReleaseAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        if (snapshot.Head?.Lease?.Id != _lease) return RunEnd.Finished;
        var released = await CommitAsync(
            snapshot, snapshot.Head with { Lease = null }, snapshot.State, [], release: true, cancellation);
        return released is null ? null : RunEnd.Finished;
    }

    /// <summary>The state, once whose conversation it is leads to it: before the commit that relies on it, and once a customer.</summary>
    private async Task<ConversationState> FoundByCustomerAsync(ConversationState state, string conversationId, CancellationToken cancellation)
    {
        var tenant = (await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation))?.Settings.EightByEight.TenantId ?? key.EndpointId;
        foreach (var user in TransformerView.UserIds(conversationId, state))
        {
            var customer = new CustomerKey(tenant, state.Facts.Channel.Value ?? "", user).Id;
            if (state.Customers.Contains(customer) || state.Customers.Count == MostCustomers) continue;
            await workshop.Customers.AddAsync(customer, key, conversationId, cancellation);
            state = state with { Customers = [.. state.Customers, customer] };
        }

        return state;
    }

    /// <summary>A transformer that makes up a new one for each input leaves the later ones out of the index.</summary>
    private const int MostCustomers = 30;

    /// <summary>The head, for a commit that needs the conversation in today's index.</summary>
    private async Task<Head> ActiveAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        var head = snapshot.Head ?? NewHead(snapshot);
        var today = ActiveIndex.Day(Now);
        if (head.ActiveDay == today) return head;
        await workshop.Active.AddAsync(key, head.ConversationId, today, cancellation);
        return head with { ActiveDay = today };
    }

    private List<TableTransactionAction> Moved(IReadOnlyList<Waiting> absorbed)
    {
        var actions = new List<TableTransactionAction>(absorbed.Count * 2 + 2);
        foreach (var waiting in absorbed)
        {
            actions.Add(Deleted(waiting));
            actions.Add(new(TableTransactionActionType.UpsertReplace,
                waiting.Event.ToEntity(key, RowKeys.History(waiting.Event.Timestamp, waiting.Event.EventId))));
        }

        return actions;
    }

    private TableTransactionAction Deleted(Waiting waiting) =>
        new(TableTransactionActionType.Delete, new TableEntity(key.ToString(), waiting.RowKey), ETag.All);

    // ---- Failure -----------------------------------------------------------------------------------------------

    /// <summary>
    /// Faults of storage, of signing in to it and of the host are the host's to repeat; all others are counted against the event, as is
    /// a body that is gone, which no repeating brings back.
    /// </summary>
    internal static bool IsOurs(Exception failed, CancellationToken cancellation) => failed switch
    {
        RequestFailedException { ErrorCode: "BlobNotFound" } => true,
        RequestFailedException or AuthenticationFailedException or AggregateException or IOException => false,
        OperationCanceledException => !cancellation.IsCancellationRequested,
        _ => true,
    };

    private async Task<RunEnd?> FailAsync(Snapshot snapshot, Waiting waiting, Exception failed, CancellationToken cancellation, Plan? plan = null)
    {
        var head = snapshot.Head ?? NewHead(snapshot);
        var attempts = head.Attempts.GetValueOrDefault(waiting.RowKey) + (_counted == waiting.RowKey ? 0 : 1);
        var masks = await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation) is { Settings.DataProtection.Seals: true };
        // Words that are not ours may quote the customer.
        var error = masks && failed.GetType().Assembly != typeof(ConversationRun).Assembly && failed is not RequestFailedException
            ? $"{failed.GetType().Name} {failed.TargetSite?.DeclaringType?.Name}.{failed.TargetSite?.Name}"
            : $"{failed.GetType().Name}: {failed.Message}";
        Log.TurnFailed(workshop.Logger, waiting.Event.ConversationId, waiting.Event.EventId, attempts, failed.GetType().Name, failed.Message,
            failed.StackTrace);
        if (attempts >= _options.MaxAttempts)
            return await ParkEventAsync(
                snapshot, plan?.Absorbed ?? [], waiting, plan?.After(snapshot.State) ?? snapshot.State,
                $"Its turn failed {attempts} times. Last: {error}", cancellation);
        var delay = Backoff.After(attempts, _options);
        await workshop.WakeUps.PutPairAsync(key, delay, cancellation);
        var written = await CommitAsync(snapshot, head with
        {
            Lease = null,
            RetryAt = (Now + delay).ToUnixTimeMilliseconds(),
            LastError = error,
            Attempts = With(head.Attempts, waiting.RowKey, attempts),
        }, snapshot.State, [], release: false, cancellation);
        return written is null ? null : RunEnd.Finished;
    }

    private async Task<RunEnd?> ParkEventAsync(
        Snapshot snapshot, IReadOnlyList<Waiting> absorbed, Waiting waiting, ConversationState state, string reason,
        CancellationToken cancellation)
    {
        reason = reason.Length > MaxReason ? reason[..MaxReason] : reason;
        var row = await workshop.Parked.PrepareAsync(key, waiting.Event, ParkedKind.Event, waiting.RowKey, reason, cancellation);
        var head = await ActiveAsync(snapshot, cancellation);
        var actions = Moved(absorbed);
        actions.Add(Deleted(waiting));
        actions.Add(new(TableTransactionActionType.UpsertReplace, row));
        var last = snapshot.Inbox.Count == absorbed.Count + 1 && !snapshot.IsPartial && state.Handover is not { Notices.Count: > 0 };
        var committed = await CommitAsync(snapshot, head with
        {
            Lease = last ? null : NewHold(),
            LastError = reason,
            Attempts = Without(head.Attempts, [waiting, .. absorbed]),
        }, state, actions, release: last, cancellation);
        if (committed is null) return null;
        await ReportParkedAsync(ParkedKind.Event, waiting.Event.ConversationId, waiting.Event.EventId, reason, cancellation);
        return last ? RunEnd.Finished : null;
    }

    private async Task ReportParkedAsync(ParkedKind kind, string conversationId, string eventId, string reason, CancellationToken cancellation)
    {
        Telemetry.Parked.Add(1, new KeyValuePair<string, object?>("kind", kind.ToString()));
        Log.Parked(workshop.Logger, kind, key.EndpointId, conversationId, eventId, reason);
        await SayAsync(LogLevel.Error, "connector", $"{eventId} is parked: {reason}", conversationId, cancellation);
    }

    private void Observe(StoredEvent stored, Turn turn)
    {
        Telemetry.InboxAge.Record((Now.ToUnixTimeMilliseconds() - stored.ReceivedAt) / 1000d);
        Log.Committed(workshop.Logger, turn.Sequence, stored.ConversationId, stored.EventId, turn.Outputs.Count, turn.Late);
        if (stored.IsFromOutside && turn.UnsentReason is { } undeliverable)
            Log.Unsent(workshop.Logger, turn.Sequence, stored.ConversationId, undeliverable);
        // Not the message: JavaScript's error text may quote what the customer said.
        if (turn.Failure is { } failure)
            Log.FlowFailed(workshop.Logger, stored.ConversationId, stored.EventId, failure.Step, failure.Line);
    }

    private void RecordDuration(Turn turn) =>
        Telemetry.TurnDuration.Record((Now.ToUnixTimeMilliseconds() - (turn.StartedAt ?? turn.CommittedAt)) / 1000d);

    private static Dictionary<string, int> With(IReadOnlyDictionary<string, int> attempts, string row, int count) =>
        new(attempts) { [row] = count };

    private static IReadOnlyDictionary<string, int> Without(IReadOnlyDictionary<string, int> attempts, IEnumerable<Waiting> done) =>
        attempts.Count == 0 ? attempts : attempts.Where(a => done.All(w => w.RowKey != a.Key)).ToDictionary(a => a.Key, a => a.Value);

    private static Dictionary<string, int> Without(IReadOnlyDictionary<string, int> attempts, string row) =>
        attempts.Where(a => a.Key != row).ToDictionary(a => a.Key, a => a.Value);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Turn {Sequence} of {ConversationId} committed for event {EventId}: {Outputs} outputs, late: {Late}.")]
        public static partial void Committed(ILogger logger, long sequence, string conversationId, string eventId, int outputs, bool late);

        [LoggerMessage(2, LogLevel.Error, "The Flow failed in {ConversationId}, event {EventId}, at {Step} (line {Line}). Its turn in the admin API says why.")]
        public static partial void FlowFailed(ILogger logger, string conversationId, string eventId, string step, int line);

        [LoggerMessage(3, LogLevel.Error, "The turn of {ConversationId}, event {EventId}, failed, attempt {Attempt}. {Kind}: {Message}\n{Stack}")]
        public static partial void TurnFailed(
            ILogger logger, string conversationId, string eventId, int attempt, string kind, [CustomerText] string message, string? stack);

        [LoggerMessage(4, LogLevel.Error, "Parked ({Kind}) of {EndpointId} {ConversationId}, {EventId}: {Reason}")]
        public static partial void Parked(
            ILogger logger, ParkedKind kind, string endpointId, string conversationId, string eventId, string reason);

        [LoggerMessage(5, LogLevel.Warning, "8x8 did not take an output of {ConversationId}, turn {Sequence}; the next attempt is in {Delay}. {Reason}")]
        public static partial void SendLater(ILogger logger, string conversationId, long sequence, TimeSpan delay, string reason);

        [LoggerMessage(6, LogLevel.Warning, "It is in doubt whether 8x8 took an output of {ConversationId}, turn {Sequence}: its messages are read back. {Reason}")]
        public static partial void InDoubt(ILogger logger, string conversationId, long sequence, string reason);

        [LoggerMessage(7, LogLevel.Information, "Turn {Sequence} of {ConversationId} is sent.")]
        public static partial void Sent(ILogger logger, long sequence, string conversationId);

        [LoggerMessage(9, LogLevel.Information, "The handover of {ConversationId} is {Status}. {Reason}")]
        public static partial void Handover(ILogger logger, string conversationId, string status, string? reason);

        [LoggerMessage(10, LogLevel.Error, "The handover of {ConversationId} failed: {Reason}")]
        public static partial void HandoverFailed(ILogger logger, string conversationId, string? reason);

        [LoggerMessage(11, LogLevel.Warning, "{ConversationId} comes back to nobody after the agent: {Reason}")]
        public static partial void NoWayBack(ILogger logger, string conversationId, string reason);

        [LoggerMessage(12, LogLevel.Error, "The Flow of {ConversationId} could not be told of its handover ({Notice}): {Reason}")]
        public static partial void NotTold(ILogger logger, string conversationId, string notice, string reason);

        [LoggerMessage(13, LogLevel.Warning, "{ConversationId} could not be {Action}: {Reason}")]
        public static partial void ActionRefused(ILogger logger, string conversationId, string action, string reason);

        [LoggerMessage(17, LogLevel.Warning, "It could not be found out whether 8x8 carried out the handover of {ConversationId}. {Reason}")]
        public static partial void NotChecked(ILogger logger, string conversationId, string reason);

        [LoggerMessage(15, LogLevel.Information, "8x8 does not tell the channel or the customer of {ConversationId} now: it is treated like web chat. {Reason}")]
        public static partial void OriginUnknown(ILogger logger, string conversationId, string reason);

        [LoggerMessage(16, LogLevel.Information, "An agent took {ConversationId} from the bot.")]
        public static partial void TakenByAgent(ILogger logger, string conversationId);

        [LoggerMessage(14, LogLevel.Information, "Outputs of turn {Sequence} of {ConversationId} are not sent: {Reason}")]
        public static partial void Unsent(ILogger logger, long sequence, string conversationId, string reason);

        [LoggerMessage(8, LogLevel.Error, "8x8 refused the credentials of Endpoint {EndpointId}: it is paused. {Reason}")]
        public static partial void Paused(ILogger logger, string endpointId, string reason);

        [LoggerMessage(30, LogLevel.Information, "The messages of {ConversationId} could not be counted now. {Reason}")]
        public static partial void NotCounted(ILogger logger, string conversationId, string reason);
    }
}

/// <summary>Pauses between attempts.</summary>
internal static class Backoff
{
    /// <summary>Doubles with each failure, up to the longest; with up to a fifth of jitter.</summary>
    public static TimeSpan After(int failures, ConversationOptions options)
    {
        var exact = options.RetryFirst.TotalMilliseconds * Math.Pow(2, Math.Clamp(failures - 1, 0, 30));
        return TimeSpan.FromMilliseconds(Math.Min(exact, options.RetryLongest.TotalMilliseconds) * (1 + Random.Shared.NextDouble() / 5));
    }
}
