using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json.Nodes;
using NodaTime;
using NodaTime.Text;

namespace EightByEight.Connector.Flows.Questions;

/// <summary>A time of day, as people of the customer's locale write it; its value is <c>14:30</c>, or <c>14:30:15</c>.</summary>
internal sealed class TimeAnswer : AnswerType
{
    private static readonly LocalTimePattern Minutes = LocalTimePattern.CreateWithInvariantCulture("HH:mm");
    private static readonly LocalTimePattern Seconds = LocalTimePattern.CreateWithInvariantCulture("HH:mm:ss");

    private static readonly FrozenDictionary<string, LocalTime> Words = new Dictionary<string, LocalTime>(StringComparer.OrdinalIgnoreCase)
    {
        ["noon"] = LocalTime.Noon,
        ["midday"] = LocalTime.Noon,
        ["midnight"] = LocalTime.Midnight,
        ["mittag"] = LocalTime.Noon,
        ["mittags"] = LocalTime.Noon,
        ["mitternacht"] = LocalTime.Midnight,
        ["mediodía"] = LocalTime.Noon,
        ["medianoche"] = LocalTime.Midnight,
        ["midi"] = LocalTime.Noon,
        ["minuit"] = LocalTime.Midnight,
    }.SelectMany(word => Spelling.Of(word.Key).Select(spelled => (spelled, word.Value)))
        .ToFrozenDictionary(word => word.spelled, word => word.Value, StringComparer.OrdinalIgnoreCase);

    public override JsonNode? Read(in Given given) => Time(given) is { } time ? (time.Second == 0 ? Minutes : Seconds).Format(time) : null;

    public override string Short(JsonNode answer, in Given given) =>
        TimeOnly.Parse((string)answer!, CultureInfo.InvariantCulture).ToString("t", given.Culture.Culture);

    private static LocalTime? Time(in Given given)
    {
        if (Words.TryGetValue(given.Text, out var known)) return known;
        var text = given.Text;
        foreach (var written in new[] { "a.m.", "p.m.", "a.m", "p.m" })
            text = text.Replace(written, $"{written[0]}m", StringComparison.OrdinalIgnoreCase);
        foreach (var pattern in given.Culture.Times)
            if (pattern.Parse(text).TryGetValue(default, out var time)) return time;
        return null;
    }
}
