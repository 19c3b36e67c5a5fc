using System.Net;
using System.Text.RegularExpressions;
using EightByEight.Connector.Endpoints;
using EightByEight.Functions.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Admin;

public sealed class EndpointsApiTests(AzuriteFixture azurite)
{
    private const string Acme =
        """{"name":"Acme","flow":"welcome","eightByEight":{"baseUrl":"https://api.8x8.com","apiKey":"very-secret-key","tenantId":"acme01"}}""";

    [Fact]
    public async Task A_created_endpoint_is_read_back_with_its_url_and_without_its_api_key()
    {
        await using var server = await ServerAsync();

        var created = await server.SendAsync("POST", "/api/endpoints", Acme);

        created.Is(HttpStatusCode.Created);
        var id = created.Member("id");
        Assert.Matches("^ep[a-z0-9]{16}$", id);
        Assert.Matches("^[A-Za-z0-9]{64}$", created.Member("urlToken"));
        Assert.EndsWith($"/webhooks/{created.Member("urlToken")}", created.Member("endpointUrl"));
        Assert.Equal($"/api/endpoints/{id}", created.Location!.ToString());
        var read = await server.SendAsync("GET", $"/api/endpoints/{id}");
        read.Is(HttpStatusCode.OK);
        Assert.Equal((created.Text, created.ETag), (read.Text, read.ETag));
        Assert.True(read.Json.GetProperty("eightByEight").GetProperty("apiKeySet").GetBoolean());
        Assert.DoesNotContain("very-secret-key", read.Text);
    }

    [Fact]
    public async Task All_faults_are_reported_at_once_each_with_its_path()
    {
        await using var server = await ServerAsync();

        var answer = await server.SendAsync("POST", "/api/endpoints", """
            {"name":"","enabled":"yes","flow":"welcome","flow":"welcome","eightByEight":{"baseURL":"x","freshnessSeconds":0,"apiKey":"a\nb",
             "tenantId":5},"session":{"expirationMinutes":1.5},"voice":null,"id":"ep1"}
            """);

        answer.Is(HttpStatusCode.BadRequest);
        Assert.Equal("application/problem+json", answer.Type);
        Assert.Equal(
            new[]
            {
                "$.name", "$.enabled", "$.flow", "$.eightByEight.baseURL", "$.eightByEight.freshnessSeconds", "$.eightByEight.apiKey",
                "$.eightByEight.tenantId", "$.session.expirationMinutes", "$.voice", "$.id",
            }.Order(),
            answer.Paths.Order());
        Assert.Contains("Did you mean baseUrl?", answer.Text);
        Assert.Contains("read only", answer.Text);
    }

    [Fact]
    public async Task How_content_is_shown_is_set_patched_and_checked()
    {
        await using var server = await ServerAsync();
        var id = (await server.SendAsync("POST", "/api/endpoints", Acme)).Member("id");

        Assert.Equal("""{"media":"upload","cardVersion":"1.3","cardWrappers":{}}""",
            (await server.SendAsync("GET", $"/api/endpoints/{id}")).Json.GetProperty("content").GetRawText());
        await server.SendAsync("PATCH", $"/api/endpoints/{id}", """{"content":{"media":"link","cardWrappers":{"Interactive":"bare"}}}""");
        await server.SendAsync("PATCH", $"/api/endpoints/{id}", """{"content":{"cardVersion":"1.5","cardWrappers":{"Template":"wrapped"}}}""");
        Assert.Equal("""{"media":"link","cardVersion":"1.5","cardWrappers":{"Interactive":"bare","Template":"wrapped"}}""",
            (await server.SendAsync("GET", $"/api/endpoints/{id}")).Json.GetProperty("content").GetRawText());

        var refused = await server.SendAsync("PATCH", $"/api/endpoints/{id}",
            """{"content":{"media":"both","cardVersion":1.3,"cardWrappers":{"Interactive":"no","Buttns":"bare"},"x":1}}""");
        refused.Is(HttpStatusCode.BadRequest);
        Assert.Equal(
            new[] { "$.content.media", "$.content.cardVersion", "$.content.cardWrappers.Interactive", "$.content.cardWrappers.Buttns", "$.content.x" }.Order(),
            refused.Paths.Order());
        Assert.Contains("Did you mean Buttons?", refused.Text);
    }

