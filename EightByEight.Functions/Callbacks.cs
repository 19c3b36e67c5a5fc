using EightByEight.Connector;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Takes what virtual agents say later.</summary>
public sealed class Callbacks(ConnectorPipeline pipeline)
{
    /// <summary>Hands over to the connector's own routes.</summary>
    [Function(nameof(Callbacks))]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "callbacks/{*path}")] HttpRequest request) =>
        pipeline.HandleAsync(request.HttpContext);
}
