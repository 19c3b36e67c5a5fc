using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Privacy;
using EightByEight.DevHost;
using EightByEight.Functions.Tests.Conversations;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Transformers;

/// <summary><c>GET</c> on the Endpoint URL, <c>transformer test</c> in the admin API and in the terminal.</summary>
public sealed class TransformerRouteTests(AzuriteFixture azurite)
{
    private const string Source = """
        interface Body { eventType: string; data?: { text?: string } }
        createWebhookTransformer({
          handleInput: async ({ request, response }: { request: any; response: any }) => {
            if (request.method === "POST") {
              const body = request.body as Body;
              console.info("saw", body.eventType);
              return body.data?.text === "drop" ? null : { text: body.data?.text };
            }
            if (request.query.say) {
              response.status(201).set("x-own", "yes").send({ told: request.query.say });
              return { userId: "getter", sessionId: request.query.session, text: request.query.say };
            }
            if (request.query.to) { response.redirect(request.query.to); return null; }
            if (request.query.code) response.sendStatus(+request.query.code);
            return null;
          },
          handleOutput: async ({ processedOutput }) => { throw new Error("no " + processedOutput.text); }
        });
        """;

    private static JsonObject Settings => new()
    {
        ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
        ["transformers"] = new JsonObject { ["source"] = Source, ["input"] = true },
    };

