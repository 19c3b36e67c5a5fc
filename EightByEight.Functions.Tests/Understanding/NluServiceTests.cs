using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Understanding;
using EightByEight.Functions.Tests.Agents;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Flows;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Understanding;

/// <summary>Understanding by a Rasa server or a chat model.</summary>
public sealed class NluServiceTests(AzuriteFixture azurite)
{
    private static readonly IReadOnlyList<(string, IReadOnlyList<string>)> Intents = [("order status", ["where is my order"]), ("cancel", ["cancel it"])];

    [Fact]
    public async Task Rasa_is_asked_for_the_text_and_its_ranking_and_entities_are_taken()
    {
        await using var server = await Server.StartAsync(_ => """
            {"text":"two big ones","intent":{"name":"order","confidence":0.91},"entities":[{"entity":"size","start":4,"end":7,"value":"large","extractor":"DIETClassifier"}],
             "intent_ranking":[{"name":"order","confidence":0.91},{"name":"cancel","confidence":0.05}]}
            """);

        var answer = await AskAsync(new NluService("rasa", new Uri(server.Url + "/?token=t"), null, TimeSpan.FromSeconds(5), 1), "two big ones");

        Assert.Equal("""{"ranking":[{"intent":"order","score":0.91},{"intent":"cancel","score":0.05}],"slots":{"size":[{"keyphrase":"large","start":4,"end":7}]}}""",
            answer.Value!.ToJsonString());
        Assert.Equal(("/model/parse?token=t", """{"text":"two big ones"}"""), Assert.Single(server.Asked));
    }

    [Fact]
    public async Task What_Rasa_falls_back_on_is_no_intent()
    {
        await using var server = await Server.StartAsync(_ => """{"intent":{"name":"nlu_fallback","confidence":0.7},"intent_ranking":[{"name":"order","confidence":0.69}],"entities":[]}""");

        Assert.Equal("""{"ranking":[],"slots":{}}""",
            (await AskAsync(new NluService("rasa", new Uri(server.Url), null, TimeSpan.FromSeconds(5), 1), "hm")).Value!.ToJsonString());
    }

    [Fact]
    public async Task A_chat_model_is_asked_to_answer_by_a_schema_of_the_intents_and_slots()
    {
        await using var server = await Server.StartAsync(_ =>
            """{"choices":[{"message":{"role":"assistant","content":"{\"intent\":\"cancel\",\"confidence\":0.8,\"slots\":[{\"name\":\"size\",\"value\":\"large\"}]}"}}]}""");

        var answer = await AskAsync(new NluService("openai", new Uri(server.Url + "/v1/"), "small", TimeSpan.FromSeconds(5), 1), "forget the big one");

        Assert.Equal("""{"ranking":[{"intent":"cancel","score":0.8}],"slots":{"size":[{"keyphrase":"large"}]}}""", answer.Value!.ToJsonString());
        var (path, text) = Assert.Single(server.Asked);
        Assert.Equal("/v1/chat/completions", path);
        var body = JsonNode.Parse(text)!;
        Assert.Equal(("small", "json_schema", true), ((string?)body["model"], (string?)body["response_format"]!["type"], (bool?)body["response_format"]!["json_schema"]!["strict"]));
        var schema = body["response_format"]!["json_schema"]!["schema"]!;
        Assert.Equal("""["order status","cancel","none"]""", schema["properties"]!["intent"]!["enum"]!.ToJsonString());
        Assert.Equal("""["size"]""", schema["properties"]!["slots"]!["items"]!["properties"]!["name"]!["enum"]!.ToJsonString());
        Assert.Contains("- order status: where is my order\n", (string)body["messages"]![0]!["content"]!, StringComparison.Ordinal);
        Assert.Equal(("user", "forget the big one"), ((string?)body["messages"]![1]!["role"], (string?)body["messages"]![1]!["content"]));
    }

