using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Functions.Tests.Agents;
using EightByEight.Functions.Tests.Conversations;

namespace EightByEight.Functions.Tests.Requests;

/// <summary>Flows that ask servers, on 8x8.</summary>
public sealed class HttpConversationTests(AzuriteFixture azurite)
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    public async Task Only_a_crash_before_its_answer_is_committed_asks_again_and_the_server_can_tell(int deadlyCommit, int calls)
    {
        await using var server = await AgentServer.StartAsync(_ => (200, "shipped"));
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, $$$"""
            name: order
            start:
              - say: One moment.
              - http: { url: "{{{server.Url}}}", json: { order: 7 } }
              - say: "It is {{ input.result.body }}."
            """, settings: Posted.Unsigned, storage: proxy.ConnectionString,
            options: new Dictionary<string, string?>(Posted.Mortal) { ["Connector:Conversations:Lease"] = "00:00:06" });
        var conversation = connector.Start();
        await connector.Gateway.SettledAsync();
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("where?"));
        using var process = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var commits = 0;
        proxy.Before = async request =>
        {
            if (!request.Body.Contains("\"7|", StringComparison.Ordinal) || ++commits != deadlyCommit) return false;
            await process.CancelAsync();
            return true;
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connector.ProcessAsync(conversation, cancellation: process.Token));
        await Eventually.GetAsync(async () =>
        {
            await connector.ProcessAsync(conversation);
            return connector.BotSaid(conversation).Count;
        }, said => said >= 2, "the answer", TimeSpan.FromSeconds(60), connector.Logs);

        Assert.Equal(["One moment.", "It is shipped."], connector.BotSaid(conversation));
        Assert.Equal(calls, server.Calls.Count);
        Assert.Single(server.Calls.Select(call => (string?)call.Headers["Idempotency-Key"]).Distinct());
    }

    [Fact]
    public async Task Two_who_were_woken_for_one_event_ask_once_also_in_a_session_that_began_with_another_version()
    {
        using var go = new SemaphoreSlim(0);
        var (calls, again) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var server = await AgentServer.StartAsync(_ =>
        {
            if (Interlocked.Increment(ref calls) > 1) again.SetResult();
            return go.Wait(TimeSpan.FromSeconds(30)) ? (200, "done") : (500, "");
        });
        await using var connector = await TestConnector.StartAsync(azurite, $$$"""
            name: order
            start:
              - waitForInput
              - http: { url: "{{{server.Url}}}", timeoutSeconds: 40 }
              - say: "{{ input.result.body }}"
            """, settings: Posted.Unsigned, options: new Dictionary<string, string?>(Posted.Unpumped) { ["Connector:Conversations:Lease"] = "00:01:00" });
        var conversation = connector.Start();
        await connector.Gateway.SettledAsync();
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("hi"), at: 1_000);
        await connector.ProcessAsync(conversation);
        using var stored = await connector.Admin.PutAsync("/api/flows/order", new StringContent("name: order\nstart: [ waitForInput, { say: new } ]"), TestContext.Current.CancellationToken);
        Assert.True(stored.IsSuccessStatusCode);
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("go"), at: 2_000);

        var one = connector.ProcessAsync(conversation);
        await Eventually.GetAsync(() => Volatile.Read(ref calls), made => made == 1, "the request");
        var other = connector.ProcessAsync(conversation);
        await Task.WhenAny(other, again.Task);
        go.Release(2);
        await Task.WhenAll(one, other);

        Assert.Equal(["done"], connector.BotSaid(conversation));
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task A_connection_lends_its_credentials_to_its_server_and_a_refused_token_is_renewed_once()
    {
        var tokens = 0;
        await using var login = await AgentServer.StartAsync(_ => (200, $$"""{"access_token":"t{{++tokens}}","expires_in":3600}"""));
        await using var server = await AgentServer.StartAsync(call => call.Headers.Authorization == "Bearer t2" ? (200, "in") : (401, ""));
        await using var connector = await TestConnector.StartAsync(azurite, $$$"""
            name: order
            start:
              - http: { url: "{{{server.Url}}}", connection: shop }
              - say: "{{ input.result.body }}"
              - http: { url: "{{{server.Url}}}", connection: nobody }
                onError: [ { say: "{{ input.result.error }}" } ]
            """);
        using var put = await connector.Admin.PutAsJsonAsync("/api/connections/shop", new JsonObject
        {
            ["kind"] = "oauth2",
            ["tokenUrl"] = login.Url,
            ["clientId"] = "me",
            ["secret"] = "only for the login",
        }, TestContext.Current.CancellationToken);
        Assert.Equal(201, (int)put.StatusCode);

        var said = await connector.BotSaysAsync(connector.Start("hello"), 2);

        Assert.Equal("in", said[0]);
        Assert.Contains("PUT /api/connections/nobody", said[1], StringComparison.Ordinal);
        Assert.Equal(["Bearer t1", "Bearer t2"], server.Calls.Select(call => call.Headers.Authorization.ToString()));
    }
}
