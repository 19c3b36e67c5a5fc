namespace EightByEight.Connector.Content;

/// <summary>URLs that a customer can open, or from which a file can be fetched.</summary>
internal static class WebAddress
{
    /// <summary>Whether it is an absolute http or https URL; <c>https:\\host</c>, which browsers mend, is not.</summary>
    public static bool IsOne(string text) =>
        !text.Contains('\\', StringComparison.Ordinal) && Uri.TryCreate(text, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttps || url.Scheme == Uri.UriSchemeHttp) && url.Host.Length > 0;

    /// <summary>The last part of its path, as a file's name; null when it has none.</summary>
    public static string? FileName(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed)) return null;
        var name = Uri.UnescapeDataString(parsed.Segments[^1]).Trim('/');
        return name.Length is 0 or > 100 || name.Any(char.IsControl) || name.Contains('/', StringComparison.Ordinal) ? null : name;
    }
}
