using System.Text;
using System.Text.RegularExpressions;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Flows;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Admin;

/// <summary><c>/api/flows</c>: documents are kept as they were sent, and compiled before they are kept.</summary>
internal sealed partial class FlowRoutes(FlowStore store, FlowDirectory directory, EndpointStore endpoints, CompileFlow compile, AuditTrail audit)
{
    private const string Yaml = "application/yaml";

    /// <summary>Letters, digits, dots, hyphens and underscores; at most 100; the first a letter or digit.</summary>
    public static bool IsName(string name) => Name().IsMatch(name);

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/flows").WithTags("Flows");
        group.MapGet("", (Delegate)((HttpContext http) => Of(http).ListAsync(http)))
            .WithSummary("Lists Flows.").Produces<AdminList<FlowResource>>();
        group.MapGet("/{name}", (HttpContext http, string name) => Of(http).GetAsync(http, name))
            .WithSummary("The document as it was sent.").Produces<string>(200, Yaml, "application/json");
        group.MapPut("/{name}", (HttpContext http, string name) => Of(http).PutAsync(http, name))
            .WithSummary("Creates or replaces a Flow, in YAML or JSON.")
            .Takes<string>(Yaml).Produces(201).Produces(204);
        group.MapDelete("/{name}", (HttpContext http, string name) => Of(http).DeleteAsync(http, name))
            .WithSummary("Deletes a Flow that no Endpoint runs.").Produces(204);
    }

    private static FlowRoutes Of(HttpContext http) => http.RequestServices.GetRequiredService<FlowRoutes>();

    private async Task<IResult> ListAsync(HttpContext http)
    {
        var (limit, after) = http.Request.Paging();
        var found = await store.ListAsync(after, limit + 1, http.RequestAborted);
        var items = found.Take(limit).Select(f => new FlowResource(f.Name, f.Length, f.CreatedAt, f.LastChanged)).ToArray();
        return AdminRequest.Answer(new(items, found.Count > limit ? items[^1].Name : null), AdminJson.Default.AdminListFlowResource);
    }

    private async Task<IResult> GetAsync(HttpContext http, string name)
    {
        var flow = (IsName(name) ? await store.GetAsync(name, http.RequestAborted) : null) ?? throw NotFound(name);
        var document = await store.DocumentAsync(flow, http.RequestAborted);
        http.Response.Headers.ETag = AdminRequest.ETag(flow.Version);
        return TypedResults.Text(document, flow.ContentType, Encoding.UTF8);
    }

    private async Task<IResult> PutAsync(HttpContext http, string name)
    {
        if (!IsName(name))
            throw new AdminException(400, "Bad name",
                "The name of a Flow has 1 to 100 letters (a to z), digits, '.', '-' and '_', and starts with a letter or digit.");
        var document = await http.Request.ReadTextAsync();
        if (Encoding.UTF8.GetByteCount(document) > FlowStore.MostBytes)
            throw new AdminException(413, "Too large", $"A Flow has at most {FlowStore.MostBytes} bytes.");
        var flow = compile(document);
        if (flow.Name != name)
            throw new AdminException(400, "Another name",
                $"The document's name is {flow.Name}. Change it to {name}, or PUT it to /api/flows/{flow.Name}.");

        var isNew = false;
        var isMatch = http.Request.IfMatch();
        var mustBeNew = http.Request.Headers.IfNoneMatch.Contains("*");
        var stored = await store.PutAsync(name, document, ContentType(http.Request), version =>
        {
            isNew = version is null;
            return version is { } v ? !mustBeNew && isMatch(v) : http.Request.Headers.IfMatch.Count == 0;
        }, http.RequestAborted);
        directory.Drop(name);
        await audit.AddAsync(http, isNew ? "flow.create" : "flow.put", name, []);
        http.Response.Headers.ETag = AdminRequest.ETag(stored.Version);
        if (isNew) http.Response.Headers.Location = $"/api/flows/{name}";
        return isNew ? TypedResults.StatusCode(201) : TypedResults.NoContent();
    }

    private async Task<IResult> DeleteAsync(HttpContext http, string name)
    {
        if (!IsName(name)) throw NotFound(name);
        if (await endpoints.AnyOfFlowAsync(name, http.RequestAborted) is { } user)
            throw new AdminException(409, "In use", $"Endpoint {user} runs the Flow {name}. Give it another Flow first.");
        _ = await store.DeleteAsync(name, http.Request.IfMatch(), http.RequestAborted) ?? throw NotFound(name);
        directory.Drop(name);
        await audit.AddAsync(http, "flow.delete", name, []);
        return TypedResults.NoContent();
    }

    /// <summary>Only two: what is sent back must not be taken for a page by a browser.</summary>
    private static string ContentType(HttpRequest request) => request.HasJsonContentType() ? "application/json" : Yaml;

    private static AdminException NotFound(string name) => AdminException.NotFound("Flow", name);

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex Name();
}
