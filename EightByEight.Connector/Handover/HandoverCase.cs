using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EightByEight.Connector.Content;
using EightByEight.Connector.Conversations;

namespace EightByEight.Connector.Handover;

/// <summary>Where a handover stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HandoverStatus>))]
internal enum HandoverStatus
{
    /// <summary>The Flow asked for it; 8x8 has not told of a queue yet.</summary>
    Requested,

    /// <summary>The customer waits in a queue.</summary>
    Queued,

    /// <summary>An agent talks with the customer.</summary>
    Agent,

    /// <summary>An agent passed the customer to another queue.</summary>
    Transferred,

    /// <summary>The agent left; whether that was a transfer is not clear yet.</summary>
    Left,

    /// <summary>The customer is being taken back.</summary>
    Returning,

    /// <summary>The agent finished.</summary>
    Completed,

    /// <summary>The customer, or the contact centre, called it off before an agent came.</summary>
    Cancelled,

    /// <summary>8x8 did not take it.</summary>
    Failed,

    /// <summary>No agent came in time.</summary>
    TimedOut,
}

/// <summary>
/// One handover from its request to its end. It is a function of what 8x8 tells, in whatever order that comes: who talks is known by
/// <see cref="People"/>, and for everything else the newest timestamp counts.
/// </summary>
internal sealed record HandoverCase
{
    /// <summary>How often 8x8 may say that it has not carried out what it accepted.</summary>
    private const int MostChecks = 3;

    public HandoverRequest Request { get; set; } = new();
    public HandoverStatus Status { get; set; }

    /// <summary>By 8x8, the time of the event that led to it: what is older concerns an earlier handover.</summary>
    public long Since { get; set; }

    /// <summary>By our clock, milliseconds since 1970, as all the following.</summary>
    public long RequestedAt { get; set; }

    /// <summary>When the customer last said something.</summary>
    public long LastInputAt { get; set; }

    /// <summary>How often in a row the customer was found silent.</summary>
    public int InactivityCount { get; set; }

    /// <summary>The newest word of a queue, by 8x8's time.</summary>
    public long QueuedAt { get; set; }

    public string? QueueId { get; set; }
    public string? QueueName { get; set; }
    public string? AgentId { get; set; }

    /// <summary>Whether the Flow knows of this wait in a queue.</summary>
    public bool QueueTold { get; set; }

    /// <summary>Whether any agent ever came.</summary>
    public bool HadAgent { get; set; }

    /// <summary>When the last agent left or 8x8 gave the conversation back after one, by its time; 0: neither has happened.</summary>
    public long AgentLeftAt { get; set; }

    /// <summary>How it is to end once the customer was taken back.</summary>
    public HandoverStatus? Ending { get; set; }

    /// <summary>Why it failed or ended, for the Flow and the operator.</summary>
    public string? Reason { get; set; }

    /// <summary>Whether 8x8 will give the conversation back to the bot after the agent.</summary>
    public bool ComesBack { get; set; }

    /// <summary>When it is looked at whether an agent who left is coming back; null: nothing to look at.</summary>
    public long? DecideAt { get; set; }

    /// <summary>The leaving of an agent that 8x8, asked, said was no end; by 8x8's time.</summary>
    public long GoesOnAfter { get; set; }

    /// <summary>How often that was asked in a row, without an answer that ends it.</summary>
    public int Undecided { get; set; }

    /// <summary>When it is looked at whether 8x8 carried out the assignment that it accepted; counts while it is requested.</summary>
    public long? CheckAt { get; set; }

    /// <summary>How often 8x8, asked, said that it had not.</summary>
    public int NotAssigned { get; set; }

    public long? InactivityAt { get; set; }
    public long? TimeoutAt { get; set; }

    /// <summary>What the Flow is still to be told, oldest first.</summary>
    public IReadOnlyList<HandoverNotice> Notices { get; set; } = [];

    /// <summary>How many notices there were.</summary>
    public int Noticed { get; set; }

