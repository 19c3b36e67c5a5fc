using System.Text.Json.Nodes;
using EightByEight.Connector.Transformers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Transformers;

public sealed class HttpRequestTests : IAsyncLifetime
{
    private WebApplication _server = null!;
    private string Url => _server.Urls.First();

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.MapFallback(async http =>
        {
            using var body = new StreamReader(http.Request.Body);
            http.Response.StatusCode = int.Parse(http.Request.Query["status"].FirstOrDefault("200")!, null);
            http.Response.Headers.Location = http.Request.Query["to"].FirstOrDefault();
            if (http.Request.Query.ContainsKey("text")) await http.Response.WriteAsync("plain");
            else if (http.Request.Query.ContainsKey("huge")) await http.Response.WriteAsync(new string('x', 1024 * 1024 + 1));
            else if (http.Request.Query.ContainsKey("slow")) await Task.Delay(Timeout.Infinite, http.RequestAborted);
            else await http.Response.WriteAsJsonAsync(new JsonObject
            {
                ["method"] = http.Request.Method,
                ["query"] = http.Request.QueryString.ToString(),
                ["body"] = await body.ReadToEndAsync(),
                ["type"] = http.Request.ContentType,
                ["auth"] = http.Request.Headers.Authorization.ToString(),
                ["x"] = http.Request.Headers["x-own"].ToString(),
            });
        });
        await _server.StartAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<string> AsksAsync(string options)
    {
        using var room = new TestRoom();
        return await room.TextAsync($"const answer = await httpRequest({options.Replace("URL", $"'{Url}/'", StringComparison.Ordinal)}); return {{ text: typeof answer === 'string' ? answer : JSON.stringify(answer) }};");
    }

    [Theory]
    [InlineData("{ uri: URL, json: true }", "method", "GET")]
    [InlineData("{ url: URL, method: 'put', body: 'ä', headers: { 'content-type': 'text/x' } , json: false }", "body", "ä")]
    [InlineData("{ uri: URL, method: 'POST', json: true, body: { a: ['ü'] } }", "body", "{\"a\":[\"ü\"]}")]
    [InlineData("{ uri: URL, method: 'POST', json: { a: 1 } }", "type", "application/json; charset=utf-8")]
    [InlineData("{ uri: URL, json: true, headers: { 'X-Own': 'mine', Authorization: 'Bearer t' } }", "x", "mine")]
    [InlineData("{ uri: URL, json: true, qs: { q: 'a b' } }", "query", "?q=a%20b")]
    [InlineData("{ uri: URL, json: true, method: 'POST', form: { f: 'a b' } }", "body", "f=a+b")]
    [InlineData("{ uri: URL, json: true, auth: { user: 'u', pass: 'p' } }", "auth", "Basic dTpw")]
    [InlineData("{ uri: URL, json: true, auth: { bearer: 't' } }", "auth", "Bearer t")]
    public async Task A_request_is_made_as_its_options_say(string options, string member, string expected) =>
        Assert.Equal(expected, (string?)JsonNode.Parse(await AsksAsync(options))![member]);

    [Theory]
    [InlineData("{ uri: URL + '?text=1' }", "plain")]
    [InlineData("{ uri: URL + '?text=1', json: true }", "plain")]
    [InlineData("{ uri: URL + '?text=1&status=404', simple: false, resolveWithFullResponse: true }", "{\"statusCode\":404")]
    public async Task The_answer_is_its_body(string options, string expected) =>
        Assert.StartsWith(expected, await AsksAsync(options), StringComparison.Ordinal);

    [Theory]
    [InlineData("{ uri: URL + '?status=404', json: true }", "StatusCodeError 404 GET")]
    [InlineData("{ uri: URL + '?status=500&text=1' }", "StatusCodeError 500 plain")]
    [InlineData("{ uri: 'http://127.0.0.1:1/' }", "RequestError undefined")]
    [InlineData("{ uri: URL + '?huge=1' }", "RequestError undefined The answer has more than 1048576 bytes")]
    [InlineData("{ uri: URL + '?slow=1', timeout: 100 }", "RequestError undefined ETIMEDOUT")]
    [InlineData("{ uri: 'file:///etc/passwd' }", "RequestError undefined Invalid URI")]
    [InlineData("{ }", "RequestError undefined options.uri is a required argument")]
    [InlineData("'text'", "RequestError undefined httpRequest takes one object")]
    public async Task What_fails_rejects_the_promise(string options, string expected)
    {
        using var room = new TestRoom();
        Assert.StartsWith(expected, await room.TextAsync(
            $"try {{ await httpRequest({options.Replace("URL", $"'{Url}/'", StringComparison.Ordinal)}); return {{ text: 'no' }}; }} " +
            "catch (e) { return { text: `${e.name} ${e.statusCode} ${e.body?.method ?? e.body ?? e.message}` }; }"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Private_addresses_are_refused_even_by_a_redirect()
    {
        using var room = new TestRoom(allowPrivate: false);
        Assert.Contains("has no public address", await room.TextAsync(
            $"try {{ await httpRequest({{ uri: '{Url}/' }}); }} catch (e) {{ return {{ text: e.message }}; }}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_so_many_requests_can_be_made_in_one_call()
    {
        using var room = new TestRoom(maxRequests: 2);
        var result = await room.RunAsync(TestRoom.Handler(
            $"for (let i = 0; i < 3; i++) await httpRequest({{ uri: '{Url}/' }}); return {{ text: 'no' }};"));
        Assert.Contains("More than 2 requests", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal([$"GET {Url}/ 200", $"GET {Url}/ 200"], result.Calls);
    }

    [Fact]
    public async Task Ten_requests_can_be_made_unless_the_operator_says_otherwise()
    {
        using var room = new TestRoom(maxRequests: new TransformerOptions().MaxRequests);
        var result = await room.RunAsync(TestRoom.Handler(
            $"for (let i = 0; i < 11; i++) await httpRequest({{ uri: '{Url}/' }}); return {{ text: 'no' }};"));
        Assert.Contains("More than 10 requests", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(10, result.Calls.Count);
    }

    [Fact]
    public async Task Requests_run_at_the_same_time()
    {
        using var room = new TestRoom();
        Assert.Equal("3", await room.TextAsync(
            $"const all = await Promise.all([1, 2, 3].map(n => httpRequest({{ uri: '{Url}/', json: true, qs: {{ n }} }}))); return {{ text: String(new Set(all.map(a => a.query)).size) }};"));
    }

    [Fact]
    public async Task A_handler_that_waits_for_too_long_is_ended()
    {
        using var room = new TestRoom();
        var result = await room.RunAsync(TestRoom.Handler($"await httpRequest({{ uri: '{Url}/?slow=1' }});"));
        Assert.Contains("5 s", result.Failure!.Message, StringComparison.Ordinal);
    }
}
