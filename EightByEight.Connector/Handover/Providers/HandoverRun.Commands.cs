using Azure.Data.Tables;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Handover.Providers;

/// <content>What the bot wants goes to 8x8 in order, one at a time, and never again on suspicion.</content>
internal sealed partial class HandoverRun
{
    private const int MessagesAPage = 50;

    private async Task<RunEnd?> ObeyAsync(Leased<HandoverHead> read, Command command, CancellationToken cancellation)
    {
        var asked = read.Head!.Asking is { } before && before.Number == command.Number
            ? before
            : new Request { Number = command.Number, Since = NowMs };
        if (IsTooOld(asked) && asked.By is null) return await GiveUpAsync(read, command, cancellation);
        if (command is { MessageId: not null, ForAgents: null } && asked.By is null
            && await desk.Interpreter.OfAsync(read.Head!, cancellation) is { } provider)
            return await TranslateAsync(read, command, provider, cancellation);
        if (await AccountAsync(read, asked, cancellation) is not { } account) return null;
        return command.MessageId is null
            ? await LeaveAsync(read, command, asked, account, cancellation)
            : await SendAsync(read, command, asked, account, cancellation);
    }

    private Task<RunEnd?> GiveUpAsync(Leased<HandoverHead> read, Command command, CancellationToken cancellation)
    {
        var reason = $"It was tried for {desk.Options.SendFor}. Last: {read.Head!.LastError}";
        return command.MessageId is null
            ? EndAsync(read, HandoverStatus.Failed, $"8x8 could not be told that the customer left. {reason}", [Done(command)], cancellation)
            : RefusedAsync(read, command, reason, cancellation);
    }

    // ---- The customer leaves -----------------------------------------------------------------------------------

    private async Task<RunEnd?> LeaveAsync(
        Leased<HandoverHead> read, Command command, Request asked, ChatGatewayAccount account, CancellationToken cancellation)
    {
        try
        {
            await desk.Gateway.RemoveUserAsync(account, read.Head!.ConversationId!, cancellation);
        }
        catch (ChatGatewayException gone) when (gone is { Delivery: Delivery.Refused, Status: 404 or 409 or 410 })
        {
            // It is over already, which is what was wanted.
        }
        catch (ChatGatewayException failed)
        {
            return await LaterAsync(read, asked, failed, cancellation);
        }

        return await EndAsync(read, HandoverStatus.Completed, "customer", [Done(command)], cancellation);
    }

    // ---- The customer writes -----------------------------------------------------------------------------------

    private async Task<RunEnd?> SendAsync(
        Leased<HandoverHead> read, Command command, Request asked, ChatGatewayAccount account, CancellationToken cancellation)
    {
        var head = read.Head!;
        if (asked.By is not null)
        {
            // Someone may have sent it and died, or got no answer.
            var known = await ReadBackAsync(read, command, asked, account, cancellation);
            if (known.WasTaken is not { } taken) return null;
            if (taken) return await AcceptedAsync(read, command, known.Newest, cancellation);
            asked = asked with { By = null };
            head = head with { Anchor = known.Newest };
        }

        if (IsTooOld(asked)) return await GiveUpAsync(read, command, cancellation);
        if (head.Anchor is null)
        {
            // What the customer said before the handover may be in 8x8's list, or not: counting starts behind it.
            try
            {
                var (_, newest) = await CountAsync(account, head.ConversationId!, anchor: null, mostPages: 1, cancellation);
                head = head with { Anchor = new Anchor(newest, head.Accepted) };
            }
            catch (ChatGatewayException failed)
            {
                return failed is { Delivery: Delivery.Refused, Status: not (401 or 403) }
                    ? await RefusedAsync(read, command, Words(failed), cancellation)
                    : await LaterAsync(read, asked, failed, cancellation);
            }
        }

        if (await KeepAsync(read, head with { Asking = asked with { By = LeaseId }, RetryAt = null }, [], cancellation) is not { } kept)
            return null;
        if (!Fits(desk.ChatGateway.Value.TotalTimeout)) return null;
        return await PostAsync(kept, command, account, cancellation);
    }

