using EightByEight.Connector;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Tries an Endpoint without 8x8.</summary>
public sealed class Test(ConnectorPipeline pipeline)
{
    /// <summary>Hands over to the connector's own routes.</summary>
    [Function(nameof(Test))]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "test/{*path}")] HttpRequest request) =>
        pipeline.HandleAsync(request.HttpContext);
}
