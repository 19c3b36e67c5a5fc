using System.Net;
using EightByEight.Connector.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;

namespace EightByEight.Connector.Requests;

/// <summary>Puts the room together.</summary>
internal static class RequestServices
{
    public static IServiceCollection AddRequests(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RequestOptions>().Bind(configuration.GetSection(RequestOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        // Redirects are followed by HttpCalls, which sends credentials to one origin only.
        services.AddPublicClient(HttpCalls.HttpClient, provider => provider.GetRequiredService<IOptions<RequestOptions>>().Value.AllowPrivateAddresses)
            .WithLentCredentials()
            .AddResilienceHandler(HttpCalls.HttpClient, (pipeline, context) =>
                pipeline.AddRetry(Again(context.ServiceProvider.GetRequiredService<IOptions<RequestOptions>>().Value)));
        return services.AddSingleton<HttpCalls>();
    }

    /// <summary>As often as the request says; the server can tell a repetition by its <c>Idempotency-Key</c>.</summary>
    private static HttpRetryStrategyOptions Again(RequestOptions options) => new()
    {
        MaxRetryAttempts = HttpCalls.MostRetries,
        Delay = options.RetryPause,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = attempt => ValueTask.FromResult(
            attempt.AttemptNumber < HttpCalls.RetriesOf(attempt.Context.GetRequestMessage()) && attempt.Outcome switch
            {
                { Exception: HttpRequestException } => true,
                { Result.StatusCode: HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError } => true,
                _ => false,
            }),
    };
}
