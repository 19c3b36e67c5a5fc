using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace EightByEight.Simulator;

/// <summary>Something was asked of a conversation that it cannot do now, such as a transfer without an agent.</summary>
public sealed class SimulatorStateException(string message) : Exception(message);

/// <summary>
/// The simulated 8x8: its conversations, what customers and agents do in them, and the events that follow. All state
/// is in memory; all members are safe for concurrent use.
/// </summary>
/// <remarks>
/// Members that name an unknown conversation, queue, webhook or event throw <see cref="KeyNotFoundException"/>.
/// </remarks>
public sealed partial class ChatGatewaySimulator : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Conversation> _conversations = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, WebhookEvent> _events = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _eventOrder = new();
    private readonly ConcurrentDictionary<string, long> _requests = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Webhook> _webhooks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, GatewayChannel> _channels = new(StringComparer.Ordinal);
    private readonly WebhookDelivery _delivery;
    private readonly SigningKey _key;
    private readonly CancellationTokenSource _stopping = new();
    private long _lastId = 1000;

    /// <summary>A simulator that knows what the options name.</summary>
    public ChatGatewaySimulator(SimulatorOptions options)
    {
        Options = options;
        _key = SigningKey.Open(options.KeyFile);
        EventLog = new EventLog(options.EventLogCapacity, Live.Logged);
        _delivery = new WebhookDelivery(options, _key, Faults, EventLog);
        foreach (var webhook in options.Webhooks) _webhooks[webhook.Id] = webhook;
        foreach (var channel in options.Channels) _channels[channel.Id] = channel;
    }

    /// <summary>What it was made with.</summary>
    public SimulatorOptions Options { get; }

    /// <summary>The faults that requests and deliveries meet.</summary>
    public Faults Faults { get; } = new();

    /// <summary>What was sent and received, newest first.</summary>
    public EventLog EventLog { get; }

    /// <summary>The public key of the signatures.</summary>
    public PublicJwk Jwk => _key.Jwk;

    /// <summary>The registered webhooks, oldest first.</summary>
    public IReadOnlyList<Webhook> Webhooks => [.. _webhooks.Values.OrderBy(webhook => webhook.Id, NaturalOrder.Comparer)];

    /// <summary>The channels, oldest first.</summary>
    public IReadOnlyList<GatewayChannel> Channels => [.. _channels.Values.OrderBy(channel => channel.Id, NaturalOrder.Comparer)];

    /// <summary>Ids of all conversations, oldest first.</summary>
    public IReadOnlyList<string> ConversationIds => [.. InOrder.Select(conversation => conversation.Id)];

    /// <summary>How many REST requests each operation got, refused and dropped ones included.</summary>
    public IReadOnlyDictionary<string, long> Requests => new Dictionary<string, long>(_requests);

    /// <summary>Where the simulator is reached, without a trailing slash; without it no event has a <c>preSignedUrl</c>.</summary>
    public string? PublicUrl { get; set; }

    internal LiveUpdates Live { get; } = new();

    internal IEnumerable<Conversation> InOrder => _conversations.Values.OrderBy(conversation => conversation.Order);

    internal CancellationToken Stopping => _stopping.Token;

    /// <summary>All messages of a conversation in the order of arrival, those not visible yet included.</summary>
    public IReadOnlyList<Message> Messages(string conversationId)
    {
        var conversation = Find(conversationId);
        lock (conversation.Gate) return [.. conversation.Messages];
    }

    /// <summary><c>created</c>, <c>active</c> or <c>idle</c>.</summary>
    public string State(string conversationId) => Read(conversationId, conversation => conversation.State);

    /// <summary>Who serves the conversation now.</summary>
    public Assignment AssignmentOf(string conversationId) => Read(conversationId, conversation => conversation.Assignment);

    /// <summary>Completes when every event so far has had its first attempt.</summary>
    public Task SettledAsync() => _delivery.SettledAsync();

    /// <summary>Registers a webhook without asking it first.</summary>
    public Webhook AddWebhook(string name, string uri)
    {
        var webhook = new Webhook(NextId(), name, uri);
        _webhooks[webhook.Id] = webhook;
        Live.SetupChanged();
        return webhook;
    }

    /// <summary>Adds a channel.</summary>
    public GatewayChannel AddChannel(string name, string type, string webhookId, string queueId)
    {
        var channel = new GatewayChannel(NextId(), name, type, webhookId, queueId);
        _channels[channel.Id] = channel;
        Live.SetupChanged();
        return channel;
    }

    /// <summary>Posts <c>WEB_HOOK_VERIFY</c> to a webhook, as <i>Test Connection</i> does.</summary>
    public Task<DeliveryAttempt> TestConnectionAsync(string webhookId) => _delivery.VerifyAsync(FindWebhook(webhookId));

    /// <summary>Posts any event once, signed, whatever it says and whether or not its conversation exists.</summary>
    /// <param name="body">As 8x8 would send it, or broken; the simulator's own state stays as it is.</param>
    /// <returns>The attempt, and the event's id.</returns>
    public Task<(DeliveryAttempt Attempt, string EventId)> PostEventAsync(string webhookId, byte[] body)
    {
        var json = SimulatorJson.TryParse(body);
        return _delivery.PostOnceAsync(FindWebhook(webhookId), body, json.Text("eventType") ?? "CUSTOM", json.Text("conversationId"));
    }

    /// <summary>Delivers an event again, with its id and the next retry number, <paramref name="copies"/> times at once.</summary>
    public Task RedeliverAsync(string eventId, int copies = 1) =>
        _delivery.RedeliverAsync(
            _events.TryGetValue(eventId, out var webhookEvent)
                ? webhookEvent
                : throw new KeyNotFoundException($"The simulator has no event {eventId}; it keeps the last few thousand."),
            copies);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _delivery.DisposeAsync();
        _key.Dispose();
    }

    internal void Count(string operation) => _requests.AddOrUpdate(operation, 1, (_, count) => count + 1);

    internal string NextId() => Interlocked.Increment(ref _lastId).ToString(CultureInfo.InvariantCulture);

    internal Task<DeliveryAttempt> VerifyAsync(Webhook webhook) => _delivery.VerifyAsync(webhook);

    internal Webhook? WebhookOrNull(string id) => _webhooks.GetValueOrDefault(id);

    internal GatewayChannel? ChannelOrNull(string id) => _channels.GetValueOrDefault(id);

    internal Conversation? ConversationOrNull(string id) => _conversations.GetValueOrDefault(id);

    internal void Put(Webhook webhook)
    {
        _webhooks[webhook.Id] = webhook;
        Live.SetupChanged();
    }

    internal void Put(GatewayChannel channel)
    {
        _channels[channel.Id] = channel;
        Live.SetupChanged();
    }

    internal bool RemoveWebhook(string id) => _webhooks.TryRemove(id, out _);

    internal bool RemoveChannel(string id) => _channels.TryRemove(id, out _);

    internal Attachment? AttachmentOrNull(string conversationId, string attachmentId)
    {
        if (ConversationOrNull(conversationId) is not { } conversation) return null;
        lock (conversation.Gate) return conversation.Attachments.Find(attachment => attachment.Id == attachmentId);
    }

    internal bool KnowsQueue(string id) => Options.Queues.Any(queue => queue.Id == id);

    internal Conversation Find(string conversationId) =>
        ConversationOrNull(conversationId)
        ?? throw new KeyNotFoundException($"There is no conversation {conversationId}.");

    private T Read<T>(string conversationId, Func<Conversation, T> read)
    {
        var conversation = Find(conversationId);
        lock (conversation.Gate) return read(conversation);
    }

    private Webhook FindWebhook(string id) =>
        WebhookOrNull(id) ?? throw new KeyNotFoundException($"There is no webhook {id}.");

    /// <summary>Changes a conversation under its lock and tells the page.</summary>
    private void Change(Conversation conversation, Action<Conversation> change)
    {
        lock (conversation.Gate) change(conversation);
        Live.Changed(conversation);
    }

    private void Change(string conversationId, Action<Conversation> change) => Change(Find(conversationId), change);

    /// <summary>Sends an event. The caller holds the conversation's lock, so that events leave in the order of changes.</summary>
    private void Emit(Conversation conversation, string eventType, object? data, long? stamp = null)
    {
        var timestamp = stamp ?? conversation.Stamp(Options.TimeProvider);
        var body = SimulatorJson.Bytes(new { eventType, conversationId = conversation.Id, timestamp, data });
        Emit(conversation, eventType, timestamp, body, conversation.WebhookId);
        if (conversation.PostAgent is { NotifiesChannel: true } && ChannelOrNull(conversation.ChannelId) is { } channel
            && channel.WebhookId != conversation.WebhookId)
        {
            Emit(conversation, eventType, timestamp, body, channel.WebhookId);
        }
    }

    private void Emit(Conversation conversation, string eventType, long timestamp, byte[] body, string? webhookId)
    {
        var webhook = webhookId is null ? null : WebhookOrNull(webhookId);
        var eventId = WebhookDelivery.NewId();
        var number = EventLog.Add(number => new EventLogEntry
        {
            Number = number,
            Direction = "Outbound",
            Status = webhook is null ? "No webhook" : "Pending",
            RecordType = eventType,
            Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(timestamp),
            TenantId = Options.TenantId,
            EventId = eventId,
            WebhookId = webhook?.Id,
            ChannelId = conversation.ChannelId,
            ConversationId = conversation.Id,
            InteractionId = conversation.Interactions.LastOrDefault()?.Id,
            Body = Encoding.UTF8.GetString(body),
        });
        if (webhook is null) return;

        var webhookEvent = new WebhookEvent
        {
            EventId = eventId,
            EventType = eventType,
            ConversationId = conversation.Id,
            Webhook = webhook,
            Body = body,
            LogNumber = number,
        };
        _events[eventId] = webhookEvent;
        _eventOrder.Enqueue(eventId);
        if (_eventOrder.Count > 10_000 && _eventOrder.TryDequeue(out var oldest)) _events.TryRemove(oldest, out _);
        _delivery.Enqueue(webhookEvent);
    }

    private void EmitUpdate(Conversation conversation) => Emit(conversation, "CONVERSATION_UPDATE", new
    {
        conversation.State,
        Assignment = conversation.HasAgent
            ? new { conversation.Assignment.Type, conversation.Assignment.Id, ResourceId = conversation.QueueId }
            : (object)conversation.Assignment,
        conversation.User,
        Channel = conversation.ChannelType,
    });

    private void EmitMember(Conversation conversation, string memberType, string change, string id) =>
        Emit(conversation, "MEMBERS_CHANGED", new { memberType, change, id });

    private void EmitActivity(Conversation conversation, string name, object value) =>
        Emit(conversation, "ACTIVITY", new { name, value });
}

/// <summary>Compares ids so that 9 comes before 10.</summary>
internal static class NaturalOrder
{
    public static StringComparer Comparer { get; } =
        StringComparer.Create(CultureInfo.InvariantCulture, CompareOptions.NumericOrdering);
}
