using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticFiles;

namespace EightByEight.Simulator;

/// <summary>The files that <c>preSignedUrl</c> names: without a key, for a time.</summary>
internal static class FileRoutes
{
    private static readonly FileExtensionContentTypeProvider s_types = new();

    public static void Map(IEndpointRouteBuilder routes, ChatGatewaySimulator gateway) =>
        routes.MapGet("/files/{conversationId}/{attachmentId}", (string conversationId, string attachmentId, long expires, HttpContext context) =>
        {
            if (gateway.Options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds() > expires)
                return Results.Problem("This address has expired.", statusCode: StatusCodes.Status403Forbidden);
            if (gateway.AttachmentOrNull(conversationId, attachmentId) is not { } attachment)
                return Results.Problem("There is no such file.", statusCode: StatusCodes.Status404NotFound);
            // A customer's file may be a page: it must not act as one of the simulator's own.
            context.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return Results.Bytes(attachment.Content, MediaType(attachment.Filename));
        });

    /// <summary>The attachment's id cannot be guessed, so the address is as good as a signed one.</summary>
    public static string PreSignedUrl(string baseUrl, string conversationId, Attachment attachment, DateTimeOffset expires) => string.Create(
        CultureInfo.InvariantCulture, $"{baseUrl}/files/{conversationId}/{attachment.Id}?expires={expires.ToUnixTimeMilliseconds()}");

    /// <summary><c>image</c>, <c>video</c>, <c>audio</c> or <c>file</c>, as events name it.</summary>
    public static string KindOf(string filename) =>
        MediaType(filename).Split('/')[0] is ("image" or "video" or "audio") and var kind ? kind : "file";

    private static string MediaType(string filename) =>
        s_types.TryGetContentType(filename, out var type) ? type : "application/octet-stream";
}
