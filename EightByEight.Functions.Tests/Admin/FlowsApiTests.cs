using System.Net;
using Azure.Core;
using EightByEight.Connector;
using EightByEight.Connector.Flows;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Admin;

public sealed class FlowsApiTests(AzuriteFixture azurite)
{
    private const string Greeting = "name: greeting\nstart:\n  - say: Hello!  # kept as it was sent\n";

    [Fact]
    public async Task A_flow_is_kept_as_it_was_sent()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        var created = await PutAsync(server, "greeting", Greeting);
        created.Is(HttpStatusCode.Created);
        var read = await server.SendAsync("GET", "/api/flows/greeting");
        read.Is(HttpStatusCode.OK);
        Assert.Equal((Greeting, created.ETag, "application/yaml"), (read.Text, read.ETag, read.Type));
        (await PutAsync(server, "greeting", Greeting + "# more\n")).Is(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Every_change_is_a_version_and_the_same_again_is_none()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        for (var i = 1; i <= 3; i++) await PutAsync(server, "greeting", Greeting + $"# {i}\n");
        await PutAsync(server, "greeting", Greeting + "# 3\n");

        var page = await server.SendAsync("GET", "/api/flows/greeting/versions?limit=2");
        Assert.Equal([3, 2], page.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("version").GetInt32()));
        var rest = await server.SendAsync("GET", $"/api/flows/greeting/versions?continue={page.Json.GetProperty("continue").GetString()}");
        Assert.Equal(1, Assert.Single(rest.Json.GetProperty("items").EnumerateArray()).GetProperty("version").GetInt32());
        Assert.Equal(Greeting + "# 2\n", (await server.SendAsync("GET", "/api/flows/greeting/versions/2")).Text);
        Assert.Equal(3, Assert.Single((await server.SendAsync("GET", "/api/flows")).Json.GetProperty("items").EnumerateArray()).GetProperty("version").GetInt32());
        (await server.SendAsync("GET", "/api/flows/greeting/versions/4")).Is(HttpStatusCode.NotFound);
        (await server.SendAsync("DELETE", "/api/flows/greeting/versions/3")).Is(HttpStatusCode.Conflict);
        (await server.SendAsync("DELETE", "/api/flows/greeting/versions/1")).Is(HttpStatusCode.NoContent);
        (await server.SendAsync("GET", "/api/flows/greeting/versions/1")).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Numbers_of_versions_go_on_after_a_Flow_was_deleted()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "greeting", Greeting);
        await PutAsync(server, "greeting", Greeting + "#");
        (await server.SendAsync("DELETE", "/api/flows/greeting")).Is(HttpStatusCode.NoContent);
        (await server.SendAsync("GET", "/api/flows/greeting/versions")).Is(HttpStatusCode.NotFound);

        await PutAsync(server, "greeting", Greeting);

        var versions = (await server.SendAsync("GET", "/api/flows/greeting/versions")).Json.GetProperty("items").EnumerateArray();
        Assert.Equal(3, Assert.Single(versions).GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task A_document_that_is_no_flow_is_refused_with_line_and_column()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        var answer = await PutAsync(server, "greeting", "name: greeting\nstart:\n  - shout: Hello!\n");

        answer.Is(HttpStatusCode.BadRequest);
        var error = answer.Json.GetProperty("errors")[0];
        Assert.Equal(3, error.GetProperty("line").GetInt32());
        Assert.True(error.GetProperty("column").GetInt32() > 0);
        (await server.SendAsync("GET", "/api/flows/greeting")).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_documents_name_must_be_that_of_the_path()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        (await PutAsync(server, "other", Greeting)).Is(HttpStatusCode.BadRequest);
        (await PutAsync(server, "a%20b", Greeting)).Is(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_large_document_lives_in_a_blob_that_goes_with_it()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        var large = Greeting + string.Concat(Enumerable.Repeat("# a comment that takes room\n", 2000));

        (await PutAsync(server, "greeting", large)).Is(HttpStatusCode.Created);
        Assert.Equal(large, (await server.SendAsync("GET", "/api/flows/greeting")).Text);
        (await PutAsync(server, "greeting", large + "#")).Is(HttpStatusCode.NoContent);
        Assert.Equal(2, (await BlobsAsync(server)).Length);
        (await server.SendAsync("DELETE", "/api/flows/greeting")).Is(HttpStatusCode.NoContent);
        Assert.Empty(await BlobsAsync(server));
    }

    [Fact]
    public async Task A_document_over_1_MiB_is_413()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());

        (await PutAsync(server, "greeting", Greeting + new string('#', 1024 * 1024))).Is(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task A_flow_that_an_endpoint_runs_cannot_be_deleted()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "greeting", Greeting);
        var endpoint = (await server.SendAsync("POST", "/api/endpoints", """{"name":"A","flow":"greeting"}""")).Location!.ToString();

        (await server.SendAsync("DELETE", "/api/flows/greeting")).Is(HttpStatusCode.Conflict);
        await server.SendAsync("DELETE", endpoint);
        (await server.SendAsync("DELETE", "/api/flows/greeting")).Is(HttpStatusCode.NoContent);
        (await server.SendAsync("DELETE", "/api/flows/greeting")).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task All_endpoints_that_run_a_flow_are_named_when_it_cannot_be_deleted()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "greeting", Greeting);
        var one = (await server.SendAsync("POST", "/api/endpoints", """{"name":"A","flow":"greeting"}""")).Member("id");
        var other = (await server.SendAsync("POST", "/api/endpoints", """{"name":"B","flow":"greeting"}""")).Member("id");

        var answer = await server.SendAsync("DELETE", "/api/flows/greeting");

        Assert.Contains(one, answer.Text);
        Assert.Contains(other, answer.Text);
    }

    [Fact]
    public async Task A_flow_that_is_called_for_an_endpoint_cannot_be_deleted_and_its_callers_are_named()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "inner", "name: inner\nstart: [ { say: Inner. } ]");
        await PutAsync(server, "middle", "name: middle\nstart: [ { call: inner } ]");
        await PutAsync(server, "outer", "name: outer\nstart: [ { call: middle } ]");
        var endpoint = (await server.SendAsync("POST", "/api/endpoints", """{"name":"A","flow":"outer"}""")).Member("id");

        var refused = await server.SendAsync("DELETE", "/api/flows/inner");

        refused.Is(HttpStatusCode.Conflict);
        Assert.Contains($"called by middle for {endpoint}", refused.Text);
        await PutAsync(server, "outer", "name: outer\nstart: [ { say: Alone. } ]");
        (await server.SendAsync("DELETE", "/api/flows/inner")).Is(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_flow_that_only_the_bound_version_calls_cannot_be_deleted()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "inner", "name: inner\nstart: [ { say: Inner. } ]");
        await PutAsync(server, "outer", "name: outer\nstart: [ { call: inner } ]");
        await PutAsync(server, "outer", "name: outer\nstart: [ { say: Alone. } ]");
        var endpoint = (await server.SendAsync("POST", "/api/endpoints", """{"name":"A","flow":"outer","flowVersion":1}""")).Location!.ToString();

        (await server.SendAsync("DELETE", "/api/flows/inner")).Is(HttpStatusCode.Conflict);
        await server.SendAsync("PATCH", endpoint, """{"flowVersion":2}""", type: "application/merge-patch+json");
        (await server.SendAsync("DELETE", "/api/flows/inner")).Is(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_flow_that_is_called_where_no_endpoint_runs_can_be_deleted()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        await PutAsync(server, "inner", "name: inner\nstart: [ { say: Inner. } ]");
        await PutAsync(server, "outer", "name: outer\nstart: [ { call: inner } ]");

        (await server.SendAsync("DELETE", "/api/flows/inner")).Is(HttpStatusCode.NoContent);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2000)]
    public async Task A_commit_whose_answer_is_lost_is_no_conflict_and_keeps_its_document(int comments)
    {
        var store = new FlowStore(
            new ConnectorStorage(new ConfigurationBuilder().AddInMemoryCollection([new("AzureWebJobsStorage", azurite.NewAccount())]).Build(),
                StorageTimeouts.Work, [new LosesTheFirstCommitsAnswer()]), TimeProvider.System);
        var document = Greeting + string.Concat(Enumerable.Repeat("# a comment that takes room\n", comments));

        var stored = await store.PutAsync("greeting", document, "application/yaml", _ => true, TestContext.Current.CancellationToken);

        Assert.Equal(1, stored.Number);
        Assert.Equal(document, (await store.ReadAsync("greeting", TestContext.Current.CancellationToken))!.Value.Document);
        Assert.Equal(document, (await store.ReadVersionAsync("greeting", 1, TestContext.Current.CancellationToken))!.Value.Document);
    }

    [Fact]
    public async Task A_large_flow_that_is_deleted_while_it_is_read_is_not_there()
    {
        var account = azurite.NewAccount();
        await using var server = await AdminServer.StartAsync(account);
        var large = Greeting + string.Concat(Enumerable.Repeat("# a comment that takes room\n", 2000));
        await PutAsync(server, "greeting", large);
        var replacing = new BeforeTheFirstBlob(() => server.SendAsync("DELETE", "/api/flows/greeting"));
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["AzureWebJobsStorage"] = account }).Build();
        var store = new FlowStore(new ConnectorStorage(configuration, StorageTimeouts.Work, [replacing]), TimeProvider.System);

        var read = await store.ReadAsync("greeting", CancellationToken.None);

        Assert.Null(read);
    }

    [Fact]
    public async Task Only_the_expected_version_is_replaced_or_deleted()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        var first = await PutAsync(server, "greeting", Greeting);
        await PutAsync(server, "greeting", Greeting + "# more\n");

        (await PutAsync(server, "greeting", Greeting, ("If-Match", first.ETag!))).Is(HttpStatusCode.PreconditionFailed);
        (await PutAsync(server, "greeting", Greeting, ("If-None-Match", "*"))).Is(HttpStatusCode.PreconditionFailed);
        (await server.SendAsync("DELETE", "/api/flows/greeting", headers: ("If-Match", first.ETag!))).Is(HttpStatusCode.PreconditionFailed);
    }

    [Fact]
    public async Task Flows_are_listed_in_pages()
    {
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        foreach (var name in (string[])["a", "b", "c"]) await PutAsync(server, name, Greeting.Replace("greeting", name));

        var first = await server.SendAsync("GET", "/api/flows?limit=2");
        var second = await server.SendAsync("GET", "/api/flows?limit=2&continue=" + first.Member("continue"));

        Assert.Equal("c", second.Json.GetProperty("items")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_flow_is_read_again_after_30_seconds_and_compiled_only_when_it_changed()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(56));
        var compiled = 0;
        await using var server = await AdminServer.StartAsync(azurite.NewAccount());
        var store = server.Services.GetRequiredService<FlowStore>();
        await PutAsync(server, "greeting", Greeting);
        var directory = new FlowDirectory(store, (document, isStored) =>
        {
            Interlocked.Increment(ref compiled);
            return Flow.Parse(document, isStored);
        }, time);

        var found = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => directory.FindAsync("greeting", CancellationToken.None).AsTask()));
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.Same(found[0], await directory.FindAsync("greeting", CancellationToken.None));
        Assert.Equal(1, compiled);

        await PutAsync(server, "greeting", Greeting + "# more\n");
        Assert.Same(found[0], await directory.FindAsync("greeting", CancellationToken.None));
        time.Advance(TimeSpan.FromSeconds(31));
        Assert.NotSame(found[0], await directory.FindAsync("greeting", CancellationToken.None));
        Assert.Equal(2, compiled);
        Assert.Null(await directory.FindAsync("nowhere", CancellationToken.None));
    }

    private static Task<AdminServer.Answer> PutAsync(AdminServer server, string name, string document, params (string, string)[] headers) =>
        server.SendAsync("PUT", $"/api/flows/{name}", document, type: "application/yaml", headers: headers);

    private static async Task<string[]> BlobsAsync(AdminServer server) =>
        await server.Services.GetRequiredService<ConnectorStorage>().Bodies.GetBlobsAsync().Select(b => b.Name).ToArrayAsync();

    private sealed class LosesTheFirstCommitsAnswer : HttpPipelinePolicyPerCall
    {
        private int _done;

        public override void OnReceivedResponse(HttpMessage message)
        {
            if (message.Request.Uri.Path.EndsWith("$batch", StringComparison.Ordinal) && Interlocked.Exchange(ref _done, 1) == 0)
                throw new IOException("The answer is lost.");
        }
    }

    /// <summary>Does something just before the first blob is downloaded.</summary>
    private sealed class BeforeTheFirstBlob(Func<Task> action) : HttpPipelinePolicyPerCall
    {
        private int _done;

        public override void OnSendingRequest(HttpMessage message)
        {
            if (message.Request.Method == RequestMethod.Get && message.Request.Uri.Path.Contains("/flows/", StringComparison.Ordinal)
                && Interlocked.Exchange(ref _done, 1) == 0)
                Task.Run(action).GetAwaiter().GetResult();
        }
    }
}
