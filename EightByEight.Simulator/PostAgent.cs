namespace EightByEight.Simulator;

/// <summary>Who gets a conversation once its agent has finished, and for how long.</summary>
/// <param name="WebhookId">The webhook that takes over.</param>
/// <param name="NotifiesChannel">Whether the channel's webhook gets the events too.</param>
/// <param name="MaxTotal">The conversation ends when it took so long; null: no limit.</param>
/// <param name="UserTimeout">It ends when the customer is silent for so long after the bot's last message; null: no limit.</param>
internal sealed record AfterAgent(
    string WebhookId, bool NotifiesChannel = false, TimeSpan? MaxTotal = null, TimeSpan? UserTimeout = null);

/// <summary>The time after the agent. Its clocks run until it is disposed of; the conversation's lock guards it.</summary>
internal sealed class PostAgentPhase : IDisposable
{
    private readonly TimeSpan? _userTimeout;
    private readonly ITimer _total;
    private readonly ITimer _silence;

    /// <param name="end">Called, with this phase, when a time-out ran out; possibly after disposal.</param>
    public PostAgentPhase(AfterAgent assignment, TimeProvider time, Action<PostAgentPhase> end)
    {
        NotifiesChannel = assignment.NotifiesChannel;
        _userTimeout = assignment.UserTimeout;
        Until = assignment.MaxTotal is { } total ? time.GetUtcNow() + total : null;
        _silence = time.CreateTimer(_ => end(this), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _total = time.CreateTimer(_ => end(this), null, assignment.MaxTotal ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public bool NotifiesChannel { get; }

    /// <summary>When it ends whatever is said.</summary>
    public DateTimeOffset? Until { get; }

    /// <summary>The customer's silence counts from the bot's last message.</summary>
    public void BotSpoke() => _silence.Change(_userTimeout ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public void CustomerSpoke() => _silence.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public void Dispose()
    {
        _total.Dispose();
        _silence.Dispose();
    }
}
