using System.Globalization;
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
internal sealed partial class FlowRoutes(
    FlowStore store, FlowDirectory directory, EndpointStore endpoints, FlowUsers users, CompileFlow compile, AuditTrail audit)
{
    private const string Yaml = "application/yaml";
    private const int MostNamed = 20;

    /// <summary>What <see cref="Flow.Parse(string)"/> takes as a name: lower-case letters, digits and hyphens; at most 64.</summary>
    public static bool IsName(string name) => Name().IsMatch(name);

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/flows").WithTags("Flows");
        group.MapGet("", (Delegate)((HttpContext http) => Of(http).ListAsync(http)))
            .WithSummary("Lists Flows.").Produces<AdminList<FlowResource>>().Refuses(400);
        group.MapGet("/{name}", (HttpContext http, string name) => Of(http).GetAsync(http, name))
            .WithSummary("The document as it was sent.").Produces<string>(200, Yaml, "application/json").Refuses(404);
        group.MapPut("/{name}", (HttpContext http, string name) => Of(http).PutAsync(http, name))
            .WithSummary("Creates or replaces a Flow, in YAML or JSON.")
            .Takes<string>(Yaml).Produces(201).Produces(204).Refuses(400, 412, 413);
        group.MapDelete("/{name}", (HttpContext http, string name) => Of(http).DeleteAsync(http, name))
            .WithSummary("Deletes a Flow that no Endpoint runs, and that is called by none which an Endpoint runs.").Produces(204).Refuses(404, 409, 412);
        group.MapGet("/{name}/versions", (HttpContext http, string name) => Of(http).VersionsAsync(http, name))
            .WithSummary("Lists the versions of a Flow, the newest first.").Produces<AdminList<FlowVersionResource>>().Refuses(400, 404);
        group.MapGet("/{name}/versions/{version:int:min(1)}", (HttpContext http, string name, int version) => Of(http).GetVersionAsync(http, name, version))
            .WithSummary("The document of a version as it was sent.").Produces<string>(200, Yaml, "application/json").Refuses(404);
        group.MapPost("/{name}/versions/{version:int:min(1)}/restore", (HttpContext http, string name, int version) => Of(http).RestoreAsync(http, name, version))
            .WithSummary("Makes a version the newest again, as a version of its own.").Produces(204).Refuses(400, 404, 412);
        group.MapDelete("/{name}/versions/{version:int:min(1)}", (HttpContext http, string name, int version) => Of(http).DeleteVersionAsync(http, name, version))
            .WithSummary("Deletes a version that is not the newest. One to which an Endpoint is bound only with ?force=true: that Endpoint then runs the newest.")
            .Produces(204).Refuses(404, 409);
    }

    private static FlowRoutes Of(HttpContext http) => http.RequestServices.GetRequiredService<FlowRoutes>();

    private async Task<IResult> ListAsync(HttpContext http)
    {
        var (limit, after) = http.Request.Paging();
        var found = await store.ListAsync(after, limit + 1, http.RequestAborted);
        var items = found.Take(limit).Select(f => new FlowResource(f.Name, f.Number, f.Length, f.CreatedAt, f.LastChanged)).ToArray();
        return AdminRequest.Answer(new(items, found.Count > limit ? items[^1].Name : null), AdminJson.Default.AdminListFlowResource);
    }

    private async Task<IResult> GetAsync(HttpContext http, string name)
    {
        var (flow, document) = (IsName(name) ? await store.ReadAsync(name, http.RequestAborted) : null) ?? throw NotFound(name);
        http.Response.Headers.ETag = AdminRequest.ETag(flow.Version);
        return TypedResults.Text(document, flow.ContentType, Encoding.UTF8);
    }

    private async Task<IResult> PutAsync(HttpContext http, string name)
    {
        if (!IsName(name))
            throw new AdminException(400, "Bad name",
                "The name of a Flow has 1 to 64 lower-case letters (a to z), digits and '-', and starts with a letter or digit.");
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
        // Trained now, so that no customer waits for it here; another process trains when it meets the Flow.
        if (flow.Listener is { HasExamples: true }) await directory.FindAsync(name, http.RequestAborted);
        await audit.AddAsync(http, isNew ? "flow.create" : "flow.put", name, []);
        http.Response.Headers.ETag = AdminRequest.ETag(stored.Version);
        if (isNew) http.Response.Headers.Location = $"/api/flows/{name}";
        return isNew ? TypedResults.StatusCode(201) : TypedResults.NoContent();
    }

    private async Task<IResult> DeleteAsync(HttpContext http, string name)
    {
        if (!IsName(name)) throw NotFound(name);
        var (running, callers, calling) = await users.OfAsync(name, http.RequestAborted);
        if (running.Count > 0) throw new AdminException(409, "In use", $"The Flow {name} is run by {Named(running)}. Give them another Flow first.");
        if (callers.Count > 0)
            throw new AdminException(409, "In use",
                $"The Flow {name} is called by {Named(callers)} for {Named(calling)}. Store those Flows without the call, or give those Endpoints another Flow first.");
        _ = await store.DeleteAsync(name, http.Request.IfMatch(), http.RequestAborted) ?? throw NotFound(name);
        directory.Drop(name);
        await audit.AddAsync(http, "flow.delete", name, []);
        return TypedResults.NoContent();
    }

    private async Task<IResult> VersionsAsync(HttpContext http, string name)
    {
        var (limit, after) = http.Request.Paging();
        var below = string.IsNullOrEmpty(after) ? 0 : int.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
            : throw new AdminException(400, "Bad page", "continue is not one that was given: leave it out for the first page.");
        var found = IsName(name) ? await store.VersionsAsync(name, below, limit + 1, http.RequestAborted) : [];
        if (found.Count == 0 && below == 0) throw NotFound(name);
        var items = found.Take(limit).Select(f => new FlowVersionResource(f.Number, f.Length, f.LastChanged)).ToArray();
        return AdminRequest.Answer(
            new(items, found.Count > limit ? items[^1].Version.ToString(CultureInfo.InvariantCulture) : null), AdminJson.Default.AdminListFlowVersionResource);
    }

    private async Task<IResult> GetVersionAsync(HttpContext http, string name, int version)
    {
        var (flow, document) = await VersionAsync(name, version, http.RequestAborted);
        return TypedResults.Text(document, flow.ContentType, Encoding.UTF8);
    }

    private async Task<IResult> RestoreAsync(HttpContext http, string name, int version)
    {
        var (old, document) = await VersionAsync(name, version, http.RequestAborted);
        compile(document, isStored: true);
        var isMatch = http.Request.IfMatch();
        var stored = await store.PutAsync(name, document, old.ContentType, newest => newest is { } v && isMatch(v), http.RequestAborted);
        directory.Drop(name);
        await audit.AddAsync(http, "flow.restore", $"{name}/versions/{version}", []);
        http.Response.Headers.ETag = AdminRequest.ETag(stored.Version);
        return TypedResults.NoContent();
    }

    private async Task<IResult> DeleteVersionAsync(HttpContext http, string name, int version)
    {
        var newest = (IsName(name) ? await store.GetAsync(name, http.RequestAborted) : null) ?? throw NotFound(name);
        if (newest.Number == version)
            throw new AdminException(409, "In use", $"Version {version} is the newest of {name}. Store or restore another one first, or delete the Flow.");
        var isForced = http.Request.Query["force"] == "true";
        if (!isForced && await endpoints.OfFlowVersionAsync(name, version, http.RequestAborted) is { Count: > 0 } bound)
            throw new AdminException(409, "In use",
                $"{Named(bound)} are bound to version {version} of {name}. Give them another flowVersion first; "
                + "with ?force=true they run the newest from then on, and their sessions begin anew.");
        if (!await store.DeleteVersionAsync(name, version, http.RequestAborted)) throw AdminException.NotFound("version", $"{name}/{version}");
        directory.Drop(name, version);
        await audit.AddAsync(http, "flow.deleteVersion", $"{name}/versions/{version}", []);
        return TypedResults.NoContent();
    }

    private async Task<(StoredFlow Flow, string Document)> VersionAsync(string name, int version, CancellationToken cancellation) =>
        (IsName(name) ? await store.ReadVersionAsync(name, version, cancellation) : null) ?? throw AdminException.NotFound("version", $"{name}/{version}");

    /// <summary>Only two: what is sent back must not be taken for a page by a browser.</summary>
    private static string ContentType(HttpRequest request) => request.HasJsonContentType() ? "application/json" : Yaml;

    private static string Named(IReadOnlyList<string> all) => string.Join(", ", all.Take(MostNamed)) + (all.Count > MostNamed ? " and others" : "");

    private static AdminException NotFound(string name) => AdminException.NotFound("Flow", name);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,63}\z")]
    private static partial Regex Name();
}
