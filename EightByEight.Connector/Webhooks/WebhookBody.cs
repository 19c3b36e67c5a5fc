using Microsoft.AspNetCore.Http;

namespace EightByEight.Connector.Webhooks;

/// <summary>Reads the body of a webhook request.</summary>
internal static class WebhookBody
{
    /// <returns>The body; null when it is over <see cref="WebhookHandler.MaxBody"/>.</returns>
    public static async ValueTask<byte[]?> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.ContentLength is { } length)
        {
            if (length > WebhookHandler.MaxBody) return null;
            var body = new byte[length];
            await request.Body.ReadExactlyAsync(body, cancellation);
            return body;
        }

        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        while (await request.Body.ReadAsync(chunk, cancellation) is var read and > 0)
        {
            if (buffer.Length + read > WebhookHandler.MaxBody) return null;
            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }
}
