using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using EightByEight.Connector;
using EightByEight.Connector.Conversations;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.DevHost;

/// <summary>How the Functions host treats a queue; the defaults are its own and those of <c>host.json</c>.</summary>
public sealed record QueuePumpOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "DevHost:Queues";

    /// <summary>How long a message stays hidden from others while it is processed.</summary>
    public TimeSpan Visibility { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a message stays hidden after its processing failed.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often a message is tried before it goes to the poison queue.</summary>
    public int MaxDequeueCount { get; init; } = 20;

    /// <summary>How many messages are processed at a time.</summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>The longest pause between looks at an empty queue.</summary>
    public TimeSpan LongestPoll { get; init; } = TimeSpan.FromMilliseconds(250);
}

/// <summary>
/// Stands in for the queue triggers of the Functions host: the same rules on the same queues. A message that was received too often is
/// moved to the poison queue without another try.
/// </summary>
internal sealed partial class QueuePump(
    ConnectorStorage storage, ConversationWorker worker, IOptions<QueuePumpOptions> options, TimeProvider time, ILogger<QueuePump> logger)
    : BackgroundService
{
    private static readonly TimeSpan ShortestPoll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Forever = TimeSpan.FromSeconds(-1);
    private readonly QueuePumpOptions _options = options.Value;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await storage.ReadyAsync().WaitAsync(stoppingToken);
        await Task.WhenAll(
            PumpAsync(storage.WakeUps, (m, c) => worker.ProcessAsync(m.MessageText, m.DequeueCount, c), stoppingToken),
            PumpAsync(storage.PoisonedWakeUps, (m, c) => worker.ReviveAsync(m.MessageText, c), stoppingToken));
    }

    private async Task PumpAsync(QueueClient queue, Func<QueueMessage, CancellationToken, Task> process, CancellationToken stopping)
    {
        using var places = new SemaphoreSlim(_options.Concurrency);
        var pause = ShortestPoll;
        while (!stopping.IsCancellationRequested)
        {
            var received = 0;
            try
            {
                await places.WaitAsync(stopping);
                places.Release();
                var messages = await queue.ReceiveMessagesAsync(Math.Min(places.CurrentCount, 32), _options.Visibility, stopping);
                received = messages.Value.Length;
                foreach (var message in messages.Value)
                {
                    await places.WaitAsync(stopping);
                    _ = ProcessAsync(queue, message, process, places, stopping);
                }
            }
            catch (Exception failed) when (failed is RequestFailedException or AggregateException or IOException)
            {
                Log.QueueUnreachable(logger, queue.Name, failed.Message);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }

            if (received > 0)
            {
                pause = ShortestPoll;
                continue;
            }

            await Task.Delay(pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < _options.LongestPoll ? pause * 2 : _options.LongestPoll;
        }
    }

    private async Task ProcessAsync(
        QueueClient queue, QueueMessage message, Func<QueueMessage, CancellationToken, Task> process, SemaphoreSlim places,
        CancellationToken stopping)
    {
        try
        {
            if (message.DequeueCount > _options.MaxDequeueCount && queue.Name == storage.WakeUps.Name)
                await storage.PoisonedWakeUps.SendMessageAsync(message.MessageText, null, Forever, stopping);
            else await process(message, stopping);
            await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
        catch (Exception failed)
        {
            // The boundary of a host: whatever it was, the message is tried again.
            Log.Failed(logger, queue.Name, message.DequeueCount, failed);
            await HideAsync(queue, message, stopping);
        }
        finally
        {
            places.Release();
        }
    }

    private async Task HideAsync(QueueClient queue, QueueMessage message, CancellationToken stopping)
    {
        try
        {
            await queue.UpdateMessageAsync(message.MessageId, message.PopReceipt, visibilityTimeout: _options.RetryDelay, cancellationToken: stopping);
        }
        catch (Exception failed) when (failed is RequestFailedException or AggregateException or IOException or OperationCanceledException)
        {
            // It shows up again when its time is over.
            Log.QueueUnreachable(logger, queue.Name, failed.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The queue {Queue} cannot be reached: {Reason}")]
        public static partial void QueueUnreachable(ILogger logger, string queue, string reason);

        [LoggerMessage(2, LogLevel.Error, "A message of {Queue} failed, try {Try}; it is tried again.")]
        public static partial void Failed(ILogger logger, string queue, long @try, Exception exception);
    }
}
