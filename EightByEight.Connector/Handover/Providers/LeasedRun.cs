using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// One invocation's work under a lease: take it, do what is to be done, give it back unless something came in. The rules it
/// follows are those of <c>docs/conversation-protocol.md</c>; the numbers name them.
/// </summary>
internal abstract class LeasedRun<T>(
    LeasedRow<T> row, ConversationKey key, WakeUp wakeUp, WakeUps wakeUps, ConversationOptions options, TimeProvider time) where T : class
{
    private long _leaseTaken;

    /// <summary>When a wake-up that this run put comes; null: it put none.</summary>
    private long? _scheduled;

    /// <summary>New for each acquisition.</summary>
    protected string LeaseId { get; private set; } = NewLease();

    protected ConversationOptions Options => options;
    protected TimeProvider Time => time;
    protected DateTimeOffset Now => time.GetUtcNow();
    protected long NowMs => Now.ToUnixTimeMilliseconds();

    public async Task<RunEnd> WorkAsync(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (await StepAsync(await row.ReadAsync(cancellation), cancellation) is { } end) return end;
        }
    }

    /// <summary>The head of a row that is not there yet; null: then there is nothing to do.</summary>
    protected abstract T? NewHead();

    /// <summary>Does the next thing under the lease.</summary>
    /// <returns>Null: read again, there may be more.</returns>
    protected abstract Task<RunEnd?> DoNextAsync(Leased<T> read, CancellationToken cancellation);

    /// <summary>Writes under the lease, which is renewed.</summary>
    /// <returns>Null: the lease is lost, or another write came first.</returns>
    protected async Task<Leased<T>?> KeepAsync(
        Leased<T> read, T head, IReadOnlyList<Azure.Data.Tables.TableTransactionAction> actions, CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();
        var lease = new Lease(LeaseId, (Now + options.Lease).ToUnixTimeMilliseconds());
        var kept = await row.CommitAsync(read, head, lease, actions, release: false, cancellation);
        if (kept is not null) _leaseTaken = asked;
        return kept;
    }

    /// <summary>Rule 5: whether a call that may take so long fits into what is left of the lease.</summary>
    protected bool Fits(TimeSpan call) => time.GetElapsedTime(_leaseTaken) + call <= options.Lease;

    /// <summary>Puts a wake-up for later; the run goes on with what else there is.</summary>
    /// <returns>When it comes, in milliseconds since 1970.</returns>
    protected async Task<long> ScheduleAsync(TimeSpan delay, CancellationToken cancellation)
    {
        await wakeUps.PutPairAsync(key, delay, cancellation);
        var until = (Now + delay).ToUnixTimeMilliseconds();
        _scheduled = until;
        return until;
    }

    /// <summary>Gives the lease back, unless something came in.</summary>
    /// <param name="waitsUntil">When the rest can be done; null: there is none.</param>
    protected async Task<RunEnd?> ReleaseAsync(Leased<T> read, long? waitsUntil, CancellationToken cancellation)
    {
        if (await row.CommitAsync(read, read.Head!, null, [], release: true, cancellation) is null) return null;
        return waitsUntil is { } until && !(_scheduled <= until)
            ? await TooEarlyAsync(DateTimeOffset.FromUnixTimeMilliseconds(until), cancellation)
            : RunEnd.Finished;
    }

    private async Task<RunEnd?> StepAsync(Leased<T> read, CancellationToken cancellation)
    {
        if (read.Head is null)
        {
            if (NewHead() is not { } head) return RunEnd.Finished;
            return await KeepAsync(read, head, [], cancellation) is { } made ? await DoNextAsync(made, cancellation) : null;
        }

        if (read.Lease?.Id == LeaseId) return await DoNextAsync(read, cancellation);
        LeaseId = NewLease();
        if (IsHeld(read)) return await MeetHolderAsync(read, cancellation);
        return await KeepAsync(read, read.Head, [], cancellation) is { } acquired ? await DoNextAsync(acquired, cancellation) : null;
    }

    private bool IsHeld(Leased<T> read) => read.Lease is { } lease && NowMs <= lease.Until + (long)options.ClockSkew.TotalMilliseconds;

    /// <summary>Rules 2 and 3: ring, look again, and leave the work to the holder; a backup comes back when the lease is over.</summary>
    private async Task<RunEnd?> MeetHolderAsync(Leased<T> read, CancellationToken cancellation)
    {
        var holder = read.Lease!;
        if (wakeUp.IsBackup)
            return await TooEarlyAsync(DateTimeOffset.FromUnixTimeMilliseconds(holder.Until) + options.ClockSkew, cancellation);
        await row.RingAsync(cancellation);
        var again = await row.ReadAsync(cancellation);
        return again.Lease?.Id == holder.Id && IsHeld(again) ? RunEnd.Left : null;
    }

    /// <summary>A wake-up leaves it to its backup; a backup has none, so it puts itself again.</summary>
    private async Task<RunEnd> TooEarlyAsync(DateTimeOffset until, CancellationToken cancellation)
    {
        if (wakeUp.IsBackup || wakeUp.BackupId is null)
            await wakeUps.PutAsync(wakeUp with { IsBackup = true }, until - Now + TimeSpan.FromSeconds(1), cancellation);
        return RunEnd.Left;
    }

    private static string NewLease() => Guid.NewGuid().ToString("N");
}
