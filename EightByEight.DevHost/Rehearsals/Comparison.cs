using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EightByEight.DevHost.Rehearsals;

/// <summary>What is expected beside what there is.</summary>
internal static class Comparison
{
    /// <summary>
    /// The first place at which JSON is not as expected: objects may hold more than is expected of them, lists may not. Null: it is.
    /// </summary>
    public static string? Difference(JsonNode? expected, JsonNode? actual, string path = "")
    {
        switch (expected, actual)
        {
            case (JsonObject members, JsonObject given):
                return members.Select(member => Difference(member.Value, given[member.Key], path.Length == 0 ? member.Key : $"{path}.{member.Key}"))
                    .FirstOrDefault(difference => difference is not null);
            case (JsonArray items, JsonArray given) when items.Count == given.Count:
                return items.Select((item, i) => Difference(item, given[i], $"{path}[{i}]")).FirstOrDefault(difference => difference is not null);
            case (JsonValue one, JsonValue other) when IsNumber(one) && IsNumber(other):
                return double.Parse(one.ToJsonString(), CultureInfo.InvariantCulture) == double.Parse(other.ToJsonString(), CultureInfo.InvariantCulture)
                    ? null : Told(expected, actual, path);
            default:
                return JsonNode.DeepEquals(expected, actual) ? null : Told(expected, actual, path);
        }
    }

    /// <summary>Two lists beside one another: <c>-</c> is expected and not there, <c>+</c> is there and not expected.</summary>
    public static IEnumerable<string> Lines<TExpected, TActual>(
        IReadOnlyList<TExpected> expected, IReadOnlyList<TActual> actual, Func<TExpected, TActual, bool> fits,
        Func<TExpected, string> showExpected, Func<TActual, string> showActual)
    {
        var common = new int[expected.Count + 1, actual.Count + 1];
        for (var i = expected.Count - 1; i >= 0; i--)
            for (var j = actual.Count - 1; j >= 0; j--)
                common[i, j] = fits(expected[i], actual[j]) ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
        for (int i = 0, j = 0; i < expected.Count || j < actual.Count;)
        {
            var isCommon = i < expected.Count && j < actual.Count && fits(expected[i], actual[j]);
            var isMissing = !isCommon && i < expected.Count && (j == actual.Count || common[i + 1, j] >= common[i, j + 1]);
            yield return isMissing ? Line('-', showExpected(expected[i])) : Line(isCommon ? ' ' : '+', showActual(actual[j]));
            if (isCommon || isMissing) i++;
            if (!isMissing) j++;
        }
    }

    private static string Line(char sign, string text) => string.Join('\n', text.Split('\n').Select(line => $"{sign} {line}"));

    private static string Told(JsonNode? expected, JsonNode? actual, string path) =>
        $"{(path.Length == 0 ? "it" : path)}: expected {Shown(expected)}, is {Shown(actual)}";

    private static string Shown(JsonNode? node) => node?.ToJsonString(Script.Readable) ?? "nothing";

    private static bool IsNumber(JsonValue value) => value.GetValueKind() == JsonValueKind.Number;
}
