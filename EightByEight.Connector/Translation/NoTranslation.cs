using System.Text;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Translation;

/// <summary>A piece of a text.</summary>
/// <param name="IsTranslated">Whether a provider may change it.</param>
internal readonly record struct Piece(string Text, bool IsTranslated);

/// <summary>
/// What of a text is not translated: what stands between two markers, and URLs, e-mail addresses, file names, placeholders and HTML tags. Providers get
/// the pieces between them, so that nothing that a provider does can change one.
/// </summary>
internal static partial class NoTranslation
{
    /// <summary>The marker where the settings name none.</summary>
    public const string Marker = "**";

    /// <summary>The text without its markers; one that has no second stays.</summary>
    public static string Unmarked(string text, string marker)
    {
        if (!text.Contains(marker, StringComparison.Ordinal)) return text;
        var plain = new StringBuilder(text.Length);
        foreach (var (part, _) in Marked(text, marker)) plain.Append(part);
        return plain.ToString();
    }

    /// <summary>The text in pieces, without its markers. White space around a piece is a piece of its own.</summary>
    public static List<Piece> Pieces(string text, string marker)
    {
        var pieces = new List<Piece>();
        if (text.StartsWith("cIntent:", StringComparison.Ordinal))
        {
            pieces.Add(new(text, false));
            return pieces;
        }

        foreach (var (part, free) in Marked(text, marker))
            if (free) Split(part, pieces);
            else pieces.Add(new(part, false));
        return pieces;
    }

    private static IEnumerable<(string Part, bool IsFree)> Marked(string text, string marker)
    {
        var at = 0;
        while (text.IndexOf(marker, at, StringComparison.Ordinal) is >= 0 and var open
            && text.IndexOf(marker, open + marker.Length, StringComparison.Ordinal) is >= 0 and var close)
        {
            if (open > at) yield return (text[at..open], true);
            yield return (text[(open + marker.Length)..close], false);
            at = close + marker.Length;
        }

        if (at < text.Length) yield return (text[at..], true);
    }

    private static void Split(string text, List<Piece> pieces)
    {
        var at = 0;
        foreach (var kept in Kept().EnumerateMatches(text))
        {
            Add(text[at..kept.Index], pieces);
            pieces.Add(new(text.Substring(kept.Index, kept.Length), false));
            at = kept.Index + kept.Length;
        }

        Add(text[at..], pieces);
    }

    private static void Add(string text, List<Piece> pieces)
    {
        var inner = text.Trim();
        if (!inner.Any(char.IsLetter))
        {
            if (text.Length > 0) pieces.Add(new(text, false));
            return;
        }

        var start = text.IndexOf(inner, StringComparison.Ordinal);
        if (start > 0) pieces.Add(new(text[..start], false));
        pieces.Add(new(inner, true));
        if (start + inner.Length < text.Length) pieces.Add(new(text[(start + inner.Length)..], false));
    }

    /// <summary>Each alternative begins where a word does, and goes back over no more than it: long texts take no longer for each character.</summary>
    [GeneratedRegex(
        @"(?<![A-Za-z0-9+.-])[A-Za-z0-9+.-]+://[^\s<>""]+|www\.[^\s<>""]+|(?:mailto|tel):[^\s<>""]+"
        + @"|(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]+@[\w-]+(?:\.[\w-]+)+|cIntent:\S*|\{\{(?:[^{}]|\{[^{}]{0,100}\}){0,500}?\}\}|\$?\{[^{}\s]*\}"
        + @"|(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|txt|csv|zip|png|jpe?g|gif|webp|svg|heic|mp[34]|m4a|wav|ogg|mov|avi|html?|json|xml)\b"
        + @"|</?[A-Za-z][^<>]*>|&[A-Za-z0-9#]+;",
        RegexOptions.Singleline, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Kept();
}
