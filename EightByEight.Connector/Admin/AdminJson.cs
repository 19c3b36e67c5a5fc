using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using EightByEight.Connector.Injection;
using EightByEight.Connector.Models;
using EightByEight.Connector.Privacy;
using EightByEight.Connector.Transformers;
using EightByEight.Connector.Translation;
using EightByEight.Connector.Understanding;

namespace EightByEight.Connector.Admin;

/// <summary>
/// An Endpoint as the admin API shows it: without secrets, its own URL token apart. Described only: <see cref="EndpointRoutes"/> makes it
/// of the settings.
/// </summary>
internal sealed record EndpointResource(
    string Id,
    string Name,
    bool Enabled,
    string Flow,
    int? FlowVersion,
    string? Locale,
    string TimeZone,
    EightByEightResource EightByEight,
    SessionSettings Session,
    HandoverSettings Handover,
    ContentSettings Content,
    DataProtectionMembers DataProtection,
    TranslationMembers Translation,
    TransformerSettings Transformers,
    NluSettings? Nlu,
    LlmSettings Llm,
    FileStorageMembers FileStorage,
    InjectMembers Inject,
    TestMembers Test,
    EndpointPause? Paused,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastChanged)
{
    /// <summary>Only on the single resource.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? UrlToken { get; init; }

    /// <summary>Only on the single resource: what 8x8 is told to post to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? EndpointUrl { get; init; }

    /// <summary>Only on the single resource: replaced URL tokens that still work, the latest last. Never the tokens.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<FormerUrlToken>? FormerUrlTokens { get; init; }
}

/// <summary>A replaced URL token that still works.</summary>
internal sealed record FormerUrlToken(DateTimeOffset Until);

/// <summary>The 8x8 side; whether there is an API key, never which.</summary>
internal sealed record EightByEightResource(
    string BaseUrl,
    string? ClusterBaseUrl,
    bool ApiKeySet,
    string? TenantId,
    bool AcceptConversationActiveEvent,
    bool VerifySignatures,
    int FreshnessSeconds);

/// <summary>What a body may hold; described only, read by <see cref="SettingsBody"/>.</summary>
internal sealed record EndpointBody(
    string Name, string Flow, bool? Enabled, EightByEightBody? EightByEight, SessionSettings? Session, HandoverSettings? Handover,
    ContentSettings? Content, DataProtectionMembers? DataProtection, TransformerSettings? Transformers,
    FileStorageMembers? FileStorage, int? FlowVersion, string? Locale, string? TimeZone, InjectMembers? Inject, TestMembers? Test,
    TranslationMembers? Translation, NluSettings? Nlu, LlmSettings? Llm);

/// <inheritdoc cref="FileStorageMembers"/>
internal sealed record InjectMembers : InjectSettings
{
    public string? Key { get; init; }
    public bool KeySet { get; init; }
    public string? SigningSecret { get; init; }
    public bool SigningSecretSet { get; init; }
}

/// <inheritdoc cref="FileStorageMembers"/>
internal sealed record TranslationMembers : TranslationSettings
{
    public TranslationMembers()
    {
    }

    /// <summary>Shows settings.</summary>
    public TranslationMembers(TranslationSettings settings) : base(settings)
    {
    }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ApiKey { get; init; }
    public bool ApiKeySet { get; init; }
}

/// <inheritdoc cref="FileStorageMembers"/>
internal sealed record TestMembers : TrialSettings
{
    public string? Key { get; init; }
    public bool KeySet { get; init; }
}

/// <inheritdoc cref="FileStorageMembers"/>
internal sealed record DataProtectionMembers : DataProtectionSettings
{
    public new DashbotMembers Dashbot { get; init; } = new();
}

/// <inheritdoc cref="FileStorageMembers"/>
internal sealed record DashbotMembers : Analytics.DashbotSettings
{
    public string? ApiKey { get; init; }
    public bool ApiKeySet { get; init; }
}

/// <summary>With the secrets: what is written is never shown, but whether it is set.</summary>
internal sealed record FileStorageMembers : FileStorageSettings
{
    public new AzureFileMembers Azure { get; init; } = new();
    public new S3FileMembers S3 { get; init; } = new();
    public new GoogleCloudFileMembers GoogleCloud { get; init; } = new();
}

