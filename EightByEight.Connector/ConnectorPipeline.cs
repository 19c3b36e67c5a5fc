using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace EightByEight.Connector;

/// <summary>
/// The connector's route table behind another host's: a request that the host gave to one of its functions is routed again here, so
/// that no host repeats a route.
/// </summary>
public sealed class ConnectorPipeline
{
    private readonly RequestDelegate _pipeline;

    /// <param name="services">The host's services.</param>
    public ConnectorPipeline(IServiceProvider services)
    {
        var builder = new ApplicationBuilder(services);
        builder.UseRouting();
        builder.UseEndpoints(routes => routes.MapConnector());
        _pipeline = builder.Build();
    }

    /// <summary>Answers a request, the response included.</summary>
    /// <returns>A result that adds nothing to the response.</returns>
    public async Task<IResult> HandleAsync(HttpContext context)
    {
        context.SetEndpoint(null);
        context.Request.RouteValues.Clear();
        await _pipeline(context);
        return Results.Empty;
    }
}
