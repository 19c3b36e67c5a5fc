using EightByEight.Connector.Admin;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Connections;

/// <summary><c>/api/connections</c>: named credentials, whose secrets can be set and never read.</summary>
internal sealed class ConnectionRoutes(
    ConnectionStore store, FlowStore flows, FlowDirectory directory, EndpointStore endpoints, AuditTrail audit)
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/connections").WithTags("Connections");
        group.MapGet("", (Delegate)((HttpContext http) => Of(http).ListAsync(http)))
            .WithSummary("Lists connections, without their secrets.").Produces<AdminList<ConnectionResource>>().Refuses(400);
        group.MapGet("/{name}", (HttpContext http, string name) => Of(http).GetAsync(http, name))
            .WithSummary("One connection, without its secret.").Produces<ConnectionResource>().Refuses(404);
        group.MapPut("/{name}", (HttpContext http, string name) => Of(http).PutAsync(http, name))
            .WithSummary("Creates or replaces a connection; where it exists, an absent secret stays as it is.")
            .Takes<ConnectionBodyDescription>("application/json").Produces<ConnectionResource>().Produces<ConnectionResource>(201).Refuses(400, 412, 413);
        group.MapDelete("/{name}", (HttpContext http, string name) => Of(http).DeleteAsync(http, name))
            .WithSummary("Deletes a connection that neither a Flow nor an Endpoint names.").Produces(204).Refuses(404, 409, 412);
    }

    private static ConnectionRoutes Of(HttpContext http) => http.RequestServices.GetRequiredService<ConnectionRoutes>();

    private async Task<IResult> ListAsync(HttpContext http)
    {
        var (limit, after) = http.Request.Paging();
        var found = await store.ListAsync(after, limit + 1, http.RequestAborted);
        var items = found.Take(limit).Select(Resource).ToArray();
        return AdminRequest.Answer(new(items, found.Count > limit ? items[^1].Name : null), ConnectionJson.Default.AdminListConnectionResource);
    }

    private async Task<IResult> GetAsync(HttpContext http, string name) =>
        Answer(http, await store.GetAsync(name, http.RequestAborted) ?? throw NotFound(name), 200);

    private async Task<IResult> PutAsync(HttpContext http, string name)
    {
        if (!FlowRoutes.IsName(name))
            throw new AdminException(400, "Bad name",
                "The name of a connection has 1 to 64 lower-case letters (a to z), digits and '-', and starts with a letter or digit.");
        var body = await http.Request.ReadJsonAsync();
        var isNew = false;
        var isMatch = http.Request.IfMatch();
        var mustBeNew = http.Request.Headers.IfNoneMatch.Contains("*");
        var connection = await store.PutAsync(name, version =>
        {
            isNew = version is null;
            return version is { } v ? !mustBeNew && isMatch(v) : http.Request.Headers.IfMatch.Count == 0;
        }, hasSecret => ConnectionBody.Read(body, hasSecret), http.RequestAborted);
        await audit.AddAsync(http, isNew ? "connection.create" : "connection.put", name, []);
        if (isNew) http.Response.Headers.Location = $"/api/connections/{name}";
        return Answer(http, connection, isNew ? 201 : 200);
    }

    private async Task<IResult> DeleteAsync(HttpContext http, string name)
    {
        if (await store.GetAsync(name, http.RequestAborted) is null) throw NotFound(name);
        if (await UsersAsync(name, http.RequestAborted) is { Count: > 0 } users)
            throw new AdminException(409, "In use", $"The connection {name} is named by {string.Join(", ", users)}. Give these another one first.");
        if (!await store.DeleteAsync(name, http.Request.IfMatch(), http.RequestAborted)) throw NotFound(name);
        await audit.AddAsync(http, "connection.delete", name, []);
        return TypedResults.NoContent();
    }

    /// <summary>The Flows whose newest version names it, and the Endpoints whose <c>nlu</c> does.</summary>
    private async Task<List<string>> UsersAsync(string name, CancellationToken cancellation)
    {
        const int page = 100;
        var users = new List<string>();
        IReadOnlyList<StoredFlow> found;
        for (string? after = null; (found = await flows.ListAsync(after, page, cancellation)).Count > 0; after = found[^1].Name)
            foreach (var flow in found)
                if (await directory.FindAsync(flow.Name, cancellation) is { } compiled && compiled.Connections.Contains(name)) users.Add($"the Flow {flow.Name}");
        IReadOnlyList<Endpoints.Endpoint> listed;
        for (string? after = null; (listed = await endpoints.ListAsync(after, page, cancellation)).Count > 0; after = listed[^1].Id)
            users.AddRange(listed.Where(endpoint => endpoint.Settings.Nlu?.Connection == name).Select(endpoint => $"the Endpoint {endpoint.Id}"));
        return users;
    }

    private static IResult Answer(HttpContext http, Connection connection, int status)
    {
        http.Response.Headers.ETag = AdminRequest.ETag(connection.Version);
        return AdminRequest.Answer(Resource(connection), ConnectionJson.Default.ConnectionResource, status);
    }

    private static ConnectionResource Resource(Connection connection)
    {
        var settings = connection.Settings;
        return new(
            connection.Name, settings.Kind, SecretSet: true, settings.Username, settings.Header, settings.Query, settings.TokenUrl, settings.ClientId,
            settings.Scope, settings.Hosts, connection.CreatedAt, connection.LastChanged);
    }

    private static AdminException NotFound(string name) => AdminException.NotFound("connection", name);
}

/// <summary>A connection as the admin API shows it.</summary>
internal sealed record ConnectionResource(
    string Name, ConnectionKind Kind, bool SecretSet, string? Username, string? Header, string? Query, string? TokenUrl, string? ClientId,
    string? Scope, IReadOnlyList<string> Hosts, DateTimeOffset CreatedAt, DateTimeOffset LastChanged);

/// <summary>What a body may hold; described only, read by <see cref="ConnectionBody"/>.</summary>
internal sealed record ConnectionBodyDescription(
    ConnectionKind Kind, string? Secret, string? Username, string? Header, string? Query, string? TokenUrl, string? ClientId, string? Scope,
    IReadOnlyList<string>? Hosts);
