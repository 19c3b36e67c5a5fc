using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Data.Tables;
using EightByEight.Connector.Translation;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>A way for a bot that lives elsewhere to hand its customers to 8x8's agents.</summary>
internal sealed record HandoverProvider
{
    /// <summary>Letters and digits; never changes.</summary>
    public required string Id { get; init; }

    /// <summary>All settings but the secrets.</summary>
    public required ProviderSettings Settings { get; init; }

    /// <summary>The API key of 8x8 as Data Protection left it; null when none is set.</summary>
    public string? ProtectedApiKey { get; init; }

    /// <summary>The secret that signs callbacks, as Data Protection left it; null when none is set.</summary>
    public string? ProtectedCallbackSecret { get; init; }

    /// <summary>The translation's key as Data Protection left it; null when none is set.</summary>
    public string? ProtectedTranslationKey { get; init; }

    /// <summary>SHA-256 of the bot's key, in upper-case hex: the key itself is nowhere.</summary>
    public required string BotKeyHash { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset LastChanged { get; init; }

    /// <summary>Grows with each change; the admin API's ETag.</summary>
    public long Version { get; init; }

    /// <summary>What the API key is protected for.</summary>
    public static string ApiKeyPurpose(string id) => $"Handover provider {id} apiKey";

    /// <summary>What the callback's secret is protected for.</summary>
    public static string CallbackSecretPurpose(string id) => $"Handover provider {id} callback secret";

    /// <summary>What the translation's key is protected for.</summary>
    public static string TranslationKeyPurpose(string id) => $"Handover provider {id} {TranslationSettings.Key}";

    /// <summary>How a bot's key is looked up.</summary>
    public static string Hash(string botKey) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(botKey)));
}

/// <summary>The settings of a provider, as in the admin API.</summary>
internal sealed record ProviderSettings
{
    /// <summary>A name for people, 1 to 200 characters.</summary>
    public string Name { get; set; } = "";

    /// <summary>The server, such as <c>https://api.8x8.com</c>.</summary>
    public string BaseUrl { get; set; } = "https://api.8x8.com";

    /// <summary>The tenant label. 8x8's events name it, and it finds the provider they belong to.</summary>
    public string TenantId { get; set; } = "";

    /// <summary>The Chat API channel of conversations; null: each request has to name one.</summary>
    public string? ChannelId { get; set; }

    /// <summary>The queue of conversations; null: the channel's own.</summary>
    public string? QueueId { get; set; }

    /// <summary>Where events are posted to.</summary>
    public CallbackSettings Callback { get; set; } = new();

    /// <summary>Translation between the customer and the agents, whose language is <c>flowLanguage</c>.</summary>
    public TranslationSettings Translation { get; set; } = new();
}

/// <summary>Where events are posted to.</summary>
internal sealed record CallbackSettings
{
    /// <summary>https; null: the bot reads the stream of events.</summary>
    public string? Url { get; set; }
}

/// <summary>
/// How providers rest in the table <c>Handovers</c>: one partition, so that settings and bot keys change in one transaction. Row
/// <c>p-{id}</c> holds a provider, row <c>k-{SHA-256}</c> leads from a bot's key to it.
/// </summary>
internal static class ProviderRows
{
    public const string Partition = "providers";

    public static string Key(string id) => "p-" + id;

    public static TableEntity Row(HandoverProvider provider) => new(Partition, Key(provider.Id))
    {
        ["Settings"] = JsonSerializer.Serialize(provider.Settings, ProviderJson.Default.ProviderSettings),
        ["TenantId"] = provider.Settings.TenantId,
        ["ApiKey"] = provider.ProtectedApiKey,
        ["CallbackSecret"] = provider.ProtectedCallbackSecret,
        ["TranslationKey"] = provider.ProtectedTranslationKey,
        ["BotKeyHash"] = provider.BotKeyHash,
        ["CreatedAt"] = provider.CreatedAt,
        ["LastChanged"] = provider.LastChanged,
        ["Version"] = provider.Version,
    };

    public static TableEntity BotKey(string hash, string id) => new(Partition, "k-" + hash) { ["ProviderId"] = id };

    public static HandoverProvider Provider(TableEntity row) => new()
    {
        Id = row.RowKey[2..],
        Settings = JsonSerializer.Deserialize(row.GetString("Settings"), ProviderJson.Default.ProviderSettings)!,
        ProtectedApiKey = row.GetString("ApiKey"),
        ProtectedCallbackSecret = row.GetString("CallbackSecret"),
        ProtectedTranslationKey = row.GetString("TranslationKey"),
        BotKeyHash = row.GetString("BotKeyHash"),
        CreatedAt = row.GetDateTimeOffset("CreatedAt") ?? default,
        LastChanged = row.GetDateTimeOffset("LastChanged") ?? default,
        Version = row.GetInt64("Version") ?? 0,
    };
}

/// <summary>The settings as JSON, in storage and in the admin API.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ProviderSettings))]
internal sealed partial class ProviderJson : JsonSerializerContext;
