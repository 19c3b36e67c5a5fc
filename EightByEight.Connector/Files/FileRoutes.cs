using EightByEight.Connector.Endpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Files;

/// <summary>
/// <c>GET /files/{endpoint}/{day}/{key}/{name}</c>: a stored file, for everybody who knows its key. The name is for people only.
/// </summary>
internal sealed partial class FileRoutes(StoredFiles files, ImageCopies copies, EndpointDirectory endpoints, ILogger<FileRoutes> log)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMethods(FileAddresses.Path + "/{endpoint}/{day}/{key}/{name?}", [HttpMethods.Get, HttpMethods.Head],
            (HttpContext http, string endpoint, string day, string key) =>
                http.RequestServices.GetRequiredService<FileRoutes>().ServeAsync(http, new(endpoint, day, key)))
            .ExcludeFromDescription();

    private async Task ServeAsync(HttpContext http, FileId id)
    {
        try
        {
            var limits = ImageLimits.Of(http.Request.Query);
            if (await endpoints.FindAsync(id.EndpointId, pastCache: false, http.RequestAborted) is not { } endpoint
                || !IsId(id) || await files.FindAsync(id, http.RequestAborted) is not var (file, tag))
            {
                await RefuseAsync(http, 404, "There is no such file. It was deleted, or the URL is not complete.");
                return;
            }

            if (limits is not null && file.Type != "image")
                throw new ImageException(400, "Only images have maxWidth, maxHeight and maxFileSizeInBytes.");
            if (limits is not null && await copies.OpenAsync(endpoint, file, tag, limits, http.RequestAborted) is var (copy, headers))
                await SendAsync(http, copy, headers, copy.CanSeek ? copy.Length : null);
            else if (await files.OpenAsync(endpoint, file, http.RequestAborted) is { } content)
                await SendAsync(http, content, file.Headers, file.Size);
            else await RefuseAsync(http, 404, "The file is not in the store any more.");
        }
        catch (ImageException refused)
        {
            await RefuseAsync(http, refused.Status, refused.Message);
        }
        catch (Exception failed) when (!http.RequestAborted.IsCancellationRequested && !http.Response.HasStarted)
        {
            Log.StoreFailed(log, failed);
            http.Response.Clear();
            await RefuseAsync(http, 502, "The file storage does not answer as it should. Try again later.");
        }
    }

    /// <summary>Nothing that a customer sent may run in a browser, or name its own type there.</summary>
    private static async Task SendAsync(HttpContext http, Stream content, FileHeaders headers, long? length)
    {
        await using var source = content;
        var response = http.Response;
        response.ContentType = headers.ContentType;
        response.ContentLength = length;
        response.Headers.ContentDisposition = headers.ContentDisposition;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        response.Headers.CacheControl = "private, max-age=3600";
        if (HttpMethods.IsGet(http.Request.Method)) await source.CopyToAsync(response.Body, http.RequestAborted);
    }

    private static Task RefuseAsync(HttpContext http, int status, string detail) =>
        TypedResults.Problem(detail, statusCode: status).ExecuteAsync(http);

    private static bool IsId(FileId id) => FileAddresses.Parse($"https://files/{id.Object}", id.EndpointId) == id;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "A file could not be served.")]
        public static partial void StoreFailed(ILogger logger, Exception failed);
    }
}
