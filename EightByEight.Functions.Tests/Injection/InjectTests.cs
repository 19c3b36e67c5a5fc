using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Handover.Providers;
using EightByEight.Connector.Privacy;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Transformers;
using EightByEight.Functions.Tests.Translation;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Injection;

/// <summary>Others speak to the Flow of a running session, or past it to the customer.</summary>
public sealed class InjectTests(AzuriteFixture azurite)
{
    private const string Key = "key-of-the-order-system";
    private static readonly string Secret = CallbackSignature.NewSecret();

    private const string Flow = """
        name: parcels
        start:
          - set: { context.count: "{{ (context.count || 0) + 1 }}" }
          - say: "{{ context.count }} {{ input.text }} {{ input.data.order || '' }} {{ input.session.isNew }}"
        """;

    private static JsonObject Settings => new()
    {
        ["inject"] = new JsonObject { ["key"] = Key, ["signingSecret"] = Secret },
        ["transformers"] = new JsonObject
        {
            ["notify"] = true,
            ["source"] = """
                createWebhookTransformer({
                  handleNotify: async ({ request, response }) => {
                    if (request.body.order !== 'lost') return { text: request.body.text };
                    response.status(418).send('not here');
                    return null;
                  }
                })
                """,
        },
    };

    [Theory]
    [InlineData("inject")]
    [InlineData("notify")]
    public async Task The_conversations_id_is_a_name_of_its_own_session(string way)
    {
        await using var connector = await TestConnector.StartAsync(azurite, Flow, Settings);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);

        var sent = await SendAsync(connector, way, $$"""{"sessionId":"{{conversation}}","text":"shipped"}""");

        Assert.Equal(HttpStatusCode.Accepted, sent.Status);
        Assert.Contains("shipped", (await connector.BotSaysAsync(conversation, 2))[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_injected_goes_through_the_Flow_and_what_is_notified_goes_straight_to_the_customer()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Flow, Settings);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);

        var injected = await SendAsync(connector, "inject", $$$"""
            {"userId":"u","sessionId":"{{{conversation}}}-1","URLToken":"any","text":"shipped","data":{"order":7}}
            """, repeat: "order-7");
        var repeated = await SendAsync(connector, "inject", $$$"""{"sessionId":"{{{conversation}}}-1","text":"shipped"}""", repeat: "order-7");
        await connector.BotSaysAsync(conversation, 2);
        var notified = await SendAsync(connector, "notify", $$$"""{"conversationId":"{{{conversation}}}","text":"It is at the door."}""");

