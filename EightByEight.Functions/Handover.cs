using EightByEight.Connector;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Takes the events that 8x8 posts for handover providers.</summary>
public sealed class Handover(ConnectorPipeline pipeline)
{
    /// <summary>Acknowledges and enqueues.</summary>
    [Function(nameof(Handover))]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "handover/{*path}")] HttpRequest request) =>
        pipeline.HandleAsync(request.HttpContext);
}
