using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector;

/// <summary>Clients for URLs that come from outside: of Flows, transformers, agents and callbacks.</summary>
internal static class PublicClient
{
    /// <summary>
    /// Adds a client that reaches the internet only, unless the operator allows more. It keeps no cookies, which would be one tenant's in
    /// another's calls, and logs nothing, since URLs may hold secrets. It has no time limit of its own.
    /// </summary>
    /// <param name="services">Where it is added.</param>
    /// <param name="name">Its name in <see cref="IHttpClientFactory"/>.</param>
    /// <param name="allowsPrivate">Whether it may connect to addresses that are not public.</param>
    /// <param name="mostBytes">Of an answer that is read whole.</param>
    /// <param name="redirects">How many it follows. None: credentials would follow too.</param>
    public static IHttpClientBuilder AddPublicClient(
        this IServiceCollection services, string name, Func<IServiceProvider, bool> allowsPrivate, int mostBytes = int.MaxValue, int redirects = 0) => services
        .AddHttpClient(name, client => (client.Timeout, client.MaxResponseContentBufferSize) = (Timeout.InfiniteTimeSpan, mostBytes))
        .UseSocketsHttpHandler((handler, provider) =>
        {
            handler.AllowAutoRedirect = redirects > 0;
            if (redirects > 0) handler.MaxAutomaticRedirections = redirects;
            handler.UseCookies = false;
            // A proxy would connect in our place, to whatever address.
            handler.UseProxy = false;
            // A name that changes its address is looked up again.
            handler.PooledConnectionLifetime = TimeSpan.FromMinutes(1);
            handler.AutomaticDecompression = DecompressionMethods.All;
            if (!allowsPrivate(provider)) handler.ConnectCallback = PublicAddress.ConnectAsync;
        })
        .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
        .RemoveAllLoggers();

    /// <summary>The whole body; null: it is larger than <paramref name="most"/> bytes.</summary>
    public static async Task<byte[]?> ReadAtMostAsync(this HttpContent content, int most, CancellationToken cancellation)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellation);
        using var read = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancellation)) > 0)
        {
            if (read.Length + count > most) return null;
            read.Write(buffer, 0, count);
        }

        return read.ToArray();
    }
}
