using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Privacy;

namespace EightByEight.Connector.Handover.Providers;

/// <content>The conversation is opened once, whatever happens in between.</content>
internal sealed partial class HandoverRun
{
    /// <summary>The key of the additional property that names the handover, so that its conversation can be told from all others.</summary>
    public const string Marker = "handoverId";

    private const int MaxPages = 10;
    private const int PageSize = 100;

    private async Task<RunEnd?> OpenAsync(Leased<HandoverHead> read, CancellationToken cancellation)
    {
        var head = read.Head!;
        if (head is { Asking: null, HistoryIsTranslated: false } && await desk.Interpreter.OfAsync(head, cancellation) is { } provider)
            return await TranslateHistoryAsync(read, provider, cancellation);
        var asked = head.Asking ?? new Request { Since = NowMs };
        if (NowMs - asked.Since > (long)desk.Options.OpenFor.TotalMilliseconds)
            return await EndAsync(read, HandoverStatus.Failed,
                asked.By is null
                    ? $"8x8 could not open the conversation for {desk.Options.OpenFor}. Last: {head.LastError}"
                    : $"Nobody can tell whether 8x8 opened the conversation. Last: {head.LastError}", [], cancellation);
        if (await AccountAsync(read, asked, cancellation) is not { } account) return null;
        var conversation = await ReadRequestAsync(read, cancellation);
        if (asked.By is not null) return await LookForItAsync(read, asked, account, conversation, cancellation);

        // That it may be sent now is written down first: whoever finds it without an answer looks before asking again.
        if (await KeepAsync(read, head with { Asking = asked with { By = LeaseId }, RetryAt = null }, [], cancellation) is not { } kept)
            return null;
        if (!Fits(desk.ChatGateway.Value.TotalTimeout)) return null;
        asked = kept.Head!.Asking!;
        try
        {
            var created = await desk.Gateway.CreateConversationAsync(account, conversation, cancellation);
            if (created.ConversationId.Length == 0)
                return await InDoubtAsync(kept, asked, "8x8's answer has no conversationId.", cancellation);
            return await OpenedAsync(kept, created.ConversationId, cancellation);
        }
        catch (ChatGatewayException failed)
        {
            return failed.Delivery switch
            {
                Delivery.Refused => await EndAsync(kept, HandoverStatus.Failed, Words(failed), [], cancellation),
                Delivery.NotDelivered => await LaterAsync(kept, asked with { By = null }, failed, cancellation),
                _ => await InDoubtAsync(kept, asked, Words(failed), cancellation),
            };
        }
    }

    /// <summary>8x8 is given the time that it may take to show what it has done, then asked.</summary>
    private async Task<RunEnd?> InDoubtAsync(Leased<HandoverHead> read, Request asked, string reason, CancellationToken cancellation)
    {
        Log.InDoubt(desk.Logger, HandoverId, reason);
        return await LaterAsync(read, asked, reason, Options.Visibility, cancellation);
    }

    /// <summary>Rule 6: the conversation is looked for among 8x8's; only one that is certainly not there is asked for again.</summary>
    private async Task<RunEnd?> LookForItAsync(
        Leased<HandoverHead> read, Request asked, ChatGatewayAccount account, NewConversation wanted, CancellationToken cancellation)
    {
        if (!IsMarked(wanted.User))
            return await EndAsync(read, HandoverStatus.Failed,
                "8x8 did not answer, and without room for a mark of ours nobody can tell whether it opened the conversation: " +
                "leave one of the 30 properties free.", [], cancellation);
        try
        {
            for (var number = 0; number < MaxPages; number++)
            {
                var page = await desk.Gateway.ListConversationsAsync(
                    account, new ListQuery(number, PageSize, "id:desc", $"channelId=={wanted.ChannelId}"), cancellation);
                if (page.Items.FirstOrDefault(c => IsMarked(c.User)) is { Id: { } found }) return await OpenedAsync(read, found, cancellation);
                if (page.Items.Count == 0 || number + 1 >= page.TotalPages || (page.TotalPages is null && page.Items.Count < PageSize))
                    return await NotThereAsync(read, asked, cancellation);
            }

            return await EndAsync(read, HandoverStatus.Failed,
                "8x8 did not answer, and has too many conversations to find out whether it opened this one.", [], cancellation);
        }
        catch (ChatGatewayException failed)
        {
            return await LaterAsync(read, asked, failed, cancellation);
        }
    }

    /// <summary>A request that was on its way when nobody waited for it any more may be carried out late: it is looked for twice.</summary>
    private Task<RunEnd?> NotThereAsync(Leased<HandoverHead> read, Request asked, CancellationToken cancellation)
    {
        var isCertain = asked.Looks > 0;
        return LaterAsync(read, asked with { By = isCertain ? null : asked.By, Looks = isCertain ? 0 : 1 },
            "8x8 has no such conversation.", Options.Visibility, cancellation);
    }

    /// <summary>8x8 has opened the conversation: this is noted before anything else is done.</summary>
    private async Task<RunEnd?> OpenedAsync(Leased<HandoverHead> read, string conversationId, CancellationToken cancellation)
    {
        Log.Opened(desk.Logger, HandoverId, conversationId);
        await KeepAsync(read, read.Head! with { ConversationId = conversationId, Asking = null, RetryAt = null, LastError = null }, [], cancellation);
        return null;
    }

    /// <summary>
    /// Lets the conversation lead to this handover, then fetches the events that came before it did. The webhook looks again after it
    /// has set an event aside, so that none falls in between.
    /// </summary>
    private async Task<RunEnd?> AdoptAsync(Leased<HandoverHead> read, CancellationToken cancellation)
    {
        var head = read.Head! with { Adopted = true };
        await desk.Inbox.AdoptAsync(head.TenantId, head.ConversationId!, head.Id, cancellation);
        await ForgetAsync(read, head, read.Rows.FirstOrDefault(r => r.RowKey == HandoverRows.Request), cancellation);
        return null;
    }

    /// <summary>Writes the head, and erases what 8x8 was to be told.</summary>
    private async Task ForgetAsync(Leased<HandoverHead> read, HandoverHead head, TableEntity? request, CancellationToken cancellation)
    {
        if (request is not null && Body.From(request).Blob is { } blob)
            await desk.Storage.Bodies.DeleteBlobIfExistsAsync(blob, cancellationToken: cancellation);
        await KeepAsync(read, head, request is null ? [] : [Deleted(request)], cancellation);
    }

    private async Task<NewConversation> ReadRequestAsync(Leased<HandoverHead> read, CancellationToken cancellation)
    {
        var row = read.Rows.First(r => r.RowKey == HandoverRows.Request);
        var json = await desk.Bodies.ReadAsync(Key, Body.From(row), cancellation);
        var request = JsonSerializer.Deserialize(json, HandoverJson.Default.NewConversation)!;
        _told = [.. Masking.Leaves(JsonNode.Parse(json)!["user"]), .. request.History?.Messages.Select(message => message.Text) ?? []];
        return request;
    }

    private bool IsMarked(User? user) =>
        user?.AdditionalProperties?.Any(p => p is { Key: Marker, Value: { } id } && id == HandoverId) == true;
}
