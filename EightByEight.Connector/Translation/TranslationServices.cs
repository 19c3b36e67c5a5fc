using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Translation;

/// <summary>What the operator decides, in the section <c>Connector:Translation</c>.</summary>
public sealed record TranslationOptions
{
    internal const string Section = "Connector:Translation";

    /// <summary>Whether a provider may be at an address that only this server's network knows. For development.</summary>
    public bool AllowPrivateAddresses { get; set; }
}

/// <summary>Puts the room together.</summary>
internal static class TranslationServices
{
    public static IServiceCollection AddTranslation(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<TranslationOptions>().Bind(configuration.GetSection(TranslationOptions.Section));
        services.AddPublicClient(
            Translator.HttpClient, provider => provider.GetRequiredService<IOptions<TranslationOptions>>().Value.AllowPrivateAddresses, 4 * 1024 * 1024);
        return services.AddSingleton<Translator>().AddSingleton<TurnTranslation>();
    }
}
