using System.Globalization;
using System.Text.Json;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Files;

/// <summary>
/// Brings the files that customers send into the Endpoint's store, before the Flow hears of them. It can be repeated: a file's place comes
/// from its event and attachment. Whatever goes wrong, the message goes on, and each file's status says what became of it.
/// </summary>
internal sealed partial class IncomingFiles(
    FileIndex index, FileStores stores, FileAddresses addresses, Scanners scanners, IHttpClientFactory http, ChatGatewayClient gateway,
    LateVerdicts late, IOptions<FilesOptions> options, EndpointLog endpointLog, TimeProvider time, ILogger<IncomingFiles> log)
{
    /// <summary>How many files of one message are taken.</summary>
    private const int Most = 20;

    /// <summary>The files of an event; none when it has none.</summary>
    /// <param name="account">Asked for when a file has to come through 8x8's API; null: there is no API key.</param>
    /// <param name="atMost">How long all of them may take, beside the operator's limit.</param>
    public async Task<IReadOnlyList<IncomingFile>> TakeInAsync(
        Endpoint endpoint, StoredEvent stored, JsonElement body, Func<CancellationToken, Task<ChatGatewayAccount?>> account,
        TimeSpan atMost, CancellationToken cancellation)
    {
        var sent = IncomingFile.Of(body);
        if (sent.Count == 0 || endpoint.Settings.FileStorage.Provider == "none") return sent;
        using var limit = new CancellationTokenSource(atMost < options.Value.Timeout ? atMost : options.Value.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var intake = new Intake(endpoint, stored, account, cancellation);
        var taken = new List<IncomingFile>(sent.Count);
        foreach (var file in sent)
        {
            try
            {
                taken.Add(taken.Count < Most
                    ? await TakeAsync(intake, file, taken.Count, either.Token)
                    : Without(file, FileStatus.Refused));
            }
            catch (TooLargeException)
            {
                taken.Add(Without(file, FileStatus.TooLarge));
            }
            catch (Exception failed) when (!cancellation.IsCancellationRequested)
            {
                // Each store and each library has faults of its own, and none of them may cost the customer's message.
                var reason = limit.IsCancellationRequested ? "It took too long." : StoredFiles.Told(failed);
                Log.Failed(log, stored.ConversationId, file.Id, reason);
                await SayAsync(endpoint, stored, file, $"was not stored: {reason}", cancellation);
                taken.Add(Without(file, FileStatus.Failed));
            }
        }

        return taken;
    }

    /// <param name="cancellation">Also when the time for all files is over.</param>
    private async Task<IncomingFile> TakeAsync(Intake intake, IncomingFile sent, int number, CancellationToken cancellation)
    {
        var (endpoint, stored) = (intake.Endpoint, intake.Event);
        var settings = endpoint.Settings.FileStorage;
        var store = (await stores.OfAsync(endpoint, cancellation))!;
        var attachment = $"{number.ToString(CultureInfo.InvariantCulture)} {sent.Id}";
        var id = await index.IdAsync(endpoint.Id, stored.ConversationId, stored.EventId, attachment, stored.ReceivedAt, cancellation);
        if (await index.FindAsync(id, cancellation) is { File: { Status: not FileStatus.Writing } known })
            return await OfferedAsync(endpoint, store, known, cancellation);

        await using var spool = await FetchAsync(settings, stored.ConversationId, sent, intake.Account, cancellation);
        var type = await Documents.TypeAsync(spool.Content, spool.Type, sent.Name, cancellation);
        var mimeType = type.ContentType;
        var file = new StoredFile
        {
            Id = id,
            ConversationId = stored.ConversationId,
            EventId = stored.EventId,
            AttachmentId = sent.Id,
            Name = SafeName.Of(sent.Name, type),
            MimeType = mimeType,
            Size = spool.Content.Length,
            Status = FileStatus.Writing,
            Place = FileStores.PlaceOf(settings),
        };
        if (!Takes(settings, mimeType)) return IncomingFile.Of(file with { Status = FileStatus.Refused }, null);
        await index.PutAsync(file, cancellation);
        file = await StoreAsync(intake, store, file, spool, cancellation);
        // Whatever it took: what is in the store now must be known.
        await index.PutAsync(file, intake.Cancellation);
        if (file.Reason is { } reason)
        {
            Log.Withheld(log, stored.ConversationId, sent.Id, file.Status, reason);
            await SayAsync(endpoint, stored, sent, $"is withheld, {file.Status}: {reason}", intake.Cancellation);
        }

        return await OfferedAsync(endpoint, store, file, intake.Cancellation);
    }

    private Task SayAsync(Endpoint endpoint, StoredEvent stored, IncomingFile file, string what, CancellationToken cancellation) => endpointLog.SayAsync(
        endpoint, new(time.GetUtcNow(), LogLevel.Warning, "files", $"Attachment {file.Id} {what}", stored.ConversationId), [file.Name, file.Url], cancellation);

    /// <summary>What is not cleared goes to quarantine; what is, to where its URL leads.</summary>
    private async Task<StoredFile> StoreAsync(Intake intake, IFileStore store, StoredFile file, Spool spool, CancellationToken cancellation)
    {
        var settings = intake.Endpoint.Settings.FileStorage;
        var wait = TimeSpan.FromSeconds(settings.ScanWaitSeconds);
        var verdict = settings.Scan switch
        {
            "clamav" => await scanners.ScanAsync(spool.Content, wait, cancellation),
            "defender" => await QuarantinedAsync(),
            _ => Verdict.Clean,
        };
        var cleared = Cleared(file, verdict);
        if (cleared.Status == FileStatus.Stored || settings.Scan == "clamav")
            await store.WriteAsync(cleared.Object, spool.Content, file.MimeType, cancellation);
        if (cleared.Status == FileStatus.Stored && settings.Scan == "defender") await store.DeleteAsync(file.Id.Quarantine, cancellation);
        return cleared;

        async Task<Verdict?> QuarantinedAsync()
        {
            await store.WriteAsync(file.Id.Quarantine, spool.Content, file.MimeType, cancellation);
            var since = time.GetTimestamp();
            try
            {
                return await scanners.WaitAsync((AzureBlobs)store, file.Id.Quarantine, wait - intake.Waited, cancellation);
            }
            catch (Exception failed) when (!intake.Cancellation.IsCancellationRequested)
            {
                // There is no more time, or its tags cannot be read now: it lies safe, and is looked at again.
                Log.NoVerdict(log, file.ConversationId, file.AttachmentId, StoredFiles.Told(failed));
                return null;
            }
            finally
            {
                intake.Waited += time.GetElapsedTime(since);
            }
        }
    }

    /// <summary>The file after a verdict; null: there is none yet.</summary>
    public static StoredFile Cleared(StoredFile file, Verdict? verdict) => verdict switch
    {
        null => file with { Status = FileStatus.Scanning, Reason = "The scanner has not said anything yet.", Looks = 0 },
        { IsClean: true } => file with { Status = FileStatus.Stored, Reason = null },
        { Infection: { } infection } => file with { Status = FileStatus.Infected, Reason = infection },
        _ => file with { Status = FileStatus.Unscanned, Reason = verdict.Reason },
    };

    /// <summary>By its URL; where that is missing or has expired, through 8x8's API.</summary>
    private async Task<Spool> FetchAsync(
        FileStorageSettings settings, string conversationId, IncomingFile sent, Func<CancellationToken, Task<ChatGatewayAccount?>> account,
        CancellationToken cancellation)
    {
        if (Uri.TryCreate(sent.Url, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp))
        {
            try
            {
                using var response = await http.CreateClient(MediaUploads.HttpClient)
                    .GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellation);
                if (response.IsSuccessStatusCode)
                    return await SpoolAsync(
                        await response.Content.ReadAsStreamAsync(cancellation), response.Content.Headers.ContentLength, settings, cancellation);
            }
            catch (Exception gone) when (gone is HttpRequestException or IOException && sent.Id is not null)
            {
                // 8x8's API may still have it.
            }
        }

        if (sent.Id is not { Length: > 0 } id) throw new FileStoreException("8x8 gave neither a URL that works nor an attachment id.");
        if (await account(cancellation) is not { } known) throw new FileStoreException("The Endpoint has no API key to download it with.");
        await using var content = await gateway.DownloadAttachmentAsync(known, conversationId, id, cancellation);
        return await SpoolAsync(content.Stream, content.Length, settings, cancellation);
    }

    private static async Task<Spool> SpoolAsync(Stream source, long? length, FileStorageSettings settings, CancellationToken cancellation)
    {
        if (length > settings.MaxBytes) throw new TooLargeException($"It has {length} bytes.");
        var spool = await Spool.TakeAsync(source, settings.MaxBytes, cancellation);
        if (spool.Content.Length > 0) return spool;
        await spool.DisposeAsync();
        throw new FileStoreException("It is empty.");
    }

    private static bool Takes(FileStorageSettings settings, string mimeType) => settings.AllowedTypes.Count == 0
        || settings.AllowedTypes.Any(type => type == mimeType
            || (type.EndsWith("/*", StringComparison.Ordinal) && mimeType.StartsWith(type[..^1], StringComparison.Ordinal)));

    private async Task<IncomingFile> OfferedAsync(Endpoint endpoint, IFileStore store, StoredFile file, CancellationToken cancellation)
    {
        // After its row, and again with a turn that is repeated: whoever died in between must not leave it waiting for ever.
        if (file.Looks is { } looks) await late.AwaitAsync(file.Id, looks, cancellation);
        return IncomingFile.Of(file, file.Status == FileStatus.Stored ? await addresses.OfAsync(endpoint, store, file, cancellation) : null);
    }

    private static IncomingFile Without(IncomingFile sent, string status) => sent with
    {
        Name = sent.Name is null ? null : SafeName.Of(sent.Name, FileType.Unknown),
        Url = null,
        Status = status,
    };

    /// <summary>What all files of one message share.</summary>
    private sealed record Intake(
        Endpoint Endpoint, StoredEvent Event, Func<CancellationToken, Task<ChatGatewayAccount?>> Account, CancellationToken Cancellation)
    {
        /// <summary>How long the turn has waited for verdicts.</summary>
        public TimeSpan Waited { get; set; }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Attachment {Attachment} of {ConversationId} was not stored. {Reason}")]
        public static partial void Failed(ILogger logger, string conversationId, string? attachment, string reason);

        [LoggerMessage(2, LogLevel.Warning, "Attachment {Attachment} of {ConversationId} is withheld: {Status}. {Reason}")]
        public static partial void Withheld(ILogger logger, string conversationId, string? attachment, string status, string reason);

        [LoggerMessage(3, LogLevel.Warning, "The verdict about attachment {Attachment} of {ConversationId} could not be waited for. {Reason}")]
        public static partial void NoVerdict(ILogger logger, string conversationId, string? attachment, string reason);
    }
}