    private async Task<RunEnd?> PostAsync(
        Leased<HandoverHead> read, Command command, ChatGatewayAccount account, CancellationToken cancellation)
    {
        var (head, asked) = (read.Head!, read.Head!.Asking!);
        try
        {
            await desk.Gateway.SendMessageAsync(
                account, head.ConversationId!, new OutgoingMessage(AuthorTypes.User, command.ForAgents ?? command.Text), cancellation);
            return await AcceptedAsync(read, command, null, cancellation);
        }
        catch (ChatGatewayException failed)
        {
            if (failed.Delivery == Delivery.Unknown)
            {
                Log.InDoubt(desk.Logger, HandoverId, Words(failed));
                var longest = failed.RetryAfter > Options.Visibility ? failed.RetryAfter : Options.Visibility;
                return await LaterAsync(read, asked, Words(failed), longest, cancellation);
            }

            return failed is { Delivery: Delivery.Refused, Status: not (401 or 403) }
                ? await RefusedAsync(read, command, Words(failed), cancellation)
                : await LaterAsync(read, asked with { By = null }, failed, cancellation);
        }
    }

    private async Task<RunEnd?> AcceptedAsync(Leased<HandoverHead> read, Command command, Anchor? newest, CancellationToken cancellation)
    {
        var head = read.Head!;
        await KeepAsync(read, head with
        {
            Accepted = head.Accepted + 1,
            Anchor = newest ?? head.Anchor,
            Asking = null,
            RetryAt = null,
            LastError = null,
        }, [Done(command)], cancellation);
        return null;
    }

    private async Task<RunEnd?> RefusedAsync(Leased<HandoverHead> read, Command command, string reason, CancellationToken cancellation)
    {
        await TellAsync(read, read.Head! with { Asking = null, RetryAt = null }, [Undeliverable(command, reason)], [Done(command)], cancellation);
        return null;
    }

    /// <summary>Rule 6: whether 8x8 took the message in doubt is decided by count, since texts may be equal and there are no ids.</summary>
    /// <returns>Whether it was taken, and the anchor behind it; null: it is not known, and what follows from that was written.</returns>
    private async Task<(bool? WasTaken, Anchor? Newest)> ReadBackAsync(
        Leased<HandoverHead> read, Command command, Request asked, ChatGatewayAccount account, CancellationToken cancellation)
    {
        var head = read.Head!;
        try
        {
            var (since, newest) = await CountAsync(account, head.ConversationId!, head.Anchor!, MaxPages, cancellation);
            var taken = since - (head.Accepted - head.Anchor!.Accepted);
            if (taken is 0 or 1) return (taken == 1, new Anchor(newest, head.Accepted + taken));
            await TellAsync(read, head with { Asking = null, RetryAt = null, Anchor = new Anchor(newest, head.Accepted) },
                [Undeliverable(command, "Unconfirmed: nobody can tell whether the agent got it.")],
                [Done(command)], cancellation);
        }
        catch (ChatGatewayException failed) when (failed is { Delivery: Delivery.Refused, Status: not (401 or 403) } || IsTooOld(asked))
        {
            await TellAsync(read, head with { Asking = null, RetryAt = null },
                [Undeliverable(command, $"Unconfirmed: nobody can tell whether the agent got it. {Words(failed)}")],
                [Done(command)], cancellation);
        }
        catch (ChatGatewayException failed)
        {
            await LaterAsync(read, asked, failed, cancellation);
        }

        return default;
    }

    /// <summary>Counts the customer's messages that are newer than the anchor.</summary>
    private async Task<(long Count, string? Newest)> CountAsync(
        ChatGatewayAccount account, string conversationId, Anchor? anchor, int mostPages, CancellationToken cancellation)
    {
        long count = 0;
        string? newest = null;
        for (var number = 0; number < mostPages; number++)
        {
            var page = await desk.Gateway.ListMessagesAsync(account, conversationId, number, MessagesAPage, cancellation);
            foreach (var message in page.Items)
            {
                if (!string.Equals(message.Author?.Type, AuthorTypes.User, StringComparison.OrdinalIgnoreCase)) continue;
                newest ??= message.Id;
                if (message.Id == anchor?.MessageId) return (count, newest);
                count++;
            }

            if (page.Items.Count < MessagesAPage) return (count, newest);
        }

        return (anchor is null ? count : long.MaxValue / 2, newest);
    }

    private bool IsTooOld(Request asked) => NowMs - asked.Since > (long)desk.Options.SendFor.TotalMilliseconds;

    private TableTransactionAction Done(Command command) => new(TableTransactionActionType.Delete,
        new TableEntity(HandoverKey.Of(HandoverId).ToString(), HandoverRows.Command(command.Number)) { ETag = Azure.ETag.All });
}
