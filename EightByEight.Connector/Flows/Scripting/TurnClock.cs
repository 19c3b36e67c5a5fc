using Jint.Runtime;

namespace EightByEight.Connector.Flows.Scripting;

/// <summary>JavaScript's clock: it stands still during a turn, at its event, so that a turn that is repeated says the same.</summary>
/// <param name="system">What reads dates.</param>
internal sealed class TurnClock(ITimeSystem system) : ITimeSystem
{
    /// <summary>The time for what this thread evaluates; an expression never leaves its thread.</summary>
    [ThreadStatic]
    public static DateTimeOffset Now;

    public TimeZoneInfo DefaultTimeZone => system.DefaultTimeZone;

    public DateTimeOffset GetUtcNow() => Now;

    public TimeSpan GetUtcOffset(long epochMilliseconds) => system.GetUtcOffset(epochMilliseconds);

    public bool TryParse(string date, out long epochMilliseconds) => system.TryParse(date, out epochMilliseconds);
}
