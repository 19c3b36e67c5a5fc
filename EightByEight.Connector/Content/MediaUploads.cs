using System.Security.Cryptography;
using System.Text;
using EightByEight.Connector.ChatGateway;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Content;

/// <summary>
/// Fetches the files of a message and uploads them to 8x8 just before it is sent. Whatever goes wrong, the message goes out with the
/// file's URL instead. An upload in doubt is simply done again: an attachment that no message names is not shown.
/// </summary>
internal sealed partial class MediaUploads(
    IHttpClientFactory http, ChatGatewayClient gateway, IOptions<MediaOptions> options, TimeProvider time, ILogger<MediaUploads> log)
{
    /// <summary>The name of the client that fetches.</summary>
    public const string HttpClient = "media";

    /// <summary>How many uploads a conversation remembers; the oldest are forgotten.</summary>
    private const int MostRemembered = 50;

    private const int InMemory = 256 * 1024;

    /// <summary>The message as 8x8 takes it, and all uploads of the conversation.</summary>
    /// <param name="known">Attachment ids of earlier uploads, by <see cref="Key"/>.</param>
    /// <param name="atMost">How long it may take.</param>
    public async Task<(OutgoingMessage Message, IReadOnlyDictionary<string, string> Uploads)> ResolveAsync(
        ChatGatewayAccount account, string conversationId, OutgoingMessage message, IReadOnlyDictionary<string, string> known,
        TimeSpan atMost, CancellationToken cancellation)
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
                    id = await UploadAsync(account, conversationId, file, either.Token);
                    known = known.TakeLast(MostRemembered - 1).Append(new(key, id)).ToDictionary();
                }

                attachments.Add(new(id));
            }
            catch (Exception failed) when (!cancellation.IsCancellationRequested && failed is MediaException or HttpRequestException
                or ChatGatewayException or IOException or OperationCanceledException)
            {
                Log.Linked(log, conversationId, failed is OperationCanceledException ? "It took too long." : failed.Message);
                text = string.Join('\n', ((string?[])[text ?? file.Alt ?? file.Name, file.Url]).Where(line => !string.IsNullOrEmpty(line)));
            }
        }

        return (message with { Text = text, Attachments = attachments.Count > 0 ? attachments : null, Media = null }, known);
    }

    /// <summary>What stands for a URL in the conversation's memory.</summary>
    public static string Key(string url) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url)).AsSpan(0, 12));

    private async Task<string> UploadAsync(ChatGatewayAccount account, string conversationId, MediaFile file, CancellationToken cancellation)
    {
        var most = Math.Min(file.MaxBytes ?? long.MaxValue, options.Value.MaxBytes);
        using var response = await http.CreateClient(HttpClient).GetAsync(new Uri(file.Url), HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (!response.IsSuccessStatusCode) throw new MediaException($"The file's server answered {(int)response.StatusCode}.");
        if (response.Content.Headers.ContentLength > most) throw new MediaException($"The file has {response.Content.Headers.ContentLength} bytes; {most} are taken.");

        // On disk where it is large; uploaded with its length, and again after 429.
        await using var content = new FileBufferingReadStream(await response.Content.ReadAsStreamAsync(cancellation), InMemory, most, Path.GetTempPath());
        await content.DrainAsync(cancellation);
        if (content.Length == 0) throw new MediaException("The file is empty.");
        var type = await TypeAsync(content, cancellation);
        if (!type.Is(file.Kind)) throw new MediaException($"The file is {type.ContentType}, not of the kind {file.Kind}.");
        var upload = new NewAttachment(content, type.Name(file.Name ?? WebAddress.FileName(file.Url)), type.ContentType);
        try
        {
            return (await gateway.UploadAttachmentAsync(account, conversationId, upload, cancellation)).Id;
        }
        catch (ChatGatewayException doubtful) when (doubtful.Delivery == Delivery.Unknown)
        {
            content.Position = 0;
            return (await gateway.UploadAttachmentAsync(account, conversationId, upload, cancellation)).Id;
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
    }
}
