using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector;
using EightByEight.Connector.Connections;
using EightByEight.Functions.Tests.Agents;
using EightByEight.Functions.Tests.Conversations;
using EightByEight.Functions.Tests.Models;

namespace EightByEight.Functions.Tests.Connections;

/// <summary>Named credentials: who may set them, who gets them, and that nobody reads them.</summary>
public sealed class ConnectionTests(AzuriteFixture azurite)
{
    private const string Secret = "s3cret-value-of-a-connection";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_secret_is_set_and_never_shown_and_rests_protected()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        using var created = await PutAsync(connector, "crm", new JsonObject { ["kind"] = "bearer", ["secret"] = Secret });

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var all = await created.Content.ReadAsStringAsync(Cancellation) + await connector.Admin.GetStringAsync("/api/connections/crm", Cancellation)
            + await connector.Admin.GetStringAsync("/api/connections", Cancellation) + await connector.Admin.GetStringAsync("/api/audit", Cancellation)
            + string.Join('\n', connector.Logs.Lines);
        await foreach (var row in connector.Service<ConnectorStorage>().Flows.QueryAsync<TableEntity>(cancellationToken: Cancellation))
            all += string.Join('\n', row.Select(p => $"{p.Key}={p.Value}"));
        Assert.Contains("\"secretSet\":true", all, StringComparison.Ordinal);
        Assert.Contains("crm", all, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_that_is_left_out_stays_and_a_stale_change_is_refused()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        using var created = await PutAsync(connector, "crm", new JsonObject { ["kind"] = "bearer", ["secret"] = Secret });
        var stale = created.Headers.ETag!;

        using var changed = await PutAsync(connector, "crm", new JsonObject { ["kind"] = "bearer", ["hosts"] = new JsonArray("api.example.com") });
        using var late = await PutAsync(connector, "crm", new JsonObject { ["kind"] = "bearer" }, stale.Tag);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.PreconditionFailed), (changed.StatusCode, late.StatusCode));
        Assert.Equal($"Bearer {Secret}", (await LentAsync(connector, "crm", "https://api.example.com/x")).Headers.Authorization!.ToString());
    }

    [Fact]
    public async Task A_url_token_goes_to_the_end_of_the_path_and_nowhere_else()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        using var stored = await PutAsync(connector, "cognigy", new JsonObject { ["kind"] = "urlToken", ["secret"] = "a/b c" });

        Assert.Equal(HttpStatusCode.Created, stored.StatusCode);
        Assert.Equal("https://endpoint.example.com/a%2Fb%20c", (await LentAsync(connector, "cognigy", "https://endpoint.example.com")).RequestUri!.AbsoluteUri);
        var lent = await LentAsync(connector, "cognigy", "https://endpoint.example.com/v1/?x=1");
        Assert.Equal("https://endpoint.example.com/v1/a%2Fb%20c?x=1", lent.RequestUri!.AbsoluteUri);
        Assert.Null(lent.Headers.Authorization);
    }

    [Fact]
    public async Task All_faults_are_told_at_once_each_with_its_path()
    {
        await using var connector = await TestConnector.StartAsync(azurite);

        using var refused = await PutAsync(connector, "crm",
            new JsonObject { ["kind"] = "apiKey", ["username"] = "u", ["hosts"] = new JsonArray("not a host"), ["token"] = 1 });

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var told = await refused.Content.ReadAsStringAsync(Cancellation);
        foreach (var path in new[] { "$.username", "$.header", "$.hosts", "$.token", "$.secret" }) Assert.Contains(path, told, StringComparison.Ordinal);
        using var named = await PutAsync(connector, "Bad Name", new JsonObject { ["kind"] = "bearer", ["secret"] = Secret });
        Assert.Equal(HttpStatusCode.BadRequest, named.StatusCode);
    }

    [Fact]
    public async Task Each_kind_gives_a_request_what_it_wants()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        await PutAsync(connector, "basic", new JsonObject { ["kind"] = "basic", ["username"] = "anna", ["secret"] = Secret });
        await PutAsync(connector, "header", new JsonObject { ["kind"] = "apiKey", ["header"] = "api-key", ["secret"] = Secret });
        await PutAsync(connector, "query", new JsonObject { ["kind"] = "apiKey", ["query"] = "token", ["secret"] = "a b" });
        const string url = "https://api.example.com/x?y=1";

        Assert.Equal("Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"anna:{Secret}")),
            (await LentAsync(connector, "basic", url)).Headers.Authorization!.ToString());
        Assert.Equal(Secret, (await LentAsync(connector, "header", url)).Headers.GetValues("api-key").Single());
        Assert.Equal("https://api.example.com/x?y=1&token=a%20b", (await LentAsync(connector, "query", url)).RequestUri!.AbsoluteUri);
    }

    [Fact]
    public async Task A_token_is_fetched_once_and_anew_when_it_was_refused()
    {
        var number = 0;
        await using var login = await AgentServer.StartAsync(_ => (200, $$"""{"access_token":"t{{++number}}","expires_in":3600}"""));
        await using var connector = await TestConnector.StartAsync(azurite);
        await PutAsync(connector, "login", new JsonObject
        {
            ["kind"] = "oauth2",
            ["tokenUrl"] = login.Url + "/token",
            ["clientId"] = "me",
            ["scope"] = "all",
            ["secret"] = Secret,
        });

        var lent = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => LentAsync(connector, "login", "https://a.example")));
        Assert.All(lent, request => Assert.Equal("Bearer t1", request.Headers.Authorization!.ToString()));
        connector.Service<Credentials>().Refused("login", await LentAsync(connector, "login", "https://a.example"));
        Assert.Equal("Bearer t2", (await LentAsync(connector, "login", "https://a.example")).Headers.Authorization!.ToString());
        Assert.Equal($"grant_type=client_credentials&client_id=me&client_secret={Secret}&scope=all", login.Calls[0].Body);
    }

    [Theory]
    [InlineData("start: [ agent: { webhook: URL, connection: login } ]")]
    [InlineData("start: [ ask: { url: URL, model: m, connection: login } ]")]
    [InlineData("nlu: { provider: rasa, url: URL, connection: login }\nintents: { hi: { examples: [ hi ] } }\nstart: [ say: \"{{ input.intent }}\" ]")]
    public async Task A_token_that_is_refused_is_renewed_before_anybody_is_told(string flow)
    {
        var number = 0;
        await using var login = await AgentServer.StartAsync(_ => (200, $$"""{"access_token":"t{{++number}}","expires_in":3600}"""));
        await using var server = await AgentServer.StartAsync(call => call.Headers.Authorization != "Bearer t2" ? (401, "")
            : call.Path.EndsWith("parse", StringComparison.Ordinal) ? (200, """{"intent":{"name":"hi","confidence":1}}""")
            : call.Path.EndsWith("completions", StringComparison.Ordinal) ? Llm.Says("hi") : (200, """{"outputs":["hi"]}"""));
        await using var connector = await TestConnector.StartAsync(azurite, $"name: bot\n{flow.Replace("URL", $"\"{server.Url}\"", StringComparison.Ordinal)}");
        await PutAsync(connector, "login", new JsonObject { ["kind"] = "oauth2", ["tokenUrl"] = login.Url, ["clientId"] = "me", ["secret"] = Secret });

        Assert.Equal("hi", Assert.Single(await connector.BotSaysAsync(connector.Start("hi"), 1)));
        Assert.Equal(["Bearer t1", "Bearer t2"], server.Calls.Select(call => call.Headers.Authorization.ToString()));
    }

    [Fact]
    public async Task A_login_that_gives_no_token_is_said_without_the_secret()
    {
        await using var login = await AgentServer.StartAsync(_ => (400, Secret));
        await using var connector = await TestConnector.StartAsync(azurite);
        await PutAsync(connector, "login", new JsonObject { ["kind"] = "oauth2", ["tokenUrl"] = login.Url, ["clientId"] = "me", ["secret"] = Secret });

        var failed = await Assert.ThrowsAsync<ConnectionException>(() => LentAsync(connector, "login", "https://a.example"));

        Assert.Contains("answered 400", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_goes_to_its_hosts_only()
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        await PutAsync(connector, "crm", new JsonObject { ["kind"] = "bearer", ["secret"] = Secret, ["hosts"] = new JsonArray("api.example.com") });

        await LentAsync(connector, "crm", "https://API.example.com");
        var failed = await Assert.ThrowsAsync<ConnectionException>(() => LentAsync(connector, "crm", "https://thief.example.com"));

        Assert.Contains("thief.example.com", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_a_Flow_names_is_not_deleted()
    {
        await using var connector = await TestConnector.StartAsync(azurite, "name: bot\nstart:\n  - agent: { rasa: \"https://rasa.example.com\", connection: rasa }");
        await PutAsync(connector, "rasa", new JsonObject { ["kind"] = "bearer", ["secret"] = Secret });
        await PutAsync(connector, "free", new JsonObject { ["kind"] = "bearer", ["secret"] = Secret });

        using var refused = await connector.Admin.DeleteAsync("/api/connections/rasa", Cancellation);
        using var deleted = await connector.Admin.DeleteAsync("/api/connections/free", Cancellation);
        using var gone = await connector.Admin.DeleteAsync("/api/connections/free", Cancellation);

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.NoContent, HttpStatusCode.NotFound), (refused.StatusCode, deleted.StatusCode, gone.StatusCode));
        Assert.Contains("bot", await refused.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    private static async Task<HttpRequestMessage> LentAsync(TestConnector connector, string name, string url)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        await connector.Service<Credentials>().ApplyAsync(name, request, Cancellation);
        return request;
    }

    private static Task<HttpResponseMessage> PutAsync(TestConnector connector, string name, JsonObject body, string? ifMatch = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, $"/api/connections/{Uri.EscapeDataString(name)}") { Content = JsonContent.Create(body) };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return connector.Admin.SendAsync(request, Cancellation);
    }
}
