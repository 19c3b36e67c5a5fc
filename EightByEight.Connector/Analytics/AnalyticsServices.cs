using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Analytics;

/// <summary>Puts the room together.</summary>
internal static class AnalyticsServices
{
    public static IServiceCollection AddAnalytics(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DashbotOptions>().Bind(configuration.GetSection(DashbotOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddHttpClient(Dashbot.HttpClient, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .UseSocketsHttpHandler((handler, _) =>
            {
                handler.AllowAutoRedirect = false;
                handler.UseCookies = false;
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            // The URL holds the key.
            .RemoveAllLoggers();
        return services.AddSingleton<AnalyticsStore>().AddSingleton<Dashbot>();
    }
}
