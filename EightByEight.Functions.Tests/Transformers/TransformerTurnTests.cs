using System.Net;
using System.Text.Json.Nodes;
using EightByEight.Connector.Transformers;
using EightByEight.Functions.Tests.Agents;
using EightByEight.Functions.Tests.Conversations;

namespace EightByEight.Functions.Tests.Transformers;

/// <summary>Transformers where they belong: in the turn.</summary>
public sealed class TransformerTurnTests(AzuriteFixture azurite)
{
    private static JsonObject With(string source, bool abort = false) => new()
    {
        ["eightByEight"] = new JsonObject { ["verifySignatures"] = false },
        ["dataProtection"] = new JsonObject { ["maskSensitiveLogging"] = false },
        ["transformers"] = new JsonObject
        {
            ["source"] = source,
            ["input"] = source.Contains("handleInput", StringComparison.Ordinal),
            ["output"] = source.Contains("handleOutput", StringComparison.Ordinal),
            ["executionFinished"] = source.Contains("handleExecutionFinished", StringComparison.Ordinal),
            ["abortOnError"] = abort,
        },
    };

    private const string Show = """
        name: show
        start:
          - set: { context.count: "{{ (context.count || 0) + 1 }}" }
          - say: "{{ context.count }} {{ input.text }} {{ input.data.mark }} {{ input.userId }} {{ input.sessionId }}"
        """;