    [Theory]
    [InlineData("{\"choices\":[{\"message\":{\"content\":\"I think it is cancel\"}}]}")]
    [InlineData("{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"no\"}}]}")]
    [InlineData("{\"choices\":[{\"message\":{\"content\":\"{}\"}}]}")]
    [InlineData("[]")]
    [InlineData("<html>")]
    public async Task An_answer_that_is_none_is_an_error(string answer)
    {
        await using var server = await Server.StartAsync(_ => answer);

        Assert.Equal("The service 'openai' that is to understand answered something else than was asked for.",
            (await AskAsync(new NluService("openai", new Uri(server.Url), "m", TimeSpan.FromSeconds(5), 1), "x")).Error);
    }

    [Fact]
    public async Task A_failing_a_silent_and_a_private_service_are_told_without_their_address()
    {
        await using var server = await Server.StartAsync(_ => null);
        var service = new NluService("rasa", new Uri(server.Url), null, TimeSpan.FromSeconds(5), 1);

        Assert.Equal("The service 'rasa' that is to understand answered 503.", (await AskAsync(service, "x")).Error);
        Assert.Equal("The service 'rasa' that is to understand did not answer within 0.05 s.", (await AskAsync(service with { Timeout = TimeSpan.FromMilliseconds(50) }, "wait")).Error);
        Assert.Equal("The service 'rasa' that is to understand is not asked: its 'url' must begin with https://.", (await AskAsync(service, "x", isPrivate: false)).Error);
        Assert.StartsWith("The service 'rasa' that is to understand cannot be reached", (await AskAsync(service with { Url = new Uri("https://127.0.0.1:1") }, "x", isPrivate: false)).Error);
    }

    [Fact]
    public void A_Flow_takes_the_intent_of_its_service_and_sees_its_slots()
    {
        var asked = new List<UnderstandRequest>();
        var customer = new Conversation(Flow("")) { Answer = request => { asked.Add((UnderstandRequest)request); return Told(("Cancel", 0.8)); } };

        Assert.Equal("Cancelled large.", customer.Say("forget about it"));
        Assert.Equal(("forget about it", "order status"), (Assert.Single(asked).Text, Assert.Single(asked).Intents[0].Name));
        Assert.Equal("Cancelled .", customer.Say("cIntent:cancel"));
        Assert.Single(asked);
    }

    [Fact]
    public void What_is_not_sure_enough_is_offered_and_what_is_not_there_gets_the_default_reply()
    {
        var told = Told(("cancel", 0.4), ("order status", 0.3), ("unheard of", 0.26));
        var customer = new Conversation(Flow(", didYouMean: \"This?\"")) { Answer = _ => told };

        Assert.Equal("This?", customer.Say("hm"));
        Assert.Equal(["cancel", "order status"], customer.Last.Outputs[0].QuickReplies.Select(reply => reply.Title));
        told = Told();
        Assert.Equal("What?", customer.Say("hm"));
    }

    [Theory]
    [InlineData("where is my order please", "On its way.")]
    [InlineData("who painted the mona lisa", "What?")]
    public void Without_its_service_the_Flow_understands_by_its_examples_and_warns(string text, string answer)
    {
        var customer = new Conversation(Flow("")) { Answer = _ => new FlowAnswer(null, "The service is down.") };

        Assert.Equal(answer, customer.Say(text));
        Assert.Equal("The service is down.", Assert.Single(customer.Last.Warnings).Message);
    }

    [Fact]
    public void Without_its_service_and_without_examples_there_is_the_default_reply()
    {
        var customer = new Conversation("name: a\nnlu: { provider: rasa, url: \"https://rasa.example.com\" }\ndefaultReply: What?\nstart: [ say: Hello ]")
        {
            Answer = _ => new FlowAnswer(null, "Down."),
        };

        Assert.Equal("What?", customer.Say("hi"));
    }

    [Fact]
    public void A_question_and_a_thought_are_understood_by_the_service_too()
    {
        var intent = "none";
        var customer = new Conversation("""
            name: a
            intents: { cancel: { reply: Over. } }
            nlu: { provider: rasa, url: "https://rasa.example.com" }
            start:
              - question: { text: Name?, type: regex, pattern: "^[a-z]$", forgetAfter: 2 }
                intents: { cancel: [ think: { text: stop it } ] }
            """) { Answer = _ => Told((intent, 0.9)) };
        customer.Say("hi");

        Assert.Equal("Name?", customer.Say("no letter"));
        intent = "cancel";
        Assert.Equal("Over.", customer.Say("cancel that"));
    }

