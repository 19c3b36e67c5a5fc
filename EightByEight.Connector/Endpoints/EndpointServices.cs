using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Endpoints;

/// <summary>Puts the room together.</summary>
internal static class EndpointServices
{
    /// <summary>The key of the <see cref="ConnectorStorage"/> that someone waits for.</summary>
    public const string Acknowledge = "acknowledge";

    /// <summary>
    /// Adds <see cref="EndpointDirectory"/> and what changes Endpoints. Needs <see cref="ConnectorStorage"/>, the default one
    /// and one with the key <see cref="Acknowledge"/>.
    /// </summary>
    public static IServiceCollection AddEndpoints(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ConnectorOptions>()
            .Bind(configuration.GetSection(ConnectorOptions.Section))
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(KeyVaultCertificates.From(configuration));
        services.AddSingleton(s => new KeyRing(s.GetRequiredService<ConnectorStorage>(), s.GetRequiredService<IKeyCertificates>()));
        services.AddSingleton(s => new EndpointDirectory(
            s.GetRequiredKeyedService<ConnectorStorage>(Acknowledge), s.GetRequiredService<ConnectorStorage>(),
            s.GetRequiredService<KeyRing>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new EndpointStore(
            s.GetRequiredService<ConnectorStorage>(), s.GetRequiredService<KeyRing>(), s.GetRequiredService<EndpointDirectory>(),
            s.GetRequiredService<IOptions<ConnectorOptions>>(), s.GetRequiredService<TimeProvider>()));
        return services;
    }
}
