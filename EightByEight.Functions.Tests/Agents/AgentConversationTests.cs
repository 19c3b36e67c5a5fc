using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using EightByEight.Functions.Tests.Handover.Providers;
using EightByEight.Functions.Tests.Infrastructure;

namespace EightByEight.Functions.Tests.Agents;

/// <summary>Agents that live elsewhere, on 8x8: from the customer's message to the agent's answer.</summary>
public sealed class AgentConversationTests(AzuriteFixture azurite)
{
    private const string InjectKey = "a-key-for-callbacks";

    [Fact]
    public async Task An_agent_answers_on_8x8_and_hands_over_and_goes_on_afterwards()
    {
        await using var rasa = await AgentServer.StartAsync(call => (200, (string?)call.Json["message"] == "human"
            ? """[{"text":"One moment."},{"custom":{"handover":{"summary":"Needs help"}}}]"""
            : $$"""[{"text":"You said {{call.Json["message"]}}."}]"""));
        await using var connector = await StartAsync($$"""agent: { rasa: "{{rasa.Url}}" }""");
        var id = connector.Start("hello");
        await connector.BotSaysAsync(id, 1);

        connector.Gateway.CustomerSays(id, "human");
        await Eventually.GetAsync(() => connector.Gateway.AssignmentOf(id).Type, type => type == "queue", "the queue", null, connector.Logs);
        connector.Gateway.AgentAccepts(id);
        connector.Gateway.AgentLeaves(id);
        await Eventually.GetAsync(async () => (string?)(await connector.ViewAsync(id))["handover"]?["status"], status => status == "completed", "the end", null, connector.Logs);
        connector.Gateway.CustomerSays(id, "thanks");

        Assert.Equal(["You said hello.", "One moment.", "You said thanks."], await connector.BotSaysAsync(id, 3));
    }

    [Theory]
    [InlineData("""{"sessionId":"$","userId":"u","AIOutput":{"text":"Later.","data":{},"source":"bot"}}""")]
    [InlineData("""{"sessionId":"$","outputs":[{"text":"Later."}]}""")]
    public async Task What_the_agent_posts_later_reaches_the_customer_in_its_place(string body)
    {
        await using var bot = await AgentServer.StartAsync(_ => (202, ""));
        await using var connector = await StartAsync($$"""agent: { webhook: "{{bot.Url}}" }""");
        var id = connector.Start("hello");
        await connector.SettledAsync(id, 1);
        var session = (string)bot.Calls[0].Json["sessionId"]!;

        using var taken = await CallBackAsync(connector, body.Replace("$", session, StringComparison.Ordinal), InjectKey);

        Assert.Equal(202, (int)taken.StatusCode);
        Assert.Equal(["Later."], await connector.BotSaysAsync(id, 1));
        Assert.Single(bot.Calls);
    }

    [Fact]
    public async Task What_goes_to_a_webhook_is_signed_by_its_connection()
    {
        await using var bot = await AgentServer.StartAsync(_ => (200, """{"outputs":["Hi."]}"""));
        await using var connector = await StartAsync($$"""agent: { webhook: "{{bot.Url}}", connection: bot }""");
        const string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        using var put = await connector.Admin.PutAsJsonAsync(
            "/api/connections/bot", new JsonObject { ["kind"] = "signature", ["secret"] = secret }, TestContext.Current.CancellationToken);
        Assert.Equal(201, (int)put.StatusCode);

        await connector.BotSaysAsync(connector.Start("hello"), 1);

        var call = Assert.Single(bot.Calls);
        Assert.Equal((string?)call.Json["id"], call.Headers["webhook-id"]);
        Assert.True(BotServer.IsSigned(new(call.Headers, Encoding.UTF8.GetBytes(call.Body), 200), secret));
        Assert.Empty(call.Headers.Authorization.ToString());
    }

    [Fact]
    public async Task What_is_signed_is_accepted_by_the_library_of_Standard_Webhooks()
    {
        await using var bot = await AgentServer.StartAsync(_ => (200, """{"outputs":["Hi."]}"""));
        await using var connector = await StartAsync($$"""
            http: { url: "{{bot.Url}}", method: DELETE, connection: bot }
              - http: { url: "{{bot.Url}}", json: { text: "Grüße 👋" }, connection: bot }
              - agent: { webhook: "{{bot.Url}}", connection: bot }
            """);
        const string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        using var put = await connector.Admin.PutAsJsonAsync(
            "/api/connections/bot", new JsonObject { ["kind"] = "signature", ["secret"] = secret }, TestContext.Current.CancellationToken);
        await connector.BotSaysAsync(connector.Start("hello"), 1);
        Assert.Equal(["DELETE", "POST", "POST"], bot.Calls.Select(call => call.Method));

        using var library = await NodeTools.StartAsync("standard-webhooks");
        JsonObject Seen(AgentServer.Call call, string body) => new()
        {
            ["headers"] = new JsonObject([.. call.Headers.Where(header => header.Key.StartsWith("webhook-", StringComparison.OrdinalIgnoreCase))
                .Select(header => KeyValuePair.Create(header.Key.ToLowerInvariant(), (JsonNode?)header.Value.ToString()))]),
            ["body"] = body,
        };
        await library.StandardInput.WriteAsync(new JsonObject
        {
            ["secret"] = secret,
            ["requests"] = new JsonArray([.. bot.Calls.Select(call => Seen(call, call.Body)), Seen(bot.Calls[1], bot.Calls[1].Body + " ")]),
        }.ToJsonString());
        library.StandardInput.Close();
        var found = await library.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["signed", "signed", "signed", "No matching signature found"], found.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_connection_that_is_not_there_is_named_to_the_operator()
    {
        await using var bot = await AgentServer.StartAsync();
        await using var connector = await StartAsync($$"""agent: { webhook: "{{bot.Url}}", connection: missing }""");
        var id = connector.Start("hello");

        var turn = (await connector.SettledAsync(id, 1))["turns"]![0]!;

        Assert.Contains("PUT /api/connections/missing", (string)turn["failure"]!["message"]!, StringComparison.Ordinal);
        Assert.Empty(bot.Calls);
    }

    [Fact]
    public async Task A_callback_without_the_key_or_for_no_session_is_refused()
    {
        await using var bot = await AgentServer.StartAsync(_ => (202, ""));
        await using var connector = await StartAsync($$"""agent: { webhook: "{{bot.Url}}" }""");

        using var stranger = await CallBackAsync(connector, """{"sessionId":"x-1","outputs":["Hi"]}""", "wrong");
        using var lost = await CallBackAsync(connector, """{"sessionId":"x-1","outputs":["Hi"]}""", InjectKey);
        using var nothing = await CallBackAsync(connector, """{"sessionId":"x-1"}""", InjectKey);

        Assert.Equal([401, 404, 400], new[] { stranger, lost, nothing }.Select(answer => (int)answer.StatusCode));
        Assert.Contains("$.outputs", await nothing.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private Task<TestConnector> StartAsync(string step) => TestConnector.StartAsync(azurite, $"name: adapter\nstart:\n  - {step}",
        settings: new JsonObject
        {
            ["handover"] = new JsonObject { ["queueId"] = "101" },
            ["inject"] = new JsonObject { ["key"] = InjectKey },
        });

    /// <summary>As Cognigy's Webhook Endpoint does: with Basic credentials.</summary>
    private static Task<HttpResponseMessage> CallBackAsync(TestConnector connector, string body, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, connector.EndpointUrl.Replace("/webhooks/", "/callbacks/", StringComparison.Ordinal))
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
            Headers = { Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"cognigy:{key}"))) },
        };
        return connector.Admin.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
