using Azure.Data.Tables;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Endpoints;

namespace EightByEight.Connector.Conversations;

/// <content>Outputs go to 8x8 in order, one in flight, and never again on suspicion.</content>
internal sealed partial class ConversationRun
{
    private const int MaxPages = 10;
    private const int PageSize = 50;

    /// <summary>Each time so many outputs were accepted, the anchor is renewed: one too far back makes every doubt a person's.</summary>
    private const int AnchorEvery = 100;

    /// <summary>Where sending stands afterwards.</summary>
    /// <param name="End">Not null: nothing more can be done now.</param>
    private readonly record struct Sent(Snapshot Snapshot, RunEnd? End = null);

    /// <returns>Null: the lease is lost, or the head changed; read again.</returns>
    private async Task<Sent?> SendAsync(Snapshot snapshot, CancellationToken cancellation)
    {
        var sending = snapshot.Head!.Sending!;
        if (_turn?.Sequence != sending.Sequence) _turn = await workshop.Store.ReadTurnAsync(key, sending.Sequence, cancellation);
        if (_progress?.Sequence != sending.Sequence) _progress = sending.By == _lease ? Progress.Of(snapshot.Head) : null;

        var endpoint = _endpoint = await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: false, cancellation);
        if (endpoint is not { Settings.Enabled: true })
            return await ParkAsync(snapshot, sending.Count, _progress is null ? ParkedKind.Unconfirmed : ParkedKind.Outputs,
                endpoint is null ? "The Endpoint was deleted before this was sent." : "The Endpoint was disabled before this was sent.",
                cancellation);
        if (endpoint.Pause is { } pause && pause.Until > Now)
            return await LaterAsync(snapshot, pause.Until - Now, $"The Endpoint is paused: {pause.Reason}", cancellation);
        if (await AccountAsync(endpoint, cancellation) is not { } account)
            return await LaterAsync(snapshot, null, "The Endpoint's API key is not set, or cannot be decrypted now.", cancellation);

        _actionInDoubt = sending.Failures > 0;
        if (_progress is null)
        {
            _actionInDoubt = true;
            // Another lease may have sent more than it could write down.
            if (await ReadBackAsync(snapshot, account, cancellation) is not { } known) return null;
            if (known.End is not null) return known;
            snapshot = known.Snapshot;
        }

