using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace EightByEight.Simulator;

/// <summary>The page, from embedded resources.</summary>
internal static class PageRoutes
{
    /// <summary>Scripts and styles of our own only; pictures from anywhere, because cards and messages show them.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: https: http:; "
        + "media-src https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly (string Path, string Resource, string Type)[] _files =
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/simulator.css", "simulator.css", "text/css; charset=utf-8"),
        ("/simulator.js", "simulator.js", "text/javascript; charset=utf-8"),
        ("/gateway.js", "gateway.js", "text/javascript; charset=utf-8"),
        ("/bubbles.js", "bubbles.js", "text/javascript; charset=utf-8"),
        ("/behaviour.js", "behaviour.js", "text/javascript; charset=utf-8"),
        ("/channelcards.js", "channelcards.js", "text/javascript; charset=utf-8"),
        ("/eventlog.js", "eventlog.js", "text/javascript; charset=utf-8"),
        ("/dom.js", "dom.js", "text/javascript; charset=utf-8"),
        ("/adaptivecards.min.js", "adaptivecards.min.js", "text/javascript; charset=utf-8"),
    ];

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (path, resource, type) in _files)
        {
            var content = Load($"Page/{resource}");
            routes.MapGet(path, (HttpContext context) =>
            {
                context.Response.Headers.ContentSecurityPolicy = Policy;
                context.Response.Headers.XContentTypeOptions = "nosniff";
                context.Response.Headers["Referrer-Policy"] = "no-referrer";
                context.Response.Headers.CacheControl = "no-cache";
                return Results.Bytes(content, type);
            });
        }
    }

    private static byte[] Load(string name)
    {
        using var stream = typeof(PageRoutes).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The resource {name} is not in the assembly; build the project again.");
        using var buffer = new MemoryStream();
        stream.CopyTo(buffer);
        return buffer.ToArray();
    }
}
