using EightByEight.Connector.Transformers;

namespace EightByEight.Functions.Tests.Transformers;

/// <summary>A handler can only harm itself.</summary>
public sealed class HandlerLimitTests(AzuriteFixture azurite)
{
    [Theory]
    [InlineData("while (true) {}", "statements")]
    [InlineData("await null; for (;;) {}", "statements")]
    [InlineData("_.chunk([1]); for (;;) {}", "statements")]
    [InlineData("const f = () => f(); f();", "deep")]
    [InlineData("let s = 'x'; for (let i = 0; i < 40; i++) s += s; return { text: s.length };", "memory")]
    [InlineData("const all = []; for (;;) all.push(new Array(1000).fill('x'));", "memory")]
    [InlineData("return { text: 'x'.repeat(1e9) };", "memory")]
    [InlineData("return { data: { all: 'x'.repeat(1100000) } };", "memory")]
    [InlineData("/(a+)+$/.test('a'.repeat(60) + '!');", "regular expression")]
    [InlineData("const f = async () => { await null; return f(); }; await f();", "")]
    [InlineData("await new Promise(() => {});", "never ends")]
    [InlineData("for (let i = 0; i < 60; i++) { await getSessionStorage('u', 's'); new Array(400000).fill(i); }", "memory")]
    [InlineData("for (let i = 0; i < 60; i++) await getSessionStorage('u', `s${i}`);", "storages")]
    [InlineData("for (let i = 0; i < 60; i++) try { await getSessionStorage('u', `s${i}`); } catch { await getSessionStorage('u', `s${i}`); }", "storages")]
    public async Task A_handler_that_goes_too_far_fails(string body, string reason)
    {
        using var room = new TestRoom(azurite.NewAccount());
        var result = await room.RunAsync(TestRoom.Handler(body));
        Assert.Contains(reason, result.Failure!.Message, StringComparison.Ordinal);
        // The next one finds a realm that works.
        Assert.Equal("fine", await room.TextAsync("return { text: 'fine' };"));
    }

    [Fact]
    public async Task A_limit_cannot_be_caught()
    {
        using var room = new TestRoom();
        var result = await room.RunAsync(TestRoom.Handler("try { for (;;) {} } catch { } finally { } return { text: 'survived' };"));
        Assert.Contains("statements", result.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_said_on_the_console_is_kept_by_level_up_to_a_limit()
    {
        using var room = new TestRoom();
        var result = await room.RunAsync(TestRoom.Handler("""
            console.log("a", 1, { b: [2] }, undefined); console.info("i"); console.error(new Error("e"));
            for (let i = 0; i < 300; i++) console.log(i);
            """));
        Assert.Equal("Debug a 1 {\"b\":[2]} undefined", $"{result.Log[0].Level} {result.Log[0].Message}");
        Assert.Equal("Information i", $"{result.Log[1].Level} {result.Log[1].Message}");
        Assert.StartsWith("Error Error: e", $"{result.Log[2].Level} {result.Log[2].Message}", StringComparison.Ordinal);
        Assert.Equal(101, result.Log.Count);
    }

    [Fact]
    public async Task Handlers_compute_when_it_is_their_Endpoints_turn_and_others_do_not_wait()
    {
        using var room = new TestRoom();
        using var over = new ManualResetEventSlim();
        using var begun = new CountdownEvent(Math.Max(1, Environment.ProcessorCount / 2));
        var cancellation = TestContext.Current.CancellationToken;
        var looping = Enumerable.Range(0, begun.InitialCount).Select(_ => Task.Factory.StartNew(
            () => room.Computing.RunAsync("bad", () => begun.Signal() | over.Wait(TimeSpan.FromMinutes(1)), cancellation).AsTask(),
            cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()).ToList();
        await Eventually.GetAsync(() => begun.IsSet, all => all, "the loops");

        var waits = room.TextAsync("return { text: 'late' };", "bad");
        Assert.Equal("fine", await room.TextAsync("return { text: 'fine' };", "good"));
        Assert.False(waits.IsCompleted);

        over.Set();
        Assert.Equal("late", await waits);
        await Task.WhenAll(looping);
    }

    [Fact]
    public async Task What_waits_for_its_Endpoints_turn_does_not_count_for_a_handlers_time()
    {
        using var room = new TestRoom(azurite.NewAccount());
        using var over = new ManualResetEventSlim();
        using var begun = new CountdownEvent(Math.Max(1, Environment.ProcessorCount / 2));
        var cancellation = TestContext.Current.CancellationToken;
        var waits = room.TextAsync("const asked = Date.now(); while (Date.now() - asked < 500) await getSessionStorage('u', 'u'); return { text: 'done' };", "bad");
        var looping = Enumerable.Range(0, begun.InitialCount).Select(_ => Task.Factory.StartNew(
            () => room.Computing.RunAsync("bad", () => begun.Signal() | over.Wait(TimeSpan.FromMinutes(1)), cancellation).AsTask(),
            cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()).ToList();
        await Eventually.GetAsync(() => begun.IsSet, all => all, "the loops");

        // Longer than a handler may take.
        await Task.Delay(Realm.MaxTime + TimeSpan.FromSeconds(1), cancellation);
        over.Set();

        Assert.Equal("done", await waits);
        await Task.WhenAll(looping);
    }
}
