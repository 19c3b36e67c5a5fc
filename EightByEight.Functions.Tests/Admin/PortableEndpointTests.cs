using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Admin;

/// <summary>Endpoints that go from one installation to another, or come from Cognigy.</summary>
public sealed class PortableEndpointTests(AzuriteFixture azurite)
{
    private const string Caller = "name: caller\nstart:\n  - call: called\n  - say: Back.\n";
    private const string Called = "name: called\nstart:\n  - say: Called.\n";

    [Fact]
    public async Task An_exported_Endpoint_is_the_same_where_it_is_imported_but_for_its_secrets()
    {
        await using var here = await AdminServer.StartAsync(azurite.NewAccount());
        await using var there = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(here, "caller", Caller);
        await PutAsync(here, "called", Called);
        var made = await here.SendAsync("POST", "/api/endpoints", """
            { "name": "Acme", "flow": "caller", "flowVersion": 1, "locale": "de-DE", "timeZone": "Europe/Berlin",
              "eightByEight": { "apiKey": "secret-1", "tenantId": "acme01", "acceptConversationActiveEvent": true },
              "session": { "expirationMinutes": 7, "onExpiry": "continue" }, "handover": { "queueId": "101", "properties": { "a": "b" } },
              "dataProtection": { "contactProfiles": true, "sanitizeInput": false }, "inject": { "key": "secret-2-that-is-long-enough" },
              "transformers": { "source": "createWebhookTransformer({})", "input": true } }
            """);
        made.Is(HttpStatusCode.Created);

        var file = await here.SendAsync("GET", $"/api/endpoints/{made.Json.GetProperty("id").GetString()}/export");
        file.Is(HttpStatusCode.OK);
        Assert.DoesNotContain("secret-", file.Text);
        var imported = await there.SendAsync("POST", "/api/endpoints/import", file.Text);

        imported.Is(HttpStatusCode.Created);
        var copy = await there.SendAsync("GET", $"/api/endpoints/{imported.Json.GetProperty("endpoint").GetString()}");
        Assert.Equal(Settings(made.Json), Settings(copy.Json));
        Assert.Equal(Called, (await there.SendAsync("GET", "/api/flows/called")).Text);
        Assert.Equal(["settings.flowVersion", "settings.eightByEight.apiKey", "settings.inject.key"],
            imported.Json.GetProperty("report").EnumerateArray().Select(line => line.GetProperty("member").GetString()));
        (await there.SendAsync("POST", "/api/endpoints/import", file.Text)).Is(HttpStatusCode.Conflict);
        (await there.SendAsync("POST", "/api/endpoints/import?name=Second", file.Text)).Is(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("", HttpStatusCode.Conflict, "name: called\nstart:\n  - say: Mine.\n")]
    [InlineData("?existing=keep", HttpStatusCode.Created, "name: called\nstart:\n  - say: Mine.\n")]
    [InlineData("?existing=replace", HttpStatusCode.Created, Called)]
    public async Task A_Flow_that_differs_is_replaced_only_where_that_was_said(string query, HttpStatusCode status, string after)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "called", "name: called\nstart:\n  - say: Mine.\n");
        var file = JsonSerializer.Serialize(new
        {
            format = "8x8-connector-endpoint/1",
            settings = new { name = "Acme", flow = "called", eightByEight = new { } },
            flows = new[] { new { name = "called", contentType = "application/yaml", document = Called } },
        });

        (await server.SendAsync("POST", $"/api/endpoints/import{query}", file)).Is(status);

