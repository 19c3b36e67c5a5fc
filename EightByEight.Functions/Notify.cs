using EightByEight.Connector;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Takes what somebody else says to a customer.</summary>
public sealed class Notify(ConnectorPipeline pipeline)
{
    /// <summary>Hands over to the connector's own routes.</summary>
    [Function(nameof(Notify))]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "notify/{*path}")] HttpRequest request) =>
        pipeline.HandleAsync(request.HttpContext);
}
