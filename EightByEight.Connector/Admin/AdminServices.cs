using EightByEight.Connector.Flows;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Admin;

/// <summary>Puts the room together.</summary>
internal static class AdminServices
{
    /// <summary>
    /// Adds what <see cref="MapAdmin"/> needs, Flows as well. Needs <c>AddEndpoints</c>, <c>AddChatGateway</c> and the two
    /// <see cref="ConnectorStorage"/>.
    /// </summary>
    public static IServiceCollection AddAdmin(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddRouting();
        services.AddOpenApi(options => options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "8x8 connector";
            document.Info.Version = "1";
            RouteDescription.AskForKeys(document);
            return Task.CompletedTask;
        }));
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, AdminJson.Default));
        services.AddSingleton<CompileFlow>(Flow.Parse);
        services.AddSingleton<FlowStore>();
        services.AddSingleton(s => new FlowDirectory(
            s.GetRequiredService<FlowStore>(), s.GetRequiredService<CompileFlow>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<FlowUsers>();
        services.AddSingleton<IFlows>(s => s.GetRequiredService<FlowDirectory>());
        services.AddSingleton(s => new AllowedGateways(s.GetRequiredService<IOptions<ConnectorOptions>>().Value));
        services.AddSingleton<SettingsBody>();
        services.AddSingleton<PortableEndpoints>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<AuditTrail>();
        services.AddSingleton<AdminGate>();
        services.AddSingleton<EndpointRoutes>();
        services.AddSingleton<FlowRoutes>();
        return services;
    }

    /// <summary>Maps <c>/api</c> and <c>/health</c>.</summary>
    /// <returns>The group <c>/api</c>: what is mapped to it asks for the admin key and answers errors as problems.</returns>
    public static RouteGroupBuilder MapAdmin(this IEndpointRouteBuilder routes)
    {
        HealthRoutes.Map(routes);
        var api = routes.MapGroup("/api");
        api.AddEndpointFilter((invocation, next) =>
            invocation.HttpContext.RequestServices.GetRequiredService<AdminGate>().PassAsync(invocation, next));
        api.Refuses(401, 503);
        api.WithMetadata(new OfAdminApi());
        EndpointRoutes.Map(api);
        FlowRoutes.Map(api);
        api.MapGet("/audit", (Delegate)AuditAsync).WithTags("Audit")
            .WithSummary("Writes through this API, newest first.").Produces<AdminList<AuditEntry>>().Refuses(400);
        api.MapOpenApi("/openapi.json");
        api.Map("/{**path}", (Delegate)NoRoute).ExcludeFromDescription().WithOrder(int.MaxValue);
        return api;
    }

    private static async Task<IResult> AuditAsync(HttpContext http)
    {
        var (limit, after) = http.Request.Paging();
        var (items, next) = await http.RequestServices.GetRequiredService<AuditLog>().ListAsync(after, limit, http.RequestAborted);
        return AdminRequest.Answer(new(items, next), AdminJson.Default.AdminListAuditEntry);
    }

    /// <summary>405 where another method would do, else 404.</summary>
    private static IResult NoRoute(HttpContext http)
    {
        var methods = http.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<OfAdminApi>() is not null
                && e.Metadata.GetMetadata<IHttpMethodMetadata>() is not null && Matches(e.RoutePattern, http.Request.Path))
            .SelectMany(e => e.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods)
            .Distinct().Order().ToArray();
        if (methods.Length == 0)
            return AdminRequest.Answer(new AdminProblem(404, "No such route", "GET /api/openapi.json describes all routes."));
        http.Response.Headers.Allow = string.Join(", ", methods);
        return AdminRequest.Answer(new AdminProblem(
            405, "Wrong method", $"{http.Request.Method} is not possible here, but {string.Join(", ", methods)}."));
    }

    private static bool Matches(RoutePattern pattern, PathString path) =>
        new TemplateMatcher(new RouteTemplate(pattern), []).TryMatch(path, []);

    /// <summary>Marks the routes of this API: the Functions host has endpoints of its own, whose patterns take any path.</summary>
    private sealed class OfAdminApi;
}
