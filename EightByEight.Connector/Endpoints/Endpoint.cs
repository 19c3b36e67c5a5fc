using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using EightByEight.Connector.Files;
using EightByEight.Connector.Injection;
using EightByEight.Connector.Models;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Transformers;
using EightByEight.Connector.Translation;
using EightByEight.Connector.Understanding;

namespace EightByEight.Connector.Endpoints;

/// <summary>One configured connection between an 8x8 tenant and a Flow.</summary>
public sealed record Endpoint
{
    /// <summary>Letters and digits; never changes.</summary>
    public required string Id { get; init; }

    /// <summary>All settings but the secrets, which stay protected in <see cref="ProtectedSecrets"/>.</summary>
    public required EndpointSettings Settings { get; init; }

    /// <summary>The secrets that are set, by the path of <see cref="EndpointSecrets"/>, as Data Protection left them.</summary>
    internal IReadOnlyDictionary<string, string> ProtectedSecrets { get; init; } = new Dictionary<string, string>();

    /// <summary>What seals texts at rest; null in rows of earlier versions, until it is first needed.</summary>
    internal SealKey? Seal { get; init; }

    /// <summary>Until when nothing is sent to 8x8, because it refused the API key or tenant; null when not paused.</summary>
    public EndpointPause? Pause { get; init; }

    /// <summary>When it was created.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its settings, API key or URL token last changed; a pause is no change.</summary>
    public DateTimeOffset LastChanged { get; init; }

    /// <summary>Grows with each change; the admin API's ETag.</summary>
    public long Version { get; init; }

    /// <summary>The URL token as Data Protection left it: for display only.</summary>
    internal string ProtectedUrlToken { get; init; } = "";

    /// <summary>SHA-256 of the URL token, in upper-case hex.</summary>
    internal string TokenHash { get; init; } = "";

    /// <summary>Whether a URL ends with the Endpoint's URL token, or with a former one.</summary>
    internal bool IsItsUrl(string? url)
    {
        if (url is null) return false;
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(url[(url.LastIndexOf('/') + 1)..])));
        return hash == TokenHash || FormerTokens.Any(former => former.Hash == hash);
    }

    /// <summary>Former URL tokens that still work.</summary>
    internal IReadOnlyList<FormerToken> FormerTokens { get; init; } = [];
}

/// <summary>A replaced URL token that goes on working for a while.</summary>
/// <param name="Hash">SHA-256, in upper-case hex.</param>
/// <param name="Until">When it stops working.</param>
internal sealed record FormerToken(string Hash, DateTimeOffset Until);

/// <summary>8x8 refused the Endpoint's credentials: nothing is sent until they are changed or the time is over.</summary>
/// <param name="Until">When one attempt is made again.</param>
/// <param name="Reason">What 8x8 answered, without secrets.</param>
public sealed record EndpointPause(DateTimeOffset Until, string Reason);

/// <summary>The settings of an Endpoint, as in the admin API.</summary>
public sealed record EndpointSettings
{
    /// <summary>A name for people, 1 to 200 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Whether webhooks are accepted; when false they are answered 404.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The name of the Flow that runs.</summary>
    public required string Flow { get; init; }

    /// <summary>The version of the Flow that runs; null: the newest.</summary>
    public int? FlowVersion { get; init; }

    /// <summary>The language tag that the Flow sees as <c>input.localeId</c>; null: none.</summary>
    public string? Locale { get; init; }

    /// <summary>The IANA time zone of <c>input.currentTime</c>, such as <c>Europe/London</c>.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>The 8x8 side.</summary>
    public required EightByEightSettings EightByEight { get; init; }

    /// <summary>How long a session lives.</summary>
    public SessionSettings Session { get; init; } = new();

    /// <summary>How conversations are given to people, and come back.</summary>
    public HandoverSettings Handover { get; init; } = new();

    /// <summary>How outputs are shown.</summary>
    public ContentSettings Content { get; init; } = new();

    /// <summary>What is kept, and what of it is masked.</summary>
    public DataProtectionSettings DataProtection { get; init; } = new();

    /// <summary>Translation between the customer and the Flow.</summary>
    public TranslationSettings Translation { get; init; } = new();

    /// <summary>The Endpoint's own code around the Flow.</summary>
    public TransformerSettings Transformers { get; init; } = new();

    /// <summary>What understands what customers say; null: as the Flow says.</summary>
    public NluSettings? Nlu { get; init; }

    /// <summary>How the answers of language models go out.</summary>
    public LlmSettings Llm { get; init; } = new();

    /// <summary>Where customers' files are kept.</summary>
    public FileStorageSettings FileStorage { get; init; } = new();

