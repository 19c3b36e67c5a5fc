using System.Collections.Frozen;

namespace EightByEight.Connector.Models;

/// <summary>
/// Where the sentences of a text end that is still being written. In doubt it goes on: a sentence too long is read more easily than half
/// of one. Lists, tables and blocks of code stay in one piece.
/// </summary>
internal static class Sentences
{
    private const string Enders = ".!?…";

    /// <summary>After these no space has to follow.</summary>
    private const string WideEnders = "。！？｡";

    /// <summary>What belongs to the sentence that it closes.</summary>
    private const string Closers = "\"')]}»”’」』）】*_";

    private static readonly FrozenSet<string> Abbreviations = new[]
    {
        "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "vs", "etc", "e.g", "i.e", "approx", "inc", "ltd", "co", "corp", "dept", "est", "fig", "no", "vol",
        "nr", "bzw", "z.b", "d.h", "u.a", "u.u", "o.ä", "usw", "ca", "str", "tel", "abs", "hr", "fr", "evtl", "ggf", "inkl", "zzgl", "min", "max", "std", "tgl", "art",
        "m", "mme", "mlle", "p.ex", "env", "p.ej", "sra", "ud", "uds", "pág", "núm", "sig", "dott", "es",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Where the last whole sentence ends, with the space behind it; <paramref name="from"/>: none is whole yet.</summary>
    public static int EndOf(string text, int from)
    {
        var (end, isCode) = (from, false);
        for (var i = from; i < text.Length; i++)
        {
            if (text.AsSpan(i).StartsWith("```", StringComparison.Ordinal))
            {
                isCode = !isCode;
                i += 2;
            }
            else if (!isCode && EndAt(text, i, from) is { } next) end = next;
        }

        return end;
    }

    /// <summary>The beginning of what follows where a sentence ends at a character; null: none does, or it cannot be told yet.</summary>
    private static int? EndAt(string text, int at, int from)
    {
        if (text[at] == '\n') return at + 1 < text.Length && text[at + 1] == '\n' && text.AsSpan(from, at - from).Trim().Length > 0 ? Next(text, at) : null;
        var isWide = WideEnders.Contains(text[at], StringComparison.Ordinal);
        if ((!isWide && !Enders.Contains(text[at], StringComparison.Ordinal)) || IsInPiece(text, at)) return null;
        var after = at + 1;
        while (after < text.Length && (Closers.Contains(text[after], StringComparison.Ordinal) || Enders.Contains(text[after], StringComparison.Ordinal)
            || WideEnders.Contains(text[after], StringComparison.Ordinal))) after++;
        if (isWide) return after < text.Length ? Next(text, after) : null;
        // Only what comes next tells a full stop from a decimal point, and a word from the next sentence.
        var next = Next(text, after);
        if (after == text.Length || next == text.Length || !char.IsWhiteSpace(text[after])) return null;
        if (text[at] is '.' or '…' && (char.IsLower(text[next]) || IsAbbreviation(text, at))) return null;
        return next;
    }

    /// <summary>The first character that is no space.</summary>
    private static int Next(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at])) at++;
        return at;
    }

    /// <summary>Whether a line of a list or table, or a word in code, goes on there.</summary>
    private static bool IsInPiece(string text, int at)
    {
        var start = text.LastIndexOf('\n', at) + 1;
        var line = text.AsSpan(start, at - start);
        if (line.Count('`') % 2 == 1) return true;
        line = line.TrimStart();
        if (line.Length == 0) return false;
        if (line[0] == '|' || (line.Length > 1 && line[0] is '-' or '*' or '•' or '+' && line.Length > 1 && line[1] == ' ')) return true;
        var digits = line.IndexOfAnyExceptInRange('0', '9');
        return digits > 0 && digits < line.Length - 1 && line[digits] is '.' or ')' && line[digits + 1] == ' ';
    }

    /// <summary>Whether a full stop belongs to the word before it: an abbreviation, an initial, a number such as that of a day or of an item.</summary>
    private static bool IsAbbreviation(string text, int at)
    {
        if (text[at] != '.') return false;
        var start = at;
        while (start > 0 && (char.IsLetterOrDigit(text[start - 1]) || (text[start - 1] == '.' && start > 1 && char.IsLetterOrDigit(text[start - 2])))) start--;
        var word = text[start..at];
        if (word.Length == 0) return false;
        if (word.All(char.IsAsciiDigit)) return word.Length <= 2;
        return (word.Length == 1 && char.IsUpper(word[0])) || Abbreviations.Contains(word);
    }
}