    [Fact]
    public async Task Input_text_data_user_and_session_are_what_handleInput_returns_and_undefined_or_null_falls_through()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Show, With("""
            createWebhookTransformer({ handleInput: async ({ endpoint, request, conversation }: any) => {
              if (request.body.eventType !== "MESSAGE") return null;
              const text: string = request.body.data.text;
              if (text === "plain") return { userId: undefined, sessionId: null };
              return { userId: "me", sessionId: "own", text: `${text}! ${endpoint.channel}`, data: { mark: conversation.id } };
            } });
            """), options: Posted.Unpumped);
        await connector.SayAsync("c", "plain", at: 1_000);
        await connector.SayAsync("c", "hi", at: 2_000);
        await connector.SayAsync("c", "ho", at: 3_000);
        await connector.SayAsync("c", "plain", at: 4_000);
        Assert.Equal(["1 plain  c c-1", "1 hi! eightByEight c me own", "2 ho! eightByEight c me own", "2 plain  c c-1"], await connector.SaidAsync("c"));
    }

    [Fact]
    public async Task A_text_that_is_cut_through_an_emoji_goes_on_with_a_replacement_character()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: cut
            start:
              - set: { context.cut: "{{ input.text.slice(0, 3) }}" }
              - say: "{{ input.text }} {{ input.data.mark }} {{ input.userId }} {{ context.cut }}"
            """, With("""
            createWebhookTransformer({
              handleInput: async ({ request }: any) => {
                if (request.body.eventType !== "MESSAGE") return null;
                const cut = request.body.data.text.slice(0, 3);
                console.log(cut);
                return { text: cut, data: { mark: cut, [cut]: "\\ud83d" }, userId: cut, sessionId: cut };
              },
              handleOutput: async ({ processedOutput }: any) => ({ ...processedOutput, text: processedOutput.text + "\ud83d" })
            });
            """), options: Posted.Unpumped);
        await connector.SayAsync("c", "ab😀", at: 1_000);
        Assert.Equal(["ab� ab� ab� ab��"], await connector.SaidAsync("c"));
    }

    [Fact]
    public async Task Falsy_makes_no_turn_and_the_event_becomes_history()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Show, With(
            "createWebhookTransformer({ handleInput: async ({ request }) => request.body.data?.text === 'no' ? false : {} });"), options: Posted.Unpumped);
        await connector.SayAsync("c", "no", at: 1_000);
        await connector.SayAsync("c", "yes", at: 2_000);
        Assert.Single(await connector.SaidAsync("c"));
        Assert.Single(await connector.RowsAsync("c", "8|"));
    }

    [Fact]
    public async Task Every_event_is_shown_and_a_value_makes_a_turn_of_it_but_for_what_the_bot_said()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Show, With(
            "createWebhookTransformer({ handleInput: async ({ request }) => { console.log(request.body.eventType); return { text: 'from ' + request.body.eventType }; } });"),
            options: Posted.Unpumped);
        await connector.PostAsync("c", "ACTIVITY", new JsonObject { ["name"] = "typing" }, at: 1_000);
        await connector.PostAsync("c", "MESSAGE", new JsonObject { ["text"] = "x", ["sender"] = new JsonObject { ["type"] = "bot" }, ["isEcho"] = true }, at: 2_000);
        await connector.PostAsync("c", "FUTURE_EVENT", new JsonObject(), at: 3_000);
        await connector.ProcessAsync("c");
        Assert.Equal(["from ACTIVITY", "from FUTURE_EVENT"], (await connector.SaidAsync("c")).Select(said => string.Join(' ', said.Split(' ')[1..3])));
        Assert.Equal(["handleInput: ACTIVITY", "handleInput: MESSAGE", "handleInput: FUTURE_EVENT"], await connector.LogAsync());
    }

    [Fact]
    public async Task An_agent_who_talks_is_seen_but_no_value_makes_a_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Show, With(
            "createWebhookTransformer({ handleInput: async ({ request }) => { console.log(request.body.eventType); return {}; } });"), options: Posted.Unpumped);
        await connector.PostAsync("c", "MEMBERS_CHANGED", new JsonObject { ["memberType"] = "agent", ["change"] = "joined", ["id"] = "a" }, at: 1_000);
        await connector.SayAsync("c", "hello agent", at: 2_000);
        Assert.Empty(await connector.SaidAsync("c"));
        Assert.Equal(["handleInput: MEMBERS_CHANGED", "handleInput: MESSAGE"], await connector.LogAsync());
    }

    [Theory]
    [InlineData(true, "a b")]
    [InlineData(false, "a <iframe src=x>b")]
    public async Task What_a_transformer_makes_of_a_text_is_sanitized_unless_the_Endpoint_says_otherwise(bool sanitizes, string heard)
    {
        var settings = With("createWebhookTransformer({ handleInput: async ({ request }) => ({ text: request.body.data.text.replace('[', '<').replace(']', '>') }) });");
        settings["dataProtection"]!["sanitizeInput"] = sanitizes;
        await using var connector = await TestConnector.StartAsync(azurite, CharacterCodes, settings, options: Posted.Unpumped);
        await connector.SayAsync("c", "a [iframe src=x]b", at: 1_000);
        Assert.Equal([CodesOf(heard)], await connector.SaidAsync("c"));
    }

    [Theory]
    [InlineData("""{"name":"quickReply/action","value":{"title":"t","payload":"PAYLOAD"}}""")]
    [InlineData("""{"name":"adaptiveCard/action","value":{"data":{"postback":"PAYLOAD"}}}""")]
    public async Task A_postback_reaches_the_Flow_byte_for_byte(string activity)
    {
        const string payload = "  <script>order('1')</script> & \u00fc\t{\"a\": 1}";
        await using var connector = await TestConnector.StartAsync(azurite, CharacterCodes, Posted.Unsigned, options: Posted.Unpumped);
        var data = JsonNode.Parse(activity)!.AsObject();
        if (data["value"]!["data"] is JsonObject card) card["postback"] = payload;
        else data["value"]!["payload"] = payload;
        await connector.PostAsync("c", "ACTIVITY", data, at: 1_000);
        await connector.ProcessAsync("c");
        Assert.Equal([CodesOf(payload)], await connector.SaidAsync("c"));
    }

    private const string CharacterCodes = """
        name: codes
        start:
          - say: "{{ [...input.text].map(c => c.charCodeAt(0)).join(' ') }}"
        """;

    private static string CodesOf(string text) => string.Join(' ', text.Select(c => (int)c));

    [Fact]
    public async Task Analytics_keep_the_data_that_an_input_transformer_made()
    {
        var settings = With("createWebhookTransformer({ handleInput: async () => ({ text: 'made', data: { order: 7 } }) });");
        await using var connector = await TestConnector.StartAsync(azurite, Show, settings, options: Posted.Unpumped);
        await connector.SayAsync("c", "said", at: 1_000);
        await connector.Service<EightByEight.Connector.Conversations.Sweeper>().SweepAsync(TestContext.Current.CancellationToken);
        var record = JsonNode.Parse(await connector.Admin.GetStringAsync($"/api/endpoints/{connector.EndpointId}/analytics", TestContext.Current.CancellationToken))!;
        Assert.Equal(("made", 7), ((string?)record["text"], (int?)record["data"]!["order"]));
    }

    [Theory]
    [InlineData("throw new Error('boom')", "handleInput failed: Error: boom (line 1")]
    [InlineData("return { userId: 5 }", "userId is no text")]
    public async Task An_error_in_handleInput_is_logged_and_the_event_goes_on_unless_told_to_abort(string body, string logged)
    {
        var source = $"createWebhookTransformer({{ handleInput: async () => {{ {body} }} }});";
        await using var connector = await TestConnector.StartAsync(azurite, Show, With(source), options: Posted.Unpumped);
        await connector.SayAsync("c", "one", at: 1_000);
        Assert.StartsWith("1 one", Assert.Single(await connector.SaidAsync("c")), StringComparison.Ordinal);
        Assert.Contains(await connector.LogAsync(), line => line.Contains(logged, StringComparison.Ordinal));
        await connector.PatchAsync(new JsonObject { ["transformers"] = new JsonObject { ["abortOnError"] = true } });
        await connector.SayAsync("c", "two", at: 2_000);
        Assert.Single(await connector.SaidAsync("c"));
    }

    [Theory]
    [InlineData("userId", 256, 257)]
    [InlineData("sessionId", 256, 257)]
    [InlineData("text", 10_000, 10_001)]
    public void A_text_that_is_returned_may_be_so_long(string member, int fits, int tooLong)
    {
        Assert.NotNull(Transformed.Read(new JsonObject { [member] = new string('x', fits) }, out _));
        Assert.Null(Transformed.Read(new JsonObject { [member] = new string('x', tooLong) }, out var problem));
        Assert.Equal($"{member} has {tooLong} characters; {fits} are allowed", problem);
    }

    [Theory]
    [InlineData("\"text\"", "it is no object")]
    [InlineData("{\"userId\":5}", "userId is no text")]
    [InlineData("{\"data\":\"x\"}", "data is not an object")]
    [InlineData("{\"data\":[]}", "data is not an object")]
    public void What_is_returned_must_be_of_the_right_kind(string json, string reason)
    {
        Assert.Null(Transformed.Read(JsonNode.Parse(json), out var problem));
        Assert.Equal(reason, problem);
    }

    [Fact]
    public async Task Each_output_is_shown_with_its_message_and_falsy_drops_only_that_one()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three, With("""
            createWebhookTransformer({ handleOutput: async ({ output, processedOutput, userId, sessionId, endpoint }) => {
              if (output.text.endsWith("/2")) return null;
              return { ...processedOutput, authorType: "user", text: `${processedOutput.authorType} ${output.text} ${userId} ${sessionId}` };
            } });
            """), options: Posted.Unpumped);
        await connector.SayAsync("c", "hi", at: 1_000);
        Assert.Equal(["bot hi/1 c c-1", "bot hi/3 c c-1"], await connector.SaidAsync("c"));
    }

    [Theory]
    [InlineData("throw new Error('boom')")]
    [InlineData("return { cards: 5 }")]
    public async Task An_error_in_handleOutput_sends_the_message_as_it_was_or_aborts(string body)
    {
        var source = $"createWebhookTransformer({{ handleOutput: async ({{ output }}) => {{ if (output.text.endsWith('/2')) {{ {body} }} return {{ text: 'T' }}; }} }});";
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three, With(source), options: Posted.Unpumped);
        await connector.SayAsync("c", "a", at: 1_000);
        Assert.Equal(["T", "a/2", "T"], await connector.SaidAsync("c"));
        await connector.PatchAsync(new JsonObject { ["transformers"] = new JsonObject { ["abortOnError"] = true } });
        await connector.SayAsync("c", "b", at: 2_000);
        Assert.Equal(["T", "a/2", "T", "T"], await connector.SaidAsync("c"));
    }

    [Fact]
    public async Task HandleExecutionFinished_runs_after_the_outputs_of_a_turn()
    {
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three, With("""
            createWebhookTransformer({
              handleOutput: async ({ output }) => { console.info(output.text); return { text: output.text }; },
              handleExecutionFinished: async ({ userId, sessionId, endpoint }) => { console.info(`${userId} ${sessionId} ${endpoint.channel}`); }
            });
            """), options: Posted.Unpumped);
        await connector.SayAsync("c", "x", at: 1_000);
        Assert.Equal(["handleOutput: x/1", "handleOutput: x/2", "handleOutput: x/3", "handleExecutionFinished: c c-1 eightByEight"], await connector.LogAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HandleExecutionFinished_runs_again_after_a_crash_and_nothing_is_said_twice(bool whileItRuns)
    {
        using var process = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var (calls, hasRun) = (0, false);
        await using var other = await AgentServer.StartAsync(_ =>
        {
            if (++calls == 1 && whileItRuns) process.Cancel();
            hasRun = true;
            return (200, "");
        });
        await using var proxy = await StorageProxy.StartAsync(azurite);
        proxy.Before = async request =>
        {
            if (!hasRun || whileItRuns || process.IsCancellationRequested || request.Method == "GET") return false;
            await process.CancelAsync();
            return true;
        };
        var settings = With($$"""
            createWebhookTransformer({ handleExecutionFinished: async ({ sessionId }) => { await httpRequest({ uri: "{{other.Url}}/" + sessionId }); } });
            """);
        settings["eightByEight"] = Posted.Unsigned["eightByEight"]!.DeepClone();
        await using var connector = await TestConnector.StartAsync(azurite, SampleFlow.Three, settings, storage: proxy.ConnectionString,
            options: new Dictionary<string, string?>(Posted.Mortal) { ["Connector:Transformers:AllowPrivateAddresses"] = "true" });
        var conversation = connector.Start();
        await connector.Gateway.SettledAsync();
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("x"));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connector.ProcessAsync(conversation, cancellation: process.Token));
        await Eventually.GetAsync(async () =>
        {
            await connector.ProcessAsync(conversation);
            return calls;
        }, called => called >= 2, "the handler once more", TimeSpan.FromSeconds(60), connector.Logs);

        Assert.Equal([$"/{conversation}-1", $"/{conversation}-1"], other.Calls.Select(call => call.Path));
        Assert.Equal(["x/1", "x/2", "x/3"], connector.BotSaid(conversation));
    }

    [Fact]
    public async Task Transformers_see_a_handover_and_what_the_Flow_says_of_it()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: hand
            start:
              - handover: { queueId: "101", message: Wait }
              - say: "Over: {{ input.handover.status }}"
            """, With("""
            createWebhookTransformer({
              handleInput: async ({ request, conversation }) => { console.log(`${request.body.eventType} ${conversation.handover?.status}`); return request.body.eventType === "MESSAGE" ? {} : null; },
              handleOutput: async ({ processedOutput, conversation }) => ({ text: processedOutput.text + "!" })
            });
            """));
        var conversation = connector.Start("human");
        await connector.BotSaysAsync(conversation, 1);
        await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(conversation), assigned => assigned.Type == "queue", "a queue", null, connector.Logs);
        connector.Gateway.AgentAccepts(conversation);
        connector.Gateway.CustomerSays(conversation, "hello agent");
        connector.Gateway.AgentLeaves(conversation);
        Assert.Equal(["Wait!", "Over: completed!"], await connector.BotSaysAsync(conversation, 2));
        var log = await connector.LogAsync();
        Assert.Contains("handleInput: MESSAGE undefined", log);
        Assert.Contains("handleInput: MESSAGE agent", log);
        Assert.Contains(log, line => line.StartsWith("handleInput: MEMBERS_CHANGED", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_adaptive_card_that_a_transformer_makes_is_marked_like_any_other()
    {
        await using var connector = await TestConnector.StartAsync(azurite, "name: card\nstart:\n  - say: Hello", With("""
            createWebhookTransformer({
              handleOutput: async () => ({ cards: [{ contentType: "application/vnd.microsoft.card.adaptive", content: {
                type: "AdaptiveCard", version: "1.3", body: [], actions: [{ type: "Action.Submit", title: "Go", data: { a: 1 } }] } }] })
            });
            """));
        var conversation = connector.Start("hi");
        await connector.BotSaysAsync(conversation, 1);

        var data = Assert.Single(connector.Gateway.Messages(conversation)[^1].Cards).Content.GetProperty("actions")[0].GetProperty("data");
        Assert.Equal((1, "1-1"), (data.GetProperty("a").GetInt32(), data.GetProperty("_card").GetString()));
    }

    [Fact]
    public void A_conversation_keeps_its_last_eight_sessions()
    {
        var state = new EightByEight.Connector.Conversations.ConversationState();
        for (var i = 0; i < 12; i++)
        {
            state = state.WithSession($"s{i}");
            Assert.Null(state.Session);
            state = state with { Session = new() { Id = $"s{i}", Name = $"s{i}", Flow = "f", LastInputAt = i } };
        }

        Assert.Equal("s5", state.WithSession("s5").Session?.Id);
        Assert.Null(state.WithSession("s3").Session);
        Assert.Equal(7, state.OtherSessions.Count);
    }

    [Fact]
    public async Task A_source_that_cannot_run_is_refused_with_its_place_and_a_long_one_is_kept()
    {
        await using var connector = await TestConnector.StartAsync(azurite, options: Posted.Unpumped);
        foreach (var (source, reason) in new[] { ("let a: = 5", "line 1"), ("createRestTransformer({})", "createRestTransformer cannot be used here") })
        {
            using var refused = await System.Net.Http.Json.HttpClientJsonExtensions.PatchAsJsonAsync(connector.Admin, $"/api/endpoints/{connector.EndpointId}",
                new JsonObject { ["transformers"] = new JsonObject { ["source"] = source } });
            var problem = await refused.Content.ReadAsStringAsync();
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains("$.transformers.source", problem, StringComparison.Ordinal);
            Assert.Contains(reason, problem, StringComparison.Ordinal);
        }

        var longest = "createWebhookTransformer({}); // ".PadRight(100_000, 'ü');
        await connector.PatchAsync(new JsonObject { ["transformers"] = new JsonObject { ["source"] = longest } });
        Assert.Equal(longest, (string?)connector.Endpoint["transformers"]!["source"]);
    }
}

/// <summary>Events into a conversation, and what came of them.</summary>
internal static class Transforming
{
    public static async Task SayAsync(this TestConnector connector, string conversationId, string text, long at)
    {
        await connector.PostAsync(conversationId, "MESSAGE",
            new JsonObject { ["text"] = text, ["sender"] = new JsonObject { ["type"] = "user" } }, at: at);
        await connector.ProcessAsync(conversationId);
    }

    /// <summary>What the connector decided to say, in order.</summary>
    public static async Task<IReadOnlyList<string>> SaidAsync(this TestConnector connector, string conversationId)
    {
        var view = await connector.ViewAsync(conversationId);
        return [.. view["turns"]!.AsArray().SelectMany(turn => turn!["outputs"]?.AsArray() ?? []).Select(output => (string?)output!["text"] ?? output.ToJsonString())];
    }

    /// <summary>What transformers said in the Endpoint's log.</summary>
    public static async Task<IReadOnlyList<string>> LogAsync(this TestConnector connector)
    {
        var storage = (EightByEight.Connector.ConnectorStorage)connector.Host.Services.GetService(typeof(EightByEight.Connector.ConnectorStorage))!;
        var lines = new List<(string Key, string Message)>();
        await foreach (var row in storage.Logs.QueryAsync<Azure.Data.Tables.TableEntity>())
            if (row.GetString("Source") == "transformer") lines.Add((row.RowKey, row.GetString("Message")));
        return [.. lines.OrderByDescending(line => line.Key, StringComparer.Ordinal).Select(line => line.Message)];
    }
}
