using EightByEight.Connector;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace EightByEight.Functions;

/// <summary>Serves the files of conversations.</summary>
public sealed class Files(ConnectorPipeline pipeline)
{
    /// <summary>A file, or a smaller copy of an image.</summary>
    [Function(nameof(Files))]
    public Task<IResult> RunAsync(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "files/{*path}")] HttpRequest request) =>
        pipeline.HandleAsync(request.HttpContext);
}
