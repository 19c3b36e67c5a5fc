using System.Collections.Concurrent;
using System.Globalization;
using Azure.Core;
using EightByEight.Connector;

namespace EightByEight.Benchmarks;

/// <summary>Counts storage requests by what they do.</summary>
internal sealed class StorageRequests : HttpPipelinePolicyPerCall
{
    private ConcurrentDictionary<string, int> _counts = new();

    public override void OnReceivedResponse(HttpMessage message)
    {
        if (NameOf(message) is { } name) _counts.AddOrUpdate(name, 1, (_, count) => count + 1);
    }

    /// <summary>What was counted since the last time, once nothing more comes.</summary>
    public async Task<RequestCounts> QuietAsync()
    {
        for (var (before, now) = (-1, _counts.Values.Sum()); before != now;)
        {
            await Task.Delay(500);
            (before, now) = (now, _counts.Values.Sum());
        }

        return new RequestCounts(Interlocked.Exchange(ref _counts, new()));
    }

    /// <returns>Null for a look at an empty queue.</returns>
    private static string? NameOf(HttpMessage message)
    {
        var (method, path) = (message.Request.Method, message.Request.Uri.Path);
        if (path.Contains("/messages", StringComparison.Ordinal))
            return method == RequestMethod.Post ? "put"
                : method == RequestMethod.Delete ? "delete"
                : method == RequestMethod.Put ? "update"
                : message.Response.Content.ToString().Contains("<QueueMessage>", StringComparison.Ordinal) ? "receive" : null;
        if (path.EndsWith("$batch", StringComparison.Ordinal)) return "transaction";
        return method == RequestMethod.Get ? "query" : method == RequestMethod.Post ? "insert" : $"{method} {path.Split('/')[^1]}";
    }
}

/// <summary>Requests by what they do.</summary>
internal sealed record RequestCounts(IReadOnlyDictionary<string, int> Counts)
{
    public int Total => Counts.Values.Sum();

    public RequestCounts Without(RequestCounts others) =>
        new(Counts.ToDictionary(c => c.Key, c => c.Value - others.Counts.GetValueOrDefault(c.Key)));

    public string PerEach(int number) => string.Join(", ", Counts.Where(c => c.Value != 0).OrderByDescending(c => c.Value).Select(c =>
        string.Create(CultureInfo.InvariantCulture, $"{(double)c.Value / number:0.##} {c.Key}")));
}
