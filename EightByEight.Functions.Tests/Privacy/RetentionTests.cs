using System.Collections.Concurrent;
using Azure.Core;
using Azure.Data.Tables;
using EightByEight.Connector;
using EightByEight.Connector.Analytics;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Endpoint = EightByEight.Connector.Endpoints.Endpoint;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>What is kept is kept for as long as its Endpoint says, and deleting it reads nothing else.</summary>
public sealed class RetentionTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_kind_of_data_goes_when_its_own_time_is_over()
    {
        await using var kept = new Kept(azurite);
        var endpoint = await kept.CreateAsync(
            new() { Logs = 1, Transcripts = 2, Parked = 4, Files = 5, Profiles = 6 }, new() { ExpirationMinutes = 30, RetentionDays = 3 });
        var key = await kept.ConverseAsync(endpoint, "c-1");
        await kept.Get<EndpointLog>().AddAsync(endpoint.Id, [new(DateTimeOffset.UtcNow, LogLevel.Error, "flow", "said", "c-1")], Cancellation);
        await kept.Get<Profiles>().ApplyAsync(
            new() { CustomerId = "acme.WebChat.ann", Sequence = 1, Set = new() { ["a"] = 1 } }, key, Cancellation);
        var index = kept.Get<FileIndex>();
        var file = new StoredFile
        {
            Id = await index.IdAsync(endpoint.Id, "c-1", "e", "0 a", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Cancellation),
            ConversationId = "c-1",
            EventId = "e",
            AttachmentId = "a",
            Name = "a.txt",
            MimeType = "text/plain",
            Size = 1,
            Status = FileStatus.Stored,
        };
        await index.PutAsync(file, Cancellation);
        var store = (await kept.Get<FileStores>().OfAsync(endpoint, Cancellation))!;
        await store.WriteAsync(file.Object, new MemoryStream([1]), "text/plain", Cancellation);

        var gone = new List<string>();
        for (var day = 1; day <= 33; day++)
        {
            await kept.SweepAsync(day);
            foreach (var (what, isThere) in new (string, bool)[]
            {
                ("log", await kept.AnyAsync(kept.Storage.Logs, "")), ("turn", await kept.HasRowAsync(key, "7|")),
                ("session", (await kept.Get<ConversationStore>().ReadAsync(key, Cancellation)).State.Session is not null),
                ("parked", await kept.HasRowAsync(key, "9|")), ("its pointer", await kept.AnyAsync(kept.Storage.Index, "parked")),
                ("file", await store.OpenAsync(file.Object, Cancellation) is not null),
                ("profile", await kept.Get<Profiles>().FindAsync("acme.WebChat.ann", Cancellation) is not null),
                ("event id", await kept.HasRowAsync(key, "5|")), ("all of it", await kept.HasRowAsync(key, "")),
            })
                if (!isThere && !gone.Any(g => g.EndsWith(what, StringComparison.Ordinal))) gone.Add($"{day} {what}");
            if (day == 8) day = 29;
        }

        // What came on a day goes when all of that day is old enough.
        Assert.Equal(
            ["2 log", "3 turn", "4 session", "5 parked", "5 its pointer", "6 file", "7 profile", "31 event id", "31 all of it"],
            gone.OrderBy(g => Array.IndexOf(["log", "turn", "session", "parked", "its pointer", "file", "profile", "event id", "all of it"], g[(g.IndexOf(' ') + 1)..])));
        Assert.False(await kept.AnyAsync(kept.Storage.Index, "active"));
        Assert.False(await kept.AnyAsync(kept.Storage.Index, "profile"));
        Assert.False(await kept.AnyAsync(kept.Storage.Files, endpoint.Id));
    }

    [Theory]
    [InlineData(1, 1, 9)]
    [InlineData(30, 1, 9)]
    [InlineData(30, 20, 21)]
    public async Task A_session_whose_Flow_made_it_live_longer_is_forgotten_when_it_has_ended(int whole, int days, int gone)
    {
        await using var kept = new Kept(azurite, new() { ["Connector:Conversations:RetentionDays"] = $"{whole}" });
        var endpoint = await kept.CreateAsync(
            new() { Transcripts = days, Parked = days }, new() { ExpirationMinutes = 30, RetentionDays = days });
        var key = await kept.ConverseAsync(endpoint, "c-1", new() { ExpirationMinutes = 7 * 24 * 60 + 1 });
        async Task<bool> LivesAsync() => (await kept.Get<ConversationStore>().ReadAsync(key, Cancellation)).State.Session is not null;

        for (var day = 0; day < gone; day++)
        {
            await kept.SweepAsync(day);
            Assert.True(day > 7 || await LivesAsync(), $"Forgotten on day {day}.");
        }

        await kept.SweepAsync(gone);
        Assert.False(await LivesAsync());
        for (var day = gone; day < gone + 40; day += 10) await kept.SweepAsync(day);
        Assert.False(await kept.HasRowAsync(key, ""));
        Assert.False(await kept.AnyAsync(kept.Storage.Index, "active"));
    }

    [Fact]
    public async Task A_sweep_reads_nothing_that_is_not_due_and_no_day_twice()
    {
        await using var kept = new Kept(azurite);
        var brief = await kept.CreateAsync(new() { Transcripts = 2, Parked = 2, Logs = 2, Profiles = 2, Files = 2 });
        var patient = await kept.CreateAsync(new() { Transcripts = 20, Parked = 20, Logs = 20, Profiles = 20, Files = 20 });
        foreach (var n in Enumerable.Range(0, 3))
        {
            await kept.ConverseAsync(brief, $"due-{n}");
            await kept.ConverseAsync(patient, $"patient-{n}");
        }

        await kept.Get<EndpointLog>().AddAsync(patient.Id, [new(DateTimeOffset.UtcNow, LogLevel.Error, "flow", "patient-log")], Cancellation);
        await kept.Get<Profiles>().ApplyAsync(new() { CustomerId = "patient-profile", Sequence = 1, Set = new() { ["a"] = 1 } },
            ConversationKey.Of(patient.Id, "patient-0"), Cancellation);

        // Days that no sweep saw are looked through for analytics once.
        await kept.SweepAsync(1);
        kept.Traffic.Begin();
        await kept.SweepAsync(4);
        Assert.Contains(kept.Traffic.Seen, seen => seen.Contains("due-0", StringComparison.Ordinal));
        Assert.DoesNotContain(kept.Traffic.Seen, seen => seen.Contains("patient-", StringComparison.Ordinal));

        // Again on the same day: who there is, how far each is, and the day's audit; however much rests.
        kept.Traffic.Begin();
        await kept.SweepAsync(4);
        Assert.DoesNotContain(kept.Traffic.Seen, seen => seen.Contains("due-", StringComparison.Ordinal) || seen.Contains("patient-", StringComparison.Ordinal));
        Assert.Equal(2, kept.Traffic.Seen.Count(seen => seen.StartsWith("GET", StringComparison.Ordinal) && seen.Contains("retention", StringComparison.Ordinal)
            || seen.StartsWith("GET", StringComparison.Ordinal) && seen.Contains("/Endpoints(", StringComparison.Ordinal)));
        Assert.InRange(kept.Traffic.Queried.Count(seen => !seen.Contains("handovers|", StringComparison.Ordinal)
            && !seen.Contains("unclaimed|", StringComparison.Ordinal)), 2, 20);
    }

    [Fact]
    public async Task A_sweep_that_dies_is_continued_where_it_was()
    {
        await using var kept = new Kept(azurite);
        var endpoint = await kept.CreateAsync(new() { Transcripts = 2 });
        var keys = new List<ConversationKey>();
        for (var n = 0; n < 4; n++) keys.Add(await kept.ConverseAsync(endpoint, $"c-{n}"));

        using (var dies = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
        {
            var deletes = 0;
            kept.Traffic.Watch = seen =>
            {
                if (seen.StartsWith("DELETE", StringComparison.Ordinal) && seen.Contains("7%7C", StringComparison.OrdinalIgnoreCase) && ++deletes == 3) dies.Cancel();
            };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => kept.SweepAsync(4, dies.Token));
            kept.Traffic.Watch = null;
        }

        Assert.Equal(1, await kept.CountTurnsAsync(keys));
        kept.Traffic.Begin();
        await kept.SweepAsync(4);
        // Three were done before: they are not looked at again.
        Assert.Equal(1, keys.Count(key => kept.Traffic.Queried.Any(seen => seen.Contains($"PartitionKey eq '{key}'", StringComparison.Ordinal))));
        Assert.Equal(0, await kept.CountTurnsAsync(keys));
    }

    [Fact]
    public async Task The_data_of_a_deleted_Endpoint_go_when_its_settings_said()
    {
        await using var kept = new Kept(azurite);
        var endpoint = await kept.CreateAsync(new() { Transcripts = 40, Logs = 9 });
        var key = await kept.ConverseAsync(endpoint, "c-1");
        await kept.Get<EndpointLog>().AddAsync(endpoint.Id, [new(DateTimeOffset.UtcNow, LogLevel.Error, "flow", "said", "c-1")], Cancellation);
        await kept.SweepAsync(1);
        await kept.Get<EndpointStore>().DeleteAsync(endpoint.Id, _ => true, Cancellation);

        await kept.SweepAsync(39);
        Assert.True(await kept.HasRowAsync(key, "7|"));
        Assert.False(await kept.AnyAsync(kept.Storage.Logs, ""));
        await kept.SweepAsync(42);
        Assert.False(await kept.HasRowAsync(key, ""));
        await kept.SweepAsync(450);
        Assert.False(await kept.AnyAsync(kept.Storage.Index, ""));
    }

    [Fact]
    public async Task A_total_stays_as_it_was_when_its_records_are_gone_and_one_more_comes_late()
    {
        await using var kept = new Kept(azurite);
        var endpoint = await kept.CreateAsync(new() { Analytics = 2 });
        await kept.CountAsync(endpoint, "early", 1);
        await kept.CountAsync(endpoint, "early", 2);
        await kept.SweepAsync(0);
        await kept.SweepAsync(3);
        Assert.False(await kept.AnyAsync(kept.Storage.Analytics, ""));

        await kept.CountAsync(endpoint, "late", 1);
        await kept.SweepAsync(1);

        Assert.Equal(2, await kept.TurnsAsync(endpoint));
        // What cannot be added up waits for nothing.
        Assert.False(await kept.AnyAsync(kept.Storage.AnalyticsDays, "$stale"));
    }

    [Fact]
    public async Task A_total_is_never_of_what_retention_left_while_it_was_derived()
    {
        await using var kept = new Kept(azurite);
        var endpoint = await kept.CreateAsync(new());
        await kept.CountAsync(endpoint, "c", 1);
        await kept.CountAsync(endpoint, "c", 2);
        await kept.SweepAsync(0);
        await kept.CountAsync(endpoint, "c", 3);
        var store = kept.Get<AnalyticsStore>();
        await store.GatherAsync(endpoint.Id, DateTimeOffset.UtcNow, Cancellation);

        var deleted = 0;
        kept.Traffic.Before = asked =>
        {
            // Of all that is asked before, nothing told that the records are about to go.
            if (!asked.Contains("/Analytics()", StringComparison.Ordinal)) return;
            kept.Traffic.Before = null;
            deleted = Task.Run(() => store.DeleteBeforeAsync(endpoint.Id, DateTimeOffset.UtcNow.AddDays(1), Cancellation)).GetAwaiter().GetResult();
        };
        await store.AddUpAsync(Cancellation);

        Assert.Equal((3, 2), (deleted, await kept.TurnsAsync(endpoint)));
    }

    /// <summary>The connector's services over an account of its own, and what they asked of it.</summary>
    private sealed class Kept : IAsyncDisposable
    {
        private readonly ServiceProvider _services;

        public Kept(AzuriteFixture azurite, Dictionary<string, string?>? options = null)
        {
            var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["AzureWebJobsStorage"] = azurite.NewAccount(),
                ["Connector:AdminKey"] = "an admin key for tests",
            }).AddInMemoryCollection(options ?? []).Build();
            var services = new ServiceCollection();
            services.AddSingleton<IConfiguration>(configuration);
            services.AddLogging();
            services.AddSingleton<HttpPipelinePolicyPerCall>(Traffic);
            _services = services.AddConnector(configuration).BuildServiceProvider();
        }

        public Traffic Traffic { get; } = new();
        public ConnectorStorage Storage => Get<ConnectorStorage>();

        public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

        public Task<Endpoint> CreateAsync(RetentionSettings retention, SessionSettings? session = null) => Get<EndpointStore>().CreateAsync(
            new(new()
            {
                Name = $"Test {Guid.NewGuid():n}",
                Flow = "welcome",
                EightByEight = new(),
                Session = session ?? new(),
                FileStorage = new() { Provider = "azure" },
                DataProtection = new() { RetentionDays = retention },
            }, new Dictionary<string, string?>()), Cancellation);

        /// <summary>A conversation with a session that ended, a turn, a parked event, and the id of an event.</summary>
        public async Task<ConversationKey> ConverseAsync(Endpoint endpoint, string id, EightByEight.Connector.Flows.FlowMarks? marks = null)
        {
            await Storage.ReadyAsync();
            var key = ConversationKey.Of(endpoint.Id, id);
            var today = ActiveIndex.Day(DateTimeOffset.UtcNow);
            await Get<ActiveIndex>().AddAsync(key, id, today, Cancellation);
            var state = new ConversationState
            {
                Session = new() { Id = $"{id}-1", Flow = "welcome", LastInputAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Context = new() { ["a"] = id }, Marks = marks ?? new() },
                Sessions = 1,
            };
            var stored = new StoredEvent
            {
                EventId = "e-2",
                EventType = "MESSAGE",
                ConversationId = id,
                Timestamp = 1,
                ReceivedAt = 1,
                Body = new("{}"u8.ToArray(), null),
            };
            var parked = await Get<ParkedWork>().PrepareAsync(key, stored, ParkedKind.Event, "x", "It failed.", Cancellation);
            await Get<ConversationStore>().CommitAsync(key, new Snapshot(), new Head { ConversationId = id, ActiveDay = today, Sequence = 1 }, state,
            [
                new(TableTransactionActionType.Add, new TableEntity(key.ToString(), RowKeys.Turn(1)) { ["Body"] = "{}"u8.ToArray() }),
                new(TableTransactionActionType.Add, new TableEntity(key.ToString(), RowKeys.Tombstone("e-1"))),
                new(TableTransactionActionType.Add, parked),
            ], false, Cancellation);
            return key;
        }

        /// <summary>A turn of today that no sweep has gathered yet.</summary>
        public async Task CountAsync(Endpoint endpoint, string conversation, long sequence)
        {
            await Storage.ReadyAsync();
            var key = ConversationKey.Of(endpoint.Id, conversation);
            await Get<ActiveIndex>().AddAsync(key, conversation, ActiveIndex.Day(DateTimeOffset.UtcNow), Cancellation);
            await Storage.Conversations.AddEntityAsync(AnalyticsStore.Row(
                key, new() { At = DateTimeOffset.UtcNow, ConversationId = conversation, Sequence = sequence }), Cancellation);
            await Get<AnalyticsStore>().GatherAsync(endpoint.Id, DateTimeOffset.UtcNow, Cancellation);
        }

        /// <summary>The turns in an Endpoint's only total.</summary>
        public async Task<int> TurnsAsync(Endpoint endpoint)
        {
            var today = DateOnly.FromDateTime(DateTime.UtcNow);
            return Assert.Single(await Get<AnalyticsStore>().DaysAsync(endpoint.Id, today.AddDays(-1), today, Cancellation)).Turns;
        }

        /// <summary>Sweeps as if so many days had passed.</summary>
        public Task SweepAsync(int days, CancellationToken? cancellation = null) =>
            Get<Sweeper>().SweepAsync(DateTimeOffset.UtcNow.AddDays(days), cancellation ?? Cancellation);

        public async Task<bool> HasRowAsync(ConversationKey key, string start) =>
            await Storage.Conversations.QueryAsync<TableEntity>(row => row.PartitionKey == key.ToString(), cancellationToken: Cancellation)
                .AnyAsync(row => row.RowKey.StartsWith(start, StringComparison.Ordinal), Cancellation);

        public async Task<int> CountTurnsAsync(IEnumerable<ConversationKey> keys)
        {
            var count = 0;
            foreach (var key in keys) count += await HasRowAsync(key, "7|") ? 1 : 0;
            return count;
        }

        /// <summary>Whether a table has rows in partitions that start so.</summary>
        public async Task<bool> AnyAsync(TableClient table, string start) =>
            await table.QueryAsync<TableEntity>(cancellationToken: Cancellation)
                .AnyAsync(row => row.PartitionKey.StartsWith(start, StringComparison.Ordinal), Cancellation);

        public ValueTask DisposeAsync() => _services.DisposeAsync();
    }

    /// <summary>Each request to storage, and what was answered.</summary>
    private sealed class Traffic : HttpPipelinePolicyPerCall
    {
        private ConcurrentQueue<string> _seen = new();

        public IReadOnlyCollection<string> Seen => _seen;

        /// <summary>What was asked, unescaped.</summary>
        public IEnumerable<string> Queried => _seen.Select(seen => Uri.UnescapeDataString(seen.Split('\n')[0]));

        public Action<string>? Watch { get; set; }

        /// <summary>Called with the URL of a request before it is sent.</summary>
        public Action<string>? Before { get; set; }

        public void Begin() => _seen = new();

        public override void OnSendingRequest(HttpMessage message) => Before?.Invoke(message.Request.Uri.ToString());

        public override void OnReceivedResponse(HttpMessage message)
        {
            var body = message.Response.ContentStream is MemoryStream ? message.Response.Content.ToString() : "";
            var seen = $"{message.Request.Method} {message.Request.Uri}\n{body}";
            _seen.Enqueue(seen);
            Watch?.Invoke(seen);
        }
    }
}
