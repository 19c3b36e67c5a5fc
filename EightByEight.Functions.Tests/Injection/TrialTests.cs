using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.Functions.Tests.Agents;
using EightByEight.Functions.Tests.Analytics;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Transformers;

namespace EightByEight.Functions.Tests.Injection;

/// <summary>The test mode: the whole way of an input, without 8x8.</summary>
public sealed class TrialTests(AzuriteFixture azurite)
{
    private const string Key = "key-of-the-test-mode";

    private const string Flow = """
        name: trial
        start:
          - set: { context.count: "{{ (context.count || 0) + 1 }}" }
          - if: "input.text == 'agent'"
            then:
              - handover: { queueId: "101", message: "One moment." }
          - say: "{{ context.count }} {{ input.text }}"
        """;

    [Fact]
    public async Task A_test_answers_what_8x8_would_have_been_told_and_tells_8x8_nothing()
    {
        await using var connector = await TestConnector.StartAsync(
            azurite, Flow, new JsonObject { ["test"] = new JsonObject { ["key"] = Key, ["messagesPerHour"] = 4 } });

        var first = await SendAsync(connector, """{"userId":"u","sessionId":"s","text":"hello","data":{"order":7}}""");
        var second = await SendAsync(connector, """{"sessionId":"s","text":"again"}""");
        var other = await SendAsync(connector, """{"sessionId":"other","text":"hello"}""");
        var handed = await SendAsync(connector, """
            {"eventType":"MESSAGE","conversationId":"s","data":{"sender":{"type":"user"},"text":"agent"}}
            """);

        Assert.Equal(["1 hello"], first.Body["outputs"]!.AsArray().Select(output => (string)output!["text"]!));
        Assert.Equal("2 again", (string)second.Body["outputs"]![0]!["text"]!);
        Assert.Equal("1 hello", (string)other.Body["outputs"]![0]!["text"]!);
        Assert.Equal(["POST", "PATCH"], handed.Body["calls"]!.AsArray().Select(call => (string)call!["method"]!));
        Assert.Equal("101", (string)handed.Body["calls"]![1]!["body"]!["assignment"]!["id"]!);
        Assert.Equal("requested", (string)handed.Body["handover"]!);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await SendAsync(connector, """{"sessionId":"s","text":"a fifth"}""")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(connector, """{"sessionId":"s","text":"x"}""", "some-other-key-here")).Status);
        var listed = await connector.Admin.GetStringAsync(
            $"/api/endpoints/{connector.EndpointId}/conversations", TestContext.Current.CancellationToken);
        Assert.Contains("\"items\":[]", listed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_turn_that_pauses_is_run_to_its_end_and_its_delays_are_skipped_and_told()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: pauses
            start:
              - say: "Wait, {{ input.text }}"
              - delay: 300
              - say: "Still, {{ input.text }}"
              - delay: 0
              - say: "Done, {{ input.text }}"
            """, Trials);

        var first = await SendAsync(connector, """{"sessionId":"s","text":"one"}""");
        var second = await SendAsync(connector, """{"sessionId":"s","text":"two"}""");

        Assert.Equal(["Wait, one", "Still, one", "Done, one"], Texts(first.Body));
        Assert.Equal("[300]", first.Body["skippedDelays"]!.ToJsonString());
        Assert.Equal(["Wait, two", "Still, two", "Done, two"], Texts(second.Body));
    }

    [Fact]
    public async Task A_turn_goes_on_after_the_answer_of_an_http_step()
    {
        await using var server = await AgentServer.StartAsync(_ => (200, "7"));
        await using var connector = await TestConnector.StartAsync(azurite, $$$"""
            name: stock
            start:
              - http: { url: "{{{server.Url}}}" }
              - say: "{{ input.result.body }} of {{ input.text }}"
            """, Trials);

        var first = await SendAsync(connector, """{"sessionId":"s","text":"shoes"}""");
        var second = await SendAsync(connector, """{"sessionId":"s","text":"hats"}""");

        Assert.Equal(["7 of shoes"], Texts(first.Body));
        Assert.Empty(first.Body["skippedDelays"]!.AsArray());
        Assert.Equal(["7 of hats"], Texts(second.Body));
    }

    [Fact]
    public async Task A_turn_that_pauses_without_an_end_is_cut_off_and_the_session_goes_on()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: endless
            start:
              - if: "input.text == 'fine'"
                then: [ { say: Fine. }, stop ]
              - while: "true"
                atMost: 400
                do: [ { delay: 0 } ]
            """, Trials);

        var cut = await SendAsync(connector, """{"sessionId":"s","text":"go"}""");

        Assert.Contains("is left out", (string)cut.Body["failure"]!, StringComparison.Ordinal);
        Assert.Equal(["Fine."], Texts((await SendAsync(connector, """{"sessionId":"s","text":"fine"}""")).Body));
    }

    [Fact]
    public async Task A_profile_lives_with_the_tests_of_a_session_and_the_customers_own_is_neither_read_nor_changed()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: profiled
            start:
              - set: { profile.count: "{{ (profile.count || 0) + 1 }}" }
              - say: "{{ profile.count }} {{ input.userId }}"
            """, With(("dataProtection", new JsonObject { ["contactProfiles"] = true }), ("eightByEight", new JsonObject { ["verifySignatures"] = false })));
        await connector.PostAsync("real", "CONVERSATION_UPDATE", new JsonObject { ["state"] = "ACTIVE", ["user"] = new JsonObject { ["userId"] = "ann" } });
        await connector.PostAsync("real", "MESSAGE", Posted.Said("one"));
        await connector.SettledAsync("real", 1);

        var first = await SendAsync(connector, """{"sessionId":"s","userId":"ann","text":"hello"}""");
        var second = await SendAsync(connector, """{"sessionId":"s","userId":"ann","text":"again"}""");

        Assert.Equal(["1 ann", "2 ann"], [.. Texts(first.Body), .. Texts(second.Body)]);
        await connector.PostAsync("real", "MESSAGE", Posted.Said("two"));
        await connector.SettledAsync("real", 2);
        Assert.Equal(["1 ann", "2 ann"], await connector.SaidAsync("real"));
        Assert.Single(await RowsAsync(connector.Service<ConnectorStorage>().Profiles));
    }

    [Fact]
    public async Task The_userId_of_a_body_is_the_customers_for_the_session()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: who
            start: [ { say: "{{ input.userId }}|{{ input.user.userId }}" } ]
            """, Trials);

        Assert.Equal(["ann|ann"], Texts((await SendAsync(connector, """{"sessionId":"s","userId":"ann","text":"x"}""")).Body));
        Assert.Equal(["ann|ann"], Texts((await SendAsync(connector, """{"sessionId":"s","text":"x"}""")).Body));
        Assert.Equal(["other|"], Texts((await SendAsync(connector, """{"sessionId":"other","text":"x"}""")).Body));
    }

    [Fact]
    public async Task HandleExecutionFinished_runs_once_a_test_at_its_end()
    {
        await using var connector = await TestConnector.StartAsync(azurite, "name: two\nstart: [ { say: A }, { delay: 1 }, { say: B } ]", With(
            ("transformers", new JsonObject
            {
                ["source"] = "createWebhookTransformer({ handleExecutionFinished: async ({ userId, sessionId }) => { console.log(`finished ${userId} ${sessionId}`) } })",
                ["executionFinished"] = true,
            }), ("dataProtection", new JsonObject { ["maskSensitiveLogging"] = false })));

        await SendAsync(connector, """{"sessionId":"s","userId":"ann","text":"x"}""");

        var line = Assert.Single(await connector.LogAsync());
        Assert.Contains("finished ann s-1", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attachments_of_a_test_are_shown_as_8x8_sent_them_and_nothing_is_stored()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: files
            start: [ { say: "{{ input.data.attachments[0].status }} {{ input.data.attachments[0].url }}" } ]
            """, With(("fileStorage", new JsonObject { ["provider"] = "azure" })));

        var shown = await SendAsync(connector, """
            {"sessionId":"s","text":"look","data":{"attachments":[{"id":"a1","fileName":"a.png","preSignedUrl":"https://files.example.com/a.png"}]}}
            """);

        Assert.Equal(["linked https://files.example.com/a.png"], Texts(shown.Body));
        Assert.False(await connector.Service<ConnectorStorage>().FileContainer("files").ExistsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_test_asks_nothing_of_8x8_and_is_counted_nowhere()
    {
        await using var tracker = await TestTracker.StartAsync();
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: counted
            start:
              - track: { goal: greeted, understood: true }
              - say: { image: "https://files.example.com/a.png" }
              - handover: { queueId: "101", message: One moment. }
            """, With(("dataProtection", new JsonObject { ["dashbot"] = new JsonObject { ["apiKey"] = "dash" } })),
            options: new Dictionary<string, string?>(TestConnector.Quick) { ["Connector:Dashbot:BaseUrl"] = tracker.Url });

        var tried = await SendAsync(connector, """{"sessionId":"s","userId":"u","text":"hello"}""");
        await connector.Service<Sweeper>().SweepAsync(TestContext.Current.CancellationToken);

        Assert.Equal("requested", (string)tried.Body["handover"]!);
        Assert.Empty(connector.Gateway.Requests);
        Assert.Empty(tracker.Told);
        var path = $"/api/endpoints/{connector.EndpointId}/analytics";
        Assert.Empty(await connector.Admin.GetStringAsync(path, TestContext.Current.CancellationToken));
        Assert.Contains("\"items\":[]", await connector.Admin.GetStringAsync(path + "/daily", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(await RowsAsync(connector.Service<ConnectorStorage>().Analytics));
    }

    private static JsonObject Trials => With();

    private static JsonObject With(params (string Name, JsonNode Value)[] more)
    {
        var settings = new JsonObject { ["test"] = new JsonObject { ["key"] = Key } };
        foreach (var (name, value) in more) settings[name] = value;
        return settings;
    }

    private static IEnumerable<string> Texts(JsonObject answer) => answer["outputs"]!.AsArray().Select(output => (string)output!["text"]!);

    private static async Task<List<Azure.Data.Tables.TableEntity>> RowsAsync(Azure.Data.Tables.TableClient table)
    {
        var rows = new List<Azure.Data.Tables.TableEntity>();
        await foreach (var row in table.QueryAsync<Azure.Data.Tables.TableEntity>(cancellationToken: TestContext.Current.CancellationToken)) rows.Add(row);
        return rows;
    }

    private static async Task<(HttpStatusCode Status, JsonObject Body)> SendAsync(TestConnector connector, string body, string key = Key)
    {
        var token = connector.EndpointUrl[(connector.EndpointUrl.LastIndexOf('/') + 1)..];
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync($"{connector.Host.Url}/test/{token}", content, TestContext.Current.CancellationToken);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsObject());
    }
}
