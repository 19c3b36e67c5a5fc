using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace EightByEight.Connector.Connections;

/// <summary>Where clients get their credentials.</summary>
internal static class Lending
{
    /// <summary>What the client's requests ask for by <see cref="LentCredentials.Lend"/>, they have; added before what repeats them.</summary>
    public static IHttpClientBuilder WithLentCredentials(this IHttpClientBuilder client) =>
        client.AddHttpMessageHandler(provider => new LentCredentials(provider.GetRequiredService<Credentials>()));
}

/// <summary>Gives each request the credentials that it asks for; where a token is refused, a new one is tried, once.</summary>
internal sealed class LentCredentials(Credentials credentials) : DelegatingHandler
{
    private static readonly HttpRequestOptionsKey<string> Connection = new("connection");

    /// <summary>Says whose credentials a request is to have; null: none.</summary>
    public static void Lend(HttpRequestMessage request, string? connection)
    {
        if (connection is not null) request.Options.Set(Connection, connection);
    }

    /// <exception cref="ConnectionException">There is no such connection, it is not for that host, or no token can be had.</exception>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.Options.TryGetValue(Connection, out var name)) return await base.SendAsync(request, cancellationToken);
        await credentials.ApplyAsync(name, request, cancellationToken);
        var response = await base.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized || !credentials.Refused(name, request)) return response;
        response.Dispose();
        await credentials.ApplyAsync(name, request, cancellationToken);
        return await base.SendAsync(request, cancellationToken);
    }
}
