using EightByEight.Connector;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Takes what somebody else says to a Flow.</summary>
public sealed class Inject(ConnectorPipeline pipeline)
{
    /// <summary>Hands over to the connector's own routes.</summary>
    [Function(nameof(Inject))]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "inject/{*path}")] HttpRequest request) =>
        pipeline.HandleAsync(request.HttpContext);
}
