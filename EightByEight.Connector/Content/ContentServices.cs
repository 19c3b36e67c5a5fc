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
        services.AddPublicClient(
            MediaUploads.HttpClient, provider => provider.GetRequiredService<IOptions<MediaOptions>>().Value.AllowPrivateAddresses, redirects: 5);
        services.AddSingleton<MediaUploads>();
        services.AddSingleton<Indicators>();
        return services;
    }
}
