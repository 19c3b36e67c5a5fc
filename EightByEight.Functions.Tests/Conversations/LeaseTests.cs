using EightByEight.Connector.Conversations;
using EightByEight.DevHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Invariants 3 and 6: one worker at a time, and one that lost its lease can no longer write.</summary>
public sealed class LeaseTests(AzuriteFixture azurite)
{
    [Theory]
    [InlineData("turn")]
    [InlineData("settling")]
    public async Task A_worker_that_is_frozen_at_a_write_writes_nothing_when_it_wakes(string what)
    {
        var account = azurite.NewAccountName();
        await using var proxy = await StorageProxy.StartAsync(azurite, account);
        await using var frozen = await TestConnector.StartAsync(azurite, storage: proxy.ConnectionString);
        var thaw = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var caught = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = 0;
        proxy.Before = async request =>
        {
            // Every commit carries the head; that of a turn a row of the transcript, and the one after it settles.
            if (request.Service != "table" || !request.Body.Contains("\"Head\"", StringComparison.Ordinal)) return false;
            var isTurn = request.Body.Contains("\"7|", StringComparison.Ordinal);
            if (isTurn) Interlocked.Increment(ref done);
            if ((what == "turn" ? !isTurn : isTurn || done == 0) || !caught.TrySetResult()) return false;
            await thaw.Task;
            return false;
        };
        var conversation = frozen.Start("hello");
        await caught.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        await using var other = await ConnectorHost.StartAsync(
            "http://127.0.0.1:0", azurite.Azurite.ConnectionString(account), TestConnector.AdminKey, builder =>
            {
                builder.Logging.ClearProviders();
                builder.Configuration.AddInMemoryCollection(TestConnector.Quick);
            }, TestContext.Current.CancellationToken);
        await Eventually.GetAsync(
            () => other.Services.GetRequiredService<Transcripts>().FindAsync(frozen.EndpointId, conversation, TestContext.Current.CancellationToken),
            view => view is { Turns.Count: 1, Sending: null, Waiting: 0 }, "a turn settled by the other worker");
        thaw.SetResult();
        await frozen.Gateway.SettledAsync();
        frozen.Gateway.CustomerSays(conversation, "next");

        Assert.Equal(["1: hello", "2: next"], await frozen.BotSaysAsync(conversation, 2));
        Assert.Equal(2, (await frozen.SettledAsync(conversation, 2))["turns"]!.AsArray().Count);
        Assert.Equal(2, frozen.BotSaid(conversation).Count);
    }
}
