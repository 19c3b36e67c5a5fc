using System.Collections.Frozen;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>
/// Yes or no in English, German, Spanish or French; its value is true or false. The words are listed in
/// docs/flows.md.
/// </summary>
internal sealed partial class YesNoAnswer : AnswerType
{
    private static readonly FrozenSet<string> Yes = Words("""
        yes|y|yeah|yep|yup|sure|ok|okay|true|correct|right|of course|absolutely|yes please|👍
        ja|j|jo|jawohl|klar|genau|gerne|richtig|ja bitte|na klar
        sí|si|s|vale|claro|correcto|sí por favor|por supuesto
        oui|o|ouais|d'accord|bien sûr|oui s'il vous plaît
        """);

    private static readonly FrozenSet<string> No = Words("""
        no|n|nope|nah|false|wrong|no thanks|no thank you|not really|👎
        nein|nee|nö|falsch|nein danke
        no gracias|para nada
        non|non merci|pas du tout
        """);

    /// <summary>It is no answer to ask whether.</summary>
    protected override bool IgnoresMarks => false;

    public override JsonNode? Read(in Given given) => Read(given.Text);

    /// <summary>Yes is true, no is false, and anything else is null.</summary>
    public static bool? Read(string text)
    {
        var word = SkinTonePattern.Replace(text, "").Trim(' ', '.', '!', ',', '¡').Replace('’', '\'').Replace(",", "").ToLowerInvariant();
        return Yes.Contains(word) ? true : No.Contains(word) ? false : null;
    }

    /// <summary>Yes or no in a language of two letters; null: it is none of those above.</summary>
    public static string? Word(bool truth, string language) => language switch
    {
        "en" => truth ? "Yes" : "No",
        "de" => truth ? "Ja" : "Nein",
        "es" => truth ? "Sí" : "No",
        "fr" => truth ? "Oui" : "Non",
        _ => null,
    };

    private static FrozenSet<string> Words(string words) =>
        words.Split(['\n', '|'], StringSplitOptions.RemoveEmptyEntries).SelectMany(Spelling.Of).ToFrozenSet();

    /// <summary>How a thumb is coloured, or drawn.</summary>
    [GeneratedRegex("\\uD83C[\\uDFFB-\\uDFFF]|\\uFE0F", RegexOptions.CultureInvariant)]
    private static partial Regex SkinTonePattern { get; }
}
