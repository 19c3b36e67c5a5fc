using System.Globalization;
using System.Text;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>How people type what they mean.</summary>
internal static class Spelling
{
    private static readonly char[] Ends = ['.', '!', '?', ',', ';', ':', '…', '。', '！', '？', '、'];
    private static readonly char[] Beginnings = ['¡', '¿'];

    /// <summary>A word, and it without its accents: by their letters alone, and in German with an e behind them.</summary>
    public static IEnumerable<string> Of(string word) => new[]
    {
        word,
        word.Replace('’', '\''),
        WithoutAccents(word),
        WithoutAccents(word.Replace("ä", "ae", StringComparison.OrdinalIgnoreCase).Replace("ö", "oe", StringComparison.OrdinalIgnoreCase)
            .Replace("ü", "ue", StringComparison.OrdinalIgnoreCase)),
    }.Distinct();

    /// <summary>
    /// An answer without the marks that end a sentence; digits and signs of full width become plain ones, and so does the minus of typesetters.
    /// </summary>
    public static string WithoutMarks(string text) => string.Create(text.Length, text, static (plain, text) =>
    {
        for (var i = 0; i < plain.Length; i++)
            plain[i] = text[i] switch
            {
                '\u2212' => '-',
                '\u3000' => ' ',
                >= '\uFF01' and <= '\uFF5E' and var wide => (char)(wide - 0xFEE0),
                var same => same,
            };
    }).TrimStart(Beginnings).AsSpan().TrimEnd([.. Ends, ' ']).Trim().ToString();

    private static string WithoutAccents(string word) => string.Concat(word.Normalize(NormalizationForm.FormD)
        .Where(c => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark)).Normalize(NormalizationForm.FormC);
}