    [JsonIgnore]
    public bool IsActive => Status < HandoverStatus.Completed;

    /// <summary>Whether an agent may be with the customer: then nobody takes the customer back.</summary>
    [JsonIgnore]
    public bool HasPeople => Status is HandoverStatus.Agent or HandoverStatus.Transferred or HandoverStatus.Left;

    /// <summary>When something is to be done although nothing happens; null: never.</summary>
    [JsonIgnore]
    public long? DueAt => !IsActive ? null
        : Least(Least(Least(DecideAt, InactivityAt), TimeoutAt), Status == HandoverStatus.Requested ? CheckAt : null);

    public static HandoverCase Begin(HandoverRequest request, long since, DateTimeOffset now)
    {
        var at = now.ToUnixTimeMilliseconds();
        return new()
        {
            Request = request,
            Since = since,
            RequestedAt = at,
            LastInputAt = at,
            QueueId = request.QueueId,
            InactivityAt = After(now, request.InactivityMinutes),
            TimeoutAt = After(now, request.TimeoutMinutes),
        };
    }

    /// <summary>The handover after an event that the facts already know.</summary>
    public HandoverCase After(StoredEvent stored, JsonElement body, ConversationFacts facts, DateTimeOffset now, TimeSpan grace)
    {
        if (!IsActive || stored.Timestamp <= Since) return this;
        var (queuedAt, queueId, queueName) = Queue(stored, body);
        var next = queuedAt is { } at && at >= QueuedAt
            ? this with
            {
                QueuedAt = at,
                QueueId = queueId ?? QueueId,
                QueueName = queueName ?? (queueId is null || queueId == QueueId ? QueueName : null),
            }
            : this;
        var hadAgent = HadAgent || facts.People.WereThere(Since);
        // An agent's leaving may be told after the end.
        var left = Math.Max(facts.People.LeftAt, hadAgent ? facts.People.EndedAt : 0);
        next = (next with
        {
            HadAgent = hadAgent,
            AgentLeftAt = left > Since ? left : AgentLeftAt,
            AgentId = facts.People.NewestAgent ?? Agent(stored, body) ?? AgentId,
        }).Judged(facts, now, grace);
        // The assignment comes first, without the queue's name.
        return next is { Status: HandoverStatus.Queued, Request.OnQueued: true, QueueTold: false } && stored.EventType == "QUEUED"
            ? Noted(next with { QueueTold = true }, "queueUpdate")
            : next;
    }

    /// <summary>The status that the facts give, with the notices of a change.</summary>
    public HandoverCase Judged(ConversationFacts facts, DateTimeOffset now, TimeSpan grace)
    {
        var people = facts.People;
        switch (people.TalkAt(now, grace))
        {
            case Talk.Yes when people.IsAgentIn:
                return Now(HandoverStatus.Agent) with
                {
                    Ending = null,
                    DecideAt = null,
                    TimeoutAt = null,
                    QueueTold = false,
                };
            case Talk.Yes:
                return Now(QueuedAt > people.TransferAt ? HandoverStatus.Queued : HandoverStatus.Transferred) with { DecideAt = null };
        }

        if (Status == HandoverStatus.Returning) return this;
        var closedAt = Math.Max(people.CustomerLeftAt, facts.State is { Value: "IDLE", At: var idle } ? idle : 0);
        if (closedAt > Since && closedAt >= QueuedAt) return Over("The conversation was closed.");
        // Without a queue before, a script is only the one that the bot talks in.
        if (people.EndedAt > Since && people.EndedAt > QueuedAt && (QueuedAt > 0 || HadAgent))
            return Over("The contact centre gave the conversation back.");
        if (people.LeftAt > Math.Max(Since, GoesOnAfter) && people.LeftAt > QueuedAt)
            return Now(HandoverStatus.Left) with { DecideAt = DecideAt ?? people.DecidedAt(grace).ToUnixTimeMilliseconds() };
        // 8x8 says that it goes on, and no newer event tells with whom.
        if (people.LeftAt > Since && people.LeftAt > QueuedAt) return this;
        return QueuedAt > Since ? Now(HandoverStatus.Queued) with { DecideAt = null } : this;
    }

