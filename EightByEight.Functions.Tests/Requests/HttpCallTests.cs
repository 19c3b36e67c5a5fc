using System.Buffers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Requests;
using EightByEight.Functions.Tests.Agents;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Requests;

/// <summary>The requests of Flows, on their way to a server on loopback.</summary>
public sealed class HttpCallTests
{
    private static readonly Dictionary<string, string?> Options = new()
    {
        ["Connector:Requests:AllowPrivateAddresses"] = "true",
        ["Connector:Requests:RetryPause"] = "00:00:00.005",
    };

    [Fact]
    public async Task A_server_gets_the_request_and_its_answer_comes_back()
    {
        await using var server = await AgentServer.StartAsync(_ => (201, """{"id":7}"""));
        server.Dress = (_, response) => (response.ContentType, response.Headers["X-Left"], response.Headers.SetCookie) = ("application/problem+json", "3", "secret=1");

        var answer = await AskAsync(Call(server, "/orders?a=1") with
        {
            Method = "POST",
            Json = JsonElement.Parse("""{"name":"Zoë"}"""),
            Headers = new Dictionary<string, string> { ["X-Channel"] = "WebChat", ["Accept"] = "text/plain" },
        });

        var call = Assert.Single(server.Calls);
        Assert.Equal(("POST", "/orders?a=1", """{"name":"Zoë"}"""), (call.Method, call.Path, call.Body));
        Assert.Equal(["application/json", "WebChat", "text/plain", "key-1"], Headers(call, "Content-Type", "X-Channel", "Accept", "Idempotency-Key"));
        Assert.Null(answer.Error);
        Assert.Equal((201, 7, "3"), ((int)answer.Value!["status"]!, (int)answer.Value["body"]!["id"]!, (string)answer.Value["headers"]!["x-left"]!));
        Assert.DoesNotContain("secret", answer.Value.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forms_and_texts_are_bodies_too()
    {
        await using var server = await AgentServer.StartAsync();

        await AskAsync(Call(server) with { Method = "POST", Form = [new("a", "1 & 2"), new("a", "ü")] });
        await AskAsync(Call(server) with { Method = "PUT", Text = "<a/>", Headers = new Dictionary<string, string> { ["Content-Type"] = "application/xml" } });

        Assert.Equal(["a=1+%26+2&a=%C3%BC", "<a/>"], server.Calls.Select(call => call.Body));
        Assert.Equal(["application/x-www-form-urlencoded", "application/xml"], server.Calls.SelectMany(call => Headers(call, "Content-Type")));
    }

    [Fact]
    public async Task Null_is_json_like_any_other()
    {
        await using var server = await AgentServer.StartAsync();

        await AskAsync(Call(server) with { Method = "POST", Json = JsonElement.Parse("null") });

        var call = Assert.Single(server.Calls);
        Assert.Equal(["null", "application/json"], [call.Body, .. Headers(call, "Content-Type")]);
    }

    [Fact]
    public async Task What_no_header_can_hold_is_an_error_that_names_it_and_asks_nobody()
    {
        var answer = await AskAsync(new HttpCall("GET", new Uri("http://127.0.0.1:1")) { Headers = new Dictionary<string, string> { ["X-Name"] = "Zoë" }, Retries = 5 });

        Assert.Equal("The header 'X-Name' cannot hold 'ë', only ASCII: write it as encodeURIComponent does, for one.", answer.Error);
        Assert.Null(answer.Value!["status"]);
    }

    [Theory]
    [InlineData("text/plain", "hello", "\"hello\"", false)]
    [InlineData("application/json", "", "null", false)]
    [InlineData("application/json", "{", "\"{\"", true)]
    [InlineData("application/json", """["\ud83d", "\ud83d\ude00"]""", """["\uFFFD","\uD83D\uDE00"]""", false)]
    [InlineData("application/json", """{"a":1,"a":2}""", "\"{\\u0022a\\u0022:1,\\u0022a\\u0022:2}\"", true)]
    [InlineData("text/plain; charset=nonsense", "hello", "\"hello\"", false)]
    public async Task A_body_is_json_or_a_text(string type, string body, string seen, bool isError)
    {
        await using var server = await AgentServer.StartAsync(_ => (200, body));
        server.Dress = (_, response) => response.ContentType = type;

        var answer = await AskAsync(Call(server));

        Assert.Equal((seen, isError), (answer.Value!["body"]?.ToJsonString() ?? "null", answer.Error is not null));
    }

    [Theory]
    [InlineData("application/json", "EFBBBF7B2261223A22C3BC227D", """{"a":"ü"}""")]
    [InlineData("application/json; charset=iso-8859-1", "7B2261223A22FC227D", """{"a":"ü"}""")]
    [InlineData("text/plain; charset=windows-1252", "80FC", "\"€ü\"")]
    public async Task A_body_is_read_as_its_server_wrote_it(string type, string bytes, string seen)
    {
        await using var server = await AgentServer.StartAsync(_ => (200, ""));
        server.Dress = (_, response) =>
        {
            response.ContentType = type;
            response.BodyWriter.Write(Convert.FromHexString(bytes));
        };

        var answer = await AskAsync(Call(server));

        Assert.Null(answer.Error);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(seen), answer.Value!["body"]), answer.Value["body"]!.ToJsonString());
    }