        Assert.Equal(after, (await server.SendAsync("GET", "/api/flows/called")).Text);
    }

    [Fact]
    public async Task One_that_is_to_run_another_Flow_leaves_those_of_the_file_alone()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "called", Mine);
        await PutAsync(server, "other", "name: other\nstart:\n  - say: Other.\n");

        (await server.SendAsync("POST", "/api/endpoints/import?flow=other&existing=perhaps", File(("called", Called)))).Is(HttpStatusCode.BadRequest);
        (await server.SendAsync("POST", "/api/endpoints/import?flow=other", File(("called", Called)))).Is(HttpStatusCode.Created);

        Assert.Equal(Mine, (await server.SendAsync("GET", "/api/flows/called")).Text);
    }

    [Fact]
    public async Task What_is_wrong_stores_nothing()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        var file = JsonSerializer.Serialize(new
        {
            format = "8x8-connector-endpoint/1",
            settings = new { name = "Acme", flow = "called", timeZone = "Nowhere", eightByEight = new { } },
            flows = new[] { new { name = "called", contentType = "application/yaml", document = Called } },
        });

        var refused = await server.SendAsync("POST", "/api/endpoints/import", file);

        refused.Is(HttpStatusCode.BadRequest);
        Assert.Equal("$.timeZone", refused.Json.GetProperty("errors")[0].GetProperty("path").GetString());
        (await server.SendAsync("GET", "/api/flows/called")).Is(HttpStatusCode.NotFound);
        (await server.SendAsync("POST", "/api/endpoints/import", "{}")).Is(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task An_Endpoint_of_Cognigy_is_taken_as_far_as_it_maps_and_the_report_names_the_rest()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "called", Called);
        const string cognigys = """
            { "URLToken": "abc", "name": "Old", "active": false, "channel": "eightByEight", "flowId": "f-1", "maskIPAddress": false,
              "maskLogging": true, "useContactProfiles": true, "disableInputSanitization": true,
              "settings": { "baseUrl": "https://api.8x8.com", "apiKey": "k", "apiTenant": "acme01", "acceptConversationActiveEvent": true, "sessionExpiration": 20000 },
              "transformer": { "transformer": "createWebhookTransformer({})", "inputTransformer": true, "abortOnError": true },
              "fileStorageSettings": { "storageProvider": "aws" }, "novelty": 1 }
            """;
        (await server.SendAsync("POST", "/api/endpoints/import", cognigys)).Is(HttpStatusCode.BadRequest);

        var imported = await server.SendAsync("POST", "/api/endpoints/import?flow=called", cognigys);

        imported.Is(HttpStatusCode.Created);
        var made = (await server.SendAsync("GET", $"/api/endpoints/{imported.Json.GetProperty("endpoint").GetString()}")).Json;
        Assert.Equal(("Old", false, "called"), (made.GetProperty("name").GetString(), made.GetProperty("enabled").GetBoolean(), made.GetProperty("flow").GetString()));
        Assert.Equal(("acme01", true), (made.GetProperty("eightByEight").GetProperty("tenantId").GetString(), made.GetProperty("eightByEight").GetProperty("apiKeySet").GetBoolean()));
        Assert.Equal(10_080, made.GetProperty("session").GetProperty("expirationMinutes").GetInt32());
        Assert.Equal((false, true, false), (made.GetProperty("dataProtection").GetProperty("maskIpAddress").GetBoolean(),
            made.GetProperty("dataProtection").GetProperty("contactProfiles").GetBoolean(), made.GetProperty("dataProtection").GetProperty("sanitizeInput").GetBoolean()));
        Assert.Equal((true, true), (made.GetProperty("transformers").GetProperty("input").GetBoolean(), made.GetProperty("transformers").GetProperty("abortOnError").GetBoolean()));
        var left = imported.Json.GetProperty("report").EnumerateArray().Where(line => line.GetProperty("to").ValueKind == JsonValueKind.Null)
            .Select(line => line.GetProperty("member").GetString());
        Assert.Equal(["URLToken", "channel", "flowId", "fileStorageSettings", "novelty"], left);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task Dashbot_that_was_switched_off_stays_so(bool uses, bool isSet)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "called", Called);

        var imported = await server.SendAsync("POST", "/api/endpoints/import?flow=called", $$"""
            { "URLToken": "abc", "name": "Old", "useDashbotAnalytics": {{(uses ? "true" : "false")}}, "dashbotApikey": "dbk" }
            """);

        imported.Is(HttpStatusCode.Created);
        var made = (await server.SendAsync("GET", $"/api/endpoints/{imported.Json.GetProperty("endpoint").GetString()}")).Json;
        Assert.Equal(isSet, made.GetProperty("dataProtection").GetProperty("dashbot").GetProperty("apiKeySet").GetBoolean());
        Assert.Equal(isSet, imported.Text.Contains("\"dataProtection.dashbot.apiKey\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_name_that_is_taken_leaves_the_stored_Flow_as_it_was()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "called", Mine);
        (await server.SendAsync("POST", "/api/endpoints", """{ "name": "Acme", "flow": "called", "eightByEight": {} }""")).Is(HttpStatusCode.Created);

        (await server.SendAsync("POST", "/api/endpoints/import?existing=replace", File(("called", Called)))).Is(HttpStatusCode.Conflict);

        Assert.Equal(Mine, (await server.SendAsync("GET", "/api/flows/called")).Text);
        Assert.Single((await server.SendAsync("GET", "/api/flows/called/versions")).Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Where_storage_fails_on_the_way_the_name_is_free_for_the_next_try()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var server = await AdminServer.StartAsync(proxy.ConnectionString);
        var file = File(("caller", Caller), ("called", Called));
        // The Endpoint is stored by then, and one of its Flows.
        proxy.Refuse = request => request.Service == "table" && request.Body.Contains("\"called\"", StringComparison.Ordinal);
        (await server.SendAsync("POST", "/api/endpoints/import?flow=caller", file)).Is(HttpStatusCode.ServiceUnavailable);
        Assert.Empty((await server.SendAsync("GET", "/api/endpoints")).Json.GetProperty("items").EnumerateArray());

        proxy.Refuse = null;
        (await server.SendAsync("POST", "/api/endpoints/import?flow=caller", file)).Is(HttpStatusCode.Created);
        Assert.Equal(Called, (await server.SendAsync("GET", "/api/flows/called")).Text);
    }

    [Theory]
    [InlineData(1, 101, "has 101 Flows")]
    [InlineData(2, 1, "is given twice")]
    public async Task Flows_that_cannot_all_be_stored_are_refused_and_none_is(int times, int count, string why)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        var flows = Enumerable.Range(0, count).SelectMany(number => Enumerable.Repeat(($"f{number}", $"name: f{number}\nstart: [ {{ say: A }} ]"), times));

        var refused = await server.SendAsync("POST", "/api/endpoints/import?flow=f0", File([.. flows]));

        refused.Is(HttpStatusCode.BadRequest);
        Assert.Contains(why, refused.Text, StringComparison.Ordinal);
        Assert.Empty((await server.SendAsync("GET", "/api/flows")).Json.GetProperty("items").EnumerateArray());
        Assert.Empty((await server.SendAsync("GET", "/api/endpoints")).Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task What_a_file_of_Cognigy_leaves_empty_is_not_set_and_what_is_refused_here_is_a_line_of_the_report()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "called", Called);

        var imported = await server.SendAsync("POST", "/api/endpoints/import?flow=called", """
            { "URLToken": "abc", "name": "Old", "flowId": "f-1", "dashbotApikey": "", "dashbotPlatform": "",
              "settings": { "apiKey": "", "apiTenant": "", "baseUrl": "https://example.com", "acceptConversationActiveEvent": true },
              "translationSettings": { "glossaryId": "", "setInputLanguageOnExecutionCount": 0, "inputLanguage": "Klingon!", "flowLanguage": "de", "formality": "" } }
            """);

        imported.Is(HttpStatusCode.Created);
        var made = (await server.SendAsync("GET", $"/api/endpoints/{imported.Json.GetProperty("endpoint").GetString()}")).Json;
        Assert.Equal((true, "de", 1, "auto"), (made.GetProperty("eightByEight").GetProperty("acceptConversationActiveEvent").GetBoolean(),
            made.GetProperty("translation").GetProperty("flowLanguage").GetString(), made.GetProperty("translation").GetProperty("detectOnInputs").GetInt32(),
            made.GetProperty("translation").GetProperty("userLanguage").GetString()));
        Assert.False(made.GetProperty("eightByEight").GetProperty("apiKeySet").GetBoolean());
        var report = imported.Json.GetProperty("report").EnumerateArray().ToDictionary(line => line.GetProperty("member").GetString()!);
        foreach (var empty in (string[])["dashbotApikey", "dashbotPlatform", "settings.apiKey", "settings.apiTenant", "translationSettings.glossaryId",
            "translationSettings.formality"])
            Assert.Equal((JsonValueKind.Null, "It is not set."), (report[empty].GetProperty("to").ValueKind, report[empty].GetProperty("note").GetString()));
        Assert.Equal((JsonValueKind.Null, "It is refused here: Must be a whole number from 1 to 100."), (
            report["translationSettings.setInputLanguageOnExecutionCount"].GetProperty("to").ValueKind,
            report["translationSettings.setInputLanguageOnExecutionCount"].GetProperty("note").GetString()));
        foreach (var refused in (string[])["settings.baseUrl", "translationSettings.inputLanguage"])
            Assert.StartsWith("It is refused here: ", report[refused].GetProperty("note").GetString(), StringComparison.Ordinal);
    }

    private const string Mine = "name: called\nstart:\n  - say: Mine.\n";

    private static string File(params (string Name, string Document)[] flows) => JsonSerializer.Serialize(new
    {
        format = "8x8-connector-endpoint/1",
        settings = new { name = "Acme", flow = "called", eightByEight = new { } },
        flows = flows.Select(flow => new { name = flow.Name, contentType = "application/yaml", document = flow.Document }),
    });

    private static string Settings(JsonElement resource)
    {
        var settings = JsonNode.Parse(resource.GetRawText())!.AsObject();
        foreach (var own in (string[])["id", "urlToken", "endpointUrl", "createdAt", "lastChanged", "flowVersion"]) settings.Remove(own);
        settings["eightByEight"]!["apiKeySet"] = null;
        settings["inject"]!["keySet"] = null;
        return settings.ToJsonString();
    }

    private static async Task PutAsync(AdminServer server, string name, string document) =>
        Assert.True((int)(await server.SendAsync("PUT", $"/api/flows/{name}", document, type: "application/yaml")).Status < 300);
}
