using System.ComponentModel.DataAnnotations;
using System.Net;
using EightByEight.Connector.Connections;
using EightByEight.Connector.Models;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;

namespace EightByEight.Connector.Agents;

/// <summary>How virtual agents are reached (configuration section <c>Connector:Agents</c>).</summary>
public sealed record AgentOptions
{
    /// <summary>The section of the configuration that is bound to this record.</summary>
    public const string Section = "Connector:Agents";

    /// <summary>How long an agent that could not answer now is left alone before it is asked again, at most twice. Default 500 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:10")]
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long Direct Line is left alone between two looks for what its agent says. Default 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:10")]
    public TimeSpan DirectLinePause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long after a turn Direct Line is asked for the first time what its agent said since. It doubles with each time that it said
    /// nothing. Default 2 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:05:00")]
    public TimeSpan LaterFirst { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest time between two such questions. Default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan LaterLongest { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long after the last input Direct Line is asked; what its agent says after that is heard with the next input. 0: never.
    /// Default 10 min.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan LaterUntil { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Whether agents may be at loopback, private and link-local addresses. Who stores Flows could otherwise reach what only this server
    /// can. Default false.
    /// </summary>
    public bool AllowPrivateAddresses { get; init; }
}

/// <summary>Puts the room together.</summary>
internal static class AgentServices
{
    public static IServiceCollection AddAgents(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<AgentOptions>().Bind(configuration.GetSection(AgentOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddPublicClient(Credentials.HttpClient, AllowsPrivate, AgentHttp.MostBytes);
        services.AddPublicClient(AgentHttp.HttpClient, AllowsPrivate).WithLentCredentials()
            .AddResilienceHandler(AgentHttp.HttpClient, (pipeline, context) =>
                pipeline.AddRetry(Again(context.ServiceProvider.GetRequiredService<IOptions<AgentOptions>>().Value)));
        return services.AddSingleton<AgentHttp>().AddSingleton<VirtualAgents>().AddSingleton<LanguageModels>()
            .AddSingleton<ConnectionStore>().AddSingleton<Credentials>().AddSingleton<ConnectionRoutes>();
    }

    private static bool AllowsPrivate(IServiceProvider provider) => provider.GetRequiredService<IOptions<AgentOptions>>().Value.AllowPrivateAddresses;

    /// <summary>Only what the agent has not worked on is told again: it would hear it twice.</summary>
    private static HttpRetryStrategyOptions Again(AgentOptions options) => new()
    {
        MaxRetryAttempts = 2,
        Delay = options.RetryPause,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome switch
        {
            { Exception: HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } } => true,
            { Result.StatusCode: HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable } => true,
            _ => false,
        }),
    };
}
