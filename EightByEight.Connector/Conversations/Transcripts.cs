using System.Text.Json;
using Azure.Data.Tables;
using EightByEight.Connector.Handover;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Conversations;

/// <summary>Conversations as an operator looks at them: which were active, what state one is in, what was said.</summary>
internal sealed class Transcripts(
    ConnectorStorage storage, ConversationStore store, IOptions<ConversationOptions> options, TimeProvider time)
{
    /// <summary>As many as a Flow may ask for, and the one in which it asks.</summary>
    private const int MostTurns = 101;

    /// <summary>Of one that is read: a turn may pause as often as it has steps.</summary>
    private const int MostParts = 1_000;

    /// <summary>The conversations of an Endpoint that were active on a day, in no particular order.</summary>
    public async Task<(IReadOnlyList<string> Conversations, string? Continue)> ListAsync(
        string endpointId, string? day, int limit, string? continuation, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        day ??= ActiveIndex.Day(time.GetUtcNow());
        var (shard, after) = Continuation.Parse(continuation, $"{endpointId}|");
        var found = new List<string>();
        for (; shard < ActiveIndex.Shards; shard++, after = $"{endpointId}|")
        {
            var partition = ActiveIndex.Partition(day, shard);
            var filter = TableClient.CreateQueryFilter(
                $"PartitionKey eq {partition} and RowKey gt {after} and RowKey lt {endpointId + "}"}");
            await foreach (var pointer in storage.Index.QueryAsync<TableEntity>(filter, limit, cancellationToken: cancellation))
            {
                found.Add(pointer.GetString("Conversation"));
                if (found.Count == limit) return (found, new Continuation(shard, pointer.RowKey).ToString());
            }
        }

        return (found, null);
    }

    /// <summary>One conversation; null when nothing is known of it.</summary>
    public async Task<ConversationView?> FindAsync(string endpointId, string conversationId, CancellationToken cancellation)
    {
        await storage.ReadyAsync().WaitAsync(cancellation);
        var key = ConversationKey.Of(endpointId, conversationId);
        var snapshot = await store.ReadAsync(key, cancellation);
        if (snapshot.Head is null && snapshot.Inbox.Count == 0) return null;
        var facts = snapshot.State.Facts;
        var head = snapshot.Head;
        return new ConversationView
        {
            ConversationId = conversationId,
            SessionId = snapshot.State.Session?.Id,
            State = facts.State.Value?.ToLowerInvariant(),
            Channel = facts.Channel.Value,
            PeopleTalk = facts.People.TalkAt(time.GetUtcNow(), options.Value.TransferGrace) != Talk.No,
            Handover = snapshot.State.Handover is { } handover ? HandoverView.Of(handover) : null,
            Waiting = snapshot.Inbox.Count,
            Sending = head?.Sending is { } sending ? $"turn {sending.Sequence}: {sending.Sent} of {sending.Count} sent" : null,
            RetryAt = head?.RetryAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null,
            PausedUntil = snapshot.State.Paused is { } paused ? DateTimeOffset.FromUnixTimeMilliseconds(paused.DueAt) : null,
            LastError = head?.LastError,
            Turns = await NewestAsync(key, cancellation),
        };
    }

    /// <summary>The newest turns with their parts, oldest first.</summary>
    public async Task<IReadOnlyList<TurnView>> NewestAsync(ConversationKey key, CancellationToken cancellation) =>
        [.. (await ReadAsync(key, cancellation)).Select(TurnView.Of)];

    /// <summary>The newest turns of a session that nobody hides, after those of an event; null: all of them.</summary>
    public async Task<IEnumerable<(string EventId, TurnView Turn)>> AfterAsync(
        ConversationKey key, string session, string? eventId, CancellationToken cancellation)
    {
        var turns = await ReadAsync(key, cancellation);
        var last = eventId is null ? -1 : turns.FindLastIndex(turn => turn.EventId == eventId);
        return turns.Skip(last + 1).Where(turn => turn.SessionId == session && turn.Hides is null).Select(turn => (turn.EventId, TurnView.Of(turn)));
    }

    /// <summary>The newest turns, each with all its parts.</summary>
    private async Task<List<Turn>> ReadAsync(ConversationKey key, CancellationToken cancellation)
    {
        var (turns, count) = (new List<Turn>(), 0);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {key.ToString()} and RowKey ge {"7|"} and RowKey lt {"7}"}");
        await foreach (var row in storage.Conversations.QueryAsync<TableEntity>(filter, cancellationToken: cancellation))
        {
            var turn = JsonSerializer.Deserialize(
                await Body.From(row).ReadAsync(storage.Bodies, cancellation), ConversationJson.Default.Turn)!;
            if (turns.Count == 0 || turns[^1].EventId != turn.EventId) count++;
            turns.Add(turn);
            while (count > MostTurns || turns.Count > MostParts)
            {
                if (turns[0].EventId != turns[1].EventId) count--;
                turns.RemoveAt(0);
            }
        }

        return turns;
    }

    /// <summary>Where a page ended.</summary>
    private readonly record struct Continuation(int Shard, string RowKey)
    {
        public static Continuation Parse(string? text, string start) =>
            text is { Length: > 2 } && text[1] == '~' && char.IsAsciiDigit(text[0]) ? new(text[0] - '0', text[2..]) : new(0, start);

        public override string ToString() => $"{Shard}~{RowKey}";
    }
}

