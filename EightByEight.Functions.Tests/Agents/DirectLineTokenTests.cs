using System.Net.Http.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.Agents;
using EightByEight.Functions.Tests.Conversations;

namespace EightByEight.Functions.Tests.Agents;

/// <summary>Who has the secret of a Direct Line speaks by tokens: each conversation has its own, which ends.</summary>
public sealed class DirectLineTokenTests(AzuriteFixture azurite)
{
    private const string Secret = "secret-of-the-line";

    [Fact]
    public async Task The_secret_only_gets_a_token_and_the_conversation_goes_by_its_own()
    {
        await using var line = await Line.StartAsync();
        await using var connector = await StartAsync();

        var first = await AskAsync(connector, line);
        await AskAsync(connector, line, first.Memory);

        Assert.Equal(
        [
            $"POST tokens/generate {Secret}", "POST conversations t1", "POST conversations/conv/activities t2", "GET conversations/conv/activities t2",
            "POST conversations/conv/activities t2", "GET conversations/conv/activities t2",
        ], line.Distinct);
        Assert.Equal("dl_user-1", (string?)JsonNode.Parse(line.Server.Calls[0].Body)!["user"]!["id"]);
        Assert.DoesNotContain("t2", first.Memory!.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain(connector.Logs.Lines, line => line.Contains("Bearer t", StringComparison.Ordinal) || line.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_that_ends_soon_is_renewed_by_itself_and_not_by_the_secret()
    {
        await using var line = await Line.StartAsync();
        await using var connector = await StartAsync();
        line.Lasts = 60;
        var first = await AskAsync(connector, line);
        line.Lasts = 1800;

        await AskAsync(connector, line, first.Memory);

        Assert.Single(line.Distinct, call => call == "POST tokens/refresh t2");
        Assert.Single(line.Distinct, call => call.EndsWith(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_that_is_refused_is_followed_by_another_of_the_same_conversation_and_nothing_is_said_twice()
    {
        await using var line = await Line.StartAsync();
        await using var connector = await StartAsync();
        var first = await AskAsync(connector, line);
        line.Revoke();

        var second = await AskAsync(connector, line, first.Memory);

        Assert.Equal("You said hello.", Assert.Single(second.Outputs).Text);
        Assert.Contains($"GET conversations/conv {Secret}", line.Distinct);
        Assert.Single(line.Distinct, call => call.StartsWith("POST conversations ", StringComparison.Ordinal));
        Assert.Equal(2, line.Heard);
    }

    [Fact]
    public async Task Another_instance_goes_on_in_the_same_conversation()
    {
        await using var line = await Line.StartAsync();
        await using var one = await StartAsync();
        await using var other = await StartAsync();
        var first = await AskAsync(one, line);

        var second = await AskAsync(other, line, first.Memory);

        Assert.Equal("You said hello.", Assert.Single(second.Outputs).Text);
        Assert.Contains($"GET conversations/conv {Secret}", line.Distinct);
        Assert.Single(line.Distinct, call => call.StartsWith("POST conversations ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_endpoint_gives_the_token_and_no_secret_is_needed()
    {
        await using var line = await Line.StartAsync();
        await using var connector = await StartAsync();

        var answer = await AskAsync(connector, new AgentSettings(AgentKind.DirectLine, new Uri(line.Server.Url))
        {
            TokenUrl = new Uri(line.Server.Url + "/copilot/token?api-version=2022-03-01-preview"),
        });

        Assert.Equal("You said hello.", Assert.Single(answer.Outputs).Text);
        Assert.Equal(["GET /copilot/token?api-version=2022-03-01-preview ", "POST conversations t1"], line.Distinct.Take(2));
    }

    private static Task<AgentAnswer> AskAsync(TestConnector connector, Line line, JsonObject? memory = null) =>
        AskAsync(connector, new AgentSettings(AgentKind.DirectLine, new Uri(line.Server.Url)) { Connection = "line" }, memory);

    private static async Task<AgentAnswer> AskAsync(TestConnector connector, AgentSettings agent, JsonObject? memory = null) =>
        Assert.IsType<AgentAnswer>(await connector.Service<VirtualAgents>().AskAsync(Ask.Request(agent, memory: memory), TestContext.Current.CancellationToken));

    private async Task<TestConnector> StartAsync()
    {
        var connector = await TestConnector.StartAsync(azurite, options: new Dictionary<string, string?>(Posted.Unpumped)
        {
            ["Connector:Agents:AllowPrivateAddresses"] = "true",
            ["Connector:Agents:DirectLinePause"] = "00:00:00.005",
        });
        using var stored = await connector.Admin.PutAsJsonAsync(
            "/api/connections/line", new JsonObject { ["kind"] = "bearer", ["secret"] = Secret }, TestContext.Current.CancellationToken);
        Assert.True(stored.IsSuccessStatusCode);
        return connector;
    }

    /// <summary>A Direct Line that wants the right token in each place.</summary>
    private sealed class Line : IAsyncDisposable
    {
        private const string Api = "/v3/directline/";
        private readonly Lock _lock = new();
        private readonly List<string> _activities = [];
        private string? _current;
        private int _tokens;

        public AgentServer Server { get; private set; } = null!;

        /// <summary>How long tokens last, in seconds.</summary>
        public int Lasts { get; set; } = 1800;

        /// <summary>How many inputs it took.</summary>
        public int Heard { get; private set; }

        /// <summary>Its calls with who called, looks after one another as one.</summary>
        public IReadOnlyList<string> Distinct
        {
            get
            {
                var calls = new List<string>();
                foreach (var call in Server.Calls)
                {
                    var path = call.Path.Replace(Api, "", StringComparison.Ordinal);
                    if (path.Contains("activities", StringComparison.Ordinal)) path = path.Split('?')[0];
                    var told = $"{call.Method} {path} {call.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal)}";
                    if (calls.Count == 0 || calls[^1] != told) calls.Add(told);
                }

                return calls;
            }
        }

        public static async Task<Line> StartAsync()
        {
            var line = new Line();
            line.Server = await AgentServer.StartAsync(line.Answer);
            return line;
        }

        public void Revoke() => _current = "revoked";

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        private (int, string) Answer(AgentServer.Call call)
        {
            lock (_lock)
            {
                var by = call.Headers.Authorization.ToString().Replace("Bearer ", "", StringComparison.Ordinal);
                return (call.Method, call.Path.Split('?')[0].Replace(Api, "", StringComparison.Ordinal)) switch
                {
                    ("GET", "/copilot/token") => (200, Token()),
                    ("POST", "tokens/generate") => by == Secret ? (200, Token()) : Refused,
                    ("POST", "tokens/refresh") => by == _current ? (200, Token()) : Refused,
                    ("POST", "conversations") => by == _current ? (201, Token()) : Refused,
                    ("GET", "conversations/conv") => by == Secret ? (200, Token()) : Refused,
                    (_, "conversations/conv/activities") when by != _current => Refused,
                    ("POST", _) => Take(call.Body),
                    _ => Look(call.Path),
                };
            }
        }

        private static (int, string) Refused => (403, """{"error":{"code":"TokenExpired","message":"Token has expired"}}""");

        private string Token()
        {
            _current = $"t{++_tokens}";
            return $$"""{"conversationId":"conv","token":"{{_current}}","expires_in":{{Lasts}}}""";
        }

        private (int, string) Take(string body)
        {
            Heard++;
            _activities.Add(body);
            _activities.Add(DirectLineServer.Message("You said hello."));
            return (200, """{"id":"1"}""");
        }

        private (int, string) Look(string path)
        {
            var from = path.Contains("watermark=", StringComparison.Ordinal)
                ? int.Parse(path.Split("watermark=")[1], System.Globalization.CultureInfo.InvariantCulture) : 0;
            return (200, $$"""{"activities":[{{string.Join(',', _activities.Skip(from))}}],"watermark":"{{_activities.Count}}"}""");
        }
    }
}
