using Microsoft.AspNetCore.Builder;
using Microsoft.OpenApi;

namespace EightByEight.Connector.Admin;

/// <summary>Describes what handlers read on their own.</summary>
internal static class RouteDescription
{
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
