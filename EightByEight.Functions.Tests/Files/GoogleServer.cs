using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Files;

/// <summary>
/// Google Cloud Storage as its documentation describes it: tokens for a signed assertion (RFC 7523), the JSON API's insert, get and
/// delete of objects, and V4 signed URLs, which it checks from what arrives and not from what the connector meant to sign.
/// </summary>
internal sealed class GoogleServer : IAsyncDisposable
{
    public const string Bucket = "acme-files";
    public const string Email = "bot@acme.iam.gserviceaccount.com";
    private const string Token = "ya29.a-token";

    private readonly RSA _key = RSA.Create(2048);
    private readonly ConcurrentDictionary<string, (byte[] Content, string Type)> _objects = new();
    private readonly WebApplication _app;

    private GoogleServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public string Url => _app.Urls.Single();

    /// <summary>Set, it changes what is stored.</summary>
    public bool Garbles { get; set; }

    public string PrivateKey => _key.ExportPkcs8PrivateKeyPem();

    public static async Task<GoogleServer> StartAsync()
    {
        var server = new GoogleServer();
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, path) = (context.Request, context.Request.Path.Value!);
        if (path == "/token") await TokenAsync(context);
        else if (request.Query.ContainsKey("X-Goog-Signature")) await SignedAsync(context);
        else if (request.Headers.Authorization != $"Bearer {Token}") context.Response.StatusCode = 401;
        else if (path == $"/upload/storage/v1/b/{Bucket}/o" && request.Method == "POST" && request.Query["uploadType"] == "media")
            await InsertAsync(context);
        else if (Raw(context).Split('?')[0].Split($"/storage/v1/b/{Bucket}/o/") is ["", var escaped] && !escaped.Contains('/'))
            await ObjectAsync(context, Uri.UnescapeDataString(escaped));
        else context.Response.StatusCode = 404;
    }

    private async Task TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        var parts = form["assertion"].ToString().Split('.');
        var valid = form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" && _key.VerifyData(
            Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), WebEncoders.Base64UrlDecode(parts[2]), HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1);
        using var claims = JsonDocument.Parse(WebEncoders.Base64UrlDecode(parts[1]));
        if (!valid || claims.RootElement.GetProperty("iss").GetString() != Email
            || claims.RootElement.GetProperty("scope").GetString() != "https://www.googleapis.com/auth/devstorage.read_write")
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsJsonAsync(new { error = "invalid_grant" });
            return;
        }

        await context.Response.WriteAsJsonAsync(new { access_token = Token, expires_in = 3600, token_type = "Bearer" });
    }

    private async Task InsertAsync(HttpContext context)
    {
        var content = new MemoryStream();
        await context.Request.Body.CopyToAsync(content);
        var bytes = content.ToArray();
        if (Garbles) bytes[0] ^= 1;
        var name = context.Request.Query["name"].ToString();
        _objects[name] = (bytes, context.Request.ContentType!);
        await context.Response.WriteAsJsonAsync(new
        {
            kind = "storage#object",
            name,
            bucket = Bucket,
            size = bytes.Length.ToString(CultureInfo.InvariantCulture),
#pragma warning disable CA5351 // As the service reports it.
            md5Hash = Convert.ToBase64String(MD5.HashData(bytes)),
#pragma warning restore CA5351
        });
    }

    private async Task ObjectAsync(HttpContext context, string name)
    {
        if (!_objects.TryGetValue(name, out var known)) context.Response.StatusCode = 404;
        else if (context.Request.Method == "GET" && context.Request.Query["alt"] == "media") await context.Response.Body.WriteAsync(known.Content);
        else if (context.Request.Method == "DELETE")
        {
            _objects.TryRemove(name, out _);
            context.Response.StatusCode = 204;
        }
        else context.Response.StatusCode = 400;
    }

    /// <summary>Source: Google Cloud, "Canonical requests" and "Signatures" of V4 signing.</summary>
    private async Task SignedAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var raw = Raw(context).Split('?');
        var canonicalQuery = string.Join('&', raw[1].Split('&').Where(p => !p.StartsWith("X-Goog-Signature=", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        var canonical = $"GET\n{raw[0]}\n{canonicalQuery}\nhost:{context.Request.Host.Value}\n\nhost\nUNSIGNED-PAYLOAD";
        var date = query["X-Goog-Date"].ToString();
        var scope = $"{date[..8]}/auto/storage/goog4_request";
        var toSign = $"GOOG4-RSA-SHA256\n{date}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var signed = query["X-Goog-Credential"] == $"{Email}/{scope}" && query["X-Goog-SignedHeaders"] == "host" && _key.VerifyData(
            Encoding.UTF8.GetBytes(toSign), Convert.FromHexString(query["X-Goog-Signature"].ToString()), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var begin = DateTimeOffset.ParseExact(date, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        var until = begin.AddSeconds(long.Parse(query["X-Goog-Expires"].ToString(), CultureInfo.InvariantCulture));
        var name = Uri.UnescapeDataString(raw[0][$"/{Bucket}/".Length..]);
        if (!signed || until < DateTimeOffset.UtcNow) context.Response.StatusCode = signed ? 400 : 403;
        else if (!_objects.TryGetValue(name, out var known)) context.Response.StatusCode = 404;
        else
        {
            context.Response.ContentType = query["response-content-type"];
            context.Response.Headers.ContentDisposition = query["response-content-disposition"];
            await context.Response.Body.WriteAsync(known.Content);
        }
    }

    private static string Raw(HttpContext context) =>
        context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
}