    [Theory]
    [InlineData("""{"handover":{"queue":"1"}}""", "$.handover.queue")]
    [InlineData("""{"handover":{"inactivityMinutes":0}}""", "$.handover.inactivityMinutes")]
    [InlineData("""{"handover":{"properties":{"a":1}}}""", "$.handover.properties.a")]
    [InlineData("""{"handover":{"properties":[]}}""", "$.handover.properties")]
    [InlineData("""{"handover":{"postAgent":{"maxTotalMinutes":19}}}""", "$.handover.postAgent.maxTotalMinutes")]
    [InlineData("""{"handover":{"postAgent":{"userTimeoutMinutes":301}}}""", "$.handover.postAgent.userTimeoutMinutes")]
    [InlineData("""{"session":{"onExpiry":"later"}}""", "$.session.onExpiry")]
    [InlineData("""{"fileStorage":{"allowedTypes":["application/msword"]}}""", "$.fileStorage.allowedTypes")]
    [InlineData("""{"fileStorage":{"allowedTypes":["font/*"]}}""", "$.fileStorage.allowedTypes")]
    [InlineData("""{"nlu":{"provider":"rasa","url":"https://rasa.example.com?token=abc"}}""", "$.nlu.url")]
    [InlineData("""{"dataProtection":{"sanitizeInput":"no"}}""", "$.dataProtection.sanitizeInput")]
    [InlineData("""{"dataProtection":{"retentionDays":{"logs":0}}}""", "$.dataProtection.retentionDays.logs")]
    [InlineData("""{"dataProtection":{"retentionDays":{"texts":1}}}""", "$.dataProtection.retentionDays.texts")]
    [InlineData("""{"dataProtection":{"dashbot":{"apiKey":5}}}""", "$.dataProtection.dashbot.apiKey")]
    [InlineData("""{"dataProtection":{"maskEverything":true}}""", "$.dataProtection.maskEverything")]
    [InlineData("""{"translation":{"provider":"babelfish"}}""", "$.translation.provider")]
    [InlineData("""{"translation":{"flowLanguage":"english!"}}""", "$.translation.flowLanguage")]
    [InlineData("""{"translation":{"timeoutSeconds":"5"}}""", "$.translation.timeoutSeconds")]
    [InlineData("""{"translation":{"apiKey":"a\nb"}}""", "$.translation.apiKey")]
    [InlineData("""{"fileStorage":{"provider":"ftp"}}""", "$.fileStorage.provider")]
    [InlineData("""{"fileStorage":{"allowedTypes":["png"]}}""", "$.fileStorage.allowedTypes")]
    [InlineData("""{"fileStorage":{"provider":"s3","s3":{"bucket":"files","region":"eu-central-1"}}}""", "$.fileStorage.s3.accessKeyId")]
    [InlineData("""{"fileStorage":{"azure":{"accountName":"Acme"}}}""", "$.fileStorage.azure.accountName")]
    [InlineData("""{"fileStorage":{"azure":{"accountName":"acme","accountKey":"a2V5","customUrl":"http://files.example.com"}}}""", "$.fileStorage.azure.customUrl")]
    [InlineData("""{"fileStorage":{"googleCloud":{"bucket":"A"}}}""", "$.fileStorage.googleCloud.bucket")]
    public async Task Settings_of_each_part_are_refused_with_their_path(string patch, string path)
    {
        await using var server = await ServerAsync();
        var endpoint = (await server.SendAsync("POST", "/api/endpoints", Acme)).Location!.ToString();

        var answer = await server.SendAsync("PATCH", endpoint, patch);

        answer.Is(HttpStatusCode.BadRequest);
        Assert.Equal([path], answer.Paths);
    }

