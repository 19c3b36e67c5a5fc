using EightByEight.Connector.Conversations;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EightByEight.DevHost;

/// <summary>Stands in for the timer trigger: sweeps once an hour.</summary>
internal sealed partial class SweepTimer(Sweeper sweeper, TimeProvider time, ILogger<SweepTimer> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromHours(1), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await sweeper.SweepAsync(stoppingToken);
            }
            catch (Exception failed) when (failed is not OperationCanceledException)
            {
                // The next hour sweeps what this one did not.
                Log.Failed(logger, failed);
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Error, "The sweep failed; it is tried again in an hour.")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
