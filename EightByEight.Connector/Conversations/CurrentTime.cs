using System.Globalization;
using System.Text.Json.Nodes;

namespace EightByEight.Connector.Conversations;

/// <summary>The Flow's <c>input.currentTime</c>. Source of its members: Cognigy, Input object.</summary>
internal static class CurrentTime
{
    /// <param name="zone">An IANA time zone; one that this system does not know is taken for UTC.</param>
    /// <param name="at">Milliseconds since 1970.</param>
    public static JsonObject In(string zone, long at)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found)) found = TimeZoneInfo.Utc;
        var now = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(at), found);
        return new JsonObject
        {
            ["year"] = now.Year,
            ["month"] = now.Month,
            ["day"] = now.Day,
            ["hour"] = now.Hour,
            ["minute"] = now.Minute,
            ["second"] = now.Second,
            ["milliseconds"] = now.Millisecond,
            // JavaScript's: Sunday is 0.
            ["weekday"] = (int)now.DayOfWeek,
            ["dayOfWeek"] = now.DayOfWeek.ToString(),
            ["ISODate"] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            ["plain"] = now.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
            ["grain"] = "second",
            // As JavaScript's getTimezoneOffset: minutes from local time to UTC.
            ["timezoneOffset"] = -(int)now.Offset.TotalMinutes,
        };
    }
}
