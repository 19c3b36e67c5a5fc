using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EightByEight.Connector.Files;

/// <summary>Puts the room together.</summary>
internal static class FilesServices
{
    public static IServiceCollection AddFiles(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<FilesOptions>().Bind(configuration.GetSection(FilesOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        foreach (var name in (string[])[FileStores.Custom, FileStores.Google])
            services.AddHttpClient(name, client => client.Timeout = Timeout.InfiniteTimeSpan)
                .UseSocketsHttpHandler((handler, provider) =>
                {
                    handler.UseCookies = false;
                    // A store that leads elsewhere would lead credentials there.
                    handler.AllowAutoRedirect = false;
                    handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
                    if (name != FileStores.Custom) return;
                    // A proxy would connect in our place, to whatever address.
                    handler.UseProxy = false;
                    if (!provider.GetRequiredService<IOptions<FilesOptions>>().Value.AllowPrivateAddresses)
                        handler.ConnectCallback = PublicAddress.ConnectAsync;
                })
                .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
                // Signed URLs are secrets.
                .RemoveAllLoggers();
        services.AddSingleton<FileIndex>();
        services.AddSingleton<FileStores>();
        services.AddSingleton<FileAddresses>();
        services.AddSingleton<StoredFiles>();
        services.AddSingleton<Scanners>();
        services.AddSingleton<LateVerdicts>();
        services.AddSingleton<IncomingFiles>();
        services.AddSingleton<FileRoutes>();
        services.AddSingleton<ImageCopies>();
        return services;
    }
}
