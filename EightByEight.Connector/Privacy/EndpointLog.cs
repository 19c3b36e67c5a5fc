using System.Globalization;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EightByEight.Connector.Privacy;

/// <summary>One line of an Endpoint's log.</summary>
/// <param name="Source">Who says it: <c>flow</c>, <c>transformer</c>, <c>handover</c>, <c>connector</c>.</param>
internal sealed record LogLine(
    DateTimeOffset At, LogLevel Level, string Source, string Message, string? ConversationId = null, string? SessionId = null);

/// <summary>
/// What transformers, Flows and errors of an Endpoint say, for those who run it. Lines rest by Endpoint and day, so that what is older
/// than its retention is a range of partitions, the newest first within one.
/// </summary>
internal sealed partial class EndpointLog(ConnectorStorage storage, ILogger<EndpointLog>? logger = null)
{
    /// <summary>A longer message is cut, in characters.</summary>
    public const int MaxMessage = 8_000;

    private const int MostInTransaction = 100;

    /// <summary>So many days are looked at for one page.</summary>
    private const int MostDays = 40;

    private static readonly LogLevel[] Levels = [LogLevel.Debug, LogLevel.Information, LogLevel.Warning, LogLevel.Error];

    private readonly ILogger _logger = (ILogger?)logger ?? NullLogger.Instance;

    /// <summary>
    /// Adds a line where something went wrong. Where the Endpoint masks what is logged, the words of the customer are masked in it. That
    /// it cannot be written is no reason to fail.
    /// </summary>
    /// <param name="words">What the customer said, and what the message may quote of it.</param>
    public Task SayAsync(Endpoint endpoint, LogLine line, IEnumerable<string?> words, CancellationToken cancellation) => SayAsync(
        endpoint.Id, [endpoint.Settings.DataProtection.MaskSensitiveLogging ? line with { Message = Masking.WithoutQuotes(line.Message, words) } : line],
        cancellation);

    /// <summary>Adds lines that hold nothing to be masked. That they cannot be written is no reason to fail.</summary>
    public async Task SayAsync(string endpointId, IReadOnlyList<LogLine> lines, CancellationToken cancellation)
    {
        try
        {
            await AddAsync(endpointId, lines, cancellation);
        }
        catch (Exception failed) when (failed is RequestFailedException or AggregateException or IOException)
        {
            Log.NotWritten(_logger, endpointId, failed.GetType().Name);
        }
    }

    /// <summary>What a run of a Flow says: its own lines, why it failed, and what it passed over.</summary>
    /// <param name="isHidden">Whether nobody may look at what was said: then only where it was said is told.</param>
    public static IReadOnlyList<LogLine> LinesOf(FlowResult result, DateTimeOffset at, bool isHidden, Func<string, string> masked)
    {
        LogLine Line(LogLevel level, string where, string message) => new(at, level, "flow", where + (isHidden ? Masking.Mask : masked(message)));
        string At(FlowFailure fault) => $"{fault.Flow} {fault.Step} (line {fault.Line}): ".TrimStart();
        if (result.Log.Count + result.Warnings.Count == 0 && result.Failure is null) return [];
        return
        [
            .. result.Log.Select(line => Line(line.Level, "", line.Message)),
            .. result.Warnings.Select(warning => Line(LogLevel.Warning, At(warning), warning.Message)),
            .. result.Failure is { } failure ? [Line(LogLevel.Error, "The Flow failed at " + At(failure), failure.Message)] : (LogLine[])[],
        ];
    }

    /// <summary>Lines of a time, newest first.</summary>
    /// <param name="least">Of this level or a higher one.</param>
    /// <param name="after">Where the page before ended.</param>
    public async Task<(IReadOnlyList<LogLine> Lines, string? Next)> ReadAsync(
        string endpointId, DateTimeOffset from, DateTimeOffset to, LogLevel least, string? conversationId, string? after, int limit,
        CancellationToken cancellation)
    {
        var lines = new List<LogLine>();
        var newest = after is { Length: > 19 } && long.TryParse(after[..19], NumberStyles.None, CultureInfo.InvariantCulture, out var backwards)
            ? new DateTimeOffset(Math.Clamp(Backwards(backwards), 0, DateTimeOffset.MaxValue.UtcTicks), TimeSpan.Zero) : to;
        var day = new DateTimeOffset(newest.UtcDateTime.Date, TimeSpan.Zero);
        for (var days = 0; day.AddDays(1) > from; day = day.AddDays(-1), days++)
        {
            // No lines for long: the caller may go on from here.
            if (days == MostDays) return (lines, Key(day.AddDays(1).AddTicks(-1), "0"));
            var filter = TableClient.CreateQueryFilter(
                $"PartitionKey eq {Partition(endpointId, day)} and RowKey gt {after ?? ""} and At ge {from} and At lt {to}");
            if (least > LogLevel.Debug)
                filter += $" and ({string.Join(" or ", Levels.Where(l => l >= least).Select(l => $"Level eq '{l}'"))})";
            if (conversationId is not null) filter += " and " + TableClient.CreateQueryFilter($"Conversation eq {conversationId}");
            await foreach (var row in storage.Logs.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
            {
                lines.Add(LineOf(row));
                if (lines.Count == limit) return (lines, row.RowKey);
            }
        }

        return (lines, null);
    }

    /// <summary>Adds lines in the order given.</summary>
    public async Task AddAsync(string endpointId, IReadOnlyList<LogLine> lines, CancellationToken cancellation)
    {
        if (lines.Count == 0) return;
        await storage.ReadyAsync().WaitAsync(cancellation);
        var batch = Guid.NewGuid().ToString("n");
        // The last line of those that were said at one time is the newest.
        var rows = lines.Select((line, i) => Row(endpointId, line, $"{batch}-{99_999 - i:d5}"));
        foreach (var day in rows.GroupBy(row => row.PartitionKey))
            foreach (var some in day.Chunk(MostInTransaction))
                await storage.Logs.SubmitTransactionAsync(
                    some.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)), cancellation);
    }

    /// <summary>Lines rest by Endpoint and day.</summary>
    public static string Partition(string endpointId, DateTimeOffset at) =>
        $"{endpointId}|{at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}";

    private static TableEntity Row(string endpointId, LogLine line, string unique) => new(
        Partition(endpointId, line.At), Key(line.At, unique))
    {
        ["At"] = line.At,
        ["Level"] = line.Level.ToString(),
        ["Source"] = line.Source,
        ["Message"] = line.Message.Length > MaxMessage ? line.Message[..MaxMessage] : line.Message,
        ["Conversation"] = line.ConversationId,
        ["Session"] = line.SessionId,
    };

    private static LogLine LineOf(TableEntity row) => new(
        row.GetDateTimeOffset("At") ?? default, Enum.TryParse<LogLevel>(row.GetString("Level"), out var level) ? level : LogLevel.Information,
        row.GetString("Source") ?? "", row.GetString("Message") ?? "", row.GetString("Conversation"), row.GetString("Session"));

    private static string Key(DateTimeOffset at, string unique) => $"{Backwards(at.UtcTicks):d19}-{unique}";

    /// <summary>Tables sort upwards only.</summary>
    private static long Backwards(long ticks) => DateTimeOffset.MaxValue.UtcTicks - ticks;

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The log of Endpoint {EndpointId} could not be written: {Cause}.")]
        public static partial void NotWritten(ILogger logger, string endpointId, string cause);
    }
}
