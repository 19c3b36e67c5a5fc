using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;

namespace EightByEight.Functions.Tests.Privacy;

/// <summary>
/// Looks for markers in all tables, queues and blobs of an account, known to tests or not, and in all that is logged, traced and shown.
/// </summary>
internal sealed class Watch : IDisposable
{
    /// <summary>The bot's author wrote the Flow.</summary>
    public static readonly (string Kind, string Name)[] Unwatched = [("table", "Flows")];

    private readonly string _storage;
    private readonly string[] _markers;
    private readonly ConcurrentQueue<string> _traced = new();
    private readonly ActivityListener _listener;

    public Watch(string storage, string[] markers)
    {
        (_storage, _markers) = (storage, markers);
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is EightByEight.Connector.Telemetry.Name or "System.Net.Http",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = a => _traced.Enqueue(string.Join(' ',
                a.TagObjects.Select(t => $"{t.Key}={t.Value}").Append(a.StatusDescription).Concat(a.Events.Select(e => e.Name)))),
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    /// <param name="pages">What an operator may look at.</param>
    /// <param name="told">What others were told.</param>
    public async Task NothingShowsAsync(RecordedLogs logs, HttpClient admin, IEnumerable<string> pages, IEnumerable<string>? told = null)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var found = new HashSet<string>();
        var looked = 0;
        void Look(string where, string text)
        {
            looked++;
            foreach (var marker in _markers)
                if (text.Contains(marker, StringComparison.OrdinalIgnoreCase)
                    || text.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes(marker))[..^4], StringComparison.Ordinal)) found.Add($"{marker} in {where}");
        }

        await foreach (var (where, text) in RestingAsync(_storage, cancellation)) Look(where, text);
        foreach (var line in logs.Lines) Look($"log: {line}", line);
        foreach (var tags in _traced) Look($"trace: {tags}", tags);
        foreach (var body in told ?? []) Look($"told: {body}", body);
        foreach (var page in pages) Look(page, await admin.GetStringAsync(page, cancellation));
        Assert.True(looked > 50, $"Only {looked} places were looked at.");
        Assert.True(found.Count == 0, string.Join('\n', found.Take(20)));
    }

    /// <summary>All that rests in an account, by where.</summary>
    public static async IAsyncEnumerable<(string Where, string Text)> RestingAsync(
        string storage, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var (kind, name) in PlacesAsync(storage, cancellation))
            if (!Unwatched.Contains((kind, name)))
                await foreach (var found in InAsync(storage, kind, name, cancellation)) yield return found;
    }

    /// <summary>Every table, container and queue of an account, known to tests or not.</summary>
    public static async IAsyncEnumerable<(string Kind, string Name)> PlacesAsync(
        string storage, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var table in new TableServiceClient(storage).QueryAsync(cancellationToken: cancellation)) yield return ("table", table.Name);
        await foreach (var container in new BlobServiceClient(storage).GetBlobContainersAsync(cancellationToken: cancellation))
            yield return ("container", container.Name);
        await foreach (var queue in new QueueServiceClient(storage).GetQueuesAsync(cancellationToken: cancellation)) yield return ("queue", queue.Name);
    }

    private static async IAsyncEnumerable<(string Where, string Text)> InAsync(
        string storage, string kind, string name, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        if (kind == "table")
            await foreach (var row in new TableServiceClient(storage).GetTableClient(name).QueryAsync<TableEntity>(cancellationToken: cancellation))
                foreach (var (column, value) in row)
                    yield return ($"table {name} {row.RowKey} {column}", value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : $"{value}");
        else if (kind == "container")
        {
            var container = new BlobServiceClient(storage).GetBlobContainerClient(name);
            await foreach (var blob in container.GetBlobsAsync(BlobTraits.Metadata | BlobTraits.Tags, BlobStates.None, null, cancellation))
                yield return ($"blob {name}/{blob.Name}", blob.Name + string.Join(' ', blob.Metadata) + string.Join(' ', blob.Tags ?? new Dictionary<string, string>())
                    + await ContentAsync(container.GetBlobClient(blob.Name), cancellation));
        }
        else
            foreach (var message in (await new QueueServiceClient(storage).GetQueueClient(name).PeekMessagesAsync(32, cancellation)).Value)
                yield return ($"queue {name}", message.MessageText + Encoding.UTF8.GetString(Convert.FromBase64String(message.MessageText)));
    }

    private static async Task<string> ContentAsync(BlobClient blob, CancellationToken cancellation)
    {
        try
        {
            return Encoding.UTF8.GetString((await blob.DownloadContentAsync(cancellation)).Value.Content);
        }
        catch (Azure.RequestFailedException gone) when (gone.Status == 404)
        {
            // Done with meanwhile.
            return "";
        }
    }
}
