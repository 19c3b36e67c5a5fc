using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Files;
using EightByEight.Functions.Tests.Content;
using Endpoint = EightByEight.Connector.Endpoints.Endpoint;

namespace EightByEight.Functions.Tests.Files;

/// <summary>What becomes of the files that customers send, before the Flow hears of them.</summary>
public sealed class IncomingFilesTests(AzuriteFixture azurite, ClamdServer clamd)
{
    private static readonly FileStorageSettings s_azure = new() { Provider = "azure" };

    [Fact]
    public async Task Without_storage_8x8s_own_url_passes()
    {
        await using var of = new FilesOf(azurite.NewAccount());

        var file = await TakeAsync(of, await of.CreateAsync(new()), "https://files.8x8.com/a?signature=x");

        Assert.Equal(("linked", "https://files.8x8.com/a?signature=x", "image"), (file.Status, file.Url, file.Type));
    }

    [Fact]
    public async Task A_file_is_stored_and_is_what_its_bytes_say()
    {
        await using var server = await ServeAsync(FileServer.Png);
        await using var of = new FilesOf(azurite.NewAccount());
        var endpoint = await of.CreateAsync(s_azure);

        var file = await TakeAsync(of, endpoint, server.Url + "/a", type: "file", name: "../Plan.exe");

        Assert.Equal(new IncomingFile
        {
            Id = "att-1",
            Name = "Plan.exe.png",
            Type = "image",
            MimeType = "image/png",
            Size = FileServer.Png.Length,
            Status = "stored",
            Url = file.Url,
        }, file);
        Assert.Matches($"^{FilesOf.PublicUrl}/files/{endpoint.Id}/[0-9]{{8}}/[0-9a-f]{{40}}/Plan\\.exe\\.png$", file.Url);
        Assert.Equal(FileServer.Png, await ContentAsync(of, endpoint, file.Url!));
    }

    [Fact]
    public async Task A_turn_that_is_repeated_stores_one_file_under_the_same_url()
    {
        await using var server = await ServeAsync(FileServer.Png);
        var account = azurite.NewAccount();
        await using var of = new FilesOf(account);
        var endpoint = await of.CreateAsync(s_azure);
        var first = await TakeAsync(of, endpoint, server.Url);

        await using var another = new FilesOf(account);
        var second = await TakeAsync(another, endpoint, server.Url);

        Assert.Equal(first, second);
        Assert.Single(await of.Get<StoredFiles>().OfConversationAsync(endpoint.Id, "c1", Token).ToListAsync(Token));
    }

    [Fact]
    public async Task Another_connector_cannot_guess_a_files_place()
    {
        await using var one = new FilesOf(azurite.NewAccount());
        await using var other = new FilesOf(azurite.NewAccount());

        Assert.NotEqual(
            await one.Get<FileIndex>().IdAsync("e", "c", "v", "a", 0, Token), await other.Get<FileIndex>().IdAsync("e", "c", "v", "a", 0, Token));
    }

    [Fact]
    public async Task Signed_urls_are_given_where_they_are_asked_for()
    {
        await using var server = await ServeAsync(FileServer.Png);
        await using var of = new FilesOf(azurite.NewAccount());

        var file = await TakeAsync(of, await of.CreateAsync(s_azure with { Urls = "signed" }), server.Url);

        using var http = new HttpClient();
        Assert.Equal(FileServer.Png, await http.GetByteArrayAsync(new Uri(file.Url!), Token));
    }

    [Fact]
    public async Task A_large_file_is_too_large_and_its_url_goes_nowhere()
    {
        await using var server = await FileServer.StartAsync(async context =>
        {
            // No length is announced, and there is no end.
            while (!context.RequestAborted.IsCancellationRequested) await context.Response.Body.WriteAsync(new byte[10_000]);
        });
        await using var of = new FilesOf(azurite.NewAccount());

        var file = await TakeAsync(of, await of.CreateAsync(s_azure with { MaxBytes = 100_000 }), server.Url);

        Assert.Equal(("tooLarge", null), (file.Status, file.Url));
    }

    [Theory]
    [InlineData("image/*", "stored")]
    [InlineData("image/png", "stored")]
    [InlineData("application/pdf", "refused")]
    public async Task Types_are_limited_by_what_a_file_is(string allowed, string status)
    {
        await using var server = await ServeAsync(FileServer.Png);
        await using var of = new FilesOf(azurite.NewAccount());

        var file = await TakeAsync(of, await of.CreateAsync(s_azure with { AllowedTypes = [allowed] }), server.Url, name: "a.pdf");

        Assert.Equal((status, status == "stored"), (file.Status, file.Url is not null));
    }

