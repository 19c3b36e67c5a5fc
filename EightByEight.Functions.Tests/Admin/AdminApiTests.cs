using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EightByEight.Functions.Tests.Admin;

public sealed class AdminApiTests(AzuriteFixture azurite)
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("wrong")]
    [InlineData("the-admin-key-of-the-test")]
    public async Task Without_the_admin_key_nothing_under_api_answers(string? key)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        foreach (var path in (string[])["/api/endpoints", "/api/flows/a", "/api/openapi.json", "/api/nowhere", "/api/audit"])
        {
            var answer = await server.SendAsync("GET", path, key: key);
            answer.Is(HttpStatusCode.Unauthorized);
            Assert.Equal(("Bearer", "application/problem+json"), (answer.Authenticate, answer.Type));
        }
    }

    [Theory]
    [InlineData(AdminServer.Key)]
    [InlineData(AdminServer.NextKey)]
    public async Task Both_admin_keys_are_accepted_while_rotating(string key)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        (await server.SendAsync("GET", "/api/endpoints", key: key)).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_api_describes_itself_in_either_host(bool asFunctions)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount(), asFunctions);

        var answer = await server.SendAsync("GET", "/api/openapi.json");

        answer.Is(HttpStatusCode.OK);
        var paths = answer.Json.GetProperty("paths");
        foreach (var path in (string[])["/api/endpoints", "/api/endpoints/{id}", "/api/endpoints/{id}/url-token", "/api/endpoints/{id}/test",
                     "/api/flows", "/api/flows/{name}", "/api/audit", "/health/live", "/health/ready"])
            Assert.True(paths.TryGetProperty(path, out _), path);
        Assert.Contains("freshnessSeconds", answer.Text);
        Assert.True(paths.GetProperty("/api/endpoints").GetProperty("post").TryGetProperty("requestBody", out _));
    }

    [Fact]
    public async Task The_description_names_the_admin_key_and_the_problems()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        var api = (await server.SendAsync("GET", "/api/openapi.json")).Json;

        Assert.Equal("bearer", api.GetProperty("components").GetProperty("securitySchemes").GetProperty("adminKey").GetProperty("scheme").GetString());
        var patch = api.GetProperty("paths").GetProperty("/api/endpoints/{id}").GetProperty("patch");
        Assert.True(patch.GetProperty("security")[0].TryGetProperty("adminKey", out _));
        foreach (var status in (string[])["400", "401", "404", "412"])
            Assert.True(
                patch.GetProperty("responses").GetProperty(status).GetProperty("content").TryGetProperty("application/problem+json", out _), status);
        Assert.False(api.GetProperty("paths").GetProperty("/health/live").GetProperty("get").TryGetProperty("security", out _));
    }

    [Theory]
    [InlineData("/api/endpoints")]
    [InlineData("/api/endpoints/ep1")]
    [InlineData("/api/flows/welcome")]
    public async Task Storage_that_cannot_be_reached_is_503(string path)
    {
        // A port that nobody listens on.
        await using var cut = await AdminServer.StartAsync(DevHost.Azurite.ConnectionString("account", 1, 1, 1));

        var answer = await cut.SendAsync("GET", path);

        answer.Is(HttpStatusCode.ServiceUnavailable);
        Assert.Equal("application/problem+json", answer.Type);
    }

    [Theory]
    [InlineData("/api/endpoints?continue=%00")]
    [InlineData("/api/flows?continue=a%27%20or%20%271%27%20eq%20%271")]
    [InlineData("/api/audit?continue=%0A%23")]
    public async Task A_continue_that_no_page_gave_is_no_fault_of_storage(string path)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        (await server.SendAsync("GET", path)).Is(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_unknown_route_is_404_and_a_wrong_method_405(bool asFunctions)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount(), asFunctions);

        (await server.SendAsync("GET", "/api/nowhere")).Is(HttpStatusCode.NotFound);
        var answer = await server.SendAsync("DELETE", "/api/endpoints");
        answer.Is(HttpStatusCode.MethodNotAllowed);
        Assert.Equal(["GET", "POST"], answer.Allow);
    }

    [Fact]
    public async Task Broken_json_is_refused_with_its_position()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        var answer = await server.SendAsync("POST", "/api/endpoints", "{\n  \"name\": oops }");

        answer.Is(HttpStatusCode.BadRequest);
        var error = answer.Json.GetProperty("errors")[0];
        Assert.Equal((2, 11), (error.GetProperty("line").GetInt32(), error.GetProperty("column").GetInt32()));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task A_body_is_read_whatever_its_content_type(string type)
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        var answer = await server.SendAsync("POST", "/api/endpoints", "{}", type: type);

        Assert.Equal(["$.name", "$.flow"], answer.Paths);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_413()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        (await server.SendAsync("POST", "/api/endpoints", new string(' ', 1_153_435))).Is(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task A_body_that_breaks_http_is_a_fault_of_the_request()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        using var connection = new TcpClient();
        await connection.ConnectAsync(server.Http.BaseAddress!.Host, server.Http.BaseAddress.Port);
        await using var stream = connection.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/endpoints HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {AdminServer.Key}\r\n" +
            "Transfer-Encoding: chunked\r\n\r\nno chunk\r\n"));

        Assert.StartsWith("HTTP/1.1 400 ", await new StreamReader(stream).ReadLineAsync());
    }

    [Fact]
    public async Task An_unexpected_error_is_500_without_details_and_is_logged()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        var answer = await server.SendAsync("GET", "/api/broken");

        answer.Is(HttpStatusCode.InternalServerError);
        Assert.Equal("application/problem+json", answer.Type);
        Assert.DoesNotContain("secret detail", answer.Text);
        Assert.Contains(server.Logs.Lines, line => line.Contains("secret detail"));
    }

    [Fact]
    public async Task Health_needs_no_key_and_says_whether_storage_is_reached()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        (await server.SendAsync("GET", "/health/live", key: null)).Is(HttpStatusCode.OK);
        (await server.SendAsync("GET", "/health/ready", key: null)).Is(HttpStatusCode.OK);

        // A port that nobody listens on.
        await using var cut = await AdminServer.StartAsync(DevHost.Azurite.ConnectionString("account", 1, 1, 1));
        (await cut.SendAsync("GET", "/health/live", key: null)).Is(HttpStatusCode.OK);
        (await cut.SendAsync("GET", "/health/ready", key: null)).Is(HttpStatusCode.ServiceUnavailable);
    }
}
