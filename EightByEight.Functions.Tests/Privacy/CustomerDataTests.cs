using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Files;
using EightByEight.Connector.Privacy;
using EightByEight.Functions.Tests.Content;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Files;
using EightByEight.Functions.Tests.Handover.Providers;
using EightByEight.Simulator;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>One customer's data are given out whole, and erased whole.</summary>
public sealed class CustomerDataTests(AzuriteFixture azurite, ClamdServer clamd)
{
    private const string Flow = """
        name: customers
        start:
          - set: { profile.said: "{{ input.text }}", context.said: "{{ input.text }}" }
          - say: "{{ input.text }}"
        """;

    private const string FilesFlow = """
        name: files
        start:
          - if: input.data.attachments
            then:
              - say: "{{ input.data.attachments[0].status }} {{ input.data.attachments[0].url }}"
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_that_rests_of_a_customer_is_exported_and_erased_wherever_it_rests_and_nothing_of_others()
    {
        var account = azurite.NewAccount();
        await using var connector = await TestConnector.StartAsync(azurite, Flow, new()
        {
            ["dataProtection"] = new JsonObject { ["contactProfiles"] = true },
        }, storage: account);
        var id = "ann/ä " + new string('x', 300);
        var large = "AnnMarker " + new string('y', 60_000);
        var conversation = connector.Start("AnnMarker hello", user: $$"""{"userId":"{{id}}","name":"AnnMarker"}""");
        var other = connector.Start("BobMarker hello", user: """{"userId":"bob"}""");
        await connector.SettledAsync(conversation, 1);
        connector.Gateway.CustomerSays(conversation, large);
        await connector.SettledAsync(conversation, 2);
        await connector.SettledAsync(other, 1);
        await connector.Gateway.SettledAsync();
        await connector.Service<EndpointLog>().AddAsync(connector.EndpointId,
            [new(DateTimeOffset.UtcNow, LogLevel.Error, "flow", "AnnMarker", conversation), new(DateTimeOffset.UtcNow, LogLevel.Error, "flow", "BobMarker", other)],
            Cancellation);
        var key = connector.KeyOf(conversation);
        await connector.Service<ConnectorStorage>().Conversations.UpsertEntityAsync(await connector.Service<ParkedWork>().PrepareAsync(key, new()
        {
            EventId = "AnnMarker-event",
            EventType = "MESSAGE",
            ConversationId = conversation,
            Timestamp = 1,
            ReceivedAt = 1,
            Body = new("""{"text":"AnnMarker"}"""u8.ToArray(), null),
        }, ParkedKind.Event, "x", "AnnMarker failed", Cancellation), TableUpdateMode.Replace, Cancellation);

        var url = $"/api/customers/{Uri.EscapeDataString(id)}";
        var lines = await ExportAsync(connector.Admin, url);
        var kinds = lines.Select(line => (string)line["kind"]!).ToHashSet();
        Assert.Superset(new HashSet<string>(["profile", "conversation", "turn", "eventId", "parked", "log", "analytics", "end"]), kinds);
        Assert.Equal(lines.Count - 1, (int)lines[^1]["lines"]!);
        Assert.Contains(lines, line => (string?)line["kind"] == "turn" && line.ToJsonString().Contains("AnnMarker hello", StringComparison.Ordinal));
        // Sealed at rest, open here.
        Assert.Contains(lines, line => (string?)line["kind"] == "conversation"
            && line["state"]!["session"]!["context"]!["said"]!.ToString().StartsWith("AnnMarker", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.ToJsonString().Contains("BobMarker", StringComparison.Ordinal));

        using var erased = await connector.Admin.DeleteAsync(url, Cancellation);
        Assert.Equal(HttpStatusCode.OK, erased.StatusCode);
        var receipt = (await erased.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!;
        Assert.Equal((1, 1), ((int)receipt["conversations"]!, (int)receipt["profiles"]!));
        Assert.NotNull(receipt["finishedAt"]);
        Assert.Contains("8x8", receipt["outside"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("Dashbot", receipt["outside"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ann", receipt.ToJsonString(), StringComparison.Ordinal);

        var rests = await EverythingAsync(account);
        Assert.DoesNotContain("AnnMarker", rests, StringComparison.Ordinal);
        Assert.DoesNotContain(key.Conversation, rests, StringComparison.Ordinal);
        Assert.DoesNotContain(ConversationKey.Escape(id), rests, StringComparison.Ordinal);
        Assert.Contains("BobMarker", rests, StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.NotFound, (await connector.Admin.GetAsync($"{url}/export", Cancellation)).StatusCode);
        Assert.Equal(receipt.ToJsonString(), (await connector.Admin.GetFromJsonAsync<JsonObject>($"/api/erasures/{receipt["id"]}", Cancellation))!.ToJsonString());
        var audit = await connector.Admin.GetStringAsync("/api/audit", Cancellation);
        Assert.Contains("customer.export", audit, StringComparison.Ordinal);
        Assert.Contains("customer.erase", audit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_are_exported_and_erased_with_their_rows_copies_and_what_is_in_quarantine()
    {
        var account = azurite.NewAccount();
        await using var connector = await TestConnector.StartAsync(azurite, FilesFlow, new()
        {
            ["dataProtection"] = Clear,
            ["fileStorage"] = new JsonObject { ["provider"] = "azure", ["scan"] = "clamav" },
        }, storage: account, options: await ScannedAsync());
        var (ann, bob) = (connector.Start(user: """{"userId":"ann"}"""), connector.Start(user: """{"userId":"bob"}"""));
        connector.Gateway.CustomerSendsFile(bob, "BobMarker.png", ImageSizeTests.Image(20, 10));
        await connector.BotSaysAsync(bob, 1);
        connector.Gateway.CustomerSendsFile(ann, "AnnMarker.png", ImageSizeTests.Image(200, 100));
        var said = (await connector.BotSaysAsync(ann, 1))[0];
        connector.Gateway.CustomerSendsFile(ann, "AnnMarker.txt", Encoding.ASCII.GetBytes("x " + ClamdServer.Marker));
        Assert.StartsWith("infected", (await connector.BotSaysAsync(ann, 2))[1], StringComparison.Ordinal);
        using var http = new HttpClient();
        await http.GetByteArrayAsync($"{connector.Host.Url}{new Uri(said["stored ".Length..]).AbsolutePath}?maxWidth=50", Cancellation);
        await connector.SettledAsync(ann, 2);
        await connector.SettledAsync(bob, 1);
        var objects = await ObjectsAsync(account);
        Assert.Equal((1, 1), (objects.Count(name => name.Contains('~', StringComparison.Ordinal)), objects.Count(name => name.StartsWith("quarantine/", StringComparison.Ordinal))));

        var exported = (await ExportAsync(connector.Admin, "/api/customers/ann")).Where(line => (string?)line["kind"] == "file").ToList();
        Assert.Equal([("AnnMarker.png", "stored", true), ("AnnMarker.txt", "infected", false)],
            exported.Select(file => ((string)file["name"]!, (string)file["status"]!, file["url"] is not null)).Order());

        using var erased = await connector.Admin.DeleteAsync("/api/customers/ann", Cancellation);
        Assert.Equal(2, (int)(await erased.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!["files"]!);
        var left = Assert.Single(await ObjectsAsync(account));
        Assert.DoesNotContain("AnnMarker", await EverythingAsync(account), StringComparison.Ordinal);
        Assert.DoesNotContain(ann, await EverythingAsync(account), StringComparison.Ordinal);
        Assert.Contains(left[(left.LastIndexOf('/') + 1)..], await EverythingAsync(account), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handover_of_another_bot_is_exported_then_ended_at_8x8_and_erased()
    {
        var account = azurite.NewAccount();
        await using var bot = await BotServer.StartAsync();
        bot.Answer = _ => Task.FromResult(500);
        await using var test = await TestHandover.StartAsync(azurite, bot.Url, account, more: new Dictionary<string, string?>
        {
            ["Connector:HandoverProviders:CallbackFor"] = "00:00:00.5",
        });
        var (ann, bob) = (await BeginAsync("ann", "AnnMarker"), await BeginAsync("bob", "BobMarker"));
        var conversation = (string)(await test.HasStatusAsync(ann, "queued"))["conversationId"]!;
        test.Gateway.AgentAccepts(conversation);
        test.Gateway.AgentSays(conversation, "AnnMarker of the agent");
        await test.SayAsync(ann, "m1", "AnnMarker " + new string('x', 9_000));
        await test.CustomerSaidAsync(conversation, 1);
        await Eventually.GetAsync(() => test.RowsAsync(), rows => rows.Any(row => row.RowKey.StartsWith("9|", StringComparison.Ordinal)
            && row.PartitionKey.EndsWith(ann, StringComparison.Ordinal)), "a callback that is parked", null, test.Logs);

        var exported = (await ExportAsync(test.Admin, "/api/customers/ann")).Where(line => (string?)line["kind"] == "handover").ToList();
        Assert.Contains(exported, line => line.ToJsonString().Contains("AnnMarker of the agent", StringComparison.Ordinal));
        Assert.DoesNotContain(exported, line => line.ToJsonString().Contains("BobMarker", StringComparison.Ordinal));

        using var erased = await test.Admin.DeleteAsync("/api/customers/ann", Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, erased.StatusCode);
        var receipt = (await erased.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!;
        Assert.Equal($"The handover {ann} is being ended at 8x8.", (string?)Assert.Single(receipt["pending"]!.AsArray()));
        await test.HasStatusAsync(ann, "completed");
        // What 8x8 tells of the end is told and taken.
        await test.Gateway.SettledAsync();
        await Eventually.GetAsync(() => test.RowsAsync(), rows => !rows.Any(row => row.RowKey.StartsWith("2|", StringComparison.Ordinal)
            && row.PartitionKey.EndsWith(ann, StringComparison.Ordinal)), "an empty inbox", null, test.Logs);
        await test.Host.Services.GetRequiredService<Sweeper>().SweepAsync(Cancellation);

        receipt = (await test.Admin.GetFromJsonAsync<JsonObject>($"/api/erasures/{receipt["id"]}", Cancellation))!;
        Assert.Equal((1, 0), ((int)receipt["handovers"]!, receipt["pending"]!.AsArray().Count));
        Assert.NotNull(receipt["finishedAt"]);
        var rests = await EverythingAsync(account);
        Assert.DoesNotContain("AnnMarker", rests, StringComparison.Ordinal);
        Assert.DoesNotContain(ann, rests, StringComparison.Ordinal);
        Assert.DoesNotContain(ConversationKey.Escape(conversation), rests, StringComparison.Ordinal);
        Assert.Contains(bob, rests, StringComparison.Ordinal);
        Assert.Equal("queued", (string?)(await test.GetAsync(bob))["status"]);

        async Task<string> BeginAsync(string user, string marker) => (string)(await test.BeginAsync(JsonNode.Parse($$"""
            { "reference": "ref {{marker}}", "queueId": "101", "user": { "userId": "{{user}}", "name": "{{marker}}" },
              "history": [ { "author": "user", "text": "{{marker}} in the history" } ] }
            """)!.AsObject()))["id"]!;
    }

    [Fact]
    public async Task What_transformers_keep_under_the_ids_of_a_conversation_is_exported_and_erased()
    {
        var account = azurite.NewAccount();
        await using var connector = await TestConnector.StartAsync(azurite, settings: Transforming("""
            handleInput: async ({ request, conversation }) => {
              const text = request.body.data?.text ?? "";
              if (text.startsWith("ann ")) (await getSessionStorage("ann", conversation.sessionId ?? conversation.id)).said = text;
              return text.startsWith("ann ") ? {} : null;
            }
            """), storage: account);
        var conversation = connector.Start("ann AnnMarker first", user: """{"userId":"ann"}""");
        await connector.SettledAsync(conversation, 1);
        connector.Gateway.CustomerSays(conversation, "ann AnnMarker again");
        await connector.SettledAsync(conversation, 2);

        var kept = (await ExportAsync(connector.Admin, "/api/customers/ann")).Where(line => (string?)line["kind"] == "transformerStorage").ToList();
        Assert.Equal(["ann AnnMarker again", "ann AnnMarker first"], kept.Select(line => (string?)line["data"]!["said"]).Order());

        using var erased = await connector.Admin.DeleteAsync("/api/customers/ann", Cancellation);
        Assert.Equal(HttpStatusCode.OK, erased.StatusCode);
        Assert.DoesNotContain("AnnMarker", await EverythingAsync(account), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_transformers_keep_under_keys_that_they_made_up_goes_with_the_last_conversation_that_wrote_it()
    {
        var account = azurite.NewAccount();
        await using var connector = await TestConnector.StartAsync(azurite, settings: Transforming("""
            handleInput: async ({ request }) => {
              const [who, said] = (request.body.data?.text ?? "").split(":");
              if (who !== "ann" && who !== "bob") return null;
              const common = await getSessionStorage("API_KEYS", "x");
              common[who] = said;
              common.last = said;
              (await getSessionStorage("made up for " + who, "")).said = said;
              return {};
            }
            """), storage: account);
        foreach (var (who, said) in ((string, string)[])[("ann", "AnnMarker 1"), ("ann", "AnnMarker 2"), ("bob", "BobMarker")])
            await connector.SettledAsync(connector.Start($"{who}:{said}", user: $$"""{"userId":"{{who}}"}"""), 1);

        var kept = (await ExportAsync(connector.Admin, "/api/customers/ann")).Where(line => (string?)line["kind"] == "transformerStorage")
            .Select(line => $"{line["property"]}: {line["data"]} {line["shared"]}").Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["ann: AnnMarker 2 false", "last:  true", "said: AnnMarker 2 false"], kept);

        var receipt = await EraseAsync(connector.Admin, "/api/customers/ann");
        var place = ((string)Assert.Single(receipt["shared"]!.AsArray())!).Split('|');
        var storage = connector.Service<ConnectorStorage>().TransformerStorage;
        Assert.Equal("last", (await storage.GetEntityAsync<TableEntity>(place[0], place[1], cancellationToken: Cancellation)).Value.GetString("Name"));
        var rests = await EverythingAsync(account);
        Assert.DoesNotContain("AnnMarker", rests, StringComparison.Ordinal);
        Assert.Contains("BobMarker", rests, StringComparison.Ordinal);

        Assert.Empty((await EraseAsync(connector.Admin, "/api/customers/bob"))["shared"]!.AsArray());
        Assert.DoesNotContain(await storage.QueryAsync<TableEntity>(cancellationToken: Cancellation).ToListAsync(Cancellation), row => row.PartitionKey[0] != '~');
    }

    [Fact]
    public async Task One_Endpoint_alone_neither_gives_out_nor_erases_a_profile_that_others_use()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Flow, Profiled());
        var other = await TestConnector.CreateEndpointAsync(connector.Admin, connector.Simulator.Url, Flow, Profiled());
        var webhook = connector.Gateway.AddWebhook("Other", (string)other["endpointUrl"]!);
        await connector.SettledAsync(connector.Start("to the one", user: """{"userId":"ann"}"""), 1);
        var second = connector.Gateway.StartConversation(new ConversationStart
        {
            WebhookId = webhook.Id,
            Channel = "WebChat",
            Text = "to the other",
            User = new Dictionary<string, JsonElement> { ["userId"] = JsonSerializer.SerializeToElement("ann") },
        });
        await Eventually.GetAsync(() => ProfileAsync(""), said => said == "to the other", "a profile that both changed", null, connector.Logs);
        await connector.Gateway.SettledAsync();

        Assert.Null(await ProfileAsync($"?endpoint={connector.EndpointId}"));
        var receipt = await EraseAsync(connector.Admin, $"/api/customers/ann?endpoint={connector.EndpointId}");
        Assert.Equal((1, 0), ((int)receipt["conversations"]!, (int)receipt["profiles"]!));
        Assert.Equal("The contact profile: conversations of other Endpoints use it.", (string?)Assert.Single(receipt["kept"]!.AsArray()));
        Assert.Equal("to the other", await ProfileAsync(""));

        receipt = await EraseAsync(connector.Admin, $"/api/customers/ann?endpoint={other["id"]}");
        Assert.Equal((1, 1, 0), ((int)receipt["conversations"]!, (int)receipt["profiles"]!, receipt["kept"]!.AsArray().Count));
        Assert.Equal(HttpStatusCode.NotFound, (await connector.Admin.GetAsync("/api/customers/ann/export", Cancellation)).StatusCode);
        Assert.NotEmpty(second);

        JsonObject Profiled() => new() { ["dataProtection"] = new JsonObject { ["contactProfiles"] = true } };
        async Task<string?> ProfileAsync(string query) => (string?)(await ExportAsync(connector.Admin, "/api/customers/ann", query))
            .SingleOrDefault(line => (string?)line["kind"] == "profile")?["data"]!["said"];
    }

    [Fact]
    public async Task An_erasure_whose_file_store_refuses_stays_pending_and_is_finished_by_the_sweep()
    {
        await using var bucket = await Bucket.StartAsync();
        // Its transformer says that the customer is another one, too: only the conversation's head leads there.
        var settings = Transforming("""handleInput: async ({ request }) => request.body.data?.attachments ? { userId: "else" } : null""");
        settings["fileStorage"] = bucket.Settings;
        await using var connector = await TestConnector.StartAsync(azurite, FilesFlow, settings, options: Anywhere, storage: azurite.NewAccount());
        var conversation = await FileSentAsync(connector);
        Assert.Single(await connector.Service<Customers>().FindAsync(Customers.PartitionOf("else"), Cancellation).ToListAsync(Cancellation));
        bucket.Refuses = true;

        using var erased = await connector.Admin.DeleteAsync("/api/customers/ann", Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, erased.StatusCode);
        var receipt = (await erased.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!;
        Assert.Contains($"A conversation of Endpoint {connector.EndpointId} could not be erased yet.",
            (string?)Assert.Single(receipt["pending"]!.AsArray()), StringComparison.Ordinal);
        Assert.Null(receipt["finishedAt"]);
        // Nothing is said any more meanwhile.
        Assert.Null((await connector.ReadAsync(conversation)).Head);
        await connector.Service<Sweeper>().SweepAsync(Cancellation);
        Assert.NotEmpty(bucket.Objects);

        bucket.Refuses = false;
        await connector.Service<Sweeper>().SweepAsync(Cancellation);

        receipt = (await connector.Admin.GetFromJsonAsync<JsonObject>($"/api/erasures/{receipt["id"]}", Cancellation))!;
        Assert.NotNull(receipt["finishedAt"]);
        Assert.Equal((1, 1, 0), ((int)receipt["conversations"]!, (int)receipt["files"]!, receipt["pending"]!.AsArray().Count));
        Assert.Empty(bucket.Objects);
        Assert.Empty(await connector.RowsAsync(conversation, ""));
        Assert.DoesNotContain(await connector.Service<ConnectorStorage>().Index.QueryAsync<TableEntity>(cancellationToken: Cancellation).ToListAsync(Cancellation),
            row => row.Any(cell => $"{cell.Value}".Contains(conversation, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Who_writes_on_in_a_conversation_that_was_erased_is_found_by_user_id_again()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: known
            start:
              - say: "{{ input.userId }}, {{ input.user.name }}"
            """, storage: azurite.NewAccount());
        var conversation = connector.Start("hello", user: """{"userId":"ann","name":"Ann"}""");
        await connector.BotSaysAsync(conversation, 1);
        await connector.SettledAsync(conversation, 1);
        await EraseAsync(connector.Admin, "/api/customers/ann");

        connector.Gateway.CustomerSays(conversation, "again");

        Assert.Equal("ann, Ann", (await connector.BotSaysAsync(conversation, 2))[1]);
        await connector.SettledAsync(conversation, 1);
        Assert.Equal(1, (int)(await EraseAsync(connector.Admin, "/api/customers/ann"))["conversations"]!);
    }

    [Fact]
    public async Task An_export_is_whole_where_the_store_of_a_file_cannot_be_used()
    {
        await using var bucket = await Bucket.StartAsync();
        await using var connector = await TestConnector.StartAsync(
            azurite, FilesFlow, new() { ["fileStorage"] = bucket.Settings }, options: Anywhere, storage: azurite.NewAccount());
        await FileSentAsync(connector);
        // From here on its links are signed, and the key that signs them is gone.
        await connector.PatchAsync(new()
        {
            ["fileStorage"] = new JsonObject { ["urls"] = "signed", ["s3"] = new JsonObject { ["secretAccessKey"] = null } },
        });

        var lines = await ExportAsync(connector.Admin, "/api/customers/ann");

        var file = Assert.Single(lines, line => (string?)line["kind"] == "file");
        Assert.Equal(("a.png", "stored", null), ((string?)file["name"], (string?)file["status"], (string?)file["url"]));
        Assert.Equal(("end", lines.Count - 1), ((string?)lines[^1]["kind"], (int)lines[^1]["lines"]!));
    }

    [Theory]
    [InlineData(true, "the Endpoint that led there is deleted.")]
    [InlineData(false, "the Endpoint has another file storage now.")]
    public async Task A_receipt_names_the_objects_that_no_way_leads_to_any_more(bool isDeleted, string why)
    {
        await using var bucket = await Bucket.StartAsync();
        await using var connector = await TestConnector.StartAsync(
            azurite, FilesFlow, new() { ["fileStorage"] = bucket.Settings }, options: Anywhere, storage: azurite.NewAccount());
        await FileSentAsync(connector);
        if (isDeleted) (await connector.Admin.DeleteAsync($"/api/endpoints/{connector.EndpointId}", Cancellation)).Dispose();
        else await connector.PatchAsync(new() { ["fileStorage"] = new JsonObject { ["provider"] = "none" } });

        Assert.Single(await ExportAsync(connector.Admin, "/api/customers/ann"), line => (string?)line["kind"] == "file" && line["url"] is null);
        var receipt = await EraseAsync(connector.Admin, "/api/customers/ann");

        var left = (string)receipt["outside"]!.AsArray().Single(line => ((string)line!).StartsWith("s3:", StringComparison.Ordinal))!;
        Assert.StartsWith($"s3:{new Uri(bucket.Url).Authority}/files, objects {Assert.Single(bucket.Objects.Keys)}, ", left, StringComparison.Ordinal);
        Assert.EndsWith(why, left, StringComparison.Ordinal);
        Assert.Empty(await connector.Service<ConnectorStorage>().Files.QueryAsync<TableEntity>(row => row.PartitionKey != "secret", cancellationToken: Cancellation)
            .ToListAsync(Cancellation));
    }

    [Fact]
    public async Task Files_in_the_connectors_own_account_are_erased_although_their_Endpoint_is_deleted()
    {
        var account = azurite.NewAccount();
        await using var connector = await TestConnector.StartAsync(
            azurite, FilesFlow, new() { ["fileStorage"] = new JsonObject { ["provider"] = "azure" } }, options: Anywhere, storage: account);
        await FileSentAsync(connector);
        Assert.Single(await ObjectsAsync(account));
        (await connector.Admin.DeleteAsync($"/api/endpoints/{connector.EndpointId}", Cancellation)).Dispose();

        await EraseAsync(connector.Admin, "/api/customers/ann");

        Assert.Empty(await ObjectsAsync(account));
    }

    [Fact]
    public async Task Files_whose_names_cannot_be_read_are_erased_all_the_same()
    {
        var account = azurite.NewAccount();
        await using var connector = await TestConnector.StartAsync(
            azurite, FilesFlow, new() { ["fileStorage"] = new JsonObject { ["provider"] = "azure" } }, options: Anywhere, storage: account);
        await FileSentAsync(connector);
        var table = connector.Service<ConnectorStorage>().Files;
        var row = await table.QueryAsync<TableEntity>(cancellationToken: Cancellation).SingleAsync(row => row.ContainsKey("SealedName"), Cancellation);
        var name = row.GetBinary("SealedName");
        name[^1] ^= 1;
        row["SealedName"] = name;
        await table.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace, Cancellation);

        var receipt = await EraseAsync(connector.Admin, "/api/customers/ann");

        Assert.Equal((1, 0), ((int)receipt["files"]!, receipt["pending"]!.AsArray().Count));
        Assert.Empty(await ObjectsAsync(account));
    }

    [Fact]
    public async Task A_receipt_says_that_it_is_the_profile_which_could_not_be_erased_yet()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var (customer, storage) = (new CustomerKey("acme01", "WebChat", "ann").Id, connector.Service<ConnectorStorage>());
        await storage.ReadyAsync();
        await connector.Service<Customers>().AddProfileAsync(customer, Cancellation);
        await storage.Profiles.AddEntityAsync(
            new TableEntity(Profiles.PlaceOf(customer), "profile") { ["UsedAt"] = "no time" }, Cancellation);

        using var erased = await connector.Admin.DeleteAsync("/api/customers/ann", Cancellation);

        Assert.Equal(HttpStatusCode.Accepted, erased.StatusCode);
        Assert.StartsWith("The contact profile could not be erased yet.",
            (string?)Assert.Single((await erased.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!["pending"]!.AsArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receipt_may_name_more_than_fits_into_a_row()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var files = connector.Service<FileIndex>();
        await connector.SettledAsync(connector.Start("hello", user: """{"userId":"ann"}"""), 1);
        var trace = Assert.Single(await connector.Service<Customers>().FindAsync(Customers.PartitionOf("ann"), Cancellation).ToListAsync(Cancellation));
        for (var number = 0; number < 200; number++)
            await files.PutAsync(new()
            {
                Id = await files.IdAsync(connector.EndpointId, trace.ConversationId, "e", $"{number}", 0, Cancellation),
                ConversationId = trace.ConversationId,
                EventId = "e",
                Name = "a.png",
                MimeType = "image/png",
                Status = FileStatus.Stored,
                Place = "s3:gone",
            }, Cancellation);

        var receipt = await EraseAsync(connector.Admin, "/api/customers/ann");

        Assert.Equal(200, receipt["outside"]!.AsArray().Count(line => ((string)line!).StartsWith("s3:gone, ", StringComparison.Ordinal)));
        Assert.Equal(receipt.ToJsonString(), (await connector.Admin.GetFromJsonAsync<JsonObject>($"/api/erasures/{receipt["id"]}", Cancellation))!.ToJsonString());
    }

    [Fact]
    public async Task A_conversation_that_could_not_even_be_begun_leaves_no_announcement_behind()
    {
        var account = azurite.NewAccount();
        await using var connector = await TestConnector.StartAsync(azurite, storage: account);
        var conversation = connector.Start("hello", user: """{"userId":"ann"}""");
        await connector.SettledAsync(conversation, 1);
        await connector.Service<ParkedWork>().AnnounceStuckAsync(connector.KeyOf(conversation), "It died.", Cancellation);
        await connector.ParkedAsync(1);

        using var erased = await connector.Admin.DeleteAsync("/api/customers/ann", Cancellation);

        Assert.Equal(HttpStatusCode.OK, erased.StatusCode);
        await connector.Gateway.SettledAsync();
        Assert.DoesNotContain(conversation, await EverythingAsync(account), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_erasure_that_died_is_finished_by_the_sweep_and_what_is_in_flight_ends()
    {
        await using var connector = await TestConnector.StartAsync(azurite, options: Posted.Unpumped, settings: Posted.Unsigned);
        await connector.PostAsync("c", "MESSAGE", Posted.Said("hello"));
        await connector.ProcessAsync("c");
        await connector.PostAsync("c", "MESSAGE", Posted.Said("waits"));
        Assert.NotNull((await connector.ReadAsync("c")).Head);
        // Without a user id of 8x8's, the customer is the conversation. It was asked for, and then the process died.
        var receipt = await connector.Service<CustomerErasure>().BeginAsync(Customers.PartitionOf("c"), new(null, null, null), Cancellation);

        await connector.Service<Sweeper>().SweepAsync(Cancellation);

        Assert.NotNull((await connector.Service<CustomerErasure>().FindAsync(receipt.Id, Cancellation))!.FinishedAt);
        Assert.Empty(await connector.RowsAsync("c", ""));
        // The wake-up of what waited finds nothing to do.
        await connector.ProcessAsync("c");
        Assert.Empty(await connector.RowsAsync("c", ""));
    }

    [Fact]
    public async Task Customers_of_one_id_in_two_channels_are_told_apart()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        var customers = connector.Service<Customers>();
        await connector.Service<ConnectorStorage>().ReadyAsync();
        foreach (var channel in (string[])["WebChat", "WhatsApp"])
            await customers.AddAsync(new CustomerKey("acme01", channel, "ann").Id, connector.KeyOf(channel), channel, Cancellation);

        using var unclear = await connector.Admin.DeleteAsync("/api/customers/ann", Cancellation);
        Assert.Equal(HttpStatusCode.Conflict, unclear.StatusCode);
        Assert.Contains("tenant=acme01&channel=WhatsApp", (string)(await unclear.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!["detail"]!, StringComparison.Ordinal);

        using var clear = await connector.Admin.DeleteAsync("/api/customers/ann?channel=WhatsApp", Cancellation);
        Assert.Equal(HttpStatusCode.OK, clear.StatusCode);
        Assert.Equal("WebChat", Assert.Single(await customers.FindAsync(Customers.PartitionOf("ann"), Cancellation).ToListAsync(Cancellation)).ConversationId);
    }

    private static async Task<List<JsonObject>> ExportAsync(HttpClient admin, string url, string query = "") =>
        [.. (await admin.GetStringAsync($"{url}/export{query}", Cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)!.AsObject())];

    /// <summary>Erases a customer, at once.</summary>
    private static async Task<JsonObject> EraseAsync(HttpClient admin, string url)
    {
        using var erased = await admin.DeleteAsync(url, Cancellation);
        Assert.True(erased.StatusCode == HttpStatusCode.OK, await erased.Content.ReadAsStringAsync(Cancellation));
        return (await erased.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!;
    }

    /// <summary>Ann sends a picture, which is stored.</summary>
    private static async Task<string> FileSentAsync(TestConnector connector)
    {
        var conversation = connector.Start(user: """{"userId":"ann"}""");
        connector.Gateway.CustomerSendsFile(conversation, "a.png", ImageSizeTests.Image(20, 10));
        Assert.StartsWith("stored", (await connector.BotSaysAsync(conversation, 1))[0], StringComparison.Ordinal);
        await connector.SettledAsync(conversation, 1);
        await connector.Gateway.SettledAsync();
        return conversation;
    }

    private static IReadOnlyDictionary<string, string?> Anywhere => new Dictionary<string, string?>(TestConnector.Quick)
    {
        ["Connector:Files:BaseUrl"] = "https://bot.example.com",
        ["Connector:Files:AllowPrivateAddresses"] = "true",
    };

    /// <summary>Nothing is sealed, so that what rests can be looked for.</summary>
    private static JsonObject Clear => new() { ["maskIpAddress"] = false, ["maskSensitiveLogging"] = false };

    private static JsonObject Transforming(string handlers) => new()
    {
        ["dataProtection"] = Clear,
        ["transformers"] = new JsonObject { ["input"] = true, ["source"] = $"createWebhookTransformer({{ {handlers} }});" },
    };

    private async Task<IReadOnlyDictionary<string, string?>> ScannedAsync() => new Dictionary<string, string?>(TestConnector.Quick)
    {
        ["Connector:Files:BaseUrl"] = "https://bot.example.com",
        ["Connector:Files:ClamAvHost"] = "127.0.0.1",
        ["Connector:Files:ClamAvPort"] = $"{await clamd.PortAsync()}",
    };

    /// <summary>What lies in the connector's own container of files.</summary>
    private static async Task<List<string>> ObjectsAsync(string account) =>
        await new Azure.Storage.Blobs.BlobContainerClient(account, "files").GetBlobsAsync(cancellationToken: Cancellation)
            .Select(blob => blob.Name).ToListAsync(Cancellation);

    /// <summary>All rows, blobs and their names of an account, known to this test or not.</summary>
    private static async Task<string> EverythingAsync(string account)
    {
        var all = new StringBuilder();
        var tables = new TableServiceClient(account);
        await foreach (var table in tables.QueryAsync(cancellationToken: Cancellation))
            await foreach (var row in tables.GetTableClient(table.Name).QueryAsync<TableEntity>(cancellationToken: Cancellation))
                foreach (var (_, value) in row)
                    all.AppendLine(value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : value?.ToString());
        var blobs = new Azure.Storage.Blobs.BlobServiceClient(account);
        await foreach (var container in blobs.GetBlobContainersAsync(cancellationToken: Cancellation))
            await foreach (var blob in blobs.GetBlobContainerClient(container.Name).GetBlobsAsync(cancellationToken: Cancellation))
                all.AppendLine(blob.Name).AppendLine(
                    (await blobs.GetBlobContainerClient(container.Name).GetBlobClient(blob.Name).DownloadContentAsync(Cancellation)).Value.Content.ToString());
        return all.ToString();
    }

    /// <summary>A bucket of something that speaks like S3, which can refuse to delete.</summary>
    private sealed class Bucket : IAsyncDisposable
    {
        private FileServer _server = null!;

        public ConcurrentDictionary<string, byte[]> Objects { get; } = new();
        public bool Refuses { get; set; }
        public string Url => _server.Url;

        public JsonObject Settings => new()
        {
            ["provider"] = "s3",
            ["s3"] = new JsonObject { ["accessKeyId"] = "key", ["secretAccessKey"] = "secret", ["bucket"] = "files", ["customUrl"] = Url },
        };

        public static async Task<Bucket> StartAsync()
        {
            var bucket = new Bucket();
            bucket._server = await FileServer.StartAsync(bucket.AnswerAsync);
            return bucket;
        }

        public ValueTask DisposeAsync() => _server.DisposeAsync();

        private async Task AnswerAsync(HttpContext http)
        {
            var name = http.Request.Path.Value!["/files/".Length..];
            if (http.Request.Method == "PUT")
            {
                var content = new MemoryStream();
                await http.Request.Body.CopyToAsync(content, http.RequestAborted);
                Objects[name] = content.ToArray();
            }
            else if (http.Request.Method == "DELETE")
            {
                http.Response.StatusCode = Refuses ? 403 : 204;
                if (!Refuses) Objects.TryRemove(name, out _);
            }
            else if (Objects.TryGetValue(name, out var found)) await http.Response.Body.WriteAsync(found, http.RequestAborted);
            else http.Response.StatusCode = 404;
        }
    }
}
