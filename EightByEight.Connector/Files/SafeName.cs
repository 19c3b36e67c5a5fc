using System.Globalization;
using System.Text;
using EightByEight.Connector.Content;

namespace EightByEight.Connector.Files;

/// <summary>A file's name that does no harm, wherever it is written: no path, nothing invisible, no reserved name, not too long.</summary>
internal static class SafeName
{
    /// <summary>In characters.</summary>
    public const int Longest = 100;

    /// <summary>The name with an extension that fits to what the file is.</summary>
    public static string Of(string? name, FileType type)
    {
        name ??= "";
        name = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        var safe = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
            if (IsHarmless(rune)) safe.Append(rune);
            else safe.Append('_');
        var fitting = type.Name(safe.ToString().Trim(' ', '.', '_') is { Length: > 0 } left ? left : "file");
        if (IsDevice(fitting)) fitting = "_" + fitting;
        if (fitting.Length <= Longest) return fitting;
        var extension = Path.GetExtension(fitting) is { Length: < 12 } kept ? kept : "";
        var end = Longest - extension.Length;
        if (char.IsHighSurrogate(fitting[end - 1])) end--;
        return fitting[..end] + extension;
    }

    /// <summary>Controls, marks of writing direction and what file systems and headers read as something else are not.</summary>
    private static bool IsHarmless(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
        && rune != Rune.ReplacementChar && !"<>:\"|?*%#&;'`$".Contains(rune.ToString(), StringComparison.Ordinal);

    /// <summary>Names that Windows keeps for devices, whatever their extension.</summary>
    private static bool IsDevice(string name) => name.Split('.')[0].Trim().ToUpperInvariant() is "CON" or "PRN" or "AUX" or "NUL"
        or ['C', 'O', 'M', >= '0' and <= '9'] or ['L', 'P', 'T', >= '0' and <= '9'];
}