    [Fact]
    public async Task Settings_of_handover_and_session_are_kept()
    {
        await using var server = await ServerAsync();
        var endpoint = (await server.SendAsync("POST", "/api/endpoints", Acme)).Location!.ToString();

        (await server.SendAsync("PATCH", endpoint, """
            {"session":{"onExpiry":"continue"},
             "handover":{"queueId":"101","properties":{"site":"shop"},"returnScriptId":"s1","inactivityMinutes":5,
                         "postAgent":{"webhookId":"12","maxTotalMinutes":20,"userTimeoutMinutes":10,"notifyChannelWebhookIfExists":true}}}
            """)).Is(HttpStatusCode.OK);
        var read = await server.SendAsync("GET", endpoint);

        Assert.Equal("continue", read.Json.GetProperty("session").GetProperty("onExpiry").GetString());
        Assert.Equal(
            """{"queueId":"101","properties":{"site":"shop"},"returnScriptId":"s1","inactivityMinutes":5,"postAgent":{"webhookId":"12","maxTotalMinutes":20,"userTimeoutMinutes":10,"notifyChannelWebhookIfExists":true}}""",
            read.Json.GetProperty("handover").GetRawText());
    }

    [Theory]
    [InlineData("http://api.8x8.com.evil.org")]
    [InlineData("https://api.8x8.com.evil.org")]
    [InlineData("https://api.8x8.com@evil.org")]
    [InlineData("https://user:pass@api.8x8.com")]
    [InlineData("https://evil.org/api.8x8.com")]
    [InlineData("https://evil.org\\\\.8x8.com")]
    [InlineData("https://evil.org#.8x8.com")]
    [InlineData("https://evil.org?.8x8.com")]
    [InlineData("https://8x8.com")]
    [InlineData("https://evil8x8.com")]
    [InlineData("https://api.8x8.com.")]
    [InlineData("https://api.8x8.com/path")]
    [InlineData("ftp://api.8x8.com")]
    [InlineData("api.8x8.com")]
    [InlineData("https://api.8x8.com%2eevil.org")]
    [InlineData("https://evil.org%23.8x8.com")]
    [InlineData("https://evil.org%00.8x8.com")]
    [InlineData("https://evil.org:443:.8x8.com")]
    [InlineData("https://[::1].8x8.com")]
    [InlineData("https://xn--8x8-5cd.com")]
    [InlineData("https://.8x8.com")]
    [InlineData("https://api.8x8.com:443.evil.org")]
    public async Task A_base_url_that_is_not_allowed_is_refused(string baseUrl)
    {
        await using var server = await ServerAsync();

        var answer = await server.SendAsync("POST", "/api/endpoints", """{"name":"A","flow":"welcome","eightByEight":{"baseUrl":"BASE"}}""".Replace("BASE", baseUrl));

        answer.Is(HttpStatusCode.BadRequest);
        Assert.Equal(["$.eightByEight.baseUrl"], answer.Paths);
    }

    [Theory]
    [InlineData("{}", "$.nlu.provider")]
    [InlineData("{\"provider\":\"luis\"}", "$.nlu.provider")]
    [InlineData("{\"provider\":\"rasa\"}", "$.nlu.url")]
    [InlineData("{\"provider\":\"rasa\",\"url\":\"rasa.example.com\"}", "$.nlu.url")]
    [InlineData("{\"provider\":\"rasa\",\"url\":\"https://rasa.example.com\",\"model\":\"m\"}", "$.nlu.model")]
    [InlineData("{\"provider\":\"openai\",\"url\":\"https://llm.example.com/v1\"}", "$.nlu.model")]
    [InlineData("{\"provider\":\"none\",\"connection\":\"rasa\"}", "$.nlu.connection")]
    [InlineData("{\"provider\":\"examples\",\"threshold\":2}", "$.nlu.threshold")]
    [InlineData("{\"provider\":\"examples\",\"timeoutSeconds\":31}", "$.nlu.timeoutSeconds")]
    [InlineData("{\"provider\":\"examples\",\"language\":\"en\"}", "$.nlu.language")]
    public async Task What_understands_is_refused_with_its_path(string nlu, string path)
    {
        await using var server = await ServerAsync();

        var answer = await server.SendAsync("POST", "/api/endpoints", $$"""{"name":"A","flow":"welcome","nlu":{{nlu}}}""");

        answer.Is(HttpStatusCode.BadRequest);
        Assert.Equal([path], answer.Paths);
    }

    [Fact]
    public async Task A_flow_that_does_not_exist_is_refused()
    {
        await using var server = await ServerAsync();

        var answer = await server.SendAsync("POST", "/api/endpoints", """{"name":"A","flow":"nowhere"}""");

        answer.Is(HttpStatusCode.BadRequest);
        Assert.Equal(["$.flow"], answer.Paths);
    }