    [Fact]
    public async Task A_get_is_answered_by_the_handlers_response_and_a_value_makes_a_turn_of_the_conversation_it_names()
    {
        await using var connector = await TestConnector.StartAsync(azurite, "name: get\nstart:\n  - say: \"{{ input.userId }} {{ input.text }}\"", Settings, options: Posted.Unpumped);
        await connector.SayAsync("c", "hi", at: 1_000);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        async Task<HttpResponseMessage> GetAsync(string query) => await client.GetAsync($"{connector.EndpointUrl}{query}", TestContext.Current.CancellationToken);

        using var told = await GetAsync("?say=hello&session=c-1");
        Assert.Equal((HttpStatusCode)201, told.StatusCode);
        Assert.Equal("yes", told.Headers.GetValues("x-own").Single());
        Assert.Equal("{\"told\":\"hello\"}", await told.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await connector.ProcessAsync("c");
        Assert.Equal(["c hi", "getter hello"], await connector.SaidAsync("c"));

        using var redirected = await GetAsync("?to=https%3A%2F%2Fexample.com%2F");
        Assert.Equal((HttpStatusCode.Found, "https://example.com/"), (redirected.StatusCode, redirected.Headers.Location!.ToString()));
        using var teapot = await GetAsync("?code=418");
        Assert.Equal((HttpStatusCode)418, teapot.StatusCode);
        using var nothing = await GetAsync("");
        Assert.Equal(HttpStatusCode.OK, nothing.StatusCode);

        await connector.PatchAsync(new JsonObject { ["transformers"] = new JsonObject { ["input"] = false } });
        using var off = await GetAsync("?code=418");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, off.StatusCode);
        using var unknown = await client.GetAsync($"{connector.Host.Url}/webhooks/nobody", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task A_get_for_a_session_that_is_not_known_is_answered_by_the_handler_and_told_in_the_log()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Settings, options: Posted.Unpumped);
        using var client = new HttpClient();

        using var answer = await client.GetAsync($"{connector.EndpointUrl}?say=hello&session=nobody", TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode)201, answer.StatusCode);
        Assert.Contains(await connector.LogAsync(), line =>
            line.Contains("handleInput", StringComparison.Ordinal) && line.Contains("404 No such conversation", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_handler_says_of_a_get_stands_in_the_log_of_the_conversation_it_names()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: new()
        {
            ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
            ["transformers"] = new JsonObject
            {
                ["input"] = true,
                ["source"] = """
                    createWebhookTransformer({ handleInput: async ({ request }) => {
                      if (request.method !== "GET") return {};
                      console.error("said"); return { userId: "u", sessionId: "c-1", text: "x" };
                    } });
                    """,
            },
        }, options: Posted.Unpumped);
        await connector.SayAsync("c", "hi", at: 1_000);
        using var client = new HttpClient();

        (await client.GetAsync(connector.EndpointUrl, TestContext.Current.CancellationToken)).Dispose();

        var (lines, _) = await connector.Service<EndpointLog>().ReadAsync(connector.EndpointId, DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow.AddDays(1), LogLevel.Debug, "c", null, 10, TestContext.Current.CancellationToken);
        Assert.Contains(lines, line => line.Message.Contains("said", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_get_makes_no_turn_while_people_talk()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Settings, options: Posted.Unpumped);
        await connector.SayAsync("c", "hi", at: 1_000);
        await connector.PostAsync("c", "MEMBERS_CHANGED", new JsonObject { ["memberType"] = "agent", ["change"] = "joined", ["id"] = "a" }, at: 2_000);
        await connector.ProcessAsync("c");
        using var client = new HttpClient();

        using var answer = await client.GetAsync($"{connector.EndpointUrl}?say=hello&session=c", TestContext.Current.CancellationToken);
        await connector.ProcessAsync("c");

        Assert.Equal((HttpStatusCode)201, answer.StatusCode);
        Assert.Equal(["1: hi"], await connector.SaidAsync("c"));
        Assert.Equal(0, (int)(await connector.ViewAsync("c"))["waiting"]!);
    }

    [Fact]
    public async Task A_get_while_storage_is_down_asks_for_it_again()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(
            azurite, settings: Settings, storage: proxy.ConnectionString, options: Posted.Unpumped);
        using var client = new HttpClient();
        using (var warm = await client.GetAsync(connector.EndpointUrl, TestContext.Current.CancellationToken)) Assert.True(warm.IsSuccessStatusCode);
        proxy.Refuse = _ => true;

        using var cold = await client.GetAsync($"{connector.Host.Url}/webhooks/never-seen", TestContext.Current.CancellationToken);
        using var answer = await client.GetAsync($"{connector.EndpointUrl}?say=hello&session=c", TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), (cold.StatusCode, answer.StatusCode));
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task A_test_shows_what_a_handler_returned_said_and_failed_with()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Settings, options: Posted.Unpumped);

        var shown = await TryAsync(connector, new() { ["event"] = new JsonObject { ["eventType"] = "MESSAGE", ["data"] = new JsonObject { ["text"] = "hey" } } });
        Assert.Equal("hey", (string?)shown["returned"]!["text"]);
        Assert.Equal("saw MESSAGE", (string?)shown["log"]![0]!["message"]);

        var failed = await TryAsync(connector, new() { ["handler"] = "handleOutput", ["event"] = new JsonObject { ["processedOutput"] = new JsonObject { ["text"] = "x" } } });
        Assert.Equal(("Error: no x", 17), ((string?)failed["error"]!["message"], (int?)failed["error"]!["line"]));

        var other = await TryAsync(connector, new() { ["source"] = "createWebhookTransformer({ handleNotify: async () => ({ text: 'own' }) })", ["handler"] = "handleNotify" });
        Assert.Equal("own", (string?)other["returned"]!["text"]);

        var seen = await TryAsync(connector, new()
        {
            ["source"] = "createWebhookTransformer({ handleInput: async ({ conversation }) => ({ text: conversation.id }) })",
            ["event"] = new JsonObject { ["eventType"] = "MESSAGE", ["conversationId"] = "c" },
        });
        Assert.Equal("c", (string?)seen["returned"]!["text"]);

        await TryAsync(connector, new() { ["handler"] = "handleNothing" }, HttpStatusCode.BadRequest);
        await TryAsync(connector, new() { ["eventId"] = "of no conversation" }, HttpStatusCode.BadRequest);
        await TryAsync(connector, new() { ["handler"] = "handleOutput", ["conversationId"] = "c", ["eventId"] = "no output" }, HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("handleInput", "{ text: 'x'.repeat(10001) }", "text")]
    [InlineData("handleInput", "{ userId: 5 }", "userId")]
    [InlineData("handleNotify", "{ text: 5 }", "text")]
    [InlineData("handleOutput", "{ foo: 1 }", "neither text")]
    [InlineData("handleInput", "{ text: 'x' }", null)]
    [InlineData("handleOutput", "null", null)]
    public async Task A_test_says_why_a_turn_would_not_take_what_was_returned(string handler, string value, string? refused)
    {
        var shown = await EightByEight.Connector.Transformers.TransformerTest.RunAsync(
            $"createWebhookTransformer({{ {handler}: async () => ({value}) }})", handler, [], TestContext.Current.CancellationToken);

        Assert.Null(shown["error"]);
        if (refused is null) Assert.Null(shown["refused"]);
        else Assert.Contains(refused, (string)shown["refused"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_made_no_turn_is_recorded_and_so_is_one_that_made_one_while_events_are_kept()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Settings, options: Posted.Unpumped);
        await SayAsync("drop", "dropped");
        await SayAsync("first", "forgotten");
        await connector.PatchAsync(new() { ["transformers"] = new JsonObject { ["keepEvents"] = true } });
        await SayAsync("second", "kept");

        var dropped = await TryAsync(connector, Recorded("dropped"));
        Assert.Equal(("saw MESSAGE", null), ((string?)dropped["log"]![0]!["message"], dropped["returned"]));
        var forgotten = await TryAsync(connector, Recorded("forgotten"), HttpStatusCode.NotFound);
        Assert.Contains("transformers.keepEvents", (string?)forgotten["detail"], StringComparison.Ordinal);
        var kept = await TryAsync(connector, Recorded("kept"));
        Assert.Equal("second", (string?)kept["returned"]!["text"]);
        // As 8x8 sent it, but for what nobody is to see.
        Assert.Equal(("MESSAGE", "second", "***"), ((string?)kept["event"]!["eventType"], (string?)kept["event"]!["data"]!["text"],
            (string?)kept["event"]!["data"]!["user"]!["ipaddress"]));
        Assert.Empty(await connector.RowsAsync("c", "2|"));

        Task SayAsync(string text, string eventId)
        {
            var data = Posted.Said(text);
            data["user"] = new JsonObject { ["ipaddress"] = "10.9.8.77" };
            return PostedAsync(connector, data, eventId);
        }
    }

    [Theory]
    [InlineData("""{ "collectConversations": false }""", "say: hi")]
    [InlineData("""{ "maskSensitiveAnalytics": true }""", "say: hi")]
    [InlineData("{}", "dataProtection: { blind: true }")]
    public async Task Where_what_customers_say_is_masked_no_event_is_kept_or_shown(string protection, string step)
    {
        var settings = Settings;
        settings["dataProtection"] = JsonNode.Parse(protection);
        settings["transformers"]!["keepEvents"] = true;
        await using var connector = await TestConnector.StartAsync(azurite, $"name: masked\nstart:\n  - {step}", settings, options: Posted.Unpumped);
        await PostedAsync(connector, Posted.Said("hello"), "turn");
        await PostedAsync(connector, Posted.Said("drop"), "dropped");

        Assert.Equal("dropped", Assert.Single(await connector.RowsAsync("c", "8|"))["EventId"]);
        Assert.DoesNotContain("drop", (await TryAsync(connector, Recorded("dropped"), HttpStatusCode.Conflict)).ToJsonString(), StringComparison.Ordinal);
        await TryAsync(connector, Recorded("turn"), HttpStatusCode.Conflict);
    }

    private static JsonObject Recorded(string eventId) => new() { ["conversationId"] = "c", ["eventId"] = eventId };

    private static async Task PostedAsync(TestConnector connector, JsonObject data, string eventId)
    {
        await connector.PostAsync("c", "MESSAGE", data, eventId: eventId);
        await connector.ProcessAsync("c");
    }

    private static async Task<JsonObject> TryAsync(TestConnector connector, JsonObject body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var answer = await connector.Admin.PostAsJsonAsync(
            $"/api/endpoints/{connector.EndpointId}/transformers/test", body, TestContext.Current.CancellationToken);
        Assert.Equal(expected, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!;
    }

    [Fact]
    public async Task The_terminal_shows_the_same()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var (source, given) = (Path.Combine(folder.FullName, "t.ts"), Path.Combine(folder.FullName, "e.json"));
            await File.WriteAllTextAsync(source, Source, TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(given, """{ "eventType": "MESSAGE", "data": { "text": "hey" } }""", TestContext.Current.CancellationToken);
            using var output = new StringWriter();
            Assert.Equal(0, await TransformerCommand.RunAsync(
                ["transformer", "test", source, "--handler", "handleInput", "--event", given], output, TestContext.Current.CancellationToken));
            Assert.Equal("hey", (string?)JsonNode.Parse(output.ToString())!["returned"]!["text"]);
            await Assert.ThrowsAsync<DevHostException>(() => TransformerCommand.RunAsync(["transformer", "try"], output, TestContext.Current.CancellationToken));

            await File.WriteAllTextAsync(source, "let a: = 1;", TestContext.Current.CancellationToken);
            using var broken = new StringWriter();
            Assert.Equal(1, await TransformerCommand.RunAsync(["transformer", "test", source], broken, TestContext.Current.CancellationToken));
            Assert.Equal(1, (int?)JsonNode.Parse(broken.ToString())!["error"]!["line"]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Inject_and_notify_get_what_the_handler_makes_of_a_request(bool inject)
    {
        using var room = new TestRoom(azurite.NewAccount());
        var name = inject ? "handleInject" : "handleNotify";
        var endpoint = new EightByEight.Connector.Endpoints.Endpoint
        {
            Id = "one",
            Settings = new()
            {
                Name = "Test",
                Flow = "f",
                EightByEight = new(),
                Transformers = new()
                {
                    Inject = inject,
                    Notify = !inject,
                    Source = $"createWebhookTransformer({{ {name}: async ({{ request, response }}) => {{ if (!request.body.who) {{ response.status(422).send('who?'); return null; }} return {{ userId: request.body.who, sessionId: 's', text: 't', data: {{ a: 1 }} }}; }} }});",
                },
            },
        };
        Task<EightByEight.Connector.Transformers.Transformed> AskAsync(JsonObject body)
        {
            var request = new JsonObject { ["body"] = body, ["headers"] = new JsonObject() };
            return inject ? room.Room.InjectAsync(endpoint, request, TestContext.Current.CancellationToken)
                : room.Room.NotifyAsync(endpoint, request, TestContext.Current.CancellationToken);
        }

        var made = await AskAsync(new() { ["who"] = "ann" });
        Assert.Equal(("ann", "s", "t", 1), (made.UserId, made.SessionId, made.Text, (int?)made.Data!["a"]));
        var stopped = await AskAsync([]);
        Assert.True(stopped.Stops);
        Assert.Equal((422, "who?"), (stopped.Answer!.Status, stopped.Answer.Body));
    }
}