    [Theory]
    [InlineData("provider: luis, url: \"https://a.example\"")]
    [InlineData("provider: rasa")]
    [InlineData("provider: rasa, url: \"ftp://a.example\"")]
    [InlineData("provider: openai, url: \"https://a.example\"")]
    [InlineData("provider: rasa, url: \"https://a.example\", timeout: 31")]
    [InlineData("url: \"https://a.example\"")]
    [InlineData("connection: shop")]
    [InlineData("provider: rasa, url: \"https://a.example\", connection: No such name")]
    public void A_service_that_cannot_be_is_refused(string nlu) =>
        Assert.Single(Assert.Throws<FlowFormatException>(() => Connector.Flows.Flow.Parse($"name: a\nstart: [ stop ]\nnlu: {{ {nlu} }}")).Problems);

    [Fact]
    public async Task A_customer_is_understood_by_a_Rasa_server()
    {
        await using var server = await Server.StartAsync(_ => """{"intent":{"name":"cancel","confidence":0.9},"entities":[]}""");
        await using var connector = await TestConnector.StartAsync(azurite,
            Flow("").Replace("https://rasa.example.com", server.Url, StringComparison.Ordinal), Posted.Unsigned, options: Posted.Unpumped);
        await connector.PostAsync("c", "MESSAGE", Posted.Said("forget it"));
        await connector.ProcessAsync("c");

        var turn = (await connector.ViewAsync("c"))["turns"]!.AsArray().Last()!;
        Assert.Contains("Cancelled", turn.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("forget it", Assert.Single(server.Asked).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_connection_lends_it_credentials_and_one_that_is_not_there_is_named_in_the_log()
    {
        await using var server = await AgentServer.StartAsync(_ => (200, """{"intent":{"name":"cancel","confidence":0.9},"entities":[]}"""));
        await using var connector = await TestConnector.StartAsync(azurite,
            Flow(", connection: shop").Replace("https://rasa.example.com", server.Url, StringComparison.Ordinal), Posted.Unsigned, options: Posted.Unpumped);
        async Task<string> SayAsync(string text)
        {
            await connector.PostAsync("c", "MESSAGE", Posted.Said(text));
            await connector.ProcessAsync("c");
            return (await connector.ViewAsync("c"))["turns"]!.AsArray().Last()!.ToJsonString();
        }

        Assert.Contains("PUT /api/connections/shop", await SayAsync("forget it"), StringComparison.Ordinal);
        Assert.Empty(server.Calls);
        using var put = await connector.Admin.PutAsJsonAsync(
            "/api/connections/shop", new JsonObject { ["kind"] = "apiKey", ["query"] = "token", ["secret"] = "a b" }, TestContext.Current.CancellationToken);
        Assert.Equal(201, (int)put.StatusCode);
        Assert.Contains("Cancelled", await SayAsync("forget it, please"), StringComparison.Ordinal);
        Assert.Equal("/model/parse?token=a%20b", Assert.Single(server.Calls).Path);
        using var refused = await connector.Admin.DeleteAsync("/api/connections/shop", TestContext.Current.CancellationToken);
        Assert.Equal(409, (int)refused.StatusCode);
    }

    [Theory]
    [InlineData("{\"provider\":\"none\"}", "Welcome!", null)]
    [InlineData("{\"provider\":\"examples\"}", "On its way.", "order status")]
    [InlineData("{\"provider\":\"rasa\",\"url\":\"URL\",\"connection\":\"shop\"}", "Cancelled .", "cancel")]
    [InlineData("{\"provider\":\"rasa\",\"url\":\"URL\",\"threshold\":0.95}", "What?", null)]
    public async Task An_Endpoint_chooses_what_understands_whatever_its_Flow_says(string nlu, string says, string? intent)
    {
        await using var server = await AgentServer.StartAsync(_ => (200, """{"intent":{"name":"cancel","confidence":0.9},"entities":[]}"""));
        await using var connector = await TestConnector.StartAsync(azurite, Flow(""));
        using var put = await connector.Admin.PutAsJsonAsync(
            "/api/connections/shop", new JsonObject { ["kind"] = "bearer", ["secret"] = "s" }, TestContext.Current.CancellationToken);
        var endpoint = $"/api/endpoints/{connector.EndpointId}";
        using var patched = await connector.Admin.PatchAsync(endpoint,
            new StringContent($$"""{"nlu":{{nlu.Replace("URL", server.Url, StringComparison.Ordinal)}}}"""), TestContext.Current.CancellationToken);
        Assert.True(patched.IsSuccessStatusCode, await patched.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        Assert.Equal(says, Assert.Single(await connector.BotSaysAsync(connector.Start("where is my order"), 1)));
        var record = await connector.Admin.GetStringAsync($"{endpoint}/analytics", TestContext.Current.CancellationToken);
        Assert.Equal(intent, (string?)JsonNode.Parse(record.Trim())!["intent"]);
        using var freed = await connector.Admin.DeleteAsync("/api/connections/shop", TestContext.Current.CancellationToken);
        Assert.Equal(nlu.Contains("shop", StringComparison.Ordinal) ? 409 : 204, (int)freed.StatusCode);
    }

    [Fact]
    public void Without_understanding_a_button_still_means_its_intent_and_slots_stay_empty()
    {
        var customer = new Conversation(Flow("")) { Nlu = new() { Provider = "none" } };

        Assert.Equal("Welcome!", customer.Say("cancel my order"));
        Assert.Equal("Cancelled .", customer.Say("cIntent:cancel"));
    }

    private static string Flow(string nlu) => $$$"""
        name: shop
        intents:
          order status: { examples: [ where is my order, track my parcel ], reply: On its way. }
          cancel: { examples: [ cancel my order, i want to cancel ], reply: "Cancelled {{ input.slots.size?.[0].keyphrase ?? '' }}." }
        nlu: { provider: rasa, url: "https://rasa.example.com"{{{nlu}}} }
        defaultReply: What?
        start: [ say: Welcome! ]
        """;

    private static FlowAnswer Told(params (string Intent, double Score)[] ranking) => new(new JsonObject
    {
        ["ranking"] = new JsonArray([.. ranking.Select(one => (JsonNode)new JsonObject { ["intent"] = one.Intent, ["score"] = one.Score })]),
        ["slots"] = new JsonObject { ["size"] = new JsonArray(new JsonObject { ["keyphrase"] = "large" }) },
    });

    private static async Task<FlowAnswer> AskAsync(NluService service, string text, bool isPrivate = true)
    {
        var services = new ServiceCollection().AddSingleton(TimeProvider.System)
            .AddSingleton(provider => new Credentials(null!, provider.GetRequiredService<IHttpClientFactory>(), TimeProvider.System));
        NluServices.AddTo(services, new ConfigurationBuilder()
            .AddInMemoryCollection([new("Connector:Understanding:AllowPrivateAddresses", isPrivate ? "true" : "false")]).Build());
        await using var provider = services.BuildServiceProvider();
        return await provider.GetRequiredService<NluServices>().AskAsync(new UnderstandRequest(service, text, Intents, ["size"]), TestContext.Current.CancellationToken);
    }

    /// <summary>A service that answers what it is told to, with 503 nothing, and to "wait" not at all.</summary>
    private sealed class Server(WebApplication server) : IAsyncDisposable
    {
        public string Url => server.Urls.First();

        public ConcurrentQueue<(string Path, string Body)> Asked { get; } = new();

        public static async Task<Server> StartAsync(Func<string, string?> answer)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var made = builder.Build();
            var server = new Server(made);
            made.MapPost("/{**path}", async (HttpContext http) =>
            {
                using var reader = new StreamReader(http.Request.Body);
                var body = await reader.ReadToEndAsync(http.RequestAborted);
                server.Asked.Enqueue(($"{http.Request.Path}{http.Request.QueryString}", body));
                if (body.Contains("wait", StringComparison.Ordinal)) await Task.Delay(Timeout.Infinite, http.RequestAborted);
                var said = answer(body);
                if (said is null) http.Response.StatusCode = 503;
                else await http.Response.WriteAsync(said);
            });
            await made.StartAsync(TestContext.Current.CancellationToken);
            return server;
        }

        public ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
