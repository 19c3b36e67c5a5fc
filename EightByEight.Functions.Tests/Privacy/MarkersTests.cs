using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Functions.Tests.Analytics;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Handover.Providers;
using EightByEight.Functions.Tests.Translation;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>
/// What is masked is masked wherever it rests or is shown. Markers go in by every way that there is; then all tables, queues and blobs of
/// the account are searched, known to this test or not, and all that was logged, traced and shown.
/// </summary>
public sealed class MarkersTests(AzuriteFixture azurite)
{
    private static readonly string[] Markers =
        ["TextMarker", "NameMarker", "MailMarker", "IdMarker", "10.9.8.77", "FileMarker", "PayloadMarker", "DataMarker", "ParkedMarker", "LongMarker", "AgentMarker", "SecretMarker"];

    private const string Flow = """
        name: markers
        start:
          - track: { goal: "goal {{ input.text }}", custom: { who: "{{ input.user.name }}", mail: "{{ profile.mail }}" } }
          - log: "{{ input.text }} of {{ input.user.name }} ({{ input.userId }}), {{ profile.mail }}, {{ context.last }}"
          - set: { context.last: "{{ input.text }} {{ input.user.name }}", profile.mail: "{{ input.user.email }}" }
          - say: "You said {{ input.text }}, {{ input.user.name }} from {{ input.user.ipaddress }}"
          - say: { text: "More? {{ (() => { throw new Error(input.text) })() }}", quickReplies: [ { title: "NameMarker", payload: "PayloadMarker" } ] }
          - if: "(() => { if (input.text.includes('fail')) throw new Error('quoting ' + input.text); return true })()"
            then:
              - question: { text: "And then, {{ context.last }}?", saveTo: context.answer }
        """;

    private const string WithProfile = """
        name: profiled
        start:
          - set: { profile.mail: "{{ input.user.email }}", profile.said: "{{ input.text }}" }
          - say: "Noted."
        """;

    private const string WithPeople = """
        name: people
        start:
          - handover:
              queueId: "101"
              message: "One moment, {{ input.user.name }}: {{ input.text }}"
              summary: "{{ input.text }} of {{ input.user.name }}"
              properties: { said: "{{ input.transcript }}", mail: "{{ input.user.email }}" }
          - say: "Back, {{ input.user.name }}"
        """;

