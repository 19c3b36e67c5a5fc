using System.Globalization;
using System.Text;

namespace EightByEight.Connector.Understanding;

/// <summary>
/// What of a text tells what it means: its words, its pairs of words, and the parts of its words, of which a typing error spoils only
/// some. Each is a number, so that finding them allocates nothing.
/// </summary>
internal static class Features
{
    /// <summary>What a customer says later in one text is not looked at, in characters.</summary>
    public const int LongestText = 500;

    /// <summary>The most features of a text.</summary>
    public const int Most = 6 * LongestText;

    /// <summary>The characters that <see cref="Normalize"/> needs at most: marks may split up.</summary>
    public const int LongestWords = (2 * LongestText) + 2;

    private const int ShortestPart = 2;
    private const int LongestPart = 4;

    /// <summary>A text in small letters without marks, in which words are one space apart.</summary>
    public static string Fold(string text) => WithoutMarks(string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
        .ToString().ToLowerInvariant();

    /// <summary>
    /// The words of a text in small letters without marks, each between spaces; a number of any length is one 0. Returns their length.
    /// </summary>
    public static int Normalize(ReadOnlySpan<char> text, Span<char> words)
    {
        if (text.Length > LongestText) text = text[..LongestText];
        if (!Ascii.IsValid(text)) text = WithoutMarks(text);
        var length = 0;
        words[length++] = ' ';
        foreach (var c in text)
        {
            if (length >= words.Length - 1) break;
            var kept = char.IsDigit(c) ? '0' : char.IsLetter(c) || char.IsSurrogate(c) ? char.ToLowerInvariant(c) : ' ';
            if (c is '\'' or '’' or '`') continue;
            if (kept is ' ' or '0' && words[length - 1] == kept) continue;
            words[length++] = kept;
        }

        if (words[length - 1] != ' ') words[length++] = ' ';
        return length;
    }

    /// <summary>The features of normalized words, each once, in the order of their numbers. Returns how many there are.</summary>
    public static int Find(ReadOnlySpan<char> words, Span<uint> features)
    {
        var count = 0;
        var before = 0;
        for (var start = 0; start + 1 < words.Length;)
        {
            // With the space on each side, so that the parts at both ends of a word differ from those inside.
            var end = start + 1 + words[(start + 1)..].IndexOf(' ');
            var word = words[start..(end + 1)];
            features[count++] = Number(word, 0);
            if (before < start) features[count++] = Number(words[before..(end + 1)], 1);
            for (var size = ShortestPart; size <= LongestPart && size < word.Length; size++)
                for (var at = 0; at + size <= word.Length && count < features.Length - 2; at++)
                    features[count++] = Number(word.Slice(at, size), 2);
            if (count >= features.Length - 2) break;
            (before, start) = (start, end);
        }

        var found = features[..count];
        found.Sort();
        var kept = 0;
        for (var i = 0; i < count; i++)
            if (i == 0 || found[i] != found[i - 1]) found[kept++] = found[i];
        return kept;
    }

    /// <summary>Whether a feature is a part of a word, which weighs less than a whole one.</summary>
    public static bool IsPart(uint feature) => (feature & 3) == 2;

    /// <remarks>FNV-1a, 32 bits, of which two tell the kind.</remarks>
    private static uint Number(ReadOnlySpan<char> text, uint kind)
    {
        var hash = 2_166_136_261u + kind;
        foreach (var c in text) hash = (hash ^ c) * 16_777_619;
        return ((hash ^ (hash >> 15)) & ~3u) | kind;
    }

    private static ReadOnlySpan<char> WithoutMarks(ReadOnlySpan<char> text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in Whole(text).Normalize(NormalizationForm.FormD))
        {
            if (CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.NonSpacingMark) continue;
            if (c == 'ß') plain.Append("ss");
            else plain.Append(c);
        }

        return plain.ToString();
    }

    /// <summary>A text that can be normalized: without halves of pairs.</summary>
    private static string Whole(ReadOnlySpan<char> text)
    {
        var whole = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) whole.Append(rune);
        return whole.ToString();
    }
}