    /// <summary>Who may speak to the Flow, or to the customer, from outside.</summary>
    public InjectSettings Inject { get; init; } = new();

    /// <summary>Who may try the Endpoint without 8x8.</summary>
    public TrialSettings Test { get; init; } = new();
}

/// <summary>How to reach the 8x8 tenant, and what to believe of what it sends.</summary>
public sealed record EightByEightSettings
{
    /// <summary>The server, such as <c>https://api.8x8.com</c>.</summary>
    public string BaseUrl { get; init; } = "https://api.8x8.com";

    /// <summary>
    /// The server of the contact centre's statistics and schedules (<c>/cc/v1</c>), where it is another one; null:
    /// <see cref="BaseUrl"/>.
    /// </summary>
    public string? ClusterBaseUrl { get; init; }

    /// <summary>The tenant label; sent as <c>X-8x8-Tenant</c>, and webhooks of other tenants are refused.</summary>
    public string? TenantId { get; init; }

    /// <summary>Whether a conversation that becomes active makes a turn, so that the bot speaks first.</summary>
    public bool AcceptConversationActiveEvent { get; init; }

    /// <summary>Whether the signature of webhooks is checked.</summary>
    public bool VerifySignatures { get; init; } = true;

    /// <summary>How far <c>x-8x8-transmission-time</c> may be from now, in seconds.</summary>
    public int FreshnessSeconds { get; init; } = 300;
}

/// <summary>How long a session lives.</summary>
public sealed record SessionSettings
{
    /// <summary>Minutes since the last input until the next input starts a new session; 0: never.</summary>
    public int ExpirationMinutes { get; init; } = 30;

    /// <summary>What an input after the end of a session meets.</summary>
    public OnExpiry OnExpiry { get; init; }

    /// <summary>Days since its last input until the context and place of a session that ended are forgotten, 1 to 3,650.</summary>
    public int RetentionDays { get; init; } = 7;
}

/// <summary>What an input after the end of a session meets.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OnExpiry>))]
public enum OnExpiry
{
    /// <summary>A new session that knows nothing: the Flow runs from its start.</summary>
    [JsonStringEnumMemberName("greet")]
    Greet,

    /// <summary>A new session that goes on where the last one waited, with what it knew.</summary>
    [JsonStringEnumMemberName("continue")]
    Continue,
}

/// <summary>How conversations are given to people, and come back.</summary>
public sealed record HandoverSettings
{
    /// <summary>The queue of a handover that names none.</summary>
    public string? QueueId { get; init; }

    /// <summary>Additional properties that go along with each handover; those of the Flow come first.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>The script that a customer is given to who called the handover off.</summary>
    public string? ReturnScriptId { get; init; }

    /// <summary>Minutes of a customer's silence until a Flow that wants it is told, where the step names none.</summary>
    public int? InactivityMinutes { get; init; }

    /// <summary>How the conversation comes back after the agent.</summary>
    public PostAgentSettings PostAgent { get; init; } = new();
}

/// <summary>8x8's post-agent assignment.</summary>
public sealed record PostAgentSettings
{
    /// <summary>The webhook that gets the conversation; null: the Endpoint's own, found by its URL.</summary>
    public string? WebhookId { get; init; }

    /// <summary>20 to 600.</summary>
    public int MaxTotalMinutes { get; init; } = 300;

    /// <summary>10 to 300, counted from the bot's last message.</summary>
    public int UserTimeoutMinutes { get; init; } = 150;

    /// <summary>Whether the channel's webhook gets the events too.</summary>
    public bool NotifyChannelWebhookIfExists { get; init; }
}

/// <summary>How outputs are shown.</summary>
public sealed record ContentSettings
{
    /// <summary>The versions of Adaptive Cards that 8x8 speaks of. Source: 8x8, Chat Gateway: 1.3 in the guides, up to 1.6 in the reference.</summary>
    public static readonly IReadOnlyList<string> CardVersions = ["1.3", "1.4", "1.5", "1.6"];

    /// <summary>Media are uploaded to 8x8 (<c>upload</c>), or their URLs are sent (<c>link</c>).</summary>
    public string Media { get; init; } = "upload";

    /// <summary>The version to which Adaptive Cards are lowered, one of <see cref="CardVersions"/>.</summary>
    public string CardVersion { get; init; } = "1.3";

    /// <summary>
    /// For each type of a channel's card whether its content is <c>wrapped</c>, as in <c>{"interactive": {…}}</c>, or <c>bare</c>.
    /// 8x8 does not document it; what is not named is wrapped, as in 8x8's messaging API.
    /// </summary>
    public IReadOnlyDictionary<string, string> CardWrappers { get; init; } = new Dictionary<string, string>();
}