    [Theory]
    [InlineData("https://api.8x8.com:8443")]
    [InlineData("https://API.8X8.COM")]
    [InlineData("https://api.8x8.com/")]
    [InlineData("http://127.0.0.1:5000")]
    public async Task A_base_url_on_an_allowed_host_is_accepted_whatever_its_port_and_case(string baseUrl)
    {
        await using var server = await ServerAsync();

        var body = """{"name":"A","flow":"welcome","eightByEight":{"baseUrl":"BASE"}}""".Replace("BASE", baseUrl);

        (await server.SendAsync("POST", "/api/endpoints", body)).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_flow_that_does_not_exist_is_reported_with_all_other_faults()
    {
        await using var server = await ServerAsync();

        var answer = await server.SendAsync("POST", "/api/endpoints", """{"name":"","flow":"nowhere","colour":"red"}""");

        Assert.Equal(new[] { "$.name", "$.flow", "$.colour" }.Order(), answer.Paths.Order());
        Assert.Contains("There is no Flow named nowhere", answer.Text);
    }

    [Theory]
    [InlineData("""{"name":"\ud800","flow":"welcome"}""")]
    [InlineData("""{"name":"A","flow":"welcome","\ud800":1}""")]
    [InlineData("""{"name":"A","flow":"welcome","eightByEight":{"\udc00":1}}""")]
    public async Task Half_a_surrogate_pair_is_refused(string body)
    {
        await using var server = await ServerAsync();
        var path = (await server.SendAsync("POST", "/api/endpoints", Acme)).Location!.ToString();

        (await server.SendAsync("POST", "/api/endpoints", body)).Is(HttpStatusCode.BadRequest);
        (await server.SendAsync("PATCH", path, body)).Is(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_patch_that_removes_a_member_that_does_not_exist_is_refused()
    {
        await using var server = await ServerAsync();
        var path = (await server.SendAsync("POST", "/api/endpoints", Acme)).Location!.ToString();

        var answer = await server.SendAsync("PATCH", path, """{"voice":null,"eightByEight":{"tennantId":null}}""");

        answer.Is(HttpStatusCode.BadRequest);
        Assert.Equal(new[] { "$.voice", "$.eightByEight.tennantId" }.Order(), answer.Paths.Order());
    }

    [Fact]
    public async Task Put_replaces_everything_but_keeps_an_absent_api_key_and_removes_a_null_one()
    {
        await using var server = await ServerAsync();
        var id = (await server.SendAsync("POST", "/api/endpoints", Acme)).Member("id");

        var kept = await server.SendAsync("PUT", $"/api/endpoints/{id}", """{"name":"B","flow":"welcome"}""");
        kept.Is(HttpStatusCode.OK);
        Assert.True(kept.Json.GetProperty("eightByEight").GetProperty("apiKeySet").GetBoolean());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, kept.Json.GetProperty("eightByEight").GetProperty("tenantId").ValueKind);
        var removed = await server.SendAsync("PUT", $"/api/endpoints/{id}", """{"name":"B","flow":"welcome","eightByEight":{"apiKey":null}}""");
        Assert.False(removed.Json.GetProperty("eightByEight").GetProperty("apiKeySet").GetBoolean());
    }

    [Fact]
    public async Task Each_secret_is_kept_apart_never_shown_and_removed_with_its_part()
    {
        await using var server = await ServerAsync();
        var created = await server.SendAsync("POST", "/api/endpoints", """
            {"name":"B","flow":"welcome","test":{"key":"secret-one-of-test"},
             "fileStorage":{"azure":{"accountKey":"secret-two"},"googleCloud":{"privateKey":"-----BEGIN\nsecret-three"}}}
            """);
        static bool[] Set(AdminServer.Answer answer) =>
        [
            answer.Json.GetProperty("test").GetProperty("keySet").GetBoolean(),
            answer.Json.GetProperty("fileStorage").GetProperty("azure").GetProperty("accountKeySet").GetBoolean(),
            answer.Json.GetProperty("fileStorage").GetProperty("googleCloud").GetProperty("privateKeySet").GetBoolean(),
            answer.Json.GetProperty("eightByEight").GetProperty("apiKeySet").GetBoolean(),
        ];
        Assert.Equal([true, true, true, false], Set(created));
        Assert.DoesNotContain("secret-", created.Text);

        var patched = await server.SendAsync(
            "PATCH", $"/api/endpoints/{created.Member("id")}", """{"fileStorage":null,"content":{"media":"link"}}""",
            type: "application/merge-patch+json");

        patched.Is(HttpStatusCode.OK);
        Assert.Equal([true, false, false, false], Set(patched));
        var removed = await server.SendAsync(
            "PATCH", $"/api/endpoints/{created.Member("id")}", """{"test":{"key":null}}""", type: "application/merge-patch+json");
        Assert.Equal([false, false, false, false], Set(removed));
    }

    [Theory]
    [InlineData("https://files.example.com")]
    [InlineData("https://blob.core.windows.net.example.com")]
    [InlineData("https://acmeblob.core.windows.net")]
    [InlineData("https://example.com/acme.blob.core.windows.net")]
    public async Task A_file_storage_at_a_url_of_its_own_gets_its_key_and_never_the_apps_identity(string url)
    {
        await using var server = await ServerAsync();
        var settings = $$"""{"name":"B","flow":"welcome","fileStorage":{"provider":"azure","azure":{"accountName":"acme","customUrl":"{{url}}"} } }""";
        const string path = "$.fileStorage.azure.customUrl";
        async Task RefusesAsync(string method, string address, string body)
        {
            var answer = await server.SendAsync(method, address, body);
            answer.Is(HttpStatusCode.BadRequest);
            Assert.Equal([path], answer.Paths);
        }

        await RefusesAsync("POST", "/api/endpoints", settings);
        var created = await server.SendAsync("POST", "/api/endpoints", settings.Replace("\"acme\"", "\"acme\",\"accountKey\":\"a2V5\"", StringComparison.Ordinal));
        created.Is(HttpStatusCode.Created);
        var endpoint = created.Location!.ToString();
        (await server.SendAsync("PUT", endpoint, settings)).Is(HttpStatusCode.OK);
        (await server.SendAsync("PATCH", endpoint, """{"enabled":false}""")).Is(HttpStatusCode.OK);
        await RefusesAsync("PATCH", endpoint, """{"fileStorage":{"azure":{"accountKey":null}}}""");
        await RefusesAsync("PUT", endpoint, settings.Replace("\"acme\"", "\"acme\",\"accountKey\":null", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("https://acme.blob.core.windows.net")]
    [InlineData("https://acme.blob.core.usgovcloudapi.net")]
    [InlineData("https://acme.blob.core.chinacloudapi.cn")]
    [InlineData("https://acme.z12.blob.storage.azure.net")]
    public async Task A_blob_service_of_Azures_own_clouds_may_be_told_who_the_app_is(string url)
    {
        await using var server = await ServerAsync();
        (await server.SendAsync("POST", "/api/endpoints",
            $$"""{"name":"B","flow":"welcome","fileStorage":{"provider":"azure","azure":{"accountName":"acme","customUrl":"{{url}}"} } }"""))
            .Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task No_container_of_the_connector_or_of_its_deployment_takes_files()
    {
        await using var server = await ServerAsync();
        var endpoint = (await server.SendAsync("POST", "/api/endpoints", Acme)).Location!.ToString();
        var deployed = Regex.Matches(Repository.Read("infra/modules/storage.bicep"), @"blobServices/containers@[^{]+\{\s+parent: \w+\s+name: '([^']+)'")
            .Select(match => match.Groups[1].Value).ToArray();
        Assert.NotEmpty(deployed);
        foreach (var container in deployed.Concat(["bodies", "keys", "azure-webjobs-hosts", "azure-webjobs-secrets"]))
        {
            var answer = await server.SendAsync("PATCH", endpoint, $$"""{"fileStorage":{"provider":"azure","azure":{"container":"{{container}}"} } }""");
            Assert.True(answer.Status == HttpStatusCode.BadRequest, container);
            Assert.Equal(["$.fileStorage.azure.container"], answer.Paths);
        }
    }

    [Fact]
    public async Task Patch_changes_what_it_names_and_null_goes_back_to_the_default()
    {
        await using var server = await ServerAsync();
        var id = (await server.SendAsync("POST", "/api/endpoints", Acme)).Member("id");

        var answer = await server.SendAsync(
            "PATCH", $"/api/endpoints/{id}", """{"enabled":false,"eightByEight":{"tenantId":null,"freshnessSeconds":60}}""",
            type: "application/merge-patch+json");

        answer.Is(HttpStatusCode.OK);
        var gateway = answer.Json.GetProperty("eightByEight");
        Assert.False(answer.Json.GetProperty("enabled").GetBoolean());
        Assert.Equal("Acme", answer.Member("name"));
        Assert.Equal(60, gateway.GetProperty("freshnessSeconds").GetInt32());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, gateway.GetProperty("tenantId").ValueKind);
        Assert.True(gateway.GetProperty("apiKeySet").GetBoolean());
        var without = await server.SendAsync("PATCH", $"/api/endpoints/{id}", """{"eightByEight":{"apiKey":null}}""");
        Assert.False(without.Json.GetProperty("eightByEight").GetProperty("apiKeySet").GetBoolean());
    }

    [Fact]
    public async Task A_change_of_another_version_is_refused_with_412()
    {
        await using var server = await ServerAsync();
        var created = await server.SendAsync("POST", "/api/endpoints", Acme);
        var path = created.Location!.ToString();
        (await server.SendAsync("PATCH", path, """{"name":"B"}""", headers: ("If-Match", created.ETag!))).Is(HttpStatusCode.OK);

        (await server.SendAsync("PATCH", path, """{"name":"C"}""", headers: ("If-Match", created.ETag!))).Is(HttpStatusCode.PreconditionFailed);
        (await server.SendAsync("DELETE", path, headers: ("If-Match", created.ETag!))).Is(HttpStatusCode.PreconditionFailed);
        Assert.Equal("B", (await server.SendAsync("GET", path)).Member("name"));
    }

    [Fact]
    public async Task A_deleted_endpoint_is_gone()
    {
        await using var server = await ServerAsync();
        var path = (await server.SendAsync("POST", "/api/endpoints", Acme)).Location!.ToString();

        (await server.SendAsync("DELETE", path)).Is(HttpStatusCode.NoContent);

        (await server.SendAsync("GET", path)).Is(HttpStatusCode.NotFound);
        (await server.SendAsync("DELETE", path)).Is(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("ep1")]
    [InlineData("a%23b")]
    [InlineData("a%5Cb")]
    [InlineData("a%0Ab")]
    public async Task An_id_that_does_not_exist_is_404(string id)
    {
        await using var server = await ServerAsync();

        (await server.SendAsync("GET", "/api/endpoints/" + id)).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_time_zone_in_another_case_is_refused_whatever_was_looked_for_before()
    {
        await using var server = await ServerAsync();
        (await server.SendAsync("POST", "/api/endpoints", """{"name":"A","flow":"welcome","timeZone":"Asia/Tokyo"}""")).Is(HttpStatusCode.Created);

        var refused = await server.SendAsync("POST", "/api/endpoints", """{"name":"B","flow":"welcome","timeZone":"asia/tokyo"}""");

        Assert.Equal(["$.timeZone"], refused.Paths);
        Assert.Contains("Asia/Tokyo", refused.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Locale_and_time_zone_are_checked_and_kept()
    {
        await using var server = await ServerAsync();

        var wrong = await server.SendAsync("POST", "/api/endpoints", """
            {"name":"A","flow":"welcome","locale":"english!","timeZone":"Nowhere/Land","inject":{"key":"short","signingSecret":"none"},
             "transformers":{"source":"let x = ;"}}
            """);
        var right = await server.SendAsync("POST", "/api/endpoints", """
            {"name":"A","flow":"welcome","locale":"en-GB","timeZone":"Europe/London"}
            """);

        Assert.Equal(new[] { "$.inject.key", "$.inject.signingSecret", "$.locale", "$.timeZone", "$.transformers.source" }, wrong.Paths.Order());
        Assert.Equal(("en-GB", "Europe/London"), (right.Member("locale"), right.Member("timeZone")));
    }

    [Fact]
    public async Task Lists_are_paged_and_show_no_url_token()
    {
        await using var server = await ServerAsync();
        for (var i = 0; i < 3; i++) await server.SendAsync("POST", "/api/endpoints", Acme.Replace("Acme", $"Acme {i}"));

        var first = await server.SendAsync("GET", "/api/endpoints?limit=2");
        var second = await server.SendAsync("GET", $"/api/endpoints?limit=2&continue={first.Member("continue")}");

        var ids = first.Json.GetProperty("items").EnumerateArray().Concat(second.Json.GetProperty("items").EnumerateArray())
            .Select(e => e.GetProperty("id").GetString());
        Assert.Equal(3, ids.Distinct().Count());
        Assert.Equal(System.Text.Json.JsonValueKind.Null, second.Json.GetProperty("continue").ValueKind);
        Assert.DoesNotContain("urlToken", first.Text);
        (await server.SendAsync("GET", "/api/endpoints?limit=0")).Is(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_new_url_token_leaves_the_former_its_grace_unless_it_is_revoked()
    {
        await using var server = await ServerAsync();
        var created = await server.SendAsync("POST", "/api/endpoints", Acme);
        var directory = server.Services.GetRequiredService<EndpointDirectory>();
        var path = created.Location + "/url-token";

        var second = await server.SendAsync("POST", path);
        second.Is(HttpStatusCode.OK);
        var until = second.Json.GetProperty("formerUrlTokens")[0].GetProperty("until").GetDateTimeOffset();
        Assert.Equal(second.Json.GetProperty("lastChanged").GetDateTimeOffset().AddDays(1), until);
        Assert.NotEqual(created.Member("urlToken"), second.Member("urlToken"));
        Assert.NotNull(await directory.FindByTokenAsync(created.Member("urlToken"), CancellationToken.None));

        var third = await server.SendAsync("POST", path, """{"revokeNow":true}""");
        third.Is(HttpStatusCode.OK);
        Assert.Empty(third.Json.GetProperty("formerUrlTokens").EnumerateArray());
        Assert.Null(await directory.FindByTokenAsync(created.Member("urlToken"), CancellationToken.None));
        Assert.Null(await directory.FindByTokenAsync(second.Member("urlToken"), CancellationToken.None));
    }

    [Theory]
    [InlineData(200, true, "baseUrl apiKey tenant")]
    [InlineData(401, false, "baseUrl apiKey")]
    [InlineData(400, false, "baseUrl tenant")]
    [InlineData(404, false, "baseUrl")]
    public async Task A_test_says_what_8x8_accepts_and_success_ends_a_pause(int status, bool ok, string checks)
    {
        await using var gateway = await GatewayAsync(status);
        await using var server = await ServerAsync();
        var created = await server.SendAsync("POST", "/api/endpoints", Acme.Replace("https://api.8x8.com", gateway.Urls.First()));
        var path = created.Location!.ToString();
        var directory = server.Services.GetRequiredService<EndpointDirectory>();
        await directory.PauseAsync(created.Member("id"), new(DateTimeOffset.UtcNow.AddHours(1), "refused"), CancellationToken.None);
        Assert.Equal("refused", (await server.SendAsync("GET", path)).Json.GetProperty("paused").GetProperty("reason").GetString());

        var answer = await server.SendAsync("POST", path + "/test");

        answer.Is(HttpStatusCode.OK);
        Assert.Equal(ok, answer.Json.GetProperty("ok").GetBoolean());
        Assert.Equal(checks, string.Join(' ', answer.Json.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("name").GetString())));
        var paused = (await server.SendAsync("GET", path)).Json.GetProperty("paused").ValueKind;
        Assert.Equal(ok ? System.Text.Json.JsonValueKind.Null : System.Text.Json.JsonValueKind.Object, paused);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_test_says_whether_a_webhook_of_8x8_posts_to_this_endpoint(bool registered)
    {
        var uris = new List<string> { "https://other.example.com/hook" };
        await using var gateway = await GatewayAsync(200, uris);
        await using var server = await ServerAsync();
        var created = await server.SendAsync("POST", "/api/endpoints", Acme.Replace("https://api.8x8.com", gateway.Urls.First()));
        if (registered) uris.Add("https://bot.example.com/webhooks/" + created.Member("urlToken"));

        var answer = await server.SendAsync("POST", created.Location + "/test");

        Assert.True(answer.Json.GetProperty("ok").GetBoolean());
        Assert.Equal(registered, answer.Json.GetProperty("webhook").GetProperty("registered").GetBoolean());
        Assert.DoesNotContain(created.Member("urlToken"), answer.Text);
    }

    [Fact]
    public async Task Every_write_leaves_an_audit_entry_that_names_members_and_no_values()
    {
        await using var server = await ServerAsync();
        var path = (await server.SendAsync("POST", "/api/endpoints", Acme)).Location!.ToString();
        await server.SendAsync("PATCH", path, """{"name":"B","eightByEight":{"apiKey":"another-secret"}}""", key: AdminServer.NextKey);
        await server.SendAsync("POST", path + "/url-token");
        await server.SendAsync("DELETE", path);

        var audit = await server.SendAsync("GET", "/api/audit");

        var entries = audit.Json.GetProperty("items").EnumerateArray().ToArray();
        Assert.Equal(
            ["endpoint.delete", "endpoint.url-token", "endpoint.patch", "endpoint.create"],
            entries.Select(e => e.GetProperty("what").GetString()));
        Assert.Equal(
            ["$.name", "$.eightByEight.apiKey"], entries[2].GetProperty("changed").EnumerateArray().Select(c => c.GetString()));
        Assert.StartsWith("AdminKeyNext from", entries[2].GetProperty("who").GetString());
        Assert.DoesNotContain("secret", audit.Text);
    }

    [Fact]
    public async Task No_secret_of_a_session_is_logged()
    {
        await using var gateway = await GatewayAsync(401);
        await using var server = await ServerAsync();
        var created = await server.SendAsync("POST", "/api/endpoints", Acme.Replace("https://api.8x8.com", gateway.Urls.First()));
        var path = created.Location!.ToString();
        await server.SendAsync("POST", path + "/test");
        await server.SendAsync("PATCH", path, """{"eightByEight":{"apiKey":"very-secret-key","freshnessSeconds":"wrong"}}""");
        var renewed = await server.SendAsync("POST", path + "/url-token");
        await server.SendAsync("GET", "/api/broken");
        await server.SendAsync("DELETE", path);

        Assert.NotEmpty(server.Logs.Lines);
        Assert.DoesNotContain(
            server.Logs.Lines,
            line => new[] { "very-secret-key", AdminServer.Key, created.Member("urlToken"), renewed.Member("urlToken") }.Any(line.Contains));
    }

    [Fact]
    public async Task An_endpoint_whose_writing_was_answered_too_late_is_created_and_its_name_not_taken()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var server = await ServerAsync(proxy.ConnectionString);
        var lost = 0;
        proxy.After = request => Task.FromResult(request is { Service: "table", Method: "POST" }
            && request.Target.Contains("$batch", StringComparison.Ordinal) && Interlocked.Exchange(ref lost, 1) == 0);

        (await server.SendAsync("POST", "/api/endpoints", Acme)).Is(HttpStatusCode.Created);

        Assert.Equal(1, lost);
        (await server.SendAsync("POST", "/api/endpoints", Acme)).Is(HttpStatusCode.Conflict);
    }

    private async Task<AdminServer> ServerAsync(string? account = null)
    {
        var server = await AdminServer.StartAsync(account ?? azurite.NewAccount());
        await server.Services.GetRequiredService<EightByEight.Connector.ConnectorStorage>().ReadyAsync();
        await server.StoreFlowAsync("welcome");
        return server;
    }

    private static async Task<WebApplication> GatewayAsync(int status, List<string>? webhooks = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/chat-gateway/v1/webhooks", (HttpContext http) => http.Request.Headers["x-api-key"] == "very-secret-key"
            ? Results.Json(
                new
                {
                    // One a page, though more were asked for.
                    _embedded = new
                    {
                        webhooks = (webhooks ?? []).Skip(int.Parse(http.Request.Query["page"]!, System.Globalization.CultureInfo.InvariantCulture))
                            .Take(1).Select(uri => new { name = "w", uri, version = "Chat Gateway v1.0" }),
                    },
                    page = new { totalPages = webhooks?.Count ?? 0 },
                },
                statusCode: status)
            : Results.StatusCode(500));
        await app.StartAsync();
        return app;
    }
}
