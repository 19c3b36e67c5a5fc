using System.Text.Json.Nodes;
using EightByEight.Connector.Flows;
using EightByEight.Connector.Flows.Questions;

namespace EightByEight.Connector.Understanding;

/// <summary>
/// Finds the slots of a Flow, and those that each Flow has, in a sentence. What can be two things is the one that comes first in
/// <see cref="SystemSlots"/>, and of two that overlap the longer counts.
/// </summary>
internal static class SlotFinder
{
    /// <summary>More of one slot in one text are left out.</summary>
    public const int Most = 20;

    private const int MostWords = 40;
    private const int MostOfValue = 9;
    private const int LongestValue = 64;

    private static readonly char[] Marks = [',', '.', '!', '?', ';', ':', '(', ')', '"'];

    /// <summary>The types of questions whose answers are found in any sentence, and what words look like that may be one.</summary>
    private static readonly (string Name, AnswerType Type, int Words, Func<string, bool> MayBe)[] SystemSlots =
    [
        ("EMAIL", new EmailAnswer(), 1, words => words.Contains('@', StringComparison.Ordinal)),
        ("URL", new UrlAnswer(), 1, words => words.Contains("://", StringComparison.Ordinal)
            || words.StartsWith("www.", StringComparison.OrdinalIgnoreCase)),
        ("IPV4", new Ipv4Answer(), 1, words => char.IsAsciiDigit(words[0])),
        ("IBAN", new IbanAnswer(), MostOfValue, words => words.Length >= 15 && char.IsAsciiLetter(words[0])),
        ("DATE", new DateAnswer(), 4, words => !HasDigit(words) || HasLetter(words) || words.Contains('/', StringComparison.Ordinal)
            || words.Count(c => c is '.' or '-') > 1),
        ("PHONE", new PhoneAnswer(null), 6, words => words[0] is '+' or '(' or (>= '0' and <= '9') && char.IsAsciiDigit(words[^1])
            && words.Count(char.IsAsciiDigit) >= 7),
        ("TIME", new TimeAnswer(), 3, words => words.Contains(':', StringComparison.Ordinal) || HasLetter(words)),
        ("PERCENTAGE", new NumberAnswer(NumberKind.Percentage, null, null), 3, words => HasDigit(words)
            && (HasLetter(words) || words.Contains('%', StringComparison.Ordinal))),
        ("TEMPERATURE", new QuantityAnswer(isMoney: false, null), 3, words => HasDigit(words) && (HasLetter(words)
            || words.Contains('°', StringComparison.Ordinal))),
        ("MONEY", new QuantityAnswer(isMoney: true, null), 3, words => HasDigit(words) && words.Any(c => !char.IsAsciiDigit(c)
            && c is not ('.' or ',' or ' ' or '-' or '+' or '\''))),
        ("AGE", new NumberAnswer(NumberKind.Age, 0, 150), 4, words => HasDigit(words) && HasLetter(words)),
        ("DURATION", new DurationAnswer(), 6, words => HasDigit(words) && HasLetter(words)),
        ("NUMBER", new NumberAnswer(NumberKind.Number, null, null), 3, HasDigit),
    ];

    /// <summary>The names of the slots that each Flow has.</summary>
    public static IEnumerable<string> SystemNames => SystemSlots.Select(slot => slot.Name);

    /// <summary>Lists by the names of the slots; a slot that was not found is not there.</summary>
    public static JsonObject Find(string text, IReadOnlyList<Slot> slots, Turn turn)
    {
        if (text.Length > Features.LongestText) text = text[..Features.LongestText];
        var found = new JsonObject();
        var words = Words(text);
        foreach (var slot in slots)
        {
            foreach (var match in slot.Matches(text)) Add(found, slot.Name, match);
            if (slot.MostWords > 0) Scan(text, words, slot.MostWords, (said, at) => Of(slot, said, at, found));
        }

        Scan(text, words, MostOfValue, (said, at) => OfSystem(said, at, found, turn));
        return found;
    }

    private static bool Of(Slot slot, string said, (int Words, int Start) at, JsonObject found)
    {
        if (slot.ValueOf(said) is not { } value) return false;
        Add(found, slot.Name, Slot.Entry(value, said, at.Start));
        return true;
    }

    private static bool OfSystem(string said, (int Words, int Start) at, JsonObject found, Turn turn)
    {
        if (said.Length > LongestValue) return false;
        foreach (var (name, type, most, mayBe) in SystemSlots)
        {
            if (at.Words > most || !mayBe(said) || type.Read(new Given(said, [], turn)) is not { } value) continue;
            Add(found, name, value);
            return true;
        }

        return false;
    }

    /// <summary>Offers the words of a text, as many together as may be, from left to right; what was taken is not offered again.</summary>
    private static void Scan(string text, List<(int Start, int End)> words, int most, Func<string, (int Words, int Start), bool> takes)
    {
        for (var first = 0; first < words.Count; first++)
        {
            for (var count = Math.Min(most, words.Count - first); count > 0; count--)
            {
                var start = words[first].Start;
                var said = text[start..words[first + count - 1].End];
                var plain = said.Trim(Marks);
                if (plain.Length == 0) continue;
                // A day may end with a point, and a sentence too.
                if (!takes(plain, (count, start + said.IndexOf(plain, StringComparison.Ordinal))) && (plain.Length == said.Length || !takes(said, (count, start)))) continue;
                first += count - 1;
                break;
            }
        }
    }

    private static List<(int Start, int End)> Words(string text)
    {
        var words = new List<(int, int)>();
        for (var at = 0; at < text.Length && words.Count < MostWords;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            var start = at;
            while (at < text.Length && !char.IsWhiteSpace(text[at])) at++;
            words.Add((start, at));
        }

        return words;
    }

    private static void Add(JsonObject found, string name, JsonNode value)
    {
        if (found[name] is not JsonArray list) found[name] = list = [];
        if (list.Count < Most) list.Add(value);
    }

    private static bool HasDigit(string words) => words.AsSpan().ContainsAnyInRange('0', '9');

    private static bool HasLetter(string words) => words.Any(char.IsLetter);
}
