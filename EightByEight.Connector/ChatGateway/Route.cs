namespace EightByEight.Connector.ChatGateway;

/// <summary>
/// A path of the API, or, where it starts with a slash, below the base URL. Every hole of the interpolated string is one
/// segment and is escaped: ids are opaque, and none may lead to another path.
/// </summary>
internal readonly struct Route(FormattableString path)
{
    private const string Root = "/chat-gateway/v1/";

    /// <summary>The conversation it leads to, if any.</summary>
    public string? ConversationId =>
        path.Format.StartsWith("conversations/{0}", StringComparison.Ordinal) ? (string?)path.GetArgument(0) : null;

    /// <summary>The whole URL; null when one of the ids is no id, because no URL can carry it.</summary>
    public Uri? Below(Uri baseUrl, ListQuery query)
    {
        var segments = path.GetArguments();
        if (segments.Any(s => s is null or "" or "." or "..")) return null;
        var format = path.Format.StartsWith('/') ? path.Format : Root + path.Format;
        var escaped = string.Format(null, format, [.. segments.Select(s => Uri.EscapeDataString((string)s!))]);
        return new Uri(baseUrl.GetLeftPart(UriPartial.Path).TrimEnd('/') + escaped + query);
    }
}
