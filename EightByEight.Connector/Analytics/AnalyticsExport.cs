using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Analytics;

/// <summary>Writes records as they are read, so that a year of them needs no memory.</summary>
internal static partial class AnalyticsExport
{
    private static readonly IReadOnlyList<(string Name, Func<AnalyticsRecord, object?> Value)> Columns =
    [
        ("at", r => r.At.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)),
        ("conversationId", r => r.ConversationId),
        ("sequence", r => r.Sequence),
        ("part", r => r.Part),
        ("eventId", r => r.EventId),
        ("eventType", r => r.EventType),
        ("sessionId", r => r.SessionId),
        ("execution", r => r.Execution),
        ("channel", r => r.Channel),
        ("localeId", r => r.LocaleId),
        ("flow", r => r.Flow),
        ("intent", r => r.Intent),
        ("intentScore", r => r.IntentScore),
        ("understood", r => r.Understood),
        ("durationMs", r => r.DurationMs),
        ("outputs", r => r.Outputs),
        ("handover", r => r.Handover),
        ("failed", r => r.Failed),
        ("goals", r => string.Join("; ", r.Goals)),
        ("custom", r => r.Custom.Count == 0 ? null : r.Custom.ToJsonString(AnalyticsRecord.Relaxed)),
        ("text", r => r.Text),
        ("data", r => r.Data?.ToJsonString(AnalyticsRecord.Relaxed)),
        ("ip", r => r.Ip),
    ];

    /// <summary>One JSON object a line.</summary>
    public static async Task WriteLinesAsync(IAsyncEnumerable<AnalyticsRecord> records, Stream target, CancellationToken cancellation)
    {
        await foreach (var record in records.WithCancellation(cancellation))
        {
            await target.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(record, AnalyticsJson.Default.AnalyticsRecord), cancellation);
            await target.WriteAsync("\n"u8.ToArray(), cancellation);
        }
    }

    /// <summary>RFC 4180, UTF-8, with a header. A spreadsheet calculates nothing of it: <c>'</c> stands before what could be a formula.</summary>
    public static async Task WriteCsvAsync(IAsyncEnumerable<AnalyticsRecord> records, Stream target, CancellationToken cancellation)
    {
        await target.WriteAsync(Encoding.UTF8.GetBytes(string.Join(',', Columns.Select(column => column.Name)) + "\r\n"), cancellation);
        await foreach (var record in records.WithCancellation(cancellation))
            await target.WriteAsync(Encoding.UTF8.GetBytes(string.Join(',', Columns.Select(column => Cell(column.Value(record)))) + "\r\n"), cancellation);
    }

    private static string Cell(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        string text => Quoted(Formula().Replace(text is ['\t' or '\r' or '\n', ..] ? "'" + text : text, "$1'$2")),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>
    /// At the start of a cell, and wherever a spreadsheet may begin one: those that split at a semicolon or tab see no quotes in the middle
    /// of what is a cell to them.
    /// </summary>
    [GeneratedRegex("((?:^|[;\t\r\n])[ \"]*)([=+@\\-\uFF1D\uFF0B\uFF20\uFF0D])")]
    private static partial Regex Formula();

    private static string Quoted(string text) =>
        text.AsSpan().ContainsAny("\",\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
