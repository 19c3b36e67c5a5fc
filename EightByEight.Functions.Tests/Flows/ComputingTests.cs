using EightByEight.Connector.Flows.Scripting;
using Microsoft.Extensions.Time.Testing;

namespace EightByEight.Functions.Tests.Flows;

/// <summary>What scripts of one Endpoint leave of the processors to the others.</summary>
public sealed class ComputingTests
{
    [Fact]
    public async Task Half_of_the_processors_is_all_that_one_Endpoint_computes_on()
    {
        var computing = new Computing(TimeProvider.System);
        using var loop = new ManualResetEventSlim();
        var running = 0;
        var looping = Enumerable.Range(0, Environment.ProcessorCount + 1).Select(_ => Task.Factory.StartNew(
            () => computing.RunAsync("bad", () => Interlocked.Increment(ref running) > 0 && loop.Wait(TimeSpan.FromSeconds(30)), Cancellation).AsTask(),
            Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()).ToList();
        var most = Math.Max(1, Environment.ProcessorCount / 2);
        await Eventually.GetAsync(() => Volatile.Read(ref running), count => count >= most, "the loops");

        Assert.Equal(7, await computing.RunAsync("good", () => 7, Cancellation));
        Assert.Equal(most, Volatile.Read(ref running));

        loop.Set();
        Assert.All(await Task.WhenAll(looping), Assert.True);
    }

    [Fact]
    public async Task What_follows_on_something_long_has_a_thread_of_its_own_until_it_is_quick_again()
    {
        var time = new FakeTimeProvider();
        var computing = new Computing(time);
        async Task<bool> IsAsideAsync(string endpoint, double milliseconds)
        {
            var here = Environment.CurrentManagedThreadId;
            var there = await computing.RunAsync(endpoint, () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(milliseconds));
                return Environment.CurrentManagedThreadId;
            }, Cancellation);
            Assert.True(there == here || there != Environment.CurrentManagedThreadId, "What follows stayed on the thread.");
            return there != here;
        }

        Assert.False(await IsAsideAsync("bad", 20));
        Assert.False(await IsAsideAsync("bad", 21));
        Assert.True(await IsAsideAsync("bad", 21));
        Assert.False(await IsAsideAsync("good", 1));
        Assert.True(await IsAsideAsync("bad", 1));
        Assert.False(await IsAsideAsync("bad", 1));
    }

    [Fact]
    public async Task What_fails_aside_fails_like_anything()
    {
        var time = new FakeTimeProvider();
        var computing = new Computing(time);
        await computing.RunAsync("bad", () => time.Advance(TimeSpan.FromSeconds(1)), Cancellation);

        var fault = await Assert.ThrowsAsync<FormatException>(() => computing.RunAsync("bad", () => throw new FormatException("no"), Cancellation).AsTask());

        Assert.Equal("no", fault.Message);
        Assert.Equal(7, await computing.RunAsync("bad", () => 7, Cancellation));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;
}
