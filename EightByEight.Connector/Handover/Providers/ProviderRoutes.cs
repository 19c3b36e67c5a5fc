using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EightByEight.Connector.Admin;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Handover.Providers;

/// <summary><c>/api/handover-providers</c>, for the operator.</summary>
internal sealed class ProviderRoutes(ProviderStore store, ProviderBody bodies, AuditTrail audit, IOptions<ConnectorOptions> options)
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/handover-providers").WithTags("Handover providers");
        group.MapGet("", (Delegate)((HttpContext http) => Of(http).ListAsync(http)))
            .WithSummary("Lists handover providers.").Produces<AdminList<ProviderResource>>().Refuses(400);
        group.MapPost("", (Delegate)((HttpContext http) => Of(http).CreateAsync(http)))
            .WithSummary("Creates a handover provider. A botKey and a callback.secret that were made for it are shown in this answer only.")
            .Takes<ProviderBodyDescription>("application/json").Produces<ProviderResource>(201).Refuses(400, 413);
        group.MapGet("/{id}", (HttpContext http, string id) => Of(http).GetAsync(http, id))
            .WithSummary("One handover provider.").Produces<ProviderResource>().Refuses(404);
        group.MapPut("/{id}", (HttpContext http, string id) =>
                Of(http).ChangeAsync(http, id, "handover-provider.put", (bodies, before, body) => bodies.Read(body, before)))
            .WithSummary("Replaces the settings; absent secrets are kept. A botKey of null makes a new one.")
            .Takes<ProviderBodyDescription>("application/json").Produces<ProviderResource>().Refuses(400, 404, 412, 413);
        group.MapPatch("/{id}", (HttpContext http, string id) =>
                Of(http).ChangeAsync(http, id, "handover-provider.patch", (bodies, before, body) => bodies.Merge(before, body)))
            .WithSummary("Changes settings by a JSON merge patch. A botKey of null makes a new one.")
            .Takes<ProviderBodyDescription>("application/merge-patch+json").Produces<ProviderResource>().Refuses(400, 404, 412, 413);
        group.MapDelete("/{id}", (HttpContext http, string id) => Of(http).DeleteAsync(http, id))
            .WithSummary("Deletes a handover provider. Its bot's key ends within 30 seconds, on every instance; its handovers fail.").Produces(204).Refuses(404, 412);
    }

    private static ProviderRoutes Of(HttpContext http) => http.RequestServices.GetRequiredService<ProviderRoutes>();

    private async Task<IResult> ListAsync(HttpContext http)
    {
        var (limit, after) = http.Request.Paging();
        var found = await store.ListAsync(after, limit + 1, http.RequestAborted);
        var items = found.Take(limit).Select(provider => Resource(http, provider)).ToArray();
        return AdminRequest.Answer(
            new AdminList<ProviderResource>(items, found.Count > limit ? items[^1].Id : null),
            ProviderRoutesJson.Default.AdminListProviderResource);
    }

    private async Task<IResult> CreateAsync(HttpContext http)
    {
        var change = bodies.Read(await http.Request.ReadJsonAsync(), null);
        var provider = await store.CreateAsync(change, http.RequestAborted);
        await audit.AddAsync(http, "handover-provider.create", provider.Id, []);
        http.Response.Headers.Location = $"/api/handover-providers/{provider.Id}";
        return Answer(http, provider, change, 201);
    }

    private async Task<IResult> GetAsync(HttpContext http, string id) => Answer(
        http, await store.FindAsync(id, pastCache: true, http.RequestAborted) ?? throw NotFound(id), null, 200);

    private async Task<IResult> ChangeAsync(
        HttpContext http, string id, string what, Func<ProviderBody, HandoverProvider, JsonElement, ProviderChange> read)
    {
        var body = await http.Request.ReadJsonAsync();
        ProviderChange? made = null;
        var changed = await store.ChangeAsync(
            id, http.Request.IfMatch(), before => made = read(bodies, before, body), http.RequestAborted) ?? throw NotFound(id);
        await audit.AddAsync(http, what, id, Differences(changed.Before, changed.After));
        return Answer(http, changed.After, made, 200);
    }

    private async Task<IResult> DeleteAsync(HttpContext http, string id)
    {
        if (!await store.DeleteAsync(id, http.Request.IfMatch(), http.RequestAborted)) throw NotFound(id);
        await audit.AddAsync(http, "handover-provider.delete", id, []);
        return TypedResults.NoContent();
    }

    /// <param name="made">Shows the secrets that it set, this once; null: there are none to show.</param>
    private IResult Answer(HttpContext http, HandoverProvider provider, ProviderChange? made, int status)
    {
        var resource = Resource(http, provider);
        resource = resource with
        {
            BotKey = made?.BotKey.Value,
            Callback = resource.Callback with { Secret = made?.CallbackSecret.Value },
        };
        http.Response.Headers.ETag = AdminRequest.ETag(provider.Version);
        return AdminRequest.Answer(resource, ProviderRoutesJson.Default.ProviderResource, status);
    }

    private ProviderResource Resource(HttpContext http, HandoverProvider provider)
    {
        var settings = provider.Settings;
        var server = options.Value.PublicBaseUrl?.ToString() ?? $"{http.Request.Scheme}://{http.Request.Host}";
        return new(
            provider.Id, settings.Name, settings.BaseUrl, provider.ProtectedApiKey is not null, settings.TenantId, settings.ChannelId,
            settings.QueueId, new(settings.Callback.Url, provider.ProtectedCallbackSecret is not null),
            new(settings.Translation) { ApiKeySet = provider.ProtectedTranslationKey is not null },
            server.TrimEnd('/') + HandoverWebhook.Path, provider.CreatedAt, provider.LastChanged);
    }

    private static string[] Differences(HandoverProvider before, HandoverProvider after)
    {
        static JsonObject Json(HandoverProvider p) => JsonSerializer.SerializeToNode(p.Settings, ProviderJson.Default.ProviderSettings)!.AsObject();
        var (one, other) = (Json(before), Json(after));
        IEnumerable<string> paths = one.Select(m => m.Key).Where(name => !JsonNode.DeepEquals(one[name], other[name])).Select(name => "$." + name);
        if (before.ProtectedApiKey != after.ProtectedApiKey) paths = paths.Append("$.apiKey");
        if (before.ProtectedCallbackSecret != after.ProtectedCallbackSecret) paths = paths.Append("$.callback.secret");
        if (before.ProtectedTranslationKey != after.ProtectedTranslationKey) paths = paths.Append("$.translation.apiKey");
        if (before.BotKeyHash != after.BotKeyHash) paths = paths.Append("$.botKey");
        return [.. paths];
    }

    private static AdminException NotFound(string id) => AdminException.NotFound("handover provider", id);
}

