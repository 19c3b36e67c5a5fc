using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Azure.Data.Tables;

namespace EightByEight.Connector.Endpoints;

/// <summary>
/// How Endpoints rest in their table: one partition, so that settings and URL tokens change in one transaction. Row
/// <c>e-{id}</c> holds an Endpoint, row <c>t-{SHA-256}</c> leads from a URL token to it, row <c>n-{SHA-256}</c> keeps its name for it.
/// </summary>
internal static class EndpointRows
{
    public const string Partition = "endpoints";

    public static string Key(string id) => "e-" + id;

    public static string TokenKey(string hash) => "t-" + hash;

    /// <summary>The row that holds a name for its Endpoint: names are the same whatever their case.</summary>
    public static string NameKey(string name) => "n-" + Hash(name.Trim().Normalize().ToUpperInvariant());

    public static TableEntity NameRow(string name, string endpointId) => new(Partition, NameKey(name)) { ["EndpointId"] = endpointId };

    public static string Hash(string urlToken) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(urlToken)));

    /// <summary>A column holds 64 KiB; a transformer's source alone may be longer.</summary>
    private const int MaxColumn = 60_000;

    public static TableEntity Row(Endpoint endpoint)
    {
        var row = RowWithoutSettings(endpoint);
        var settings = JsonSerializer.SerializeToUtf8Bytes(endpoint.Settings, EndpointJson.Default.EndpointSettings);
        if (settings.Length <= MaxColumn / 2) row["Settings"] = Encoding.UTF8.GetString(settings);
        else foreach (var (number, part) in settings.Chunk(MaxColumn).Index()) row[$"Settings{number}"] = part;
        return row;
    }

    private static string SettingsOf(TableEntity row)
    {
        if (row.GetString("Settings") is { } settings) return settings;
        using var all = new MemoryStream();
        for (var number = 0; row.GetBinary($"Settings{number}") is { } part; number++) all.Write(part);
        return Encoding.UTF8.GetString(all.GetBuffer(), 0, (int)all.Length);
    }

    private static TableEntity RowWithoutSettings(Endpoint endpoint) => new(Partition, Key(endpoint.Id))
    {
        ["Flow"] = endpoint.Settings.Flow,
        ["ApiKey"] = endpoint.ProtectedSecrets.GetValueOrDefault(EndpointSecrets.ApiKey),
        ["Secrets"] = JsonSerializer.Serialize(
            endpoint.ProtectedSecrets.Where(secret => secret.Key != EndpointSecrets.ApiKey).ToDictionary(),
            EndpointJson.Default.DictionaryStringString),
        ["SealPublic"] = endpoint.Seal?.PublicKey,
        ["SealPrivate"] = endpoint.Seal?.ProtectedPrivateKey,
        ["UrlToken"] = endpoint.ProtectedUrlToken,
        ["TokenHash"] = endpoint.TokenHash,
        ["FormerTokens"] = JsonSerializer.Serialize(endpoint.FormerTokens, EndpointJson.Default.IReadOnlyListFormerToken),
        ["PausedUntil"] = endpoint.Pause?.Until,
        ["PauseReason"] = endpoint.Pause?.Reason,
        ["CreatedAt"] = endpoint.CreatedAt,
        ["LastChanged"] = endpoint.LastChanged,
        ["Version"] = endpoint.Version,
    };

    public static Endpoint Endpoint(TableEntity row) => new()
    {
        Id = row.RowKey[2..],
        Settings = Settings(SettingsOf(row)),
        ProtectedSecrets = Secrets(row),
        Seal = row.GetString("SealPublic") is { } open && row.GetString("SealPrivate") is { } closed ? new(open, closed) : null,
        ProtectedUrlToken = row.GetString("UrlToken"),
        TokenHash = row.GetString("TokenHash"),
        FormerTokens = JsonSerializer.Deserialize(row.GetString("FormerTokens"), EndpointJson.Default.IReadOnlyListFormerToken)!,
        Pause = row.GetDateTimeOffset("PausedUntil") is { } until ? new(until, row.GetString("PauseReason") ?? "") : null,
        CreatedAt = row.GetDateTimeOffset("CreatedAt") ?? default,
        LastChanged = row.GetDateTimeOffset("LastChanged") ?? default,
        Version = row.GetInt64("Version") ?? 0,
    };

    private static Dictionary<string, string> Secrets(TableEntity row)
    {
        var secrets = row.GetString("Secrets") is { } stored
            ? JsonSerializer.Deserialize(stored, EndpointJson.Default.DictionaryStringString)! : [];
        if (row.GetString("ApiKey") is { } apiKey) secrets[EndpointSecrets.ApiKey] = apiKey;
        return secrets;
    }

    /// <summary>
    /// A row of an earlier version lacks later settings, and source-generated JSON gives an absent <c>init</c> member
    /// zero instead of its default (no signature check, say): the defaults are laid below what is stored.
    /// </summary>
    private static EndpointSettings Settings(string stored)
    {
        var all = JsonSerializer.SerializeToNode(
            new EndpointSettings { Name = "", Flow = "", EightByEight = new() }, EndpointJson.Default.EndpointSettings)!.AsObject();
        Lay(JsonNode.Parse(stored)!.AsObject(), all);
        return all.Deserialize(EndpointJson.Default.EndpointSettings)!;
    }

    private static void Lay(JsonObject upper, JsonObject lower)
    {
        foreach (var (name, value) in upper)
        {
            if (value is JsonObject part && lower[name] is JsonObject below) Lay(part, below);
            else lower[name] = value?.DeepClone();
        }
    }

    public static TableEntity TokenRow(string hash, string endpointId, DateTimeOffset? until) => new(Partition, TokenKey(hash))
    {
        ["EndpointId"] = endpointId,
        ["Until"] = until,
    };
}

/// <summary>The settings as JSON, in storage and in the admin API.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(EndpointSettings))]
[JsonSerializable(typeof(IReadOnlyList<FormerToken>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class EndpointJson : JsonSerializerContext;