    [Theory]
    [InlineData("notes.txt", "text/plain", "text/plain")]
    [InlineData("notes", "text/plain", "text/*")]
    [InlineData("list.csv", "text/csv", "text/csv")]
    [InlineData("list.docx", "text/plain", "text/plain")]
    [InlineData("page.html", "text/plain", null)]
    public async Task A_text_is_known_by_its_bytes_and_a_csv_by_its_name_too(string name, string type, string? allowed)
    {
        await using var server = await ServeAsync(Encoding.UTF8.GetBytes("Größe;Preis\r\n42;7 €\r\n"));
        await using var of = new FilesOf(azurite.NewAccount());

        var file = await TakeAsync(of, await of.CreateAsync(s_azure with { AllowedTypes = allowed is null ? [] : [allowed] }), server.Url, name: name);

        Assert.Equal(("stored", type, name == "notes" ? "notes.txt" : name), (file.Status, file.MimeType, file.Name));
    }

    [Theory]
    [InlineData("<html><script>alert(1)</script>")]
    [InlineData("Hello <svg onload=x>")]
    [InlineData("a\0b")]
    [InlineData("\u001b[2J")]
    public async Task What_a_browser_could_run_and_what_is_no_text_is_not_taken_for_one(string content)
    {
        await using var server = await ServeAsync(Encoding.UTF8.GetBytes(content));
        await using var of = new FilesOf(azurite.NewAccount());

        Assert.Equal("refused", (await TakeAsync(of, await of.CreateAsync(s_azure with { AllowedTypes = ["text/*"] }), server.Url, name: "a.txt")).Status);
    }

    [Theory]
    [InlineData("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")]
    [InlineData("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")]
    [InlineData("ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation")]
    [InlineData("mimetype:application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text")]
    [InlineData("mimetype:application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet")]
    [InlineData("mimetype:application/vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.presentation")]
    [InlineData("word/document.xml word/vbaProject.bin", "application/zip")]
    [InlineData("word/document.xml.exe", "application/zip")]
    [InlineData("mimetype:text/html", "application/zip")]
    public async Task A_document_of_an_office_is_known_by_what_its_archive_holds(string entries, string type)
    {
        await using var server = await ServeAsync(Archive(entries.Split(' ')));
        await using var of = new FilesOf(azurite.NewAccount());

        var file = await TakeAsync(of, await of.CreateAsync(s_azure with { AllowedTypes = [type] }), server.Url, name: "a.pdf");

        Assert.Equal(("stored", type), (file.Status, file.MimeType));
    }

    [Fact]
    public async Task An_archive_that_is_cut_off_is_no_document()
    {
        await using var server = await ServeAsync(Archive("word/document.xml")[..^30]);
        await using var of = new FilesOf(azurite.NewAccount());

        Assert.Equal("application/zip", (await TakeAsync(of, await of.CreateAsync(s_azure), server.Url)).MimeType);
    }

    private static byte[] Archive(params string[] entries)
    {
        using var target = new MemoryStream();
        using (var archive = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var entry in entries)
            {
                using var writer = new StreamWriter(archive.CreateEntry(entry.Split(':')[0], CompressionLevel.NoCompression).Open());
                writer.Write(entry.Split(':')[^1]);
            }

        return target.ToArray();
    }

