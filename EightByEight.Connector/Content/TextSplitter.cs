using System.Globalization;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Content;

/// <summary>Brings texts to a length, counted as JSON strings are, in UTF-16 units. No emoji, combining sequence or link is cut.</summary>
internal static partial class TextSplitter
{
    private enum Border
    {
        Paragraph,
        Line,
        Sentence,
        Space,
        Character,
    }

    /// <summary>
    /// Pieces of at most <paramref name="limit"/>, cut at the end of a paragraph, line or sentence in their second half, else at the
    /// last space, else between characters. A link that is longer stays whole, since half of it would be of no use.
    /// </summary>
    public static IReadOnlyList<string> Split(string text, int limit)
    {
        if (text.Length <= limit) return [text];
        var pieces = new List<string>();
        var links = LinkPattern.Matches(text).Select(link => (Start: link.Index, End: link.Index + link.Length)).ToArray();
        var start = SkipSpaces(text, 0);
        while (start < text.Length)
        {
            var end = text.Length - start <= limit ? text.Length : Cut(text, start, limit, links);
            var piece = text[start..end].TrimEnd();
            if (piece.Length > 0) pieces.Add(piece);
            start = SkipSpaces(text, end);
        }

        return pieces;
    }

    /// <summary>The text, or its beginning and an ellipsis.</summary>
    public static string Shorten(string text, int limit)
    {
        if (text.Length <= limit) return text;
        int end = 0, word = 0;
        while (end < text.Length && StringInfo.GetNextTextElementLength(text, end) is var length && end + length <= limit - 1)
        {
            if (char.IsWhiteSpace(text[end])) word = end;
            end += length;
        }

        return text[..(word > limit / 2 ? word : end)].TrimEnd() + "…";
    }

    private static int Cut(string text, int start, int limit, (int Start, int End)[] links)
    {
        Span<int> last = stackalloc int[(int)Border.Character + 1];
        last.Clear();
        var wasSentence = false;
        var lines = 0;
        var at = start;
        while (at < text.Length)
        {
            var length = StringInfo.GetNextTextElementLength(text, at);
            var end = at + length;
            if (end - start > limit) break;
            var element = text.AsSpan(at, length);
            var border = Border.Character;
            if (element.IsWhiteSpace())
            {
                if (element.Contains('\n')) border = ++lines > 1 ? Border.Paragraph : Border.Line;
                else border = wasSentence ? Border.Sentence : Border.Space;
            }
            else
            {
                lines = 0;
                wasSentence = IsSentenceEnd(element, wasSentence);
            }

            if (!links.Any(link => link.Start < end && end < link.End)) last[(int)border] = end;
            at = end;
        }

        for (var border = Border.Paragraph; border <= Border.Space; border++)
            if (last[(int)border] - start >= limit / 2) return last[(int)border];
        for (var border = Border.Paragraph; border < Border.Space; border++)
            last[(int)Border.Space] = Math.Max(last[(int)Border.Space], last[(int)border]);
        if (last[(int)Border.Space] > start) return last[(int)Border.Space];
        if (last[(int)Border.Character] > start) return last[(int)Border.Character];
        // One character or link alone is too long.
        var next = start + StringInfo.GetNextTextElementLength(text, start);
        return links.FirstOrDefault(link => link.Start <= start && start < link.End) is { End: > 0 } whole ? Math.Max(whole.End, next) : next;
    }

    /// <summary>A closing quote or bracket after the end still is the end.</summary>
    private static bool IsSentenceEnd(ReadOnlySpan<char> element, bool was) =>
        element[0] is '.' or '!' or '?' or '…' or '。' or '！' or '？' || (was && element[0] is '"' or '\'' or ')' or '”' or '’' or '»');

    private static int SkipSpaces(string text, int at)
    {
        while (at < text.Length && StringInfo.GetNextTextElementLength(text, at) is var length
            && text.AsSpan(at, length).IsWhiteSpace()) at += length;
        return at;
    }

    /// <summary>Scripts without spaces go on right behind a link: their characters, and emojis, end it.</summary>
    [GeneratedRegex(@"(https?://|www\.)[^\s\u2E80-\u9FFF\uAC00-\uD7AF\uD800-\uDFFF\uF900-\uFAFF\uFF00-\uFFEF]+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex LinkPattern { get; }
}
