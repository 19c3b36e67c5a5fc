using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Admin;

/// <summary>Conversations and parked work, as parts of the admin API.</summary>
public sealed class OperatorRoutesTests(AzuriteFixture azurite)
{
    [Theory]
    [InlineData("GET", "/api/parked")]
    [InlineData("POST", "/api/parked/1/retry")]
    [InlineData("DELETE", "/api/parked/1")]
    [InlineData("GET", "/api/endpoints/1/conversations")]
    [InlineData("GET", "/api/endpoints/1/conversations/1")]
    public async Task Without_the_admin_key_they_do_not_answer(string method, string path)
    {
        await using var connector = await TestConnector.StartAsync(azurite);
        connector.Admin.DefaultRequestHeaders.Authorization = null;

        using var answer = await connector.Admin.SendAsync(new(new(method), path), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task The_description_of_the_API_has_them()
    {
        await using var connector = await TestConnector.StartAsync(azurite);

        var api = await connector.Admin.GetFromJsonAsync<JsonObject>("/api/openapi.json", TestContext.Current.CancellationToken);

        foreach (var (method, path) in ((string, string)[])[
            ("get", "/api/parked"), ("post", "/api/parked/{id}/retry"), ("delete", "/api/parked/{id}"),
            ("get", "/api/endpoints/{id}/conversations"), ("get", "/api/endpoints/{id}/conversations/{conversationId}")])
            Assert.True(api!["paths"]![path]?[method]?["responses"] is JsonObject, $"{method} {path}");
    }
}
