using System.Net;
using System.Security.Cryptography;
using System.Text;
using EightByEight.Connector.Files;

namespace EightByEight.Functions.Tests.Files;

/// <summary>What every store does.</summary>
public abstract class FileStoreContract
{
    private const string Name = "endpoint/20260301/0123456789abcdef0123456789abcdef01234567";
    private static readonly FileHeaders s_headers = new("image/png", "Grüße & Küsse.png");

    [Fact]
    public async Task A_file_is_read_back_byte_for_byte()
    {
        await using var files = await OpenAsync();
        var content = RandomNumberGenerator.GetBytes(1_500_000);

        await files.Store.WriteAsync(Name, new MemoryStream(content), "image/png", Token);

        Assert.Equal(content, await ReadAsync(files.Store, Name));
    }

    [Fact]
    public async Task A_file_that_is_written_again_is_replaced()
    {
        await using var files = await OpenAsync();
        await files.Store.WriteAsync(Name, new MemoryStream([1, 2, 3]), "image/png", Token);

        await files.Store.WriteAsync(Name, new MemoryStream([4]), "image/png", Token);

        Assert.Equal([4], await ReadAsync(files.Store, Name));
    }

    [Fact]
    public async Task A_deleted_file_is_gone_and_can_be_deleted_again()
    {
        await using var files = await OpenAsync();
        await files.Store.WriteAsync(Name, new MemoryStream([1]), "image/png", Token);

        await files.Store.DeleteAsync(Name, Token);
        await files.Store.DeleteAsync(Name, Token);

        Assert.Null(await files.Store.OpenAsync(Name, Token));
    }

    [Fact]
    public async Task A_signed_url_gives_the_file_to_anybody_by_its_type_and_name()
    {
        await using var files = await OpenAsync();
        await files.Store.WriteAsync(Name, new MemoryStream([1, 2, 3]), "image/png", Token);

        var url = await files.Store.SignedUrlAsync(Name, s_headers, TimeSpan.FromMinutes(5), Token);

        using var http = new HttpClient();
        using var answer = await http.GetAsync(url, Token);
        Assert.Equal([1, 2, 3], await answer.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal("image/png", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(s_headers.FileName, answer.Content.Headers.ContentDisposition!.FileNameStar);
    }

    [Fact]
    public async Task A_signed_url_is_for_one_file_and_for_a_time()
    {
        await using var files = await OpenAsync();
        await BindsAsync(files);
    }

    private protected virtual async Task BindsAsync(OpenStore files)
    {
        foreach (var name in (string[])[Name, Name + "2"]) await files.Store.WriteAsync(name, new MemoryStream([1]), "image/png", Token);
        var one = await files.Store.SignedUrlAsync(Name, s_headers, TimeSpan.FromMinutes(5), Token);
        files.Of.Time.AdjustTime(files.Of.Time.GetUtcNow() - TimeSpan.FromHours(2));
        var over = await files.Store.SignedUrlAsync(Name, s_headers, TimeSpan.FromHours(1), Token);

        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(one, Token)).StatusCode);
        using var other = await http.GetAsync(new Uri(one.AbsoluteUri.Replace(Name, Name + "2", StringComparison.Ordinal)), Token);
        Assert.False(other.IsSuccessStatusCode);
        using var tooLate = await http.GetAsync(over, Token);
        Assert.False(tooLate.IsSuccessStatusCode);
    }

    private protected abstract Task<OpenStore> OpenAsync();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected static async Task<byte[]> ReadAsync(IFileStore store, string name)
    {
        await using var stored = await store.OpenAsync(name, Token);
        var read = new MemoryStream();
        await stored!.CopyToAsync(read, Token);
        return read.ToArray();
    }

    private protected sealed record OpenStore(FilesOf Of, IFileStore Store, IAsyncDisposable? Server = null) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Of.DisposeAsync();
            if (Server is not null) await Server.DisposeAsync();
        }
    }
}