    [Theory]
    [InlineData(300)]
    [InlineData(404)]
    [InlineData(500)]
    public async Task A_status_above_299_is_an_error_that_names_no_url(int status)
    {
        await using var server = await AgentServer.StartAsync(_ => (status, "why"));

        var answer = await AskAsync(Call(server, "/?token=secret"));

        Assert.Contains($"127.0.0.1 answered {status}", answer.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", answer.Error, StringComparison.Ordinal);
        Assert.Equal((status, "why", answer.Error), ((int)answer.Value!["status"]!, (string)answer.Value["body"]!, (string)answer.Value["error"]!));
        Assert.Single(server.Calls);
    }

    [Theory]
    [InlineData(503, 2, 3)]
    [InlineData(429, 1, 2)]
    [InlineData(400, 2, 1)]
    public async Task What_the_server_could_not_answer_is_asked_again_with_the_same_key(int status, int retries, int calls)
    {
        await using var server = await AgentServer.StartAsync(_ => (status, ""));

        var answer = await AskAsync(Call(server) with { Method = "POST", Text = "hello", Retries = retries });

        Assert.NotNull(answer.Error);
        Assert.Equal(Enumerable.Repeat(("key-1", "hello"), calls), server.Calls.Select(call => ((string)call.Headers["Idempotency-Key"]!, call.Body)));
    }

    [Fact]
    public async Task Who_does_not_answer_in_time_or_is_not_there_is_an_error_without_a_status()
    {
        using var silent = new TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        var url = new Uri($"http://{silent.LocalEndpoint}");

        var late = await AskAsync(new HttpCall("GET", url) { TimeoutSeconds = 1 });
        silent.Stop();
        var gone = await AskAsync(new HttpCall("GET", url));

        Assert.Equal("127.0.0.1 did not answer within 1 s.", late.Error);
        Assert.StartsWith("127.0.0.1 cannot be reached: ", gone.Error, StringComparison.Ordinal);
        Assert.All([late, gone], answer => Assert.Null(answer.Value!["status"]));
    }

    [Fact]
    public async Task An_answer_that_is_too_large_is_an_error()
    {
        await using var server = await AgentServer.StartAsync(_ => (200, new string('x', 1_001)));

        Assert.Contains("more than 1000 bytes", (await AskAsync(Call(server) with { MaxBytes = 1_000 })).Error, StringComparison.Ordinal);
        Assert.Null((await AskAsync(Call(server) with { MaxBytes = 1_001 })).Error);
    }

    [Fact]
    public async Task An_answer_serves_for_a_while_and_only_the_same_request()
    {
        var status = 500;
        await using var server = await AgentServer.StartAsync(_ => (status, "x"));
        var time = new FakeTimeProvider();
        await using var services = Services(Options, time);
        var calls = services.GetRequiredService<HttpCalls>();
        Task<FlowAnswer> Ask(string path, string header = "a") => calls.AskAsync(
            Call(server, path) with { CacheSeconds = 60, Headers = new Dictionary<string, string> { ["X-A"] = header } }, TestContext.Current.CancellationToken);

        await Ask("/1");
        status = 200;
        foreach (var (path, header) in new[] { ("/1", "a"), ("/1", "a"), ("/2", "a"), ("/1", "b") }) Assert.Equal("x", (string)(await Ask(path, header)).Value!["body"]!);
        Assert.Equal(["/1", "/1", "/2", "/1"], server.Calls.Select(call => call.Path));
        time.Advance(TimeSpan.FromSeconds(61));
        await Ask("/1");
        Assert.Equal(5, server.Calls.Count);
    }

    [Fact]
    public async Task Nobody_waits_for_an_asynchronous_request_and_the_end_of_the_process_does()
    {
        using var go = new SemaphoreSlim(0);
        var answered = 0;
        await using var server = await AgentServer.StartAsync(_ => go.Wait(TimeSpan.FromSeconds(30)) ? (200 + answered++, "") : (500, ""));
        var services = Services(Options);

        var answer = await services.GetRequiredService<HttpCalls>().AskAsync(Call(server) with { IsAsync = true }, TestContext.Current.CancellationToken);

        Assert.Equal(new FlowAnswer(null), answer);
        await Eventually.GetAsync(() => server.Calls.Count, calls => calls == 1, "the request");
        go.Release();
        await services.DisposeAsync();
        Assert.Equal(1, answered);
    }

    [Fact]
    public async Task What_fails_where_nobody_waits_is_told_to_the_operator()
    {
        var logs = new RecordedLogs();
        await using var server = await AgentServer.StartAsync();
        await using var services = Services(Options, logs: logs);

        // There is no storage in which the connection could be looked up.
        await services.GetRequiredService<HttpCalls>().AskAsync(Call(server) with { IsAsync = true, Connection = "shop" }, TestContext.Current.CancellationToken);

        await Eventually.GetAsync(() => logs.Lines.Count(line => line.Contains("waits for no answer failed", StringComparison.Ordinal)), told => told == 1, "the line");
    }

    [Fact]
    public async Task A_redirect_is_followed_by_what_only_reads_and_takes_no_header_to_another_server()
    {
        await using var other = await AgentServer.StartAsync(_ => (200, "there"));
        await using var server = await AgentServer.StartAsync(call => (302, call.Path));
        server.Dress = (call, response) => response.Headers.Location = call.Path == "/a" ? "/b" : other.Url + "/c";
        var headers = new Dictionary<string, string> { ["X-Customer"] = "42" };

        var got = await AskAsync(Call(server, "/a") with { Headers = headers });
        var posted = await AskAsync(Call(server, "/a") with { Method = "POST", Headers = headers });

        Assert.Equal("there", (string)got.Value!["body"]!);
        Assert.Equal(["42", "42"], server.Calls.Take(2).Select(call => (string)call.Headers["X-Customer"]!));
        Assert.Empty(Assert.Single(other.Calls).Headers["X-Customer"].ToString() + other.Calls[0].Headers["Idempotency-Key"]);
        Assert.Contains("answered 302", posted.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirects_in_a_circle_end()
    {
        await using var server = await AgentServer.StartAsync(_ => (307, ""));
        server.Dress = (_, response) => response.Headers.Location = "/";

        Assert.Contains("answered 307", (await AskAsync(Call(server))).Error, StringComparison.Ordinal);
        Assert.Equal(6, server.Calls.Count);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("[::ffff:127.0.0.1]")]
    public async Task An_address_that_only_this_server_reaches_is_never_connected_to(string host)
    {
        await using var server = await AgentServer.StartAsync();
        await using var services = Services([]);

        var answer = await services.GetRequiredService<HttpCalls>().AskAsync(
            new HttpCall("GET", new UriBuilder(server.Url) { Host = host }.Uri), TestContext.Current.CancellationToken);

        Assert.Contains("has no public address", answer.Error, StringComparison.Ordinal);
        Assert.Empty(server.Calls);
    }

    private static IEnumerable<string> Headers(AgentServer.Call call, params string[] names) => names.Select(name => call.Headers[name].ToString());

    private static HttpCall Call(AgentServer server, string path = "/") => new("GET", new Uri(server.Url + path)) { IdempotencyKey = "key-1" };

    private static async Task<FlowAnswer> AskAsync(HttpCall call)
    {
        await using var services = Services(Options);
        return await services.GetRequiredService<HttpCalls>().AskAsync(call, TestContext.Current.CancellationToken);
    }

    /// <summary>For requests that want no connection.</summary>
    private static ServiceProvider Services(Dictionary<string, string?> options, TimeProvider? time = null, RecordedLogs? logs = null) => new ServiceCollection()
        .AddLogging(logging => logging.Services.AddSingleton<ILoggerProvider>(logs ?? new RecordedLogs()))
        .AddSingleton(time ?? TimeProvider.System)
        .AddSingleton(provider => new Credentials(null!, provider.GetRequiredService<IHttpClientFactory>(), TimeProvider.System))
        .AddRequests(new ConfigurationBuilder().AddInMemoryCollection(options).Build())
        .BuildServiceProvider();
}
