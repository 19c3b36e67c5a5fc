using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Functions.Tests.Handover.Providers;

/// <summary>The operator's side of handover providers.</summary>
public sealed class ProvidersApiTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Secrets_are_shown_once_and_rest_nowhere_in_the_clear()
    {
        await using var test = await TestHandover.StartAsync(azurite, "http://127.0.0.1:1/callback");
        var (botKey, secret) = (test.BotKey, (string)test.Provider["callback"]!["secret"]!);
        Assert.StartsWith("hpk_", botKey, StringComparison.Ordinal);
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        Assert.EndsWith("/handover/eightByEight", (string)test.Provider["webhookUrl"]!, StringComparison.Ordinal);

        var read = (await test.Admin.GetFromJsonAsync<JsonObject>($"/api/handover-providers/{test.ProviderId}", Cancellation))!;

        Assert.Equal((true, true), ((bool)read["apiKeySet"]!, (bool)read["callback"]!["secretSet"]!));
        var all = read.ToJsonString() + await test.Admin.GetStringAsync("/api/handover-providers", Cancellation)
            + await test.Admin.GetStringAsync("/api/audit", Cancellation) + string.Join('\n', test.Logs.Lines);
        var rows = test.Host.Services.GetRequiredService<ConnectorStorage>().Handovers.QueryAsync<TableEntity>(cancellationToken: Cancellation);
        await foreach (var row in rows) all += string.Join('\n', row.Select(p => $"{p.Key}={p.Value}"));
        foreach (var hidden in (string[])[botKey, secret, TestConnector.ApiKey]) Assert.DoesNotContain(hidden, all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_is_changed_listed_and_deleted()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var path = $"/api/handover-providers/{test.ProviderId}";

        var renamed = await SendAsync(test, HttpMethod.Patch, path, """{ "name": "New", "queueId": "102" }""");
        Assert.Equal(("New", "102"), ((string?)renamed["name"], (string?)renamed["queueId"]));
        Assert.True((bool)renamed["apiKeySet"]!);
        Assert.Null(renamed["botKey"]);
        var put = await SendAsync(test, HttpMethod.Put, path, """{ "name": "Put", "tenantId": "acme01", "apiKey": null }""");
        Assert.Equal(("https://api.8x8.com", false), ((string?)put["baseUrl"], (bool)put["apiKeySet"]!));
        Assert.Null(put["queueId"]);
        await SendAsync(test, HttpMethod.Patch, path, """{ "name": "x" }""", HttpStatusCode.PreconditionFailed, ifMatch: "\"1\"");
        var listed = (await test.Admin.GetFromJsonAsync<JsonObject>("/api/handover-providers?limit=1", Cancellation))!;
        Assert.Equal("Put", (string?)Assert.Single(listed["items"]!.AsArray())!["name"]);

        using (var deleted = await test.Admin.DeleteAsync(path, Cancellation)) Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        using (var gone = await test.Admin.GetAsync(path, Cancellation)) Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        var audit = (await test.Admin.GetFromJsonAsync<JsonObject>("/api/audit", Cancellation))!["items"]!.AsArray();
        Assert.Equal(["handover-provider.delete", "handover-provider.put", "handover-provider.patch", "handover-provider.create"],
            audit.Select(e => (string?)e!["what"]));
        Assert.Contains("$.apiKey", audit[1]!["changed"]!.ToJsonString());
    }

    [Fact]
    public async Task A_new_bot_key_ends_the_former_one()
    {
        await using var test = await TestHandover.StartAsync(azurite);

        var changed = await SendAsync(test, HttpMethod.Patch, $"/api/handover-providers/{test.ProviderId}", """{ "botKey": null }""");

        using var renewed = test.ClientOf((string)changed["botKey"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await renewed.GetAsync("/api/handovers/ho1", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await test.Bot.GetAsync("/api/handovers/ho1", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task No_key_opens_what_another_key_is_for()
    {
        await using var test = await TestHandover.StartAsync(azurite);
        var id = (string)(await test.BeginAsync())["id"]!;
        var other = await SendAsync(test, HttpMethod.Post, "/api/handover-providers",
            """{ "name": "Other", "tenantId": "acme01" }""", HttpStatusCode.Created);
        using var stranger = test.ClientOf((string)other["botKey"]!);
        using var nobody = test.ClientOf("x");

        Assert.Equal(HttpStatusCode.Unauthorized, (await test.Bot.GetAsync("/api/handover-providers", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await test.Admin.GetAsync($"/api/handovers/{id}", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync($"/api/handovers/{id}", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await test.Bot.GetAsync($"/api/handovers/{id}", Cancellation)).StatusCode);
        foreach (var path in (string[])["", "/events"])
            Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync($"/api/handovers/{id}{path}", Cancellation)).StatusCode);
        foreach (var path in (string[])["/messages", "/typing", "/end"])
            Assert.Equal(HttpStatusCode.NotFound, (await stranger.PostAsJsonAsync(
                $"/api/handovers/{id}{path}", new { id = "m", text = "t" }, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task All_faults_are_reported_at_once_each_with_its_path()
    {
        await using var test = await TestHandover.StartAsync(azurite);

        var problem = await SendAsync(test, HttpMethod.Post, "/api/handover-providers", $$"""
            { "name": "", "baseUrl": "https://evil.example.com", "botKey": "short", "tenant": "x", "id": "hp1",
              "callback": { "url": "ftp://x", "secret": "whsec_dG9vIHNob3J0" } }
            """, HttpStatusCode.BadRequest);

        Assert.Equal(
            new[] { "$.baseUrl", "$.botKey", "$.callback.secret", "$.callback.url", "$.id", "$.name", "$.tenant", "$.tenantId" },
            problem["errors"]!.AsArray().Select(e => (string?)e!["path"]).Order());
    }

    [Fact]
    public async Task The_admin_key_and_the_key_of_another_bot_are_no_bot_keys()
    {
        await using var test = await TestHandover.StartAsync(azurite, configure: builder =>
            builder.Configuration["Connector:AdminKeyNext"] = "the-next-admin-key-with-32-characters");

        foreach (var key in (string[])["the-next-admin-key-with-32-characters", test.BotKey])
        {
            var problem = await SendAsync(test, HttpMethod.Post, "/api/handover-providers",
                $$"""{ "name": "x", "tenantId": "t", "botKey": "{{key}}" }""", HttpStatusCode.BadRequest);
            Assert.Equal("$.botKey", (string?)Assert.Single(problem["errors"]!.AsArray())!["path"]);
        }
    }

    [Theory]
    [InlineData("http://bot.example.com/")]
    [InlineData("https://localhost/")]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://10.0.0.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:169.254.169.254]/")]
    [InlineData("https://metadata.google.internal/")]
    [InlineData("https://user:password@bot.example.com/")]
    public async Task A_callback_goes_to_the_internet_by_https_only(string url)
    {
        await using var test = await TestHandover.StartAsync(azurite, more: new Dictionary<string, string?>
        {
            ["Connector:HandoverProviders:AllowPrivateCallbacks"] = "false",
        });

        var problem = await SendAsync(test, HttpMethod.Patch, $"/api/handover-providers/{test.ProviderId}",
            new JsonObject { ["callback"] = new JsonObject { ["url"] = url } }.ToJsonString(), HttpStatusCode.BadRequest);

        Assert.Equal("$.callback.url", (string?)Assert.Single(problem["errors"]!.AsArray())!["path"]);
    }

    [Fact]
    public async Task The_api_describes_these_routes_and_their_keys()
    {
        await using var test = await TestHandover.StartAsync(azurite);

        using var described = await test.Admin.GetAsync("/api/openapi.json", Cancellation);
        Assert.True(described.IsSuccessStatusCode, test.Logs.Tail());
        var paths = (await described.Content.ReadFromJsonAsync<JsonObject>(Cancellation))!["paths"]!;

        foreach (var path in (string[])["/api/handovers", "/api/handovers/{id}/messages", "/api/handovers/{id}/typing", "/api/handovers/{id}/end"])
            Assert.NotNull(paths[path]!["post"]!["security"]![0]!["botKey"]);
        Assert.NotNull(paths["/api/handovers/{id}/events"]!["get"]!["responses"]!["200"]!["content"]!["text/event-stream"]);
        Assert.NotNull(paths["/api/handover-providers/{id}"]!["patch"]!["security"]![0]!["adminKey"]);
        Assert.NotNull(paths["/api/handovers"]!["post"]!["requestBody"]);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<JsonObject> SendAsync(
        TestHandover test, HttpMethod method, string path, string body, HttpStatusCode expected = HttpStatusCode.OK, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new StringContent(body) };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        using var answer = await test.Admin.SendAsync(request, Cancellation);
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.StatusCode == expected, $"{(int)answer.StatusCode}: {text}");
        return JsonNode.Parse(text)!.AsObject();
    }
}