    [Fact]
    public async Task A_store_that_fails_costs_the_file_and_not_the_message()
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/file" ? 200 : 403;
            return context.Request.Path == "/file" ? context.Response.Body.WriteAsync(FileServer.Png).AsTask() : Task.CompletedTask;
        });
        await using var of = new FilesOf(azurite.NewAccount());
        var endpoint = await of.CreateAsync(
            new() { Provider = "s3", S3 = new() { AccessKeyId = "key", Bucket = "files", CustomUrl = server.Url } },
            ("fileStorage.s3.secretAccessKey", "secret"));

        var file = await TakeAsync(of, endpoint, server.Url + "/file");

        Assert.Equal(("failed", null), (file.Status, file.Url));
    }

    [Fact]
    public async Task A_store_that_hangs_is_waited_for_so_long_and_no_longer()
    {
        await using var server = await FileServer.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var of = new FilesOf(azurite.NewAccount());
        var endpoint = await of.CreateAsync(s_azure);
        of.Time.AutoAdvanceAmount = TimeSpan.FromSeconds(1);

        var taking = TakeAsync(of, endpoint, server.Url);
        await Eventually.GetAsync(() => server.Asked.Count, asked => asked > 0, "a request for the file");
        of.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("failed", (await taking).Status);
    }

    [Fact]
    public async Task An_infected_file_is_quarantined_and_nobody_gets_its_url()
    {
        await using var server = await ServeAsync(Encoding.ASCII.GetBytes("x " + ClamdServer.Marker));
        await using var of = new FilesOf(azurite.NewAccount(), await ClamAsync());
        var endpoint = await of.CreateAsync(s_azure with { Scan = "clamav" });

        var file = await TakeAsync(of, endpoint, server.Url);

        Assert.Equal(("infected", null), (file.Status, file.Url));
        var stored = Assert.Single(await of.Get<StoredFiles>().OfConversationAsync(endpoint.Id, "c1", Token).ToListAsync(Token));
        Assert.Equal(ClamdServer.Infection, stored.Reason);
        Assert.Null(await of.Get<StoredFiles>().FindAsync(stored.Id, Token));
        var store = (await of.Get<FileStores>().OfAsync(endpoint, Token))!;
        Assert.Null(await store.OpenAsync(stored.Id.Object, Token));
        Assert.NotNull(await store.OpenAsync(stored.Id.Quarantine, Token));
    }

    [Fact]
    public async Task A_clean_file_is_offered()
    {
        await using var server = await ServeAsync(FileServer.Png);
        await using var of = new FilesOf(azurite.NewAccount(), await ClamAsync());

        var file = await TakeAsync(of, await of.CreateAsync(s_azure with { Scan = "clamav" }), server.Url);

        Assert.Equal(("stored", true), (file.Status, file.Url is not null));
    }

    [Fact]
    public async Task While_the_scanner_is_down_files_are_withheld()
    {
        await using var server = await ServeAsync(FileServer.Png);
        await using var of = new FilesOf(azurite.NewAccount(), new Dictionary<string, string?>
        {
            ["Connector:Files:ClamAvHost"] = "127.0.0.1",
            ["Connector:Files:ClamAvPort"] = "1",
        });

        var file = await TakeAsync(of, await of.CreateAsync(s_azure with { Scan = "clamav" }), server.Url);

        Assert.Equal(("unscanned", null), (file.Status, file.Url));
    }

    [Theory]
    [InlineData("No threats found", "stored")]
    [InlineData("Malicious", "infected")]
    public async Task Defenders_verdict_is_waited_for(string tag, string status)
    {
        await using var server = await ServeAsync(FileServer.Png);
        await using var of = new FilesOf(azurite.NewAccount());
        var endpoint = await of.CreateAsync(s_azure with { Scan = "defender", ScanWaitSeconds = 10 });
        var id = await of.Get<FileIndex>().IdAsync(endpoint.Id, "c1", "e1", "0 att-1", of.Time.GetUtcNow().ToUnixTimeMilliseconds(), Token);

        var taking = TakeAsync(of, endpoint, server.Url);
        var blob = of.Get<EightByEight.Connector.ConnectorStorage>().FileContainer("files").GetBlobClient(id.Quarantine);
        await Eventually.GetAsync(async () => (await blob.ExistsAsync()).Value, there => there, "the file in quarantine");
        await blob.SetTagsAsync(new Dictionary<string, string> { [AzureBlobs.VerdictTag] = tag });
        var file = await Eventually.GetAsync(() =>
        {
            of.Time.Advance(TimeSpan.FromMilliseconds(500));
            return taking.IsCompleted;
        }, done => done, "a verdict");

        Assert.Equal(status, (await taking).Status);
        Assert.True(file);
    }

    [Fact]
    public async Task An_expired_url_is_replaced_by_8x8s_download_api()
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path.Value!.EndsWith("/content", StringComparison.Ordinal) ? 200 : 403;
            return context.Response.StatusCode == 200 ? context.Response.Body.WriteAsync(FileServer.Png).AsTask() : Task.CompletedTask;
        });
        await using var of = new FilesOf(azurite.NewAccount());
        var account = new ChatGatewayAccount(new Uri(server.Url), "key", "acme01");

        var file = await TakeAsync(of, await of.CreateAsync(s_azure), server.Url + "/expired", account: account);

        Assert.Equal("stored", file.Status);
        Assert.Equal(["/expired", "/chat-gateway/v1/conversations/c1/attachments/att-1/content"], server.Asked);
    }

    [Fact]
    public void A_flow_reads_each_files_status_and_no_url_of_8x8s_that_leads_around_the_storage()
    {
        var data = new JsonObject { ["request"] = JsonNode.Parse(Body("https://files.8x8.com/a")) };

        IncomingFile.Show([new() { Id = "att-1", Name = "a.exe", Type = "file", Size = 3, MimeType = "x/y", Status = "infected" }], data);

        Assert.Equal("""[{"id":"att-1","name":"a.exe","url":null,"type":"file","mimeType":"x/y","size":3,"status":"infected"}]""",
            data["attachments"]!.ToJsonString());
        Assert.DoesNotContain("files.8x8.com", data.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retention_deletes_the_files_of_days_that_are_over_and_no_others()
    {
        await using var server = await ServeAsync(FileServer.Png);
        await using var of = new FilesOf(azurite.NewAccount());
        var endpoint = await of.CreateAsync(s_azure);
        var now = of.Time.GetUtcNow();
        var old = await TakeAsync(of, endpoint, server.Url, eventId: "old", at: now.AddDays(-31));
        var kept = await TakeAsync(of, endpoint, server.Url, eventId: "new", at: now.AddDays(-30));

        var deleted = await of.Get<StoredFiles>().DeleteBeforeAsync(endpoint.Id, now.AddDays(-30), Token);

        Assert.Equal(1, deleted);
        Assert.Null(await of.Get<StoredFiles>().OfUrlAsync(endpoint, old.Url!, Token));
        Assert.Equal(FileServer.Png, await ContentAsync(of, endpoint, kept.Url!));
        Assert.Single(await of.Get<StoredFiles>().OfConversationAsync(endpoint.Id, "c1", Token).ToListAsync(Token));
    }

    [Fact]
    public async Task A_customers_files_are_erased_with_the_conversation()
    {
        await using var server = await ServeAsync(FileServer.Png);
        await using var of = new FilesOf(azurite.NewAccount());
        var endpoint = await of.CreateAsync(s_azure);
        await TakeAsync(of, endpoint, server.Url);
        var stored = Assert.Single(await of.Get<StoredFiles>().OfConversationAsync(endpoint.Id, "c1", Token).ToListAsync(Token));

        Assert.Equal(1, await of.Get<StoredFiles>().DeleteConversationAsync(endpoint.Id, "c1", Token).CountAsync(Token));

        Assert.Empty(await of.Get<StoredFiles>().OfConversationAsync(endpoint.Id, "c1", Token).ToListAsync(Token));
        Assert.Null(await (await of.Get<FileStores>().OfAsync(endpoint, Token))!.OpenAsync(stored.Object, Token));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<FileServer> ServeAsync(byte[] content) =>
        FileServer.StartAsync(context => context.Response.Body.WriteAsync(content).AsTask());

    private async Task<IReadOnlyDictionary<string, string?>> ClamAsync() => new Dictionary<string, string?>
    {
        ["Connector:Files:ClamAvHost"] = "127.0.0.1",
        ["Connector:Files:ClamAvPort"] = (await clamd.PortAsync()).ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static string Body(string? url, string type = "image", string name = "a.png") => new JsonObject
    {
        ["eventType"] = "MESSAGE",
        ["data"] = new JsonObject
        {
            ["attachments"] = new JsonArray(new JsonObject { ["id"] = "att-1", ["type"] = type, ["fileName"] = name, ["preSignedUrl"] = url }),
        },
    }.ToJsonString();

    private static async Task<IncomingFile> TakeAsync(
        FilesOf of, Endpoint endpoint, string url, string type = "image", string name = "a.png", ChatGatewayAccount? account = null,
        string eventId = "e1", DateTimeOffset? at = null)
    {
        var stored = new StoredEvent
        {
            EventId = eventId,
            EventType = "MESSAGE",
            ConversationId = "c1",
            Timestamp = 0,
            ReceivedAt = (at ?? of.Time.GetUtcNow()).ToUnixTimeMilliseconds(),
            Body = default,
        };
        return Assert.Single(await of.Get<IncomingFiles>().TakeInAsync(
            endpoint, stored, JsonElement.Parse(Body(url, type, name)), _ => Task.FromResult(account), TimeSpan.FromMinutes(1), Token));
    }

    private static async Task<byte[]> ContentAsync(FilesOf of, Endpoint endpoint, string url)
    {
        var files = of.Get<StoredFiles>();
        await using var content = await files.OpenAsync(endpoint, (await files.OfUrlAsync(endpoint, url, Token))!, Token);
        var read = new MemoryStream();
        await content!.CopyToAsync(read, Token);
        return read.ToArray();
    }
}
