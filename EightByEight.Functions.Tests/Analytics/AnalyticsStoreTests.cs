using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector;
using EightByEight.Connector.Analytics;
using EightByEight.Connector.Conversations;
using Microsoft.Extensions.Configuration;

namespace EightByEight.Functions.Tests.Analytics;

/// <summary>Records are gathered and added up; whatever is repeated, nothing counts twice.</summary>
public sealed class AnalyticsStoreTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
    private ConnectorStorage _storage = null!;
    private AnalyticsStore _store = null!;
    private ActiveIndex _active = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _storage = new ConnectorStorage(
            new ConfigurationBuilder().AddInMemoryCollection([new("AzureWebJobsStorage", azurite.NewAccount())]).Build(), StorageTimeouts.Work, []);
        await _storage.ReadyAsync();
        _store = new AnalyticsStore(_storage);
        _active = new ActiveIndex(_storage);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Whoever_dies_while_gathering_leaves_it_to_the_next_and_nothing_counts_twice()
    {
        var rows = new List<TableEntity> { await AddAsync("c", 1, Now), await AddAsync("c", 2, Now.AddMinutes(1), goal: "paid") };
        await SweepAsync();
        Assert.Empty(await RowsAsync(_storage.Conversations));

        // As if the copies had been made, and the process had died before it deleted anything.
        foreach (var row in rows) await _storage.Conversations.AddEntityAsync(row, Cancellation);
        await SweepAsync();

        Assert.Equal(2, (await RowsAsync(_storage.Analytics)).Count);
        var day = Assert.Single(await DaysAsync());
        Assert.Equal((2, 1, 1), (day.Turns, day.Conversations, day.Goals["paid"]));
    }

    [Fact]
    public async Task Totals_of_a_day_count_turns_sessions_channels_goals_intents_failures_and_handovers()
    {
        await AddAsync("a", 1, Now, r => r with { SessionId = "a-1", Channel = "Sms", Understood = true, Intent = "order", DurationMs = 100, Goals = ["g"] });
        await AddAsync("a", 2, Now, r => r with { SessionId = "a-2", Channel = "Sms", Understood = false, Handover = true, DurationMs = 200, Goals = ["g", "h"] });
        await AddAsync("b", 1, Now, r => r with { SessionId = "b-1", Channel = "WebChat", DurationMs = 0 });
        await AddAsync("b", 2, Now, r => r with { SessionId = "b-1", Channel = "WebChat", Part = 1, Failed = true });
        await SweepAsync();

        Assert.Equivalent(new AnalyticsDay
        {
            Day = new DateOnly(2026, 3, 10),
            Turns = 3,
            Conversations = 2,
            Sessions = 3,
            Understood = 1,
            NotUnderstood = 1,
            Handovers = 1,
            Failures = 1,
            AverageDurationMs = 100,
            Channels = new Dictionary<string, int> { ["Sms"] = 2, ["WebChat"] = 1 },
            Intents = new Dictionary<string, int> { ["order"] = 1 },
            Goals = new Dictionary<string, int> { ["g"] = 2, ["h"] = 1 },
        }, Assert.Single(await DaysAsync()), strict: true);
    }

    [Fact]
    public async Task A_turn_of_several_parts_is_understood_or_not_once_as_its_last_part_says()
    {
        await AddAsync("a", 1, Now, r => r with { EventId = "one", Understood = true });
        await AddAsync("a", 2, Now, r => r with { EventId = "one", Part = 1, Understood = true });
        await AddAsync("a", 3, Now, r => r with { EventId = "one", Part = 2, Understood = false });
        await AddAsync("a", 4, Now.AddMinutes(1), r => r with { EventId = "two" });
        await AddAsync("a", 5, Now.AddMinutes(1), r => r with { EventId = "two", Part = 1, Understood = true });
        await AddAsync("b", 1, Now.AddMinutes(2), r => r with { EventId = "three", Understood = true });
        await SweepAsync();

        var day = Assert.Single(await DaysAsync());
        Assert.Equal((3, 2, 1), (day.Turns, day.Understood, day.NotUnderstood));
    }

    [Fact]
    public async Task A_late_record_is_added_to_its_own_day()
    {
        await AddAsync("c", 1, Now.AddDays(-3), activeOn: Now.AddDays(-3));
        await SweepAsync();
        await AddAsync("c", 2, Now.AddDays(-3), activeOn: Now);
        await SweepAsync();

        Assert.Equal([(new DateOnly(2026, 3, 7), 2)], (await DaysAsync()).Select(day => (day.Day, day.Turns)));
        // Nothing came since: nothing is read again.
        Assert.Single(await RowsAsync(_storage.AnalyticsDays), row => row.PartitionKey.StartsWith('$'));
    }

    [Fact]
    public async Task Days_on_which_no_sweep_ran_are_gathered_by_the_next()
    {
        await SweepAsync(Now.AddDays(-8));
        await AddAsync("c", 1, Now.AddDays(-6), activeOn: Now.AddDays(-6));
        await SweepAsync();
        Assert.Equal(new DateOnly(2026, 3, 4), Assert.Single(await DaysAsync()).Day);
    }

    [Fact]
    public async Task What_is_asked_for_is_of_one_endpoint_and_time_and_the_oldest_comes_first()
    {
        await AddAsync("c", 1, Now.AddDays(-1));
        await AddAsync("c", 2, Now.AddHours(1), activeOn: Now);
        await AddAsync("b", 1, Now, activeOn: Now);
        await AddAsync("c", 1, Now, endpoint: "other");
        foreach (var endpoint in (string[])["one", "other"]) await _store.GatherAsync(endpoint, Now, Cancellation);

        var read = new List<string>();
        await foreach (var record in _store.ReadAsync("one", Now.AddHours(-2), Now.AddHours(2), Cancellation)) read.Add($"{record.ConversationId} {record.Sequence}");
        Assert.Equal(["b 1", "c 2"], read);
    }

    [Fact]
    public async Task A_csv_is_quoted_as_RFC_4180_says_and_no_cell_is_a_formula()
    {
        var record = new AnalyticsRecord
        {
            At = Now,
            ConversationId = "c",
            Text = "=HYPERLINK(\"x\"),\nb",
            Goals = ["@sum", "b"],
            Channel = "+1",
            IntentScore = -0.5,
            Understood = true,
            Custom = new JsonObject { ["plan"] = "gold, \"old\"" },
        };
        using var target = new MemoryStream();
        await AnalyticsExport.WriteCsvAsync(Of(record), target, Cancellation);
        Assert.Equal(
            "at,conversationId,sequence,part,eventId,eventType,sessionId,execution,channel,localeId,flow,intent,intentScore,understood,durationMs,outputs,handover,failed,goals,custom,text,data,ip\r\n"
            + "2026-03-10T12:00:00.000Z,c,0,0,,,,0,'+1,,,,-0.5,true,0,0,false,false,'@sum; b,\"{\"\"plan\"\":\"\"gold, \\\"\"old\\\"\"\"\"}\",\"'=HYPERLINK(\"\"x\"\"),\nb\",,\r\n",
            System.Text.Encoding.UTF8.GetString(target.ToArray()));
    }

    [Theory]
    [InlineData("x;=1+1", "x;'=1+1")]
    [InlineData("x;\"=1+1", "\"x;\"\"'=1+1\"")]
    [InlineData("x\t=1+1", "x\t'=1+1")]
    [InlineData("\uFF1D1+1", "'\uFF1D1+1")]
    [InlineData(" =1+1", " '=1+1")]
    [InlineData("x;y", "x;y")]
    [InlineData("one\n-two", "\"one\n'-two\"")]
    [InlineData("a = b", "a = b")]
    public async Task No_cell_becomes_a_formula_wherever_a_spreadsheet_splits_its_line(string text, string cell)
    {
        using var target = new MemoryStream();
        await AnalyticsExport.WriteCsvAsync(Of(new AnalyticsRecord { At = Now, Text = text }), target, Cancellation);
        Assert.EndsWith($",false,false,,,{cell},,\r\n", System.Text.Encoding.UTF8.GetString(target.ToArray()), StringComparison.Ordinal);
    }

    private static async IAsyncEnumerable<AnalyticsRecord> Of(AnalyticsRecord record)
    {
        await Task.Yield();
        yield return record;
    }

    private async Task SweepAsync(DateTimeOffset? at = null)
    {
        var now = at ?? Now;
        await _store.GatherMissedAsync(now, Cancellation);
        // The audit of the sweep.
        foreach (var day in (string[])[ActiveIndex.Day(now.AddDays(-1)), ActiveIndex.Day(now)])
            foreach (var pointer in await RowsAsync(_storage.Index))
                if (ActiveIndex.DayOf(pointer.PartitionKey) == day)
                    await _store.GatherAsync(pointer, ConversationKey.Parse(pointer.RowKey)!.Value, long.MaxValue, Cancellation);
        await _store.AddUpAsync(Cancellation);
        foreach (var pointer in await RowsAsync(_storage.Index))
            await _storage.Index.UpdateEntityAsync(new TableEntity(pointer.PartitionKey, pointer.RowKey) { ["Gathered"] = 0L }, Azure.ETag.All, TableUpdateMode.Merge, Cancellation);
    }

    private async Task<TableEntity> AddAsync(
        string conversation, long sequence, DateTimeOffset at, Func<AnalyticsRecord, AnalyticsRecord>? with = null, string? goal = null,
        DateTimeOffset? activeOn = null, string endpoint = "one")
    {
        var key = ConversationKey.Of(endpoint, conversation);
        var record = new AnalyticsRecord { At = at, ConversationId = conversation, Sequence = sequence, SessionId = $"{conversation}-1", Goals = goal is null ? [] : [goal] };
        var row = AnalyticsStore.Row(key, with is null ? record : with(record));
        await _storage.Conversations.AddEntityAsync(row, Cancellation);
        await _active.AddAsync(key, conversation, ActiveIndex.Day(activeOn ?? at), Cancellation);
        return row;
    }

    private Task<IReadOnlyList<AnalyticsDay>> DaysAsync() => _store.DaysAsync("one", new(2025, 3, 11), new(2026, 3, 11), Cancellation);

    private static async Task<List<TableEntity>> RowsAsync(TableClient table)
    {
        var rows = new List<TableEntity>();
        await foreach (var row in table.QueryAsync<TableEntity>(cancellationToken: Cancellation)) rows.Add(row);
        return rows;
    }
}
