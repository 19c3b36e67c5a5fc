using System.Net;
using System.Net.Sockets;

namespace EightByEight.Connector.Content;

/// <summary>
/// Connects to addresses of the public internet only. It decides at the moment of connecting, so that neither a redirect nor a name
/// that changes its address leads elsewhere.
/// </summary>
internal static class PublicAddress
{
    /// <summary>Not public. Source: IANA, special-purpose address registries; cloud metadata is in 169.254.0.0/16, 100.64.0.0/10 or fd00::/8.</summary>
    private static readonly IPNetwork[] Others =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/128", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10",
            "ff00::/8",
        }.Select(IPNetwork.Parse),
        // Azure answers virtual machines here.
        new(IPAddress.Parse("168.63.129.16"), 32),
    ];

    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return !Others.Any(network => network.Contains(address));
    }

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="HttpRequestException">The host has no public address, or cannot be connected to.</exception>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var host = context.DnsEndPoint;
        var addresses = (await Dns.GetHostAddressesAsync(host.Host, cancellation)).Where(IsPublic).ToArray();
        if (addresses.Length == 0) throw new HttpRequestException($"{host.Host} is not a public address.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, host.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
