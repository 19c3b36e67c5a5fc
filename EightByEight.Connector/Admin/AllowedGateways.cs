namespace EightByEight.Connector.Admin;

/// <summary>The servers that an Endpoint may send its API key to.</summary>
internal sealed class AllowedGateways(ConnectorOptions options)
{
    private readonly string[] _hosts =
        options.AllowedGatewayHosts.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What is wrong with a base URL and what to do; null when nothing is.</summary>
    public string? Fault(string baseUrl)
    {
        if (baseUrl.Any(c => c is '\\' or '?' or '#' or '@' || char.IsWhiteSpace(c) || char.IsControl(c))
            || !Uri.TryCreate(baseUrl, UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0 || uri.AbsolutePath != "/")
            return "Must be a server's address alone, such as https://api.8x8.com: no path, user, query or fragment.";
        if (uri.Scheme != Uri.UriSchemeHttps && !(options.AllowInsecureGateways && uri.Scheme == Uri.UriSchemeHttp))
            return "Must start with https://.";
        return _hosts.Any(allowed => Matches(allowed, uri.IdnHost)) ? null
            : $"The host {uri.IdnHost} is not allowed here. Connector:AllowedGatewayHosts allows {string.Join(", ", _hosts)}.";
    }

    private static bool Matches(string allowed, string host) => allowed.StartsWith("*.", StringComparison.Ordinal)
        ? host.Length > allowed.Length - 1 && host.EndsWith(allowed[1..], StringComparison.OrdinalIgnoreCase)
        : host.Equals(allowed, StringComparison.OrdinalIgnoreCase);
}
