using System.Text.Json.Nodes;
using EightByEight.Connector.Transformers;

namespace EightByEight.Functions.Tests.Transformers;

/// <summary><c>getSessionStorage</c> against real tables.</summary>
public sealed class SessionStorageTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task What_is_assigned_to_a_property_stays_and_what_changes_inside_of_one_does_not()
    {
        using var room = new TestRoom(azurite.NewAccount());
        Assert.Equal("{}", await room.TextAsync("""
            const s = await getSessionStorage("u", "s"); const before = JSON.stringify(s);
            s.count = 1; s.list = ["a"]; s.gone = true; return { text: before };
            """));
        Assert.Equal("1a", await room.TextAsync("""
            const s = await getSessionStorage("u", "s"); const text = s.count + s.list[0];
            s.list.push("b"); delete s.gone; s.count = s.count + 1; return { text };
            """));
        Assert.Equal("{\"count\":2,\"list\":[\"a\"]}", await room.TextAsync("""
            const s = await getSessionStorage("u", "s"); const { count, list, ...rest } = s;
            const text = JSON.stringify({ count, list, ...rest }); s.list = [...list, "c"]; return { text };
            """));
        Assert.Equal("a,c", await room.TextAsync("return { text: (await getSessionStorage('u', 's')).list.join() };"));
    }

    [Fact]
    public async Task It_belongs_to_one_Endpoint_user_and_session()
    {
        using var room = new TestRoom(azurite.NewAccount());
        await room.RunAsync(TestRoom.Handler("(await getSessionStorage('u', 'x/y?#\u00e4')).mark = 1; return {};"));
        const string Look = "return { text: String((await getSessionStorage('u', 'x/y?#\u00e4')).mark) };";
        Assert.Equal("1", await room.TextAsync(Look));
        Assert.Equal("undefined", await room.TextAsync(Look, endpoint: "two"));
        Assert.Equal("undefined", await room.TextAsync(Look.Replace("'u'", "'v'", StringComparison.Ordinal)));
        Assert.Equal("undefined", await room.TextAsync("return { text: String((await getSessionStorage('ux', '/y?#\u00e4')).mark) };"));
    }

    [Fact]
    public async Task Runs_at_the_same_time_that_write_different_properties_lose_nothing()
    {
        using var room = new TestRoom(azurite.NewAccount());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => room.RunAsync(TestRoom.Handler(
            $"const s = await getSessionStorage('u', 's'); s['p{i}'] = {i}; return {{}};"))));
        Assert.Equal("8", await room.TextAsync("return { text: String(Object.keys(await getSessionStorage('u', 's')).length) };"));
    }

    [Fact]
    public async Task What_was_written_before_an_error_stays()
    {
        using var room = new TestRoom(azurite.NewAccount());
        await room.RunAsync(TestRoom.Handler("(await getSessionStorage('u', 's')).mark = 'kept'; throw Error('late');"));
        Assert.Equal("kept", await room.TextAsync("return { text: (await getSessionStorage('u', 's')).mark };"));
    }

    [Fact]
    public async Task A_value_that_is_too_long_fails_the_handler()
    {
        using var room = new TestRoom(azurite.NewAccount());
        var result = await room.RunAsync(TestRoom.Handler("(await getSessionStorage('u', 's')).long = 'x'.repeat(60001); return {};"));
        Assert.Contains("'long' has more than 60000 bytes", result.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_has_so_many_properties_at_most_however_many_calls_write_them()
    {
        using var room = new TestRoom(azurite.NewAccount());
        Task<HandlerResult> WriteAsync(string prefix, int count, string more = "") => room.RunAsync(TestRoom.Handler(
            $"const s = await getSessionStorage('u', 's'); {more} for (let i = 0; i < {count}; i++) s['{prefix}' + i] = i; return {{}};"));
        Assert.Null((await WriteAsync("a", 60)).Failure);
        Assert.Contains("more than 90 properties", (await WriteAsync("b", 60)).Failure!.Message, StringComparison.Ordinal);
        Assert.Null((await WriteAsync("b", 30)).Failure);
        // What is there may change, and what goes makes room.
        Assert.Null((await WriteAsync("a", 60, "for (const name in s) if (name[0] === 'a') s[name] = -1;")).Failure);
        Assert.Null((await WriteAsync("c", 30, "for (const name in s) if (name[0] === 'b') delete s[name];")).Failure);
        Assert.Equal("90", await room.TextAsync("return { text: String(Object.keys(await getSessionStorage('u', 's')).length) };"));
    }

    [Fact]
    public async Task Retention_deletes_what_was_not_written_since()
    {
        using var room = new TestRoom(azurite.NewAccount());
        await room.RunAsync(TestRoom.Handler("(await getSessionStorage('u', 's')).mark = 1; return {};"));
        await room.Storage.DeleteBeforeAsync(room.Time.GetUtcNow(), TestContext.Current.CancellationToken);
        Assert.NotEmpty((await room.Storage.ReadAsync("one", new("u", "s"), TestContext.Current.CancellationToken)).Values);
        await room.Storage.DeleteBeforeAsync(room.Time.GetUtcNow().AddDays(2), TestContext.Current.CancellationToken);
        Assert.Empty(room.Tables.TransformerStorage.Query<Azure.Data.Tables.TableEntity>());
    }

    [Fact]
    public async Task A_run_that_writes_what_its_conversation_wrote_before_asks_the_storage_for_nothing_more()
    {
        using var room = new TestRoom(azurite.NewAccount());
        const string Write = "(await getSessionStorage('made', 'up')).mark = Math.random(); return {};";
        async Task<int> AskedAsync(string body, string? conversation)
        {
            var before = room.Requests.Count;
            Assert.Null((await room.RunAsync(TestRoom.Handler(body), conversation: conversation)).Failure);
            return room.Requests.Count - before;
        }

        await room.RunAsync(TestRoom.Handler(Write));
        var ofNobody = await AskedAsync(Write, conversation: null);
        Assert.True(await AskedAsync(Write, "c") > ofNobody);

        Assert.Equal(ofNobody, await AskedAsync(Write, "c"));
        Assert.Equal(1, await AskedAsync("await getSessionStorage('made', 'up'); return {};", "c"));
    }

    [Fact]
    public async Task What_a_conversations_runs_wrote_under_any_key_is_found_by_the_conversation()
    {
        using var room = new TestRoom(azurite.NewAccount());
        await room.RunAsync(TestRoom.Handler("(await getSessionStorage('made', 'up')).mine = 1; return {};"), conversation: "c");
        await room.RunAsync(TestRoom.Handler("const s = await getSessionStorage('made', 'up'); s.its = 2; s.mine = s.mine; return {};"), conversation: "d");
        await room.RunAsync("createWebhookTransformer({ handleInject: async () => { (await getSessionStorage('of', 'inject')).told = 3; return { sessionId: 'c-1' }; } });",
            handler: "handleInject");

        Assert.Equal(["mine 1", "told 3"], await WrittenAsync(room, "c", "c-1"));
        Assert.Equal(["its 2"], await WrittenAsync(room, "d"));
        Assert.Empty(await WrittenAsync(room, "e"));

        // Whoever assigns a property last may have kept what was there.
        await room.RunAsync(TestRoom.Handler("const s = await getSessionStorage('made', 'up'); s.mine = s.mine + 1; return {};"), conversation: "d");
        Assert.Equal(["mine of others, too", "told 3"], await WrittenAsync(room, "c", "c-1"));
        await room.RunAsync(TestRoom.Handler("(await getSessionStorage('made', 'up')).its = 3; return {};"));
        Assert.Equal(["its of others, too", "mine of others, too"], await WrittenAsync(room, "d"));
    }

    [Fact]
    public async Task What_many_conversations_wrote_stays_found_by_each_of_them_and_is_nobodys_alone()
    {
        using var room = new TestRoom(azurite.NewAccount());
        foreach (var number in Enumerable.Range(1, 25))
            await room.RunAsync(TestRoom.Handler("(await getSessionStorage('API_KEYS', 'x')).token = Math.random(); return {};"), conversation: $"c{number}");

        foreach (var number in (int[])[1, 25]) Assert.Equal(["token of others, too"], await WrittenAsync(room, $"c{number}"));
        foreach (var number in Enumerable.Range(1, 25))
            Assert.Single(await room.Storage.EraseAsync("one", [$"c{number}"], TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
        Assert.NotEmpty((await room.Storage.ReadAsync("one", new("API_KEYS", "x"), TestContext.Current.CancellationToken)).Values);
    }

    [Fact]
    public async Task What_leads_to_a_property_lives_as_long_as_the_property()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var room = new TestRoom(azurite.NewAccount(), now: DateTimeOffset.UtcNow.AddDays(-3));
        const string Write = "(await getSessionStorage('made', 'up')).mark = Math.random(); return {};";
        await room.RunAsync(TestRoom.Handler(Write), conversation: "c");
        room.Time.Advance(TimeSpan.FromDays(3));
        var between = await AfterAllThatIsWrittenAsync(room, cancellation);
        await room.RunAsync(TestRoom.Handler(Write), conversation: "c");

        await room.Storage.DeleteBeforeAsync(between, cancellation);
        Assert.Single(await WrittenAsync(room, "c"));

        await NothingOutlivesTwoSweepsAsync(room, cancellation);
    }

    [Fact]
    public async Task What_an_erasure_leaves_to_others_stays_in_the_sight_of_retention()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var room = new TestRoom(azurite.NewAccount(), now: DateTimeOffset.UtcNow.AddDays(-3));
        const string Write = "const s = await getSessionStorage('made', 'up'); s.mark = Math.random(); return {};";
        foreach (var conversation in (string[])["c", "d"]) await room.RunAsync(TestRoom.Handler(Write), conversation: conversation);
        room.Time.Advance(TimeSpan.FromDays(3));
        var between = await AfterAllThatIsWrittenAsync(room, cancellation);
        Assert.Single(await room.Storage.EraseAsync("one", ["c"], cancellation).ToListAsync(cancellation));

        await room.Storage.DeleteBeforeAsync(between, cancellation);
        Assert.Single(await WrittenAsync(room, "d"));

        await NothingOutlivesTwoSweepsAsync(room, cancellation);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_run_writes_that_read_before_an_erasure_is_found_by_the_erasures_next_pass(bool isShared)
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var room = new TestRoom(azurite.NewAccount());
        var key = new StorageKey("made", "up");
        async Task WriteAsync(KeptProperties read, string value, string writer) => await room.Storage.WriteAsync(
            "one", key, new(read, new Dictionary<string, string?> { ["mark"] = value }, writer), cancellation);
        Task<KeptProperties> ReadAsync() => room.Storage.ReadAsync("one", key, cancellation);
        async Task EraseAsync() => await room.Storage.EraseAsync("one", ["c"], cancellation).ToListAsync(cancellation);
        if (isShared) await WriteAsync(await ReadAsync(), "0", "d");
        await WriteAsync(await ReadAsync(), "1", "c");

        var read = await ReadAsync();
        await EraseAsync();
        await WriteAsync(read, "2", "c");
        Assert.Single(await WrittenAsync(room, "c"));
        await EraseAsync();

        Assert.Empty(await WrittenAsync(room, "c"));
        Assert.Equal(isShared ? ["mark 2"] : [], await WrittenAsync(room, "d"));
        Assert.Equal(isShared ? 1 : 0, (await ReadAsync()).Values.Count);
    }

    [Fact]
    public async Task What_a_run_writes_while_an_erasure_is_at_it_is_found_by_the_erasures_next_pass()
    {
        var cancellation = TestContext.Current.CancellationToken;
        using var room = new TestRoom(azurite.NewAccount());
        var key = new StorageKey("made", "up");
        async Task WriteAsync(KeptProperties read, string writer) => await room.Storage.WriteAsync(
            "one", key, new(read, new Dictionary<string, string?> { ["mark"] = "1" }, writer), cancellation);
        Task<KeptProperties> ReadAsync() => room.Storage.ReadAsync("one", key, cancellation);
        foreach (var writer in (string[])["d", "c"]) await WriteAsync(await ReadAsync(), writer);
        var read = await ReadAsync();

        await foreach (var _ in room.Storage.EraseAsync("one", ["c"], cancellation)) await WriteAsync(read, "c");

        Assert.Single(await WrittenAsync(room, "c"));
        await room.Storage.EraseAsync("one", ["c"], cancellation).ToListAsync(cancellation);
        Assert.Empty(await WrittenAsync(room, "c"));
        Assert.Equal(["mark 1"], await WrittenAsync(room, "d"));
    }

    [Fact]
    public async Task A_handler_that_tries_again_opens_what_could_not_be_read_before()
    {
        using var room = new TestRoom(azurite.NewAccount());
        using var realms = new Realms();
        var source = TransformerSource.Of(TestRoom.Handler("""
            const open = () => getSessionStorage("u", "s");
            const kept = await open().catch(open);
            return { text: kept.mark };
            """));
        var run = new HandlerRun(realms.Take("one"), room.Computing, new HttpRequests(room), new FailsAtFirst(), "one", null, 10,
            TestContext.Current.CancellationToken);

        var result = await run.CallAsync(source, "handleInput", []);

        Assert.Null(result.Failure);
        Assert.Equal("kept", (string?)result.Value!["text"]);
    }

    /// <summary>A storage that does not answer the first time.</summary>
    private sealed class FailsAtFirst : ISessionStorage
    {
        private int _reads;

        public Task<KeptProperties> ReadAsync(string endpointId, StorageKey key, CancellationToken cancellation) => _reads++ == 0
            ? Task.FromException<KeptProperties>(new IOException("It does not answer."))
            : Task.FromResult(KeptProperties.Nothing with { Values = new JsonObject { ["mark"] = "kept" } });

        public Task WriteAsync(string endpointId, StorageKey key, KeptChanges changes, CancellationToken cancellation) => Task.CompletedTask;
    }

    private static async Task<List<string>> WrittenAsync(TestRoom room, params string[] names) =>
        [.. (await room.Storage.WrittenByAsync("one", names, names, [], TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken))
            .Select(one => $"{one.Name} {one.Value}{(one.IsShared ? "of others, too" : "")}").Order()];

    /// <summary>A time that is over, after all writings so far.</summary>
    private static async Task<DateTimeOffset> AfterAllThatIsWrittenAsync(TestRoom room, CancellationToken cancellation)
    {
        var written = await room.Tables.TransformerStorage.QueryAsync<Azure.Data.Tables.TableEntity>(cancellationToken: cancellation).ToListAsync(cancellation);
        var between = written.Max(row => row.Timestamp!.Value).AddTicks(1);
        await Eventually.GetAsync(() => DateTimeOffset.UtcNow, now => now > between.AddMilliseconds(50), "a later time");
        return between;
    }

    private static async Task NothingOutlivesTwoSweepsAsync(TestRoom room, CancellationToken cancellation)
    {
        for (var sweep = 0; sweep < 2; sweep++)
        {
            room.Time.Advance(TimeSpan.FromDays(1));
            await room.Storage.DeleteBeforeAsync(room.Time.GetUtcNow().AddDays(2), cancellation);
        }

        Assert.Empty(room.Tables.TransformerStorage.Query<Azure.Data.Tables.TableEntity>(cancellationToken: cancellation));
    }
}
