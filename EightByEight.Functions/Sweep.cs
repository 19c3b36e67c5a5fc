using EightByEight.Connector.Conversations;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Retention, totals and audit, once an hour. Recovery does not depend on it.</summary>
public sealed class Sweep(Sweeper sweeper)
{
    /// <summary>Runs seven minutes past the hour, when fewer other timers do.</summary>
    [Function(nameof(Sweep))]
    public Task RunAsync([TimerTrigger("0 7 * * * *")] TimerInfo timer, CancellationToken cancellationToken) =>
        sweeper.SweepAsync(cancellationToken);
}
