using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Conversations;

/// <summary>
/// Shares a process among Endpoints, so that one whose Flows wait without end leaves room to the others: so many of its conversations
/// are worked on at a time. How they share the processors: see <see cref="Flows.Scripting.Computing"/>.
/// </summary>
internal sealed class Places(IOptions<ConversationOptions> options, TimeProvider time)
{
    /// <summary>Who waits takes a place from others. Where work flows, one is free again sooner.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan LongestPace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWay = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, Share> _shares = new();

    /// <summary>Takes a place for a conversation of an Endpoint, and gives it back when it is disposed.</summary>
    /// <returns>No place: how long to stay away. Those who are sent away come back one after the other.</returns>
    public async Task<(IDisposable? Place, TimeSpan Away)> TakeAsync(string endpointId, CancellationToken cancellation)
    {
        var share = ShareOf(endpointId);
        var patience = Patience - share.Still;
        if (await share.Free.WaitAsync(patience > TimeSpan.Zero ? patience : TimeSpan.Zero, cancellation)) return (new Place(share), default);
        return (null, share.Away());
    }

    private Share ShareOf(string endpointId) =>
        _shares.GetOrAdd(endpointId, static (_, of) => new Share(of.options.Value.PlacesPerEndpoint, of.time), (options, time));

    /// <summary>What one Endpoint has of the process.</summary>
    private sealed class Share(int places, TimeProvider time)
    {
        private long _freed = time.GetTimestamp();
        private long _next = time.GetTimestamp();

        /// <summary>How long it took lately from one place that was given back to the next.</summary>
        private TimeSpan _every;

        public SemaphoreSlim Free { get; } = new(places);

        /// <summary>Since when no place was given back.</summary>
        public TimeSpan Still => time.GetElapsedTime(Volatile.Read(ref _freed));

        /// <summary>One after the other, about as fast as places are given back.</summary>
        public TimeSpan Away()
        {
            lock (Free)
            {
                var pace = Pace(_every > Still ? _every : Still);
                var now = time.GetTimestamp();
                var longest = now + Ticks(LongestWay);
                _next = Math.Min(Math.Max(_next, now) + Ticks(pace), longest);
                return time.GetElapsedTime(now, _next);
            }
        }

        public void GiveBack()
        {
            lock (Free)
            {
                _every += (Pace(Still) - _every) / 4;
                Volatile.Write(ref _freed, time.GetTimestamp());
            }

            Free.Release();
        }

        private static TimeSpan Pace(TimeSpan between) => between < LongestPace ? between : LongestPace;

        private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
    }

    private sealed class Place(Share share) : IDisposable
    {
        private int _isGiven;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isGiven, 1) == 0) share.GiveBack();
        }
    }
}
