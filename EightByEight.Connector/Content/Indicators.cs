using EightByEight.Connector.ChatGateway;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Content;

/// <summary>
/// Tells the customer that the bot is at work once that takes longer than <see cref="IndicatorOptions.After"/>, and that a message was
/// read. Nobody waits for it, and its failures are nobody's: 8x8 does not say which channels show it at all.
/// </summary>
internal sealed class Indicators(ChatGatewayClient gateway, IOptions<IndicatorOptions> options, TimeProvider time)
{
    private readonly IndicatorOptions _options = options.Value;
    private readonly TimeProvider _time = time;

    /// <summary>Work begins; it ends when the result is disposed. Quick work sends nothing.</summary>
    /// <param name="account">Asked for only when something is shown; null: it cannot be had.</param>
    public IDisposable? Begin(Func<CancellationToken, Task<ChatGatewayAccount?>> account, string conversationId) =>
        _options.After == TimeSpan.Zero ? null : new Work(this, account, conversationId);

    /// <summary>The customer's message was read, on the only channels that have receipts. Source: 8x8, Chat Gateway, read-receipt.</summary>
    /// <param name="channel">As 8x8 calls it.</param>
    public void Read(ChatGatewayAccount account, string conversationId, string? channel, long timestamp)
    {
        if (ChannelContext.KindOf(channel) != ChannelKind.ChatApi || _options.After == TimeSpan.Zero) return;
        var readAt = DateTimeOffset.FromUnixTimeMilliseconds(timestamp);
        Forget(_ => Task.FromResult<ChatGatewayAccount?>(account), (known, cancellation) =>
            gateway.SendReadReceiptAsync(known, conversationId, AuthorTypes.Bot, readAt, cancellation));
    }

    private void Forget(
        Func<CancellationToken, Task<ChatGatewayAccount?>> account, Func<ChatGatewayAccount, CancellationToken, Task> call) => _ = Task.Run(async () =>
    {
        using var limit = new CancellationTokenSource(_options.Timeout, _time);
        try
        {
            if (await account(limit.Token) is { } known) await call(known, limit.Token);
        }
#pragma warning disable CA1031 // Whatever it is: the turn goes on as if nothing had been tried.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The client has written down what 8x8 said.
        }
    });

    private void Typing(Func<CancellationToken, Task<ChatGatewayAccount?>> account, string conversationId) => Forget(account,
        (known, cancellation) => gateway.SendTypingAsync(known, conversationId, AuthorTypes.Bot, cancellation));

    private void Thinking(Func<CancellationToken, Task<ChatGatewayAccount?>> account, string conversationId) => Forget(account,
        (known, cancellation) => gateway.SendThinkingAsync(known, conversationId, null, cancellation));

    private sealed class Work : IDisposable
    {
        private readonly ITimer _timer;
        private DateTimeOffset? _thoughtAt;

        public Work(Indicators indicators, Func<CancellationToken, Task<ChatGatewayAccount?>> account, string conversationId)
        {
            var options = indicators._options;
            _timer = indicators._time.CreateTimer(_ =>
            {
                // 8x8 ends typing after a time that it does not document, thinking after 60 s or the next message.
                indicators.Typing(account, conversationId);
                var now = indicators._time.GetUtcNow();
                if (_thoughtAt is { } before && now - before < options.ThinkingAgain) return;
                indicators.Thinking(account, conversationId);
                _thoughtAt = now;
            }, null, options.After, options.Again);
        }

        public void Dispose() => _timer.Dispose();
    }
}

/// <summary>When the customer is told that the bot is at work (configuration section <c>Connector:Indicators</c>).</summary>
public sealed record IndicatorOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector:Indicators";

    /// <summary>How long a turn takes until it shows; zero: no indicators and receipts at all. Default 1 s.</summary>
    public TimeSpan After { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often typing is shown again meanwhile. Default 8 s.</summary>
    public TimeSpan Again { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How often thinking is shown again meanwhile: 8x8 ends it after 60 s. Default 50 s.</summary>
    public TimeSpan ThinkingAgain { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>How long an indicator may take before it is given up. Default 2 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);
}
