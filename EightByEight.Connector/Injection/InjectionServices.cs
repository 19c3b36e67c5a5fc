using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Injection;

/// <summary>Puts the room together.</summary>
internal static class InjectionServices
{
    public static IServiceCollection AddInjection(this IServiceCollection services) => services
        .AddSingleton<RequestKeys>()
        .AddSingleton<OutsideHandler>()
        .AddSingleton<TrialSessions>()
        .AddSingleton<TrialHandler>();

    public static void MapInjection(this IEndpointRouteBuilder routes)
    {
        var outside = routes.ServiceProvider.GetRequiredService<OutsideHandler>();
        routes.MapPost("/inject/{urlToken}", outside.InjectAsync);
        routes.MapPost("/notify/{urlToken}", outside.NotifyAsync);
        routes.MapPost("/callbacks/{urlToken}", outside.CallbackAsync);
        routes.MapPost("/test/{urlToken}", routes.ServiceProvider.GetRequiredService<TrialHandler>().HandleAsync);
    }
}
