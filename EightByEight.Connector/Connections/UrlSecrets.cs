using System.Text.RegularExpressions;

namespace EightByEight.Connector.Connections;

/// <summary>Credentials that somebody wrote into a URL, where they would be read by all who read a Flow.</summary>
internal static partial class UrlSecrets
{
    /// <summary>What is wrong with a URL, and what to do instead, without a word of the secret; null: it holds none that shows.</summary>
    /// <param name="url">As it is written; what is put in with <c>{{ }}</c> is no secret of the Flow.</param>
    public static string? Fault(string url)
    {
        if (User().IsMatch(url)) return "holds a user name or a password: put it into a connection of the kind basic.";
        var query = url.IndexOf('?', StringComparison.Ordinal);
        if (query < 0) return null;
        foreach (var pair in url[(query + 1)..].Split('#')[0].Split('&'))
            if (pair.Split('=', 2) is [var name, { Length: > 0 } value] && IsOne(name) && !value.StartsWith("{{", StringComparison.Ordinal)) return FaultOf(name);
        return null;
    }

    /// <summary>What to do with a parameter of the query that is written out.</summary>
    public static string FaultOf(string name) =>
        $"holds '{name}', which looks like credentials: put its value into a connection of the kind apiKey with \"query\": \"{name}\", and name that as 'connection'.";

    /// <summary>Whether a parameter of that name carries credentials.</summary>
    public static bool IsOne(string name) => Credentials().IsMatch(name);

    [GeneratedRegex("^https?://[^/?#{}]*@", RegexOptions.IgnoreCase)]
    private static partial Regex User();

    [GeneratedRegex("^((access|auth|api|id)?[_-]?token|((api|app|access|subscription|account)[_-]?)?key|sig(nature)?|(client[_-]?)?secret|password)$",
        RegexOptions.IgnoreCase)]
    private static partial Regex Credentials();
}
