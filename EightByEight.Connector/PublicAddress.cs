using System.Net;
using System.Net.Sockets;

namespace EightByEight.Connector;

/// <summary>
/// Connects to addresses of the internet only, for URLs that come from outside. It decides at the moment of connecting, so that neither a
/// redirect nor a name that changes its address leads into a network that only this server reaches.
/// </summary>
internal static class PublicAddress
{
    /// <summary>
    /// Special-purpose ranges. Source: the IANA special-purpose address registries (RFC 6890 and its updates). Cloud metadata is among
    /// them, but for 168.63.129.16, where Azure answers its machines.
    /// </summary>
    private static readonly IPNetwork[] Special =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "168.63.129.16/32", "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "fc00::/7",
            "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>Whether it is an address of the internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        // NAT64 (RFC 6052) carries an IPv4 address in its last four bytes.
        if (Nat64.Contains(address)) address = new IPAddress(address.GetAddressBytes().AsSpan(12));
        return !Array.Exists(Special, network => network.Contains(address));
    }

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>: looks the name up once, so that it cannot change in between.</summary>
    /// <exception cref="HttpRequestException">The name has no public address.</exception>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellation);
        var allowed = Array.FindAll(addresses, IsPublic);
        if (allowed.Length == 0) throw new HttpRequestException($"{context.DnsEndPoint.Host} has no public address.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");
}
