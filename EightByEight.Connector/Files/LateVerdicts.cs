using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Files;

/// <summary>
/// Asks Defender again about files on which its verdict did not come while their turn waited, and tells the Flow. Each look is a wake-up
/// of its own. The file's row says what is still to be done, so that a look that died, or comes twice, changes nothing and tells once.
/// </summary>
internal sealed partial class LateVerdicts(
    FileIndex index, FileStores stores, FileAddresses addresses, EndpointDirectory endpoints, Inbox inbox, WakeUps wakeUps,
    EndpointLog endpointLog, IOptions<FilesOptions> options, TimeProvider time, ILogger<LateVerdicts> log)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    /// <summary>Lets a file be looked at later.</summary>
    /// <param name="looks">How often that was done in vain.</param>
    public Task AwaitAsync(FileId file, int looks, CancellationToken cancellation)
    {
        var pause = options.Value.ScanPause * Math.Pow(2, Math.Min(looks, 20));
        return wakeUps.PutAsync(
            new WakeUp { Key = ScanKey.Of(file).ToString(), IsBackup = true }, pause < LongestPause ? pause : LongestPause, cancellation);
    }

    /// <summary>Looks at the file that a wake-up names. Can be repeated, also by two at a time.</summary>
    /// <exception cref="Azure.RequestFailedException">The connector's own storage failed: the wake-up has to come again.</exception>
    public async Task LookAsync(ConversationKey key, CancellationToken cancellation)
    {
        if (ScanKey.FileOf(key) is not { } id) return;
        // Once for the verdict and once for telling it; more where another look, or a lost reply, was in between.
        while (await index.FindAsync(id, cancellation) is var (file, tag) && file.Looks is { } looks
            && await endpoints.FindAsync(id.EndpointId, pastCache: false, cancellation) is { } endpoint)
        {
            if (file.Status != FileStatus.Scanning)
            {
                await TellAsync(endpoint, file, cancellation);
                await index.ChangeAsync(file with { Looks = null }, tag, cancellation);
                return;
            }

            var isLast = looks + 1 >= options.Value.ScanLooks;
            var judged = await JudgedAsync(endpoint, file, isLast, cancellation);
            if (judged.Status == FileStatus.Scanning) await AwaitAsync(id, looks + 1, cancellation);
            var isKept = await index.ChangeAsync(judged with { Looks = looks + 1 }, tag, cancellation);
            if (judged.Status == FileStatus.Scanning) return;
            if (!isKept && judged.Status == FileStatus.Stored && await index.FindAsync(id, cancellation) is null)
                // It was erased meanwhile: what was copied must not outlive it.
                await (await stores.OfAsync(endpoint, cancellation))!.DeleteAsync(id.Object, cancellation);
        }
    }

    /// <summary>The file after a look; a clean one lies where its URL leads. Unchanged: there is no verdict yet.</summary>
    private async Task<StoredFile> JudgedAsync(Endpoint endpoint, StoredFile file, bool isLast, CancellationToken cancellation)
    {
        var reason = "Microsoft Defender for Storage never said anything.";
        try
        {
            if (await stores.OfAsync(endpoint, cancellation) is not AzureBlobs store)
                return IncomingFiles.Cleared(file, Verdict.Unknown("The Endpoint has got another storage meanwhile."));
            if (Scanners.Read(await store.VerdictAsync(file.Id.Quarantine, cancellation)) is { } verdict)
            {
                if (verdict.IsClean) await ReleaseAsync(store, file, cancellation);
                return IncomingFiles.Cleared(file, verdict);
            }
        }
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            // The Endpoint's store has faults of its own; it may work at the next look.
            reason = StoredFiles.Told(failed);
            Log.Failed(log, file.ConversationId, file.AttachmentId, reason);
        }

        return isLast ? IncomingFiles.Cleared(file, Verdict.Unknown(reason)) : file;
    }

    private static async Task ReleaseAsync(AzureBlobs store, StoredFile file, CancellationToken cancellation)
    {
        await using var content = await store.OpenAsync(file.Id.Quarantine, cancellation)
            ?? throw new FileStoreException("The file is not in quarantine any more.");
        await using var spool = await Spool.TakeAsync(content, long.MaxValue, cancellation);
        await store.WriteAsync(file.Id.Object, spool.Content, file.MimeType, cancellation);
    }

    /// <summary>As an input of the Flow, in its place among the conversation's other work.</summary>
    private async Task TellAsync(Endpoint endpoint, StoredFile file, CancellationToken cancellation)
    {
        string? url = null;
        if (file.Status == FileStatus.Stored && await stores.OfAsync(endpoint, cancellation) is { } store)
        {
            await store.DeleteAsync(file.Id.Quarantine, cancellation);
            url = await addresses.OfAsync(endpoint, store, file, cancellation);
        }
        else
        {
            Log.Withheld(log, file.ConversationId, file.AttachmentId, file.Status, file.Reason);
            await endpointLog.SayAsync(endpoint, new(time.GetUtcNow(), LogLevel.Warning, "files",
                $"Attachment {file.AttachmentId} is withheld, {file.Status}: {file.Reason}", file.ConversationId), [file.Name], cancellation);
        }

        var shown = IncomingFile.Of(file, url);
        var body = new JsonObject
        {
            ["conversationId"] = file.ConversationId,
            ["data"] = new JsonObject { ["scannedEvent"] = file.EventId, ["attachments"] = new JsonArray(shown.ToJson()) },
        };
        await inbox.AddAsync(ConversationKey.Of(endpoint.Id, file.ConversationId), file.ConversationId, StoredEvent.Injected,
            $"scan-{file.Id.Key}", System.Text.Encoding.UTF8.GetBytes(body.ToJsonString()), besideAgent: false, cancellation);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The verdict about attachment {Attachment} of {ConversationId} could not be looked up. {Reason}")]
        public static partial void Failed(ILogger logger, string conversationId, string? attachment, string reason);

        [LoggerMessage(2, LogLevel.Warning, "Attachment {Attachment} of {ConversationId} stays withheld: {Status}. {Reason}")]
        public static partial void Withheld(ILogger logger, string conversationId, string? attachment, string status, string? reason);
    }
}

/// <summary>The wake-ups of files that wait for a verdict.</summary>
internal static class ScanKey
{
    private const string Room = "scan";

    public static ConversationKey Of(FileId file) => new(Room, $"{file.EndpointId}-{file.Day}-{file.Key}");

    public static bool IsScan(ConversationKey key) => key.EndpointId == Room;

    /// <summary>Null: it names none.</summary>
    public static FileId? FileOf(ConversationKey key) =>
        key.Conversation.Split('-') is [var endpoint, var day, var file] ? new(endpoint, day, file) : null;
}
