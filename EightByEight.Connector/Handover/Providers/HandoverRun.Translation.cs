using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Handover.Providers;

/// <content>What goes to agents is translated first, and rests like that: whatever is sent again later is the same.</content>
internal sealed partial class HandoverRun
{
    private async Task<RunEnd?> TranslateAsync(
        Leased<HandoverHead> read, Command command, HandoverProvider provider, CancellationToken cancellation)
    {
        var translated = await desk.Interpreter.ForAgentsAsync(provider, read.Head!, command.Text ?? "", cancellation);
        var json = JsonSerializer.SerializeToUtf8Bytes(command with { ForAgents = translated.Text }, HandoverJson.Compact.Command);
        var row = await RowAsync(HandoverRows.Command(command.Number), HandoverRows.CommandBody, json, cancellation);
        await TellAsync(read, read.Head! with { Spoken = translated.Language },
            translated.Fault is { } fault ? [Untranslated(command.MessageId, fault)] : [], [row], cancellation);
        return null;
    }

    private async Task<RunEnd?> TranslateHistoryAsync(Leased<HandoverHead> read, HandoverProvider provider, CancellationToken cancellation)
    {
        var request = await ReadRequestAsync(read, cancellation);
        var before = Body.From(read.Rows.First(row => row.RowKey == HandoverRows.Request)).Blob;
        var head = read.Head! with { HistoryIsTranslated = true };
        if (request.History is not { Messages.Count: > 0 } history)
        {
            await KeepAsync(read, head, [], cancellation);
            return null;
        }

        var (translated, spoken, fault) = await desk.Interpreter.ForAgentsAsync(provider, head, history, cancellation);
        var json = JsonSerializer.SerializeToUtf8Bytes(request with { History = translated }, HandoverJson.Default.NewConversation);
        var row = await RowAsync(HandoverRows.Request, "Body", json, cancellation);
        var kept = await TellAsync(read, head with { Spoken = spoken }, fault is null ? [] : [Untranslated(null, fault)], [row], cancellation);
        if (kept is not null && before is not null) await desk.Storage.Bodies.DeleteBlobIfExistsAsync(before, cancellationToken: cancellation);
        return null;
    }

    private async Task<TableTransactionAction> RowAsync(string rowKey, string column, byte[] json, CancellationToken cancellation)
    {
        var row = new TableEntity(Key.ToString(), rowKey) { ETag = ETag.All };
        (await desk.Bodies.StoreAsync(Key, "translated", json, cancellation)).WriteTo(row, column);
        return new(TableTransactionActionType.UpdateReplace, row, ETag.All);
    }

    /// <param name="messageId">Null: the history.</param>
    private Happening Untranslated(string? messageId, string reason) =>
        new(EventTypes.Untranslated, NowMs, new() { ["messageId"] = messageId, ["reason"] = reason });
}