        return await SendAllAsync(snapshot, endpoint, account, cancellation);
    }

    private async Task<Sent?> SendAllAsync(Snapshot snapshot, Endpoint endpoint, ChatGatewayAccount account, CancellationToken cancellation)
    {
        var renewedCredentials = false;
        // What was read before a Flow that reached outside may be old by now, and so is what was read before an upload or another output.
        var isOld = _turn!.ReachedOutside;
        var isRead = false;
        OutgoingMessage? uploaded = null;
        var accepted = _progress!.Accepted;
        while (snapshot.Head!.Sending is { } sending && _progress is { } progress && !progress.IsComplete(sending))
        {
            if (isOld || progress.Sent > 0)
            {
                if (await LookAgainAsync(cancellation) is not { } looked) return null;
                (snapshot, isOld) = (looked, false);
            }

            if (await IsSilentAsync(snapshot, cancellation) is { } reason) return await UnsentAsync(snapshot, reason, cancellation);
            if (!isRead && _turn is { EventType: "MESSAGE" } && progress.Sent == 0)
                workshop.Indicators.Read(account, snapshot.Head!.ConversationId, snapshot.State.Facts.Channel.Value, _turn.Timestamp);
            isRead = true;
            if (progress.Sent >= _turn!.Outputs.Count)
            {
                if (await ActAsync(snapshot, endpoint, account, cancellation) is not { } acted) return null;
                if (acted.End is not null) return acted;
                snapshot = acted.Snapshot;
                break;
            }

            var message = uploaded ?? _turn.Outputs[progress.Sent];
            if (MessagingWindow.FaultIn(message, snapshot.State.Facts, Now) is { } closed)
            {
                if (await ParkAsync(snapshot, 1, ParkedKind.Outputs, closed, cancellation) is not { } parked) return null;
                snapshot = parked.Snapshot;
                continue;
            }

            if (message.Media is not null)
            {
                if (await UploadAsync(snapshot, endpoint, account, message, cancellation) is not { } done) return null;
                (snapshot, uploaded, isOld) = (done.Snapshot, done.Message, true);
                continue;
            }

            uploaded = null;
            if (!FitsLease())
            {
                if (await HoldAsync(snapshot, cancellation) is not { } renewed) return null;
                snapshot = renewed;
            }

            try
            {
                await workshop.Gateway.SendMessageAsync(account, snapshot.Head!.ConversationId, message, cancellation);
                _progress = progress.AfterAccepted();
            }
            catch (ChatGatewayException failed) when (failed.Delivery == Delivery.Unknown)
            {
                Log.InDoubt(workshop.Logger, snapshot.Head!.ConversationId, sending.Sequence, Words(failed, snapshot));
                await Task.Delay(_options.Visibility, workshop.Time, cancellation);
                if (await ReadBackAsync(snapshot, account, cancellation) is not { } known) return null;
                if (known.End is not null) return known;
                snapshot = known.Snapshot;
                if (_progress!.Sent == progress.Sent) return await LaterAsync(snapshot, failed.RetryAfter, Words(failed, snapshot), cancellation);
            }
            catch (ChatGatewayException failed) when (failed is { Status: 401 or 403, Delivery: Delivery.Refused } && !renewedCredentials)
            {
                // The cached settings may be older than a change of the key: they are read once past the cache.
                renewedCredentials = true;
                endpoint = await workshop.Endpoints.FindAsync(key.EndpointId, pastCache: true, cancellation) ?? endpoint;
                if (await AccountAsync(endpoint, cancellation) is not { } current || current == account)
                    return await PauseAsync(snapshot, failed, cancellation);
                account = current;
                continue;
            }
            catch (ChatGatewayException failed)
            {
                if (await RefusedAsync(snapshot, failed, cancellation) is not { } refused) return null;
                if (refused.End is not null) return refused;
                snapshot = refused.Snapshot;
            }

            // What is accepted is written down before the next is sent, so that never more than one output is in doubt.
            if (snapshot.Head!.Sending is not { } still || _progress!.IsComplete(still)) break;
            if (await HoldAsync(snapshot, cancellation) is not { } held) return null;
            snapshot = held;
        }

        if (accepted / AnchorEvery != _progress.Accepted / AnchorEvery && FitsLease())
            await RenewAnchorAsync(account, snapshot.Head!.ConversationId, cancellation);
        if (snapshot.State.Paused is null) await FinishedAsync(_turn!, snapshot.State, snapshot.Head!.ConversationId, cancellation);
        RecordDuration(_turn!);
        Log.Sent(workshop.Logger, _turn!.Sequence, snapshot.Head!.ConversationId);
        return new Sent(snapshot);
    }

    /// <summary>
    /// What waits now: an agent who joined, or an end, stops what is not said yet. The first output is sent by what was read for its
    /// turn, which is no older than that turn.
    /// </summary>
    /// <returns>Null: the lease is lost.</returns>
    private async Task<Snapshot?> LookAgainAsync(CancellationToken cancellation)
    {
        var looked = await workshop.Store.ReadAsync(key, cancellation);
        return looked.Head?.Lease?.Id == _lease ? looked : null;
    }

    private async Task<string?> IsSilentAsync(Snapshot snapshot, CancellationToken cancellation) =>
        snapshot.Inbox.Count > 0 && !_turn!.IsBesideAgent ? await SilenceAsync(snapshot, cancellation) : null;

    /// <summary>Files become attachments, and the conversation remembers which. Null: the lease is lost.</summary>
    private async Task<(Snapshot Snapshot, OutgoingMessage Message)?> UploadAsync(
        Snapshot snapshot, Endpoint endpoint, ChatGatewayAccount account, OutgoingMessage message, CancellationToken cancellation)
    {
        var id = snapshot.Head!.ConversationId;
        using var indicator = workshop.Indicators.Begin(token => AccountAsync(endpoint, token), id);
        var (resolved, uploads) = await workshop.Media.ResolveAsync(
            endpoint, account, id, message, snapshot.State.Uploads,
            ChannelLimits.Of(ChannelContext.KindOf(snapshot.State.Facts.Channel.Value)), _options.Lease / 2, cancellation);
        if (ReferenceEquals(uploads, snapshot.State.Uploads)) return (snapshot, resolved);
        var state = snapshot.State with { Uploads = uploads };
        var held = await CommitAsync(snapshot, snapshot.Head with { Lease = NewHold() }, state, [], release: false, cancellation);
        return held is null ? null : (held, resolved);
    }

    /// <summary>Rule 8: permanent answers park what they are about, and the rest goes on.</summary>
    private async Task<Sent?> RefusedAsync(Snapshot snapshot, ChatGatewayException failed, CancellationToken cancellation) => failed switch
    {
        { Delivery: not Delivery.Refused } => await LaterAsync(snapshot, failed.RetryAfter, Words(failed, snapshot), cancellation),
        _ when IsEndpointsFault(failed) => await PauseAsync(snapshot, failed, cancellation),
        { Status: 404 or 409 or 410 } => await ParkAsync(
            snapshot, snapshot.Head!.Sending!.Count - _progress!.Sent, ParkedKind.Outputs, Words(failed, snapshot), cancellation),
        _ => await ParkAsync(snapshot, 1, ParkedKind.Outputs, Words(failed, snapshot), cancellation),
    };

    /// <summary>
    /// Rule 6: whether the output in doubt was taken is decided by count: bot messages since the anchor, less those known to be accepted.
    /// </summary>
    private async Task<Sent?> ReadBackAsync(Snapshot snapshot, ChatGatewayAccount account, CancellationToken cancellation)
    {
        var known = _progress ?? Progress.Of(snapshot.Head!);
        var left = _turn!.Outputs.Count - known.Sent;
        if (left <= 0)
        {
            // No message can be in doubt; an action finds out for itself.
            _progress = known;
            return new Sent(snapshot);
        }

        long since, taken;
        string? newest;
        try
        {
            (since, newest) = await CountBotAsync(account, snapshot.Head!.ConversationId, known.Anchor?.MessageId, cancellation);
        }
        catch (ChatGatewayException failed) when (IsEndpointsFault(failed))
        {
            return await PauseAsync(snapshot, failed, cancellation, inDoubt: true);
        }
        catch (ChatGatewayException failed) when (failed.Delivery == Delivery.Refused)
        {
            return await ParkAsync(snapshot, snapshot.Head!.Sending!.Count, ParkedKind.Unconfirmed, Words(failed, snapshot), cancellation);
        }
        catch (ChatGatewayException failed)
        {
            return await LaterAsync(snapshot, failed.RetryAfter, Words(failed, snapshot), cancellation, inDoubt: true);
        }

        taken = since - (known.Accepted - (known.Anchor?.Accepted ?? 0));
        if (taken is 0 or 1 && taken <= left)
        {
            _progress = known with
            {
                Sent = known.Sent + (int)taken,
                Accepted = known.Accepted + taken,
                Anchor = new Anchor(newest, known.Accepted + taken),
            };
            return new Sent(snapshot);
        }

        _progress = known with { Anchor = new Anchor(newest, known.Accepted) };
        return await ParkAsync(snapshot, 1, ParkedKind.Unconfirmed,
            $"Unconfirmed: 8x8 has {since} messages of the bot where {known.Accepted - (known.Anchor?.Accepted ?? 0)} or one more were expected, " +
            "so nobody can tell whether the customer got this one. Look at the conversation, then retry or discard it.", cancellation);
    }

    /// <summary>
    /// Counts while nothing is in doubt and the customer has the answer. The last ones may not show yet, so the newest shown is the
    /// anchor, with as many accepted as are shown. What fails or does not add up leaves the anchor where it is.
    /// </summary>
    private async Task RenewAnchorAsync(ChatGatewayAccount account, string conversationId, CancellationToken cancellation)
    {
        try
        {
            var before = _progress!.Anchor?.Accepted ?? 0;
            var (shown, newest) = await CountBotAsync(account, conversationId, _progress.Anchor?.MessageId, cancellation);
            if (shown > 0 && before + shown <= _progress.Accepted) _progress = _progress with { Anchor = new Anchor(newest, before + shown) };
        }
        catch (ChatGatewayException failed)
        {
            Log.NotCounted(workshop.Logger, conversationId, failed.Message);
        }
    }

    private async Task<(long Count, string? Newest)> CountBotAsync(
        ChatGatewayAccount account, string conversationId, string? anchor, CancellationToken cancellation)
    {
        // The newest come first, so a message that comes in between two pages moves the end of one to the start of the next.
        var counted = new HashSet<string>();
        string? newest = null;
        for (var number = 0; number < MaxPages; number++)
        {
            var page = await workshop.Gateway.ListMessagesAsync(
                account, conversationId, number, PageSize, cancellation);
            foreach (var message in page.Items)
            {
                if (!string.Equals(message.Author?.Type, "bot", StringComparison.OrdinalIgnoreCase)) continue;
                newest ??= message.Id;
                if (message.Id == anchor) return (counted.Count, newest);
                counted.Add(message.Id.Length > 0 ? message.Id : $"no id {counted.Count}");
            }

            if (page.Items.Count < PageSize) return (counted.Count, newest);
        }

        return (long.MaxValue / 2, newest);
    }

    /// <summary>Foreign failures never throw: the work is left to a delayed wake-up, and parked when it is too old.</summary>
    private async Task<Sent?> LaterAsync(
        Snapshot snapshot, TimeSpan? after, string reason, CancellationToken cancellation, bool? inDoubt = null)
    {
        var head = snapshot.Head!;
        var sending = head.Sending!;
        var doubtful = inDoubt ?? _progress is null;
        var failures = sending.Failures + 1;
        if (Now.ToUnixTimeMilliseconds() - sending.Since > (long)_options.ParkAfter.TotalMilliseconds)
            return await ParkAsync(snapshot, sending.Count, doubtful ? ParkedKind.Unconfirmed : ParkedKind.Outputs,
                $"It could not be sent for {_options.ParkAfter}. Last: {reason}", cancellation);

        var delay = Backoff.After(failures, _options);
        if (after is { } asked && asked > delay) delay = asked < _options.ParkAfter ? asked : _options.ParkAfter;
        Log.SendLater(workshop.Logger, head.ConversationId, sending.Sequence, delay, reason);
        await workshop.WakeUps.PutPairAsync(key, delay, cancellation);
        var left = await CommitAsync(snapshot, head with
        {
            Lease = null,
            LastError = reason,
            RetryAt = (Now + delay).ToUnixTimeMilliseconds(),
            Sending = sending with { Failures = failures, By = doubtful ? sending.By ?? _lease : null },
        }, snapshot.State, [], release: false, cancellation);
        return left is null ? null : new Sent(left, RunEnd.Finished);
    }

    /// <summary>Credentials, or settings that cannot be sent or are redirected: the output is not to blame.</summary>
    private static bool IsEndpointsFault(ChatGatewayException failed) =>
        failed is { Delivery: Delivery.Refused, Status: null or 401 or 403 or (>= 300 and < 400) };

    private async Task<Sent?> PauseAsync(
        Snapshot snapshot, ChatGatewayException failed, CancellationToken cancellation, bool? inDoubt = null)
    {
        var words = Words(failed, snapshot);
        Log.Paused(workshop.Logger, key.EndpointId, words);
        await workshop.Endpoints.PauseAsync(key.EndpointId, new EndpointPause(Now + _options.Pause, words), cancellation);
        return await LaterAsync(snapshot, _options.Pause, words, cancellation, inDoubt);
    }

    /// <summary>Sets the next outputs aside; what follows them goes on.</summary>
    private async Task<Sent?> ParkAsync(Snapshot snapshot, int count, ParkedKind kind, string reason, CancellationToken cancellation)
    {
        var head = snapshot.Head!;
        _progress ??= Progress.Of(head);
        reason = reason.Length > MaxReason ? reason[..MaxReason] : reason;
        count = Math.Min(count, head.Sending!.Count - _progress.Sent);
        var messages = Math.Min(count, _turn!.Outputs.Count - _progress.Sent);
        var actions = new List<TableTransactionAction>(1);
        if (messages > 0)
        {
            var stored = await workshop.Parked.OutputsAsync(key, _turn, head.ConversationId, _progress.Sent, messages, cancellation);
            actions.Add(new(TableTransactionActionType.UpsertReplace,
                await workshop.Parked.PrepareAsync(key, stored, kind, stored.EventId, reason, cancellation)));
        }

        // An action is never parked: the handover fails instead, which the Flow is told.
        var state = count > messages ? AfterLostAction(snapshot.State, reason) : snapshot.State;
        var first = _progress.Sent;
        _progress = _progress with { Sent = first + count };
        var parked = await CommitAsync(
            snapshot, head with { Lease = NewHold(), LastError = reason }, state, actions, release: false, cancellation);
        if (parked is null) return null;
        if (messages > 0) await ReportParkedAsync(kind, head.ConversationId, $"outputs-{_turn.Sequence}-{first}", reason, cancellation);
        return new Sent(parked);
    }

    /// <summary>Rule 5: a message is sent only if the longest that it can take, and its showing up, fit into the lease.</summary>
    private bool FitsLease() =>
        workshop.Time.GetElapsedTime(_leaseTaken) + workshop.ChatGateway.Value.TotalTimeout + _options.Visibility <= _options.Lease;

    /// <summary>Renews the lease and writes down what was accepted.</summary>
    private Task<Snapshot?> HoldAsync(Snapshot snapshot, CancellationToken cancellation) =>
        CommitAsync(snapshot, snapshot.Head! with { Lease = NewHold() }, snapshot.State, [], release: false, cancellation);

    private async Task<ChatGatewayAccount?> AccountAsync(Endpoint endpoint, CancellationToken cancellation)
    {
        try
        {
            var settings = endpoint.Settings.EightByEight;
            return new ChatGatewayAccount(
                new Uri(settings.BaseUrl), await workshop.Endpoints.ApiKeyAsync(endpoint, cancellation), settings.TenantId);
        }
        catch (EndpointSecretException)
        {
            return null;
        }
    }
}

/// <summary>What is certainly dealt with of the turn being sent.</summary>
internal sealed record Progress(long Sequence, int Sent, long Accepted, Anchor? Anchor)
{
    public static Progress Of(Head head) => new(head.Sending!.Sequence, head.Sending.Sent, head.Accepted, head.Anchor);

    public Progress AfterAccepted() => this with { Sent = Sent + 1, Accepted = Accepted + 1 };

    public bool IsComplete(Sending sending) => Sequence == sending.Sequence && Sent >= sending.Count;
}
