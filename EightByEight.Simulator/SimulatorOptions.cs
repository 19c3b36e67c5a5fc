namespace EightByEight.Simulator;

/// <summary>A queue of the simulated contact center.</summary>
public sealed record QueueInfo(string Id, string Name);

/// <summary>Someone who can be played in the agent's pane.</summary>
public sealed record AgentInfo(string Id, string Name);

/// <summary>A registered webhook: where events are posted to.</summary>
public sealed record Webhook(string Id, string Name, string Uri, string Version = "Chat Gateway v1.0");

/// <summary>A channel: its type, the webhook that gets its events and the queue its customers wait in by default.</summary>
public sealed record GatewayChannel(string Id, string Name, string Type, string WebhookId, string QueueId);

/// <summary>The order in which events of one conversation are delivered. 8x8 documents none.</summary>
public enum DeliveryOrder
{
    /// <summary>Each event waits for the first attempt of the one before it, not for its retries.</summary>
    InOrder,

    /// <summary>Each event is sent at once, however many are under way.</summary>
    Parallel,

    /// <summary>Each event waits a random time of up to 250 ms first, so that events overtake each other.</summary>
    Shuffled,
}

/// <summary>How the simulator behaves, and what it knows when it starts.</summary>
public sealed class SimulatorOptions
{
    /// <summary>Where <see cref="SimulatorServer"/> listens; port 0 takes a free one.</summary>
    public string Url { get; set; } = "http://127.0.0.1:0";

    /// <summary>The tenant; <c>X-8x8-Tenant</c> must be absent or equal to it.</summary>
    public string TenantId { get; set; } = "acme01";

    /// <summary>Sent as <c>x-8x8-customer-id</c>.</summary>
    public string CustomerId { get; set; } = "acme";

    /// <summary>The values of <c>x-api-key</c> that are let in.</summary>
    public IList<string> ApiKeys { get; } = ["simulator-key"];

    /// <summary>
    /// A PEM file with the RSA key that signs webhook requests; made when it is missing. By default the key is new
    /// at each start.
    /// </summary>
    public string? KeyFile { get; set; }

    /// <summary>The queues that an assignment may name.</summary>
    public IList<QueueInfo> Queues { get; } = [new("101", "Support"), new("102", "Sales")];

    /// <summary>Who the agent's pane can be. Other ids work too; 8x8 tells webhooks an agent's id, never a name.</summary>
    public IList<AgentInfo> Agents { get; } = [new("agent-1", "Kim"), new("agent-2", "Lee"), new("agent-3", "Noa")];

    /// <summary>Webhooks that are registered from the start, without a verify request.</summary>
    public IList<Webhook> Webhooks { get; } = [];

    /// <summary>Channels that exist from the start.</summary>
    public IList<GatewayChannel> Channels { get; } = [];

    /// <summary>The script that a conversation is assigned to while the bot has it.</summary>
    public string ScriptId { get; set; } = "script-1";

    /// <summary>The waits before the second, third … attempt to deliver an event; after the last one it is given up.</summary>
    public IReadOnlyList<TimeSpan> RetryDelays { get; set; } =
    [
        TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30),
        TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10),
        TimeSpan.FromMinutes(30),
    ];

    /// <summary>How long one attempt may take before it counts as not answered.</summary>
    public TimeSpan DeliveryTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a webhook may take to answer <c>WEB_HOOK_VERIFY</c>.</summary>
    public TimeSpan VerifyTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How many webhook requests may be under way at once.</summary>
    public int MaxConcurrentDeliveries { get; set; } = 64;

    /// <summary>The order of events inside a conversation.</summary>
    public DeliveryOrder DeliveryOrder { get; set; }

    /// <summary>How many agents wait for an interaction, by the statistics of each queue.</summary>
    public int AvailableAgents { get; set; } = 2;

    /// <summary>What each schedule says: <c>open</c>, <c>closed</c>, or <c>choice1</c> to <c>choice6</c>.</summary>
    public string Schedule { get; set; } = "open";

    /// <summary>
    /// Who has a conversation of the bot, by its resource: <c>queue</c> or <c>agent</c> is the last of them, as if the resource were
    /// behind the events; null: who has it.
    /// </summary>
    public string? StaleAssignment { get; set; }

    /// <summary>The status that answers a message to an idle conversation; 8x8 documents none. 202 accepts it.</summary>
    public int IdleMessageStatus { get; set; } = 404;

    /// <summary>
    /// Whether <c>TRANSFER</c> is sent before the <c>MEMBERS_CHANGED</c> of the agent who leaves. 8x8 documents no order.
    /// </summary>
    public bool TransferBeforeLeft { get; set; }

    /// <summary>How often each event is delivered at the same time.</summary>
    public int Copies { get; set; } = 1;

    /// <summary>
    /// How long events of a type wait before they are delivered; <c>*</c> names all others. An event that waits is
    /// overtaken by those that come up meanwhile.
    /// </summary>
    public IReadOnlyDictionary<string, TimeSpan> EventDelays { get; set; } = new Dictionary<string, TimeSpan>();

    /// <summary>Whether a click on a quick reply also sends its title as a <c>MESSAGE</c>. 8x8 does not say.</summary>
    public bool ClickAlsoWrites { get; set; }

    /// <summary>Whether attachments of <c>MESSAGE</c> events carry a <c>preSignedUrl</c>; older ones had an id only.</summary>
    public bool PreSignedUrls { get; set; } = true;

    /// <summary>How long a <c>preSignedUrl</c> works; after that it answers 403.</summary>
    public TimeSpan PreSignedUrlLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How many entries the Event Log keeps.</summary>
    public int EventLogCapacity { get; set; } = 1000;

    /// <summary>The clock for everything the simulator stamps, delays and times out.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
