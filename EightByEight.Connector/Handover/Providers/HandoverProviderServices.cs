using EightByEight.Connector.Conversations;
using EightByEight.Connector.Endpoints;
using EightByEight.Connector.Privacy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Handover.Providers;

/// <summary>Puts the room together.</summary>
internal static class HandoverProviderServices
{
    public static IServiceCollection AddHandoverProviders(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<HandoverProviderOptions>()
            .Bind(configuration.GetSection(HandoverProviderOptions.Section))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.AddSingleton(s => new ProviderStore(
            s.GetRequiredService<ConnectorStorage>(), s.GetRequiredService<KeyRing>(), s.GetRequiredService<TimeProvider>()));
        // 8x8 waits for an answer only briefly; bots and the work itself are more patient.
        services.AddKeyedSingleton(Inbox.Acknowledge, (s, _) => new HandoverInbox(
            s.GetRequiredKeyedService<ConnectorStorage>(Inbox.Acknowledge), s.GetRequiredKeyedService<WakeUps>(Inbox.Acknowledge),
            s.GetRequiredService<Seals>(), s.GetRequiredService<RequestHashes>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<HandoverInbox>();
        services.AddSingleton<RequestHashes>();
        CallbackClient.AddTo(services);
        services.AddSingleton<Interpreter>();
        services.AddSingleton<Desk>();
        services.AddSingleton<HandoverSweep>();
        services.AddSingleton<HandoverStream>();
        services.AddSingleton<HandoverWebhook>();
        services.AddSingleton<BotGate>();
        services.AddSingleton<HandoverRoutes>();
        services.AddSingleton<ProviderBody>();
        services.AddSingleton<ProviderRoutes>();
        return services;
    }

    /// <summary>Maps 8x8's webhook, the bots' routes, and the operator's into the authenticated admin API.</summary>
    public static void MapHandoverProviders(this IEndpointRouteBuilder routes, RouteGroupBuilder api)
    {
        routes.MapPost(HandoverWebhook.Path, routes.ServiceProvider.GetRequiredService<HandoverWebhook>().HandleAsync);
        HandoverRoutes.Map(routes);
        ProviderRoutes.Map(api);
    }
}
