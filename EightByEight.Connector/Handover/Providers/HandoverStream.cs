using System.Globalization;
using System.Text;
using Azure.Data.Tables;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>
/// The events of a handover as server-sent events. They are read from the table, so that a reader can come back to any instance
/// with the number of the last event it has.
/// </summary>
internal sealed class HandoverStream(
    ConnectorStorage storage, SealedBodies bodies, HandoverInbox inbox, IOptions<HandoverProviderOptions> options, IHostApplicationLifetime lifetime,
    TimeProvider time)
{
    /// <summary>Writes until the last event, until the time is over, or until the reader goes.</summary>
    /// <param name="after">The number of the last event that the reader has.</param>
    /// <param name="hasEnded">Whether only what still waits can follow.</param>
    public async Task WriteAsync(HttpContext http, string handoverId, long after, bool hasEnded)
    {
        // A reader must not keep this instance from stopping: it comes back to another.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await WriteAsync(http, handoverId, after, hasEnded, either.Token);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
        }
        catch (Exception failed) when (Refusal.IsStorageFailure(failed, either.Token) && http.Response.HasStarted)
        {
            // Too late for a problem: the reader comes back.
            http.Abort();
        }
    }

    private async Task WriteAsync(HttpContext http, string handoverId, long after, bool hasEnded, CancellationToken cancellation)
    {
        var response = http.Response;
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        await SendAsync(response, "retry: 1000\n\n", cancellation);
        var (began, spoke) = (time.GetTimestamp(), time.GetTimestamp());
        while (time.GetElapsedTime(began) < options.Value.StreamFor)
        {
            await foreach (var stored in NextAsync(handoverId, after, cancellation))
            {
                var json = Encoding.UTF8.GetString(await bodies.ReadAsync(HandoverKey.Of(handoverId), stored.Body, cancellation));
                await SendAsync(response, string.Create(
                    CultureInfo.InvariantCulture, $"id: {stored.Number}\nevent: {stored.Type}\ndata: {json}\n\n"), cancellation);
                (after, spoke) = (stored.Number, time.GetTimestamp());
                if (EventTypes.IsLast(stored.Type)) return;
            }

            if (hasEnded && !await inbox.HasWorkAsync(handoverId, cancellation)) return;
            if (time.GetElapsedTime(spoke) >= options.Value.StreamHeartbeat)
            {
                await SendAsync(response, ": still here\n\n", cancellation);
                spoke = time.GetTimestamp();
            }

            await Task.Delay(options.Value.StreamPoll, time, cancellation);
        }
    }

    private IAsyncEnumerable<StoredHandoverEvent> NextAsync(string handoverId, long after, CancellationToken cancellation)
    {
        var partition = HandoverKey.Of(handoverId).ToString();
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and RowKey gt {HandoverRows.Event(after)} and RowKey lt {HandoverRows.CallbackHead}");
        return storage.Handovers.QueryAsync<TableEntity>(filter, cancellationToken: cancellation).Select(StoredHandoverEvent.From);
    }

    private static async Task SendAsync(HttpResponse response, string text, CancellationToken cancellation)
    {
        await response.WriteAsync(text, cancellation);
        await response.Body.FlushAsync(cancellation);
    }
}
