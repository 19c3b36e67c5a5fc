namespace EightByEight.Connector.Analytics;

/// <summary>What came together on one day (UTC) at one Endpoint.</summary>
public sealed record AnalyticsDay
{
    /// <summary>The day.</summary>
    public DateOnly Day { get; set; }

    /// <summary>Turns; one that paused is one.</summary>
    public int Turns { get; set; }

    /// <summary>Conversations that had a turn.</summary>
    public int Conversations { get; set; }

    /// <summary>Sessions that had a turn.</summary>
    public int Sessions { get; set; }

    /// <summary>Turns of which somebody said that the bot understood.</summary>
    public int Understood { get; set; }

    /// <summary>Turns of which somebody said that it did not.</summary>
    public int NotUnderstood { get; set; }

    /// <summary>Turns that gave the conversation to people.</summary>
    public int Handovers { get; set; }

    /// <summary>Turns whose Flow failed.</summary>
    public int Failures { get; set; }

    /// <summary>The mean duration of a turn, without its pauses, in milliseconds.</summary>
    public double AverageDurationMs { get; set; }

    /// <summary>Turns by channel.</summary>
    public IReadOnlyDictionary<string, int> Channels { get; set; } = new Dictionary<string, int>();

    /// <summary>Turns by intent.</summary>
    public IReadOnlyDictionary<string, int> Intents { get; set; } = new Dictionary<string, int>();

    /// <summary>How often each goal was reached.</summary>
    public IReadOnlyDictionary<string, int> Goals { get; set; } = new Dictionary<string, int>();

    /// <summary>Adds records up. They are read once, and none is kept.</summary>
    internal static async Task<AnalyticsDay> OfAsync(DateOnly day, IAsyncEnumerable<AnalyticsRecord> records)
    {
        var (conversations, sessions) = (new HashSet<string>(), new HashSet<string>());
        var (channels, intents, goals) = (new Counts(), new Counts(), new Counts());
        var sum = new AnalyticsDay { Day = day };
        double duration = 0;
        // The parts of a turn follow one another, and its last word counts.
        AnalyticsRecord? said = null;
        void Close(AnalyticsRecord? next)
        {
            if (said is not null && next is { Part: > 0 } && (next.ConversationId, next.EventId) == (said.ConversationId, said.EventId))
            {
                if (next.Understood is not null) said = next;
                return;
            }

            if (said?.Understood == true) sum.Understood++;
            if (said?.Understood == false) sum.NotUnderstood++;
            said = next;
        }

        await foreach (var record in records)
        {
            duration += record.DurationMs;
            if (record.Part == 0)
            {
                sum.Turns++;
                channels.Add(record.Channel);
                intents.Add(record.Intent);
            }

            conversations.Add(record.ConversationId);
            if (record.SessionId is { } session) sessions.Add(session);
            Close(record);
            if (record.Handover) sum.Handovers++;
            if (record.Failed) sum.Failures++;
            foreach (var goal in record.Goals) goals.Add(goal);
        }

        Close(null);
        return sum with
        {
            Conversations = conversations.Count,
            Sessions = sessions.Count,
            AverageDurationMs = sum.Turns == 0 ? 0 : Math.Round(duration / sum.Turns, 1),
            Channels = channels.Most,
            Intents = intents.Most,
            Goals = goals.Most,
        };
    }

    /// <summary>Counts by name. A row holds only so much, so that the rarest go together.</summary>
    private sealed class Counts
    {
        private const int Named = 200;
        private readonly Dictionary<string, int> _counts = [];

        public void Add(string? name)
        {
            if (name is not { Length: > 0 }) return;
            _counts[name] = _counts.GetValueOrDefault(name) + 1;
        }

        public IReadOnlyDictionary<string, int> Most
        {
            get
            {
                if (_counts.Count <= Named) return _counts;
                var sorted = _counts.OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).ToList();
                var most = sorted.Take(Named).ToDictionary(count => count.Key, count => count.Value);
                most["(others)"] = sorted.Skip(Named).Sum(count => count.Value);
                return most;
            }
        }
    }
}
