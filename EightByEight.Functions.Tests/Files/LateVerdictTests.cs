using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Files;
using EightByEight.Functions.Tests.Content;
using EightByEight.Functions.Tests.Conversations;
using Microsoft.Extensions.Configuration;
using Endpoint = EightByEight.Connector.Endpoints.Endpoint;

namespace EightByEight.Functions.Tests.Files;

/// <summary>A verdict of Defender that comes when the turn has long gone on.</summary>
public sealed class LateVerdictTests(AzuriteFixture azurite)
{
    private static readonly FileStorageSettings s_defender = new() { Provider = "azure", Scan = "defender", ScanWaitSeconds = 1 };

    [Fact]
    public async Task A_verdict_that_comes_after_the_wait_is_told_to_the_Flow_once_with_the_files_url()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: scans
            start:
              - say: "{{ input.data.attachments[0].name }} {{ input.data.attachments[0].status }} {{ input.data.scannedEvent ? 'later' : 'at once' }} {{ input.data.attachments[0].url }}"
            """, new JsonObject { ["fileStorage"] = JsonSerializer.SerializeToNode(new { provider = "azure", scan = "defender", scanWaitSeconds = 1 }) },
            configure: builder => builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Connector:Files:BaseUrl"] = "https://bot.example.com",
                ["Connector:Files:ScanPause"] = "00:00:01",
            }));
        var conversation = connector.Start();
        connector.Gateway.CustomerSendsFile(conversation, "plan.png", FileServer.Png);
        Assert.Equal(["plan.png scanning at once "], await connector.BotSaysAsync(conversation, 1));

        var endpoint = (await connector.Service<EightByEight.Connector.Endpoints.EndpointDirectory>().FindAsync(connector.EndpointId, false, Token))!;
        var file = Assert.Single(await connector.Service<StoredFiles>().OfConversationAsync(endpoint.Id, conversation, Token).ToListAsync(Token));
        await TagAsync(connector.Service<ConnectorStorage>(), file.Id, "No threats found");

        var said = (await connector.BotSaysAsync(conversation, 2))[1];
        Assert.Matches($"^plan.png stored later https://bot.example.com/files/{file.Id.Object}/plan.png$", said);
        using var http = new HttpClient();
        Assert.Equal(FileServer.Png, await http.GetByteArrayAsync(connector.Host.Url + new Uri(said.Split(' ')[^1]).AbsolutePath, Token));
        await connector.Service<LateVerdicts>().LookAsync(ScanKey.Of(file.Id), Token);
        Assert.Equal(2, (await connector.SettledAsync(conversation, 2))["turns"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("Malicious", "infected")]
    [InlineData("SAM259201: Scan failed - internal service error", "unscanned")]
    public async Task What_is_not_clean_stays_in_quarantine_and_the_Flow_learns_it_without_a_url(string tag, string status)
    {
        await using var of = new FilesOf(azurite.NewAccount());
        var (endpoint, file) = await TakeAsync(of);
        await TagAsync(of.Get<ConnectorStorage>(), file.Id, tag);

        await LookAsync(of, file);

        var told = await ToldAsync(of, endpoint);
        Assert.Equal((status, null, "e1"), ((string)told["attachments"]![0]!["status"]!, (string?)told["attachments"]![0]!["url"], (string)told["scannedEvent"]!));
        var store = (await of.Get<FileStores>().OfAsync(endpoint, Token))!;
        Assert.Null(await store.OpenAsync(file.Id.Object, Token));
        Assert.NotNull(await store.OpenAsync(file.Id.Quarantine, Token));
        Assert.Null(await of.Get<StoredFiles>().FindAsync(file.Id, Token));
    }

    [Fact]
    public async Task A_defender_that_never_says_anything_is_asked_so_often_and_no_more()
    {
        await using var of = new FilesOf(azurite.NewAccount(), new Dictionary<string, string?> { ["Connector:Files:ScanLooks"] = "3" });
        var (endpoint, file) = await TakeAsync(of);
        Assert.Equal(1, await QueuedAsync(of));

        await LookAsync(of, file);
        await LookAsync(of, file);
        Assert.Empty((await SnapshotAsync(of, endpoint)).Inbox);
        Assert.Equal(3, await QueuedAsync(of));
        await LookAsync(of, file);
        await LookAsync(of, file);

        Assert.Equal("unscanned", (string)(await ToldAsync(of, endpoint))["attachments"]![0]!["status"]!);
        // Three that look, and the two of the conversation.
        Assert.Equal(5, await QueuedAsync(of));
        Assert.Equal("Microsoft Defender for Storage never said anything.", (await of.Get<FileIndex>().FindAsync(file.Id, Token))!.Value.File.Reason);
    }

    [Fact]
    public async Task What_defender_itself_took_out_of_quarantine_is_withheld_and_said_so()
    {
        await using var of = new FilesOf(azurite.NewAccount());
        var (endpoint, file) = await TakeAsync(of);
        await Blob(of.Get<ConnectorStorage>(), file.Id).DeleteAsync(cancellationToken: Token);

        await LookAsync(of, file);

        Assert.Equal("unscanned", (string)(await ToldAsync(of, endpoint))["attachments"]![0]!["status"]!);
    }

    [Fact]
    public async Task Many_looks_at_a_time_tell_once()
    {
        await using var of = new FilesOf(azurite.NewAccount());
        var (endpoint, file) = await TakeAsync(of);
        await TagAsync(of.Get<ConnectorStorage>(), file.Id, "No threats found");

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => LookAsync(of, file)));

        Assert.Equal("stored", (string)(await ToldAsync(of, endpoint))["attachments"]![0]!["status"]!);
        var store = (await of.Get<FileStores>().OfAsync(endpoint, Token))!;
        Assert.NotNull(await store.OpenAsync(file.Id.Object, Token));
        Assert.Null(await store.OpenAsync(file.Id.Quarantine, Token));
    }

    /// <summary>At each request to storage that a look makes, it dies before it or after it; the wake-up comes again.</summary>
    [Fact]
    public async Task A_look_that_dies_anywhere_is_finished_by_the_next_and_tells_once()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var of = new FilesOf(proxy.ConnectionString);
        var crash = 0;
        for (var hasDied = true; hasDied; crash++)
        {
            var asked = 0;
            var (endpoint, file) = await TakeAsync(of, $"e{crash}", $"c{crash}");
            await TagAsync(of.Get<ConnectorStorage>(), file.Id, "No threats found");
            using var dying = new CancellationTokenSource();
            Task<bool> Dies()
            {
                if (asked++ != crash / 2) return Task.FromResult(false);
                dying.Cancel();
                return Task.FromResult(true);
            }

            if (crash % 2 == 0) proxy.Before = _ => Dies();
            else proxy.After = _ => Dies();
            var died = await Record.ExceptionAsync(() => of.Get<LateVerdicts>().LookAsync(ScanKey.Of(file.Id), dying.Token));
            (proxy.Before, proxy.After) = (null, null);
            hasDied = died is not null;

            await LookAsync(of, file);
            await LookAsync(of, file);

            Assert.Equal("stored", (string)(await ToldAsync(of, endpoint, $"c{crash}"))["attachments"]![0]!["status"]!);
            Assert.Null((await of.Get<FileIndex>().FindAsync(file.Id, Token))!.Value.File.Looks);
        }

        Assert.True(crash > 16, $"Only {crash} crashes.");
    }

    [Fact]
    public async Task Of_a_file_that_was_erased_nothing_is_left_and_nothing_is_told()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var of = new FilesOf(proxy.ConnectionString);
        var (endpoint, file) = await TakeAsync(of);
        await TagAsync(of.Get<ConnectorStorage>(), file.Id, "No threats found");
        // Erased just before the look writes down what it found.
        proxy.Before = async request =>
        {
            if (request is not { Service: "table", Method: "PUT" or "MERGE" or "PATCH" } || !request.Target.Contains("Files", StringComparison.Ordinal)) return false;
            proxy.Before = null;
            await of.Get<StoredFiles>().DeleteConversationAsync(endpoint.Id, "c1", Token).CountAsync(Token);
            return false;
        };

        await LookAsync(of, file);
        await LookAsync(of, file);

        Assert.Null(proxy.Before);
        Assert.Empty((await SnapshotAsync(of, endpoint)).Inbox);
        Assert.Null(await (await of.Get<FileStores>().OfAsync(endpoint, Token))!.OpenAsync(file.Id.Object, Token));
    }

    [Fact]
    public async Task A_wait_that_is_cut_off_by_the_time_for_all_files_loses_none()
    {
        await using var of = new FilesOf(azurite.NewAccount(), new Dictionary<string, string?> { ["Connector:Files:Timeout"] = "00:00:20" });

        var (_, file) = await TakeAsync(of, settings: s_defender with { ScanWaitSeconds = 60 });

        Assert.Equal(("scanning", 0), (file.Status, file.Looks));
    }

    [Fact]
    public async Task A_turn_that_is_repeated_after_a_crash_lets_the_file_be_looked_at_all_the_same()
    {
        await using var of = new FilesOf(azurite.NewAccount());
        var (endpoint, _) = await TakeAsync(of);
        await of.Get<ConnectorStorage>().WakeUps.ClearMessagesAsync(Token);

        await TakeAsync(of, endpoint: endpoint);

        Assert.Equal(1, await QueuedAsync(of));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task LookAsync(FilesOf of, StoredFile file) => of.Get<ConversationWorker>().ProcessAsync(
        new WakeUp { Key = ScanKey.Of(file.Id).ToString(), IsBackup = true }.ToMessage(), 1, Token);

    private static async Task<(Endpoint Endpoint, StoredFile File)> TakeAsync(
        FilesOf of, string eventId = "e1", string conversation = "c1", FileStorageSettings? settings = null, Endpoint? endpoint = null)
    {
        await using var server = await FileServer.StartAsync(context => context.Response.Body.WriteAsync(FileServer.Png).AsTask());
        endpoint ??= await of.Get<EightByEight.Connector.Endpoints.EndpointStore>().CreateAsync(new(new()
        {
            Name = $"Acme {eventId}",
            Flow = "welcome",
            EightByEight = new(),
            FileStorage = settings ?? s_defender,
        }, new Dictionary<string, string?>()), Token);
        var stored = new StoredEvent
        {
            EventId = eventId,
            EventType = "MESSAGE",
            ConversationId = conversation,
            Timestamp = 0,
            ReceivedAt = of.Time.GetUtcNow().ToUnixTimeMilliseconds(),
            Body = default,
        };
        var body = JsonElement.Parse($$$"""{"data":{"attachments":[{"id":"att-1","fileName":"a.png","preSignedUrl":"{{{server.Url}}}/a"}]}}""");
        var taking = of.Get<IncomingFiles>().TakeInAsync(endpoint, stored, body, _ => Task.FromResult<EightByEight.Connector.ChatGateway.ChatGatewayAccount?>(null),
            TimeSpan.FromMinutes(1), Token);
        await Eventually.GetAsync(() =>
        {
            of.Time.Advance(TimeSpan.FromMilliseconds(500));
            return taking.IsCompleted;
        }, done => done, "the end of the wait");
        var shown = Assert.Single(await taking);
        Assert.Equal(("scanning", null), (shown.Status, shown.Url));
        return (endpoint, Assert.Single(await of.Get<StoredFiles>().OfConversationAsync(endpoint.Id, conversation, Token).ToListAsync(Token)));
    }

    private static Azure.Storage.Blobs.BlobClient Blob(ConnectorStorage storage, FileId file) => storage.FileContainer("files").GetBlobClient(file.Quarantine);

    private static Task<Azure.Response> TagAsync(ConnectorStorage storage, FileId file, string tag) => Blob(storage, file).SetTagsAsync(
        new Dictionary<string, string> { [AzureBlobs.VerdictTag] = tag }, cancellationToken: Token);

    private static Task<Snapshot> SnapshotAsync(FilesOf of, Endpoint endpoint, string conversation = "c1") =>
        of.Get<ConversationStore>().ReadAsync(ConversationKey.Of(endpoint.Id, conversation), Token);

    /// <summary>The data of the one input that the Flow gets.</summary>
    private static async Task<JsonObject> ToldAsync(FilesOf of, Endpoint endpoint, string conversation = "c1")
    {
        var waiting = Assert.Single((await SnapshotAsync(of, endpoint, conversation)).Inbox);
        Assert.Equal(StoredEvent.Injected, waiting.Event.EventType);
        var body = await of.Get<ConversationStore>().ReadBodyAsync(ConversationKey.Of(endpoint.Id, conversation), waiting.Event.Body, Token);
        return JsonNode.Parse(body)!["data"]!.AsObject();
    }

    private static async Task<int> QueuedAsync(FilesOf of) =>
        (await of.Get<ConnectorStorage>().WakeUps.GetPropertiesAsync(Token)).Value.ApproximateMessagesCount;
}
