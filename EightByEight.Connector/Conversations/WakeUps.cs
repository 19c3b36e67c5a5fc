using System.Diagnostics;
using Azure;
using Azure.Storage.Queues;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// Puts wake-ups. Each has a backup that stays invisible for a while: a host that dies hides the message it
/// held for ten minutes, and recovery must not wait for that.
/// </summary>
internal sealed class WakeUps(ConnectorStorage storage, IOptions<ConversationOptions> options, TimeProvider time)
{
    /// <summary>Source: Azure Storage, Put Message, visibilitytimeout.</summary>
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(7);

    private static readonly TimeSpan Forever = TimeSpan.FromSeconds(-1);

    private QueueClient Queue => storage.WakeUps;

    /// <summary>Puts the backup of a wake-up that follows.</summary>
    public async Task<Backup> PutBackupAsync(ConversationKey key, TimeSpan delay, CancellationToken cancellation)
    {
        var message = new WakeUp { Key = key.ToString(), IsBackup = true, TraceParent = Activity.Current?.Id };
        var receipt = await PutAsync(message, delay + options.Value.Backup, cancellation);
        return new Backup(receipt.Id, receipt.Receipt);
    }

    /// <summary>Puts a wake-up that knows its backup.</summary>
    public Task PutAsync(ConversationKey key, Backup backup, TimeSpan delay, CancellationToken cancellation) => PutAsync(
        new WakeUp { Key = key.ToString(), BackupId = backup.Id, BackupReceipt = backup.Receipt, TraceParent = Activity.Current?.Id },
        delay, cancellation);

    /// <summary>Puts a backup and its wake-up, to be seen after a delay.</summary>
    public async Task PutPairAsync(ConversationKey key, TimeSpan delay, CancellationToken cancellation) =>
        await PutAsync(key, await PutBackupAsync(key, delay, cancellation), delay, cancellation);

    /// <summary>Puts a message again, to be seen after a delay. One that a queue cannot hide for so long is put again when it is seen.</summary>
    public async Task<(string Id, string Receipt)> PutAsync(WakeUp wakeUp, TimeSpan delay, CancellationToken cancellation)
    {
        wakeUp = wakeUp with { NotBefore = delay > LongestDelay ? (time.GetUtcNow() + delay).ToUnixTimeMilliseconds() : null };
        var sent = await Queue.SendMessageAsync(wakeUp.ToMessage(), Whole(delay), Forever, cancellation);
        return (sent.Value.MessageId, sent.Value.PopReceipt);
    }

    /// <summary>
    /// Puts a wake-up again, to be seen after a delay, and its backup off until after that: else those of all who wait would show at once, as
    /// wake-ups of their own.
    /// </summary>
    public async Task PutOffAsync(WakeUp wakeUp, TimeSpan delay, CancellationToken cancellation)
    {
        if (wakeUp is { BackupId: { } id, BackupReceipt: { } receipt } && delay > options.Value.Backup / 2)
            try
            {
                var backup = await Queue.UpdateMessageAsync(id, receipt, visibilityTimeout: Whole(delay + options.Value.Backup), cancellationToken: cancellation);
                wakeUp = wakeUp with { BackupReceipt = backup.Value.PopReceipt };
            }
            catch (RequestFailedException gone) when (gone.Status is 404 or 400)
            {
                // It is seen already, and finds out itself.
            }

        await PutAsync(wakeUp, delay, cancellation);
    }

    /// <summary>Deletes the backup of a wake-up whose work is finished. One that is seen already is left to find that out itself.</summary>
    public async Task DeleteBackupAsync(WakeUp wakeUp, CancellationToken cancellation)
    {
        if (wakeUp is not { BackupId: { } id, BackupReceipt: { } receipt }) return;
        try
        {
            await Queue.DeleteMessageAsync(id, receipt, cancellation);
        }
        catch (RequestFailedException gone) when (gone.Status is 404 or 400)
        {
        }
    }

    /// <summary>Queues count in whole seconds; rounding up never wakes too early.</summary>
    private static TimeSpan Whole(TimeSpan delay) =>
        TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(delay.TotalSeconds), 0, LongestDelay.TotalSeconds));
}

/// <summary>A backup wake-up that was put.</summary>
internal readonly record struct Backup(string Id, string Receipt);
