using Microsoft.Extensions.Logging.Abstractions;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Telemetry;
using Polly.Timeout;

namespace EightByEight.Connector.ChatGateway;

/// <summary>
/// When a call is made again. Two ways with a total time-out, repeats, a circuit breaker and a time-out per
/// attempt, from the outside in.
/// </summary>
internal static class Repeating
{
    /// <summary>For what may be done twice: repeated after 408, 429, 5xx, time-outs and lost connections.</summary>
    public const string Freely = "chat-gateway-freely";

    /// <summary>
    /// For what must not be done twice (messages, uploads, creation): repeated only when 8x8 certainly did nothing, that
    /// is after 429 or when no connection was made.
    /// </summary>
    public const string WhenNotDelivered = "chat-gateway-when-not-delivered";

    /// <summary>For what is worth one attempt and no more, and whose failures must not hold back the rest: indicators.</summary>
    public const string Once = "chat-gateway-once";

    /// <summary>Builds the pipeline of one of the ways.</summary>
    public static void Build(
        ResiliencePipelineBuilder<HttpResponseMessage> pipeline, string way, ChatGatewayOptions options, TimeProvider time)
    {
        pipeline.TimeProvider = time;
        // The client writes one line a failed call; Polly's own lines would repeat what 8x8 said.
        pipeline.ConfigureTelemetry(new TelemetryOptions { LoggerFactory = NullLoggerFactory.Instance });
        pipeline
            .AddTimeout(new TimeoutStrategyOptions
            {
                Name = "total",
                TimeoutGenerator = a => new(CallOf(a.Context).Timeouts.Total),
            });
        if (way == Once) return;
        pipeline
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = options.MaxRetries,
                Delay = options.RetryDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                DelayGenerator = a => new(CallOf(a.Context).Explain(a.Outcome.Exception)?.RetryAfter),
                ShouldHandle = a => new(MayRepeat(way, CallOf(a.Context), a.Outcome.Exception, time)),
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                FailureRatio = options.BreakerFailureRatio,
                MinimumThroughput = options.BreakerMinimumAttempts,
                SamplingDuration = options.BreakerSampling,
                BreakDuration = options.BreakerBreak,
                ShouldHandle = a => new(IsTheServersFault(CallOf(a.Context).Explain(a.Outcome.Exception))),
            })
            .AddTimeout(new TimeoutStrategyOptions
            {
                Name = "attempt",
                TimeoutGenerator = a => new(CallOf(a.Context).Timeouts.Attempt),
            });
    }

    private static Call CallOf(ResilienceContext context) => Call.Of(context.GetRequestMessage()!);

    private static bool MayRepeat(string way, Call call, Exception? thrown, TimeProvider time) =>
        thrown is not BrokenCircuitException
        && call.Explain(thrown) is { } failure
        && (failure.Delivery is Delivery.NotDelivered || (way == Freely && failure.Status is null or 408 or >= 500))
        && (call.Replayable || !call.Sent)
        && (failure.RetryAfter ?? TimeSpan.Zero) < call.Timeouts.Total - time.GetElapsedTime(call.Started);

    /// <summary>Any 4xx is about one account or one conversation, and says nothing about the server.</summary>
    private static bool IsTheServersFault(ChatGatewayException? failure) => failure is { Status: null or >= 500 };
}
