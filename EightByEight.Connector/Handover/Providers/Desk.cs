using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Conversations;
using EightByEight.Connector.Privacy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>What the work on handovers needs.</summary>
internal sealed class Desk(
    ConnectorStorage storage, SealedBodies bodies, WakeUps wakeUps, ProviderStore providers, HandoverInbox inbox, ChatGatewayClient gateway,
    CallbackClient callbacks, Interpreter interpreter, ParkedWork parked, IOptions<ConversationOptions> conversations,
    IOptions<ChatGatewayOptions> chatGateway, IOptions<HandoverProviderOptions> options,
    TimeProvider time, ILogger<Desk> logger)
{
    public ConnectorStorage Storage => storage;
    public SealedBodies Bodies => bodies;
    public WakeUps WakeUps => wakeUps;
    public ProviderStore Providers => providers;
    public HandoverInbox Inbox => inbox;
    public ChatGatewayClient Gateway => gateway;
    public CallbackClient Callbacks => callbacks;
    public Interpreter Interpreter => interpreter;
    public ParkedWork Parked => parked;
    public IOptions<ConversationOptions> Conversations => conversations;
    public IOptions<ChatGatewayOptions> ChatGateway => chatGateway;
    public HandoverProviderOptions Options => options.Value;
    public TimeProvider Time => time;
    public ILogger Logger => logger;

    /// <summary>The handover that a wake-up names.</summary>
    public LeasedRow<HandoverHead> Row(ConversationKey key) => HandoverInbox.RowOf(storage, key.Conversation);

    /// <summary>Works on what a wake-up names.</summary>
    public Task<RunEnd> WorkAsync(ConversationKey key, WakeUp wakeUp, CancellationToken cancellation) => HandoverKey.IsCallbacks(key)
        ? new CallbackRun(this, key, wakeUp).WorkAsync(cancellation)
        : new HandoverRun(this, key, wakeUp).WorkAsync(cancellation);
}
