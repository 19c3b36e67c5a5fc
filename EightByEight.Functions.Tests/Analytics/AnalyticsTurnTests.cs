using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Flows;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Transformers;

namespace EightByEight.Functions.Tests.Analytics;

/// <summary>What a turn leaves for analytics and in the Endpoint's log, as the admin API shows it.</summary>
public sealed class AnalyticsTurnTests(AzuriteFixture azurite)
{
    private const string Flow = """
        name: shop
        start:
          - log: { level: warning, message: "saw {{ input.text }} by {{ input.user.name }}" }
          - track: { goal: greeted, custom: { said: "{{ input.text }}", plan: gold }, understood: true }
          - say: "You said {{ input.text }}"
          - if: input.text.includes('fail')
            then: [ { set: { context.x: "{{ (() => { throw new Error('quoting ' + input.text) })() }}" } } ]
        """;

    private static JsonObject Open(params (string Name, JsonNode Value)[] more)
    {
        var protection = new JsonObject { ["maskIpAddress"] = false, ["maskSensitiveLogging"] = false };
        foreach (var (name, value) in more) protection[name] = value;
        return new() { ["eightByEight"] = new JsonObject { ["verifySignatures"] = false }, ["dataProtection"] = protection };
    }

    [Fact]
    public async Task Collect_analytics_leaves_one_record_a_turn_however_often_its_event_comes_and_totals_by_day()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Flow, Open(), options: Posted.Unpumped);
        await SayAsync(connector, "first", "=1+1");
        await SayAsync(connector, "first", "=1+1");
        await SayAsync(connector, "second", "fail");
        await connector.Service<Sweeper>().SweepAsync(TestContext.Current.CancellationToken);
        // The wake-up of a turn that is done comes once more, and so does its event; then everything is swept again.
        await SayAsync(connector, "first", "=1+1");
        await connector.Service<Sweeper>().SweepAsync(TestContext.Current.CancellationToken);

        var records = await RecordsAsync(connector);
        Assert.Equal(["=1+1", "fail"], records.Select(record => (string?)record["text"]));
        var first = records[0];
        Assert.Equal(("c", "first", "MESSAGE", "c-1", "shop", 1L), (
            (string?)first["conversationId"], (string?)first["eventId"], (string?)first["eventType"], (string?)first["sessionId"],
            (string?)first["flow"], (long?)first["sequence"]));
        Assert.Equal(("""["greeted"]""", """{"said":"=1+1","plan":"gold"}""", true, false), (
            first["goals"]!.ToJsonString(TestRecords.Relaxed), first["custom"]!.ToJsonString(TestRecords.Relaxed), (bool?)first["understood"], (bool?)first["failed"]));
        Assert.Equal("10.1.2.3", (string?)first["ip"]);
        Assert.True((long?)first["durationMs"] >= 0);
        Assert.Null(first["intent"]);
        Assert.True((bool?)records[1]["failed"]);

        var daily = await connector.Admin.GetFromJsonAsync<JsonObject>($"/api/endpoints/{connector.EndpointId}/analytics/daily", TestContext.Current.CancellationToken);
        var day = Assert.Single(daily!["items"]!.AsArray())!;
        Assert.Equal((2, 1, 1, 1), ((int?)day["turns"], (int?)day["sessions"], (int?)day["failures"], (int?)day["goals"]!["greeted"]));
        using var csv = await connector.Admin.GetAsync($"/api/endpoints/{connector.EndpointId}/analytics?format=csv", TestContext.Current.CancellationToken);
        Assert.Equal("text/csv", csv.Content.Headers.ContentType!.MediaType);
        Assert.Contains(",'=1+1,", await csv.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_understood_is_in_the_record()
    {
        const string flow = "name: shop\nintents: { hours: { examples: [ when are you open, opening hours ], reply: Nine. } }\nstart: [ say: What? ]";
        await using var connector = await TestConnector.StartAsync(azurite, flow, Open(), options: Posted.Unpumped);
        // Learned when it was stored, not in a turn.
        Assert.True((await connector.Service<FlowDirectory>().FindAsync("shop", TestContext.Current.CancellationToken))!.Listener!.HasLearned);
        await SayAsync(connector, "first", "Opening hours?");
        await SayAsync(connector, "second", "is it raining in peru");
        await connector.Service<Sweeper>().SweepAsync(TestContext.Current.CancellationToken);

        var records = await RecordsAsync(connector);
        Assert.Equal(("hours", 1.0, true), ((string?)records[0]["intent"], (double?)records[0]["intentScore"], (bool?)records[0]["understood"]));
        Assert.Equal((null, false), ((string?)records[1]["intent"], (bool?)records[1]["understood"]));
        Assert.InRange((double)records[1]["intentScore"]!, 0, 0.44);
    }

    [Fact]
    public async Task A_turn_that_pauses_counts_once_as_understood()
    {
        const string flow = "name: shop\nintents: { hours: { examples: [ when are you open, opening hours ] } }\nstart: [ say: A, delay: 0, say: B ]";
        await using var connector = await TestConnector.StartAsync(azurite, flow, Open(), options: Posted.Unpumped);
        await SayAsync(connector, "first", "Opening hours?");
        Assert.Equal(["A", "B"], await connector.SaidAsync("c"));
        await connector.Service<Sweeper>().SweepAsync(TestContext.Current.CancellationToken);

        var daily = await connector.Admin.GetFromJsonAsync<JsonObject>($"/api/endpoints/{connector.EndpointId}/analytics/daily", TestContext.Current.CancellationToken);
        var day = Assert.Single(daily!["items"]!.AsArray())!;
        Assert.Equal((1, 1, 0), ((int?)day["turns"], (int?)day["understood"], (int?)day["notUnderstood"]));
    }

    [Fact]
    public async Task A_slot_is_masked_as_what_was_said_is_also_where_it_is_written_otherwise()
    {
        const string flow = "name: shop\nstart:\n  - log: \"call {{ input.slots.PHONE[0] }}\"\n  - stop\n";
        await using var connector = await TestConnector.StartAsync(azurite, flow, Open(("maskSensitiveLogging", true)), options: Posted.Unpumped);
        await SayAsync(connector, "first", "call me at +49 (30) 901820");

        Assert.Equal("call ***", (string?)Assert.Single(await LinesAsync(connector))["message"]);
    }

    [Fact]
    public async Task Collect_analytics_off_leaves_nothing()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Flow, Open(("collectAnalytics", false)), options: Posted.Unpumped);
        await SayAsync(connector, "first", "hello");
        Assert.Empty(await connector.RowsAsync("c", "4|"));
        Assert.Empty(await RecordsAsync(connector));
    }

    [Fact]
    public async Task Mask_sensitive_analytics_masks_text_data_and_address_and_what_the_flow_quotes()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Flow, Open(("maskSensitiveAnalytics", true)), options: Posted.Unpumped);
        await SayAsync(connector, "first", "my secret");
        var record = Assert.Single(await RecordsAsync(connector));
        Assert.Equal(("***", "***", """{"said":"***","plan":"gold"}"""), (
            (string?)record["text"], (string?)record["ip"], record["custom"]!.ToJsonString()));
        Assert.Null(record["data"]);
    }

    [Fact]
    public async Task Mask_sensitive_analytics_masks_what_the_bot_says_where_it_repeats_what_the_customer_said_now_or_before()
    {
        await using var connector = await TestConnector.StartAsync(azurite, """
            name: repeats
            start:
              - say: "What is your name?"
              - question: { text: "And then?", saveTo: context.name }
              - say: "Thank you, {{ context.name }}."
              - question: { text: "What else?" }
              - say: "Good bye, {{ context.name }}."
            """, Open(("maskSensitiveAnalytics", true)));
        var conversation = connector.Start("Hello there");
        await connector.BotSaysAsync(conversation, 2);
        connector.Gateway.CustomerSays(conversation, "NameMarker");
        await connector.BotSaysAsync(conversation, 4);
        connector.Gateway.CustomerSays(conversation, "nothing");
        Assert.Equal("Good bye, NameMarker.", (await connector.BotSaysAsync(conversation, 5))[4]);

        var turns = (await connector.SettledAsync(conversation, 3))["turns"]!.AsArray();
        Assert.Equal(["What is your name?", "And then?", "***", "***", "***"], turns.SelectMany(turn => turn!["outputs"]!.AsArray()).Select(output => (string?)output!["text"]));
        foreach (var row in await connector.RowsAsync(conversation, ""))
            Assert.DoesNotContain("NameMarker", System.Text.Encoding.UTF8.GetString(row.GetBinary("Body") ?? []), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_tells_newest_first_what_flows_say_and_why_they_fail_by_level_conversation_and_page()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Flow, Open(), options: Posted.Unpumped);
        await SayAsync(connector, "first", "one");
        await SayAsync(connector, "second", "fail");
        await connector.PostAsync("other", "MESSAGE", Posted.Said("two"));
        await connector.ProcessAsync("other");

        Assert.Equal(["saw two by ", "The Flow failed at shop start/3/then/0 (line 7): quoting fail", "saw fail by Ann", "saw one by Ann"],
            (await LinesAsync(connector)).Select(line => ((string)line["message"]!).Replace("Error: ", "", StringComparison.Ordinal)));
        var failed = Assert.Single(await LinesAsync(connector, "?level=error"));
        Assert.Equal(("error", "flow", "c", "c-1"), ((string?)failed["level"], (string?)failed["source"], (string?)failed["conversationId"], (string?)failed["sessionId"]));
        Assert.Single(await LinesAsync(connector, "?conversationId=other"));
        // The simulator knows no such conversation.
        Assert.Contains((await PageAsync(connector, "?level=error"))["items"]!.AsArray(), line =>
            (string?)line!["source"] == "connector" && ((string)line["message"]!).StartsWith("outputs-1-0 is parked: ", StringComparison.Ordinal));
        Assert.Empty(await LinesAsync(connector, "?to=2026-01-01"));
        var (paged, next) = (new List<string>(), "");
        for (var pages = 0; next is not null && pages < 20; pages++)
        {
            var page = await PageAsync(connector, $"?limit=2&continue={next}");
            paged.AddRange(page["items"]!.AsArray().Select(line => (string)line!["message"]!));
            next = (string?)page["continue"];
        }

        Assert.Equal((await PageAsync(connector, ""))["items"]!.AsArray().Select(line => (string)line!["message"]!), paged);
        foreach (var wrong in (string[])["log?level=loud", "log?from=yesterday", "analytics?format=xml", "analytics?from=2026-02-01&to=2026-01-01"])
        {
            using var refused = await connector.Admin.GetAsync($"/api/endpoints/{connector.EndpointId}/{wrong}", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
    }

    [Fact]
    public async Task Mask_sensitive_logging_masks_what_lines_quote_of_the_customer()
    {
        await using var connector = await TestConnector.StartAsync(azurite, Flow, Open(("maskSensitiveLogging", true)), options: Posted.Unpumped);
        await SayAsync(connector, "second", "fail now");
        Assert.Equal(["The Flow failed at shop start/3/then/0 (line 7): quoting ***", "saw *** by ***"],
            (await LinesAsync(connector)).Select(line => ((string)line["message"]!).Replace("Error: ", "", StringComparison.Ordinal)));
    }

    private static async Task SayAsync(TestConnector connector, string eventId, string text)
    {
        if (eventId == "first" || text.Contains("now", StringComparison.Ordinal))
            await connector.PostAsync("c", "CONVERSATION_UPDATE", new JsonObject
            {
                ["state"] = "ACTIVE",
                ["user"] = new JsonObject { ["name"] = "Ann", ["ipaddress"] = "10.1.2.3" },
            });
        await connector.PostAsync("c", "MESSAGE", Posted.Said(text), eventId: eventId);
        await connector.ProcessAsync("c");
    }

    private static async Task<IReadOnlyList<JsonObject>> RecordsAsync(TestConnector connector)
    {
        var lines = await connector.Admin.GetStringAsync($"/api/endpoints/{connector.EndpointId}/analytics", TestContext.Current.CancellationToken);
        return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];
    }

    private static async Task<JsonObject> PageAsync(TestConnector connector, string query) => (await connector.Admin.GetFromJsonAsync<JsonObject>(
        $"/api/endpoints/{connector.EndpointId}/log{query}", TestContext.Current.CancellationToken))!;

    private static async Task<IReadOnlyList<JsonObject>> LinesAsync(TestConnector connector, string query = "") =>
        [.. (await PageAsync(connector, query))["items"]!.AsArray().Select(line => line!.AsObject()).Where(line => (string?)line["source"] == "flow")];
}

internal static class TestRecords
{
    /// <summary>As people read it.</summary>
    public static readonly System.Text.Json.JsonSerializerOptions Relaxed = EightByEight.Connector.Analytics.AnalyticsRecord.Relaxed;
}
