using System.Globalization;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;

namespace EightByEight.Connector.Privacy;

/// <summary>One line of an Endpoint's log.</summary>
/// <param name="Source">Who says it: <c>flow</c>, <c>transformer</c>, <c>handover</c>, <c>connector</c>.</param>
internal sealed record LogLine(
    DateTimeOffset At, LogLevel Level, string Source, string Message, string? ConversationId = null, string? SessionId = null);

/// <summary>What transformers, Flows and errors of an Endpoint say, for those who run it.</summary>
internal sealed class EndpointLog(ConnectorStorage storage)
{
    /// <summary>A longer message is cut, in characters.</summary>
    public const int MaxMessage = 8_000;

    private const int MostInTransaction = 100;

    /// <summary>Adds lines in the order given.</summary>
    public async Task AddAsync(string endpointId, IReadOnlyList<LogLine> lines, CancellationToken cancellation)
    {
        if (lines.Count == 0) return;
        await storage.ReadyAsync().WaitAsync(cancellation);
        var batch = Guid.NewGuid().ToString("n");
        var rows = lines.Select((line, i) => Row(endpointId, line, $"{batch}-{i:d5}"));
        foreach (var day in rows.GroupBy(row => row.PartitionKey))
            foreach (var some in day.Chunk(MostInTransaction))
                await storage.Logs.SubmitTransactionAsync(
                    some.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)), cancellation);
    }

    /// <summary>Lines rest by Endpoint and day.</summary>
    public static string Partition(string endpointId, DateTimeOffset at) =>
        $"{endpointId}|{at.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}";

    private static TableEntity Row(string endpointId, LogLine line, string unique) => new(
        Partition(endpointId, line.At), $"{line.At.UtcTicks:d19}-{unique}")
    {
        ["At"] = line.At,
        ["Level"] = line.Level.ToString(),
        ["Source"] = line.Source,
        ["Message"] = line.Message.Length > MaxMessage ? line.Message[..MaxMessage] : line.Message,
        ["Conversation"] = line.ConversationId,
        ["Session"] = line.SessionId,
    };
}
