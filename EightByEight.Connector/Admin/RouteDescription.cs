using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.OpenApi;

namespace EightByEight.Connector.Admin;

/// <summary>Describes what handlers read and answer on their own.</summary>
internal static class RouteDescription
{
    private const string AdminKey = "adminKey";

    /// <summary>Describes problems that a route, or all routes of a group, may answer.</summary>
    public static T Refuses<T>(this T routes, params int[] statuses) where T : IEndpointConventionBuilder =>
        routes.WithMetadata([.. statuses.Select(status =>
            new ProducesResponseTypeMetadata(status, typeof(AdminProblem), ["application/problem+json"]))]);

    /// <summary>Describes the admin key, which everything under <c>/api</c> asks for.</summary>
    public static void AskForAdminKey(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[AdminKey] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            Description = "Connector:AdminKey, or Connector:AdminKeyNext while rotating.",
        };
        foreach (var (path, item) in document.Paths)
            if (path.StartsWith("/api/", StringComparison.Ordinal))
                foreach (var operation in item.Operations?.Values.AsEnumerable() ?? [])
                    operation.Security = [new() { [new OpenApiSecuritySchemeReference(AdminKey, document)] = [] }];
    }

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
