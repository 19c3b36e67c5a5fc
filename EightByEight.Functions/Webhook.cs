using EightByEight.Connector;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Takes the events that 8x8 posts to an Endpoint URL.</summary>
public sealed class Webhook(ConnectorPipeline pipeline)
{
    /// <summary>Acknowledges and enqueues.</summary>
    [Function(nameof(Webhook))]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "post", Route = "webhooks/{urlToken}")] HttpRequest request) =>
        pipeline.HandleAsync(request.HttpContext);
}
