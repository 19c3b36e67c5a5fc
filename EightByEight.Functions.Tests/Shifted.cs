namespace EightByEight.Functions.Tests;

/// <summary>Wall-clock time of the test, with real timers: nothing here waits for them.</summary>
internal sealed class Shifted(TimeProvider clock) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();
}
