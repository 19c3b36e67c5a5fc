namespace EightByEight.Simulator;

/// <summary>One attempt to deliver an event.</summary>
/// <param name="Retry">0 for the first attempt.</param>
/// <param name="At">When it was sent; the transmission time.</param>
/// <param name="Duration">Until the answer or its absence was known.</param>
/// <param name="Status">The HTTP status; null when no answer came.</param>
/// <param name="Response">The start of the answer's body, or why there was none.</param>
public sealed record DeliveryAttempt(int Retry, DateTimeOffset At, TimeSpan Duration, int? Status, string Response)
{
    /// <summary>Whether the answer was 2xx.</summary>
    public bool Succeeded => Status is >= 200 and < 300;
}

/// <summary>An entry of the Event Log, with the columns of 8x8's Configuration Manager. An entry never changes.</summary>
public sealed record EventLogEntry
{
    /// <summary>Grows with each entry; an entry that is updated keeps it.</summary>
    public required long Number { get; init; }

    /// <summary><c>Outbound</c> (8x8 to the webhook) or <c>Inbound</c> (a REST request).</summary>
    public required string Direction { get; init; }

    /// <summary><c>Pending</c>, <c>Success</c>, <c>Retrying</c>, <c>Failed</c>, or the HTTP status of a REST request.</summary>
    public required string Status { get; init; }

    /// <summary>The event type, or the operation of a REST request.</summary>
    public required string RecordType { get; init; }

    /// <summary>When the event came up or the request came in.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    public required string TenantId { get; init; }

    public string? EventId { get; init; }

    public string? WebhookId { get; init; }

    public string? ChannelId { get; init; }

    public string? ConversationId { get; init; }

    public string? InteractionId { get; init; }

    /// <summary>How many attempts followed the first one.</summary>
    public int RetryAttempts => Math.Max(0, Attempts.Count - 1);

    /// <summary>How long the last attempt, or the request, took.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The body as it was sent.</summary>
    public string Body { get; init; } = "";

    /// <summary>The body of the last answer.</summary>
    public string? ResponseBody { get; init; }

    /// <summary>All attempts, oldest first.</summary>
    public IReadOnlyList<DeliveryAttempt> Attempts { get; init; } = [];
}

/// <summary>The newest entries, up to a limit. Safe for concurrent use.</summary>
public sealed class EventLog
{
    private readonly int _capacity;
    private readonly Action<EventLogEntry> _changed;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, EventLogEntry> _entries = [];
    private long _last;

    internal EventLog(int capacity, Action<EventLogEntry> changed)
    {
        _capacity = capacity;
        _changed = changed;
    }

    /// <summary>All entries, newest first.</summary>
    public IReadOnlyList<EventLogEntry> Entries
    {
        get
        {
            lock (_gate) return [.. _entries.Values.Reverse()];
        }
    }

    internal long Add(Func<long, EventLogEntry> make)
    {
        EventLogEntry entry;
        lock (_gate)
        {
            entry = make(++_last);
            _entries.Add(entry.Number, entry);
            if (_entries.Count > _capacity) _entries.Remove(_entries.Keys.First());
        }

        _changed(entry);
        return entry.Number;
    }

    internal void Update(long number, Func<EventLogEntry, EventLogEntry> change)
    {
        EventLogEntry entry;
        lock (_gate)
        {
            if (!_entries.TryGetValue(number, out var old)) return; // fell out of the log meanwhile
            entry = _entries[number] = change(old);
        }

        _changed(entry);
    }
}