/// <summary>A provider as the admin API shows it.</summary>
/// <param name="WebhookUrl">What 8x8's webhook of the channel has to name.</param>
internal sealed record ProviderResource(
    string Id, string Name, string BaseUrl, bool ApiKeySet, string TenantId, string? ChannelId, string? QueueId, CallbackResource Callback,
    TranslationMembers Translation, string WebhookUrl, DateTimeOffset CreatedAt, DateTimeOffset LastChanged)
{
    /// <summary>Only in the answer to the request that set or made it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? BotKey { get; init; }
}

/// <summary>Where events are posted to; whether there is a secret.</summary>
internal sealed record CallbackResource(string? Url, bool SecretSet)
{
    /// <summary>Only in the answer to the request that set or made it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Secret { get; init; }
}

/// <summary>What a body may hold; described only, read by <see cref="ProviderBody"/>.</summary>
internal sealed record ProviderBodyDescription(
    string Name, string TenantId, string? BaseUrl, string? ApiKey, string? ChannelId, string? QueueId, CallbackBodyDescription? Callback,
    TranslationMembers? Translation, string? BotKey);

/// <inheritdoc cref="ProviderBodyDescription"/>
internal sealed record CallbackBodyDescription(string? Url, string? Secret);

/// <summary>JSON of these routes.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ProviderResource))]
[JsonSerializable(typeof(AdminList<ProviderResource>))]
[JsonSerializable(typeof(ProviderBodyDescription))]
internal sealed partial class ProviderRoutesJson : JsonSerializerContext;
