using System.Net.Http.Headers;

namespace EightByEight.Connector.ChatGateway;

/// <summary>
/// One attempt, inside the resilience pipeline: whatever goes wrong leaves as a <see cref="ChatGatewayException"/>, so
/// that the pipeline and the caller judge it by the same words. The answer's body is read here, in the attempt's time.
/// </summary>
internal sealed class AttemptHandler(ChatGatewayOptions options, TimeProvider time) : DelegatingHandler
{
    private const int LargestProblem = 64 * 1024;

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = Call.Of(request);
        call.Begin(hasBody: request.Content is not null);
        HttpResponseMessage? response = null;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode) throw await RefusalAsync(call, response, cancellationToken);
            if (call.Buffered) await response.Content.LoadIntoBufferAsync(options.MaxAnswerBytes, cancellationToken);
            var answered = response;
            response = null;
            return answered;
        }
        catch (ChatGatewayException failure)
        {
            throw call.Fails(failure);
        }
        catch (HttpRequestException e)
        {
            throw call.Fails(Failure(call, request, response, e));
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // The handler's own connect time-out.
            throw call.Fails(call.NoAnswer("could not be connected to in time", e));
        }
        finally
        {
            response?.Dispose();
        }
    }

    private ChatGatewayException Failure(
        Call call, HttpRequestMessage request, HttpResponseMessage? response, HttpRequestException e)
    {
        if (response is not null && e.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded)
            return call.Unreadable(response.StatusCode, $"with more than {options.MaxAnswerBytes} bytes", e);
        var mayBeUnconnected = request.Content is null || !call.Sent;
        return mayBeUnconnected && IsAboutConnecting(e.HttpRequestError)
            ? call.NoConnection(e)
            : call.NoAnswer($"closed the connection or broke the protocol ({e.Message})", e);
    }

    private static bool IsAboutConnecting(HttpRequestError error) => error is HttpRequestError.ConnectionError
        or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;

    private async Task<ChatGatewayException> RefusalAsync(Call call, HttpResponseMessage response, CancellationToken cancellation) =>
        call.Answered(
            response.StatusCode,
            Problem.Read(await StartOfAsync(response.Content, cancellation), call.Account.ApiKey),
            RetryAfter(response.Headers.RetryAfter));

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header) =>
        (header?.Delta ?? header?.Date - time.GetUtcNow()) is not { } wait ? null : wait > TimeSpan.Zero ? wait : TimeSpan.Zero;

    /// <summary>As much of an error body as there is, up to a limit: the status counts, whatever becomes of the body.</summary>
    private static async Task<ReadOnlyMemory<byte>> StartOfAsync(HttpContent content, CancellationToken cancellation)
    {
        var start = new byte[LargestProblem];
        var length = 0;
        try
        {
            await using var body = await content.ReadAsStreamAsync(cancellation);
            while (length < start.Length && await body.ReadAsync(start.AsMemory(length), cancellation) is var read and > 0)
                length += read;
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
        }

        return start.AsMemory(0, length);
    }
}
