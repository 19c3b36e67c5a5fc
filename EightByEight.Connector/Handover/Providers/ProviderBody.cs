using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using EightByEight.Connector.Admin;
using EightByEight.Connector.Translation;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>The settings of a provider as they come in a body: either all of them are right, or all faults are known.</summary>
internal sealed class ProviderBody(
    AllowedGateways gateways, IOptions<HandoverProviderOptions> options, IOptions<ConnectorOptions> connector)
{
    private static readonly string[] ReadOnly = ["id", "apiKeySet", "webhookUrl", "createdAt", "lastChanged"];

    /// <summary>Reads a whole body.</summary>
    /// <param name="before">What is changed; null: it is new, and gets the secrets that the body leaves out.</param>
    /// <exception cref="BodyException">All its faults.</exception>
    public ProviderChange Read(JsonElement body, HandoverProvider? before)
    {
        var problems = new List<BodyProblem>();
        var all = new JsonMembers(body, "$", problems);
        var settings = new ProviderSettings
        {
            Name = all.String("name", 200, required: true) ?? "",
            BaseUrl = all.String("baseUrl", 500) ?? new ProviderSettings().BaseUrl,
            TenantId = all.String("tenantId", 255, required: true) ?? "",
            ChannelId = all.String("channelId", 255),
            QueueId = all.String("queueId", 255),
        };
        if (gateways.Fault(settings.BaseUrl) is { } fault) all.Refuse("baseUrl", fault);
        var apiKey = new Secret(all.Has("apiKey"), all.String("apiKey", 1000));
        var botKey = ReadBotKey(all, isNew: before is null);
        var callback = all.Object("callback");
        settings.Callback.Url = ReadUrl(callback);
        var secret = ReadCallbackSecret(callback, settings.Callback.Url, before);
        callback.RefuseOthers("secretSet");
        settings.Translation = TranslationSettings.Read(all.Object("translation"));
        var translationKey = new Secret(
            all.Secrets.TryGetValue(TranslationSettings.Key, out var given), given);
        all.RefuseOthers(ReadOnly);
        return problems.Count == 0 ? new(settings, apiKey, secret, translationKey, botKey) : throw new BodyException(problems);
    }

    /// <summary>Reads a JSON merge patch (RFC 7396).</summary>
    /// <exception cref="BodyException">All faults of what comes of it.</exception>
    public ProviderChange Merge(HandoverProvider before, JsonElement patch)
    {
        var merged = JsonSerializer.SerializeToNode(before.Settings, ProviderJson.Default.ProviderSettings)!.AsObject();
        SettingsBody.Merge(merged, patch);
        return Read(JsonElement.Parse(merged.ToJsonString()), before);
    }

    private Secret ReadBotKey(JsonMembers all, bool isNew)
    {
        var given = all.Has("botKey");
        var key = all.String("botKey", 200);
        if (key is { Length: < 32 }) all.Refuse("botKey", "Must have at least 32 characters. Leave it out, and one is made.");
        else if (key is not null && (key == connector.Value.AdminKey || key == connector.Value.AdminKeyNext))
            all.Refuse("botKey", "Must not be the admin key: a bot could then change everything.");
        return given || isNew ? new(true, key ?? NewBotKey()) : default;
    }

    private string? ReadUrl(JsonMembers callback)
    {
        var url = callback.String("url", 2000);
        if (url is null) return null;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0)
            callback.Refuse("url", "Must be an absolute URL such as https://bot.example.com/8x8, without a user.");
        else if (!options.Value.AllowPrivateCallbacks && uri.Scheme != Uri.UriSchemeHttps) callback.Refuse("url", "Must start with https://.");
        else if (!options.Value.AllowPrivateCallbacks && IsPrivate(uri))
            callback.Refuse("url", "Must be a public address: this one is of a private network or of the connector's own machine.");
        else return url;
        return null;
    }

    private static Secret ReadCallbackSecret(JsonMembers callback, string? url, HandoverProvider? before)
    {
        var given = callback.Has("secret");
        var secret = callback.String("secret", 200);
        if (secret is not null && CallbackSignature.KeyOf(secret) is null)
            callback.Refuse("secret", "Must be whsec_ and 24 to 64 bytes in Base64, as Standard Webhooks says. Leave it out, and one is made.");
        // A callback is never left unsigned: without a secret it gets one, which the answer shows once.
        var needs = url is not null && secret is null && (given || before?.ProtectedCallbackSecret is null);
        return needs ? new(true, CallbackSignature.NewSecret()) : new(given, secret);
    }

    /// <summary>A first look; the names of all others are looked up when a callback is made.</summary>
    private static bool IsPrivate(Uri uri) => uri.IsLoopback
        || (IPAddress.TryParse(uri.DnsSafeHost, out var address) && !PublicAddress.IsPublic(address))
        || uri.IdnHost.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || uri.IdnHost.EndsWith(".internal", StringComparison.OrdinalIgnoreCase);

    private static string NewBotKey() => "hpk_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
}