        Assert.Equal(["1 hello  true", "2 shipped 7 false", "It is at the door."], await connector.BotSaysAsync(conversation, 3));
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.Accepted), (injected.Status, repeated.Status, notified.Status));
        Assert.Equal((string)injected.Body["id"]!, (string)repeated.Body["id"]!);
        Assert.Equal(conversation, (string)notified.Body["conversationId"]!);
        var view = await connector.SettledAsync(conversation, 3);
        Assert.Equal(["MESSAGE", "$inject", "$notify"], view["turns"]!.AsArray().Select(turn => (string)turn!["eventType"]!));

        // The transformer's own answer, where it lets nothing come of the request.
        var answered = await SendAsync(connector, "notify", """{"order":"lost"}""");
        Assert.Equal((HttpStatusCode)418, answered.Status);
    }

    [Fact]
    public async Task Only_who_has_the_key_or_signs_may_speak_and_only_to_a_session_that_runs_without_an_agent()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Flow, Settings);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        var body = $$$"""{"sessionId":"{{{conversation}}}-1","text":"news"}""";

        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(connector, "inject", body, key: "another-key-of-somebody")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(connector, "inject", body, key: null)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignedAsync(connector, body, DateTimeOffset.UtcNow.AddHours(-1))).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await SignedAsync(connector, body, DateTimeOffset.UtcNow)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(connector, "inject", """{"text":"for nobody"}""")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(connector, "inject", "{")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(connector, "inject", """{"sessionId":"unknown-1","text":"x"}""")).Status);
        await connector.BotSaysAsync(conversation, 2);

        using var reset = await connector.Admin.PostAsync(
            $"/api/endpoints/{connector.EndpointId}/conversations/{conversation}/reset", null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, reset.StatusCode);
        await connector.SettledAsync(conversation, 3);
        var ended = await SendAsync(connector, "inject", body);
        Assert.Equal(HttpStatusCode.Conflict, ended.Status);
        Assert.Contains("whenEnded", (string)ended.Body["detail"]!, StringComparison.Ordinal);
        await SendAsync(connector, "inject", $$$"""{"sessionId":"{{{conversation}}}-1","text":"anyway","whenEnded":"deliver"}""");
        Assert.Equal("1 anyway  true", (await connector.BotSaysAsync(conversation, 3))[2]);

        connector.Gateway.BecomesIdle(conversation);
        await Eventually.GetAsync(() => connector.ViewAsync(conversation), view => (string?)view["state"] == "idle", "closed");
        Assert.Equal(HttpStatusCode.Conflict,
            (await SendAsync(connector, "notify", $$$"""{"conversationId":"{{{conversation}}}","text":"x","whenEnded":"deliver"}""")).Status);
    }

    [Fact]
    public async Task What_is_injected_or_notified_is_taken_as_it_is_and_what_the_Flow_answers_is_translated()
    {
        await using var provider = await FakeProvider.StartAsync();
        var settings = Settings;
        settings["translation"] = new JsonObject { ["enabled"] = true, ["apiKey"] = "k", ["baseUrl"] = provider.Url };
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: parcels
            start:
              - if: input.text === 'french'
                then: [ { setLocale: fr }, { setTranslation: { userLanguage: fr } } ]
              - say: { en: "said {{ input.text }}", fr: "dit {{ input.text }}" }
            """, settings, options: new Dictionary<string, string?>(TestConnector.Quick) { ["Connector:Translation:AllowPrivateAddresses"] = "true" });
        var conversation = connector.Start("hallo");
        await connector.BotSaysAsync(conversation, 1);

        await SendAsync(connector, "inject", $$$"""{"sessionId":"{{{conversation}}}-1","text":"french"}""");
        await connector.BotSaysAsync(conversation, 2);
        await SendAsync(connector, "notify", $$$"""{"conversationId":"{{{conversation}}}","text":"As it is."}""");

        Assert.Equal(["de:said en:hallo", "fr:dit french", "As it is."], await connector.BotSaysAsync(conversation, 3));
        Assert.DoesNotContain(provider.Requests, request => request.Texts.Contains("french") || request.Texts.Contains("As it is."));
    }

    [Fact]
    public async Task Beside_an_agent_nothing_is_said_unless_it_is_told_so()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Flow, Settings);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        connector.Gateway.AgentTakes(conversation);
        await Eventually.GetAsync(() => connector.ViewAsync(conversation), view => (bool)view["peopleTalk"]!, "an agent");

        var refused = await SendAsync(connector, "inject", $$$"""{"conversationId":"{{{conversation}}}","text":"late"}""");
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        // It was accepted before the agent came: when it is its turn, it is recorded, not said.
        await connector.Service<Inbox>().AddAsync(
            ConversationKey.Of(connector.EndpointId, conversation), conversation, StoredEvent.Notified, "notify-early",
            Encoding.UTF8.GetBytes($$$"""{"conversationId":"{{{conversation}}}","text":"early"}"""), false, TestContext.Current.CancellationToken);
        await SendAsync(connector, "notify", $$$"""{"conversationId":"{{{conversation}}}","text":"urgent","whenAgent":"deliver"}""");

        Assert.Equal(["1 hello  true", "urgent"], await connector.BotSaysAsync(conversation, 2));
        var view = await connector.SettledAsync(conversation, 3);
        var undelivered = Assert.Single(view["turns"]!.AsArray(), turn => (string)turn!["eventId"]! == "notify-early")!;
        Assert.Contains("An agent is in", (string)undelivered["unsentReason"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_has_no_key_is_left_to_the_handler_only_where_the_settings_say_so()
    {
        var settings = Settings;
        settings["transformers"]!["source"] = """
            createWebhookTransformer({
              handleNotify: async ({ request, response }) => {
                if (request.headers.authorization === 'Bearer of their own') return {};
                response.status(403).send('no');
                return null;
              }
            })
            """;
        await using var connector = await TestConnector.StartAsync(azurite, Flow, settings);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        var body = $$$"""{"conversationId":"{{{conversation}}}","text":"news"}""";
        async Task<HttpStatusCode> SendsAsync(string path, string key) => (await SendAsync(connector, path, body, key)).Status;

        Assert.Equal(HttpStatusCode.Unauthorized, await SendsAsync("notify", "of their own"));
        using var opened = await connector.Admin.PatchAsync($"/api/endpoints/{connector.EndpointId}",
            new StringContent("""{"inject":{"leaveToTransformer":true}}"""), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, opened.StatusCode);

        Assert.Equal(HttpStatusCode.Forbidden, await SendsAsync("notify", "of somebody"));
        Assert.Equal(HttpStatusCode.Accepted, await SendsAsync("notify", "of their own"));
        // handleInject is off: nobody would check.
        Assert.Equal(HttpStatusCode.Unauthorized, await SendsAsync("inject", "of their own"));
        Assert.Equal("news", (await connector.BotSaysAsync(conversation, 2))[1]);
    }

    [Theory]
    [InlineData("handleNotify: async ({ request }) => { if (request.headers.token.length < 9) throw Error('no'); return {}; }")]
    [InlineData("handleNotify: async ({ response }) => { response.status(200).send('ok'); throw Error('late'); }")]
    [InlineData("handleNotify: async () => 'no object'")]
    [InlineData("handleInject: async () => ({})")]
    public async Task Who_has_no_key_is_not_let_in_by_a_handler_that_fails_or_is_missing(string handler)
    {
        var settings = Settings;
        settings["inject"]!["leaveToTransformer"] = true;
        settings["transformers"]!["source"] = $"createWebhookTransformer({{ {handler} }})";
        await using var connector = await TestConnector.StartAsync(azurite, Flow, settings);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        var body = $$$"""{"conversationId":"{{{conversation}}}","text":"news"}""";

        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(connector, "notify", body, key: null)).Status);

        // Who has the key is: an error lets the request go on as it was.
        Assert.True((int)(await SendAsync(connector, "notify", body)).Status < 300);
        Assert.Equal(["1 hello  true", "news"], await connector.BotSaysAsync(conversation, 2));
        Assert.Equal(2, (await connector.SettledAsync(conversation, 2))["turns"]!.AsArray().Count);
    }

    [Fact]
    public async Task A_handler_that_fails_where_errors_stop_all_delivers_nothing_and_nobody_believes_that_it_did()
    {
        var settings = Settings;
        settings["inject"]!["leaveToTransformer"] = true;
        settings["transformers"]!["abortOnError"] = true;
        settings["transformers"]!["source"] = "createWebhookTransformer({ handleNotify: async () => { throw Error('no'); } })";
        await using var connector = await TestConnector.StartAsync(azurite, Flow, settings);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        var body = $$$"""{"conversationId":"{{{conversation}}}","text":"news"}""";

        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(connector, "notify", body, key: null)).Status);
        Assert.Equal(HttpStatusCode.InternalServerError, (await SendAsync(connector, "notify", body)).Status);

        Assert.Single((await connector.SettledAsync(conversation, 1))["turns"]!.AsArray());
    }

    [Theory]
    [InlineData("inject", "response.sendStatus(204)", 204, "", null)]
    [InlineData("notify", "response.sendStatus(204)", 204, "", null)]
    [InlineData("notify", "response.status(200).send({ told: true })", 200, "{\"told\":true}", "application/json; charset=utf-8")]
    [InlineData("notify", "response.send('told')", 200, "told", "text/plain; charset=utf-8")]
    [InlineData("inject", "response.redirect('https://example.com/thanks')", 302, "", null)]
    [InlineData("notify", "response.status(409).send('later')", 409, "later", "text/plain; charset=utf-8")]
    [InlineData("notify", "response.set('x-greeting', 'Grüße').set('x nul', 'a').set('x-nul', 'a\\0').send('told')", 200, "told", "text/plain; charset=utf-8")]
    [InlineData("notify", "response.set('x-split', 'a\\r\\nx-bad: 1').set('content-length', '1').set('x-own', 'yes').send('told')", 200, "told", "text/plain; charset=utf-8")]
    public async Task What_a_handler_answers_is_the_answer_and_what_it_returns_is_delivered(
        string path, string answers, int status, string body, string? type)
    {
        var settings = Settings;
        settings["transformers"] = new JsonObject
        {
            [path] = true,
            ["source"] = $"createWebhookTransformer({{ {(path == "notify" ? "handleNotify" : "handleInject")}: async ({{ response }}) => {{ {answers}; return {{ text: 'made' }}; }} }});",
        };
        await using var connector = await TestConnector.StartAsync(azurite, Flow, settings);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        using var request = new HttpRequestMessage(HttpMethod.Post, connector.EndpointUrl.Replace("/webhooks/", $"/{path}/", StringComparison.Ordinal));
        request.Content = new StringContent($$"""{"conversationId":"{{conversation}}"}""");
        request.Headers.Authorization = new("Bearer", Key);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });

        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal((status, body, type),
            ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), answer.Content.Headers.ContentType?.ToString()));
        Assert.DoesNotContain(answer.Headers, header => header.Key is "x-split" or "x-bad");
        if (answers.Contains("x-own", StringComparison.Ordinal)) Assert.Equal("yes", answer.Headers.GetValues("x-own").Single());
        Assert.Contains("made", (await connector.BotSaysAsync(conversation, 2))[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inject", "handleInject: async ({ request }) => { console.error('said'); return { sessionId: request.body.order }; }", """{"order":"c-1"}""")]
    [InlineData("inject", "handleInject: async () => { throw Error('said'); }", """{"sessionId":"c-1"}""")]
    [InlineData("notify", "handleNotify: async () => { throw Error('said'); }", """{"conversationId":"c"}""")]
    [InlineData("notify", "handleNotify: async () => { console.error('said'); return { sessionId: 'c' }; }", "{}")]
    [InlineData("notify", "handleNotify: async ({ response }) => { response.send('told'); return { sessionId: 'c-1' }; }",
        "{}", "is refused")]
    [InlineData("notify", "handleNotify: async () => ({ sessionId: 'c-1', data: 'said' })", "{}", "cannot be taken")]
    public async Task What_handlers_say_of_a_request_stands_in_the_log_of_the_conversation_it_names(
        string path, string handler, string body, string said = "said")
    {
        var settings = Settings;
        settings["eightByEight"] = new JsonObject { ["verifySignatures"] = false };
        settings["transformers"] = new JsonObject { [path] = true, ["source"] = $"createWebhookTransformer({{ {handler} }});" };
        await using var connector = await TestConnector.StartAsync(azurite, Flow, settings, options: Posted.Unpumped);
        await connector.SayAsync("c", "hello", at: 1_000);

        await SendAsync(connector, path, body);

        var (lines, _) = await connector.Service<EndpointLog>().ReadAsync(connector.EndpointId, DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow.AddDays(1), LogLevel.Debug, "c", null, 10, TestContext.Current.CancellationToken);
        Assert.Contains(lines, line => line.Message.Contains(said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_cannot_be_delivered_though_a_handler_answered_is_told_in_the_log()
    {
        var settings = Settings;
        settings["transformers"]!["source"] = "createWebhookTransformer({ handleNotify: async ({ response }) => { response.send('told'); return { text: 'news' }; } })";
        await using var connector = await TestConnector.StartAsync(azurite, Flow, settings, options: Posted.Unpumped);

        var answer = await SendAsync(connector, "notify", """{"conversationId":"unknown"}""");

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Contains(await connector.LogAsync(), line =>
            line.Contains("handleNotify", StringComparison.Ordinal) && line.Contains("404 No such conversation", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_handler_of_an_injected_or_notified_turn_knows_the_session_and_each_message_is_shown_before_it_is_sent()
    {
        var settings = Settings;
        settings["transformers"] = new JsonObject
        {
            ["output"] = true,
            ["executionFinished"] = true,
            ["source"] = """
                createWebhookTransformer({
                  handleOutput: async ({ processedOutput, output, userId, sessionId, conversation }) => {
                    console.log(`${userId} ${sessionId} ${conversation.id}`);
                    return output.text === 'drop' ? null : { ...processedOutput, text: `${processedOutput.text}!` };
                  },
                  handleExecutionFinished: async ({ userId, sessionId }) => { console.log(`${userId} ${sessionId}`); }
                })
                """,
        };
        settings["dataProtection"] = new JsonObject { ["maskSensitiveLogging"] = false };
        await using var connector = await TestConnector.StartAsync(azurite, Flow, settings);
        var conversation = connector.Start("hello", user: """{"userId":"ann"}""");
        await connector.BotSaysAsync(conversation, 1);

        await SendAsync(connector, "inject", $$$"""{"sessionId":"{{{conversation}}}-1","text":"shipped"}""");
        await connector.BotSaysAsync(conversation, 2);
        await SendAsync(connector, "notify", $$$"""{"conversationId":"{{{conversation}}}","text":"drop"}""");
        await SendAsync(connector, "notify", $$$"""{"conversationId":"{{{conversation}}}","text":"at the door"}""");

        Assert.Equal(["1 hello  true!", "2 shipped  false!", "at the door!"], await connector.BotSaysAsync(conversation, 3));
        await connector.SettledAsync(conversation, 4);
        var log = await Eventually.GetAsync(connector.LogAsync, lines => lines.Count >= 8, "two lines of each turn", null, connector.Logs);
        Assert.Equal(4, log.Count(line => line == $"handleOutput: ann {conversation}-1 {conversation}"));
        Assert.Equal(4, log.Count(line => line == $"handleExecutionFinished: ann {conversation}-1"));
    }

    [Fact]
    public async Task In_a_blind_session_what_is_injected_or_notified_is_hidden_as_well()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: blind
            start:
              - dataProtection: { blind: true }
              - say: "Heard {{ input.text }}"
            """, Settings);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);

        await SendAsync(connector, "inject", $$$"""{"conversationId":"{{{conversation}}}","text":"4111 injected","data":{"card":"4111"}}""");
        await connector.BotSaysAsync(conversation, 2);
        await SendAsync(connector, "notify", $$$"""{"conversationId":"{{{conversation}}}","text":"4111 notified"}""");

        Assert.Equal(["Heard hello", "Heard 4111 injected", "4111 notified"], await connector.BotSaysAsync(conversation, 3));
        var view = await connector.SettledAsync(conversation, 3);
        Assert.Equal(["***", "***", "***"], view["turns"]!.AsArray().Select(turn => (string?)turn!["outputs"]![0]!["text"]));
        Assert.DoesNotContain("4111", view.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attachments_reach_the_Flow_by_an_inject_and_the_customer_by_a_notify()
    {
        var settings = Settings;
        settings["content"] = new JsonObject { ["media"] = "link" };
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: parcels
            start:
              - say: "{{ (input.attachments ?? []).map(file => `${file.type} ${file.name} ${file.url}`).join() }} from {{ input.text }}"
            """, settings);
        var conversation = connector.Start("hello");
        await connector.BotSaysAsync(conversation, 1);
        const string attachments = """[{"type":"image","url":"https://files.example.com/door.png","name":"door.png"}]""";

        await SendAsync(connector, "inject", $$$"""{"conversationId":"{{{conversation}}}","text":"camera","attachments":{{{attachments}}}}""");
        Assert.Equal("image door.png https://files.example.com/door.png from camera", (await connector.BotSaysAsync(conversation, 2))[1]);
        await SendAsync(connector, "notify", $$$"""{"conversationId":"{{{conversation}}}","attachments":{{{attachments}}}}""");

        Assert.Contains("https://files.example.com/door.png", (await connector.BotSaysAsync(conversation, 3))[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handover_while_one_goes_on_is_not_made_and_the_operator_is_told()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: twice
            start:
              - say: "Heard {{ input.text }}"
              - handover: { queueId: "101" }
              - say: "Over: {{ input.handover.status }}"
            """, Settings);
        var conversation = connector.Start("human");
        await connector.BotSaysAsync(conversation, 1);
        await Eventually.GetAsync(() => connector.ViewAsync(conversation), view => (string?)view["handover"]?["status"] == "queued", "the queue");

        await SendAsync(connector, "inject", $$$"""{"conversationId":"{{{conversation}}}","text":"again","whenAgent":"deliver"}""");
        Assert.Equal(["Heard human", "Heard again"], await connector.BotSaysAsync(conversation, 2));
        var turn = (await connector.ViewAsync(conversation))["turns"]!.AsArray().First(one => (string?)one!["text"] == "again")!;
        Assert.Contains("A handover is going on already", (string)turn["warnings"]![0]!["message"]!, StringComparison.Ordinal);
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.AgentLeaves(conversation);

        Assert.Equal("Over: completed", (await connector.BotSaysAsync(conversation, 3))[2]);
        Assert.Equal(1, connector.Gateway.Requests[EightByEight.Simulator.Operations.PatchConversation]);
    }

    private static Task<(HttpStatusCode Status, JsonObject Body)> SendAsync(
        TestConnector connector, string path, string body, string? key = Key, string? repeat = null)
    {
        var headers = new Dictionary<string, string>();
        if (key is not null) headers["Authorization"] = $"Bearer {key}";
        if (repeat is not null) headers["Idempotency-Key"] = repeat;
        return PostAsync(connector, path, body, headers);
    }

    private static Task<(HttpStatusCode Status, JsonObject Body)> SignedAsync(TestConnector connector, string body, DateTimeOffset at)
    {
        var signature = CallbackSignature.Sign(CallbackSignature.KeyOf(Secret)!, "msg_1", at.ToUnixTimeSeconds(), Encoding.UTF8.GetBytes(body));
        return PostAsync(connector, "inject", body, new()
        {
            ["webhook-id"] = "msg_1",
            ["webhook-timestamp"] = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            ["webhook-signature"] = $"v1,AAAA {signature}",
        });
    }

    private static async Task<(HttpStatusCode Status, JsonObject Body)> PostAsync(
        TestConnector connector, string path, string body, Dictionary<string, string> headers)
    {
        var token = connector.EndpointUrl[(connector.EndpointUrl.LastIndexOf('/') + 1)..];
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{connector.Host.Url}/{path}/{token}");
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (answer.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text)!.AsObject() : []);
    }
}