/// <summary>A conversation for an operator.</summary>
public sealed record ConversationView
{
    /// <summary>8x8's id.</summary>
    public required string ConversationId { get; init; }

    /// <summary>The running session.</summary>
    public string? SessionId { get; init; }

    /// <summary>8x8's state: created, active, idle; null when 8x8 told none.</summary>
    public string? State { get; init; }

    /// <summary>The channel as 8x8 names it.</summary>
    public string? Channel { get; init; }

    /// <summary>Whether a person of the contact centre talks, so that the bot is silent.</summary>
    public bool PeopleTalk { get; init; }

    /// <summary>The handover that goes on, or the last one; null: there was none.</summary>
    public HandoverView? Handover { get; init; }

    /// <summary>How many events wait, up to 48.</summary>
    public int Waiting { get; init; }

    /// <summary>What is on its way to 8x8.</summary>
    public string? Sending { get; init; }

    /// <summary>When the next attempt is made, after a failure.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>When the rest of a turn that paused is due; what the customer says waits for it. Null: no turn pauses.</summary>
    public DateTimeOffset? PausedUntil { get; init; }

    /// <summary>Why the last attempt failed.</summary>
    public string? LastError { get; init; }

    /// <summary>The newest hundred turns or so, each with its parts, of which there are at most a thousand; oldest first.</summary>
    public required IReadOnlyList<TurnView> Turns { get; init; }
}

/// <summary>One turn for an operator.</summary>
public sealed record TurnView
{
    /// <summary>1 for the first.</summary>
    public required long Sequence { get; init; }

    /// <summary>8x8's event id.</summary>
    public required string EventId { get; init; }

    /// <summary>8x8's event type.</summary>
    public required string EventType { get; init; }

    /// <summary>When 8x8 says that it happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What the customer said.</summary>
    public string? Text { get; init; }

    /// <summary>The number of this part of the event's turn, from 0: a turn pauses after what must not be done twice.</summary>
    public int Part { get; init; }

    /// <summary>Whether a newer event had its turn before.</summary>
    public bool Late { get; init; }

    /// <summary>What the bot answered.</summary>
    public required IReadOnlyList<ChatGateway.OutgoingMessage> Outputs { get; init; }

    /// <summary>What was done with the conversation afterwards: <c>handOver</c>, <c>takeBack</c> or <c>end</c>; null: nothing.</summary>
    public string? Action { get; init; }

    /// <summary>What the bot said and nobody was to hear, such as beside an agent; null: nothing.</summary>
    public IReadOnlyList<ChatGateway.OutgoingMessage>? Unsent { get; init; }

    /// <summary>Why that was not sent.</summary>
    public string? UnsentReason { get; init; }

    /// <summary>Why the Flow failed; null when it did not.</summary>
    public Flows.FlowFailure? Failure { get; init; }

    /// <summary>What the Flow passed over, such as a template whose expression threw; null: nothing.</summary>
    public IReadOnlyList<Flows.FlowFailure>? Warnings { get; init; }

    internal static TurnView Of(Turn turn) => new()
    {
        Sequence = turn.Sequence,
        EventId = turn.EventId,
        EventType = turn.EventType,
        At = DateTimeOffset.FromUnixTimeMilliseconds(turn.Timestamp),
        Text = turn.Text,
        Part = turn.Part,
        Late = turn.Late,
        Outputs = Recorded(turn.Outputs),
        Action = turn.Action is { } action ? JsonNamingPolicy.CamelCase.ConvertName(action.ToString()) : null,
        Unsent = turn.Unsent is { } unsent ? Recorded(unsent) : null,
        UnsentReason = turn.UnsentReason,
        Failure = turn.Failure,
        Warnings = turn.Warnings,
    };

    private static IReadOnlyList<ChatGateway.OutgoingMessage> Recorded(IReadOnlyList<ChatGateway.OutgoingMessage> messages) =>
        messages.Any(message => message.IsUnrecorded == true) ? [.. messages.Where(message => message.IsUnrecorded != true)] : messages;
}

/// <summary>A handover for an operator.</summary>
public sealed record HandoverView
{
    /// <summary>
    /// <c>requested</c>, <c>queued</c>, <c>agent</c>, <c>transferred</c>, <c>left</c> (or transferred: it is not clear yet),
    /// <c>returning</c>, <c>completed</c>, <c>cancelled</c>, <c>failed</c> or <c>timedOut</c>.
    /// </summary>
    public required string Status { get; init; }

    /// <summary>When the Flow asked for it.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>The queue's id at 8x8.</summary>
    public string? QueueId { get; init; }

    /// <summary>The queue's name, once 8x8 told it.</summary>
    public string? QueueName { get; init; }

    /// <summary>The newest agent's id at 8x8.</summary>
    public string? AgentId { get; init; }

    /// <summary>Whether 8x8 gives the conversation back to the bot after the agent; else it is closed then.</summary>
    public bool ComesBack { get; init; }

    /// <summary>Why it failed or ended.</summary>
    public string? Reason { get; init; }

    internal static HandoverView Of(HandoverCase handover) => new()
    {
        Status = HandoverCase.Name(handover.Status),
        RequestedAt = DateTimeOffset.FromUnixTimeMilliseconds(handover.RequestedAt),
        QueueId = handover.QueueId,
        QueueName = handover.QueueName,
        AgentId = handover.AgentId,
        ComesBack = handover.ComesBack,
        Reason = handover.Reason,
    };
}
