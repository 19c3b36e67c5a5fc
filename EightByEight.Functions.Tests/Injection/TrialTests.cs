using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace EightByEight.Functions.Tests.Injection;

/// <summary>The test mode: the whole way of an input, without 8x8.</summary>
public sealed class TrialTests(AzuriteFixture azurite)
{
    private const string Key = "key-of-the-test-mode";

    private const string Flow = """
        name: trial
        start:
          - set: { context.count: "{{ (context.count || 0) + 1 }}" }
          - if: "input.text == 'agent'"
            then:
              - handover: { queueId: "101", message: "One moment." }
          - say: "{{ context.count }} {{ input.text }}"
        """;

    [Fact]
    public async Task A_test_answers_what_8x8_would_have_been_told_and_tells_8x8_nothing()
    {
        await using var connector = await TestConnector.StartAsync(
            azurite, Flow, new JsonObject { ["test"] = new JsonObject { ["key"] = Key, ["messagesPerHour"] = 4 } });

        var first = await SendAsync(connector, """{"userId":"u","sessionId":"s","text":"hello","data":{"order":7}}""");
        var second = await SendAsync(connector, """{"sessionId":"s","text":"again"}""");
        var other = await SendAsync(connector, """{"sessionId":"other","text":"hello"}""");
        var handed = await SendAsync(connector, """
            {"eventType":"MESSAGE","conversationId":"s","data":{"sender":{"type":"user"},"text":"agent"}}
            """);

        Assert.Equal(["1 hello"], first.Body["outputs"]!.AsArray().Select(output => (string)output!["text"]!));
        Assert.Equal("2 again", (string)second.Body["outputs"]![0]!["text"]!);
        Assert.Equal("1 hello", (string)other.Body["outputs"]![0]!["text"]!);
        Assert.Equal(["POST", "PATCH"], handed.Body["calls"]!.AsArray().Select(call => (string)call!["method"]!));
        Assert.Equal("101", (string)handed.Body["calls"]![1]!["body"]!["assignment"]!["id"]!);
        Assert.Equal("requested", (string)handed.Body["handover"]!);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await SendAsync(connector, """{"sessionId":"s","text":"a fifth"}""")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(connector, """{"sessionId":"s","text":"x"}""", "some-other-key-here")).Status);
        var listed = await connector.Admin.GetStringAsync(
            $"/api/endpoints/{connector.EndpointId}/conversations", TestContext.Current.CancellationToken);
        Assert.Contains("\"items\":[]", listed, StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, JsonObject Body)> SendAsync(TestConnector connector, string body, string key = Key)
    {
        var token = connector.EndpointUrl[(connector.EndpointUrl.LastIndexOf('/') + 1)..];
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync($"{connector.Host.Url}/test/{token}", content, TestContext.Current.CancellationToken);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!.AsObject());
    }
}
