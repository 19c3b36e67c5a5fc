using System.Text.Json;
using System.Text.Json.Nodes;
using EightByEight.Connector.ChatGateway;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Files;
using EightByEight.Connector.Translation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Endpoint = EightByEight.Connector.Endpoints.Endpoint;

namespace EightByEight.Connector.Admin;

/// <summary><c>/api/endpoints</c>.</summary>
internal sealed class EndpointRoutes(
    EndpointStore store, EndpointDirectory directory, ChatGatewayClient gateway, SettingsBody bodies, AuditTrail audit, StoredFiles files, Translator translator,
    AllowedGateways gateways, PortableEndpoints portable, IOptions<ConnectorOptions> options, TimeProvider time, ILogger<EndpointRoutes> log)
{
    private const int WebhooksAPage = 50;
    private const int MostWebhookPages = 10;

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/endpoints").WithTags("Endpoints");
        group.MapGet("", (Delegate)((HttpContext http) => Of(http).ListAsync(http)))
            .WithSummary("Lists Endpoints.").Produces<AdminList<EndpointResource>>().Refuses(400);
        group.MapPost("", (Delegate)((HttpContext http) => Of(http).CreateAsync(http)))
            .WithSummary("Creates an Endpoint.").Takes<EndpointBody>("application/json").Produces<EndpointResource>(201)
            .Refuses(400, 413);
        group.MapGet("/{id}", (HttpContext http, string id) => Of(http).GetAsync(http, id))
            .WithSummary("One Endpoint, with its URL.").Produces<EndpointResource>().Refuses(404);
        group.MapPut("/{id}", (HttpContext http, string id) =>
                Of(http).ChangeAsync(http, id, "endpoint.put", (reader, before, body) =>
                    reader.ReadAsync(body, before.ProtectedSecrets.Keys, http.RequestAborted)))
            .WithSummary("Replaces the settings; an absent apiKey is kept, null removes it.")
            .Takes<EndpointBody>("application/json").Produces<EndpointResource>().Refuses(400, 404, 412, 413);
        group.MapPatch("/{id}", (HttpContext http, string id) =>
                Of(http).ChangeAsync(http, id, "endpoint.patch", (reader, before, body) =>
                    reader.MergeAsync(before, body, http.RequestAborted)))
            .WithSummary("Changes settings by a JSON merge patch.")
            .Takes<EndpointBody>("application/merge-patch+json").Produces<EndpointResource>().Refuses(400, 404, 412, 413);
        group.MapDelete("/{id}", (HttpContext http, string id) => Of(http).DeleteAsync(http, id))
            .WithSummary("Deletes an Endpoint and its URL tokens.").Produces(204).Refuses(404, 412);
        group.MapGet("/{id}/export", (HttpContext http, string id) => Of(http).ExportAsync(http, id))
            .WithSummary("The Endpoint as a file: its settings without secrets, its Flow and what that calls.").Produces<PortableEndpoint>().Refuses(404);
        group.MapPost("/import", (Delegate)((HttpContext http) => Of(http).ImportAsync(http)))
            .WithSummary("Makes an Endpoint of an exported file, or of an 8x8 Endpoint of Cognigy (then ?flow= names its Flow). ?name= renames it; "
                + "?existing=keep or replace says what becomes of a stored Flow that differs. The report names what was not taken.")
            .Takes<PortableEndpoint>("application/json").Produces<ImportResult>(201).Refuses(400, 409, 413);
        group.MapPost("/{id}/url-token", (HttpContext http, string id) => Of(http).NewUrlTokenAsync(http, id))
            .WithSummary("Makes a new URL token; the former one works on for Connector:UrlTokenGrace, unless revokeNow.")
            .Takes<UrlTokenBody>("application/json", required: false).Produces<EndpointResource>().Refuses(400, 404, 412);
        group.MapPost("/{id}/test", (HttpContext http, string id) => Of(http).TestAsync(http, id))
            .WithSummary("Tests base URL, API key and tenant with 8x8, the file storage with its scanner, and the translation; success ends a pause.").Produces<TestResult>().Refuses(404);
    }

    private static EndpointRoutes Of(HttpContext http) => http.RequestServices.GetRequiredService<EndpointRoutes>();

    private async Task<IResult> ListAsync(HttpContext http)
    {
        var (limit, after) = http.Request.Paging();
        var found = await store.ListAsync(after, limit + 1, http.RequestAborted);
        var items = found.Take(limit).Select(Resource).ToArray();
        return AdminRequest.Answer(
            new(items, found.Count > limit ? found[limit - 1].Id : null), AdminJson.Default.AdminListJsonObject);
    }

    private async Task<IResult> CreateAsync(HttpContext http)
    {
        var change = await bodies.ReadAsync(await http.Request.ReadJsonAsync(), [], http.RequestAborted);
        var endpoint = await store.CreateAsync(change, http.RequestAborted);
        await audit.AddAsync(http, "endpoint.create", endpoint.Id, []);
        http.Response.Headers.Location = $"/api/endpoints/{endpoint.Id}";
        return await AnswerAsync(http, endpoint, 201);
    }

    private async Task<IResult> GetAsync(HttpContext http, string id) =>
        await AnswerAsync(http, await store.GetAsync(id, http.RequestAborted) ?? throw NotFound(id));

    private async Task<IResult> ChangeAsync(
        HttpContext http, string id, string what, Func<SettingsBody, Endpoint, JsonElement, Task<EndpointChange>> read)
    {
        var body = await http.Request.ReadJsonAsync();
        IEnumerable<string> secrets = [];
        var changed = await store.ChangeAsync(id, http.Request.IfMatch(), async before =>
        {
            var change = await read(bodies, before, body);
            secrets = change.Secrets.Keys.Select(name => $"$.{name}");
            return change;
        }, http.RequestAborted) ?? throw NotFound(id);
        await audit.AddAsync(http, what, id, [.. Differences(changed), .. secrets]);
        return await AnswerAsync(http, changed.After);
    }

    private async Task<IResult> DeleteAsync(HttpContext http, string id)
    {
        _ = await store.DeleteAsync(id, http.Request.IfMatch(), http.RequestAborted) ?? throw NotFound(id);
        await audit.AddAsync(http, "endpoint.delete", id, []);
        return TypedResults.NoContent();
    }

    private async Task<IResult> ExportAsync(HttpContext http, string id)
    {
        var endpoint = await store.GetAsync(id, http.RequestAborted) ?? throw NotFound(id);
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"endpoint-{id}.json\"";
        return AdminRequest.Answer(await portable.ExportAsync(endpoint, http.RequestAborted), AdminJson.Default.PortableEndpoint);
    }

    private async Task<IResult> ImportAsync(HttpContext http)
    {
        string? Query(string name) => http.Request.Query[name].ToString() is { Length: > 0 } value ? value : null;
        var (endpoint, report) = await portable.ImportAsync(
            await http.Request.ReadJsonAsync(), Query("name"), Query("flow"), Query("existing"), http.RequestAborted);
        await audit.AddAsync(http, "endpoint.import", endpoint.Id, []);
        http.Response.Headers.Location = $"/api/endpoints/{endpoint.Id}";
        return AdminRequest.Answer(new ImportResult(endpoint.Id, report), AdminJson.Default.ImportResult, 201);
    }

    private async Task<IResult> NewUrlTokenAsync(HttpContext http, string id)
    {
        var revokeNow = false;
        if (http.Request.ContentLength is not 0 && (await http.Request.ReadBodyAsync()) is { IsEmpty: false } body)
        {
            http.Request.Body = new MemoryStream(body.ToArray());
            var problems = new List<BodyProblem>();
            var members = new JsonMembers(await http.Request.ReadJsonAsync(), "$", problems);
            revokeNow = members.Flag("revokeNow", false);
            members.RefuseOthers();
            if (problems.Count > 0) throw new BodyException(problems);
        }

        var changed = await store.NewUrlTokenAsync(id, http.Request.IfMatch(), revokeNow, http.RequestAborted) ?? throw NotFound(id);
        await audit.AddAsync(http, revokeNow ? "endpoint.url-token.revoke" : "endpoint.url-token", id, ["$.urlToken"]);
        return await AnswerAsync(http, changed.After);
    }

    private async Task<IResult> TestAsync(HttpContext http, string id)
    {
        var endpoint = await store.GetAsync(id, http.RequestAborted) ?? throw NotFound(id);
        var (checks, webhook) = await CheckAsync(endpoint, http.RequestAborted);
        var reached = checks.All(check => check.Ok);
        if (reached && endpoint.Pause is not null)
        {
            await directory.ResumeAsync(id, http.RequestAborted);
            await audit.AddAsync(http, "endpoint.resume", id, ["$.paused"]);
        }

        if (endpoint.Settings.FileStorage.Provider != "none") checks = [.. checks, await CheckFilesAsync(endpoint, http.RequestAborted)];
        if (endpoint.Settings.Translation.Enabled) checks = [.. checks, await CheckTranslationAsync(endpoint, http.RequestAborted)];
        return AdminRequest.Answer(new(checks.All(check => check.Ok), checks, webhook), AdminJson.Default.TestResult);
    }

    /// <summary>Up to the first check that fails: the later ones depend on it.</summary>
    private async Task<(IReadOnlyList<TestCheck> Checks, TestWebhook? Webhook)> CheckAsync(
        Endpoint endpoint, CancellationToken cancellation)
    {
        var settings = endpoint.Settings.EightByEight;
        if (gateways.Fault(settings.BaseUrl) is { } fault) return ([new("baseUrl", false, fault)], null);
        string apiKey;
        try
        {
            apiKey = await directory.ApiKeyAsync(endpoint, cancellation);
        }
        catch (EndpointSecretException e)
        {
            return ([new("apiKey", false, e.Message)], null);
        }

        TestWebhook webhook;
        try
        {
            webhook = await FindWebhookAsync(endpoint, new(new(settings.BaseUrl), apiKey, settings.TenantId), cancellation);
        }
        catch (ChatGatewayException e)
        {
            TestCheck reached = new("baseUrl", true, $"{settings.BaseUrl} answers.");
            return (e.Status switch
            {
                401 or 403 => [reached, new("apiKey", false, e.Message)],
                { } and (< 500 and not 404 and not 408 and not 429) => [reached, new("tenant", false, e.Message)],
                _ => [new("baseUrl", false, e.Message)],
            }, null);
        }

        return (
        [
            new("baseUrl", true, $"{settings.BaseUrl} answers."),
            new("apiKey", true, "8x8 accepts the API key."),
            new("tenant", true, settings.TenantId is null ? "8x8 needs no tenant." : $"8x8 accepts the tenant {settings.TenantId}."),
        ], webhook);
    }

    private async Task<TestCheck> CheckFilesAsync(Endpoint endpoint, CancellationToken cancellation) =>
        await files.FaultAsync(endpoint, cancellation) is { } fault
            ? new("fileStorage", false, fault)
            : new("fileStorage", true, "The file storage takes files and gives them back.");

    private async Task<TestCheck> CheckTranslationAsync(Endpoint endpoint, CancellationToken cancellation) =>
        await translator.FaultAsync(endpoint, cancellation) is { } fault
            ? new("translation", false, fault)
            : new("translation", true, $"{endpoint.Settings.Translation.Provider} translates.");

    /// <summary>Looks for a URL token of this Endpoint at the end of a webhook's address, whatever server that names.</summary>
    private async Task<TestWebhook> FindWebhookAsync(Endpoint endpoint, ChatGatewayAccount account, CancellationToken cancellation)
    {
        TestWebhook? former = null;
        for (var number = 0; number < MostWebhookPages; number++)
        {
            var page = await gateway.ListWebhooksAsync(account, new(number, WebhooksAPage), cancellation);
            foreach (var webhook in page.Items)
            {
                var hash = EndpointRows.Hash(webhook.Uri[(webhook.Uri.LastIndexOf('/') + 1)..]);
                if (hash == endpoint.TokenHash) return new(true, $"8x8's webhook '{webhook.Name}' posts to this Endpoint.");
                if (endpoint.FormerTokens.FirstOrDefault(t => t.Hash == hash) is { } token)
                    former = new(true, $"8x8's webhook '{webhook.Name}' posts to a former URL, which works until {token.Until:u}. Change it.");
            }

            // 8x8 may give fewer a page than was asked for.
            if (page.Items.Count == 0 || number + 1 >= page.TotalPages) break;
        }

        return former ?? new(false, "No webhook of 8x8 posts to this Endpoint. Add one with its endpointUrl.");
    }

    private async Task<IResult> AnswerAsync(HttpContext http, Endpoint endpoint, int status = 200)
    {
        var now = time.GetUtcNow();
        var resource = Resource(endpoint);
        resource["formerUrlTokens"] = new JsonArray(
            [.. endpoint.FormerTokens.Where(t => t.Until > now).Select(t => new JsonObject { ["until"] = t.Until })]);
        try
        {
            var token = await store.UrlTokenAsync(endpoint, http.RequestAborted);
            var server = options.Value.PublicBaseUrl?.ToString() ?? $"{http.Request.Scheme}://{http.Request.Host}";
            resource["urlToken"] = token;
            resource["endpointUrl"] = $"{server.TrimEnd('/')}/webhooks/{token}";
        }
        catch (EndpointSecretException e)
        {
            // The other settings can still be read and mended.
            log.UrlTokenUnreadable(endpoint.Id, e);
        }

        http.Response.Headers.ETag = AdminRequest.ETag(endpoint.Version);
        return AdminRequest.Answer(resource, AdminJson.Default.JsonObject, status);
    }

    /// <summary>The settings, whether each secret is set, and what is read only: an <see cref="EndpointResource"/>.</summary>
    private static JsonObject Resource(Endpoint endpoint)
    {
        var resource = JsonSerializer.SerializeToNode(endpoint.Settings, EndpointJson.Default.EndpointSettings)!.AsObject();
        resource.Insert(0, "id", endpoint.Id);
        foreach (var secret in EndpointSecrets.All)
        {
            var part = secret.Split('.')[..^1].Aggregate(resource, (node, name) => node[name]!.AsObject());
            part[$"{secret[(secret.LastIndexOf('.') + 1)..]}Set"] = endpoint.ProtectedSecrets.ContainsKey(secret);
        }

        resource["paused"] = JsonSerializer.SerializeToNode(endpoint.Pause, AdminJson.Default.EndpointPause);
        resource["createdAt"] = endpoint.CreatedAt;
        resource["lastChanged"] = endpoint.LastChanged;
        return resource;
    }

    private static string[] Differences(Changed changed)
    {
        static JsonNode? Json(Endpoint e) => JsonSerializer.SerializeToNode(e.Settings, EndpointJson.Default.EndpointSettings);
        static IEnumerable<string> Between(JsonNode? one, JsonNode? other, string path) => (one, other) switch
        {
            (JsonObject a, JsonObject b) => a.Select(m => m.Key).Union(b.Select(m => m.Key))
                .SelectMany(name => Between(a[name], b[name], $"{path}.{name}")),
            _ => JsonNode.DeepEquals(one, other) ? [] : [path],
        };
        return [.. Between(Json(changed.Before), Json(changed.After), "$")];
    }

    private static AdminException NotFound(string id) => AdminException.NotFound("Endpoint", id);
}
