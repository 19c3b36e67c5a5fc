using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Transformers;

/// <summary>Puts the room together.</summary>
internal static class TransformerServices
{
    public static IServiceCollection AddTransformers(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<TransformerOptions>().Bind(configuration.GetSection(TransformerOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddHttpClient(HttpRequests.HttpClient, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .UseSocketsHttpHandler((handler, provider) =>
            {
                handler.UseCookies = false;
                // A proxy would connect in our place, to whatever address.
                handler.UseProxy = false;
                handler.MaxAutomaticRedirections = 5;
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(1);
                handler.AutomaticDecompression = System.Net.DecompressionMethods.All;
                if (!provider.GetRequiredService<IOptions<TransformerOptions>>().Value.AllowPrivateAddresses)
                    handler.ConnectCallback = PublicAddress.ConnectAsync;
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            // URLs may carry secrets of the transformer's author.
            .RemoveAllLoggers();
        return services
            .AddSingleton<Realms>()
            .AddSingleton<HttpRequests>()
            .AddSingleton<SessionStorage>()
            .AddSingleton<TransformerRoom>()
            .AddSingleton<TransformerRoutes>();
    }
}
