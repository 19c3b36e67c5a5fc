using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.OpenApi;

namespace EightByEight.Connector.Admin;

/// <summary>Describes what handlers read and answer on their own.</summary>
internal static class RouteDescription
{
    private const string AdminKey = "adminKey";
    private const string BotKey = "botKey";

    /// <summary>Describes problems that a route, or all routes of a group, may answer.</summary>
    public static T Refuses<T>(this T routes, params int[] statuses) where T : IEndpointConventionBuilder =>
        routes.WithMetadata([.. statuses.Select(status =>
            new ProducesResponseTypeMetadata(status, typeof(AdminProblem), ["application/problem+json"]))]);

    /// <summary>Describes the keys: <c>/api/handovers</c> asks for a bot's, everything else under <c>/api</c> for the admin's.</summary>
    public static void AskForKeys(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[AdminKey] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "Connector:AdminKey, or Connector:AdminKeyNext while rotating.",
        };
        document.Components.SecuritySchemes[BotKey] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "The botKey of a handover provider.",
        };
        foreach (var (path, item) in document.Paths)
            if (path.StartsWith("/api/", StringComparison.Ordinal))
                foreach (var operation in item.Operations?.Values.AsEnumerable() ?? [])
                    operation.Security = [new() { [new OpenApiSecuritySchemeReference(KeyOf(path), document)] = [] }];
    }

    private static string KeyOf(string path) =>
        path == "/api/handovers" || path.StartsWith("/api/handovers/", StringComparison.Ordinal) ? BotKey : AdminKey;

    /// <summary>
    /// Describes the body. Unlike <c>Accepts</c> it takes no part in routing: a body is read whatever Content-Type a caller
    /// sends, or forgets to.
    /// </summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route, string contentType, bool required = true) =>
        route.AddOpenApiOperationTransformer(async (operation, context, cancellation) =>
        {
            var schema = await context.GetOrCreateSchemaAsync(typeof(T), null, cancellation);
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = required,
                Content = new Dictionary<string, OpenApiMediaType> { [contentType] = new() { Schema = schema } },
            };
        });
}