    /// <summary>8x8, asked after the grace time, says that the agent's leaving was no end.</summary>
    /// <param name="leftAt">When the agent left, by 8x8's time: what came before is no end.</param>
    /// <param name="again">When it is asked again: the resource may be behind the events, and no event is promised.</param>
    public HandoverCase GoesOn(long leftAt, DateTimeOffset again) => Now(HandoverStatus.Transferred) with
    {
        DecideAt = again.ToUnixTimeMilliseconds(),
        Undecided = GoesOnAfter == leftAt ? Undecided + 1 : 1,
        GoesOnAfter = leftAt,
    };

    /// <summary>Whether only the conversation resource says that it goes on, which is asked again.</summary>
    [JsonIgnore]
    public bool IsUnconfirmed => Status == HandoverStatus.Transferred && DecideAt is not null;

    /// <summary>8x8 was asked whether it carried out the assignment that it had accepted.</summary>
    /// <param name="isDone">Whether the conversation is with a queue or an agent; null: that could not be found out.</param>
    /// <param name="again">When it is asked again.</param>
    public HandoverCase Checked(bool? isDone, DateTimeOffset again) => isDone switch
    {
        true => Now(HandoverStatus.Queued) with { CheckAt = null },
        false when NotAssigned + 1 == MostChecks => Ended(HandoverStatus.Failed, "8x8 accepted the handover and did not carry it out."),
        _ => this with { NotAssigned = NotAssigned + (isDone is null ? 0 : 1), CheckAt = again.ToUnixTimeMilliseconds() },
    };

    /// <summary>The customer said something while people are in charge.</summary>
    public HandoverCase Heard(long receivedAt) => this with { LastInputAt = Math.Max(LastInputAt, receivedAt), InactivityCount = 0 };

    /// <summary>Whether it is over, and the customer was with its people at a time of 8x8's.</summary>
    public bool HadCustomerAt(long at) => !IsActive && Since < at && at <= AgentLeftAt;

    /// <summary>Whether what the customer said calls the handover off.</summary>
    /// <param name="understand">Gets the intent of a text; null: only one that is named counts.</param>
    public async ValueTask<bool> IsCancelledByAsync(IncomingContent content, Func<string, ValueTask<string?>>? understand)
    {
        if (Status is not (HandoverStatus.Requested or HandoverStatus.Queued)) return false;
        var text = content.Text.Trim();
        if (Request.CancelButton is { } button && string.Equals(text, button.Trim(), StringComparison.OrdinalIgnoreCase)) return true;
        return Request.CancelIntent is { } intent && text.Length > 0
            && (TriggeredIntent.In(text) ?? (understand is null ? null : await understand(text))) == intent;
    }

    /// <summary>The customer is to be taken back.</summary>
    public HandoverCase Return(HandoverStatus ending) =>
        this with { Status = HandoverStatus.Returning, Ending = ending, TimeoutAt = null, InactivityAt = null };

    /// <summary>Nobody could be found to give the customer back to: the customer goes on waiting.</summary>
    public HandoverCase KeepWaiting() =>
        this with { Status = QueuedAt > Since ? HandoverStatus.Queued : HandoverStatus.Requested, Ending = null };

    public HandoverCase Ended(HandoverStatus how, string? reason) =>
        IsActive ? Now(how) with { Reason = reason, DecideAt = null, InactivityAt = null, TimeoutAt = null } : this;

    /// <summary>The customer is taken back, as <see cref="Return"/> wanted.</summary>
    public HandoverCase TakenBack() => Ended(
        Ending ?? HandoverStatus.Cancelled, Ending == HandoverStatus.TimedOut ? "No agent came in time." : "The customer called it off.");

