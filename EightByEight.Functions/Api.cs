using EightByEight.Connector;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>The admin API and its description. The connector checks the admin key.</summary>
public sealed class Api(ConnectorPipeline pipeline)
{
    /// <summary>Takes every method: the connector's route table says which exist.</summary>
    [Function(nameof(Api))]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, Route = "api/{*path}")] HttpRequest request) =>
        pipeline.HandleAsync(request.HttpContext);
}
