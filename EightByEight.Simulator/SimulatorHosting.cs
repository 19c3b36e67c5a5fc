using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Simulator;

/// <summary>Puts the simulator into a host.</summary>
public static class SimulatorHosting
{
    /// <summary>Registers <see cref="ChatGatewaySimulator"/>.</summary>
    public static IServiceCollection AddSimulator(this IServiceCollection services, Action<SimulatorOptions>? configure = null)
    {
        var options = new SimulatorOptions();
        configure?.Invoke(options);
        return services.AddSimulator(options);
    }

    /// <summary>Registers <see cref="ChatGatewaySimulator"/>.</summary>
    public static IServiceCollection AddSimulator(this IServiceCollection services, SimulatorOptions options) =>
        services.AddSingleton(_ => new ChatGatewaySimulator(options));

    /// <summary>
    /// Maps the REST API (<c>/chat-gateway/v1</c>), the control API (<c>/simulator</c>), the files that events link to
    /// (<c>/files</c>) and the page (<c>/</c>).
    /// </summary>
    public static IEndpointRouteBuilder MapSimulator(this IEndpointRouteBuilder routes)
    {
        var gateway = routes.ServiceProvider.GetRequiredService<ChatGatewaySimulator>();
        GatewayRoutes.Map(routes, gateway);
        ControlRoutes.Map(routes, gateway);
        FileRoutes.Map(routes, gateway);
        PageRoutes.Map(routes);
        return routes;
    }
}