    /// <summary>Nothing was heard of the customer for the time that the Flow named.</summary>
    public HandoverCase Silent(DateTimeOffset now)
    {
        var wait = TimeSpan.FromMinutes(Request.InactivityMinutes!.Value);
        var due = LastInputAt + (long)(wait.TotalMilliseconds * (InactivityCount + 1));
        if (due > now.ToUnixTimeMilliseconds()) return this with { InactivityAt = due };
        return Noted(this with { InactivityCount = InactivityCount + 1, InactivityAt = (now + wait).ToUnixTimeMilliseconds() }, "handoverInactivity");
    }

    public HandoverCase WithoutNotice() => this with { Notices = [.. Notices.Skip(1)] };

    /// <summary>What the Flow sees as <c>input.handover</c>.</summary>
    public JsonObject ToInput(HandoverNotice? notice) => new()
    {
        ["status"] = Name(notice?.Status ?? Status),
        ["eventType"] = notice?.EventType,
        ["queueId"] = QueueId,
        ["queueName"] = QueueName,
        ["agentId"] = AgentId,
        ["inactivityCount"] = InactivityCount,
        ["error"] = (notice?.Status ?? Status) == HandoverStatus.Failed ? new JsonObject { ["reason"] = "error", ["message"] = Reason } : null,
        ["reason"] = Reason,
    };

    /// <summary>The name that Flows and operators see, such as <c>timedOut</c>.</summary>
    public static string Name(HandoverStatus status) => JsonNamingPolicy.CamelCase.ConvertName(status.ToString());

    private HandoverCase Now(HandoverStatus status)
    {
        if (status == Status) return this;
        var next = this with { Status = status };
        return status switch
        {
            HandoverStatus.Agent when Request.OnAgent => Noted(next, null),
            >= HandoverStatus.Completed => Noted(next, null),
            _ => next,
        };
    }

    private static HandoverCase Noted(HandoverCase it, string? eventType) => it with
    {
        Noticed = it.Noticed + 1,
        Notices = [.. it.Notices, new HandoverNotice { Number = it.Noticed + 1, Status = it.Status, EventType = eventType }],
    };

    private static (long? At, string? Id, string? Name) Queue(StoredEvent stored, JsonElement body)
    {
        var data = body.Member("data");
        if (stored.EventType == "QUEUED") return (stored.Timestamp, data.Text("queueId") ?? body.Text("queueId"), data.Text("queueName"));
        var assignment = data.Member("assignment");
        return stored.EventType == "CONVERSATION_UPDATE" && string.Equals(assignment.Text("type"), "queue", StringComparison.OrdinalIgnoreCase)
            ? (stored.Timestamp, assignment.Text("id"), null)
            : (null, null, null);
    }

    private static string? Agent(StoredEvent stored, JsonElement body)
    {
        var data = body.Member("data");
        var named = stored.EventType == "CONVERSATION_UPDATE" ? data.Member("assignment") : data.Member("sender");
        return string.Equals(named.Text("type"), "agent", StringComparison.OrdinalIgnoreCase) ? named.Text("id") : null;
    }

    private HandoverCase Over(string reason) =>
        HadAgent ? Ended(HandoverStatus.Completed, null) : Ended(HandoverStatus.Cancelled, reason);

    private static long? After(DateTimeOffset now, double? minutes) =>
        minutes is { } given ? (now + TimeSpan.FromMinutes(given)).ToUnixTimeMilliseconds() : null;

    private static long? Least(long? one, long? other) => one is null || other < one ? other ?? one : one;
}

/// <summary>Something that the Flow is told in a turn of its own.</summary>
internal sealed record HandoverNotice
{
    /// <summary>From 1, within the handover.</summary>
    public int Number { get; set; }

    public HandoverStatus Status { get; set; }

    /// <summary>Cognigy's name for what is no status; null: the status says it all.</summary>
    public string? EventType { get; set; }
}