    [Fact]
    public async Task No_marker_is_found_anywhere_while_events_are_worked_on_or_afterwards()
    {
        var storage = azurite.NewAccount();
        using var watch = new Watch(storage, Markers);
        await using var tracker = await TestTracker.StartAsync();
        await using var connector = await TestConnector.StartAsync(azurite, Flow, new JsonObject
        {
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
            ["dataProtection"] = Masked(dashbot: "SecretMarker"),
            ["transformers"] = new JsonObject
            {
                ["output"] = true,
                ["source"] = "createWebhookTransformer({ handleOutput: async ({ processedOutput }) => { console.log(JSON.stringify(processedOutput)); return processedOutput; } });",
            },
        }, storage: storage, options: new Dictionary<string, string?>(TestConnector.Quick) { ["Connector:Conversations:MaxAttempts"] = "2", ["Connector:Dashbot:BaseUrl"] = tracker.Url });

        // Nothing can be sent yet, so that the first turn's outputs rest.
        var hold = Fault.Refuse(Operations.SendMessage, 503, times: 1_000);
        connector.Gateway.Faults.Add(hold);
        var conversation = connector.Start("TextMarker", user: """
            {"userId":"IdMarker","name":"NameMarker","email":"MailMarker@x.de","ipaddress":"10.9.8.77","additionalProperties":[{"key":"ipaddress","value":"10.9.8.77"}]}
            """);
        await Eventually.GetAsync(async () => await connector.RowsAsync(conversation, "6|"), rows => rows.Count > 0, "a turn in the outbox", null, connector.Logs);
        await connector.PostAsync(conversation, "MESSAGE", new JsonObject
        {
            ["sender"] = new JsonObject { ["type"] = "user" },
            ["text"] = "LongMarker " + new string('x', 40_000),
            ["attachments"] = new JsonArray(new JsonObject { ["id"] = "a", ["fileName"] = "FileMarker.png", ["preSignedUrl"] = "https://x.invalid/FileMarker" }),
            ["more"] = "DataMarker",
        });
        await NothingShowsAsync();

        connector.Gateway.Faults.Clear();
        await connector.PostAsync(conversation, "ACTIVITY", new JsonObject
        {
            ["name"] = "quickReply/action",
            ["value"] = new JsonObject { ["title"] = "NameMarker", ["payload"] = "PayloadMarker" },
        });
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("fail TextMarker"));
        await connector.SettledAsync(conversation, 4);
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("fail TextMarker again"));
        var view = await connector.SettledAsync(conversation, 5);
        Assert.Equal("***", (string?)view["turns"]![4]!["failure"]!["message"]);
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("AgentMarker", "agent"));
        await connector.PostAsync(conversation, "MESSAGE", null, raw:
            """{"eventType":"MESSAGE","conversationId":"ID","data":{"sender":{"type":"user"},"text":"ParkedMarker \ud800"}}""".Replace("ID", conversation));
        await connector.ParkedAsync(1);
        await connector.SettledAsync(conversation, 5);

        Assert.Contains(connector.BotSaid(conversation), said => said.Contains("TextMarker", StringComparison.Ordinal));
        Assert.Contains(connector.BotSaid(conversation), said => said.Contains("from ***", StringComparison.Ordinal));
        Assert.Empty(await connector.RowsAsync(conversation, "6|"));
        Assert.NotEmpty(await connector.RowsAsync(conversation, "9|"));
        await connector.Service<EightByEight.Connector.Conversations.Sweeper>().SweepAsync(TestContext.Current.CancellationToken);
        var analytics = await connector.Admin.GetStringAsync($"/api/endpoints/{connector.EndpointId}/analytics", TestContext.Current.CancellationToken);
        Assert.Contains("goal ***", analytics, StringComparison.Ordinal);
        Assert.NotEmpty(tracker.Told);
        var log = await connector.Admin.GetStringAsync($"/api/endpoints/{connector.EndpointId}/log", TestContext.Current.CancellationToken);
        Assert.Contains("*** of ***", log, StringComparison.Ordinal);
        await NothingShowsAsync();

        // The key is meant for Dashbot.
        Task NothingShowsAsync() => watch.NothingShowsAsync(
            connector.Logs, connector.Admin, PagesOf(connector, conversation), tracker.Told.Select(told => told.Body.ToJsonString()));
    }

    [Fact]
    public async Task No_marker_is_found_of_what_others_say_to_a_conversation_and_transformers_log()
    {
        var storage = azurite.NewAccount();
        using var watch = new Watch(storage, Markers);
        await using var connector = await TestConnector.StartAsync(azurite, Flow, new JsonObject
        {
            ["dataProtection"] = Masked(),
            ["inject"] = new JsonObject { ["key"] = "key-of-the-order-system" },
            ["transformers"] = new JsonObject
            {
                ["input"] = true,
                ["inject"] = true,
                ["notify"] = true,
                ["source"] = """
                    const look = request => console.log(request.body, request.query, request.url);
                    createWebhookTransformer({
                      handleInput: async ({ request }) => {
                        look(request);
                        const { say, who, more, session } = request.query;
                        return request.method === "GET" ? { sessionId: session, text: say, userId: who, data: { more } }
                          : request.body.eventType === "MESSAGE" ? {} : null;
                      },
                      handleInject: async ({ request }) => { look(request); return {}; },
                      handleNotify: async ({ request }) => { look(request); return {}; },
                    });
                    """,
            },
        }, storage: storage);
        var hold = Fault.Refuse(Operations.SendMessage, 503, times: 1_000);
        connector.Gateway.Faults.Add(hold);
        var conversation = connector.Start("TextMarker\n\"LongMarker\"", user: """{"userId":"IdMarker","name":"NameMarker","email":"MailMarker@x.de"}""");
        await Eventually.GetAsync(() => connector.RowsAsync(conversation, "6|"), rows => rows.Count > 0, "a turn in the outbox", null, connector.Logs);
        using var http = new HttpClient { DefaultRequestHeaders = { { "Authorization", "Bearer key-of-the-order-system" } } };
        async Task PostAsync(string path, string body)
        {
            using var answer = await http.PostAsync(connector.EndpointUrl.Replace("/webhooks/", $"/{path}/", StringComparison.Ordinal),
                new StringContent(body.Replace("ID", conversation, StringComparison.Ordinal)), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        }

        await PostAsync("inject", """{"conversationId":"ID","text":"PayloadMarker\nof others","data":{"more":"DataMarker"}}""");
        await PostAsync("notify", """{"conversationId":"ID","text":"ParkedMarker \"quoted\""}""");
        using (var got = await http.GetAsync($"{connector.EndpointUrl}?session={conversation}&say=FileMarker%0A1&who=IdMarker&more=DataMarker",
            TestContext.Current.CancellationToken)) Assert.Equal(HttpStatusCode.Accepted, got.StatusCode);
        await NothingShowsAsync();

        connector.Gateway.Faults.Clear();
        var view = await connector.SettledAsync(conversation, 4);
        Assert.Equal(["MESSAGE", "$inject", "$notify", "$input"], view["turns"]!.AsArray().Select(turn => (string?)turn!["eventType"]));
        Assert.Contains("ParkedMarker \"quoted\"", connector.BotSaid(conversation));
        Assert.Contains(connector.BotSaid(conversation), said => said.Contains("FileMarker", StringComparison.Ordinal));
        var log = await connector.Admin.GetStringAsync($"/api/endpoints/{connector.EndpointId}/log", TestContext.Current.CancellationToken);
        Assert.All(["handleInput", "handleInject", "handleNotify"], handler => Assert.Contains($"{handler}: {{", log, StringComparison.Ordinal));
        await NothingShowsAsync();

        Task NothingShowsAsync() => watch.NothingShowsAsync(connector.Logs, connector.Admin, PagesOf(connector, conversation));
    }

    [Fact]
    public async Task No_marker_is_found_while_people_of_8x8_have_the_conversation_or_afterwards()
    {
        var storage = azurite.NewAccount();
        using var watch = new Watch(storage, Markers);
        await using var connector = await TestConnector.StartAsync(
            azurite, WithPeople, new() { ["dataProtection"] = Masked() }, storage: storage);
        connector.Gateway.Faults.Add(Quoting(Operations.PatchConversation, "TextMarker of NameMarker"));
        var conversation = connector.Start("TextMarker", user: """{"userId":"IdMarker","name":"NameMarker","email":"MailMarker@x.de"}""");
        await Eventually.GetAsync(() => connector.Gateway.Requests.GetValueOrDefault(Operations.PatchConversation), asked => asked > 1,
            "a handover that waits", null, connector.Logs);
        await NothingShowsAsync();

        connector.Gateway.Faults.Clear();
        await HasAsync("queued");
        connector.Gateway.AgentAccepts(conversation, "agent-7");
        await HasAsync("agent");
        connector.Gateway.CustomerSays(conversation, "DataMarker");
        connector.Gateway.AgentSays(conversation, "AgentMarker");
        await connector.Gateway.SettledAsync();
        await NothingShowsAsync();

        connector.Gateway.AgentLeaves(conversation);
        await connector.BotSaysAsync(conversation, 2);
        await connector.SettledAsync(conversation, 2);
        Assert.Equal(["One moment, NameMarker: TextMarker", "Back, NameMarker"], connector.BotSaid(conversation));
        await connector.Service<EightByEight.Connector.Conversations.Sweeper>().SweepAsync(TestContext.Current.CancellationToken);
        await NothingShowsAsync();

        Task NothingShowsAsync() => watch.NothingShowsAsync(connector.Logs, connector.Admin, PagesOf(connector, conversation));
        Task HasAsync(string status) => Eventually.GetAsync(() => connector.ViewAsync(conversation),
            view => (string?)view["handover"]?["status"] == status, $"a handover that is {status}", null, connector.Logs);
    }

    [Fact]
    public async Task No_marker_is_found_in_the_language_of_the_customer_or_of_the_Flow()
    {
        var storage = azurite.NewAccount();
        using var watch = new Watch(storage, Markers);
        await using var translator = await FakeProvider.StartAsync();
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Echo, new()
        {
            ["dataProtection"] = Masked(),
            ["translation"] = Translating(translator),
        }, storage: storage, options: new Dictionary<string, string?>(TestConnector.Quick)
        {
            ["Connector:Translation:AllowPrivateAddresses"] = "true",
        });
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 503, times: 1_000));
        var conversation = connector.Start("TextMarker " + new string('x', 20_000));
        await Eventually.GetAsync(() => connector.RowsAsync(conversation, "6|"), rows => rows.Count > 0,
            "a turn in the outbox", null, connector.Logs);
        // It puts the language before what it is given: the marker is in both.
        Assert.Equal(["en", "de"], translator.Requests.Select(asked => asked.Target.Split("&to=")[1][..2]));
        await watch.NothingShowsAsync(connector.Logs, connector.Admin, PagesOf(connector, conversation));

        connector.Gateway.Faults.Clear();
        Assert.StartsWith("de:", (await connector.BotSaysAsync(conversation, 1))[0], StringComparison.Ordinal);
        await connector.SettledAsync(conversation, 1);
        await watch.NothingShowsAsync(connector.Logs, connector.Admin, PagesOf(connector, conversation));
    }

    [Fact]
    public async Task No_marker_is_found_of_what_goes_through_a_handover_provider_translated_or_not()
    {
        var storage = azurite.NewAccount();
        using var watch = new Watch(storage, Markers);
        await using var translator = await FakeProvider.StartAsync();
        await using var bot = await BotServer.StartAsync();
        bot.Answer = _ => Task.FromResult(500);
        await using var test = await TestHandover.StartAsync(azurite, bot.Url, storage, more: new Dictionary<string, string?>
        {
            ["Connector:Translation:AllowPrivateAddresses"] = "true",
            ["Connector:HandoverProviders:OpenPatience"] = "00:00:00.2",
            ["Connector:HandoverProviders:CallbackFor"] = "00:00:00.5",
        });
        using (var patched = await test.Admin.PatchAsync($"/api/handover-providers/{test.ProviderId}",
            new StringContent(new JsonObject { ["translation"] = Translating(translator) }.ToJsonString())))
            Assert.True(patched.IsSuccessStatusCode);
        test.Gateway.Faults.Add(Quoting(Operations.CreateConversation, "en:TextMarker of NameMarker"));
        var id = (string)(await test.BeginAsync(JsonNode.Parse($$"""
            { "queueId": "101", "properties": { "data": "DataMarker" },
              "user": { "userId": "IdMarker", "name": "NameMarker", "email": "MailMarker@x.de", "ipaddress": "10.9.8.77" },
              "history": [ { "author": "user", "text": "TextMarker" },
                { "author": "bot", "text": "LongMarker {{new string('x', 9_000)}}" } ] }
            """)!.AsObject(), HttpStatusCode.Accepted))["id"]!;
        await test.SayAsync(id, "m1", "TextMarker");
        await test.SayAsync(id, "m2", "LongMarker " + new string('x', 9_000));
        await NothingShowsAsync("0r", "3|");

        test.Gateway.Faults.Clear();
        test.Gateway.Faults.Add(Quoting(Operations.SendMessage, "en:TextMarker"));
        await test.HasStatusAsync(id, "queued");
        var conversation = (string)(await test.GetAsync(id))["conversationId"]!;
        test.Gateway.AgentAccepts(conversation);
        test.Gateway.AgentSays(conversation, "AgentMarker");
        // One that no handover will ever claim.
        test.Gateway.StartConversation(
            new ConversationStart { WebhookId = test.Gateway.Webhooks[0].Id, Channel = "ChatAPI", Text = "TextMarker" });
        await Eventually.GetAsync(() => test.RowsAsync(), rows => rows.Count(row => row.RowKey.StartsWith("9|", StringComparison.Ordinal)) >= 2
            && rows.Any(row => row.PartitionKey.StartsWith("conversation|", StringComparison.Ordinal) && row.RowKey.StartsWith("2|", StringComparison.Ordinal)),
            "callbacks that are parked, and what is set aside", null, test.Logs);
        await NothingShowsAsync("2|", "3|", "6|", "9|");

        test.Gateway.Faults.Clear();
        Assert.Equal(["en:TextMarker", "en:TextMarker"], (await test.CustomerSaidAsync(conversation, 3)).Where(said => said.Length < 100));
        await using (var events = await test.ReadAsync(id, after: 2))
        {
            var message = await events.NextAsync("agent.message");
            Assert.Equal(("de:AgentMarker", "AgentMarker"), ((string?)message["text"], (string?)message["originalText"]));
        }

        await test.PostAsync($"/api/handovers/{id}/end");
        await test.HasStatusAsync(id, "completed");
        await NothingShowsAsync("6|", "9|");

        async Task NothingShowsAsync(params string[] resting)
        {
            var rows = await test.RowsAsync();
            Assert.All(resting, start => Assert.Contains(rows, row => row.RowKey.StartsWith(start, StringComparison.Ordinal)));
            await watch.NothingShowsAsync(test.Logs, test.Admin,
                ["/api/parked", "/api/handover-providers", $"/api/handover-providers/{test.ProviderId}", "/api/audit"]);
        }
    }

    [Fact]
    public async Task No_marker_is_found_in_what_is_kept_of_a_customer_beside_the_conversation()
    {
        var storage = azurite.NewAccount();
        using var watch = new Watch(storage, Markers);
        var settings = Masked();
        settings["contactProfiles"] = true;
        await using var connector = await TestConnector.StartAsync(azurite, WithProfile, new()
        {
            ["dataProtection"] = settings,
            ["fileStorage"] = new JsonObject { ["provider"] = "azure" },
            ["transformers"] = new JsonObject
            {
                ["input"] = true,
                ["source"] = """
                    createWebhookTransformer({ handleInput: async ({ request, conversation }) => {
                      if (request.body.eventType !== "MESSAGE") return null;
                      const kept = await getSessionStorage(request.body.data.text, conversation.id);
                      kept["Name" + "Marker"] = { said: request.body.data.text, file: "File" + "Marker" };
                      return {};
                    } });
                    """,
            },
        }, storage: storage, options: new Dictionary<string, string?>(TestConnector.Quick) { ["Connector:Files:BaseUrl"] = "https://bot.example.com" });
        var conversation = connector.Start("TextMarker", user: """{"userId":"IdMarker","name":"NameMarker","email":"MailMarker@x.de"}""");
        await connector.SettledAsync(conversation, 1);
        connector.Gateway.CustomerSendsFile(conversation, "FileMarker.png", Content.FileServer.Png, "TextMarker");
        await connector.SettledAsync(conversation, 2);
        await connector.Gateway.SettledAsync();

        await watch.NothingShowsAsync(connector.Logs, connector.Admin, PagesOf(connector, conversation));
        // It is all there, for who may read it.
        var exported = await connector.Admin.GetStringAsync("/api/customers/IdMarker/export", TestContext.Current.CancellationToken);
        foreach (var kept in (string[])["\"kind\":\"profile\"", "MailMarker", "\"property\":\"NameMarker\"", "\"name\":\"FileMarker.png\""])
            Assert.Contains(kept, exported, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_table_container_and_queue_of_a_full_story_is_known_to_who_erases_and_watched()
    {
        var storage = azurite.NewAccount();
        await using var connector = await TestConnector.StartAsync(azurite, WithProfile, new()
        {
            ["dataProtection"] = new JsonObject { ["contactProfiles"] = true },
            ["fileStorage"] = new JsonObject { ["provider"] = "azure" },
        }, storage: storage, options: new Dictionary<string, string?>(TestConnector.Quick) { ["Connector:Files:BaseUrl"] = "https://bot.example.com" });
        var conversation = connector.Start("hello");
        connector.Gateway.CustomerSendsFile(conversation, "a.png", Content.FileServer.Png, "a picture");
        await connector.SettledAsync(conversation, 2);
        await connector.Service<EightByEight.Connector.Conversations.Sweeper>().SweepAsync(TestContext.Current.CancellationToken);

        var places = await Watch.PlacesAsync(storage, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

        var known = System.Text.RegularExpressions.Regex.Matches(
            Infrastructure.Repository.Read("docs/admin-api.md"), @"^\| (?<kind>table|container|queue) `(?<name>[\w-]+)` \| (?<holds>.+) \|$",
            System.Text.RegularExpressions.RegexOptions.Multiline);
        Assert.Equal(known.Select(row => $"{row.Groups["kind"]} {row.Groups["name"]}").Order(), places.Select(place => $"{place.Kind} {place.Name}").Order());
        // What is not watched holds nothing of customers.
        Assert.All(Watch.Unwatched, place => Assert.StartsWith("nothing",
            known.Single(row => row.Groups["name"].Value == place.Name && row.Groups["kind"].Value == place.Kind).Groups["holds"].Value, StringComparison.Ordinal));
    }

    /// <summary>Settings that mask whatever can be masked.</summary>
    private static JsonObject Masked(string? dashbot = null)
    {
        var settings = new JsonObject { ["collectConversations"] = false, ["maskSensitiveAnalytics"] = true };
        if (dashbot is not null) settings["dashbot"] = new JsonObject { ["apiKey"] = dashbot };
        return settings;
    }

    private static JsonObject Translating(FakeProvider translator) =>
        new() { ["enabled"] = true, ["apiKey"] = "translator-key", ["baseUrl"] = translator.Url, ["retries"] = 1 };

    /// <summary>8x8 takes nothing for now, and says so in the words of the customer.</summary>
    private static Fault Quoting(string operation, string said) => Fault.Refuse(operation, 503, times: 1_000) with
    {
        Body = JsonSerializer.SerializeToElement(new { message = $"Not now: {said}" }),
    };

    private static string[] PagesOf(TestConnector connector, string conversation)
    {
        var own = $"/api/endpoints/{connector.EndpointId}";
        return ["/api/parked", own, $"{own}/log", $"{own}/analytics", $"{own}/analytics?format=csv", $"{own}/analytics/daily",
            $"{own}/conversations", $"{own}/conversations/{conversation}", "/api/audit"];
    }
}
