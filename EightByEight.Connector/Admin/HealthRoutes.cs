using Azure.Data.Tables;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Admin;

/// <summary><c>/health</c>: asked by load balancers, without a key.</summary>
internal static class HealthRoutes
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/health").WithTags("Health");
        group.MapGet("/live", () => AdminRequest.Answer(new("live"), AdminJson.Default.HealthResource))
            .WithSummary("This instance runs.").Produces<HealthResource>();
        group.MapGet("/ready", (Delegate)((HttpContext http) => ReadyAsync(http)))
            .WithSummary("Storage is reached within 2 s.").Produces<HealthResource>().Produces<AdminProblem>(503, "application/problem+json");
    }

    private static async Task<IResult> ReadyAsync(HttpContext http)
    {
        var storage = http.RequestServices.GetRequiredService<ConnectorStorage>();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        patience.CancelAfter(Patience);
        try
        {
            await storage.ReadyAsync().WaitAsync(patience.Token);
            await Task.WhenAll(
                storage.Endpoints.GetEntityIfExistsAsync<TableEntity>("health", "health", cancellationToken: patience.Token),
                storage.WakeUps.GetPropertiesAsync(patience.Token),
                storage.Bodies.GetPropertiesAsync(cancellationToken: patience.Token)).WaitAsync(patience.Token);
            return AdminRequest.Answer(new("ready"), AdminJson.Default.HealthResource);
        }
        catch (Exception)
        {
            // Whatever it is, this instance cannot work now.
            return AdminRequest.Answer(new AdminProblem(503, "Not ready", "Storage is not reached within 2 s."));
        }
    }
}