/// <summary>Azure Blob Storage by the account's key, on Azurite.</summary>
public sealed class AzureBlobsTests(AzuriteFixture azurite) : FileStoreContract
{
    private protected override async Task<OpenStore> OpenAsync()
    {
        var of = new FilesOf(azurite.NewAccount());
        var account = azurite.NewAccountName();
        return new(of, await of.StoreAsync(
            new() { Provider = "azure", Azure = new() { AccountName = account, CustomUrl = $"http://127.0.0.1:{azurite.Azurite.BlobPort}/{account}" } },
            ("fileStorage.azure.accountKey", azurite.Azurite.ConnectionString().Split("AccountKey=")[1].Split(';')[0])));
    }

    [Fact]
    public async Task Settings_that_were_allowed_before_send_no_token_of_the_app_elsewhere()
    {
        await using var of = new FilesOf(azurite.NewAccount());
        var refused = await Assert.ThrowsAsync<FileStoreException>(() => of.StoreAsync(
            new() { Provider = "azure", Azure = new() { AccountName = "acme", CustomUrl = "https://files.example.com" } }));
        Assert.Contains("fileStorage.azure.accountKey", refused.Message, StringComparison.Ordinal);
    }
}

/// <summary>The connector's own storage account, for who names no other.</summary>
public sealed class OwnAccountTests(AzuriteFixture azurite) : FileStoreContract
{
    private protected override async Task<OpenStore> OpenAsync()
    {
        var of = new FilesOf(azurite.NewAccount());
        return new(of, await of.StoreAsync(new() { Provider = "azure" }));
    }
}

/// <summary>A server that speaks S3.</summary>
public sealed class S3BucketTests(AzuriteFixture azurite, S3Server s3) : FileStoreContract
{
    private protected override async Task<OpenStore> OpenAsync()
    {
        var of = new FilesOf(azurite.NewAccount());
        return new(of, await of.StoreAsync(Settings(await s3.UrlAsync()), ("fileStorage.s3.secretAccessKey", S3Server.Key)));
    }

    /// <summary>The test server checks no signatures of version 4: they are computed anew, by Amazon's description of them.</summary>
    private protected override async Task BindsAsync(OpenStore files)
    {
        var one = await files.Store.SignedUrlAsync("a/name", new("image/png", "a b.png"), TimeSpan.FromMinutes(5), Token);
        var signed = Query(one)["X-Amz-Signature"];

        Assert.Equal(Signature(one), signed);
        Assert.InRange(int.Parse(Query(one)["X-Amz-Expires"], System.Globalization.CultureInfo.InvariantCulture), 290, 310);
        foreach (var (part, other) in new[] { ("a/name", "a/other"), ("X-Amz-Expires=", "X-Amz-Expires=9"), ("image%2Fpng", "text%2Fhtml") })
        {
            Assert.Contains(part, one.AbsoluteUri, StringComparison.Ordinal);
            Assert.NotEqual(signed, Signature(new Uri(one.AbsoluteUri.Replace(part, other, StringComparison.Ordinal))));
        }
    }

