using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Content;

/// <summary>Puts the room together.</summary>
internal static class ContentServices
{
    public static IServiceCollection AddContent(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<MediaOptions>().Bind(configuration.GetSection(MediaOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<IndicatorOptions>().Bind(configuration.GetSection(IndicatorOptions.Section))
            .Validate(o => o.After >= TimeSpan.Zero && o.Again >= TimeSpan.FromSeconds(1) && o.Timeout > TimeSpan.Zero,
                $"{IndicatorOptions.Section}: After must not be negative, Again at least 1 s, Timeout more than zero.")
            .ValidateOnStart();
        services.AddHttpClient(MediaUploads.HttpClient, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .UseSocketsHttpHandler((handler, provider) =>
            {
                handler.UseCookies = false;
                // A proxy would connect in our place, to whatever address.
                handler.UseProxy = false;
                handler.MaxAutomaticRedirections = 5;
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(1);
                if (!provider.GetRequiredService<IOptions<MediaOptions>>().Value.AllowPrivateAddresses)
                    handler.ConnectCallback = PublicAddress.ConnectAsync;
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            // URLs may carry secrets of the Flow's author.
            .RemoveAllLoggers();
        services.AddSingleton<MediaUploads>();
        services.AddSingleton<Indicators>();
        return services;
    }
}
