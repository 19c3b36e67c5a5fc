using System.Collections.Concurrent;
using Azure.Storage.Queues.Models;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using EightByEight.DevHost;
using EightByEight.Simulator;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace EightByEight.Functions.Tests.Conversations;

/// <summary>Rules 1 to 5 and 7 of the protocol: what happens when somebody dies, loses a message, or takes too long.</summary>
public sealed class RecoveryTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task A_duplicate_rings_too()
    {
        await using var connector = await TestConnector.StartAsync(azurite, options: Posted.Unpumped, settings: Posted.Unsigned);

        for (var i = 0; i < 2; i++) await connector.PostAsync("c", "MESSAGE", Posted.Said("hello"), at: 1, eventId: "same");

        Assert.Single(await connector.RowsAsync("c", "2|"));
        Assert.Equal(4, await connector.QueuedAsync()); // each with its backup
    }

    [Fact]
    public async Task An_event_whose_wake_up_was_lost_is_saved_by_its_redelivery()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, storage: proxy.ConnectionString);
        var refused = 0;
        // The first delivery: both puts and both repetitions of them.
        proxy.Refuse = request => request.Service == "queue" && request.Method == "POST" && Interlocked.Increment(ref refused) <= 4;

        var conversation = connector.Start("hello");

        Assert.Equal(["1: hello"], await connector.BotSaysAsync(conversation, 1));
        Assert.True(refused > 2, "The wake-up was never lost.");
    }

    [Fact]
    public async Task A_host_that_died_with_the_wake_up_in_its_hands_delays_the_turn_by_seconds()
    {
        var account = azurite.NewAccount();
        await using var dead = await TestConnector.StartAsync(azurite, storage: account, options: Posted.Unpumped, settings: Posted.Unsigned);
        var conversation = dead.Start();
        await dead.Gateway.SettledAsync();
        var storage = dead.Service<ConnectorStorage>();
        await storage.WakeUps.ClearMessagesAsync(TestContext.Current.CancellationToken);
        await dead.PostAsync(conversation, "MESSAGE", Posted.Said("hello"));
        QueueMessage[] held = await storage.WakeUps.ReceiveMessagesAsync(32, TimeSpan.FromMinutes(10), TestContext.Current.CancellationToken);
        Assert.Single(held);

        await using var other = await OtherAsync(account, TestConnector.Quick);

        Assert.Equal(["1: hello"], await dead.BotSaysAsync(conversation, 1, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_backup_that_meets_a_held_lease_comes_back_when_the_lease_is_over()
    {
        await using var connector = await TestConnector.StartAsync(azurite, options: Posted.Unpumped, settings: Posted.Unsigned);
        await connector.PostAsync("c", "MESSAGE", Posted.Said("hello"));
        await HoldAsync(connector, "c", TimeSpan.FromSeconds(5));
        var queue = connector.Service<ConnectorStorage>().WakeUps;
        await queue.ClearMessagesAsync(TestContext.Current.CancellationToken);

        await connector.ProcessAsync("c", backup: true);

        Assert.Empty((await queue.PeekMessagesAsync(1, TestContext.Current.CancellationToken)).Value);
        Assert.Empty(await connector.RowsAsync("c", "7|"));
        var again = await Eventually.GetAsync(async () => (await queue.ReceiveMessagesAsync(1)).Value, got => got.Length == 1, "the backup again");
        Assert.True(WakeUp.TryParse(again[0].MessageText, out var wakeUp) && wakeUp.IsBackup);
        Assert.False((await connector.ReadAsync("c")).IsHeld(DateTimeOffset.UtcNow, TimeSpan.Zero), "It came back while the lease was held.");
        await connector.ProcessAsync("c", backup: true);
        Assert.Single(await connector.RowsAsync("c", "7|"));
    }

    [Fact]
    public async Task What_comes_in_while_the_holder_settles_is_seen_by_the_holder()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, storage: proxy.ConnectionString,
            options: new Dictionary<string, string?>(TestConnector.Quick)
            {
                ["Connector:Conversations:Backup"] = "00:05:00",
                ["Connector:Conversations:Lease"] = "00:05:00",
                ["DevHost:Queues:Visibility"] = "00:05:00",
            });
        var conversation = connector.Start();
        await Eventually.GetAsync(() => connector.ReadAsync(conversation), c => c is { Head.Lease: null, Inbox.Count: 0 }, "a quiet conversation");
        var thaw = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var caught = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var rung = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var committed = 0;
        proxy.Before = async request =>
        {
            if (request.Service != "table" || !request.Body.Contains("\"Head\"", StringComparison.Ordinal)) return false;
            if (request.Body.Contains("\"7|", StringComparison.Ordinal)) Interlocked.Increment(ref committed);
            else if (committed >= 1 && caught.TrySetResult()) await thaw.Task;
            return false;
        };
        proxy.After = request =>
        {
            if (request.Service == "table" && !request.Target.Contains("$batch", StringComparison.Ordinal) && request.Method != "GET"
                && Uri.UnescapeDataString(request.Target).Contains("RowKey='1'", StringComparison.Ordinal)) rung.TrySetResult();
            return Task.FromResult(false);
        };
        connector.Gateway.CustomerSays(conversation, "a");
        await caught.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        connector.Gateway.CustomerSays(conversation, "b");
        await rung.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        thaw.SetResult();

        Assert.Equal(["1: a", "2: b"], await connector.BotSaysAsync(conversation, 2, TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_lease_that_is_shorter_than_what_has_to_fit_into_it_stops_the_start()
    {
        var failed = await Assert.ThrowsAnyAsync<Exception>(() => TestConnector.StartAsync(azurite, options: new Dictionary<string, string?>(TestConnector.Quick)
        {
            ["Connector:Conversations:Lease"] = "00:00:02.3",
        }));

        Assert.Contains("Connector:Conversations:Lease", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_read_back_renews_the_lease_before_anything_is_sent()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, storage: proxy.ConnectionString, settings: Posted.Unsigned,
            options: new Dictionary<string, string?>(Posted.Unpumped)
            {
                ["Connector:ChatGateway:AttemptTimeout"] = "00:00:02.5",
                ["Connector:ChatGateway:TotalTimeout"] = "00:00:02.6",
            });
        var conversation = await UnsentAsync(connector);
        var writes = new ConcurrentQueue<(long Lists, long Sends)>();
        long Count(string operation) => connector.Gateway.Requests.GetValueOrDefault(operation);
        var (lists, sends) = (Count(Operations.ListMessages), Count(Operations.SendMessage));
        proxy.Before = request =>
        {
            if (request.Body.Contains("\"Head\"", StringComparison.Ordinal))
                writes.Enqueue((Count(Operations.ListMessages) - lists, Count(Operations.SendMessage) - sends));
            return Task.FromResult(false);
        };
        // 4 s of lease, of which sending may take 2.9 s.
        connector.Gateway.Faults.Add(new Fault { Operation = Operations.ListMessages, DelayBefore = TimeSpan.FromSeconds(1.5) });

        await connector.ProcessAsync(conversation);

        Assert.Equal(["1: hello"], await connector.BotSaysAsync(conversation, 1));
        // A write that storage is slow to answer is written again.
        Assert.Equal([(0, 0), (1, 0), (1, 1)], writes.Distinct());
    }

    [Fact]
    public async Task An_event_that_kills_its_process_again_and_again_is_parked_and_innocents_are_not()
    {
        await using var proxy = await StorageProxy.StartAsync(azurite);
        await using var connector = await TestConnector.StartAsync(azurite, storage: proxy.ConnectionString, settings: Posted.Unsigned,
            options: new Dictionary<string, string?>(Posted.Mortal) { ["Connector:Conversations:MaxAttempts"] = "2" });
        var conversation = connector.Start();
        await connector.Gateway.SettledAsync();
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("deadly"), at: 1_000, eventId: "deadly");
        await connector.PostAsync(conversation, "MESSAGE", Posted.Said("innocent"), at: 2_000, eventId: "innocent");
        var deaths = 0;
        CancellationTokenSource? process = null;
        proxy.Before = async request =>
        {
            if (!request.Body.Contains("\"7|", StringComparison.Ordinal) || !(await connector.ReadAsync(conversation)).Inbox.Any(w => w.Event.EventId == "deadly"))
                return false;
            deaths++;
            await process!.CancelAsync();
            return true;
        };

        // A dying process leaves its lease, so each next one finds it held for a while.
        await Eventually.GetAsync(async () =>
        {
            using var next = process = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            try
            {
                await connector.ProcessAsync(conversation, dequeueCount: 2, cancellation: next.Token);
            }
            catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
            {
            }

            return connector.BotSaid(conversation).Count;
        }, said => said == 1, "the innocent's answer", TimeSpan.FromSeconds(60), connector.Logs);

        Assert.Equal(["1: innocent"], connector.BotSaid(conversation));
        Assert.Equal(2, deaths);
        Assert.Equal("deadly", (string)Assert.Single(await connector.ParkedAsync(1))!["eventId"]!);
    }

    [Fact]
    public async Task A_run_that_takes_long_hands_the_rest_to_a_new_wake_up()
    {
        await using var connector = await TestConnector.StartAsync(azurite, settings: Posted.Unsigned, options: new Dictionary<string, string?>(Posted.Unpumped)
        {
            ["Connector:Conversations:LongestRun"] = "00:00:02",
            ["Connector:Conversations:Lease"] = "00:01:00",
            ["Connector:ChatGateway:AttemptTimeout"] = "00:00:20",
            ["Connector:ChatGateway:TotalTimeout"] = "00:00:30",
        });
        var conversation = connector.Start();
        await connector.Gateway.SettledAsync();
        for (var i = 0; i < 6; i++) await connector.PostAsync(conversation, "MESSAGE", Posted.Said($"{i}"), at: 1_000 + i);
        connector.Gateway.Faults.Add(new Fault { Operation = Operations.SendMessage, DelayBefore = TimeSpan.FromSeconds(0.7), Times = 6 });
        await connector.Service<ConnectorStorage>().WakeUps.ClearMessagesAsync(TestContext.Current.CancellationToken);

        await connector.ProcessAsync(conversation);

        var left = await connector.ReadAsync(conversation);
        Assert.NotEmpty(left.Inbox);
        Assert.Equal((null, null), (left.Head!.Lease, left.Head.RetryAt));
        Assert.Equal(2, await connector.QueuedAsync());
        connector.Gateway.Faults.Clear();
        await Eventually.GetAsync(async () =>
        {
            await connector.ProcessAsync(conversation);
            return (await connector.ReadAsync(conversation)).Inbox.Count;
        }, waiting => waiting == 0, "all answered");
        Assert.Equal(["1: 0", "2: 1", "3: 2", "4: 3", "5: 4", "6: 5"], connector.BotSaid(conversation));
    }

    /// <summary>A conversation with a turn of which somebody who died may have sent the output.</summary>
    private static async Task<string> UnsentAsync(TestConnector connector)
    {
        var conversation = connector.Start("hello");
        await connector.Gateway.SettledAsync();
        connector.Gateway.Faults.Add(Fault.Refuse(Operations.SendMessage, 429, 1_000));
        await connector.ProcessAsync(conversation);
        connector.Gateway.Faults.Clear();
        var now = await connector.ReadAsync(conversation);
        Assert.NotNull(await connector.Service<ConversationStore>().CommitAsync(connector.KeyOf(conversation), now,
            now.Head! with { RetryAt = null, Sending = now.Head.Sending! with { By = "somebody who died" } }, now.State, [], release: false,
            TestContext.Current.CancellationToken));
        return conversation;
    }

    private static async Task HoldAsync(TestConnector connector, string conversation, TimeSpan time)
    {
        var now = await connector.ReadAsync(conversation);
        var lease = new Lease("somebody", (DateTimeOffset.UtcNow + time).ToUnixTimeMilliseconds());
        Assert.NotNull(await connector.Service<ConversationStore>().CommitAsync(connector.KeyOf(conversation), now,
            (now.Head ?? new Head { ConversationId = conversation }) with { Lease = lease }, now.State, [], release: false,
            TestContext.Current.CancellationToken));
    }

    private static Task<ConnectorHost> OtherAsync(string account, IReadOnlyDictionary<string, string?> options) => ConnectorHost.StartAsync(
        "http://127.0.0.1:0", account, TestConnector.AdminKey, builder =>
        {
            builder.Logging.ClearProviders();
            builder.Configuration.AddInMemoryCollection(options);
        }, TestContext.Current.CancellationToken);
}