/// <inheritdoc cref="FileStorageMembers"/>
internal sealed record AzureFileMembers : AzureFileSettings
{
    public string? AccountKey { get; init; }
    public bool AccountKeySet { get; init; }
}

/// <inheritdoc cref="FileStorageMembers"/>
internal sealed record S3FileMembers : S3FileSettings
{
    public string? SecretAccessKey { get; init; }
    public bool SecretAccessKeySet { get; init; }
}

/// <inheritdoc cref="FileStorageMembers"/>
internal sealed record GoogleCloudFileMembers : GoogleCloudFileSettings
{
    public string? PrivateKey { get; init; }
    public bool PrivateKeySet { get; init; }
}

/// <inheritdoc cref="EndpointBody"/>
internal sealed record EightByEightBody(
    string? BaseUrl,
    string? ClusterBaseUrl,
    string? ApiKey,
    string? TenantId,
    bool? AcceptConversationActiveEvent,
    bool? VerifySignatures,
    int? FreshnessSeconds);

/// <summary>Asks for a new URL token.</summary>
/// <param name="RevokeNow">Former tokens stop working at once.</param>
internal sealed record UrlTokenBody(bool? RevokeNow);

/// <summary>What a test of the 8x8 setup found.</summary>
/// <param name="Webhook">Whether 8x8 posts to this Endpoint; null when 8x8 did not say. It does not decide <paramref name="Ok"/>.</param>
internal sealed record TestResult(bool Ok, IReadOnlyList<TestCheck> Checks, TestWebhook? Webhook);

/// <summary>What 8x8's list of webhooks says about this Endpoint.</summary>
internal sealed record TestWebhook(bool Registered, string Message);

/// <summary>One thing that was tested.</summary>
internal sealed record TestCheck(string Name, bool Ok, string Message);

/// <summary>A stored Flow without its document.</summary>
/// <param name="Version">The number of its newest version.</param>
internal sealed record FlowResource(string Name, int Version, int Length, DateTimeOffset CreatedAt, DateTimeOffset LastChanged);

/// <summary>A version of a Flow without its document.</summary>
/// <param name="Version">From 1; never given twice.</param>
/// <param name="Length">In bytes.</param>
/// <param name="StoredAt">When it was stored.</param>
internal sealed record FlowVersionResource(int Version, int Length, DateTimeOffset StoredAt);

/// <summary>One page of a list.</summary>
/// <param name="Items">May be empty.</param>
/// <param name="Continue">Pass it as <c>?continue=</c> for the next page; null after the last.</param>
internal sealed record AdminList<T>(IReadOnlyList<T> Items, string? Continue);

/// <summary>An error (RFC 9457).</summary>
internal sealed record AdminProblem(int Status, string Title, string Detail)
{
    /// <summary>What is wrong with a body of settings.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<AdminFault>? Errors { get; init; }
}

/// <summary>One fault: in a JSON body by path, in a Flow by line and column.</summary>
internal sealed record AdminFault(string Message)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Path { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Line { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Column { get; init; }
}

/// <summary>Whether this instance lives, or can work.</summary>
internal sealed record HealthResource(string Status);

/// <summary>The bodies of the admin API.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(EndpointResource))]
[JsonSerializable(typeof(AdminList<EndpointResource>))]
[JsonSerializable(typeof(EndpointBody))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(AdminList<JsonObject>))]
[JsonSerializable(typeof(EndpointPause))]
[JsonSerializable(typeof(UrlTokenBody))]
[JsonSerializable(typeof(TestResult))]
[JsonSerializable(typeof(AdminList<FlowResource>))]
[JsonSerializable(typeof(PortableEndpoint))]
[JsonSerializable(typeof(ImportResult))]
[JsonSerializable(typeof(AdminList<FlowVersionResource>))]
[JsonSerializable(typeof(AdminList<AuditEntry>))]
[JsonSerializable(typeof(AdminProblem))]
[JsonSerializable(typeof(HealthResource))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class AdminJson : JsonSerializerContext;
