using System.Diagnostics;

namespace EightByEight.Benchmarks;

/// <summary>Sends requests over a number of connections at once and keeps what it saw.</summary>
internal sealed class Load : IDisposable
{
    private readonly Uri _url;
    private readonly Wire[] _wires;
    private Latencies _latencies = new();
    private long _allocated;
    private TimeSpan _elapsed;

    private Load(Uri url, Wire[] wires) => (_url, _wires) = (url, wires);

    public int Count { get; private set; }

    /// <summary>Requests per second, of each round.</summary>
    public List<double> Rates { get; } = [];

    public static async Task<Load> ConnectAsync(Uri url, int connections)
    {
        var wires = new Wire[connections];
        for (var i = 0; i < connections; i++) wires[i] = await Wire.ConnectAsync(url);
        return new Load(url, wires);
    }

    public async Task RunAsync(List<SignedEvent> events)
    {
        var requests = events.ConvertAll(e => e.ToRequest(_url));
        var next = -1;
        var allocated = GC.GetTotalAllocatedBytes();
        var since = Stopwatch.GetTimestamp();
        await Task.WhenAll(_wires.Select(async wire =>
        {
            while (Interlocked.Increment(ref next) is var i && i < requests.Count)
            {
                var sent = Stopwatch.GetTimestamp();
                if (await wire.SendAsync(requests[i]) is not 200) throw new InvalidOperationException($"{_url} answered: {wire}");
                _latencies.Add(Stopwatch.GetElapsedTime(sent));
            }
        }));
        var elapsed = Stopwatch.GetElapsedTime(since);
        _allocated += GC.GetTotalAllocatedBytes() - allocated;
        _elapsed += elapsed;
        Count += requests.Count;
        Rates.Add(requests.Count / elapsed.TotalSeconds);
    }

    /// <summary>What came before was for warming up.</summary>
    public void Forget()
    {
        (_latencies, _allocated, _elapsed, Count) = (new(), 0, TimeSpan.Zero, 0);
        Rates.Clear();
    }

    public override string ToString() =>
        FormattableString.Invariant($"{Count / _elapsed.TotalSeconds:#,0}/s, {_latencies}, {_allocated / 1024d / Count:0} KiB allocated");

    public void Dispose()
    {
        foreach (var wire in _wires) wire.Dispose();
    }
}
