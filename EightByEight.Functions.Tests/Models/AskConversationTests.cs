using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Functions.Tests.Agents;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Simulator;

namespace EightByEight.Functions.Tests.Models;

/// <summary>Language models on 8x8: from the customer's message to the model's answer.</summary>
public sealed class AskConversationTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_model_calls_a_flow_and_a_server_with_its_connection_and_answers()
    {
        await using var stock = await AgentServer.StartAsync(_ => (200, """{"left":3}"""));
        var times = 0;
        await using var llm = await AgentServer.StartAsync(_ => ++times switch
        {
            1 => Llm.Calls(("a", "order", """{"number":"77"}""")),
            2 => Llm.Calls(("b", "stock", """{"size":42}""")),
            3 => Llm.Says("It was sent, and three are left."),
            _ => Llm.Says("Bye."),
        });
        var lookup = $"lookup-{Guid.NewGuid():N}";
        await using var connector = await TestConnector.StartAsync(azurite, $$$"""
            name: shop
            start:
              - ask:
                  url: "{{{llm.Url}}}/v1"
                  model: m
                  connection: llm
                  tools:
                    - { name: order, description: Looks up., parameters: { type: object, properties: { number: { type: string } } }, flow: {{{lookup}}} }
                    - { name: stock, description: Counts., http: { url: "{{{stock.Url}}}/{{ input.arguments.size }}" } }
            """);
        using var key = await connector.Admin.PutAsJsonAsync(
            "/api/connections/llm", new JsonObject { ["kind"] = "bearer", ["secret"] = "sk-1" }, TestContext.Current.CancellationToken);
        await PutAsync(connector, lookup, $$$"""
            name: {{{lookup}}}
            start: [ say: "Looking for {{ context.number }}.", return: sent ]
            """);

        var id = connector.Start("Where is 77?");
        Assert.Equal(["Looking for 77.", "It was sent, and three are left."], await connector.BotSaysAsync(id, 2));
        connector.Gateway.CustomerSays(id, "Thanks");
        Assert.Equal("Bye.", (await connector.BotSaysAsync(id, 3))[^1]);

        Assert.Equal("/42", Assert.Single(stock.Calls).Path);
        Assert.NotEmpty(stock.Calls[0].Headers["Idempotency-Key"].ToString());
        Assert.All(llm.Calls, call => Assert.Equal("Bearer sk-1", call.Headers.Authorization.ToString()));
        Assert.Equal(["user", "assistant", "tool", "assistant", "tool", "assistant", "user"], llm.Calls[3].Json["messages"]!.AsArray().Select(one => (string)one!["role"]!));
    }

    [Fact]
    public async Task What_was_said_at_other_steps_goes_along_once_and_what_is_excluded_does_not()
    {
        var times = 0;
        await using var llm = await AgentServer.StartAsync(_ => Llm.Says($"Answer {++times}."));
        await using var connector = await TestConnector.StartAsync(azurite, $$$"""
            name: mixed
            start:
              - question: { text: What is your name?, saveTo: context.name }
              - say: "Hello {{ context.name }}."
              - say: { text: A secret., excludeFromTranscript: true }
              - ask: { url: "{{{llm.Url}}}", model: m, until: { inputs: 2 } }
            """);
        var id = connector.Start("Hi");
        await connector.BotSaysAsync(id, 1);
        connector.Gateway.CustomerSays(id, "Ann");
        await connector.BotSaysAsync(id, 4);
        connector.Gateway.CustomerSays(id, "And?");
        await connector.BotSaysAsync(id, 5);
        connector.Gateway.CustomerSays(id, "Again");
        await connector.BotSaysAsync(id, 6);
        connector.Gateway.CustomerSays(id, "Bob");
        await connector.BotSaysAsync(id, 9);

        string[] first = ["user: Hi", "assistant: What is your name?", "assistant: Hello Ann.", "user: Ann"];
        Assert.Equal(first, Words(llm.Calls[0]));
        Assert.Equal([.. first, "assistant: Answer 1.", "user: And?"], Words(llm.Calls[1]));
        Assert.Equal(
            [.. first, "assistant: Answer 1.", "user: And?", "assistant: Answer 2.", "user: Again", "assistant: What is your name?", "assistant: Hello Bob.", "user: Bob"],
            Words(llm.Calls[2]));
    }

    [Fact]
    public async Task Sentences_reach_the_customer_while_the_model_still_writes()
    {
        await using var llm = await StreamingLlm.StartAsync();
        await using var connector = await TestConnector.StartAsync(
            azurite, Streaming(llm), settings: new JsonObject { ["llm"] = new JsonObject { ["streamSentences"] = true } },
            options: new Dictionary<string, string?>(TestConnector.Quick) { ["Connector:Indicators:After"] = "00:00:00.1" });
        var id = connector.Start("Where is it?");
        int Thoughts() => (int)connector.Gateway.Requests.GetValueOrDefault(Operations.Thinking);
        await Eventually.GetAsync(Thoughts, n => n > 0, "a sign of thinking", null, connector.Logs);

        llm.Write("It was sent. It ");
        Assert.Equal(["It was sent."], await connector.BotSaysAsync(id, 1));
        llm.Write("comes tomorrow. Bye");
        Assert.Equal(["It was sent.", "It comes tomorrow."], await connector.BotSaysAsync(id, 2));
        llm.Write(".").End();
        Assert.Equal(["It was sent.", "It comes tomorrow.", "Bye.", "Below."], await connector.BotSaysAsync(id, 4));
        connector.Gateway.CustomerSays(id, "Thanks");
        llm.Write("Yes.").End();
        await connector.BotSaysAsync(id, 5);

        Assert.Equal("It was sent. It comes tomorrow. Bye.", (string?)llm.Calls[1]["messages"]![1]!["content"]);
    }

    /// <summary>Each commit of a part is the deadly one once.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Wherever_it_is_killed_no_sentence_is_lost_or_doubled_and_the_model_is_asked_once(int deadlyCommit)
    {
        await using var llm = await StreamingLlm.StartAsync();
        await using var proxy = await StorageProxy.StartAsync(azurite);
        var settings = Posted.Unsigned.DeepClone().AsObject();
        settings["llm"] = new JsonObject { ["streamSentences"] = true };
        await using var connector = await TestConnector.StartAsync(azurite, Streaming(llm), settings: settings, storage: proxy.ConnectionString,
            options: Posted.Mortal);
        var conversation = connector.Start();
        await connector.Gateway.SettledAsync();
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("where?"));
        using var process = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var commits = 0;
        llm.Write("One. Two");
        proxy.Before = async request =>
        {
            if (!request.Body.Contains("\"7|", StringComparison.Ordinal)) return false;
            // The next sentence is written once one is about to be committed.
            if (++commits == 1) llm.Write(". Three");
            if (commits == 2) llm.End();
            if (commits != deadlyCommit) return false;
            await process.CancelAsync();
            return true;
        };

        // A slow machine may need several runs to come as far as the kill.
        await Eventually.GetAsync(async () =>
        {
            try
            {
                await connector.ProcessAsync(conversation, cancellation: process.IsCancellationRequested ? TestContext.Current.CancellationToken : process.Token);
            }
            catch (OperationCanceledException) when (process.IsCancellationRequested)
            {
            }

            return connector.BotSaid(conversation);
        }, said => said.Count > 0 && said[^1] == "Below.", "the answer", TimeSpan.FromSeconds(60), connector.Logs);

        Assert.True(process.IsCancellationRequested);
        Assert.Equal("One. Two. Three Below.", string.Join(' ', connector.BotSaid(conversation)));
        Assert.Single(llm.Calls);
    }

    /// <param name="first">What the customer says before; null: nothing.</param>
    [Theory]
    [InlineData("question: { text: Where to?, skipIfInInput: true, saveTo: context.to, $ }", null, 1, 2)]
    [InlineData("question: { text: Where to?, skipIfInInput: true, saveTo: context.to, $ }", null, 2, 1)]
    [InlineData("question: { text: Where to?, saveTo: context.to, $ }", "Hi", 2, 1)]
    [InlineData("optionalQuestion: { text: Where to?, saveTo: context.to, $ }\n    then: [ { say: Noted. } ]\n  - waitForInput", "Hi", 2, 1)]
    public async Task What_a_model_found_is_committed_before_the_turn_goes_on_so_that_only_a_crash_before_asks_again(
        string step, string? first, int deadlyCommit, int asked)
    {
        await using var llm = await AgentServer.StartAsync(_ => Llm.Says("""{"found":true,"value":"Rome"}"""));
        await using var proxy = await StorageProxy.StartAsync(azurite);
        step = step.Replace("$", $$"""type: entity, extract: { url: "{{llm.Url}}/v1", model: m, description: The city }""", StringComparison.Ordinal);
        await using var connector = await TestConnector.StartAsync(
            azurite, $$$"""
            name: trip
            start:
              - {{{step}}}
              - say: "To {{ context.to }}."
            """, settings: Posted.Unsigned, storage: proxy.ConnectionString,
            options: new Dictionary<string, string?>(Posted.Mortal) { ["Connector:Conversations:Lease"] = "00:00:06" });
        var conversation = connector.Start();
        await connector.Gateway.SettledAsync();
        using var process = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        // A slow machine may need several runs to come so far.
        Task<bool> ProcessAsync(Func<bool> isSo, string what) => Eventually.GetAsync(async () =>
        {
            try
            {
                await connector.ProcessAsync(conversation, cancellation: process.IsCancellationRequested ? TestContext.Current.CancellationToken : process.Token);
            }
            catch (OperationCanceledException) when (process.IsCancellationRequested)
            {
            }

            return isSo();
        }, so => so, what, TimeSpan.FromSeconds(60), connector.Logs);
        if (first is not null)
        {
            await connector.PostAsync(conversation, "MESSAGE", Posted.Said(first));
            await ProcessAsync(() => connector.BotSaid(conversation).Count == 1, "the question");
        }

        var before = connector.BotSaid(conversation).Count;
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("Rome"));
        var commits = 0;
        proxy.Before = async request =>
        {
            if (!request.Body.Contains("\"7|", StringComparison.Ordinal) || ++commits != deadlyCommit) return false;
            await process.CancelAsync();
            return true;
        };

        await ProcessAsync(() => connector.BotSaid(conversation).Count > before, "the answer");

        Assert.True(process.IsCancellationRequested);
        Assert.Contains(connector.BotSaid(conversation)[^1], (string[])["To Rome.", "Noted."]);
        Assert.Equal(asked, llm.Calls.Count);
        Assert.Equal("""["found"]""", llm.Calls[0].Json["response_format"]!["json_schema"]!["schema"]!["required"]!.ToJsonString());
        Assert.NotEqual("", Assert.Single(llm.Calls.Select(call => call.Headers["Idempotency-Key"].ToString()).Distinct()));
    }

    private static IEnumerable<string> Words(AgentServer.Call call) => call.Json["messages"]!.AsArray().Select(one => $"{one!["role"]}: {one["content"]}");

    private static string Streaming(StreamingLlm llm) => $$"""
        name: stream
        start:
          - ask: { url: "{{llm.Url}}", model: m }
          - say: Below.
        """;

    private static async Task PutAsync(TestConnector connector, string name, string flow)
    {
        using var content = new StringContent(flow);
        using var put = await connector.Admin.PutAsync($"/api/flows/{name}", content, TestContext.Current.CancellationToken);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
