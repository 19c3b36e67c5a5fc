using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.ChatGateway;

/// <summary>Puts the room together.</summary>
internal static class ChatGatewayServices
{
    /// <summary>Adds <see cref="ChatGatewayClient"/>, and checks its options when the host starts.</summary>
    public static IServiceCollection AddChatGateway(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ChatGatewayOptions>()
            .Bind(configuration.GetSection(ChatGatewayOptions.Section))
            .ValidateDataAnnotations()
            .Validate(
                o => o.AttemptTimeout <= o.TotalTimeout,
                $"{ChatGatewayOptions.Section}:{nameof(ChatGatewayOptions.AttemptTimeout)} must not be longer than " +
                $"{nameof(ChatGatewayOptions.TotalTimeout)}.")
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton<ChatGatewayTelemetry>();
        services.AddSingleton(provider => new ChatGatewayClient(
            provider.GetRequiredService<IHttpClientFactory>(), OptionsOf(provider),
            provider.GetRequiredService<ChatGatewayTelemetry>(), provider.GetRequiredService<TimeProvider>()));
        services.AddWay(Repeating.Freely);
        services.AddWay(Repeating.WhenNotDelivered);
        services.AddWay(Repeating.Once);
        return services;
    }

    private static void AddWay(this IServiceCollection services, string way)
    {
        var client = services.AddHttpClient(way, http => http.Timeout = Timeout.InfiniteTimeSpan)
            .UseSocketsHttpHandler((handler, provider) =>
            {
                // The API key must not follow a redirect, nor a cookie of one tenant go along with another's calls.
                handler.AllowAutoRedirect = false;
                handler.UseCookies = false;
                handler.ConnectTimeout = OptionsOf(provider).ConnectTimeout;
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers();
        client
            .AddResilienceHandler(way, (pipeline, context) => Repeating.Build(
                pipeline, way, OptionsOf(context.ServiceProvider), context.ServiceProvider.GetRequiredService<TimeProvider>()))
            .SelectPipelineByAuthority();
        client.AddHttpMessageHandler(provider =>
            new AttemptHandler(OptionsOf(provider), provider.GetRequiredService<TimeProvider>()));
    }

    private static ChatGatewayOptions OptionsOf(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<ChatGatewayOptions>>().Value;
}
