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
    public async Task Retention_deletes_what_was_not_written_since()
    {
        using var room = new TestRoom(azurite.NewAccount());
        await room.RunAsync(TestRoom.Handler("(await getSessionStorage('u', 's')).mark = 1; return {};"));
        await room.Storage.DeleteBeforeAsync(room.Time.GetUtcNow(), TestContext.Current.CancellationToken);
        Assert.NotEmpty(await room.Storage.ReadAsync("one", new("u", "s"), TestContext.Current.CancellationToken));
        await room.Storage.DeleteBeforeAsync(room.Time.GetUtcNow().AddDays(2), TestContext.Current.CancellationToken);
        Assert.Empty(room.Tables.TransformerStorage.Query<Azure.Data.Tables.TableEntity>());
    }
}
