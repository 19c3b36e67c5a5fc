using System.Collections.Concurrent;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>
/// Shares the processors among Endpoints, so that one whose Flows or transformers loop until a limit stops them leaves room to the
/// others: half of the processors is all that one Endpoint computes on, and what computes long has a thread of its own.
/// </summary>
/// <remarks>No priority is lowered: a thread that gets no processor also holds up the garbage collector, and so everybody.</remarks>
internal sealed class Computing(TimeProvider time)
{
    /// <summary>What computes longer than this holds up others who wait for a thread of the pool.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<string, Lane> _lanes = new();

    /// <summary>Computes when it is the Endpoint's turn to.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled before its turn came.</exception>
    public async ValueTask<T> RunAsync<T>(string endpointId, Func<T> compute, CancellationToken cancellation)
    {
        var lane = _lanes.GetOrAdd(endpointId, static _ => new Lane());
        await lane.Processors.WaitAsync(cancellation);
        var began = time.GetTimestamp();
        try
        {
            return lane.IsLong ? await AsideAsync(compute) : compute();
        }
        finally
        {
            lane.IsLong = time.GetElapsedTime(began) > Long;
            lane.Processors.Release();
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public async ValueTask RunAsync(string endpointId, Action compute, CancellationToken cancellation) => await RunAsync(
        endpointId, () =>
        {
            compute();
            return true;
        }, cancellation);

    /// <summary>Computes on a thread of its own, so that none of the pool's is missing. What follows goes back to the pool.</summary>
    private static Task<T> AsideAsync<T>(Func<T> compute) => Task.Factory.StartNew(
        compute, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.RunContinuationsAsynchronously, TaskScheduler.Default);

    /// <summary>What one Endpoint has of the processors.</summary>
    private sealed class Lane
    {
        public SemaphoreSlim Processors { get; } = new(Math.Max(1, Environment.ProcessorCount / 2));

        /// <summary>Whether what was computed last took long.</summary>
        public volatile bool IsLong;
    }
}
