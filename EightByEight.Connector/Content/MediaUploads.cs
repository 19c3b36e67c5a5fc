using System.Security.Cryptography;
using System.Text;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Content;

/// <summary>
/// Fetches the files of a message and uploads them to 8x8 just before it is sent. Whatever goes wrong, the message goes out with the
/// file's URL instead. A file of the Endpoint's own storage is read from there. An upload in doubt is simply done again: an attachment
/// that no message names is not shown.
/// </summary>
internal sealed partial class MediaUploads(
    IHttpClientFactory http, ChatGatewayClient gateway, StoredFiles files, IOptions<MediaOptions> options, TimeProvider time,
    ILogger<MediaUploads> log)
{
    /// <summary>The name of the client that fetches.</summary>
    public const string HttpClient = "media";

    /// <summary>How many uploads a conversation remembers; the oldest are forgotten.</summary>
    private const int MostRemembered = 60;

    private const int InMemory = 256 * 1024;

    /// <summary>The message as 8x8 takes it, and all uploads of the conversation.</summary>
    /// <param name="known">Attachment ids of earlier uploads, by <see cref="Key"/>.</param>
    /// <param name="limits">The channel's.</param>
    /// <param name="atMost">How long it may take.</param>
    public async Task<(OutgoingMessage Message, IReadOnlyDictionary<string, string> Uploads)> ResolveAsync(
        Endpoint endpoint, ChatGatewayAccount account, string conversationId, OutgoingMessage message,
        IReadOnlyDictionary<string, string> known, ChannelLimits limits, TimeSpan atMost, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(atMost < options.Value.Timeout ? atMost : options.Value.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var attachments = new List<AttachmentReference>(message.Attachments ?? []);
        var text = message.Text;
        foreach (var file in message.Media ?? [])
        {
            var key = Key(file.Url);
            try
            {
                if (!known.TryGetValue(key, out var id))
                {
                    (id, var content) = await UploadAsync(endpoint, account, conversationId, file, known, either.Token);
                    known = known.Where(one => one.Key != content).TakeLast(MostRemembered - 2).Append(new(key, id)).Append(new(content, id)).ToDictionary();
                }

                attachments.Add(new(id));
            }
            catch (Exception failed) when (!cancellation.IsCancellationRequested && failed is MediaException or HttpRequestException
                or ChatGatewayException or IOException or OperationCanceledException)
            {
                Log.Linked(log, conversationId, failed is OperationCanceledException ? "It took too long." : failed.Message);
                var url = await LinkAsync(endpoint, file.Url, cancellation);
                // A fresh URL may be longer than the Flow's, for which there is room.
                var room = limits.Text - url.Length - 1;
                var line = room > 0 ? TextSplitter.Shorten(text ?? file.Alt ?? file.Name ?? "", room) : "";
                text = line.Length == 0 ? url : $"{line}\n{url}";
            }
        }

        return (message with { Text = text, Attachments = attachments.Count > 0 ? attachments : null, Media = null }, known);
    }

    /// <summary>What stands for a file in the conversation's memory: by its URL, and by its content and name.</summary>
    public static string Key(string file) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file)).AsSpan(0, 12));

    /// <returns>The attachment, and the key of its content: the same file may come by many URLs.</returns>
    private async Task<(string Id, string Content)> UploadAsync(
        Endpoint endpoint, ChatGatewayAccount account, string conversationId, MediaFile file, IReadOnlyDictionary<string, string> known,
        CancellationToken cancellation)
    {
        var most = Math.Min(file.MaxBytes ?? long.MaxValue, options.Value.MaxBytes);
        if (await files.OfUrlAsync(endpoint, file.Url, cancellation) is { } own)
        {
            if (own.Size > most) throw new MediaException($"The file has {own.Size} bytes; {most} are taken.");
            await using var stored = await OpenAsync(endpoint, own, cancellation);
            return await UploadAsync(account, conversationId, file with { Name = file.Name ?? own.Name }, stored, most, known, cancellation);
        }

        using var response = await http.CreateClient(HttpClient).GetAsync(new Uri(file.Url), HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode) throw new MediaException($"The file's server answered {(int)response.StatusCode}.");
        if (response.Content.Headers.ContentLength > most) throw new MediaException($"The file has {response.Content.Headers.ContentLength} bytes; {most} are taken.");
        return await UploadAsync(
            account, conversationId, file, await response.Content.ReadAsStreamAsync(cancellation), most, known, cancellation);
    }

    /// <summary>Each store has faults of its own.</summary>
    private async Task<Stream> OpenAsync(Endpoint endpoint, StoredFile own, CancellationToken cancellation)
    {
        try
        {
            return await files.OpenAsync(endpoint, own, cancellation)
                ?? throw new MediaException("The file is not in the Endpoint's storage any more.");
        }
        catch (Exception failed) when (failed is not (MediaException or OperationCanceledException))
        {
            throw new MediaException($"The Endpoint's storage failed. {StoredFiles.Told(failed)}");
        }
    }

    /// <summary>A file of our own gets a URL that works from now on: the one the Flow has may have expired.</summary>
    private async Task<string> LinkAsync(Endpoint endpoint, string url, CancellationToken cancellation)
    {
        try
        {
            return await files.OfUrlAsync(endpoint, url, cancellation) is { } own
                && await files.LinkAsync(endpoint, own, cancellation) is { } fresh ? fresh : url;
        }
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            Log.NoLink(log, StoredFiles.Told(failed));
            return url;
        }
    }

    private async Task<(string Id, string Content)> UploadAsync(
        ChatGatewayAccount account, string conversationId, MediaFile file, Stream source, long most,
        IReadOnlyDictionary<string, string> known, CancellationToken cancellation)
    {
        // On disk where it is large; uploaded with its length, and again after 429.
        await using var content = new FileBufferingReadStream(source, InMemory, most, Path.GetTempPath());
        await content.DrainAsync(cancellation);
        if (content.Length == 0) throw new MediaException("The file is empty.");
        var type = await TypeAsync(content, cancellation);
        if (!type.Is(file.Kind)) throw new MediaException($"The file is {type.ContentType}, not of the kind {file.Kind}.");
        if (file.Types is { } types && (!types.TryGetValue(type.ContentType, out var mostOfType) || content.Length > mostOfType))
            throw new MediaException($"The channel takes no {type.ContentType} of {content.Length} bytes.");
        var upload = new NewAttachment(content, type.Name(file.Name ?? WebAddress.FileName(file.Url)), type.ContentType);
        var same = Key($"{Convert.ToHexString(await SHA256.HashDataAsync(content, cancellation))} {upload.FileName}");
        if (known.TryGetValue(same, out var id)) return (id, same);
        content.Position = 0;
        try
        {
            return ((await gateway.UploadAttachmentAsync(account, conversationId, upload, cancellation)).Id, same);
        }
        catch (ChatGatewayException doubtful) when (doubtful.Delivery == Delivery.Unknown)
        {
            content.Position = 0;
            return ((await gateway.UploadAttachmentAsync(account, conversationId, upload, cancellation)).Id, same);
        }
    }

    private static async Task<FileType> TypeAsync(FileBufferingReadStream content, CancellationToken cancellation)
    {
        var head = new byte[FileType.Head];
        content.Position = 0;
        var length = await content.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation);
        content.Position = 0;
        return FileType.Of(head.AsSpan(0, length));
    }

    private sealed class MediaException(string message) : Exception(message);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "A file for {ConversationId} was not uploaded; its URL is sent instead. {Reason}")]
        public static partial void Linked(ILogger logger, string conversationId, string reason);

        [LoggerMessage(2, LogLevel.Warning, "A stored file has no fresh URL. {Reason}")]
        public static partial void NoLink(ILogger logger, string reason);
    }
}
