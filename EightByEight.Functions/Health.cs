using EightByEight.Connector;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Tells whether this instance lives and whether it can work.</summary>
public sealed class Health(ConnectorPipeline pipeline)
{
    /// <summary>Takes every method: the connector's route table says which exist.</summary>
    [Function(nameof(Health))]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "health/{*path}")] HttpRequest request) =>
        pipeline.HandleAsync(request.HttpContext);
}