    /// <summary>Signature version 4 of a GET whose parameters are in its query.</summary>
    private static string Signature(Uri url)
    {
        static byte[] Mac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
        var query = Query(url);
        var canonical = string.Join('\n',
            "GET", url.AbsolutePath,
            string.Join('&', query.Where(pair => pair.Key != "X-Amz-Signature")
                .Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}").Order(StringComparer.Ordinal)),
            $"host:{url.Authority}\n", "host", "UNSIGNED-PAYLOAD");
        var scope = query["X-Amz-Credential"].Split('/', 2)[1];
        var text = string.Join('\n', query["X-Amz-Algorithm"], query["X-Amz-Date"], scope,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical))));
        var key = scope.Split('/').Aggregate(Encoding.UTF8.GetBytes("AWS4" + S3Server.Key), Mac);
        return Convert.ToHexStringLower(Mac(key, text));
    }

    private static Dictionary<string, string> Query(Uri url) =>
        Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(url.Query).ToDictionary(pair => pair.Key, pair => pair.Value.ToString());

    [Fact]
    public async Task A_server_that_stores_what_it_does_not_understand_is_found_out()
    {
        // As servers do that take the frames of chunked encoding for content.
        byte[]? stored = null;
        await using var server = await Content.FileServer.StartAsync(async context =>
        {
            if (context.Request.Method == "PUT")
            {
                var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                stored = [.. "8;chunk"u8, .. body.ToArray()];
            }
            else await context.Response.Body.WriteAsync(stored!);
        });
        await using var of = new FilesOf(azurite.NewAccount());
        var store = await of.StoreAsync(Settings(server.Url), ("fileStorage.s3.secretAccessKey", "secret"));

        var failed = await Assert.ThrowsAsync<FileStoreException>(
            () => store.WriteAsync("name", new MemoryStream([1, 2, 3]), "image/png", Token));

        Assert.Equal("The S3-compatible server gave back other bytes than were written to files/name: it stores what it cannot read.", failed.Message);
    }

    [Fact]
    public async Task Another_server_gets_neither_chunked_encoding_nor_checksums_that_it_may_not_know()
    {
        var headers = "";
        byte[] stored = [];
        await using var server = await Content.FileServer.StartAsync(async context =>
        {
            if (context.Request.Method != "PUT")
            {
                await context.Response.Body.WriteAsync(stored);
                return;
            }

            headers = string.Join('\n', context.Request.Headers.Select(h => $"{h.Key}: {h.Value}"));
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            stored = body.ToArray();
        });
        await using var of = new FilesOf(azurite.NewAccount());
        var store = await of.StoreAsync(Settings(server.Url), ("fileStorage.s3.secretAccessKey", "secret"));

        await store.WriteAsync("name", new MemoryStream([1, 2, 3]), "image/png", Token);

        Assert.Equal([1, 2, 3], stored);
        Assert.DoesNotContain("aws-chunked", headers, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("STREAMING", headers, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("x-amz-checksum", headers, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("trailer", headers, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_private_address_is_no_store()
    {
        await using var of = new FilesOf(azurite.NewAccount(), new Dictionary<string, string?> { ["Connector:Files:AllowPrivateAddresses"] = "false" });
        var endpoint = await of.CreateAsync(
            Settings("https://127.0.0.1:9"), ("fileStorage.s3.secretAccessKey", "secret"));

        Assert.Contains("127.0.0.1 has no public address.", await of.Get<StoredFiles>().FaultAsync(endpoint, Token), StringComparison.Ordinal);
    }

    private static FileStorageSettings Settings(string url) => new()
    {
        Provider = "s3",
        S3 = new() { AccessKeyId = S3Server.Key, Bucket = S3Server.Bucket, CustomUrl = url },
    };
}

/// <summary>Google Cloud Storage, on a server that follows its documentation.</summary>
public sealed class GoogleBucketTests(AzuriteFixture azurite) : FileStoreContract
{
    private protected override async Task<OpenStore> OpenAsync()
    {
        var server = await GoogleServer.StartAsync();
        return await OpenAsync(server, server.PrivateKey);
    }

    [Fact]
    public async Task Other_bytes_in_the_store_are_found_out_by_its_checksum()
    {
        var server = await GoogleServer.StartAsync();
        server.Garbles = true;
        await using var files = await OpenAsync(server, server.PrivateKey);

        await Assert.ThrowsAsync<FileStoreException>(() => files.Store.WriteAsync("name", new MemoryStream([1, 2, 3]), "image/png", Token));
    }

    [Fact]
    public async Task A_private_key_may_have_the_escaped_line_breaks_of_its_json_file()
    {
        var server = await GoogleServer.StartAsync();
        await using var files = await OpenAsync(server, server.PrivateKey.ReplaceLineEndings("\\n"));

        await files.Store.WriteAsync("name", new MemoryStream([1]), "image/png", Token);

        Assert.Equal([1], await ReadAsync(files.Store, "name"));
    }

    private async Task<OpenStore> OpenAsync(GoogleServer server, string privateKey)
    {
        var of = new FilesOf(azurite.NewAccount(), new Dictionary<string, string?>
        {
            ["Connector:Files:GoogleStorageUrl"] = server.Url,
            ["Connector:Files:GoogleTokenUrl"] = server.Url + "/token",
        });
        return new(of, await of.StoreAsync(
            new() { Provider = "googleCloud", GoogleCloud = new() { Bucket = GoogleServer.Bucket, ClientEmail = GoogleServer.Email } },
            ("fileStorage.googleCloud.privateKey", privateKey)), server);
    }
}
