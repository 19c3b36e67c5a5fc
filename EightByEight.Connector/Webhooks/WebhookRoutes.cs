using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Webhooks;

/// <summary>The route that 8x8 posts to.</summary>
internal static class WebhookRoutes
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services) => services
        .AddSingleton<SigningKeys>()
        .AddSingleton<SignatureCheck>()
        .AddSingleton<WebhookHandler>();

    public static void MapWebhooks(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/webhooks/{urlToken}", routes.ServiceProvider.GetRequiredService<WebhookHandler>().HandleAsync);
}
