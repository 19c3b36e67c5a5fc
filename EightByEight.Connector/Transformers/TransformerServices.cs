using EightByEight.Connector.Flows.Scripting;
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
        services.AddPublicClient(
            HttpRequests.HttpClient, provider => provider.GetRequiredService<IOptions<TransformerOptions>>().Value.AllowPrivateAddresses, redirects: 5);
        return services
            .AddSingleton<Realms>()
            .AddSingleton<Computing>()
            .AddSingleton<HttpRequests>()
            .AddSingleton<SessionStorage>()
            .AddSingleton<TransformerRoom>()
            .AddSingleton<TransformerRoutes>();
    }
}
